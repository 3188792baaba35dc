#include <gtest/gtest.h>

#include "engine/chain/account_file.hpp"
#include "engine/chain/address_wire.hpp"
#include "engine/chain/box.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/test_blocks.hpp"
#include "real/lmdb/ledger_check.hpp"
#include "real/lmdb/test_ledger.hpp"
#include "real/lmdb/test_support.hpp"

// Whole ledgers, record by record, against dumps that a separate implementation computed.

namespace real::lmdb {
namespace {

using namespace engine::chain;
using nlohmann::json;

struct KnownAnswerTest : testing::Test {
    ScratchDir scratch;
    std::filesystem::path ledger_dir = scratch / "ledger";
    std::filesystem::path watcher_dir = scratch / "watcher";

    static std::vector<PublicAddress> addresses(std::size_t count) {
        std::vector<PublicAddress> out;
        const json keys = test_data("keys.json");
        for (std::size_t i = 0; i < count; ++i)
            out.push_back(
                decode_public_address(from_hex(keys["accounts"][i]["address"].get<std::string>()).value())
                    .value());
        return out;
    }
    static AccountKey account(std::size_t index) {
        const json keys = test_data("keys.json");
        std::string why;
        return account_from_json(keys["accounts"][index]["json"].get<std::string>(), why).value();
    }
    static void expect_same(const std::filesystem::path& directory, const json& wanted) {
        const Dump dump = dump_from_json(wanted);
        EXPECT_EQ(difference(dump_with_lmdb_tool(directory), dump), "") << "through mdb_dump";
        EXPECT_EQ(difference(dump_with_reader(directory, dump), dump), "") << "through our reader";
    }
    void add_known_block() const {
        const json known = test_data("after_add.json");
        std::vector<TestCredit> credits;
        for (const json& credit : known["stdin"]["credits"])
            credits.push_back({account(credit["account"]), credit["amount"]});
        std::vector<KeyImage> images;
        for (const json& image : known["stdin"]["key_images"])
            images.push_back(fixed_from_hex<KeyImage>(image.get<std::string>()).value());
        const auto fog_key =
            Point::parse(fixed_from_hex<PublicKey>(known["fog_public_key"].get<std::string>()).value())
                .value();
        json out = {{"key_images", json::array()}};
        for (const KeyImage& image :
             add_test_block(ledger_dir, watcher_dir, fog_key, credits, images, known["seed"]))
            out["key_images"].push_back(to_hex(image.view()));
        EXPECT_EQ(out.dump(), known["stdout"].get<std::string>());
    }
};

TEST_F(KnownAnswerTest, init_test_ledger_seed_0_with_five_keys) {
    const json known = test_data("after_init.json");
    init_test_ledger(ledger_dir, watcher_dir, addresses(5), 0);
    expect_same(ledger_dir, known["ledger_db"]);
    expect_same(watcher_dir, known["watcher_db"]);

    const LedgerDb ledger = LedgerDb::open(ledger_dir);
    EXPECT_EQ(to_hex(ledger.block(BlockIndex{0})->id.view()), known["block_id"].get<std::string>());
    EXPECT_EQ(to_hex(ledger.snapshot()->merkle_root()->hash.view()),
              known["merkle_root"]["hash"].get<std::string>());
}

TEST_F(KnownAnswerTest, add_test_block_seed_1_on_top) {
    const json known = test_data("after_add.json");
    init_test_ledger(ledger_dir, watcher_dir, addresses(5), 0);
    add_known_block();
    expect_same(ledger_dir, known["ledger_db"]);
    expect_same(watcher_dir, known["watcher_db"]);

    const LedgerDb ledger = LedgerDb::open(ledger_dir);
    const LedgerDb::Snapshot snapshot = ledger.snapshot();
    EXPECT_EQ(to_hex(snapshot->block(BlockIndex{1})->contents_hash.view()),
              known["contents_hash"].get<std::string>());
    EXPECT_EQ(to_hex(snapshot->merkle_root()->hash.view()), known["merkle_root"]["hash"].get<std::string>());
    LedgerSummary summary;
    const auto fault = check_ledger(*snapshot, summary);
    EXPECT_FALSE(fault) << fault->place << ": " << fault->what;
    EXPECT_EQ(summary.blocks, 2u);
    EXPECT_EQ(summary.tx_outs, 28u);
    EXPECT_EQ(summary.key_images, 2u);

    // The hints open under the fog key and name the recipient.
    const auto fog_private =
        Scalar::parse(fixed_from_hex<PrivateKey>(known["fog_private_key"].get<std::string>()).value())
            .value();
    const TxOut output = snapshot->tx_out(GlobalIndex{25}).value();
    EXPECT_EQ(open_hint(fog_private, output.fog_hint), addresses(5)[0].view_public);

    const WatcherDb watcher = WatcherDb::open(watcher_dir);
    const auto watcher_fault = check_watcher(watcher, ReadTransaction(watcher.environment()), *snapshot);
    EXPECT_FALSE(watcher_fault) << watcher_fault->place << ": " << watcher_fault->what;
    EXPECT_EQ(watcher.block_timestamp(BlockIndex{1}), (BlockTimestamp{1, TimestampCode::found}));
    EXPECT_EQ(watcher.block_timestamp(BlockIndex{0}),
              (BlockTimestamp{no_timestamp, TimestampCode::out_of_bounds}));
    EXPECT_EQ(watcher.block_timestamp(BlockIndex{2}),
              (BlockTimestamp{no_timestamp, TimestampCode::watcher_behind}));
}

TEST_F(KnownAnswerTest, init_test_ledger_default_seed_with_ten_keys) {
    const json known = test_data("init_seed42.json");
    init_test_ledger(ledger_dir, watcher_dir, addresses(10), 42);
    const LedgerDb ledger = LedgerDb::open(ledger_dir);
    const LedgerDb::Snapshot snapshot = ledger.snapshot();
    const Block block = snapshot->block(BlockIndex{0}).value();
    EXPECT_EQ(to_hex(block.id.view()), known["block_id"].get<std::string>());
    EXPECT_EQ(to_hex(block.contents_hash.view()), known["contents_hash"].get<std::string>());
    EXPECT_EQ(to_hex(snapshot->merkle_root()->hash.view()), known["merkle_root"]["hash"].get<std::string>());
    EXPECT_EQ(snapshot->merkle_root()->range, (LeafRange{0, 127}));
    EXPECT_EQ(to_hex(encode(snapshot->tx_out(GlobalIndex{0}).value())),
              known["first_tx_out"].get<std::string>());
    EXPECT_EQ(to_hex(snapshot->tx_out(GlobalIndex{99})->public_key.view()),
              known["last_public_key"].get<std::string>());
}

// The metadata of both known blocks, its Ed25519 signature and our digest of it agree: a check of the digest
// that the dumps alone do not make.
TEST_F(KnownAnswerTest, stored_metadata_reads_back_to_the_same_bytes_and_verifies) {
    const json known = test_data("after_add.json");
    for (const json& row : known["ledger_db"]["ledger_db:block_metadata"]) {
        const Bytes bytes = from_hex(row[1].get<std::string>()).value();
        const auto metadata = decode_block_metadata(bytes);
        ASSERT_TRUE(metadata);
        EXPECT_TRUE(encode(*metadata) == bytes);
        EXPECT_EQ(verify(*metadata), true);
    }
}

} // namespace
} // namespace real::lmdb
