// The chain in the place of consensus: what is written into the copies, when, and who may read it how far.
#include "real/world/real_chain.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/ensure.hpp"
#include "real/lmdb/ledger_check.hpp"
#include "real/loop/io_loop.hpp"
#include "real/process/work_directory.hpp"

namespace real {
namespace {

using engine::AccountId;
using engine::AppendedBlock;
using engine::BlockPlan;
using engine::CanonicalChain;
using engine::CoinRef;
using engine::Credit;
using engine::Hint;
using engine::PreparedPayment;
using lmdb::TimestampCode;

std::vector<engine::Account> make_accounts(std::uint8_t count) {
    const engine::chain::Crypto& crypto = engine::chain::ristretto_crypto();
    std::vector<engine::Account> out;
    for (std::uint8_t i = 0; i < count; ++i) {
        std::array<std::uint8_t, 32> entropy{};
        entropy[0] = static_cast<std::uint8_t>(i + 1);
        out.push_back(engine::make_account(crypto, crypto.account_from_entropy(entropy)));
    }
    return out;
}

Credit credit(std::uint32_t to, std::uint64_t amount) {
    Credit out;
    out.to = AccountId{to};
    out.amount = amount;
    return out;
}

struct RealChainTest : ::testing::Test {
    RealChainTest() { start(); }

    void start() {
        hint = Hint{accounts[0].address.view_public, BlockIndex{100}}; // any key of the curve will do
        auto ask = [this]() -> Task<Result<Hint>> { return answer(this); };
        store = std::make_unique<DiskStore>(events);
        store->set_places({{"ingest", work.path() / "ingest"}, {"ledger", work.path() / "ledger"}});
        chain = std::make_unique<CanonicalChain>(accounts, engine::chain::ristretto_crypto(), choices, *store,
                                                 ask);
        chain->begin();
    }
    static Task<Result<Hint>> answer(RealChainTest* test) {
        ++test->asked;
        if (!test->hint) co_return engine::Error{engine::Code::not_found, "report"};
        co_return *test->hint;
    }
    static Task<> append_task(CanonicalChain* chain, BlockPlan plan, AppendedBlock* out) {
        *out = co_await chain->append(std::move(plan));
    }
    AppendedBlock append(std::vector<Credit> credits, std::vector<CoinRef> spends = {}) {
        BlockPlan plan;
        plan.credits = std::move(credits);
        plan.spends = std::move(spends);
        AppendedBlock out;
        loop.run(append_task(chain.get(), std::move(plan), &out));
        return out;
    }
    DiskCopy& copy(std::size_t i) { return *store->on_disk().at(i); }
    std::uint64_t balance(std::uint32_t account) {
        const engine::model::Oracle oracle(chain->model());
        return static_cast<std::uint64_t>(oracle.balance(AccountId{account}, chain->height()));
    }
    /// Both databases of a copy, block by block.  Closes the chain.
    void expect_sound(const std::string& name, std::uint64_t blocks, std::uint64_t timed) {
        chain.reset();
        store.reset();
        const lmdb::LedgerDb ledger = lmdb::LedgerDb::open(work.path() / name / "ledger-db");
        const lmdb::LedgerDb::Snapshot snapshot = ledger.snapshot();
        lmdb::LedgerSummary summary;
        const auto fault = lmdb::check_ledger(*snapshot, summary);
        EXPECT_FALSE(fault) << fault->place << ": " << fault->what;
        EXPECT_EQ(summary.blocks, blocks);
        const lmdb::WatcherDb watcher = lmdb::WatcherDb::open(work.path() / name / "watcher-db");
        const auto behind =
            lmdb::check_watcher(watcher, lmdb::ReadTransaction(watcher.environment()), *snapshot);
        EXPECT_FALSE(behind) << behind->place << ": " << behind->what;
        EXPECT_EQ(watcher.highest_common_block(), BlockIndex{timed - 1});
        if (timed < blocks) {
            EXPECT_EQ(watcher.block_timestamp(BlockIndex{timed}).code, TimestampCode::watcher_behind);
        }
    }

    IoLoop loop;
    WorkDirectory work{"real-chain-test-"};
    EventLog events{work.path() / "events.jsonl", [] { return engine::Instant{}; }};
    engine::Choices choices{1};
    std::vector<engine::Account> accounts = make_accounts(2);
    std::optional<Hint> hint;
    int asked = 0;
    std::unique_ptr<DiskStore> store;
    std::unique_ptr<CanonicalChain> chain;
};

TEST_F(RealChainTest, TheOriginIsThereForAllAndCountsInNoBalance) {
    EXPECT_EQ(chain->height(), BlockCount{1});
    EXPECT_EQ(copy(0).count(), BlockCount{1});
    EXPECT_EQ(copy(1).block_data(BlockIndex{}).block.id, copy(0).block_data(BlockIndex{}).block.id);
    EXPECT_GE(store->log().front().contents.outputs.size(), 16U) << "a ledger wants so many";
    EXPECT_EQ(balance(0), 0U);
    expect_sound("ledger", 1, 1);
}

TEST_F(RealChainTest, BlocksReachEveryCopyAndAreSound) {
    const AppendedBlock first = append({credit(0, 1), credit(1, 2), credit(0, 4)});
    ASSERT_EQ(first.credits.size(), 3U);
    EXPECT_EQ(first.index, BlockIndex{1});
    (void)append({}, {first.credits[0]});
    EXPECT_EQ(balance(0), 4U) << "1 is spent, 4 is left";
    EXPECT_EQ(balance(1), 2U);
    EXPECT_EQ(asked, 1) << "the report is good for a hundred blocks";
    EXPECT_EQ(copy(1).count(), BlockCount{3});
    const auto image = chain->model().coins().at(first.credits[0].index).image;
    EXPECT_EQ(copy(0).block_data(BlockIndex{2}).contents.key_images.at(0), image);
    EXPECT_EQ(copy(0).block_data(BlockIndex{2}).contents.outputs.size(), 1U)
        << "somebody's who plays no part";
    expect_sound("ingest", 3, 3);
}

TEST_F(RealChainTest, AHeldCopyStaysAdvancesAndCatchesUp) {
    copy(1).hold();
    for (std::uint64_t i = 0; i < 4; ++i) (void)append({credit(0, 1 + i)});
    EXPECT_EQ(copy(0).count(), BlockCount{5});
    EXPECT_EQ(copy(1).count(), BlockCount{1});
    copy(1).advance_to(BlockCount{3});
    EXPECT_EQ(copy(1).count(), BlockCount{3});
    EXPECT_EQ(copy(1).block_data(BlockIndex{2}).block.id, copy(0).block_data(BlockIndex{2}).block.id);
    copy(1).release();
    (void)append({});
    EXPECT_EQ(copy(1).count(), BlockCount{6});
    expect_sound("ledger", 6, 6);
}

TEST_F(RealChainTest, AWatcherBehindHasTheBlocksButNotTheirTimes) {
    copy(0).hold_times();
    (void)append({credit(0, 1)});
    (void)append({credit(0, 2)});
    expect_sound("ingest", 3, 1);
}

TEST_F(RealChainTest, TimesThatWereHeldAreWrittenWhenReleased) {
    copy(0).hold_times();
    (void)append({credit(0, 1)});
    copy(0).release_times();
    (void)append({credit(0, 2)});
    expect_sound("ingest", 3, 3);
}

TEST_F(RealChainTest, WithoutAnUnexpiredKeyACreditDoesNotLand) {
    hint->expiry = BlockIndex{2};
    EXPECT_EQ(append({credit(0, 1)}).credits.size(), 1U) << "block 1 is the last before the expiry";
    EXPECT_EQ(append({credit(0, 2)}).credits.size(), 0U);
    EXPECT_EQ(asked, 2) << "it asked again first";
    hint->expiry = BlockIndex{9};
    EXPECT_EQ(append({credit(0, 4)}).credits.size(), 1U);
    hint.reset();
    chain->set_hint_key(accounts[1].address.view_public, BlockIndex{5});
    EXPECT_EQ(append({credit(1, 8)}).credits.size(), 1U);
    EXPECT_EQ(chain->model().coins().back().hint_key, accounts[1].address.view_public);
    EXPECT_EQ(append({credit(1, 16)}).credits.size(), 0U) << "nobody has a report any more";
    EXPECT_EQ(balance(0), 5U);
    EXPECT_EQ(balance(1), 8U);
}

Task<> prepare_and_submit(RealChainTest* test, std::uint64_t blocks_between, std::size_t* landed) {
    Result<PreparedPayment> payment = co_await test->chain->prepare(AccountId{1}, 32, 2);
    EXPECT_TRUE(payment.has_value());
    EXPECT_EQ(payment->tombstone, BlockIndex{test->chain->height().value + 2});
    for (std::uint64_t i = 0; i < blocks_between; ++i) {
        BlockPlan empty;
        (void)co_await test->chain->append(std::move(empty));
    }
    std::vector<PreparedPayment> payments;
    payments.push_back(std::move(*payment));
    const std::vector<CoinRef> credits = co_await test->chain->submit(std::move(payments));
    *landed = credits.size();
}

TEST_F(RealChainTest, APaymentLandsBelowItsTombstoneOnly) {
    std::size_t landed = 0;
    loop.run(prepare_and_submit(this, 1, &landed));
    EXPECT_EQ(landed, 1U);
    loop.run(prepare_and_submit(this, 2, &landed));
    EXPECT_EQ(landed, 0U);
    EXPECT_EQ(balance(1), 32U);
}

TEST(RealChain, TheSameSeedGivesTheSameBlocks) {
    std::vector<engine::chain::BlockId> ids;
    for (const std::uint64_t seed : {7u, 7u, 8u}) {
        IoLoop loop;
        const WorkDirectory work("real-chain-test-");
        EventLog events(work.path() / "events.jsonl", [] { return engine::Instant{}; });
        engine::Choices choices(seed);
        const std::vector<engine::Account> accounts = make_accounts(1);
        auto nobody = []() -> Task<Result<Hint>> { throw engine::InternalError("nobody is asked"); };
        DiskStore store(events);
        store.set_places({{"only", work.path() / "only"}});
        CanonicalChain chain(accounts, engine::chain::ristretto_crypto(), choices, store, nobody);
        chain.begin();
        chain.set_hint_key(accounts[0].address.view_public, BlockIndex{9});
        BlockPlan plan;
        plan.credits.push_back(credit(0, 3));
        AppendedBlock out;
        loop.run(RealChainTest::append_task(&chain, std::move(plan), &out));
        ids.push_back(store.log().back().block.id);
    }
    EXPECT_EQ(ids[0], ids[1]);
    EXPECT_NE(ids[0], ids[2]);
}

TEST(ReadAccounts, WhatIsMissingOrBrokenIsNamed) {
    const WorkDirectory work("real-chain-test-");
    auto why = [&] {
        try {
            (void)read_accounts(work.path(), 1);
            return std::string("it was read");
        } catch (const engine::BrokenSurroundings& error) {
            return std::string(error.what());
        }
    };
    EXPECT_NE(why().find("account_keys_0.json: cannot be read"), std::string::npos) << why();
    std::ofstream(work.path() / "account_keys_0.json") << "{}";
    EXPECT_NE(why().find("account_keys_0.json: "), std::string::npos) << why();
    EXPECT_TRUE(read_accounts(work.path(), 0).empty());
}

} // namespace
} // namespace real
