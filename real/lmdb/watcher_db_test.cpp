#include "real/lmdb/watcher_db.hpp"

#include <gtest/gtest.h>

#include "engine/chain/test_blocks.hpp"
#include "engine/chain/testing/mutation.hpp"
#include "real/lmdb/cheap_blocks.hpp"
#include "real/lmdb/test_support.hpp"

namespace real::lmdb {
namespace {

using namespace engine::chain;

struct WatcherDbTest : testing::Test {
    ScratchDir scratch;
    std::filesystem::path directory = scratch / "watcher";
    Hc128 rng{Hc128::Seed{3}};
    const std::string a = "https://a/", b = "https://b/";

    WatcherDb make() {
        WatcherDb::create(directory);
        return WatcherDb::open_writer(directory, {b, a});
    }
    BlockData signed_block() {
        const BlockData origin = cheap_block(rng, nullptr, 1, 0);
        const BlockData data = cheap_block(rng, &origin.block, 1, 1);
        return draw_signatures(rng, data.block, data.contents);
    }
    static BlockSignature at(std::uint64_t seconds, std::uint8_t signer) {
        BlockSignature out;
        out.signer.bytes[0] = signer;
        out.signed_at = seconds;
        return out;
    }
    static ErrorCode error_of(const std::function<void()>& body) {
        try {
            body();
        } catch (const Error& error) {
            return error.code;
        }
        ADD_FAILURE() << "nothing was thrown";
        return ErrorCode::other;
    }
};

TEST_F(WatcherDbTest, urls_take_upstreams_normal_form) {
    EXPECT_EQ(normalize_url("https://localhost"), "https://localhost/");
    EXPECT_EQ(normalize_url("https://localhost/"), "https://localhost/");
    EXPECT_EQ(normalize_url("HTTPS://Host.Example:443/Path/"), "https://host.example/Path/");
    EXPECT_EQ(normalize_url("http://h:8080?q=1"), "http://h:8080/?q=1");
    EXPECT_EQ(normalize_url("http://[::1]:80"), "http://[::1]/");
    for (const char* bad :
         {"", "localhost", "https://", "://x", "https:///p", "http://h:99999", "http://h:1x", "http://a b/"})
        EXPECT_FALSE(normalize_url(bad)) << bad;
}

TEST_F(WatcherDbTest, opening_for_writing_replaces_the_sources_and_others_are_refused) {
    {
        const WatcherDb watcher = make();
        EXPECT_EQ(watcher.urls(), (std::vector<std::string>{a, b}));
    }
    WatcherDb watcher = WatcherDb::open_writer(directory, {"https://c/"});
    EXPECT_EQ(watcher.urls(), std::vector<std::string>{"https://c/"});
    EXPECT_EQ(error_of([&] { watcher.add_block_signature(a, BlockIndex{1}, at(1, 1), "archive"); }),
              ErrorCode::missing);
    EXPECT_EQ(error_of([&] { watcher.add_block_data(a, signed_block()); }), ErrorCode::missing);
    EXPECT_TRUE(watcher.block_signatures(BlockIndex{1}).empty());
}

TEST_F(WatcherDbTest, timestamps_in_all_their_cases) {
    WatcherDb watcher = make();
    const auto time = [&](std::uint64_t index) { return watcher.block_timestamp(BlockIndex{index}); };
    EXPECT_EQ(time(0), (BlockTimestamp{no_timestamp, TimestampCode::out_of_bounds}));
    EXPECT_EQ(time(~std::uint64_t{0}), (BlockTimestamp{no_timestamp, TimestampCode::out_of_bounds}));
    EXPECT_EQ(time(1), (BlockTimestamp{no_timestamp, TimestampCode::watcher_behind}));
    watcher.add_block_signature(a, BlockIndex{1}, at(30, 1), "archive");
    EXPECT_EQ(time(1), (BlockTimestamp{30, TimestampCode::found})) << "one source is enough";
    watcher.add_block_signature(b, BlockIndex{1}, at(20, 2), "archive");
    EXPECT_EQ(time(1), (BlockTimestamp{20, TimestampCode::found})) << "the earliest counts";
    EXPECT_EQ(watcher.highest_common_block(), BlockIndex{1});
    watcher.add_block_signature(a, BlockIndex{2}, at(20, 1), "archive");
    watcher.add_block_signature(b, BlockIndex{2}, at(30, 2), "archive");
    EXPECT_EQ(time(2), (BlockTimestamp{20, TimestampCode::found})) << "whichever source has it";
    watcher.update_last_synced(a, BlockIndex{5});
    EXPECT_EQ(time(3), (BlockTimestamp{no_timestamp, TimestampCode::watcher_behind}))
        << "b has not come so far";
    watcher.update_last_synced(b, BlockIndex{4});
    EXPECT_EQ(time(3), (BlockTimestamp{no_timestamp, TimestampCode::unavailable}));
    EXPECT_EQ(time(5), (BlockTimestamp{no_timestamp, TimestampCode::watcher_behind}));
}

TEST_F(WatcherDbTest, block_data_is_kept_once_and_comes_back_whole) {
    WatcherDb watcher = make();
    const BlockData data = signed_block();
    EXPECT_TRUE(watcher.add_block_data(a, data));
    EXPECT_FALSE(watcher.add_block_data(a, data));
    EXPECT_TRUE(watcher.add_block_data(b, data));
    EXPECT_EQ(watcher.block_data(a, data.block.index), data);
    EXPECT_EQ(watcher.sources_of(data.block.index), (std::vector<std::string>{a, b}));
    EXPECT_TRUE(watcher.sources_of(BlockIndex{2}).empty());
    EXPECT_FALSE(watcher.block_data(a, BlockIndex{2}));
    const ReadTransaction transaction(watcher.environment());
    EXPECT_EQ(transaction.entries(watcher.tables().blocks_by_hash), 1u) << "both sources share the block";
}

TEST_F(WatcherDbTest, signers_wait_in_the_queue_until_their_evidence_is_known) {
    WatcherDb watcher = make();
    watcher.add_block_signature(a, BlockIndex{1}, at(1, 7), "archive");
    watcher.add_block_signature(a, BlockIndex{2}, at(2, 7), "archive");
    const Ed25519PublicKey signer = at(1, 7).signer;
    EXPECT_EQ(watcher.poll_queue(), (std::vector<std::pair<std::string, Ed25519PublicKey>>{{a, signer}}));
    watcher.add_evidence(a, signer, Bytes{1, 2});
    EXPECT_TRUE(watcher.poll_queue().empty());
    EXPECT_EQ(watcher.evidence(signer, a), (std::vector<Bytes>{{1, 2}}));
    EXPECT_TRUE(watcher.evidence(signer, b).empty());
    watcher.add_block_signature(a, BlockIndex{3}, at(3, 7), "archive");
    EXPECT_TRUE(watcher.poll_queue().empty()) << "known already";
    watcher.add_evidence(b, signer, std::nullopt);
    EXPECT_EQ(watcher.evidence(signer, b), std::vector<Bytes>{{}}) << "known to have none";
}

TEST_F(WatcherDbTest, records_too_long_for_many_values_are_refused_before_anything_is_written) {
    const std::string url = "https://" + std::string(500, 'x') + "/";
    WatcherDb::create(directory);
    WatcherDb watcher = WatcherDb::open_writer(directory, {url});
    EXPECT_EQ(error_of([&] { watcher.add_block_signature(url, BlockIndex{1}, at(1, 1), "archive"); }),
              ErrorCode::other);
    EXPECT_FALSE(watcher.last_synced()[0].second);
}

TEST_F(WatcherDbTest, wrong_databases_are_refused) {
    EXPECT_EQ(error_of([&] { WatcherDb::open(scratch / "nowhere"); }), ErrorCode::missing);
    Environment::open(scratch / "other", {.access = EnvironmentOptions::Access::create})
        ->create_databases({{"x"}});
    EXPECT_EQ(error_of([&] { WatcherDb::open(scratch / "other"); }), ErrorCode::wrong_version);
    WatcherDb::create(directory);
    EXPECT_EQ(error_of([&] { WatcherDb::create(directory); }), ErrorCode::exists);
}

TEST_F(WatcherDbTest, texts_are_nested_messages_and_hostile_bytes_do_no_harm) {
    const SourcedSignature empty{};
    const Bytes bytes = encode(empty);
    EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + 4), (Bytes{0x0a, 0x00, 0x12, 0x00}));
    const SourcedSignature signature{a, "archive", at(5, 1)};
    EXPECT_EQ(decode_sourced_signature(encode(signature)), signature);
    const BlockData data = signed_block();
    const StoredBlockData stored{Bytes(32, 1), Bytes(32, 2), data.signature, data.metadata};
    EXPECT_EQ(decode_stored_block_data(encode(stored)), stored);
    Mutator mutate(4);
    for (int i = 0; i < 5000; ++i) {
        const auto read_signature = decode_sourced_signature(mutate(encode(signature)));
        EXPECT_TRUE(!read_signature || decode_sourced_signature(encode(*read_signature)) == read_signature);
        const auto read_stored = decode_stored_block_data(mutate(encode(stored)));
        EXPECT_TRUE(!read_stored || decode_stored_block_data(encode(*read_stored)) == read_stored);
    }
}

} // namespace
} // namespace real::lmdb
