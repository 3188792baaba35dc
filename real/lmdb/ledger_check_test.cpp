#include "real/lmdb/ledger_check.hpp"

#include <gtest/gtest.h>

#include "engine/chain/output_wire.hpp"
#include "engine/chain/test_blocks.hpp"
#include "real/lmdb/cheap_blocks.hpp"
#include "real/lmdb/test_support.hpp"

// The checker is shown ledgers with one thing wrong each; one that never finds anything checks nothing.

namespace real::lmdb {
namespace {

using namespace engine::chain;
using Access = EnvironmentOptions::Access;

struct LedgerCheckTest : testing::Test {
    ScratchDir scratch;
    std::filesystem::path directory = scratch / "ledger";

    void SetUp() override {
        Hc128 rng(Hc128::Seed{4});
        LedgerDb ledger = LedgerDb::create(directory);
        BlockData data = cheap_block(rng, nullptr, 3, 0);
        for (int i = 0; i < 6; ++i) {
            data = draw_signatures(rng, data.block, data.contents);
            ASSERT_FALSE(ledger.append_block(data));
            data = cheap_block(rng, &data.block, 2, 2);
        }
    }
    std::string check() const {
        const LedgerDb ledger = LedgerDb::open(directory);
        LedgerSummary summary;
        const auto fault = check_ledger(*ledger.snapshot(), summary);
        return fault ? fault->place + ": " + fault->what : "";
    }
    /// Changes records behind the ledger's back and says what the check then finds.
    std::string after(const std::function<void(WriteTransaction&, const LedgerTables&)>& change) const {
        LedgerDb ledger = LedgerDb::open(directory, {.access = Access::write});
        ledger.environment().write(
            [&](WriteTransaction& transaction) { change(transaction, ledger.tables()); });
        return check();
    }
    /// The record of one key with one byte changed.
    static void flip(WriteTransaction& transaction, Database table, ByteView key, std::size_t at) {
        const auto value = transaction.get(table, key).value();
        Bytes changed(value.begin(), value.end());
        changed.at(at) ^= 1;
        transaction.put(table, key, changed);
    }
    void expect_found(const std::string& wanted,
                      const std::function<void(WriteTransaction&, const LedgerTables&)>& change) const {
        const std::string found = after(change);
        EXPECT_NE(found.find(wanted), std::string::npos) << "wanted: " << wanted << "\nfound: " << found;
    }
    static std::array<std::uint8_t, 8> key(std::uint64_t number) { return big_endian(number); }
    static Bytes range(std::uint64_t from, std::uint64_t to) {
        Bytes out;
        append(out, big_endian(from));
        append(out, big_endian(to));
        return out;
    }
    /// Stores a changed block whose id fits again.
    static void rewrite(WriteTransaction& transaction, const LedgerTables& tables, std::uint64_t index,
                        const std::function<void(Block&)>& change) {
        Block block = decode_block(*transaction.get(tables.blocks, key(index))).value();
        change(block);
        block.id = compute_id(block);
        transaction.put(tables.blocks, key(index), encode(block));
    }
};

TEST_F(LedgerCheckTest, a_sound_ledger_has_no_fault) { EXPECT_EQ(check(), ""); }

TEST_F(LedgerCheckTest, a_changed_block_field) {
    expect_found("block 2: id", [](auto& t, auto& d) { flip(t, d.blocks, key(2), 5); });
}
TEST_F(LedgerCheckTest, a_block_in_another_place) {
    expect_found("block 4: says it is block 3", [](auto& t, auto& d) {
        const auto value = *t.get(d.blocks, key(3));
        t.put(d.blocks, key(4), Bytes(value.begin(), value.end()));
    });
}
TEST_F(LedgerCheckTest, a_key_image_twice_in_one_block) {
    expect_found("block 4: spends key image", [](auto& t, auto& d) {
        const auto value = *t.get(d.key_images_by_block, key(4));
        const Bytes list(value.begin(), value.end());
        const auto half = static_cast<std::ptrdiff_t>(list.size() / 2); // it has two of one size
        Bytes twice(list.begin(), list.begin() + half);
        twice.insert(twice.end(), list.begin(), list.begin() + half);
        t.put(d.key_images_by_block, key(4), twice);
    });
}
TEST_F(LedgerCheckTest, a_wrong_count_of_outputs) {
    expect_found("block 3: cumulative output count", [](auto& t, auto& d) {
        rewrite(t, d, 3, [](Block& block) { block.cumulative_txo_count += 1; });
    });
}
TEST_F(LedgerCheckTest, a_broken_chain_of_ids) {
    expect_found("block 3: parent id", [](auto& t, auto& d) {
        rewrite(t, d, 3, [](Block& block) { block.parent_id.bytes[0] ^= 1; });
    });
}
TEST_F(LedgerCheckTest, a_version_that_goes_back_or_is_unknown) {
    expect_found("block 1: has the unknown version",
                 [](auto& t, auto& d) { rewrite(t, d, 1, [](Block& block) { block.version = 5; }); });
}
TEST_F(LedgerCheckTest, a_forged_signature) {
    expect_found("block 2: block signature",
                 [](auto& t, auto& d) { flip(t, d.block_signatures, key(2), 20); });
}
TEST_F(LedgerCheckTest, forged_metadata) {
    expect_found("block 2: metadata signature", [](auto& t, auto& d) {
        const auto value = *t.get(*d.block_metadata, key(2));
        flip(t, *d.block_metadata, key(2), value.size() - 1);
    });
}
TEST_F(LedgerCheckTest, metadata_of_another_block) {
    expect_found("block 2: metadata belongs to another block", [](auto& t, auto& d) {
        const auto value = *t.get(*d.block_metadata, key(3));
        t.put(*d.block_metadata, key(2), Bytes(value.begin(), value.end()));
    });
}
TEST_F(LedgerCheckTest, a_changed_output) {
    expect_found("block 1: contents hash", [](auto& t, auto& d) { flip(t, d.tx_out_by_index, key(3), 150); });
}
TEST_F(LedgerCheckTest, a_missing_output) {
    expect_found("output 4 is missing", [](auto& t, auto& d) { t.remove(d.tx_out_by_index, key(4)); });
}
TEST_F(LedgerCheckTest, an_index_that_leads_astray) {
    expect_found("block 1, output 0 (global index 3): the index of blocks by output",
                 [](auto& t, auto& d) { flip(t, d.block_number_by_tx_out_index, key(3), 7); });
}
TEST_F(LedgerCheckTest, a_lost_key_image) {
    expect_found("block 2: the index of key images", [](auto& t, auto& d) {
        const auto images = *t.get(d.key_images_by_block, key(2));
        const Bytes image(images.begin() + 4, images.begin() + 36);
        t.remove(d.key_images, image);
    });
}
TEST_F(LedgerCheckTest, a_key_image_nobody_spent) {
    expect_found("ledger_db:key_images: has 11 records", [](auto& t, auto& d) {
        t.put(d.key_images, Bytes(32, 9), little_endian(std::uint64_t{1}));
    });
}
TEST_F(LedgerCheckTest, every_single_merkle_node) {
    // 13 outputs under 16 leaves: 13 + 7 + 4 + 2 + 1 nodes.
    int nodes = 0;
    for (std::uint64_t size = 1; size <= 16; size *= 2)
        for (std::uint64_t from = 0; from < 13; from += size, ++nodes) {
            const Bytes node = range(from, from + size - 1);
            const auto turn = [&](auto& t, auto& d) { flip(t, d.merkle_hash_by_range, node, 3); };
            expect_found(
                "Merkle node [" + std::to_string(from) + ", " + std::to_string(from + size - 1) + "]", turn);
            EXPECT_EQ(after(turn), "") << "turned back";
        }
    EXPECT_EQ(nodes, 27);
}
TEST_F(LedgerCheckTest, records_too_many) {
    expect_found("merkle_hash_by_range: has 28 records",
                 [](auto& t, auto& d) { t.put(d.merkle_hash_by_range, range(16, 31), Bytes(32)); });
}
TEST_F(LedgerCheckTest, a_block_beyond_the_count) {
    expect_found("ledger_db:blocks: has 7 records", [](auto& t, auto& d) {
        const auto value = *t.get(d.blocks, key(5));
        t.put(d.blocks, key(6), Bytes(value.begin(), value.end()));
    });
}
TEST_F(LedgerCheckTest, a_count_beyond_the_blocks) {
    expect_found("block 6", [](auto& t, auto& d) { t.put(d.counts, as_bytes("num_blocks"), key(7)); });
}

} // namespace
} // namespace real::lmdb
