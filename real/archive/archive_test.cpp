#include <gtest/gtest.h>

#include <unistd.h>

#include "engine/ensure.hpp"
#include "real/archive/publisher.hpp"
#include "real/lmdb/cheap_blocks.hpp"
#include "real/lmdb/test_support.hpp"

namespace real::archive {
namespace {

namespace fs = std::filesystem;
using engine::chain::Bytes;
using lmdb::LedgerDb;
using lmdb::ScratchDir;

constexpr auto never = [] { return false; };

struct ArchiveTest : testing::Test {
    ScratchDir scratch;
    engine::chain::Hc128 rng{{1}};
    LedgerDb ledger = LedgerDb::create(scratch / "ledger");
    Folder folder{scratch / "archive"};

    void grow(std::size_t blocks) {
        for (std::size_t i = 0; i < blocks; ++i) {
            const auto count = ledger.num_blocks();
            const auto parent = count.value == 0 ? std::nullopt : ledger.block(BlockIndex{count.value - 1});
            ASSERT_EQ(ledger.append_block(lmdb::cheap_block(rng, parent ? &*parent : nullptr, 2, 1)),
                      std::nullopt);
        }
    }
    std::uint64_t publish(std::vector<std::uint64_t> sizes = {}) {
        return Publisher(ledger, folder, std::move(sizes)).publish(never);
    }
    /// Names below the archive's root, sorted.
    std::vector<std::string> files() const {
        std::vector<std::string> out;
        for (const auto& entry : fs::recursive_directory_iterator(folder.root()))
            if (entry.is_regular_file()) out.push_back(fs::relative(entry.path(), folder.root()).string());
        std::sort(out.begin(), out.end());
        return out;
    }
    void expect_all_blocks() const {
        for (BlockIndex index{0}; index < ledger.num_blocks().end(); index = index.next())
            EXPECT_EQ(folder.read(index), ledger.block_data(index)) << index.value;
    }
};

TEST(ArchivePaths, AreUpstreams) {
    EXPECT_EQ(block_path(BlockIndex{0}), "00/00/00/00/00/00/00/0000000000000000.pb");
    EXPECT_EQ(block_path(BlockIndex{0x1a2b}), "00/00/00/00/00/00/1a/0000000000001a2b.pb");
    EXPECT_EQ(block_path(BlockIndex{0x0123456789abcdef}), "01/23/45/67/89/ab/cd/0123456789abcdef.pb");
    EXPECT_EQ(merged_path(100, BlockIndex{100}), "merged-100/00/00/00/00/00/00/00/0000000000000064.pb");
}

TEST(ArchivePaths, UrisAreFilesOfThisMachine) {
    std::string why;
    EXPECT_EQ(folder_of("file:///a/b c", why), fs::path("/a/b c"));
    for (const char* bad : {"", "/a", "file:", "file://", "file://host/a", "file://a", "FILE:///a",
                            "file:///a%20b", "file:///a?b", "file:///a#b", "http://a/b"}) {
        why.clear();
        EXPECT_FALSE(folder_of(bad, why)) << bad;
        EXPECT_NE(why, "") << bad;
    }
    EXPECT_FALSE(folder_of("s3://bucket/path?region=eu", why));
    EXPECT_NE(why.find("s3://"), std::string::npos);
}

TEST_F(ArchiveTest, EveryBlockOnceAndOnAsTheLedgerGrows) {
    grow(3);
    Publisher publisher(ledger, folder, {});
    EXPECT_EQ(publisher.next(), BlockIndex{0});
    EXPECT_EQ(publisher.publish(never), 3u);
    EXPECT_EQ(publisher.publish(never), 0u);
    grow(2);
    EXPECT_EQ(publisher.publish(never), 2u);
    EXPECT_EQ(publisher.next(), BlockIndex{5});
    expect_all_blocks();
    EXPECT_EQ(files().size(), 5u) << "nothing half-written stays";
}

TEST_F(ArchiveTest, AnotherGoesOnWhereTheFirstWasStopped) {
    grow(5);
    int asked = 0;
    EXPECT_EQ(Publisher(ledger, folder, {}).publish([&] { return ++asked > 2; }), 2u);
    EXPECT_EQ(Publisher(ledger, folder, {}).next(), BlockIndex{2});
    EXPECT_EQ(publish(), 3u);
    expect_all_blocks();
}

TEST_F(ArchiveTest, MergedFilesHoldWhatEndsWithThem) {
    grow(7);
    publish({3, 2, 3});
    std::size_t merged = 0;
    for (const std::string& file : files()) merged += file.starts_with("merged-") ? 1u : 0u;
    EXPECT_EQ(merged, 5u);
    for (const auto& [size, first] :
         {std::pair<std::uint64_t, std::uint64_t>{2, 0}, {2, 2}, {2, 4}, {3, 0}, {3, 3}}) {
        const auto blocks = folder.read_merged(size, BlockIndex{first});
        ASSERT_TRUE(blocks) << size << " from " << first;
        ASSERT_EQ(blocks->size(), size);
        for (std::uint64_t i = 0; i < size; ++i)
            EXPECT_EQ((*blocks)[i], ledger.block_data(BlockIndex{first + i}));
    }
}

// A kill between a merged file and its last block's own: whoever comes next writes both.
TEST_F(ArchiveTest, AMergedFileIsThereWheneverItsLastBlockIs) {
    grow(4);
    Publisher first(ledger, folder, {4});
    fs::create_directories((folder.root() / block_path(BlockIndex{3})).string() + ".new"); // refuses the last
    EXPECT_THROW(first.publish(never), engine::BrokenSurroundings);
    EXPECT_FALSE(folder.has(BlockIndex{3}));
    EXPECT_TRUE(folder.read_merged(4, BlockIndex{0}));
    fs::remove(folder.root() / merged_path(4, BlockIndex{0}));
    fs::remove((folder.root() / block_path(BlockIndex{3})).string() + ".new");
    EXPECT_EQ(publish({4}), 1u);
    EXPECT_TRUE(folder.read_merged(4, BlockIndex{0}));
}

TEST_F(ArchiveTest, HalfAFileIsWrittenAgain) {
    grow(3);
    publish();
    const fs::path last = folder.root() / block_path(BlockIndex{2});
    fs::resize_file(last, fs::file_size(last) / 2);
    EXPECT_EQ(folder.read(BlockIndex{2}), std::nullopt);
    EXPECT_EQ(publish(), 1u);
    expect_all_blocks();
}

TEST_F(ArchiveTest, AnotherChainsArchiveIsLeftAlone) {
    grow(3);
    publish();
    LedgerDb other = LedgerDb::create(scratch / "other");
    engine::chain::Hc128 others({2});
    ASSERT_EQ(other.append_block(lmdb::cheap_block(others, nullptr, 2, 1)), std::nullopt);
    const auto before = files();
    try {
        Publisher publisher(other, folder, {});
        FAIL() << "took it";
    } catch (const engine::UsageError& error) {
        EXPECT_NE(std::string(error.what()).find("block 0 there is of another chain"), std::string::npos)
            << error.what();
    }
    EXPECT_EQ(files(), before);
    expect_all_blocks();
}

TEST_F(ArchiveTest, WhatCannotBeWrittenIsNamed) {
    grow(1);
    lmdb::write_file(scratch / "archive", "a file where the folder should be");
    try {
        publish();
        FAIL() << "wrote it";
    } catch (const engine::BrokenSurroundings& error) {
        EXPECT_NE(std::string(error.what()).find((folder.root() / block_path(BlockIndex{0})).string()),
                  std::string::npos)
            << error.what();
    }
    EXPECT_EQ(lmdb::read_file(scratch / "archive"), "a file where the folder should be");
}

} // namespace
} // namespace real::archive
