#include "engine/model/recovery_model.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace engine::model {
namespace {

chain::PublicKey key_of(std::uint8_t n) {
    chain::PublicKey key;
    key.bytes[0] = n;
    return key;
}

fog::IngestedBlock block_with(std::uint64_t index, std::vector<std::uint8_t> search_keys) {
    fog::IngestedBlock block;
    block.block = BlockIndex{index};
    auto rows = std::make_shared<std::vector<fog::Row>>();
    for (std::uint8_t n : search_keys) {
        fog::Row row;
        row.search_key.bytes[0] = n;
        row.payload = std::make_shared<const chain::Bytes>(1, n);
        rows->push_back(std::move(row));
    }
    block.rows = std::move(rows);
    return block;
}

fog::UserEvent event_of(std::int64_t id,
                        std::variant<fog::RngRecord, fog::Decommission, fog::MissedBlocks> what) {
    return {UserEventId{id}, std::move(what)};
}

TEST(RecoveryModel, knows_where_a_record_was_committed) {
    RecoveryModel model;
    model.key_added(key_of(1));
    model.block_added(key_of(1), InvocationId{1}, block_with(4, {7, 8}));
    chain::SearchKey key;
    key.bytes[0] = 8;
    const RecoveryModel::Place* place = model.place_of(key);
    ASSERT_NE(place, nullptr);
    EXPECT_EQ(place->block, BlockIndex{4});
    EXPECT_EQ(*place->payload, chain::Bytes(1, 8));
    key.bytes[0] = 9;
    EXPECT_EQ(model.place_of(key), nullptr);
}

TEST(RecoveryModel, scanned_is_per_key_and_needs_no_records) {
    RecoveryModel model;
    EXPECT_FALSE(model.knows_key(key_of(1)));
    model.key_added(key_of(1));
    EXPECT_TRUE(model.knows_key(key_of(1)));
    model.block_added(key_of(1), InvocationId{1}, block_with(4, {}));
    EXPECT_TRUE(model.has_scanned(key_of(1), BlockIndex{4}));
    EXPECT_FALSE(model.has_scanned(key_of(1), BlockIndex{3}));
    EXPECT_FALSE(model.has_scanned(key_of(2), BlockIndex{4}));
}

TEST(RecoveryModel, invocation_has_the_blocks_with_records_under_it) {
    RecoveryModel model;
    model.event_added(event_of(1, fog::RngRecord{InvocationId{1}, {}, 0, {}}));
    model.event_added(event_of(2, fog::RngRecord{InvocationId{2}, {}, 0, {}}));
    model.block_added(key_of(1), InvocationId{2}, block_with(4, {7}));
    model.block_added(key_of(1), InvocationId{2}, block_with(5, {}));
    ASSERT_EQ(model.invocations().size(), 2u);
    EXPECT_TRUE(model.invocations()[0].blocks.empty());
    EXPECT_EQ(model.invocations()[1].announced, UserEventId{2});
    EXPECT_EQ(model.invocations()[1].blocks, (std::vector<BlockIndex>{BlockIndex{4}}));
}

TEST(RecoveryModel, invocation_owes_the_blocks_before_its_keys_expiry) {
    RecoveryModel model;
    model.event_added(event_of(1, fog::RngRecord{InvocationId{1}, {}, 0, {}}));
    model.key_promised(key_of(1), BlockIndex{5});
    model.key_promised(key_of(1), BlockIndex{3}); // never takes back
    for (std::uint64_t b = 4; b <= 6; ++b)
        model.block_added(key_of(1), InvocationId{1}, block_with(b, {static_cast<std::uint8_t>(b)}));
    EXPECT_EQ(model.invocations()[0].blocks, (std::vector<BlockIndex>{BlockIndex{4}}));
    EXPECT_TRUE(model.has_scanned(key_of(1), BlockIndex{5})) << "it is stored all the same";
    ASSERT_EQ(model.scanned().size(), 3u);
    EXPECT_EQ(model.scanned()[2].block, BlockIndex{6});
    EXPECT_EQ(model.scanned()[2].rows, 1u);
}

TEST(RecoveryModel, notices_a_block_of_one_key_that_is_stored_twice) {
    RecoveryModel model;
    model.block_added(key_of(1), InvocationId{1}, block_with(4, {7}));
    model.block_added(key_of(2), InvocationId{2}, block_with(4, {8}));
    EXPECT_EQ(model.broken_rule(), BrokenRule{});
    model.block_added(key_of(1), InvocationId{2}, block_with(4, {9}));
    EXPECT_EQ(model.broken_rule(), (BrokenRule{BrokenRule::Kind::stores_twice, BlockIndex{4}}));
}

TEST(RecoveryModel, notices_blocks_of_lost_keys_and_closed_invocations) {
    RecoveryModel lost;
    lost.key_lost(key_of(1));
    lost.block_added(key_of(2), InvocationId{1}, block_with(4, {}));
    EXPECT_EQ(lost.broken_rule(), BrokenRule{});
    lost.block_added(key_of(1), InvocationId{1}, block_with(5, {}));
    EXPECT_EQ(lost.broken_rule(), (BrokenRule{BrokenRule::Kind::stores_of_lost_key, BlockIndex{5}}));
    lost.block_added(key_of(1), InvocationId{1}, block_with(6, {}));
    EXPECT_EQ(lost.broken_rule(), (BrokenRule{BrokenRule::Kind::stores_of_lost_key, BlockIndex{5}}))
        << "the first one is kept";

    RecoveryModel closed;
    closed.event_added(event_of(1, fog::Decommission{InvocationId{1}, BlockIndex{3}}));
    closed.block_added(key_of(1), InvocationId{2}, block_with(4, {}));
    EXPECT_EQ(closed.broken_rule(), BrokenRule{});
    closed.block_added(key_of(1), InvocationId{1}, block_with(5, {}));
    EXPECT_EQ(closed.broken_rule(),
              (BrokenRule{BrokenRule::Kind::stores_of_closed_invocation, BlockIndex{5}}));
}

TEST(RecoveryModel, notices_a_key_that_starts_at_a_known_block) {
    RecoveryModel model;
    model.key_started(key_of(1), BlockIndex{1});
    model.block_added(key_of(1), InvocationId{1}, block_with(4, {}));
    model.key_started(key_of(2), BlockIndex{5});
    EXPECT_TRUE(model.knows_key(key_of(2)));
    EXPECT_EQ(model.broken_rule(), BrokenRule{});
    model.key_started(key_of(3), BlockIndex{4});
    EXPECT_EQ(model.broken_rule(),
              (BrokenRule{BrokenRule::Kind::key_starts_behind, BlockIndex{4}, BlockIndex{4}}));
}

TEST(RecoveryModel, notices_a_key_that_is_unretired_too_late) {
    RecoveryModel model;
    model.block_added(key_of(1), InvocationId{1}, block_with(4, {}));
    model.key_unretired(BlockIndex{5});
    EXPECT_EQ(model.broken_rule(), BrokenRule{});
    model.key_unretired(BlockIndex{4});
    EXPECT_EQ(model.broken_rule(),
              (BrokenRule{BrokenRule::Kind::unretires_behind, BlockIndex{4}, BlockIndex{4}}));
}

// ------------------------------------------------------------------------------------- looking at rows

/// Rows that a writer commits one by one; the model is told nothing.
struct RecoveryRowsTest : ::testing::Test {
    RecoveryRows::Key& key(std::uint8_t n, std::uint64_t start = 1) {
        const auto [at, is_new] = rows.keys.try_emplace(key_of(n));
        if (is_new) at->second.record = {key_of(n), BlockIndex{start}, BlockIndex{}, false, false, {}};
        return at->second;
    }
    void store(std::uint8_t n, std::int64_t invocation, fog::IngestedBlock block) {
        block.invocation = InvocationId{invocation};
        key(n, block.block.value).blocks.emplace(block.block, block);
        model.look(rows);
    }
    RecoveryRows rows;
    RecoveryModel model;
};

TEST_F(RecoveryRowsTest, look_finds_what_is_committed_and_only_once) {
    key(1, 4);
    rows.events.push_back(event_of(1, fog::RngRecord{InvocationId{1}, {}, 0, {}}));
    store(1, 1, block_with(4, {7}));
    store(1, 1, block_with(5, {8}));
    model.look(rows);
    EXPECT_EQ(model.broken_rule(), BrokenRule{});
    EXPECT_TRUE(model.has_scanned(key_of(1), BlockIndex{5}));
    EXPECT_EQ(model.scanned().size(), 2u);
    EXPECT_EQ(model.events().size(), 1u);
    EXPECT_EQ(model.invocations()[0].blocks, (std::vector<BlockIndex>{BlockIndex{4}, BlockIndex{5}}));
}

TEST_F(RecoveryRowsTest, event_of_a_lower_id_that_comes_later_is_found) {
    rows.events.push_back(event_of(2, BlockRange{BlockIndex{3}, BlockIndex{5}}));
    model.look(rows);
    rows.events.insert(rows.events.begin(), event_of(1, BlockRange{BlockIndex{7}, BlockIndex{9}}));
    model.look(rows);
    EXPECT_EQ(model.missed().size(), 2u);
    EXPECT_TRUE(model.is_missed(BlockIndex{7}));
}

TEST_F(RecoveryRowsTest, second_row_of_a_key_and_block_breaks_the_contract) {
    store(1, 1, block_with(4, {7}));
    EXPECT_EQ(model.broken_rule(), BrokenRule{});
    store(1, 2, block_with(4, {8}));
    EXPECT_EQ(model.broken_rule(), (BrokenRule{BrokenRule::Kind::stores_twice, BlockIndex{4}}));
}

TEST_F(RecoveryRowsTest, rows_under_a_lost_key_or_closed_invocation_break_the_contract) {
    store(1, 1, block_with(4, {}));
    key(1).record.lost = true;
    model.look(rows);
    EXPECT_EQ(model.broken_rule(), BrokenRule{}) << "what was there before stays";
    store(1, 1, block_with(5, {}));
    EXPECT_EQ(model.broken_rule(), (BrokenRule{BrokenRule::Kind::stores_of_lost_key, BlockIndex{5}}));
}

TEST_F(RecoveryRowsTest, key_that_starts_or_comes_back_too_late_breaks_the_contract) {
    store(1, 1, block_with(4, {}));
    key(2, 5);
    model.look(rows);
    EXPECT_EQ(model.broken_rule(), BrokenRule{});
    key(1).record.retired = true;
    key(1).record.expiry = BlockIndex{5};
    model.look(rows);
    key(1).record.retired = false;
    model.look(rows);
    EXPECT_EQ(model.broken_rule(), BrokenRule{}) << "block 5 has not come";
    key(3, 4);
    model.look(rows);
    EXPECT_EQ(model.broken_rule(),
              (BrokenRule{BrokenRule::Kind::key_starts_behind, BlockIndex{4}, BlockIndex{4}}));
}

TEST_F(RecoveryRowsTest, promise_is_never_taken_back) {
    key(1).record.expiry = BlockIndex{9};
    model.look(rows);
    key(1).record.expiry = BlockIndex{12};
    model.look(rows);
    EXPECT_EQ(model.broken_rule(), BrokenRule{});
    key(1).record.expiry = BlockIndex{7};
    model.look(rows);
    EXPECT_EQ(model.broken_rule(),
              (BrokenRule{BrokenRule::Kind::promise_taken_back, BlockIndex{12}, BlockIndex{7}}));
}

TEST_F(RecoveryRowsTest, senders_are_told_no_more_than_the_key_promises) {
    key(1).record.expiry = BlockIndex{9};
    rows.reports.push_back({"", key_of(1), BlockIndex{7}, {}});
    model.look(rows);
    EXPECT_EQ(model.broken_rule(), BrokenRule{}) << "a later report may promise less";
    rows.reports[0].expiry = BlockIndex{10};
    model.look(rows);
    EXPECT_EQ(model.broken_rule(),
              (BrokenRule{BrokenRule::Kind::told_beyond_promise, BlockIndex{10}, BlockIndex{9}}));
}

TEST(RecoveryModel, what_is_said_of_a_key_for_good_stays) {
    const auto said_after = [](const std::function<void(RecoveryRows&)>& change) {
        RecoveryRows rows;
        fog::IngressKeyRecord& record = rows.keys[key_of(1)].record;
        record = {key_of(1), BlockIndex{4}, BlockIndex{9}, false, true, BlockIndex{4}};
        fog::IngestedBlock stored = block_with(4, {7});
        stored.invocation = InvocationId{1};
        rows.keys[key_of(1)].blocks.emplace(stored.block, stored);
        rows.events.push_back(event_of(1, fog::RngRecord{InvocationId{1}, {}, 0, {}}));
        RecoveryModel model;
        model.look(rows);
        EXPECT_EQ(model.broken_rule(), BrokenRule{});
        change(rows);
        model.look(rows);
        return model.broken_rule();
    };
    EXPECT_EQ(said_after([](RecoveryRows&) {}), BrokenRule{});
    EXPECT_EQ(said_after([](RecoveryRows& rows) { rows.keys.at(key_of(1)).record.start = BlockIndex{5}; }),
              (BrokenRule{BrokenRule::Kind::start_moved, BlockIndex{4}, BlockIndex{5}}));
    EXPECT_EQ(said_after([](RecoveryRows& rows) { rows.keys.at(key_of(1)).record.lost = false; }),
              (BrokenRule{BrokenRule::Kind::lost_forgotten}));
    EXPECT_EQ(said_after([](RecoveryRows& rows) { rows.keys.at(key_of(1)).record.last_scanned.reset(); }),
              (BrokenRule{BrokenRule::Kind::scan_forgotten, BlockIndex{4}}));
    EXPECT_EQ(said_after([](RecoveryRows& rows) { rows.keys.clear(); }),
              (BrokenRule{BrokenRule::Kind::key_forgotten}));
    EXPECT_EQ(said_after([](RecoveryRows& rows) { rows.events.clear(); }),
              (BrokenRule{BrokenRule::Kind::event_forgotten}));
}

TEST_F(RecoveryRowsTest, blocks_of_a_key_have_no_hole) {
    store(1, 1, block_with(4, {}));
    store(1, 1, block_with(5, {}));
    EXPECT_EQ(model.broken_rule(), BrokenRule{});
    store(1, 1, block_with(7, {}));
    EXPECT_EQ(model.broken_rule(), (BrokenRule{BrokenRule::Kind::hole, BlockIndex{7}, BlockIndex{6}}));
}

TEST_F(RecoveryRowsTest, blocks_of_a_key_begin_with_its_start) {
    key(1, 3);
    store(1, 1, block_with(4, {}));
    EXPECT_EQ(model.broken_rule(),
              (BrokenRule{BrokenRule::Kind::first_is_not_start, BlockIndex{4}, BlockIndex{3}}));
}

TEST(RecoveryModel, notices_two_records_under_one_search_key) {
    RecoveryModel model;
    model.block_added(key_of(1), InvocationId{1}, block_with(4, {7}));
    model.block_added(key_of(1), InvocationId{1}, block_with(5, {8}));
    EXPECT_EQ(model.broken_rule(), BrokenRule{});
    model.block_added(key_of(1), InvocationId{1}, block_with(6, {7}));
    EXPECT_EQ(model.broken_rule(),
              (BrokenRule{BrokenRule::Kind::search_key_twice, BlockIndex{4}, BlockIndex{6}}));
}

TEST_F(RecoveryRowsTest, promise_is_what_senders_were_told) {
    rows.events.push_back(event_of(1, fog::RngRecord{InvocationId{1}, {}, 0, {}}));
    key(1, 4).record.expiry = BlockIndex{4};
    rows.reports.push_back({"", key_of(1), BlockIndex{5}, {}});
    store(1, 1, block_with(4, {7}));
    EXPECT_EQ(model.invocations()[0].blocks, (std::vector<BlockIndex>{BlockIndex{4}}))
        << "the key's row says 4, the report 5";
}

TEST(RecoveryModel, missed_ranges_are_half_open) {
    RecoveryModel model;
    model.event_added(event_of(1, BlockRange{BlockIndex{3}, BlockIndex{5}}));
    EXPECT_FALSE(model.is_missed(BlockIndex{2}));
    EXPECT_TRUE(model.is_missed(BlockIndex{3}));
    EXPECT_TRUE(model.is_missed(BlockIndex{4}));
    EXPECT_FALSE(model.is_missed(BlockIndex{5}));
    EXPECT_EQ(model.events().size(), 1u);
    EXPECT_EQ(model.missed().at(0).announced, UserEventId{1});
}

} // namespace
} // namespace engine::model
