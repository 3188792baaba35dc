#include "real/lmdb/page_check.hpp"

#include <gtest/gtest.h>

#include <random>

#include "engine/chain/bytes.hpp"
#include "real/lmdb/environment.hpp"
#include "real/lmdb/test_support.hpp"

namespace real::lmdb {
namespace {

using engine::chain::big_endian;
using Access = EnvironmentOptions::Access;

/// A database with everything the format has: several levels, large values, many values of a key inline and
/// as a tree, and a list of free pages.
void make_rich(const std::filesystem::path& directory) {
    const auto environment = Environment::open(directory, {.access = Access::create});
    environment->create_databases({{"plain"}, {"many", MDB_DUPSORT}, {"empty"}});
    const Database plain = *environment->database("plain");
    const Database many = *environment->database("many");
    for (std::uint64_t round = 0; round < 4; ++round) {
        environment->write([&](WriteTransaction& transaction) {
            for (std::uint64_t i = 0; i < 600; ++i)
                transaction.put(plain, big_endian(i * 4 + round), std::vector<std::uint8_t>(i % 90 + round));
            transaction.put(plain, as_bytes("large" + std::to_string(round)),
                            std::vector<std::uint8_t>(20000, 1));
            for (std::uint64_t i = 0; i < 500; ++i) {
                transaction.put(many, as_bytes("one key"), big_endian(i * 4 + round));
                if (i < 5) transaction.put(many, as_bytes("few"), big_endian(i * 4 + round));
            }
        });
    }
    environment->write([&](WriteTransaction& transaction) {
        for (std::uint64_t i = 0; i < 900; ++i) transaction.remove(plain, big_endian(i));
        transaction.remove(plain, as_bytes("large1"));
    });
}

/// Opens and reads everything.  @return whether it was refused with a clear error
bool refused(const std::filesystem::path& directory) {
    try {
        const auto environment = Environment::open(directory, {});
        for (const char* name : {"plain", "many", "empty"}) {
            const auto table = environment->database(name);
            if (!table) return true;
            const ReadTransaction transaction(*environment);
            Cursor cursor(transaction, *table);
            for (auto pair = cursor.first(); pair; pair = cursor.next()) {
            }
        }
        return false;
    } catch (const Error& error) {
        EXPECT_TRUE(error.code == ErrorCode::torn || error.code == ErrorCode::not_a_database) << error.what();
        EXPECT_NE(std::string(error.what()).find("data.mdb"), std::string::npos);
        return true;
    }
}

struct PageCheckTest : testing::Test {
    ScratchDir scratch;
    std::string good;
    void SetUp() override {
        make_rich(scratch / "good");
        good = read_file(scratch / "good" / "data.mdb");
        std::filesystem::create_directory(scratch / "copy");
    }
    bool refused_with(const std::string& content) const {
        // A new file each time: a process may map a file only once, and never one that changes under it.
        std::filesystem::remove(scratch / "copy" / "data.mdb");
        std::filesystem::remove(scratch / "copy" / "lock.mdb");
        write_file(scratch / "copy" / "data.mdb", content);
        const bool out = refused(scratch / "copy");
        EXPECT_EQ(read_file(scratch / "copy" / "data.mdb"), content) << "an error must leave the file alone";
        return out;
    }
};

TEST_F(PageCheckTest, a_sound_file_passes) { EXPECT_FALSE(refused_with(good)); }

TEST_F(PageCheckTest, a_copy_cut_short_is_refused) {
    for (std::size_t pages = 0; pages < good.size() / 4096; pages += 1 + pages / 10)
        EXPECT_TRUE(refused_with(good.substr(0, pages * 4096 + 100))) << "cut behind page " << pages;
    EXPECT_TRUE(refused_with(good.substr(0, 90)));
}

TEST_F(PageCheckTest, a_page_of_zeros_is_refused_unless_nothing_uses_it) {
    int found = 0, unused = 0;
    for (std::size_t page = 2; page < good.size() / 4096; ++page) {
        std::string copy = good;
        copy.replace(page * 4096, 4096, std::string(4096, '\0'));
        (refused_with(copy) ? found : unused)++;
    }
    EXPECT_GT(found, 40);
    EXPECT_GT(unused, 0) << "free pages, and those inside large values";
}

TEST_F(PageCheckTest, a_page_of_another_time_or_place_is_refused) {
    std::string copy = good;
    // Which pages are in use is known from the test above; a swap of two used pages is always seen.
    int found = 0;
    for (std::size_t page = 2; page + 1 < good.size() / 4096; ++page) {
        copy = good;
        copy.replace(page * 4096, 4096, good.substr((page + 1) * 4096, 4096));
        found += refused_with(copy);
    }
    EXPECT_GT(found, 40);
}

// Any damage must end in a clear error or in data that reads to its end; never in a crash or an endless walk.
TEST_F(PageCheckTest, random_damage_never_crashes) {
    std::mt19937 random(5);
    int found = 0;
    for (int i = 0; i < 600; ++i) {
        std::string copy = good;
        const std::size_t changes = 1 + random() % 3;
        for (std::size_t c = 0; c < changes; ++c) {
            // Mostly in headers, where structure is.
            const std::size_t page = random() % (copy.size() / 4096);
            const std::size_t at = page * 4096 + (random() % 4 ? random() % 200 : random() % 4096);
            copy[at] = static_cast<char>(random());
        }
        found += refused_with(copy);
    }
    EXPECT_GT(found, 150);
}

} // namespace
} // namespace real::lmdb
