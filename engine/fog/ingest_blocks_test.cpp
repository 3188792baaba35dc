#include "engine/fog/ingest.hpp"

#include <gtest/gtest.h>

#include "engine/fog/testing/ingest_world.hpp"

namespace engine::fog {
namespace {

using namespace engine::fog::testing;

TEST(IngestBlocks, every_output_becomes_a_row_and_every_block_an_entry) {
    World world;
    world.config.max_transactions = 2;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    int chunks = 0;
    world.host().on_yield([&](YieldPoint point) { chunks += point == YieldPoint::ingest_chunk; });
    world.pay(key, {0, 9, 1, 0, 0});
    world.pay(key, {});
    world.pay(key, {1, 0});
    world.until_scanned();
    EXPECT_EQ(chunks, 3 + 0 + 1);
    world.expect_sound(key);
    EXPECT_EQ(world.records_checked, 6u);
    EXPECT_EQ(world.db.stored().size(), 3u);
    EXPECT_EQ(world.db.invocations().size(), 1u);
    EXPECT_EQ(world.db.invocations().begin()->second.start, BlockIndex{1});
    EXPECT_EQ(world.db.invocations().begin()->second.egress, world.node().summary().egress_key);
    using Recorded = std::vector<PlainHost::Recorded>;
    EXPECT_EQ(
        world.host().recorded(EventKind::ingested),
        (Recorded{{EventKind::ingested, 1, 5}, {EventKind::ingested, 2, 0}, {EventKind::ingested, 3, 2}}));
    EXPECT_EQ(world.file().content()->next_block, BlockIndex{4});
    EXPECT_EQ(world.file().content()->open_invocations.size(), 1u);
}

TEST(IngestBlocks, only_a_hint_without_a_point_gives_no_row) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    chain::PublicKey no_point;
    no_point.bytes[31] = 0x80;
    const auto address = world.crypto.subaddress(world.users[0], 0);
    const chain::PublicKey other = world.crypto.random_key_pair(world.rng).open;
    std::vector<chain::TxOut> outputs;
    for (const auto& hint : {*world.crypto.encrypt_hint(world.rng, key, no_point), chain::FogHint{},
                             *world.crypto.encrypt_hint(world.rng, other, address.view_public),
                             *world.crypto.encrypt_hint(world.rng, key, address.view_public)})
        outputs.push_back(world.crypto.create_output(world.rng, {.value = 1, .token_id = 0}, address, hint));
    world.chain.append(outputs);
    world.until_scanned();
    const auto rows = world.db.stored().begin()->second.rows;
    ASSERT_EQ(rows->size(), 3u);
    const auto view = world.crypto.subaddress_view_private(world.users[0], 0);
    EXPECT_FALSE(world.crypto.open_record(view, *(*rows)[0].payload));
    EXPECT_FALSE(world.crypto.open_record(view, *(*rows)[1].payload));
    const auto mine = world.crypto.open_record(view, *(*rows)[2].payload);
    ASSERT_TRUE(mine);
    EXPECT_EQ(mine->global_index, GlobalIndex{3}) << "numbered as in the chain, not by row";
    const auto secret = world.crypto.exchange(view, world.node().summary().egress_key);
    EXPECT_EQ((*rows)[2].search_key, world.crypto.rng_output(*secret, 0));
}

TEST(IngestBlocks, expiry_moves_with_each_block_and_not_without_one) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pass(10s);
    EXPECT_EQ(world.db.keys().at(key).expiry, BlockIndex{11});
    for (int i = 0; i < 3; ++i) world.pay(key, {});
    world.until_scanned();
    world.pass(10s);
    EXPECT_EQ(world.db.keys().at(key).expiry, BlockIndex{13}) << "published before block 3: 3 + 10";
    EXPECT_EQ(world.node().last_published_expiry(), BlockIndex{13});
    EXPECT_EQ(world.db.stored_reports()[0].expiry, BlockIndex{13});
}

TEST(IngestBlocks, report_is_retried_1_2_3_seconds_apart_and_status_is_answered_meanwhile) {
    World world;
    world.db.set_latency_ms_max(0);
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.db.fail_next(DbOperation::set_report, 3, Code::unavailable, false);
    const int before = world.db.calls(DbOperation::set_report);
    world.pay(key, {0});
    world.until([&] { return world.db.calls(DbOperation::set_report) == before + 1; });
    const Instant first = world.scheduler.now();
    world.pass(1500ms);
    const Instant asked = world.scheduler.now();
    EXPECT_TRUE(world.call(0, world.node().get_status()));
    EXPECT_TRUE(world.call(0, world.node().set_pubkey_expiry_window(20)));
    EXPECT_EQ(world.scheduler.now(), asked);
    world.until_scanned();
    EXPECT_EQ(world.scheduler.now() - first, 6s);
    EXPECT_EQ(world.node().last_published_expiry(), BlockIndex{21})
        << "with the window of the try that succeeded";
}

TEST(IngestBlocks, pauses_do_not_grow_beyond_30_seconds) {
    World world;
    world.db.set_latency_ms_max(0);
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.db.fail_next(DbOperation::set_report, 32, Code::internal, false);
    world.pay(key, {0});
    const int before = world.db.calls(DbOperation::set_report);
    world.until([&] { return world.db.calls(DbOperation::set_report) == before + 1; });
    const Instant first = world.scheduler.now();
    world.until_scanned();
    EXPECT_EQ(world.scheduler.now() - first, std::chrono::seconds(30 * 31 / 2 + 30 + 30));
}

TEST(IngestBlocks, key_reported_lost_by_another_ends_it_before_it_publishes) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0});
    world.until_scanned();
    const IngestSummary before = world.node().summary();
    world.db.put_lost(key);
    world.pay(key, {0});
    world.until_idle();
    world.until_closed(*before.invocation);
    EXPECT_EQ(world.db.keys().at(key).expiry, BlockIndex{11});
    EXPECT_EQ(world.db.stored().size(), 1u);
    EXPECT_EQ(world.node().next_block(), BlockIndex{2});
    EXPECT_NE(world.node().summary().egress_key, before.egress_key);
    EXPECT_EQ(world.file().content()->mode, IngestMode::idle);
    EXPECT_EQ(world.mode_changes(), (Modes{{true, 1}, {false, 2}}));
    EXPECT_EQ(failure(world.activate()), Code::lost);
}

TEST(IngestBlocks, key_lost_between_report_and_block_ends_it) {
    for (const auto operation : {DbOperation::add_block, DbOperation::new_ingest_invocation}) {
        World world;
        const chain::PublicKey key = world.start().summary().ingress_key;
        ASSERT_TRUE(world.activate());
        world.db.before_next(operation, [&] { world.db.put_lost(key); });
        world.pay(key, {0});
        world.until_idle();
        EXPECT_TRUE(world.db.stored().empty());
        EXPECT_FALSE(world.node().summary().invocation);
        for (const auto& [id, invocation] : world.db.invocations()) world.until_closed(id);
    }
}

// R13: the view asks for [start, expiry); the node scans block == expiry, too, and stops before the next.
TEST(IngestBlocks, retired_key_is_scanned_through_its_expiry) {
    World world;
    world.config.pubkey_expiry_window = 2;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0}); // block 1 makes it 3
    world.until_scanned();
    ASSERT_TRUE(world.call(0, world.node().retire()));
    EXPECT_TRUE(world.db.keys().at(key).retired);
    world.pay(key, {0, 1});
    world.pay(key, {1});
    world.until_scanned();
    world.pass(10s);
    EXPECT_EQ(world.node().mode(), IngestMode::active) << "no block beyond has come";
    EXPECT_EQ(world.db.keys().at(key).expiry, BlockIndex{3});
    const IngestSummary before = world.node().summary();
    world.pay(key, {0});
    world.until_idle();
    world.until_closed(*before.invocation);
    EXPECT_EQ(world.db.last_scanned(key), BlockIndex{3});
    EXPECT_NE(world.node().summary().egress_key, before.egress_key);
    EXPECT_EQ(world.mode_changes(), (Modes{{true, 1}, {false, 4}}));
    EXPECT_EQ(failure(world.activate()), Code::retired);
    world.expect_sound(key);
    // View may have passed block 3 without this key: it cannot promise blocks again.
    EXPECT_EQ(failure(world.call(0, world.node().unretire())), Code::retired);
    EXPECT_TRUE(world.db.keys().at(key).retired);
}

TEST(IngestBlocks, key_unretired_before_its_expiry_goes_on) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0});
    world.until_scanned();
    ASSERT_TRUE(world.call(0, world.node().retire()));
    ASSERT_TRUE(world.call(0, world.node().unretire()));
    EXPECT_FALSE(world.db.keys().at(key).retired);
    world.pay(key, {0, 1});
    world.until_scanned();
    EXPECT_EQ(world.node().mode(), IngestMode::active);
    world.expect_sound(key);
}

TEST(IngestBlocks, loser_of_a_block_becomes_idle_with_a_new_egress_key) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0});
    world.until_scanned();
    const IngestSummary before = world.node().summary();
    world.db.before_next(DbOperation::add_block, [&] {
        const auto other = world.db.put_invocation(std::nullopt, key, key, BlockIndex{2});
        IngestedBlock block;
        block.block = BlockIndex{2};
        block.invocation = *other;
        block.rows = std::make_shared<std::vector<Row>>();
        world.db.put_block(*other, block);
    });
    world.pay(key, {0});
    world.until_idle();
    world.until_closed(*before.invocation);
    EXPECT_EQ(world.node().next_block(), BlockIndex{2});
    EXPECT_NE(world.node().summary().egress_key, before.egress_key);
    EXPECT_FALSE(world.node().summary().invocation);
    EXPECT_EQ(world.mode_changes(), (Modes{{true, 1}, {false, 2}}));
    EXPECT_EQ(world.file().content()->mode, IngestMode::idle);
    world.pass(1s);
    EXPECT_TRUE(world.file().content()->open_invocations.empty());
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(world.node().next_block(), BlockIndex{3});
}

TEST(IngestBlocks, lost_acknowledgement_neither_skips_nor_repeats) {
    for (const auto operation :
         {DbOperation::set_report, DbOperation::new_ingest_invocation, DbOperation::add_block})
        for (const bool takes_effect : {false, true}) {
            World world;
            const chain::PublicKey key = world.start().summary().ingress_key;
            ASSERT_TRUE(world.activate());
            world.db.fail_next(operation, 2, Code::unknown, takes_effect);
            world.pay(key, {0, 1});
            world.pay(key, {1, 0, 0});
            world.until_scanned();
            EXPECT_EQ(world.node().mode(), IngestMode::active);
            EXPECT_EQ(world.db.invocations().size(), 1u) << name(operation);
            EXPECT_EQ(world.db.stored().size(), 2u);
            world.expect_sound(key);
            EXPECT_EQ(world.records_checked, 5u);
        }
}

TEST(IngestBlocks, invocation_closed_by_a_cleanup_tool_is_replaced) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0, 0});
    world.until_scanned();
    const IngestSummary before = world.node().summary();
    world.db.put_decommissioned(*before.invocation);
    world.pay(key, {0, 1, 0});
    world.until_scanned();
    EXPECT_EQ(world.node().mode(), IngestMode::active);
    EXPECT_NE(world.node().summary().egress_key, before.egress_key);
    EXPECT_EQ(world.db.invocations().size(), 2u);
    EXPECT_EQ(world.db.invocations().at(*world.node().summary().invocation).start, BlockIndex{2});
    EXPECT_EQ(world.file().content()->open_invocations, (std::vector{*world.node().summary().invocation}));
    world.expect_sound(key);
    EXPECT_EQ(world.records_checked, 5u);
}

TEST(IngestBlocks, egress_key_that_is_taken_is_replaced) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    const chain::PublicKey other = world.crypto.random_key_pair(world.rng).open;
    const chain::PublicKey taken = world.node().summary().egress_key;
    world.db.put_key(other, BlockIndex{0});
    world.db.put_invocation(std::nullopt, other, taken, BlockIndex{0});
    world.pay(key, {0});
    world.until_scanned();
    EXPECT_NE(world.node().summary().egress_key, taken);
    world.expect_sound(key);
}

TEST(IngestBlocks, time_of_the_block_is_waited_for) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.chain.set_watched(1);
    world.pay(key, {0});
    world.pass(1s);
    const int asked = world.chain.times_asked();
    world.pass(1s);
    EXPECT_NEAR(world.chain.times_asked() - asked, 100, 2) << "every 10 ms";
    world.chain.set_watcher_available(false);
    world.pass(5s);
    const int asked_unavailable = world.chain.times_asked();
    world.pass(10s);
    EXPECT_NEAR(world.chain.times_asked() - asked_unavailable, 10, 1) << "every second";
    EXPECT_TRUE(world.db.stored().empty());
    ASSERT_TRUE(world.call(0, world.node().get_status()));
    world.chain.set_watcher_available(true);
    world.chain.set_watched(std::nullopt);
    world.until_scanned();
    world.expect_sound(key);
}

TEST(IngestBlocks, waiting_for_a_time_ends_with_the_activity) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.chain.set_watched(1);
    world.pay(key, {0});
    world.pass(1s);
    ASSERT_TRUE(world.call(0, world.node().report_lost_ingress_key(key)));
    EXPECT_EQ(world.node().mode(), IngestMode::idle);
    ASSERT_TRUE(world.call(0, world.node().new_keys()));
    world.chain.set_watched(std::nullopt);
    world.pass(1s);
    EXPECT_TRUE(world.db.stored().empty());
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(world.node().next_block(), BlockIndex{2});
}

// R8: three users fit.  Block 2 brings a fourth after its first chunk has been made under the old egress key.
TEST(IngestBlocks, overflow_makes_the_whole_block_again_under_a_new_egress_key) {
    World world;
    world.config.user_capacity = 3;
    world.config.max_transactions = 2;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0, 1, 2});
    world.until_scanned();
    const IngestSummary before = world.node().summary();
    world.pay(key, {0, 1, 3, 0});
    world.until_scanned();
    const IngestSummary after = world.node().summary();
    EXPECT_NE(after.egress_key, before.egress_key);
    ASSERT_NE(after.invocation, before.invocation);
    EXPECT_TRUE(world.db.invocations().at(*before.invocation).decommissioned);
    EXPECT_EQ(world.db.invocations().at(*after.invocation).start, BlockIndex{2});
    EXPECT_EQ(after.mode, IngestMode::active);
    EXPECT_EQ(world.file().content()->open_invocations, (std::vector{*after.invocation}));
    world.expect_sound(key);
    EXPECT_EQ(world.records_checked, 7u);
    EXPECT_EQ(world.mode_changes().size(), 1u);
}

TEST(IngestBlocks, strangers_take_room_when_room_is_bounded) {
    World world;
    world.config.user_capacity = 3;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {9, 9, 9});
    world.pay(key, {0});
    world.until_scanned();
    EXPECT_EQ(world.db.invocations().size(), 2u);
    world.expect_sound(key);
}

TEST(IngestBlocks, block_with_more_users_than_the_capacity_ends_the_process) {
    World world;
    world.config.user_capacity = 3;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0});
    world.until_scanned();
    world.pay(key, {0, 1, 2, 3});
    world.until([&] { return !world.host().aborted().empty(); });
    EXPECT_EQ(world.host().aborted(), "ingest: one block has more users than the user capacity");
    const std::size_t invocations = world.db.invocations().size();
    world.pass(60s);
    EXPECT_EQ(world.db.invocations().size(), invocations) << "it does not go on trying";
    EXPECT_EQ(world.db.stored().size(), 1u);
}

TEST(IngestBlocks, closing_an_invocation_is_retried_while_idle) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0});
    world.until_scanned();
    const InvocationId invocation = *world.node().summary().invocation;
    world.db.fail_next(DbOperation::decommission_ingest_invocation, 3, Code::unavailable, false);
    ASSERT_TRUE(world.call(0, world.node().report_lost_ingress_key(key)));
    EXPECT_FALSE(world.db.invocations().at(invocation).decommissioned);
    EXPECT_EQ(world.file().content()->open_invocations, (std::vector{invocation}));
    ASSERT_TRUE(world.call(0, world.node().new_keys()));
    world.until_closed(invocation);
    world.pass(1s);
    EXPECT_TRUE(world.file().content()->open_invocations.empty());
}

// The invocation may be open in the database before the node has heard of it.
TEST(IngestBlocks, invocation_whose_opening_was_overtaken_is_closed_and_never_used) {
    int overtaken = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        World world(seed);
        const chain::PublicKey key = world.start().summary().ingress_key;
        ASSERT_TRUE(world.activate());
        world.db.set_latency_ms_max(20);
        world.pay(key, {0});
        world.until([&] { return world.db.calls(DbOperation::new_ingest_invocation) == 1; });
        ASSERT_TRUE(world.call(0, world.node().report_lost_ingress_key(key)));
        const bool heard = !world.file().content()->open_invocations.empty();
        if (!heard && !world.db.invocations().empty()) ++overtaken;
        world.pass(5s);
        EXPECT_FALSE(world.node().summary().invocation) << "seed " << seed;
        for (const auto& [id, invocation] : world.db.invocations()) EXPECT_TRUE(invocation.decommissioned);
        ASSERT_TRUE(world.call(0, world.node().new_keys()));
        ASSERT_TRUE(world.activate());
        const chain::PublicKey fresh = world.node().summary().ingress_key;
        world.pay(fresh, {0});
        world.until_scanned();
        world.expect_sound(fresh);
    }
    EXPECT_GT(overtaken, 3);
}

TEST(IngestBlocks, invocation_is_closed_after_a_restart_although_the_node_stays_idle) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0});
    world.until_scanned();
    const InvocationId invocation = *world.node().summary().invocation;
    world.db.fail_next(DbOperation::decommission_ingest_invocation, 1, Code::unavailable, false);
    ASSERT_TRUE(world.call(0, world.node().report_lost_ingress_key(key)));
    world.crash();
    ASSERT_FALSE(world.db.invocations().at(invocation).decommissioned);
    world.start();
    world.until_closed(invocation);
    EXPECT_EQ(world.node().mode(), IngestMode::idle);
}

} // namespace
} // namespace engine::fog
