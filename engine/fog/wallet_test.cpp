#include "engine/fog/wallet.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/fog/testing/scripted_fog.hpp"

namespace engine::fog {
namespace {

using namespace engine::fog::testing;

// Amounts are distinct powers of two: a wrong sum names the coin.  Letters and numbers of the test names are
// those of upstream's facts about the balance check: cases A to J, steps V, B, S, K and R, defects U1 to U11.
struct WalletTest : ::testing::Test {
    TestBed bed;
    ScriptedFog fog{bed};
    WalletConfig config{};
    std::optional<Wallet> wallet_;

    Wallet& wallet() {
        if (!wallet_) wallet_.emplace(bed.host, fog.account, fog, fog, config);
        return *wallet_;
    }
    void fresh() { wallet_.reset(); }
    Result<BalanceReport> check() { return bed.run(wallet().check()); }

    /// A check succeeds with this pair, which is true.
    void expect_shows(std::uint64_t count, std::uint64_t amount) {
        const Result<BalanceReport> report = check();
        ASSERT_TRUE(report) << name(report.error().code);
        EXPECT_EQ(report->count.value, count);
        EXPECT_EQ(report->value(), Value{amount});
        EXPECT_EQ(report->value(), fog.truth(report->count)) << "the pair must be true";
    }
    void expect_fails(Code code) { EXPECT_EQ(code_of(check()), code); }
    void set_heights(std::uint64_t view, std::uint64_t ledger) {
        fog.view = BlockCount{view};
        fog.images = fog.ledger = BlockCount{ledger};
    }
    static std::vector<Pay> pays(std::initializer_list<std::uint64_t> values) {
        std::vector<Pay> all;
        for (std::uint64_t value : values) all.push_back({value});
        return all;
    }
    /// Block 1 pays 1 and 2, block 2 pays 4 and spends the 1.
    void two_blocks() {
        fog.open_rng(1);
        fog.block(pays({1, 2}));
        fog.block(pays({4}), {{1, 0}});
    }
};

// ---------------------------------------------------------------------------------------------- cases A to J

TEST_F(WalletTest, A_level_services_show_everything) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
}

TEST_F(WalletTest, B_view_ahead_is_held_back_to_what_the_ledger_knows_of_an_unspent_output) {
    two_blocks();
    set_heights(3, 2);
    expect_shows(2, 3); // neither the 4 of block 2 nor the spend of the 1
}

TEST_F(WalletTest, C_view_ahead_with_every_old_output_spent_may_pass_the_ledger) {
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.block({}, {{1, 0}});
    fog.block(pays({2}));
    fog.block(pays({4}));
    set_heights(5, 3);
    expect_shows(4, 2); // the 2 of block 3 is unspent as of 4 without asking anybody
}

TEST_F(WalletTest, C_view_ahead_with_nothing_unspent_shows_views_count) {
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.block({}, {{1, 0}});
    fog.block({});
    set_heights(4, 3);
    expect_shows(4, 0);
}

TEST_F(WalletTest, D_ledger_ahead_still_counts_what_is_spent_later) {
    two_blocks();
    set_heights(2, 3);
    expect_shows(2, 3);
}

TEST_F(WalletTest, E_silent_view_leaves_the_count) {
    two_blocks();
    set_heights(2, 2);
    expect_shows(2, 3);
    fog.level();
    fog.view_error = [](std::size_t) { return Code::unavailable; };
    expect_shows(2, 3);
}

TEST_F(WalletTest, E_view_behind_what_it_promised_leaves_the_count) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    set_heights(1, 3);
    fog.forget_queries();
    expect_shows(3, 6);
    EXPECT_EQ(fog.order, "vi") << "a replica that is behind is not searched";
    set_heights(0, 0);
    expect_shows(3, 6);
}

TEST_F(WalletTest, E_better_knowledge_of_the_ledger_helps_while_view_is_silent) {
    two_blocks();
    set_heights(3, 2);
    expect_shows(2, 3);
    fog.view_error = [](std::size_t) { return Code::unavailable; };
    fog.images = BlockCount{3};
    expect_shows(3, 6);
}

TEST_F(WalletTest, F_failing_key_images_are_an_error_and_no_pair) {
    two_blocks();
    fog.level();
    fog.images_error = [](std::size_t) { return Code::unavailable; };
    expect_fails(Code::unavailable);
    fog.images_error = nullptr;
    expect_shows(3, 6);
}

TEST_F(WalletTest, G_missed_range_that_cannot_be_fetched_caps_the_count_at_its_start) {
    two_blocks();
    fog.block({{8, 0, {}}});
    fog.block({});
    fog.lose(3, 6);
    fog.level();
    fog.ledger = BlockCount{3};
    expect_shows(3, 6);
    fog.ledger = BlockCount{4};
    expect_shows(4, 14);
}

TEST_F(WalletTest, H_missed_block_is_at_most_the_count_after_it_until_its_images_were_asked) {
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.block({{8, 0, {}}});
    fog.block({}, {{2, 0}});
    fog.block({});
    fog.lose(2, 4);
    fog.level();
    fog.images_error = [](std::size_t) { return Code::unavailable; };
    expect_fails(Code::unavailable);
    EXPECT_LE(wallet().report().count, BlockCount{3});
    EXPECT_EQ(wallet().report().value(), fog.truth(wallet().report().count));
    fog.images_error = nullptr;
    expect_shows(5, 1);
}

TEST_F(WalletTest, I_fresh_wallet_before_view_is_ready) {
    two_blocks();
    set_heights(0, 3);
    expect_shows(0, 0);
}

TEST_F(WalletTest, J_fresh_wallet_before_anything_was_ingested) {
    fog.block({});
    fog.level();
    expect_shows(2, 0);
    EXPECT_EQ(fog.order, "v") << "no RNG to search, nothing to ask about";
}

// ---------------------------------------------------------------------------------------------- view polling

TEST_F(WalletTest, V1_first_request_asks_for_events_only_and_its_failure_changes_nothing) {
    two_blocks();
    set_heights(2, 2);
    expect_shows(2, 3);
    ASSERT_FALSE(fog.view_queries.empty());
    EXPECT_EQ(fog.view_queries[0].events_after, UserEventId{0});
    EXPECT_TRUE(fog.view_queries[0].keys.empty());

    fog.level();
    fog.lose(1, 2);
    fog.open_rng(2);
    fog.forget_queries();
    fog.view_error = [](std::size_t) { return Code::permission_denied; };
    expect_shows(2, 3);
    EXPECT_EQ(fog.order, "vi") << "the check goes on with the key images";
    fog.view_error = nullptr;
    expect_shows(3, 6);
}

TEST_F(WalletTest, V2_repeated_rng_record_does_not_reset_the_position) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    fog.announce(std::get<RngRecord>(fog.events[0].what));
    fog.block(pays({8}));
    fog.level();
    fog.forget_queries();
    expect_shows(4, 14);
    ASSERT_GE(fog.view_queries.size(), 2u);
    EXPECT_EQ(fog.view_queries.size(), 2u) << "one batch: the position was kept";
}

TEST_F(WalletTest, V3_cursor_moves_with_the_events_and_the_next_check_asks_from_there) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    fog.forget_queries();
    expect_shows(3, 6);
    EXPECT_EQ(fog.view_queries[0].events_after, UserEventId{1});
}

TEST_F(WalletTest, V4_unchanged_count_ends_the_polling_after_one_request) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    fog.forget_queries();
    fog.open_rng(3);
    expect_shows(3, 6);
    EXPECT_EQ(fog.order, "vi");
    expect_shows(3, 6);
    EXPECT_EQ(fog.view_queries.back().events_after, UserEventId{2})
        << "what was heard is not asked for again";
}

TEST_F(WalletTest, V5_batches_double_until_a_round_is_not_fully_answered) {
    fog.open_rng(1);
    fog.block(pays({1, 2, 4, 8, 16, 32}));
    fog.level();
    expect_shows(2, 63);
    std::vector<std::size_t> sizes;
    for (const ViewQuery& query : fog.view_queries) sizes.push_back(query.keys.size());
    EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 2, 4, 8})) << "2 and 4 fully answered, then a miss";
}

TEST_F(WalletTest, V5_batch_is_capped_by_the_keys_of_one_query) {
    config.keys_per_query = 5;
    fog.open_rng(1);
    fog.open_rng(1);
    fog.block(pays({1, 2, 4, 8, 16, 32, 64}));
    fog.level();
    expect_shows(2, 127);
    for (const ViewQuery& query : fog.view_queries) EXPECT_LE(query.keys.size(), 5u);
}

TEST_F(WalletTest, V5_looking_ahead_moves_nothing) {
    fog.open_rng(1);
    fog.block({});
    fog.level();
    expect_shows(2, 0);
    const std::vector<chain::SearchKey> asked = fog.view_queries.at(1).keys;
    fog.block(pays({1}));
    fog.level();
    fog.forget_queries();
    expect_shows(3, 1);
    EXPECT_EQ(fog.view_queries.at(1).keys, asked) << "a miss is asked again, W11";
}

TEST_F(WalletTest, V5_search_asks_for_no_events_and_its_cursor_is_never_stored) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    for (std::size_t i = 1; i < fog.view_queries.size(); ++i)
        EXPECT_EQ(fog.view_queries[i].events_after, UserEventId::none());
    fog.open_rng(3);
    fog.block({{8, 0, 1}});
    fog.level();
    expect_shows(4, 14); // W13
}

TEST_F(WalletTest, V5_failed_search_keeps_what_was_found_and_leaves_the_count) {
    fog.open_rng(1);
    fog.block(pays({1, 2, 4}));
    fog.level();
    fog.view_error = [](std::size_t n) { return n >= 3 ? std::optional(Code::unavailable) : std::nullopt; };
    expect_shows(0, 0);
    EXPECT_NE(wallet().debug_text().find("value 2"), std::string::npos) << "kept: the RNG has moved past it";
    fog.view_error = nullptr;
    expect_shows(2, 7);
}

TEST_F(WalletTest, V5_count_is_the_smallest_of_the_polls_answers) {
    fog.open_rng(1);
    fog.block(pays({1, 2}));
    fog.block(pays({4}));
    fog.level();
    fog.before_view = [this](std::size_t n) { fog.view = BlockCount{n == 2 ? 2u : 3u}; };
    expect_shows(2, 3);
    expect_shows(3, 7);
}

TEST_F(WalletTest, V5_record_that_does_not_open_does_not_stop_the_rng) {
    fog.open_rng(1);
    fog.block(pays({1, 2, 4}));
    fog.level();
    fog.change_view = [](std::size_t, ViewAnswer& answer) {
        static const auto garbage = std::make_shared<const chain::Bytes>(chain::Bytes(237, 9));
        if (!answer.results.empty() && answer.results[0].code == SearchCode::found)
            answer.results[0].payload = garbage;
    };
    const Result<BalanceReport> report = check();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->value(), Value{2}) << "the first of each of the two batches is unreadable";
}

TEST_F(WalletTest, V5_rng_that_missed_is_not_asked_again_in_the_same_poll) {
    const std::size_t busy = fog.open_rng(1);
    fog.open_rng(1);
    fog.block({{1, 0, busy}, {2, 0, busy}, {4, 0, busy}});
    fog.level();
    expect_shows(2, 7);
    std::vector<std::size_t> sizes;
    for (const ViewQuery& query : fog.view_queries) sizes.push_back(query.keys.size());
    EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 4, 4})) << "two keys each, then four of the busy one";
}

TEST_F(WalletTest, V6_smaller_count_is_no_news) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    EXPECT_EQ(wallet().highest_processed(), BlockCount{3});
    fog.block(pays({8}));
    fog.level();
    fog.before_view = [this](std::size_t n) { fog.view = BlockCount{n % 2 == 0 ? 1u : 4u}; };
    fog.forget_queries();
    const Result<BalanceReport> report = check();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->count, BlockCount{3});
    EXPECT_EQ(report->value(), fog.truth(BlockCount{3}));
}

// --------------------------------------------------------------------------------------------- missed blocks

TEST_F(WalletTest, B1_nothing_missing_asks_for_no_blocks) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    EXPECT_TRUE(fog.block_queries.empty());
}

TEST_F(WalletTest, B2_failed_download_leaves_the_list_and_is_no_error) {
    fog.block({{1, 0, {}}});
    fog.block({});
    fog.lose(1, 2);
    fog.level();
    fog.blocks_error = [](std::size_t) { return Code::internal; };
    expect_shows(1, 0);
    fog.blocks_error = nullptr;
    expect_shows(3, 1);
}

TEST_F(WalletTest, B3_downloaded_block_gives_the_same_outputs_as_view_and_ignores_strangers) {
    const std::size_t rng = fog.open_rng(1);
    fog.block({{1, 0, rng}, {2, 0, {}}});
    fog.lose(1, 2);
    fog.level();
    expect_shows(2, 3); // the 1 comes from both sources and counts once, BH-22
    const std::string text = wallet().debug_text();
    for (const ScriptedFog::Output* out : {&fog.output({1, 0}), &fog.output({1, 1})})
        EXPECT_NE(text.find("output " + std::to_string(out->index.value) + ":"), std::string::npos) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
}

TEST_F(WalletTest, B4_only_blocks_that_came_leave_the_list) {
    for (std::uint64_t value : {1u, 2u, 4u, 8u}) fog.block({{value, 0, {}}});
    fog.lose(1, 9);
    fog.level();
    // Blocks 1 and 3 come, 2 is left out: a hole inside the answer (BH-21).
    fog.change_blocks = [](std::size_t n, BlocksAnswer& answer) {
        if (n != 1) return;
        std::erase_if(answer.blocks, [](const FoundBlock& f) { return f.block->index.value % 2 == 0; });
    };
    expect_shows(2, 1);
    fog.forget_queries();
    fog.change_blocks = nullptr;
    expect_shows(5, 15);
    EXPECT_EQ(fog.block_queries,
              (std::vector<std::vector<BlockRange>>{{fog.range(2, 3)}, {fog.range(4, 9)}}));
    fog.block({{16, 0, {}}});
    fog.level();
    fog.forget_queries();
    expect_shows(6, 31);
    EXPECT_EQ(fog.block_queries, (std::vector<std::vector<BlockRange>>{{fog.range(5, 9)}}))
        << "the future tail is asked for again";
}

TEST_F(WalletTest, B4_overlapping_ranges_are_fetched_once) {
    for (std::uint64_t value : {1u, 2u, 4u}) fog.block({{value, 0, {}}});
    fog.lose(1, 3);
    fog.lose(2, 4);
    fog.lose(1, 3);
    fog.level();
    expect_shows(4, 7);
    EXPECT_EQ(fog.block_queries, (std::vector<std::vector<BlockRange>>{{fog.range(1, 4)}}));
}

// ------------------------------------------------------------------------------------------------ outputs

TEST_F(WalletTest, S1_default_legacy_change_and_change_subaddresses_are_owned) {
    const std::size_t rng = fog.open_rng(1);
    fog.block({{1, 0, rng, 0}, {2, 0, rng, 1}, {4, 0, rng, chain::change_subaddress}, {8, 0, rng, 5}});
    fog.level();
    const Result<BalanceReport> report = check();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->value(), Value{7}) << "index 5 is not in the table";
}

TEST_F(WalletTest, S3_new_output_is_unspent_as_of_the_count_after_its_block) {
    fog.open_rng(1);
    fog.block({});
    fog.block(pays({1}));
    fog.block({});
    set_heights(4, 1); // the ledger has not even the output's block
    expect_shows(3, 1);
}

// ------------------------------------------------------------------------------------------------ key images

TEST_F(WalletTest, K1_only_outputs_not_known_spent_are_asked_about) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    fog.forget_queries();
    expect_shows(3, 6);
    ASSERT_EQ(fog.image_queries.size(), 1u);
    EXPECT_EQ(fog.image_queries[0].size(), 2u) << "not about the spent 1";
}

TEST_F(WalletTest, K2_each_chunk_counts_for_its_own_images) { // BH-19
    config.images_per_query = 1;
    fog.open_rng(1);
    fog.block(pays({1, 2}));
    fog.level();
    expect_shows(2, 3);
    // Whichever chunk goes first: its coin is spent right after it was answered for, in block 2.
    const chain::KeyImage first = fog.image_queries.at(0).at(0);
    const std::size_t number = fog.output({1, 0}).image == first ? 0 : 1;
    fog.block({}, {{1, number}});
    fog.forget_queries();
    fog.before_images = [this](std::size_t n) { fog.images = BlockCount{n == 1 ? 2u : 3u}; };
    fog.view = BlockCount{3};
    expect_shows(2, 3);
    fog.before_images = nullptr;
    fog.images = BlockCount{3};
    expect_shows(3, number == 0 ? 2 : 1);
}

TEST_F(WalletTest, K3_older_answer_of_a_lagging_replica_takes_nothing_back) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    fog.images = BlockCount{1};
    expect_shows(3, 6);
}

TEST_F(WalletTest, K3_error_unknown_and_missing_results_leave_the_status) { // BH-50
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.block({}, {{1, 0}});
    fog.level();
    using Change = std::function<void(std::size_t, KeyImagesAnswer&)>;
    const std::vector<Change> changes{
        [](std::size_t, KeyImagesAnswer& a) { a.results[0].code = KeyImageCode::error; },
        [](std::size_t, KeyImagesAnswer& a) { a.results[0].code = static_cast<KeyImageCode>(9); },
        [](std::size_t, KeyImagesAnswer& a) { a.results.clear(); },
        [](std::size_t, KeyImagesAnswer& a) { a.results[0].image.bytes[0] ^= 1; },
    };
    for (const Change& change : changes) {
        fog.change_images = change;
        expect_shows(2, 1); // the count cannot pass what is not known
    }
    fog.change_images = nullptr;
    expect_shows(3, 0);
}

TEST_F(WalletTest, K3_spent_at_of_an_unspent_image_means_nothing) { // W30
    two_blocks();
    fog.level();
    fog.change_images = [](std::size_t, KeyImagesAnswer& answer) {
        for (KeyImageResult& result : answer.results)
            if (result.code == KeyImageCode::not_spent) result.spent_at = BlockIndex{1};
    };
    expect_shows(3, 6);
}

TEST_F(WalletTest, K3_result_given_twice_is_harmless) { // BH-46
    two_blocks();
    fog.level();
    fog.change_images = [](std::size_t, KeyImagesAnswer& answer) {
        const std::vector<KeyImageResult> once = answer.results;
        answer.results.insert(answer.results.end(), once.begin(), once.end());
    };
    expect_shows(3, 6);
}

TEST_F(WalletTest, K4_failed_chunk_fails_the_check_and_keeps_what_others_said) {
    config.images_per_query = 1;
    two_blocks();
    fog.level();
    fog.images_error = [](std::size_t n) {
        return n > 1 ? std::optional(Code::permission_denied) : std::nullopt;
    };
    expect_fails(Code::permission_denied);
    EXPECT_EQ(fog.image_queries.size(), 2u) << "nothing is asked after the failure";
    EXPECT_EQ(wallet().report().value(), fog.truth(wallet().report().count));
    fog.images_error = nullptr;
    expect_shows(3, 6);
}

TEST_F(WalletTest, K5_spending_the_limiting_output_frees_the_count) {
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.block({});
    fog.block({}, {{1, 0}});
    set_heights(4, 2);
    expect_shows(2, 1);
    set_heights(4, 4);
    expect_shows(4, 0);
}

// ------------------------------------------------------------------------------------------------ report

TEST_F(WalletTest, R2_each_of_the_three_limits_can_be_the_smallest) {
    fog.open_rng(1);
    fog.block(pays({1}));
    for (int i = 0; i < 4; ++i) fog.block({});
    fog.lose(4, 9);
    fog.view = BlockCount{2};
    fog.images = BlockCount{6};
    expect_shows(2, 1); // H
    fog.view = BlockCount{6};
    fog.images = BlockCount{3};
    fresh();
    expect_shows(3, 1); // K
    fog.images = BlockCount{6};
    expect_shows(4, 1); // M: the block service has nothing
    fog.ledger = BlockCount{6};
    expect_shows(6, 1);
}

TEST_F(WalletTest, R3_tokens_are_summed_apart) {
    const std::size_t rng = fog.open_rng(1);
    fog.block({{1, 0, rng}, {2, 8192, rng}, {4, 8192, rng}});
    fog.level();
    const Result<BalanceReport> report = check();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->value(0), Value{1});
    EXPECT_EQ(report->value(8192), Value{6});
    EXPECT_EQ(report->value(7), Value{0});
}

TEST_F(WalletTest, R5_restarted_services_do_not_take_the_count_back) { // BH-36, BH-47
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    set_heights(0, 0);
    expect_shows(3, 6);
    set_heights(1, 1);
    expect_shows(3, 6);
}

TEST_F(WalletTest, order_is_view_then_blocks_then_images) {
    two_blocks();
    fog.block({{8, 0, {}}});
    fog.lose(3, 4);
    fog.level();
    expect_shows(4, 14);
    EXPECT_EQ(fog.order, "vvvbi");
    ASSERT_EQ(fog.image_queries.size(), 1u);
    EXPECT_EQ(fog.image_queries[0].size(), 4u) << "outputs just found are asked about in the same check";
}

TEST_F(WalletTest, two_rngs_that_start_at_one_block_are_both_searched) { // BH-34
    const std::size_t one = fog.open_rng(1);
    const std::size_t two = fog.open_rng(1);
    fog.block({{1, 0, one}, {2, 0, two}});
    fog.level();
    expect_shows(2, 3);
}

// -------------------------------------------------------------------------------------------- transport, 1.9

TEST_F(WalletTest, transient_errors_are_tried_four_times) {
    two_blocks();
    fog.level();
    for (Code code : {Code::unavailable, Code::unknown, Code::not_ready, Code::internal}) {
        fresh();
        fog.forget_queries();
        fog.images_error = [code](std::size_t n) { return n < 4 ? std::optional(code) : std::nullopt; };
        expect_shows(3, 6);
        fresh();
        fog.forget_queries();
        fog.images_error = [code](std::size_t) { return code; };
        expect_fails(code);
        EXPECT_EQ(fog.image_queries.size(), 4u) << name(code);
    }
}

TEST_F(WalletTest, other_errors_are_final) {
    two_blocks();
    fog.level();
    for (Code code : {Code::permission_denied, Code::invalid_argument, Code::not_found}) {
        fresh();
        fog.forget_queries();
        fog.images_error = [code](std::size_t) { return code; };
        expect_fails(code);
        EXPECT_EQ(fog.image_queries.size(), 1u) << name(code);
    }
}

TEST_F(WalletTest, attempts_are_apart_by_the_retry_delay) {
    two_blocks();
    fog.level();
    fog.view_error = [](std::size_t) { return Code::unavailable; };
    const Instant begun = bed.scheduler.now();
    expect_shows(0, 0);
    EXPECT_EQ(bed.scheduler.now() - begun, 3 * 20ms + 4 * 1ms);
}

// --------------------------------------------------------------------------------------- defects of upstream

TEST_F(WalletTest, U1_missed_range_heard_of_before_the_count_moves_is_kept) {
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.level();
    expect_shows(2, 1);
    fog.lose(2, 4); // the count does not move: the poll ends early
    expect_shows(2, 1);
    fog.block({{2, 0, {}}});
    fog.block({{4, 0, {}}});
    fog.view = fog.images = BlockCount{4};
    expect_shows(2, 1); // upstream: (4, 1)
    fog.level();
    expect_shows(4, 7);
}

TEST_F(WalletTest, U2_limit_of_a_missed_range_is_its_start) {
    fog.block({{1, 0, {}}});
    fog.block({});
    fog.lose(1, 2);
    fog.level();
    fog.ledger = BlockCount{0};
    expect_shows(1, 0); // upstream: (2, 0)
}

TEST_F(WalletTest, U3_search_error_does_not_raise_the_count) { // BH-17
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.level();
    expect_shows(2, 1);
    fog.block(pays({2}));
    fog.level();
    for (SearchCode code : {SearchCode::internal_error, SearchCode::rate_limited, SearchCode::bad_search_key,
                            static_cast<SearchCode>(77)}) {
        fog.change_view = [code](std::size_t, ViewAnswer& answer) {
            for (SearchResult& result : answer.results) result = {result.key, code, nullptr};
        };
        expect_shows(2, 1); // upstream: (3, 1)
    }
    fog.change_view = nullptr;
    expect_shows(3, 3); // without a new block: the poll is repeated
}

TEST_F(WalletTest, record_found_without_its_bytes_is_an_error_and_no_crash) {
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.level();
    fog.change_view = [](std::size_t, ViewAnswer& answer) {
        for (SearchResult& result : answer.results) result = {result.key, SearchCode::found, nullptr};
    };
    expect_shows(0, 0);
    fog.change_view = nullptr;
    expect_shows(2, 1);
}

TEST_F(WalletTest, U3_search_key_without_any_result_does_not_raise_the_count) {
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.level();
    fog.change_view = [](std::size_t, ViewAnswer& answer) { answer.results.clear(); };
    expect_shows(0, 0);
    fog.change_view = nullptr;
    expect_shows(2, 1);
}

TEST_F(WalletTest, U4_rng_record_that_cannot_be_used_fails_every_check) {
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.level();
    expect_shows(2, 1);
    RngRecord newer;
    newer.invocation = InvocationId{2};
    newer.egress_key.bytes[0] = 7;
    newer.rng_version = 1;
    fog.announce(newer);
    fog.block(pays({2}));
    fog.level();
    expect_fails(Code::failed_precondition);
    expect_fails(Code::failed_precondition); // the cursor has not moved past it
    EXPECT_EQ(wallet().highest_processed(), BlockCount{2});
}

TEST_F(WalletTest, U4_egress_key_that_is_no_point_fails_every_check) {
    RngRecord broken;
    broken.invocation = InvocationId{1};
    broken.egress_key.bytes[31] = 0x80;
    fog.announce(broken);
    fog.block({});
    fog.level();
    expect_fails(Code::failed_precondition);
    expect_fails(Code::failed_precondition);
}

TEST_F(WalletTest, U5_block_with_an_output_it_cannot_read_stays_missing) {
    fog.block({{1, 0, {}}, {2, 0, {}}});
    fog.block({});
    fog.lose(1, 3);
    fog.level();
    auto readable = fog.history[1];
    auto broken = std::make_shared<LedgerBlock>(*readable);
    broken->outputs[1].masked_amount.reset(); // the form of a newer version
    fog.history[1] = broken;
    expect_shows(1, 0); // upstream: (3, 2)
    fog.history[1] = readable;
    expect_shows(3, 3);
}

TEST_F(WalletTest, U6_answer_about_a_key_image_is_for_every_output_that_has_it) {
    fog.open_rng(1);
    fog.block(pays({1}));
    fog.block_with_copy({1, 0});
    fog.block({});
    fog.block({});
    fog.level();
    expect_shows(5, 2); // upstream: stays at 2
}

TEST_F(WalletTest, U7_output_seen_again_keeps_what_is_known_of_it) { // BH-26
    const std::size_t rng = fog.open_rng(1);
    fog.block({{1, 0, rng}, {2, 0, rng}});
    fog.block({}, {{1, 0}});
    fog.block({});
    fog.level();
    expect_shows(4, 2);
    fog.lose(1, 2);
    fog.images_error = [](std::size_t) { return Code::unavailable; };
    expect_fails(Code::unavailable);
    EXPECT_EQ(fog.block_queries.size(), 1u);
    EXPECT_EQ(wallet().report().count, BlockCount{4}) << "upstream: back to 2";
    EXPECT_EQ(wallet().report().value(), Value{2});
}

TEST_F(WalletTest, U8_more_rngs_than_keys_of_a_query_are_searched_in_pages) {
    config.keys_per_query = 4;
    std::uint64_t sum = 0;
    std::vector<Pay> all;
    for (std::uint64_t i = 0; i < 11; ++i) {
        const std::size_t rng = fog.open_rng(1);
        for (int j = 0; j < 2; ++j) all.push_back({1ull << (2 * i + static_cast<std::uint64_t>(j)), 0, rng});
    }
    for (const Pay& pay : all) sum += pay.value;
    fog.block(std::move(all));
    fog.level();
    expect_shows(2, sum);
    for (const ViewQuery& query : fog.view_queries) EXPECT_LE(query.keys.size(), 4u);
}

TEST_F(WalletTest, U9_event_request_comes_alone_so_that_new_rngs_are_searched_before_the_count_counts) {
    two_blocks();
    fog.level();
    expect_shows(3, 6);
    EXPECT_TRUE(fog.view_queries[0].keys.empty());
    const std::size_t rng = fog.open_rng(3);
    fog.block({{8, 0, rng}});
    fog.level();
    expect_shows(4, 14); // in the very check that hears of the RNG
}

TEST_F(WalletTest, U10_missed_blocks_are_fetched_in_pages) {
    config.blocks_per_query = 3;
    for (std::uint64_t i = 0; i < 8; ++i) fog.block({{1ull << i, 0, {}}});
    fog.lose(1, 1'000'000'000'000);
    fog.level();
    expect_shows(9, 255);
    EXPECT_EQ(fog.block_queries, (std::vector<std::vector<BlockRange>>{
                                     {fog.range(1, 4)}, {fog.range(4, 7)}, {fog.range(7, 10)}}))
        << "and not one page beyond what exists";
}

TEST_F(WalletTest, range_up_to_the_end_of_all_numbers_keeps_nobody_busy) {
    fog.block({});
    fog.lose(~0ull - 7, ~0ull);
    fog.level();
    expect_shows(2, 0);
    EXPECT_LE(fog.block_queries.size(), 1u) << "one look: there is no such block yet";
}

TEST_F(WalletTest, U11_sum_is_wider_than_one_amount) {
    constexpr std::uint64_t huge = ~0ull;
    fog.open_rng(1);
    fog.block(pays({huge, huge}));
    fog.level();
    const Result<BalanceReport> report = check();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->value(), Value{huge} + Value{huge});
}

// --------------------------------------------------------------------------------------- decommissioned RNGs

TEST_F(WalletTest, decommissioned_rng_is_drained_before_it_is_dropped) { // W14
    const std::size_t rng = fog.open_rng(1);
    fog.block(pays({1, 2, 4, 8}));
    fog.decommission(rng, 1);
    fog.block({});
    fog.level();
    expect_shows(3, 15); // record and decommission in one answer
    fog.block({});
    fog.level();
    fog.forget_queries();
    expect_shows(4, 15);
    EXPECT_EQ(fog.view_queries.size(), 1u) << "no key of it is asked any more";
}

TEST_F(WalletTest, decommissioned_rng_is_not_dropped_by_an_answer_that_does_not_include_its_last_block) {
    const std::size_t rng = fog.open_rng(1);
    fog.block(pays({1}));
    fog.block(pays({2}));
    fog.decommission(rng, 2);
    fog.block({});
    fog.images = BlockCount{4};
    fog.view = BlockCount{2};
    expect_shows(2, 1);
    fog.view = BlockCount{4};
    expect_shows(4, 3);
}

TEST_F(WalletTest, decommissioned_rng_is_not_dropped_by_an_error) {
    const std::size_t rng = fog.open_rng(1);
    fog.block(pays({1}));
    fog.decommission(rng, 1);
    fog.block({});
    fog.level();
    fog.change_view = [](std::size_t, ViewAnswer& answer) {
        for (SearchResult& result : answer.results)
            result = {result.key, SearchCode::internal_error, nullptr};
    };
    expect_shows(0, 0);
    fog.change_view = nullptr;
    expect_shows(3, 1);
}

TEST_F(WalletTest, decommission_may_be_heard_of_before_its_rng_record) {
    Decommission early;
    early.invocation = InvocationId{1};
    early.last_ingested = BlockIndex{1};
    fog.announce(early);
    fog.block({});
    fog.level();
    expect_shows(2, 0);
    fog.open_rng(1);
    fog.block({});
    fog.level();
    expect_shows(3, 0);
    fog.block({});
    fog.level();
    fog.forget_queries();
    expect_shows(4, 0);
    EXPECT_EQ(fog.view_queries.size(), 1u);
}

// -------------------------------------------------------------------------------------- killed and continued

// Outputs over two RNGs, a missed block, several chunks and pages: every kind of await is in it.
void arrange_busy_world(ScriptedFog& fog, WalletConfig& config) {
    config.images_per_query = 2;
    config.blocks_per_query = 1;
    config.keys_per_query = 4;
    const std::size_t one = fog.open_rng(1);
    const std::size_t two = fog.open_rng(2);
    fog.block({{1, 0, one}, {2, 0, one}, {4, 0, one}});
    fog.block({{8, 0, two}, {16, 0, one}}, {{1, 0}});
    fog.block({{32, 0, {}}});
    fog.block({{64, 0, {}}}, {{1, 1}});
    fog.block({{128, 0, two}}, {{3, 0}});
    fog.lose(3, 5);
    fog.decommission(one, 2);
    fog.level();
}

TEST_F(WalletTest, killed_at_every_await_and_continued_it_shows_the_same) {
    arrange_busy_world(fog, config);
    std::size_t steps = 0;
    {
        bool done = false;
        detail::Slot<Result<BalanceReport>> slot;
        const std::uint64_t before = bed.scheduler.steps();
        spawn(bed.scheduler, NodeId{1}, "check", detail::keep(wallet().check(), &slot));
        bed.scheduler.run_until([&] { return done = bool(slot.value); });
        steps = static_cast<std::size_t>(bed.scheduler.steps() - before);
        ASSERT_TRUE(done && slot.value->has_value());
        ASSERT_GE(steps, 20u) << "else this test does not look at much";
    }
    const BlockCount height = fog.height();
    for (std::size_t killed_after = 1; killed_after < steps; ++killed_after) {
        fresh();
        detail::Slot<Result<BalanceReport>> slot;
        const TaskRef task = spawn(bed.scheduler, NodeId{1}, "check", detail::keep(wallet().check(), &slot));
        for (std::size_t i = 0; i < killed_after; ++i) bed.scheduler.step();
        ASSERT_FALSE(slot.value);
        bed.scheduler.kill(task);
        const BalanceReport half = wallet().report();
        EXPECT_EQ(half.value(), fog.truth(half.count)) << "killed after step " << killed_after;
        SCOPED_TRACE(killed_after);
        expect_shows(height.value, 4 + 8 + 16 + 64 + 128);
    }
}

TEST_F(WalletTest, whatever_it_could_report_between_two_requests_is_true) { // BH-33
    arrange_busy_world(fog, config);
    std::size_t looked = 0;
    bed.host.at(YieldPoint::wallet_between_requests, [&] {
        const BalanceReport now = wallet().report();
        EXPECT_EQ(now.value(), fog.truth(now.count)) << wallet().debug_text();
        ++looked;
    });
    expect_shows(6, 220);
    EXPECT_GT(looked, 8u);
}

// Heights that jump up and down at every request, as replicas do; errors of every service.
TEST_F(WalletTest, any_mixture_of_heights_and_errors_gives_true_pairs_and_a_count_that_never_falls) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        TestBed random(seed);
        ScriptedFog mixed(random);
        Stream draw(random.choices, Domain::plan, 0, 0);
        std::vector<Coin> unspent;
        std::size_t rngs = 0;
        BlockCount last;
        WalletConfig small;
        small.keys_per_query = 3;
        small.images_per_query = 2;
        small.attempts = 1;
        Wallet living(random.host, mixed.account, mixed, mixed, small);
        auto some = [&](BlockCount low) {
            return BlockCount{draw.between(static_cast<std::uint32_t>(low.value),
                                           static_cast<std::uint32_t>(mixed.height().value))};
        };
        auto fails = [&](std::size_t) {
            return draw.chance(1, 12) ? std::optional(Code::unavailable) : std::nullopt;
        };
        mixed.view_error = mixed.images_error = mixed.blocks_error = fails;
        mixed.before_view = [&](std::size_t) { mixed.view = some(BlockCount{0}); };
        mixed.before_images = [&](std::size_t) { mixed.images = some(BlockCount{0}); };
        mixed.before_blocks = [&](std::size_t) { mixed.ledger = some(BlockCount{0}); };
        for (int round = 0; round < 12; ++round) {
            std::vector<Pay> pays;
            std::vector<Coin> spends;
            const bool missed = draw.chance(1, 5);
            // An event is there before any block it is about: what a right view promises.
            if (missed) mixed.lose(mixed.height().value, mixed.height().value + 1 + draw.below(2));
            if (rngs == 0 || draw.chance(1, 4)) mixed.open_rng(mixed.height().value), ++rngs;
            const std::uint32_t count = draw.below(4);
            for (std::uint32_t i = 0; i < count; ++i) {
                Pay pay{1ull << draw.below(40)};
                if (missed)
                    pay.rng.reset();
                else
                    pay.rng = draw.below(static_cast<std::uint32_t>(rngs));
                pays.push_back(pay);
            }
            while (!unspent.empty() && draw.chance(1, 2)) {
                const std::size_t at = draw.below(static_cast<std::uint32_t>(unspent.size()));
                spends.push_back(unspent[at]);
                unspent.erase(unspent.begin() + static_cast<std::ptrdiff_t>(at));
            }
            const std::size_t block = mixed.block(pays, spends);
            for (std::size_t i = 0; i < pays.size(); ++i) unspent.push_back({block, i});
            const Result<BalanceReport> report = random.run(living.check());
            if (!report) continue;
            ASSERT_EQ(report->value(), mixed.truth(report->count)) << "seed " << seed << '\n'
                                                                   << living.debug_text();
            ASSERT_GE(report->count, last) << "seed " << seed;
            last = report->count;
        }
        mixed.view_error = mixed.images_error = mixed.blocks_error = nullptr;
        mixed.before_view = mixed.before_images = mixed.before_blocks = nullptr;
        mixed.level();
        const Result<BalanceReport> end = random.run(living.check());
        ASSERT_TRUE(end);
        ASSERT_EQ(end->count, mixed.height()) << "seed " << seed << '\n' << living.debug_text();
    }
}

// ------------------------------------------------------------------------------------------------ landing

using Verdict = Wallet::Landing::Verdict;

TEST_F(WalletTest, landing_is_told_with_its_block) {
    fog.block({{1, 0, {}}});
    fog.level();
    const chain::PublicKey key = fog.history[1]->outputs[1].public_key;
    const auto landing = bed.run(wallet().landing(key, BlockIndex{1}));
    ASSERT_TRUE(landing);
    EXPECT_EQ(landing->verdict, Verdict::landed);
    EXPECT_EQ(landing->block, BlockIndex{1});
}

TEST_F(WalletTest, expired_needs_every_block_below_the_tombstone) {
    fog.block({});
    fog.block({});
    fog.level();
    chain::PublicKey nowhere;
    nowhere.bytes[0] = 5;
    auto verdict = [&](std::uint64_t tombstone) {
        return bed.run(wallet().landing(nowhere, BlockIndex{tombstone}))->verdict;
    };
    EXPECT_EQ(verdict(4), Verdict::unknown) << "block 3 may still bring it";
    EXPECT_EQ(verdict(3), Verdict::expired);
}

} // namespace
} // namespace engine::fog
