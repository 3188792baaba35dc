#include "engine/check/checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/model/testing/model_chain.hpp"
#include "engine/tell/words.hpp"

// Each checker is shown a world in which its rule is broken, and must say so, and the right one, which it
// must accept. `liveness` and `crash` are judged where the world runs: sim/sim_world_test.cpp.

namespace engine::check {
namespace {

using namespace engine::model::testing;

fog::BalanceReport report_of(std::uint64_t count, std::uint64_t value) {
    fog::BalanceReport report;
    report.count = BlockCount{count};
    report.by_token[0] = value;
    return report;
}

std::size_t violations_of(const Checks& checks, CheckId check) {
    std::size_t count = 0;
    for (const Violation& violation : checks.violations()) count += violation.check == check ? 1 : 0;
    return count;
}

TEST(Checks, names_are_the_fixed_ones) {
    std::vector<std::string> names;
    for (std::size_t c = 0; c < check_count; ++c) {
        names.push_back(name(static_cast<CheckId>(c)));
        EXPECT_STRNE(holds_when(static_cast<CheckId>(c)), "?");
    }
    EXPECT_EQ(names, (std::vector<std::string>{"balance", "monotone", "response", "liveness", "final",
                                               "conservation", "sender", "crash"}));
}

TEST(Checks, every_judgement_is_counted_and_violations_are_stamped) {
    Checks checks;
    checks.held(CheckId::crash);
    checks.set_now(Instant{5}, 77);
    Violation violation;
    violation.check = CheckId::crash;
    checks.violated(violation);
    EXPECT_EQ(checks.judged(CheckId::crash), 2u);
    EXPECT_EQ(checks.judged(CheckId::liveness), 0u);
    ASSERT_TRUE(checks.any_violation());
    EXPECT_EQ(checks.violations()[0].at, Instant{5});
    EXPECT_EQ(checks.violations()[0].step, 77u);

    checks.stamp_with([] { return std::pair(Instant{6}, std::uint64_t{78}); });
    checks.violated(violation);
    EXPECT_EQ(checks.violations()[1].at, Instant{6}) << "asked when it comes, not when the step began";
    EXPECT_EQ(checks.violations()[1].step, 78u);
}

TEST(Checks, balances_are_written_in_full) {
    EXPECT_EQ(to_text(0), "0");
    EXPECT_EQ(to_text(90), "90");
    EXPECT_EQ(to_text(fog::Value{~0ull} + 1), "18446744073709551616");
}

// ------------------------------------------------------------------------------------------------ reports

/// Accounts 0 and 1; at counts 1 to 4 they own 0/0, 3/0, 3/4 and 2/4.
struct ReportCheckerTest : ::testing::Test {
    ModelChain c;
    Checks checks;
    ReportChecker checker{checks, c.model};

    void SetUp() override {
        c.block({{0, 100}});
        c.block({{0, 1}, {0, 2}, {0, 8, 5}});
        c.block({{1, 4}});
        c.block({}, {{1, 0}});
    }
    fog::BalanceReport right(std::uint32_t account, std::uint64_t count) {
        const model::Oracle oracle(c.model);
        fog::BalanceReport report;
        report.count = BlockCount{count};
        for (std::uint64_t token : {0u, 5u}) {
            const fog::Value value = oracle.balance(AccountId{account}, report.count, token);
            if (value != 0) report.by_token[token] = value;
        }
        return report;
    }
    const Violation& only() {
        EXPECT_EQ(checks.violations().size(), 1u);
        return checks.violations().at(0);
    }
};

TEST_F(ReportCheckerTest, balance_accepts_the_truth_at_every_count) {
    std::uint32_t wallet = 0;
    for (std::uint32_t account : {0u, 1u})
        for (std::uint64_t count = 0; count <= 4; ++count)
            checker.on_report(++wallet, AccountId{account}, right(account, count));
    EXPECT_FALSE(checks.any_violation());
    EXPECT_EQ(checks.judged(CheckId::balance), 10u);
    EXPECT_EQ(checks.reports_judged(), 10u);
}

TEST_F(ReportCheckerTest, balance_rejects_a_wrong_amount) {
    fog::BalanceReport wrong = right(0, 3);
    wrong.by_token[0] = 2;
    checker.on_report(1, AccountId{0}, wrong);
    EXPECT_EQ(only().check, CheckId::balance);
    EXPECT_EQ(only().account, AccountId{0});
    EXPECT_EQ(only().count, BlockCount{3});
    EXPECT_EQ(only().shown, fog::Value{2});
    EXPECT_EQ(only().truth, fog::Value{3});
}

TEST_F(ReportCheckerTest, balance_rejects_the_amount_of_another_count) {
    fog::BalanceReport late = right(0, 4);
    late.count = BlockCount{3};
    checker.on_report(1, AccountId{0}, late);
    EXPECT_EQ(only().check, CheckId::balance);
}

TEST_F(ReportCheckerTest, balance_rejects_a_count_beyond_the_chain) {
    fog::BalanceReport beyond = right(0, 4);
    beyond.count = BlockCount{5};
    checker.on_report(1, AccountId{0}, beyond);
    EXPECT_EQ(only().check, CheckId::balance);
}

TEST_F(ReportCheckerTest, balance_rejects_a_wrong_amount_of_another_token) {
    fog::BalanceReport wrong = right(0, 3);
    wrong.by_token[5] = 9;
    checker.on_report(1, AccountId{0}, wrong);
    EXPECT_EQ(only().check, CheckId::balance);
    EXPECT_EQ(only().truth, fog::Value{8});
}

TEST_F(ReportCheckerTest, balance_rejects_a_token_that_is_not_mentioned) {
    fog::BalanceReport silent = right(0, 3);
    silent.by_token.erase(5);
    checker.on_report(1, AccountId{0}, silent);
    EXPECT_EQ(only().check, CheckId::balance);
    EXPECT_EQ(only().shown, fog::Value{0});
}

TEST_F(ReportCheckerTest, tokens_that_wallets_cannot_report_are_not_asked_of_them) {
    ReportChecker of_token_0{checks, c.model, std::set<std::uint64_t>{0}};
    fog::BalanceReport silent = right(0, 3);
    silent.by_token.erase(5);
    of_token_0.on_report(1, AccountId{0}, silent);
    EXPECT_FALSE(checks.any_violation());
    silent.by_token[0] += 1;
    of_token_0.on_report(1, AccountId{0}, silent);
    EXPECT_EQ(only().check, CheckId::balance);
}

TEST_F(ReportCheckerTest, balance_rejects_a_token_that_is_made_up) {
    fog::BalanceReport wrong = right(1, 3);
    wrong.by_token[6] = 1;
    checker.on_report(1, AccountId{1}, wrong);
    EXPECT_EQ(only().check, CheckId::balance);
}

TEST_F(ReportCheckerTest, monotone_rejects_a_count_that_goes_back) {
    checker.on_report(1, AccountId{0}, right(0, 3));
    checker.on_report(1, AccountId{0}, right(0, 2));
    EXPECT_EQ(only().check, CheckId::monotone);
    // It is measured against the last report, not the highest.
    checker.on_report(1, AccountId{0}, right(0, 2));
    EXPECT_EQ(checks.violations().size(), 1u);
}

TEST_F(ReportCheckerTest, monotone_accepts_standing_still_and_a_restarted_wallet) {
    for (std::uint64_t count : {1u, 1u, 3u, 4u}) checker.on_report(1, AccountId{0}, right(0, count));
    checker.on_report(2, AccountId{0}, right(0, 0)); // restarted: a new number
    EXPECT_FALSE(checks.any_violation());
    EXPECT_EQ(checks.judged(CheckId::monotone), 5u);
}

TEST_F(ReportCheckerTest, conservation_rejects_a_sum_that_is_not_outputs_minus_spends) {
    checker.on_report(1, AccountId{0}, right(0, 3));
    EXPECT_EQ(checks.judged(CheckId::conservation), 0u)
        << "account 1 owns something, too, and was not asked yet";
    fog::BalanceReport wrong = right(1, 3);
    wrong.by_token[0] = 5;
    checker.on_report(2, AccountId{1}, wrong);
    EXPECT_EQ(violations_of(checks, CheckId::conservation), 1u);
    EXPECT_EQ(checks.violations().back().shown, fog::Value{8});
    EXPECT_EQ(checks.violations().back().truth, fog::Value{7});
}

// Each account shows what it owns, so `balance` is content; one output belongs to both.
TEST_F(ReportCheckerTest, conservation_alone_rejects_an_output_that_two_accounts_count) {
    auto block = std::make_shared<fog::LedgerBlock>();
    block->index = c.model.height().end();
    block->outputs.resize(1);
    block->outputs[0].public_key.bytes[31] = 77;
    block->cumulative_txo_count = c.model.txo_count(c.model.height()) + 1;
    model::Coin twice;
    twice.amount = {16, 5};
    twice.block = block->index;
    twice.index = block->first_output();
    twice.public_key = block->outputs[0].public_key;
    twice.image.bytes[31] = 77;
    std::vector<model::Coin> coins(2, twice);
    coins[1].account = AccountId{1};
    c.model.append(block, std::move(coins));

    checker.on_report(1, AccountId{0}, right(0, 5));
    checker.on_report(2, AccountId{1}, right(1, 5));
    EXPECT_EQ(only().check, CheckId::conservation);
    EXPECT_EQ(only().shown, fog::Value{8 + 16 + 16}) << "of token 5";
    EXPECT_EQ(only().truth, fog::Value{8 + 16});
    EXPECT_THAT(tell::in_words(only()), ::testing::HasSubstr("of token 5"));
    EXPECT_EQ(checks.judged(CheckId::balance), 2u);
}

TEST_F(ReportCheckerTest, conservation_is_of_each_token) {
    checker.on_report(1, AccountId{0}, right(0, 3));
    fog::BalanceReport swapped = right(1, 3); // the sum over all tokens is as it should be
    swapped.by_token = {{0, 3}, {5, 1}};
    checker.on_report(2, AccountId{1}, swapped);
    EXPECT_EQ(violations_of(checks, CheckId::conservation), 2u);
}

// Found by fogreal, lag seed 2013: a wallet of the harness reports all tokens, a remote one can report one.
TEST_F(ReportCheckerTest, conservation_knows_no_sum_of_a_token_that_only_some_wallets_report) {
    ReportChecker of_token_0{checks, c.model, std::set<std::uint64_t>{0}};
    fog::BalanceReport remote = right(0, 3);
    ASSERT_EQ(remote.by_token.erase(5), 1u);
    of_token_0.on_report(1, AccountId{0}, remote);
    fog::BalanceReport own = right(1, 3);
    own.by_token[5] = 0;
    of_token_0.on_report(2, AccountId{1}, own);
    EXPECT_FALSE(checks.any_violation());
    EXPECT_EQ(checks.judged(CheckId::conservation), 1u);
}

TEST_F(ReportCheckerTest, conservation_accepts_a_sum_that_is_complete) {
    checker.on_report(1, AccountId{0}, right(0, 3));
    checker.on_report(2, AccountId{1}, right(1, 3));
    EXPECT_FALSE(checks.any_violation());
    EXPECT_EQ(checks.judged(CheckId::conservation), 1u);
    checker.on_report(1, AccountId{0}, right(0, 4));
    EXPECT_EQ(checks.judged(CheckId::conservation), 1u) << "at another height they have to be asked again";
    checker.on_report(3, AccountId{0}, right(0, 2));
    EXPECT_EQ(checks.judged(CheckId::conservation), 2u) << "account 1 owns nothing there";
}

TEST_F(ReportCheckerTest, final_accepts_the_truth_of_the_whole_chain) {
    checker.on_final(1, AccountId{0}, right(0, 4));
    checker.on_final(2, AccountId{0}, right(0, 4));
    checker.on_final(3, AccountId{1}, right(1, 4));
    EXPECT_FALSE(checks.any_violation());
    EXPECT_EQ(checks.judged(CheckId::final), 3u);
}

TEST_F(ReportCheckerTest, final_rejects_a_true_pair_of_an_earlier_height) {
    checker.on_final(1, AccountId{1}, right(1, 3));
    EXPECT_EQ(only().check, CheckId::final);
}

TEST_F(ReportCheckerTest, final_rejects_a_wrong_amount) {
    checker.on_final(1, AccountId{0}, report_of(4, 3));
    EXPECT_EQ(only().check, CheckId::final);
    EXPECT_EQ(only().truth, fog::Value{2});
}

TEST_F(ReportCheckerTest, final_rejects_two_wallets_of_one_account_that_differ) {
    checker.on_final(1, AccountId{0}, right(0, 4));
    checker.on_final(2, AccountId{0}, report_of(4, 3));
    EXPECT_EQ(only().check, CheckId::final);
    EXPECT_NE(tell::in_words(only()).find("two wallets of account 0 end with 2 and 3"), std::string::npos)
        << tell::in_words(only());
}

// ------------------------------------------------------------------------------------------------ senders

struct SenderTest : ::testing::Test {
    using Verdict = fog::Wallet::Landing::Verdict;
    ModelChain c;
    Checks checks;
    chain::PublicKey there;
    chain::PublicKey nowhere;

    void SetUp() override {
        c.block({});
        c.block({{0, 1}});
        c.block({});
        there = c.coin(1, 0).public_key;
        nowhere.bytes[31] = 1;
    }
    bool accepts(const chain::PublicKey& output, std::uint64_t tombstone, Verdict verdict,
                 std::uint64_t block = 0) {
        checks = {};
        judge_landing(checks, c.model, output, BlockIndex{tombstone}, {verdict, BlockIndex{block}});
        EXPECT_EQ(checks.judged(CheckId::sender), 1u);
        return !checks.any_violation();
    }
};

TEST_F(SenderTest, sender_rejects_what_the_chain_does_not_say) {
    EXPECT_FALSE(accepts(there, 3, Verdict::landed, 2)) << "another block";
    EXPECT_FALSE(accepts(nowhere, 3, Verdict::landed, 1));
    EXPECT_FALSE(accepts(there, 3, Verdict::expired)) << "it is there";
    EXPECT_FALSE(accepts(nowhere, 4, Verdict::expired)) << "block 3 may still bring it";
}

TEST_F(SenderTest, sender_accepts_what_the_chain_says) {
    EXPECT_TRUE(accepts(there, 3, Verdict::landed, 1));
    EXPECT_TRUE(accepts(nowhere, 3, Verdict::expired));
    EXPECT_TRUE(accepts(there, 3, Verdict::unknown));
    EXPECT_TRUE(accepts(nowhere, 3, Verdict::unknown));
}

// ------------------------------------------------------------------------------------------- answers of view

chain::PublicKey ingress(std::uint8_t n) {
    chain::PublicKey key;
    key.bytes[0] = n;
    return key;
}
chain::SearchKey search(std::uint8_t n) {
    chain::SearchKey key;
    key.bytes[0] = n;
    return key;
}
BlockRange range(std::uint64_t start, std::uint64_t end) { return {BlockIndex{start}, BlockIndex{end}}; }

/// Blocks 1 to 5 pay account 0, with hints for key 1 (blocks 1, 2), 2 (blocks 3, 4) and a key nobody had (5).
/// Key 1 has scanned 1 and 2 under invocation 1 (records 1, 2).  Key 2 has scanned 3 (record 3) under
/// invocation 2 and was lost then: [4, 9) is missed.  Events: 1 and 2 the RNGs, 3 a decommission, 4 the
/// missed range.
struct ViewResponseTest : ::testing::Test {
    ModelChain c;
    model::RecoveryModel recovery;
    Checks checks;
    ResponseChecker checker{checks, c.model, recovery};
    fog::RngRecord rng1{InvocationId{1}, ingress(11), 0, BlockIndex{1}};
    fog::RngRecord rng2{InvocationId{2}, ingress(12), 0, BlockIndex{3}};
    fog::Decommission closed{InvocationId{1}, BlockIndex{2}};
    std::shared_ptr<const chain::Bytes> payload = std::make_shared<const chain::Bytes>(3, 9);

    void SetUp() override {
        c.block({});
        for (std::uint8_t hint : std::initializer_list<std::uint8_t>{1, 1, 2, 2, 3})
            c.block({{0, 1, 0, ingress(hint)}});
        fill_recovery();
        recovery.event_added({UserEventId{4}, range(4, 9)});
    }
    void fill_recovery() {
        recovery.key_added(ingress(1));
        recovery.key_added(ingress(2));
        recovery.event_added({UserEventId{1}, rng1});
        recovery.event_added({UserEventId{2}, rng2});
        commit(1, 1, 1);
        commit(1, 1, 2);
        commit(2, 2, 3);
        recovery.event_added({UserEventId{3}, closed});
    }
    void commit(std::uint8_t key, std::int64_t invocation, std::uint64_t block) {
        fog::IngestedBlock stored;
        stored.block = BlockIndex{block};
        stored.invocation = InvocationId{invocation};
        auto rows = std::make_shared<std::vector<fog::Row>>();
        rows->push_back({search(static_cast<std::uint8_t>(block)), payload});
        while (rows->size() < c.model.block(stored.block)->outputs.size()) // the strangers'
            rows->push_back({search(static_cast<std::uint8_t>(100 + 10 * block + rows->size())), payload});
        stored.rows = std::move(rows);
        stored.cumulative_txo_count = c.model.block(stored.block)->cumulative_txo_count;
        stored.timestamp_s = 1000 + block;
        recovery.block_added(ingress(key), stored.invocation, stored);
    }
    fog::ViewQuery events_query(std::int64_t after = 0) {
        fog::ViewQuery query;
        query.events_after = UserEventId{after};
        return query;
    }
    fog::ViewQuery search_query() {
        fog::ViewQuery query;
        query.events_after = UserEventId::none();
        query.keys = {search(1), search(3), search(77)};
        return query;
    }
    fog::ViewAnswer right_events(std::uint64_t count = 6) {
        fog::ViewAnswer answer;
        answer.count = BlockCount{count};
        answer.next_event = UserEventId{4};
        answer.rngs = {rng1, rng2};
        answer.decommissions = {closed};
        answer.missed = {range(4, 9)};
        return answer;
    }
    fog::ViewAnswer right_search(std::uint64_t count = 6) {
        fog::ViewAnswer answer;
        answer.count = BlockCount{count};
        answer.next_event = UserEventId::none();
        using fog::SearchCode;
        answer.results = {{search(1), SearchCode::found, payload},
                          {search(3), SearchCode::found, payload},
                          {search(77), SearchCode::not_found, {}}};
        return answer;
    }
    /// Judges one answer with a fresh checker.  @return the text of the violation, empty when accepted
    std::string judge(const fog::ViewQuery& query, const fog::ViewAnswer& answer,
                      BlockRange shard = BlockRange::all()) {
        Checks fresh;
        ResponseChecker judging(fresh, c.model, recovery);
        judging.on_view("view", query, answer, shard);
        EXPECT_EQ(fresh.judged(CheckId::response), 1u);
        if (!fresh.any_violation()) return {};
        EXPECT_EQ(fresh.violations()[0].check, CheckId::response);
        return tell::in_words(fresh.violations()[0]);
    }
    void expect_rejects(const std::string& text, const char* part) {
        EXPECT_NE(text.find(part), std::string::npos) << "said: '" << text << "'";
    }
};

TEST_F(ViewResponseTest, response_accepts_right_answers) {
    EXPECT_EQ(judge(events_query(), right_events()), "");
    EXPECT_EQ(judge(search_query(), right_search()), "");
    EXPECT_EQ(judge(events_query(4),
                    [&] {
                        fog::ViewAnswer nothing_new;
                        nothing_new.count = BlockCount{6};
                        nothing_new.next_event = UserEventId{4};
                        return nothing_new;
                    }()),
              "")
        << "everything was told before";
    fog::ViewAnswer early = right_search(3);
    early.results[1] = {search(3), fog::SearchCode::not_found, {}};
    EXPECT_EQ(judge(search_query(), early), "") << "block 3 is not below count 3";
}

TEST_F(ViewResponseTest, response_wants_a_cause_for_an_error) {
    fog::ViewAnswer answer = right_search();
    answer.results[1] = {search(3), fog::SearchCode::internal_error, {}};
    expect_rejects(judge(search_query(), answer), "with an error that nothing has caused");
    checker.look_up_failed(search(3));
    checker.on_view("view", search_query(), answer);
    EXPECT_FALSE(checks.any_violation()) << "an error promises nothing";
    answer.results[2].code = fog::SearchCode::rate_limited;
    checker.on_view("view", search_query(), answer);
    EXPECT_TRUE(checks.any_violation()) << "the look-up of another key has failed";
}

TEST_F(ViewResponseTest, response_wants_what_one_shard_found_although_another_one_failed) {
    fog::ViewAnswer error = right_search(); // the record of search(3) is in block 3, which the count includes
    error.results[1] = {search(3), fog::SearchCode::internal_error, {}};
    const auto accepts = [&](const std::vector<BlockRange>& failed, BlockRange shard = BlockRange::all()) {
        Checks fresh;
        ResponseChecker judging(fresh, c.model, recovery);
        for (const BlockRange& where : failed) judging.look_up_failed(search(3), where);
        judging.on_view("view", search_query(), error, shard);
        return !fresh.any_violation();
    };
    EXPECT_FALSE(accepts({range(0, 3)}));
    EXPECT_TRUE(accepts({range(0, 3)}, range(0, 3))) << "the failed shard itself may say so";
    EXPECT_TRUE(accepts({range(0, 3), range(3, 6)})) << "the shard of block 3 has failed, too";
    error.count = BlockCount{3};
    EXPECT_TRUE(accepts({range(0, 3)})) << "block 3 is not promised";
}

TEST_F(ViewResponseTest, response_rejects_what_breaks_the_databases_contract) {
    commit(1, 1, 2); // again
    expect_rejects(judge(search_query(), right_search()),
                   "recovery database stores block 2 of one key twice");
}

TEST_F(ViewResponseTest, response_rejects_a_block_with_more_or_fewer_records_than_outputs) {
    for (const std::size_t rows : {0U, 2U}) {
        model::RecoveryModel other;
        fog::IngestedBlock stored;
        stored.block = BlockIndex{1};
        auto made = std::make_shared<std::vector<fog::Row>>();
        for (std::size_t r = 0; r < rows; ++r)
            made->push_back({search(static_cast<std::uint8_t>(r)), payload});
        stored.rows = std::move(made);
        other.block_added(ingress(1), InvocationId{1}, stored);
        Checks fresh;
        ResponseChecker judging(fresh, c.model, other);
        judging.on_view("view", events_query(), {});
        ASSERT_TRUE(fresh.any_violation());
        EXPECT_EQ(tell::in_words(fresh.violations()[0]), "recovery database holds " + std::to_string(rows) +
                                                             " records of block 1, which has 1 outputs");
    }
}

TEST_F(ViewResponseTest, response_rejects_a_count_beyond_the_chain) {
    expect_rejects(judge(search_query(), right_search(7)), "promises block count 7, the chain has 6");
}

TEST_F(ViewResponseTest, response_rejects_not_found_below_the_count) {
    fog::ViewAnswer wrong = right_search(4);
    wrong.results[1] = {search(3), fog::SearchCode::not_found, {}};
    expect_rejects(judge(search_query(), wrong), "does not find a record of block 3");
    EXPECT_EQ(judge(search_query(), wrong, range(5, 9)), "") << "a shard answers for its own range only";
}

TEST_F(ViewResponseTest, response_rejects_a_wrong_or_invented_payload) {
    fog::ViewAnswer wrong = right_search();
    wrong.results[0].payload = std::make_shared<const chain::Bytes>(3, 8);
    expect_rejects(judge(search_query(), wrong), "never committed");
    wrong.results[0].payload = nullptr;
    expect_rejects(judge(search_query(), wrong), "never committed");
    wrong = right_search();
    wrong.results[2] = {search(77), fog::SearchCode::found, payload};
    expect_rejects(judge(search_query(), wrong), "never committed");
}

TEST_F(ViewResponseTest, response_rejects_missing_and_swapped_results) {
    fog::ViewAnswer wrong = right_search();
    wrong.results.pop_back();
    expect_rejects(judge(search_query(), wrong), "answers 2 of 3 search keys");
    wrong = right_search();
    std::swap(wrong.results[0], wrong.results[1]);
    expect_rejects(judge(search_query(), wrong), "another search key");
}

TEST_F(ViewResponseTest, response_rejects_an_rng_that_is_not_announced) {
    fog::ViewAnswer wrong = right_events(4);
    wrong.rngs.pop_back();
    wrong.next_event = UserEventId{1};
    expect_rejects(judge(events_query(), wrong), "without the RNG of invocation 2");
    wrong.count = BlockCount{3};
    EXPECT_EQ(judge(events_query(), wrong), "") << "its first block is not promised yet";
}

TEST_F(ViewResponseTest, response_rejects_a_missed_range_that_is_not_announced) {
    fog::ViewAnswer wrong = right_events(5);
    wrong.missed.clear();
    wrong.next_event = UserEventId{3};
    expect_rejects(judge(events_query(), wrong), "without the missed range [4, 9)");
    wrong.count = BlockCount{4};
    EXPECT_EQ(judge(events_query(), wrong), "");
}

TEST_F(ViewResponseTest, response_rejects_a_cursor_past_an_event_that_was_not_told) {
    for (int left_out = 0; left_out < 4; ++left_out) {
        fog::ViewAnswer wrong = right_events(1); // promises nothing that would need the events
        if (left_out == 0) wrong.rngs.erase(wrong.rngs.begin());
        if (left_out == 1) wrong.rngs.pop_back();
        if (left_out == 2) wrong.decommissions.clear();
        if (left_out == 3) wrong.missed.clear();
        const std::string part = "without event " + std::to_string(left_out + 1);
        expect_rejects(judge(events_query(), wrong), part.c_str());
        wrong.next_event = UserEventId{left_out};
        EXPECT_EQ(judge(events_query(), wrong), "") << "the cursor stays before it";
    }
}

TEST_F(ViewResponseTest, response_rejects_an_uncovered_block) {
    c.block({{0, 1, 0, ingress(1)}}); // block 6 for key 1, which has not scanned it; nor is it missed by it
    recovery = {};
    fill_recovery(); // nobody has told of the missed range
    expect_rejects(judge(search_query(), right_search(7)), "block 4 with an output of account 0");
    commit(2, 2, 4);
    expect_rejects(judge(search_query(), right_search(7)), "block 6 with an output of account 0");
    EXPECT_EQ(judge(search_query(), right_search(6)), "")
        << "block 5 has a hint for a key the database never had";
    EXPECT_EQ(judge(search_query(), right_search(7), range(0, 5)), "") << "not this shard's block";
    recovery.event_added({UserEventId{5}, fog::RngRecord{InvocationId{3}, ingress(13), 0, BlockIndex{6}}});
    commit(1, 3, 6);
    EXPECT_EQ(judge(search_query(), right_search(7)), "");
}

TEST_F(ViewResponseTest, response_checker_looks_at_new_blocks_of_a_range_it_has_verified) {
    checker.on_view("view", search_query(), right_search(6));
    EXPECT_FALSE(checks.any_violation());
    c.block({{0, 1, 0, ingress(1)}});
    c.block({{0, 1, 0, ingress(1)}});
    checker.on_view("view", search_query(), right_search(6));
    EXPECT_FALSE(checks.any_violation());
    checker.on_view("view", search_query(), right_search(8));
    EXPECT_FALSE(checks.any_violation()) << "blocks 6 and 7 lie in the announced range [4, 9)";
    c.block({}, {}, 1);
    recovery.event_added({UserEventId{5}, fog::RngRecord{InvocationId{3}, ingress(13), 0, BlockIndex{8}}});
    commit(1, 3, 8);
    c.block({{0, 1, 0, ingress(1)}});
    checker.on_view("view", search_query(), right_search(9));
    EXPECT_FALSE(checks.any_violation());
    checker.on_view("view", search_query(), right_search(10));
    EXPECT_TRUE(checks.any_violation());
}

// ------------------------------------------------------------------------------------- answers of the ledger

/// Block 1 pays 1 and 2 (and a stranger), block 2 spends the 1, block 3 is empty.
struct LedgerResponseTest : ::testing::Test {
    ModelChain c;
    model::RecoveryModel recovery;
    chain::KeyImage spent;
    chain::KeyImage unspent;

    void SetUp() override {
        c.block({}, {}, 2);
        c.block({{0, 1}, {0, 2}}, {}, 1);
        c.block({}, {{1, 0}}, 1);
        c.block({});
        spent = c.coin(1, 0).image;
        unspent = c.coin(1, 1).image;
    }
    template <class Judge>
    bool accepts(Judge judge) {
        Checks checks;
        ResponseChecker checker(checks, c.model, recovery);
        judge(checker);
        EXPECT_EQ(checks.judged(CheckId::response), 1u);
        return !checks.any_violation();
    }
    /// Sets the count, and what else is true for it.
    void count_images(fog::KeyImagesAnswer& answer, std::uint64_t count) {
        answer.count = BlockCount{count};
        if (answer.count > c.model.height()) return;
        answer.global_txo_count = c.model.txo_count(answer.count);
        answer.latest_block_version = count == 0 ? 0 : c.model.block(BlockIndex{count - 1})->version;
    }
    fog::KeyImagesAnswer right_images() {
        fog::KeyImagesAnswer answer;
        count_images(answer, 4);
        answer.results = {{spent, fog::KeyImageCode::spent, BlockIndex{2}},
                          {unspent, fog::KeyImageCode::not_spent, {}}};
        return answer;
    }
    bool accepts_images(const fog::KeyImagesAnswer& answer, BlockRange shard = BlockRange::all()) {
        const std::vector<chain::KeyImage> asked{spent, unspent};
        return accepts(
            [&](ResponseChecker& checker) { checker.on_key_images("ledger", asked, answer, shard); });
    }
    fog::BlocksAnswer right_blocks(std::uint64_t first, std::uint64_t end) {
        fog::BlocksAnswer answer;
        answer.count = BlockCount{4};
        answer.global_txo_count = c.model.txo_count(answer.count);
        for (std::uint64_t b = first; b < end; ++b)
            answer.blocks.push_back({c.model.block(BlockIndex{b}), {fog::BlockTime::Code::found, 1000 + b}});
        return answer;
    }
    bool accepts_blocks(const fog::BlocksAnswer& answer, std::vector<BlockRange> asked) {
        return accepts([&](ResponseChecker& checker) { checker.on_blocks("ledger", asked, answer); });
    }
    fog::OutputsAnswer right_outputs() {
        fog::OutputsAnswer answer;
        answer.count = BlockCount{3};
        answer.global_txo_count = 6;
        answer.latest_block_version = 4;
        for (std::uint64_t index : {3u, 6u}) {
            fog::OutputResult result;
            result.index = GlobalIndex{index};
            if (index == 3) {
                result.code = fog::OutputResult::Code::exists;
                result.output = c.model.block(BlockIndex{1})->outputs[1];
                result.proof_highest_index = 5;
            }
            answer.results.push_back(result);
        }
        return answer;
    }
    bool accepts_outputs(const fog::OutputsAnswer& answer) {
        return accepts([&](ResponseChecker& checker) {
            checker.on_outputs("ledger", {GlobalIndex{3}, GlobalIndex{6}}, answer);
        });
    }
    fog::TxOutStatusAnswer right_status() {
        fog::TxOutStatusAnswer answer;
        answer.count = BlockCount{4};
        answer.global_txo_count = c.model.txo_count(answer.count);
        fog::TxOutStatus found;
        found.public_key = c.coin(1, 1).public_key;
        found.code = fog::TxOutStatus::Code::found;
        found.place = {GlobalIndex{3}, BlockIndex{1}};
        found.time = {fog::BlockTime::Code::found, 1001};
        answer.results = {found, fog::TxOutStatus{}};
        answer.results[1].public_key = unknown();
        return answer;
    }
    static chain::PublicKey unknown() {
        chain::PublicKey key;
        key.bytes[31] = 7;
        return key;
    }
    bool accepts_status(const fog::TxOutStatusAnswer& answer, bool look_up_failed = false) {
        const std::vector<chain::PublicKey> asked{c.coin(1, 1).public_key, unknown()};
        return accepts([&](ResponseChecker& checker) {
            if (look_up_failed) checker.look_up_failed(asked[0]);
            checker.on_tx_outs("ledger", asked, answer);
        });
    }
};

TEST_F(LedgerResponseTest, response_accepts_right_key_image_answers) {
    EXPECT_TRUE(accepts_images(right_images()));
    fog::KeyImagesAnswer behind = right_images();
    count_images(behind, 2);
    EXPECT_TRUE(accepts_images(behind)) << "spent_at may lie beyond the count";
    behind.results[0].code = fog::KeyImageCode::not_spent;
    EXPECT_TRUE(accepts_images(behind)) << "block 2 is not below count 2";
    fog::KeyImagesAnswer future = right_images();
    future.results[0].code = fog::KeyImageCode::not_spent;
    future.count = BlockCount{10};
    future.global_txo_count = 0;
    future.latest_block_version = 0;
    EXPECT_TRUE(accepts_images(future, range(10, 20))) << "an empty shard of the future claims nothing";
}

TEST_F(LedgerResponseTest, response_wants_a_cause_for_an_error_about_an_image) {
    fog::KeyImagesAnswer answer = right_images();
    answer.results[0].code = fog::KeyImageCode::error;
    EXPECT_FALSE(accepts_images(answer));
    EXPECT_TRUE(accepts([&](ResponseChecker& judging) {
        judging.look_up_failed(answer.results[0].image);
        std::vector<chain::KeyImage> asked;
        for (const fog::KeyImageResult& result : answer.results) asked.push_back(result.image);
        judging.on_key_images("ledger", asked, answer);
    }));
}

TEST_F(LedgerResponseTest, response_wants_a_spend_one_store_knows_although_another_one_failed) {
    fog::KeyImagesAnswer error = right_images(); // spent in block 2, which the count includes
    error.results[0].code = fog::KeyImageCode::error;
    const auto accepts_after = [&](BlockRange failed) {
        return accepts([&](ResponseChecker& judging) {
            judging.look_up_failed(error.results[0].image, failed);
            std::vector<chain::KeyImage> asked;
            for (const fog::KeyImageResult& result : error.results) asked.push_back(result.image);
            judging.on_key_images("ledger", asked, error);
        });
    };
    EXPECT_FALSE(accepts_after(range(4, 9)));
    EXPECT_TRUE(accepts_after(range(0, 4)));
    count_images(error, 2);
    EXPECT_TRUE(accepts_after(range(4, 9))) << "block 2 is not promised";
}

TEST_F(LedgerResponseTest, response_excuses_a_block_that_could_not_be_read) {
    fog::BlocksAnswer answer = right_blocks(1, 4);
    const BlockIndex gone = answer.blocks.front().block->index;
    answer.blocks.erase(answer.blocks.begin());
    const auto accepts_after = [&](BlockIndex failed) {
        return accepts([&](ResponseChecker& judging) {
            judging.look_up_failed(failed);
            judging.on_blocks("ledger", {range(1, 4)}, answer);
        });
    };
    EXPECT_TRUE(accepts_after(gone));
    EXPECT_FALSE(accepts_after(gone.next()));
}

TEST_F(LedgerResponseTest, response_rejects_not_spent_below_the_count) {
    fog::KeyImagesAnswer wrong = right_images();
    count_images(wrong, 3);
    wrong.results[0].code = fog::KeyImageCode::not_spent;
    EXPECT_FALSE(accepts_images(wrong));
    EXPECT_TRUE(accepts_images(wrong, range(0, 2))) << "a shard answers for its own range only";
}

TEST_F(LedgerResponseTest, response_rejects_a_wrong_spend) {
    fog::KeyImagesAnswer wrong = right_images();
    wrong.results[0].spent_at = BlockIndex{1};
    EXPECT_FALSE(accepts_images(wrong));
    wrong = right_images();
    wrong.results[1] = {unspent, fog::KeyImageCode::spent, BlockIndex{2}};
    EXPECT_FALSE(accepts_images(wrong)) << "it never was";
}

TEST_F(LedgerResponseTest, response_rejects_key_image_answers_beyond_the_chain_or_beside_the_question) {
    fog::KeyImagesAnswer wrong = right_images();
    wrong.count = BlockCount{5};
    EXPECT_FALSE(accepts_images(wrong));
    wrong = right_images();
    wrong.results.pop_back();
    EXPECT_FALSE(accepts_images(wrong));
    wrong = right_images();
    std::swap(wrong.results[0], wrong.results[1]);
    EXPECT_FALSE(accepts_images(wrong));
}

TEST_F(LedgerResponseTest, response_rejects_missing_wrong_and_premature_blocks) {
    EXPECT_TRUE(accepts_blocks(right_blocks(1, 3), {range(1, 3)}));
    EXPECT_TRUE(accepts_blocks(right_blocks(2, 4), {range(2, 9)}))
        << "blocks that do not exist yet are left out";
    EXPECT_FALSE(accepts_blocks(right_blocks(1, 2), {range(1, 3)})) << "block 2 is missing";
    EXPECT_FALSE(accepts_blocks(right_blocks(1, 2), {range(1, 2), range(3, 4)})) << "of the second range";
    fog::BlocksAnswer behind = right_blocks(1, 2);
    behind.count = BlockCount{2};
    behind.global_txo_count = c.model.txo_count(behind.count);
    EXPECT_TRUE(accepts_blocks(behind, {range(1, 3)})) << "the ledger copy is behind and says so";
    fog::BlocksAnswer beyond = right_blocks(1, 3);
    beyond.count = BlockCount{5};
    EXPECT_FALSE(accepts_blocks(beyond, {range(1, 3)}));
    fog::BlocksAnswer forged = right_blocks(1, 3);
    auto other = std::make_shared<fog::LedgerBlock>(*forged.blocks[0].block);
    forged.blocks[0].block = other;
    EXPECT_TRUE(accepts_blocks(forged, {range(1, 3)})) << "the same block, from a wire";
    other->outputs.back().public_key.bytes[31] ^= 1;
    EXPECT_FALSE(accepts_blocks(forged, {range(1, 3)})) << "not the canonical block";
}

TEST_F(LedgerResponseTest, response_rejects_blocks_with_other_times_and_totals_or_too_many_of_them) {
    const std::vector<BlockRange> asked{range(1, 3)};
    std::vector<std::function<void(fog::BlocksAnswer&)>> wrongs{
        [](auto& a) { a.global_txo_count += 1; },
        [](auto& a) { a.blocks[0].time.timestamp_s = 1002; },
        [](auto& a) { a.blocks[0].time.code = fog::BlockTime::Code::behind; }, // and gives one
        [](auto& a) { a.blocks.push_back(a.blocks[0]); },
        [](auto& a) { std::swap(a.blocks[0], a.blocks[1]); },
        [this](auto& a) {
            a.blocks.push_back({c.model.block(BlockIndex{3}), {}});
        }, // nobody has asked
        [](auto& a) { a.blocks[0].block = nullptr; },
    };
    for (std::size_t i = 0; i < wrongs.size(); ++i) {
        fog::BlocksAnswer wrong = right_blocks(1, 3);
        wrongs[i](wrong);
        EXPECT_FALSE(accepts_blocks(wrong, asked)) << "wrong answer " << i;
    }
    fog::BlocksAnswer unknown_time = right_blocks(1, 3);
    unknown_time.blocks[0].time = {};
    EXPECT_TRUE(accepts_blocks(unknown_time, asked)) << "the watcher is behind";
}

TEST_F(LedgerResponseTest, response_rejects_key_image_answers_with_totals_of_another_count) {
    fog::KeyImagesAnswer wrong = right_images();
    wrong.global_txo_count -= 1;
    EXPECT_FALSE(accepts_images(wrong));
    wrong = right_images();
    wrong.latest_block_version = 3;
    EXPECT_FALSE(accepts_images(wrong));
}

TEST_F(LedgerResponseTest, response_rejects_outputs_and_proofs_against_their_count) {
    EXPECT_TRUE(accepts_outputs(right_outputs()));
    std::vector<std::function<void(fog::OutputsAnswer&)>> wrongs{
        [](auto& a) { a.count = BlockCount{5}; },
        [](auto& a) { a.global_txo_count = 5; },
        [](auto& a) { a.results[0].proof_highest_index = 6; }, // about a newer root
        [](auto& a) { a.results[0].proof_highest_index = 4; },
        [](auto& a) { a.results[0].code = fog::OutputResult::Code::does_not_exist; },
        [](auto& a) { a.results[0].code = fog::OutputResult::Code::database_error; },
        [](auto& a) { a.results[1].code = fog::OutputResult::Code::exists; },
        [](auto& a) { a.results[0].output.reset(); },
        [this](auto& a) { a.results[0].output = c.model.block(BlockIndex{1})->outputs[0]; },
        [](auto& a) { a.results[0].output->target_key.bytes[0] ^= 1; },
        [](auto& a) { a.latest_block_version = 3; },
        [](auto& a) { a.results.pop_back(); },
        [](auto& a) { a.results.push_back(a.results[1]); },
        [](auto& a) { std::swap(a.results[0], a.results[1]); },
        [](auto& a) { a.results[1].output = a.results[0].output; },
    };
    for (std::size_t i = 0; i < wrongs.size(); ++i) {
        fog::OutputsAnswer wrong = right_outputs();
        wrongs[i](wrong);
        EXPECT_FALSE(accepts_outputs(wrong)) << "wrong answer " << i;
    }
}

TEST_F(LedgerResponseTest, response_rejects_an_output_status_against_its_count) {
    EXPECT_TRUE(accepts_status(right_status()));
    std::vector<std::function<void(fog::TxOutStatusAnswer&)>> wrongs{
        [](auto& a) { a.count = BlockCount{5}; },
        [](auto& a) { a.results[0].code = fog::TxOutStatus::Code::not_found; },
        [](auto& a) { a.results[0].place.block = BlockIndex{2}; },
        [](auto& a) { a.results[0].place.index = GlobalIndex{2}; },
        [](auto& a) { a.results[1].code = fog::TxOutStatus::Code::found; },
        [](auto& a) { a.results[0].code = fog::TxOutStatus::Code::malformed; },
        [](auto& a) { a.results[0].code = fog::TxOutStatus::Code::database_error; },
        [](auto& a) { a.results[0].time.timestamp_s = 1002; },
        [](auto& a) { a.global_txo_count += 1; },
        [](auto& a) { a.results.pop_back(); },
        [](auto& a) { std::swap(a.results[0], a.results[1]); },
    };
    for (std::size_t i = 0; i < wrongs.size(); ++i) {
        fog::TxOutStatusAnswer wrong = right_status();
        wrongs[i](wrong);
        EXPECT_FALSE(accepts_status(wrong)) << "wrong answer " << i;
    }
    fog::TxOutStatusAnswer behind = right_status();
    behind.count = BlockCount{1};
    behind.global_txo_count = c.model.txo_count(behind.count);
    behind.results[0].code = fog::TxOutStatus::Code::not_found;
    EXPECT_TRUE(accepts_status(behind));
    fog::TxOutStatusAnswer failed = right_status();
    failed.results[0].code = fog::TxOutStatus::Code::database_error;
    EXPECT_TRUE(accepts_status(failed, true)) << "a declared fault has struck this look-up";
    fog::TxOutStatusAnswer timeless = right_status();
    timeless.results[0].time = {};
    EXPECT_TRUE(accepts_status(timeless)) << "the watcher is behind";
}

} // namespace
} // namespace engine::check
