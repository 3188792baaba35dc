#include "engine/check/checks.hpp"
#include "engine/check/records.hpp"
#include "engine/tell/words.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace engine::check {
namespace {

class CountingBytes final : public chain::ByteSource {
public:
    void fill(std::span<std::uint8_t> out) override {
        for (std::uint8_t& byte : out) {
            ++n_;
            byte = static_cast<std::uint8_t>(n_ * 37 + n_ / 256);
        }
    }

private:
    unsigned n_ = 0;
};

/// "": nothing
std::string in_words(const std::optional<Finding>& wrong) {
    if (!wrong) return {};
    Violation violation;
    violation.what = *wrong;
    return tell::in_words(violation).substr(1); // no place, but the blank after it
}

/// Two accounts and a stranger; key 1 scans, block for block, as an ingest node does it.  Each test spoils
/// one thing.
struct RecordTest : ::testing::Test {
    const chain::Crypto& crypto = chain::fast_crypto();
    CountingBytes bytes;
    chain::KeyPair ingress = crypto.random_key_pair(bytes);
    chain::KeyPair other = crypto.random_key_pair(bytes);
    chain::KeyPair egress = crypto.random_key_pair(bytes);
    std::vector<chain::AccountKey> accounts;
    model::ChainModel chain;
    model::RecoveryModel recovery;
    RecordChecker checker{chain, recovery};
    std::vector<std::uint64_t> next{0, 0}; ///< RNG numbers of the accounts
    fog::RngRecord rng;

    RecordTest() {
        for (std::uint8_t a = 1; a <= 2; ++a) {
            std::array<std::uint8_t, 32> entropy{};
            entropy[0] = a;
            accounts.push_back(crypto.account_from_entropy(entropy));
        }
        std::vector<RecordChecker::Owner> owners;
        for (const chain::AccountKey& account : accounts)
            owners.push_back({crypto.subaddress_view_private(account, chain::default_subaddress)});
        checker.know_owners(crypto, owners);
        append({}); // the origin
        recovery.key_started(ingress.open, BlockIndex{1});
        announce(1);
    }
    void announce(std::uint64_t start) {
        rng = {InvocationId{1}, egress.open, 0, BlockIndex{start}};
        recovery.event_added({UserEventId{1}, rng});
    }
    struct Pay {
        int account = 0; ///< -1: a stranger's
        bool to_other_key = false;
    };
    void append(const std::vector<Pay>& pays) {
        auto block = std::make_shared<fog::LedgerBlock>();
        block->index = chain.height().end();
        block->cumulative_txo_count = chain.txo_count(chain.height()) + pays.size();
        if (block->index.value > 0) block->signed_at_s = 500 + block->index.value;
        std::vector<model::Coin> coins;
        for (const Pay& pay : pays) {
            const chain::AccountKey& account =
                accounts.at(static_cast<std::size_t>(std::max(pay.account, 0)));
            const chain::PublicAddress address = crypto.subaddress(account, chain::default_subaddress);
            const chain::PublicKey& key = pay.to_other_key ? other.open : ingress.open;
            const auto hint = crypto.encrypt_hint(bytes, key, address.view_public);
            block->outputs.push_back(crypto.create_output(bytes, {1, 0}, address, *hint));
            if (pay.account < 0) continue;
            model::Coin coin;
            coin.account = model::AccountId{static_cast<std::uint32_t>(pay.account)};
            coin.block = block->index;
            coin.index = GlobalIndex{block->cumulative_txo_count - pays.size() + block->outputs.size() - 1};
            coin.public_key = block->outputs.back().public_key;
            std::memcpy(coin.image.bytes.data(), coin.public_key.bytes.data(), coin.image.bytes.size());
            coin.hint_key = key;
            coins.push_back(coin);
        }
        chain.append(std::move(block), std::move(coins));
    }
    chain::SearchKey number(std::size_t account, std::uint64_t n) {
        const auto secret = crypto.exchange(
            crypto.subaddress_view_private(accounts[account], chain::default_subaddress), egress.open);
        return crypto.rng_output(*secret, n);
    }
    /// The last block as the node stores it.
    fog::IngestedBlock scanned() {
        const fog::LedgerBlock& block = *chain.block(BlockIndex{chain.height().value - 1});
        fog::IngestedBlock stored;
        stored.block = block.index;
        stored.invocation = rng.invocation;
        stored.cumulative_txo_count = block.cumulative_txo_count;
        stored.timestamp_s = 500 + block.index.value;
        auto rows = std::make_shared<std::vector<fog::Row>>();
        std::uint64_t index = block.first_output().value;
        for (const chain::TxOut& output : block.outputs) {
            fog::Row row;
            bytes.fill(row.search_key.bytes);
            const auto record =
                crypto.make_record(output, GlobalIndex{index}, block.index, stored.timestamp_s);
            std::size_t owner = 0;
            if (const auto coin = chain.coin_of(GlobalIndex{index++}))
                if (chain.coins()[*coin].hint_key == ingress.open) {
                    owner = chain.coins()[*coin].account.value;
                    row.search_key = number(owner, next[owner]++);
                }
            const chain::PublicAddress address =
                crypto.subaddress(accounts[owner], chain::default_subaddress);
            row.payload =
                std::make_shared<const chain::Bytes>(*crypto.seal_record(bytes, address.view_public, record));
            rows->push_back(std::move(row));
        }
        stored.rows = std::move(rows);
        return stored;
    }
    /// Stores a block, spoiled or not.  @return what is said of it
    std::string store(const fog::IngestedBlock& block) {
        recovery.block_added(ingress.open, block.invocation, block);
        return in_words(checker.look());
    }
    static std::vector<fog::Row>& rows_of(fog::IngestedBlock& block) {
        auto rows = std::make_shared<std::vector<fog::Row>>(*block.rows);
        std::vector<fog::Row>& changeable = *rows;
        block.rows = std::move(rows);
        return changeable;
    }
};

TEST_F(RecordTest, accepts_what_an_ingest_node_stores_and_counts_it) {
    append({{0}, {-1}, {0}, {1}});
    EXPECT_EQ(store(scanned()), "");
    append({{1}, {0, true}, {0}}); // one of them has a hint to another key
    EXPECT_EQ(store(scanned()), "");
    append({});
    EXPECT_EQ(store(scanned()), "");
    EXPECT_EQ(checker.judged(), 5u);
}

TEST_F(RecordTest, accepts_the_records_of_a_block_in_any_order) {
    append({{0}, {1}, {-1}});
    fog::IngestedBlock block = scanned();
    std::vector<fog::Row>& rows = rows_of(block);
    std::rotate(rows.begin(), rows.begin() + 1, rows.end());
    EXPECT_EQ(store(block), "");
}

TEST_F(RecordTest, rejects_a_number_that_is_left_out) {
    append({{0}});
    next[0] = 1;
    EXPECT_EQ(store(scanned()), "leaves number 0 of the records of account 0 under invocation 1 out: block 1 "
                                "goes on with number 1");
}

TEST_F(RecordTest, rejects_a_number_that_comes_again) {
    append({{0}});
    EXPECT_EQ(store(scanned()), "");
    append({{0}});
    next[0] = 0;
    EXPECT_EQ(store(scanned()),
              "has number 0 of the records of account 0 under invocation 1 again in block 2");
    EXPECT_EQ(recovery.broken_rule(),
              (model::BrokenRule{model::BrokenRule::Kind::search_key_twice, BlockIndex{1}, BlockIndex{2}}));
}

TEST_F(RecordTest, rejects_a_record_that_is_not_there) {
    append({{0}, {-1}});
    fog::IngestedBlock block = scanned();
    rows_of(block)[0].search_key.bytes[0] ^= 1;
    EXPECT_EQ(store(block),
              "has no number 0 of the records of account 0 under invocation 1, which block 1 must have");
}

TEST_F(RecordTest, rejects_a_strangers_record_under_a_number_of_an_account) {
    append({{0}, {-1}});
    fog::IngestedBlock block = scanned();
    rows_of(block)[1].search_key = number(0, 2);
    EXPECT_EQ(store(block),
              "has number 2 of the records of account 0 under invocation 1 in block 1, where the "
              "chain has no such output");
}

TEST_F(RecordTest, rejects_records_that_do_not_open_or_say_otherwise) {
    append({{0}});
    fog::IngestedBlock other_owner = scanned();
    const fog::LedgerBlock& block = *chain.block(BlockIndex{1});
    const auto seal = [&](std::size_t account, GlobalIndex index, std::uint64_t time) {
        const chain::PublicAddress address = crypto.subaddress(accounts[account], chain::default_subaddress);
        return std::make_shared<const chain::Bytes>(*crypto.seal_record(
            bytes, address.view_public, crypto.make_record(block.outputs[0], index, BlockIndex{1}, time)));
    };
    const auto said_of = [&](std::shared_ptr<const chain::Bytes> payload) {
        fog::IngestedBlock stored = other_owner;
        rows_of(stored)[0].payload = std::move(payload);
        model::RecoveryModel fresh;
        fresh.key_started(ingress.open, BlockIndex{1});
        fresh.event_added({UserEventId{1}, rng});
        fresh.block_added(ingress.open, stored.invocation, stored);
        RecordChecker judging(chain, fresh);
        judging.know_owners(crypto,
                            {{crypto.subaddress_view_private(accounts[0], chain::default_subaddress)}});
        return in_words(judging.look());
    };
    EXPECT_EQ(said_of(seal(0, GlobalIndex{0}, 501)), "");
    EXPECT_EQ(said_of(seal(1, GlobalIndex{0}, 501)), "has a record of block 1 that account 0 cannot open");
    EXPECT_EQ(said_of(nullptr), "has a record of block 1 that account 0 cannot open");
    EXPECT_EQ(said_of(seal(0, GlobalIndex{0}, 500)),
              "has a record of block 1 with the time 500, the block is of 501");
    EXPECT_EQ(said_of(seal(0, GlobalIndex{1}, 501)),
              "has a record of output 0 in block 1 that says otherwise");
}

TEST_F(RecordTest, rejects_other_totals_times_and_starts) {
    append({{-1}});
    const fog::IngestedBlock right = scanned();
    const auto said_of = [&](const fog::IngestedBlock& stored, std::uint64_t start) {
        model::RecoveryModel fresh;
        fog::RngRecord announced = rng;
        announced.start = BlockIndex{start};
        if (start != 0) fresh.event_added({UserEventId{1}, announced});
        fresh.block_added(ingress.open, stored.invocation, stored);
        RecordChecker judging(chain, fresh);
        return in_words(judging.look());
    };
    EXPECT_EQ(said_of(right, 1), "");
    fog::IngestedBlock counted = right;
    counted.cumulative_txo_count = 0;
    EXPECT_EQ(said_of(counted, 1), "counts 0 outputs up to block 1, the chain has 1");
    fog::IngestedBlock timed = right;
    timed.timestamp_s = 502;
    EXPECT_EQ(said_of(timed, 1), "says that block 1 is of second 502, it is of 501");
    EXPECT_EQ(said_of(right, 2), "announces the RNG of invocation 1 from block 2 on, its first block is 1");
    EXPECT_EQ(said_of(right, 0), "holds block 1 of invocation 1, whose RNG was never announced");
    fog::IngestedBlock more = right;
    rows_of(more).push_back(right.rows->front());
    EXPECT_EQ(said_of(more, 1), "holds 2 records of block 1, which has 1 outputs");
}

} // namespace
} // namespace engine::check
