#include "real/service/lmdb_block_source.hpp"

#include <gtest/gtest.h>

#include "engine/chain/account.hpp"
#include "engine/chain/account_file.hpp"
#include "engine/chain/crypto.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/mnemonic.hpp"
#include "real/lmdb/test_ledger.hpp"
#include "real/lmdb/test_support.hpp"

namespace real::service {
namespace {

using engine::BlockCount;
using engine::BlockIndex;
using engine::GlobalIndex;
using engine::chain::AccountKey;
using engine::chain::ByteSource;
using engine::fog::BlockTime;

constexpr std::size_t accounts = 5;
// Another process appends; its copy of the keys is a folder of files.
class BlockSourceTest : public testing::Test {
protected:
    BlockSourceTest() {
        std::vector<engine::chain::PublicAddress> addresses;
        std::filesystem::create_directories(folder_ / "keys");
        for (std::uint32_t i = 0; i < accounts; ++i) {
            engine::chain::AccountFile file;
            file.mnemonic = *engine::chain::mnemonic_from_entropy(std::vector<std::uint8_t>(32, 7));
            file.account_index = i;
            lmdb::write_file(folder_ / ("keys/account_keys_" + std::to_string(i) + ".json"),
                             engine::chain::to_json(file));
            const auto account = engine::chain::account_from_mnemonic(file.mnemonic, i);
            addresses.push_back(engine::chain::make_subaddress(*account, 0));
        }
        lmdb::init_test_ledger(ledger(), watcher(), addresses, 0);
    }

    std::filesystem::path ledger() const { return folder_ / "ledger"; }
    std::filesystem::path watcher() const { return folder_ / "watcher"; }

    /// One output of each amount, to account 0; spends a key image made of `seed`.
    void append(std::uint64_t seed, const std::string& credits) {
        const auto result = lmdb::run_child(
            {FOG_PROGRAM_DIR "/add_test_block", "--keys", (folder_ / "keys").string(), "--ledger-db",
             ledger().string(), "--watcher-db", watcher().string(), "--seed", std::to_string(seed),
             "--fog-pubkey",
             engine::chain::to_hex(engine::chain::ristretto_crypto().public_key({{1}}).view())},
            R"({"credits":[)" + credits + R"(],"key_images":[")" + image(seed) + R"("]})");
        ASSERT_EQ(result.exit_code, 0) << result.err;
    }
    static std::string image(std::uint64_t seed) { return std::string(63, '0') + std::to_string(seed); }

    lmdb::ScratchDir folder_;
};

TEST_F(BlockSourceTest, SeesWhatAnotherProcessAppendsAtOnce) {
    const LmdbBlockSource source(ledger(), watcher());
    EXPECT_EQ(source.count(), BlockCount{1});
    EXPECT_EQ(source.block(BlockIndex{1}), nullptr);
    EXPECT_EQ(source.time(BlockIndex{1}).code, BlockTime::Code::behind);

    for (std::uint64_t n = 1; n <= 2; ++n) {
        append(n, R"({"account":0,"amount":5},{"account":1,"amount":6})");
        EXPECT_EQ(source.count(), BlockCount{n + 1});
        const auto block = source.block(BlockIndex{n});
        ASSERT_NE(block, nullptr);
        EXPECT_EQ(block->index, BlockIndex{n});
        EXPECT_EQ(block->outputs.size(), 2u);
        EXPECT_EQ(block->cumulative_txo_count, accounts * accounts + 2 * n);
        ASSERT_EQ(block->key_images.size(), 1u);
        EXPECT_EQ(engine::chain::to_hex(block->key_images[0].view()), image(n));
        const BlockTime time = source.time(BlockIndex{n});
        EXPECT_EQ(time.code, BlockTime::Code::found);
        EXPECT_NE(time.timestamp_s, engine::fog::unknown_timestamp);
        EXPECT_EQ(source.block(BlockIndex{n}), block) << "read once";
    }
}

TEST_F(BlockSourceTest, TheOriginBlockHasNoTimeAndNobodyWaitsForOne) {
    const LmdbBlockSource source(ledger(), watcher());
    EXPECT_EQ(source.time(BlockIndex{0}).code, BlockTime::Code::found);
    EXPECT_EQ(source.time(BlockIndex{0}).timestamp_s, engine::fog::unknown_timestamp);
}

TEST_F(BlockSourceTest, ABlockWithoutASignatureIsUnavailableOnceTheWatcherIsPastIt) {
    const LmdbBlockSource source(ledger(), watcher());
    {
        auto writer = lmdb::WatcherDb::open_writer(watcher(), {lmdb::test_block_url});
        writer.update_last_synced(lmdb::test_block_url, BlockIndex{4});
    }
    EXPECT_EQ(source.time(BlockIndex{3}).code, BlockTime::Code::unavailable);
    EXPECT_EQ(source.time(BlockIndex{5}).code, BlockTime::Code::behind);
}

TEST_F(BlockSourceTest, FindsOutputsByKeyAndByNumber) {
    append(1, R"({"account":2,"amount":5})");
    const LmdbBlockSource source(ledger(), watcher());
    const auto block = source.block(BlockIndex{1});
    ASSERT_NE(block, nullptr);
    const auto place = source.find_output(block->outputs[0].public_key);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->block, BlockIndex{1});
    EXPECT_EQ(place->index, GlobalIndex{accounts * accounts});
    EXPECT_EQ(source.block_of_output(place->index), block);
    EXPECT_EQ(source.block_of_output(GlobalIndex{0}), source.block(BlockIndex{0}));
    EXPECT_EQ(source.find_output(engine::chain::PublicKey{}), std::nullopt);
    EXPECT_EQ(source.block_of_output(GlobalIndex{accounts * accounts + 1}), nullptr);
}

TEST_F(BlockSourceTest, KeepsFewBlocksAndReadsTheOthersAgain) {
    append(1, R"({"account":2,"amount":5})");
    const LmdbBlockSource source(ledger(), watcher());
    for (int round = 0; round < 100; ++round) {
        const auto origin = source.block(BlockIndex{0});
        ASSERT_NE(origin, nullptr);
        EXPECT_EQ(origin->cumulative_txo_count, accounts * accounts);
    }
}

TEST_F(BlockSourceTest, ADirectoryWithoutADatabaseIsRefused) {
    EXPECT_THROW(LmdbBlockSource(folder_ / "nowhere", watcher()), lmdb::Error);
    EXPECT_THROW(LmdbBlockSource(ledger(), folder_.path()), lmdb::Error);
}

} // namespace
} // namespace real::service
