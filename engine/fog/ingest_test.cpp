#include "engine/fog/ingest.hpp"

#include <gtest/gtest.h>

#include "engine/fog/testing/ingest_world.hpp"

namespace engine::fog {
namespace {

using namespace engine::fog::testing;

// ------------------------------------------------------------------------------------------------ boot

TEST(IngestBoot, without_a_file_it_is_idle_with_random_keys_and_writes_them_down) {
    World one(1);
    World two(2);
    one.start();
    two.start();
    EXPECT_EQ(one.node().mode(), IngestMode::idle);
    EXPECT_EQ(one.node().next_block(), BlockIndex{0});
    EXPECT_NE(one.node().summary().ingress_key, two.node().summary().ingress_key);
    EXPECT_NE(one.node().summary().ingress_key, one.node().summary().egress_key);
    ASSERT_TRUE(one.file().content());
    EXPECT_EQ(one.file().content()->mode, IngestMode::idle);
    EXPECT_EQ(one.file().content()->ingress_key.open, one.node().summary().ingress_key);
    EXPECT_TRUE(one.host().recorded().empty());
}

TEST(IngestBoot, unreadable_file_gives_new_keys_and_idle) {
    World world;
    const chain::PublicKey before = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.crash();
    world.file().corrupt();
    world.start();
    world.pass(5s);
    EXPECT_EQ(world.node().mode(), IngestMode::idle);
    EXPECT_FALSE(world.node().is_resuming());
    EXPECT_NE(world.node().summary().ingress_key, before);
    EXPECT_EQ(world.file().content()->ingress_key.open, world.node().summary().ingress_key);
}

TEST(IngestBoot, idle_is_restored_with_everything_that_was_set) {
    World world(1, 2);
    world.start_all();
    ASSERT_TRUE(world.call(0, world.node().set_pubkey_expiry_window(3)));
    ASSERT_TRUE(world.call(0, world.node().set_peers({"a:1"})));
    const IngestSummary before = world.node().summary();
    world.crash(0);
    world.start(0);
    world.pass(5s);
    const IngestSummary after = world.node().summary();
    EXPECT_EQ(after.mode, IngestMode::idle);
    EXPECT_EQ(after.ingress_key, before.ingress_key);
    EXPECT_NE(after.egress_key, before.egress_key) << "egress keys live in memory only";
    EXPECT_EQ(after.pubkey_expiry_window, 3u);
    EXPECT_EQ(after.peers, (std::vector<std::string>{"a:1"}));
}

// Three blocks are stored, then the node dies in the middle of the fourth, whose rows reach the database
// later: that write must not overtake the restarted node.
TEST(IngestBoot, active_goes_on_from_the_database_and_a_late_write_of_the_dead_process_is_refused) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    const BlockIndex first = world.node().next_block();
    for (int i = 0; i < 3; ++i) world.pay(key, {0, 1, 0});
    world.until_scanned();
    const IngestSummary before = world.node().summary();
    world.db.set_latency_ms_max(2000);
    const int writes = world.db.calls(DbOperation::add_block);
    world.pay(key, {1, 0});
    world.until([&] { return world.db.calls(DbOperation::add_block) > writes; });
    world.crash();
    world.db.set_latency_ms_max(0);
    world.start();
    EXPECT_TRUE(world.node().is_resuming());
    world.until_scanned();
    world.pass(5s);
    const IngestSummary after = world.node().summary();
    EXPECT_EQ(after.mode, IngestMode::active);
    EXPECT_NE(after.egress_key, before.egress_key);
    EXPECT_NE(after.invocation, before.invocation);
    EXPECT_TRUE(world.db.invocations().at(*before.invocation).decommissioned);
    EXPECT_EQ(world.mode_changes().size(), 2u);
    EXPECT_EQ(world.mode_changes().front(), std::pair(true, first.value));
    world.expect_sound(key);
    EXPECT_EQ(world.records_checked, 11u);
}

// BH-42: the file says "active, next block n", a peer went on to n + 3 and died.
TEST(IngestBoot, stale_file_does_not_matter) {
    World world(1, 2);
    world.start_all();
    ASSERT_TRUE(world.activate(0));
    const chain::PublicKey key = world.node(0).summary().ingress_key;
    world.pay(key, {0});
    world.until_scanned(0);
    const auto snapshot = world.file(0).content();
    world.crash(0);
    world.network.set_reachable("a:1", false);
    ASSERT_TRUE(world.call(1, world.node(1).set_peers({"b:1"})));
    ASSERT_TRUE(world.activate(1));
    for (int i = 0; i < 3; ++i) world.pay(key, {0, 1});
    world.until_scanned(1);
    world.crash(1);

    world.network.set_reachable("a:1", true);
    world.file(0).set_content(snapshot);
    world.start(0);
    world.until([&] { return world.node(0).mode() == IngestMode::active; });
    EXPECT_EQ(world.node(0).next_block(), world.chain.count().end());
    world.pay(key, {1, 0});
    world.until_scanned(0);
    EXPECT_EQ(world.node(0).mode(), IngestMode::active);
    world.expect_sound(key);
}

TEST(IngestBoot, file_that_could_not_be_written_does_not_matter) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0});
    world.until_scanned();
    world.file().set_full(true);
    for (int i = 0; i < 4; ++i) world.pay(key, {0, 1});
    world.until_scanned();
    EXPECT_LT(world.file().content()->next_block, world.node().next_block());
    world.crash();
    world.start();
    world.pay(key, {0, 1});
    world.until_scanned();
    EXPECT_EQ(world.node().mode(), IngestMode::active);
    world.expect_sound(key);
    world.expect_closed_but_current();
}

TEST(IngestBoot, lost_key_is_not_taken_up_again) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.crash();
    ASSERT_TRUE(world.db.put_lost(key));
    world.start();
    world.until([&] { return !world.node().is_resuming(); });
    EXPECT_EQ(world.node().mode(), IngestMode::idle);
    EXPECT_EQ(world.file().content()->mode, IngestMode::idle);
}

TEST(IngestBoot, retired_key_is_taken_up_until_it_is_past_its_expiry) {
    for (const bool past : {false, true}) {
        World world;
        world.config.pubkey_expiry_window = 2;
        const chain::PublicKey key = world.start().summary().ingress_key;
        ASSERT_TRUE(world.activate()); // publishes expiry 3
        ASSERT_TRUE(world.call(0, world.node().retire()));
        for (int i = 0; i < (past ? 3 : 2); ++i) world.pay(key, {0}); // blocks 1 to 3, or 2
        world.until_scanned();
        ASSERT_EQ(world.node().mode(), IngestMode::active);
        world.crash();
        world.start();
        world.until([&] { return !world.node().is_resuming(); });
        EXPECT_EQ(world.node().mode(), past ? IngestMode::idle : IngestMode::active);
        if (!past) {
            world.pay(key, {0});
            world.until_scanned();
            EXPECT_EQ(world.db.last_scanned(key), BlockIndex{3});
        }
    }
}

TEST(IngestBoot, peer_that_is_active_with_the_key_wins_and_one_with_another_key_does_not) {
    for (const bool same : {true, false}) {
        World world(1, 2);
        world.start_all();
        ASSERT_TRUE(world.activate(0));
        const chain::PublicKey key = world.node(0).summary().ingress_key;
        world.crash(0);
        ASSERT_TRUE(world.call(1, world.node(1).set_peers({"b:1"})));
        if (!same) {
            ASSERT_TRUE(world.call(1, world.node(1).new_keys()));
        }
        ASSERT_TRUE(world.activate(1));
        world.start(0);
        world.until([&] { return !world.node(0).is_resuming(); });
        EXPECT_EQ(world.node(0).mode(), same ? IngestMode::idle : IngestMode::active);
        EXPECT_EQ(world.node(0).summary().ingress_key, key);
    }
}

TEST(IngestBoot, unreachable_peer_is_asked_three_times_and_then_ignored) {
    World world(1, 2);
    world.start_all();
    ASSERT_TRUE(world.activate(0));
    world.crash(0);
    world.network.set_reachable("b:1", false);
    const int asked = world.network.calls("b:1");
    const Instant begun = world.scheduler.now();
    world.start(0);
    world.until([&] { return world.node(0).mode() == IngestMode::active; });
    EXPECT_EQ(world.network.calls("b:1"), asked + 3);
    EXPECT_GE(world.scheduler.now() - begun, 3s);
    EXPECT_LT(world.scheduler.now() - begun, 4s);
}

TEST(IngestBoot, waiting_for_the_database_blocks_neither_status_nor_the_end_of_the_outage) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0});
    world.until_scanned();
    world.crash();
    world.db.set_down(true);
    world.start();
    world.pass(100s);
    const Instant asked = world.scheduler.now();
    const Summary status = world.call(0, world.node().get_status());
    ASSERT_TRUE(status);
    EXPECT_EQ(world.scheduler.now(), asked);
    EXPECT_EQ(status->mode, IngestMode::idle);
    EXPECT_TRUE(world.node().is_resuming());
    EXPECT_EQ(world.file().content()->mode, IngestMode::active) << "another crash must not forget it";
    EXPECT_EQ(failure(world.call(0, world.node().new_keys())), Code::failed_precondition);
    chain::KeyPair other = world.crypto.random_key_pair(world.rng);
    EXPECT_EQ(failure(world.call(0, world.node().set_ingress_key(other))), Code::failed_precondition);
    EXPECT_EQ(failure(world.call(0, world.node().set_pubkey_expiry_window(1))), Code::failed_precondition);
    EXPECT_EQ(failure(world.activate()), Code::unavailable);
    world.db.set_down(false);
    world.pay(key, {0});
    world.until_scanned();
    EXPECT_EQ(world.node().mode(), IngestMode::active);
    world.expect_sound(key);
}

TEST(IngestBoot, operator_may_activate_before_the_node_has_resumed) {
    World world(1, 2);
    world.start_all();
    ASSERT_TRUE(world.activate(0));
    const chain::PublicKey key = world.node(0).summary().ingress_key;
    world.crash(0);
    world.db.set_down(true);
    world.start(0);
    world.pass(70s); // its pauses have become long
    world.db.set_down(false);
    ASSERT_TRUE(world.activate(0));
    EXPECT_FALSE(world.node(0).is_resuming());
    const Instant activated = world.scheduler.now();
    world.pay(key, {0});
    world.until_scanned(0);
    EXPECT_LT(world.scheduler.now() - activated, 1s) << "the worker starts at once";
}

TEST(IngestBoot, replaced_database_leaves_it_idle) {
    World world;
    world.start();
    ASSERT_TRUE(world.activate());
    IngestState state = *world.file().content();
    state.ingress_key = world.crypto.random_key_pair(world.rng);
    state.open_invocations = {InvocationId{77}};
    world.crash();
    world.file().set_content(state);
    world.start();
    world.until([&] { return !world.node().is_resuming(); });
    EXPECT_EQ(world.node().mode(), IngestMode::idle);
    EXPECT_TRUE(world.file().content()->open_invocations.empty());
}

// ------------------------------------------------------------------------------------------------ activate

TEST(IngestActivate, new_key_starts_behind_the_chain_and_the_report_is_out_before_the_answer) {
    World world;
    world.start();
    world.pay({}, {});
    const chain::PublicKey key = world.node().summary().ingress_key;
    const Summary answer = world.activate();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->mode, IngestMode::active);
    EXPECT_EQ(answer->next_block, BlockIndex{2});
    ASSERT_EQ(world.db.stored_reports().size(), 1u);
    EXPECT_EQ(world.db.stored_reports()[0].fog_report_id, "report");
    EXPECT_EQ(world.db.stored_reports()[0].ingress_key, key);
    EXPECT_EQ(world.db.stored_reports()[0].expiry, BlockIndex{12});
    EXPECT_EQ(world.db.keys().at(key).start, BlockIndex{2});
    EXPECT_EQ(world.db.keys().at(key).expiry, BlockIndex{12});
    EXPECT_EQ(world.node().last_published_expiry(), BlockIndex{12});
    EXPECT_EQ(world.file().content()->mode, IngestMode::active);
    EXPECT_EQ(world.mode_changes(), (Modes{{true, 2}}));
}

TEST(IngestActivate, active_node_says_yes_and_does_nothing) {
    World world;
    world.start();
    ASSERT_TRUE(world.activate());
    const int reports = world.db.calls(DbOperation::set_report);
    const Summary again = world.activate();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->mode, IngestMode::active);
    EXPECT_EQ(world.db.calls(DbOperation::set_report), reports);
    EXPECT_EQ(world.mode_changes().size(), 1u);
}

// R11: between reading the highest known block and storing the key another key's block becomes visible.
TEST(IngestActivate, scans_from_the_start_the_database_stored) {
    World world;
    world.start();
    const chain::PublicKey other = world.crypto.random_key_pair(world.rng).open;
    world.db.put_key(other, BlockIndex{0});
    const auto invocation = world.db.put_invocation(std::nullopt, other, other, BlockIndex{0});
    world.db.before_next(DbOperation::new_ingress_key, [&] {
        IngestedBlock block;
        block.block = BlockIndex{6};
        block.invocation = *invocation;
        block.rows = std::make_shared<std::vector<Row>>();
        world.db.put_block(*invocation, block);
    });
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(world.node().next_block(), BlockIndex{7});
    EXPECT_EQ(world.db.keys().at(world.node().summary().ingress_key).start, BlockIndex{7});
    EXPECT_EQ(world.node().last_published_expiry(), BlockIndex{17});
}

TEST(IngestActivate, asks_for_a_start_behind_the_highest_known_block) {
    World world;
    world.start();
    const chain::PublicKey other = world.crypto.random_key_pair(world.rng).open;
    world.db.put_key(other, BlockIndex{9});
    const auto invocation = world.db.put_invocation(std::nullopt, other, other, BlockIndex{9});
    IngestedBlock block;
    block.block = BlockIndex{9};
    block.invocation = *invocation;
    block.rows = std::make_shared<std::vector<Row>>();
    ASSERT_TRUE(world.db.put_block(*invocation, block));
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(world.node().next_block(), BlockIndex{10}) << "its own copy of the chain is behind";
}

TEST(IngestActivate, asks_for_a_start_behind_its_own_copy_of_the_chain) {
    World world;
    world.start();
    const chain::PublicKey other = world.crypto.random_key_pair(world.rng).open;
    world.db.put_key(other, BlockIndex{0});
    const auto invocation = world.db.put_invocation(std::nullopt, other, other, BlockIndex{0});
    IngestedBlock block;
    block.invocation = *invocation;
    block.rows = std::make_shared<std::vector<Row>>();
    ASSERT_TRUE(world.db.put_block(*invocation, block));
    for (int i = 0; i < 4; ++i) world.pay({}, {});
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(world.node().next_block(), BlockIndex{5}) << "the other key is behind";
}

// The dead process was idle already, but a write of its last term is still on its way: it arrives between the
// look at the last scanned block and the first block of the new term.
TEST(IngestActivate, late_write_of_its_own_past_is_refused) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    world.crash();
    world.db.put_key(key, BlockIndex{1});
    const auto past = world.db.put_invocation(std::nullopt, key, key, BlockIndex{1});
    IngestState state = *world.file().content();
    state.open_invocations = {*past};
    world.file().set_content(state);
    world.db.fail_next(DbOperation::decommission_ingest_invocation, 2, Code::unavailable, false);
    std::optional<Code> late;
    world.db.before_next(DbOperation::set_report, [&] {
        IngestedBlock block;
        block.block = BlockIndex{1};
        block.invocation = *past;
        block.rows = std::make_shared<std::vector<Row>>();
        late = failure(world.db.put_block(*past, block));
    });
    world.start();
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(late, Code::decommissioned);
    world.pay(key, {0});
    world.until_scanned();
    EXPECT_EQ(world.node().mode(), IngestMode::active);
    world.expect_sound(key);
}

TEST(IngestActivate, known_key_goes_on_behind_its_last_block_or_at_its_start) {
    World world(1, 2);
    world.start_all();
    ASSERT_TRUE(world.activate(0));
    const chain::PublicKey key = world.node(0).summary().ingress_key;
    world.crash(0);
    world.network.set_reachable("a:1", false);
    ASSERT_TRUE(world.call(1, world.node(1).set_peers({"b:1"})));
    world.pay(key, {0});
    world.pay(key, {1});
    ASSERT_TRUE(world.activate(1));
    EXPECT_EQ(world.mode_changes(1), (Modes{{true, 1}})) << "never scanned: from its start";
    world.until_scanned(1);
    world.crash(1);
    world.file(1).set_content(std::nullopt);
    world.start(1);
    ASSERT_TRUE(world.call(1, world.node(1).set_peers({"b:1"})));
    world.file(0).set_content(std::nullopt);
    world.expect_sound(key);
    EXPECT_EQ(world.db.last_scanned(key), BlockIndex{2});
}

TEST(IngestActivate, unreachable_peer_is_unavailable) {
    World world(1, 2);
    world.start_all();
    world.network.set_reachable("b:1", false);
    EXPECT_EQ(failure(world.activate(0)), Code::unavailable);
    EXPECT_EQ(world.node(0).mode(), IngestMode::idle);
    EXPECT_TRUE(world.db.keys().empty());
    EXPECT_EQ(world.db.calls(DbOperation::set_report), 0);
    ASSERT_TRUE(world.call(0, world.node(0).set_peers({"a:1", "z:1"})));
    EXPECT_EQ(failure(world.activate(0)), Code::unavailable) << "nobody of that name";
}

TEST(IngestActivate, active_peer_is_a_failed_precondition) {
    World world(1, 2);
    world.start_all();
    ASSERT_TRUE(world.activate(1));
    EXPECT_EQ(failure(world.activate(0)), Code::failed_precondition);
    EXPECT_EQ(world.node(0).mode(), IngestMode::idle);
    EXPECT_EQ(world.mode_changes(0), Modes{});
}

TEST(IngestActivate, key_and_peers_are_pushed_to_peers_that_differ) {
    World world(1, 3);
    world.start_all();
    ASSERT_TRUE(world.call(0, world.node(0).set_peers({"b:1", "a:1"})));
    ASSERT_TRUE(world.activate(0));
    EXPECT_EQ(world.node(1).summary().ingress_key, world.node(0).summary().ingress_key);
    EXPECT_EQ(world.node(1).summary().peers, (std::vector<std::string>{"b:1", "a:1"}));
    EXPECT_EQ(world.file(1).content()->ingress_key.open, world.node(0).summary().ingress_key);
    EXPECT_NE(world.node(2).summary().ingress_key, world.node(0).summary().ingress_key);
    world.crash(0);
    world.file(0).set_content(std::nullopt);
    world.start(0);
    ASSERT_TRUE(world.call(0, world.node(0).set_peers({"a:1", "b:1"})));
    ASSERT_TRUE(world.call(0, world.node(0).sync_keys_from_remote("b:1")));
    const int pushed = world.network.calls("b:1");
    ASSERT_TRUE(world.activate(0));
    EXPECT_EQ(world.network.calls("b:1"), pushed + 1) << "same key, same set: nothing but the status";
}

TEST(IngestActivate, peer_that_cannot_take_the_key_fails_it) {
    World world(1, 2);
    world.start_all();
    world.file(1).set_full(true);
    EXPECT_EQ(failure(world.activate(0)), Code::disk_full);
    EXPECT_EQ(world.node(0).mode(), IngestMode::idle);
    EXPECT_TRUE(world.db.keys().empty());
}

TEST(IngestActivate, lost_key_is_refused) {
    World world;
    world.start();
    const chain::PublicKey key = world.node().summary().ingress_key;
    world.db.put_key(key, BlockIndex{0});
    world.db.put_lost(key);
    EXPECT_EQ(failure(world.activate()), Code::lost);
    EXPECT_EQ(world.node().mode(), IngestMode::idle);
    EXPECT_TRUE(world.db.stored_reports().empty());
}

TEST(IngestActivate, key_that_gets_lost_while_it_is_claimed_is_refused) {
    World world;
    world.start();
    const chain::PublicKey key = world.node().summary().ingress_key;
    world.db.before_next(DbOperation::set_report, [&] { world.db.put_lost(key); });
    EXPECT_EQ(failure(world.activate()), Code::lost);
    EXPECT_EQ(world.node().mode(), IngestMode::idle);
}

TEST(IngestActivate, retired_key_is_refused_only_past_its_expiry) {
    World world;
    world.start();
    const chain::PublicKey key = world.node().summary().ingress_key;
    world.db.put_key(key, BlockIndex{5});
    world.db.put_retired(key, true);
    EXPECT_EQ(failure(world.activate()), Code::retired) << "start 5, expiry 0";
    EXPECT_EQ(world.node().mode(), IngestMode::idle);
    world.db.put_retired(key, false);
    ReportRow report;
    report.ingress_key = key;
    report.expiry = BlockIndex{5};
    world.db.put_report(key, report);
    world.db.put_retired(key, true);
    EXPECT_TRUE(world.activate()) << "block 5 is still scanned";
    EXPECT_EQ(world.node().next_block(), BlockIndex{5});
    EXPECT_FALSE(world.node().last_published_expiry()) << "a retired key publishes nothing";
}

TEST(IngestActivate, node_whose_key_was_created_meanwhile_reads_what_the_other_left) {
    World world;
    world.start();
    const chain::PublicKey key = world.node().summary().ingress_key;
    world.db.before_next(DbOperation::new_ingress_key, [&] {
        world.db.put_key(key, BlockIndex{1});
        const auto other = world.db.put_invocation(std::nullopt, key, key, BlockIndex{1});
        IngestedBlock block;
        block.block = BlockIndex{1};
        block.invocation = *other;
        block.rows = std::make_shared<std::vector<Row>>();
        world.db.put_block(*other, block);
    });
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(world.node().next_block(), BlockIndex{2});
}

TEST(IngestActivate, every_database_call_is_repeated_when_its_end_is_unknown) {
    for (const auto operation : {DbOperation::ingress_key, DbOperation::highest_known_block,
                                 DbOperation::new_ingress_key, DbOperation::set_report})
        for (const bool takes_effect : {false, true}) {
            World world;
            world.start();
            world.db.fail_next(operation, 2, Code::unknown, takes_effect);
            ASSERT_TRUE(world.activate()) << name(operation);
            EXPECT_EQ(world.db.calls(operation), 3);
            EXPECT_EQ(world.db.keys().size(), 1u);
            EXPECT_EQ(world.node().next_block(), BlockIndex{1});
        }
}

TEST(IngestActivate, database_that_stays_away_leaves_it_idle_and_a_second_try_takes_the_same_key) {
    for (const auto operation : {DbOperation::ingress_key, DbOperation::highest_known_block,
                                 DbOperation::new_ingress_key, DbOperation::set_report}) {
        World world;
        world.start();
        world.db.fail_next(operation, 5, Code::unknown, true);
        EXPECT_EQ(failure(world.activate()), Code::unavailable) << name(operation);
        EXPECT_EQ(world.node().mode(), IngestMode::idle);
        EXPECT_EQ(world.file().content()->mode, IngestMode::idle);
        EXPECT_TRUE(world.activate());
        EXPECT_EQ(world.db.keys().size(), 1u);
        EXPECT_EQ(world.node().next_block(), BlockIndex{1});
    }
}

TEST(IngestActivate, key_that_is_on_no_disk_is_not_taken_into_use) {
    World world;
    world.file().set_full(true);
    world.start();
    EXPECT_EQ(failure(world.activate()), Code::disk_full);
    EXPECT_TRUE(world.db.keys().empty());
    world.file().set_full(false);
    EXPECT_TRUE(world.activate());
}

TEST(IngestActivate, status_never_waits_for_it) {
    World world;
    world.start();
    world.db.set_latency_ms_max(10'000);
    const auto activation = world.begin(0, world.node().activate());
    world.until([&] { return world.db.calls(DbOperation::ingress_key) == 1; });
    const Instant asked = world.scheduler.now();
    const Summary status = world.call(0, world.node().get_status());
    ASSERT_TRUE(status);
    EXPECT_EQ(status->mode, IngestMode::idle);
    EXPECT_EQ(world.scheduler.now(), asked);
    EXPECT_FALSE(activation->has_value());
    EXPECT_EQ(failure(world.call(0, world.node().set_pubkey_expiry_window(1))), Code::failed_precondition);
    world.until([&] { return activation->has_value(); });
}

// Each holds its own state and pushes its key to the next.
TEST(IngestActivate, nodes_that_activate_at_once_do_not_wait_for_each_other) {
    int both_failed = 0, one_won = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        World world(seed, 3);
        world.start_all();
        std::vector<Slot<IngestSummary>> answers;
        for (std::size_t i = 0; i < 3; ++i) {
            world.host(i).set_holds(2, 20);
            answers.push_back(world.begin(i, world.node(i).activate()));
        }
        world.until([&] {
            return std::all_of(answers.begin(), answers.end(), [](const auto& a) { return a->has_value(); });
        });
        EXPECT_LT(world.scheduler.now().ms(), 5'000) << "seed " << seed;
        int active = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            const Summary& answer = **answers[i];
            EXPECT_EQ(answer.has_value(), world.node(i).mode() == IngestMode::active);
            if (!answer) {
                EXPECT_EQ(failure(answer), Code::failed_precondition);
            }
            active += answer.has_value();
        }
        both_failed += active == 0;
        one_won += active == 1;
        if (active == 0) {
            EXPECT_TRUE(world.activate(0)) << "nothing is left behind";
        }
    }
    EXPECT_GT(one_won, 10);
    EXPECT_GT(both_failed, 0);
}

// The check of the peers and the first write are apart: both find the other idle.  The fence decides.
TEST(IngestActivate, two_active_nodes_of_one_key_end_as_one) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        World world(seed, 2);
        world.start_all();
        ASSERT_TRUE(world.call(1, world.node(1).sync_keys_from_remote("a:1")));
        const chain::PublicKey key = world.node(0).summary().ingress_key;
        const auto first = world.begin(0, world.node(0).activate());
        const auto second = world.begin(1, world.node(1).activate());
        world.until([&] { return first->has_value() && second->has_value(); });
        if (!**first || !**second) continue;
        for (int i = 0; i < 4; ++i) world.pay(key, {0, 1, 0});
        world.until([&] {
            return (world.node(0).mode() == IngestMode::idle) != (world.node(1).mode() == IngestMode::idle);
        });
        const std::size_t winner = world.node(0).mode() == IngestMode::active ? 0 : 1;
        world.pay(key, {1});
        world.until_scanned(winner);
        world.pass(2s);
        EXPECT_EQ(world.node(winner).mode(), IngestMode::active);
        world.expect_sound(key);
        world.expect_closed_but_current(winner);
    }
}

// ------------------------------------------------------------------------------------------------ commands

TEST(IngestCommands, retire_of_an_unknown_key_is_not_found_and_unknown_ends_are_resolved) {
    World world;
    world.start();
    EXPECT_EQ(failure(world.call(0, world.node().retire())), Code::not_found);
    ASSERT_TRUE(world.activate());
    world.db.fail_next(DbOperation::retire_ingress_key, 1, Code::unknown, true);
    ASSERT_TRUE(world.call(0, world.node().retire()));
    EXPECT_TRUE(world.db.keys().begin()->second.retired);
    EXPECT_EQ(world.node().mode(), IngestMode::active);
}

TEST(IngestCommands, window_may_only_grow_while_active_and_is_kept_at_once) {
    World world;
    world.start();
    ASSERT_TRUE(world.call(0, world.node().set_pubkey_expiry_window(4)));
    EXPECT_EQ(world.file().content()->pubkey_expiry_window, 4u);
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(failure(world.call(0, world.node().set_pubkey_expiry_window(3))), Code::failed_precondition);
    ASSERT_TRUE(world.call(0, world.node().set_pubkey_expiry_window(7)));
    EXPECT_EQ(world.node().summary().pubkey_expiry_window, 7u);
    world.crash();
    world.start();
    EXPECT_EQ(world.node().summary().pubkey_expiry_window, 7u);
    world.file().set_full(true);
    EXPECT_EQ(failure(world.call(0, world.node().set_pubkey_expiry_window(8))), Code::disk_full);
    EXPECT_EQ(world.node().summary().pubkey_expiry_window, 7u);
}

TEST(IngestCommands, largest_window_does_not_wrap) {
    World world;
    world.config.pubkey_expiry_window = ~0ULL;
    world.start();
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(world.node().last_published_expiry(), BlockIndex{~0ULL});
}

TEST(IngestCommands, peer_list_has_oneself_and_everybody_once) {
    World world;
    world.start();
    EXPECT_EQ(failure(world.call(0, world.node().set_peers({"b:1"}))), Code::invalid_argument);
    ASSERT_TRUE(world.call(0, world.node().set_peers({"b:1", "a:1", "b:1", "a:1"})));
    EXPECT_EQ(world.file().content()->peers, (std::vector<std::string>{"b:1", "a:1"})) << "twice is once";
    EXPECT_EQ(failure(world.call(0, world.node().set_peers({}))), Code::invalid_argument);
    ASSERT_TRUE(world.call(0, world.node().set_peers({"b:1", "a:1"})));
    EXPECT_EQ(world.file().content()->peers, (std::vector<std::string>{"b:1", "a:1"}));
    world.file().set_full(true);
    EXPECT_EQ(failure(world.call(0, world.node().set_peers({"a:1"}))), Code::disk_full);
    EXPECT_EQ(world.node().summary().peers, (std::vector<std::string>{"b:1", "a:1"}));
}

TEST(IngestCommands, new_keys_only_while_idle_and_only_when_they_can_be_kept) {
    World world;
    world.start();
    const IngestSummary before = world.node().summary();
    world.file().set_full(true);
    EXPECT_EQ(failure(world.call(0, world.node().new_keys())), Code::disk_full);
    EXPECT_EQ(world.node().summary().ingress_key, before.ingress_key);
    world.file().set_full(false);
    const Summary changed = world.call(0, world.node().new_keys());
    ASSERT_TRUE(changed);
    EXPECT_NE(changed->ingress_key, before.ingress_key);
    EXPECT_NE(changed->egress_key, before.egress_key);
    EXPECT_EQ(world.file().content()->ingress_key.open, changed->ingress_key);
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(failure(world.call(0, world.node().new_keys())), Code::failed_precondition);
    EXPECT_EQ(world.node().summary().ingress_key, changed->ingress_key);
}

TEST(IngestCommands, keys_are_fetched_from_a_peer_only_while_idle) {
    World world(1, 2);
    world.start_all();
    EXPECT_EQ(failure(world.call(0, world.node(0).sync_keys_from_remote("z:1"))), Code::unavailable);
    world.network.set_reachable("b:1", false);
    EXPECT_EQ(failure(world.call(0, world.node(0).sync_keys_from_remote("b:1"))), Code::unavailable);
    world.network.set_reachable("b:1", true);
    EXPECT_EQ(failure(world.call(0, world.node(0).sync_keys_from_remote("a:1"))), Code::permission_denied);
    const chain::PublicKey egress = world.node(0).summary().egress_key;
    ASSERT_TRUE(world.call(0, world.node(0).sync_keys_from_remote("b:1")));
    EXPECT_EQ(world.node(0).summary().egress_key, egress) << "it has given none of its outputs away";
    EXPECT_EQ(world.node(0).summary().ingress_key, world.node(1).summary().ingress_key);
    EXPECT_EQ(world.file(0).content()->ingress_key.open, world.node(1).summary().ingress_key);
    ASSERT_TRUE(world.activate(0));
    EXPECT_EQ(failure(world.call(0, world.node(0).sync_keys_from_remote("b:1"))), Code::failed_precondition);
}

TEST(IngestCommands, key_of_a_peer_is_taken_only_while_idle) {
    World world;
    world.start();
    const chain::KeyPair pushed = world.crypto.random_key_pair(world.rng);
    const chain::KeyPair other = world.crypto.random_key_pair(world.rng);
    const chain::PublicKey egress = world.node().summary().egress_key;
    ASSERT_TRUE(world.call(0, world.node().set_ingress_key(pushed)));
    EXPECT_EQ(world.node().summary().ingress_key, pushed.open);
    EXPECT_EQ(world.node().summary().egress_key, egress);
    ASSERT_TRUE(world.call(0, world.node().set_ingress_key(pushed)));
    EXPECT_EQ(world.node().summary().egress_key, egress) << "the same key again changes nothing";
    const auto given = world.call(0, world.node().get_ingress_key());
    ASSERT_TRUE(given);
    EXPECT_EQ(given->secret, pushed.secret);
    ASSERT_TRUE(world.activate());
    EXPECT_EQ(failure(world.call(0, world.node().set_ingress_key(other))), Code::failed_precondition);
    EXPECT_EQ(world.node().summary().ingress_key, pushed.open);
}

TEST(IngestCommands, own_active_key_reported_lost_makes_it_idle_on_a_quiet_chain) {
    World world;
    const chain::PublicKey key = world.start().summary().ingress_key;
    ASSERT_TRUE(world.activate());
    world.pay(key, {0});
    world.until_scanned();
    const InvocationId invocation = *world.node().summary().invocation;
    world.db.fail_next(DbOperation::report_lost_ingress_key, 1, Code::unknown, true);
    const Result<bool> announced = world.call(0, world.node().report_lost_ingress_key(key));
    ASSERT_TRUE(announced);
    EXPECT_TRUE(*announced);
    EXPECT_EQ(world.node().mode(), IngestMode::idle);
    world.until_closed(invocation);
    const auto ranges = world.call(0, world.node().get_missed_block_ranges());
    ASSERT_TRUE(ranges);
    const std::vector<BlockRange> expected{{BlockIndex{2}, BlockIndex{11}}};
    EXPECT_EQ(*ranges, expected);
}

TEST(IngestCommands, own_key_reported_lost_during_the_activation_does_not_end_active) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        World world(seed);
        const chain::PublicKey key = world.start().summary().ingress_key;
        world.host().set_holds(2, 20);
        const auto activation = world.begin(0, world.node().activate());
        const Stream when(world.choices, Domain::plan, 0, 0);
        const std::uint64_t steps = world.scheduler.steps() + Stream(when).below(30);
        while (world.scheduler.steps() < steps) world.scheduler.step();
        const auto report = world.begin(0, world.node().report_lost_ingress_key(key));
        world.until([&] { return activation->has_value() && report->has_value(); });
        if (!**report) {
            EXPECT_EQ(failure(**report), Code::not_found) << "it came before the key";
            continue;
        }
        EXPECT_EQ(world.node().mode(), IngestMode::idle) << "seed " << seed;
    }
}

TEST(IngestCommands, foreign_key_is_reported_lost_without_harm) {
    World world;
    world.start();
    ASSERT_TRUE(world.activate());
    const chain::PublicKey other = world.crypto.random_key_pair(world.rng).open;
    EXPECT_EQ(failure(world.call(0, world.node().report_lost_ingress_key(other))), Code::not_found);
    world.db.put_key(other, BlockIndex{3});
    const Result<bool> announced = world.call(0, world.node().report_lost_ingress_key(other));
    ASSERT_TRUE(announced);
    EXPECT_FALSE(*announced) << "it had promised nothing";
    EXPECT_EQ(world.node().mode(), IngestMode::active);
    world.db.set_down(true);
    EXPECT_EQ(failure(world.call(0, world.node().report_lost_ingress_key(other))), Code::unavailable);
    EXPECT_EQ(failure(world.call(0, world.node().get_missed_block_ranges())), Code::unavailable);
}

// BH-28: a key that published a report and never scanned is one that somebody must take care of.
TEST(IngestCommands, key_records_include_those_never_scanned) {
    World world;
    world.start();
    ASSERT_TRUE(world.activate());
    std::vector<chain::PublicKey> keys;
    for (std::uint64_t start : {2u, 5u, 8u}) {
        keys.push_back(world.crypto.random_key_pair(world.rng).open);
        world.db.put_key(keys.back(), BlockIndex{start});
    }
    world.db.put_lost(keys[1]);
    world.db.put_retired(keys[2], true);
    const auto count = [&](std::uint64_t start, bool lost, bool retired) {
        const auto records =
            world.call(0, world.node().get_ingress_key_records(BlockIndex{start}, lost, retired));
        return records.value().size();
    };
    EXPECT_EQ(count(0, true, true), 4u);
    EXPECT_EQ(count(0, false, true), 3u);
    EXPECT_EQ(count(0, true, false), 3u);
    EXPECT_EQ(count(0, false, false), 2u);
    EXPECT_EQ(count(2, false, false), 1u);
    EXPECT_EQ(count(9, true, true), 0u);
    world.db.set_down(true);
    EXPECT_EQ(failure(world.call(0, world.node().get_ingress_key_records(BlockIndex{0}, true, true))),
              Code::unavailable);
}

TEST(IngestPeers, checkup_brings_idle_peers_in_line_and_leaves_the_own_mode_alone) {
    World world(1, 2);
    world.start_all();
    ASSERT_TRUE(world.activate(0));
    ASSERT_TRUE(world.call(1, world.node(1).new_keys()));
    ASSERT_TRUE(world.call(1, world.node(1).set_peers({"b:1"})));
    world.pass(59s);
    EXPECT_NE(world.node(1).summary().ingress_key, world.node(0).summary().ingress_key);
    world.pass(2s);
    EXPECT_EQ(world.node(1).summary().ingress_key, world.node(0).summary().ingress_key);
    EXPECT_EQ(world.node(1).summary().peers, world.node(0).summary().peers);
    const int calls = world.network.calls("b:1");
    world.pass(60s);
    EXPECT_EQ(world.network.calls("b:1"), calls + 1) << "in line: only asked";
    world.network.set_reachable("b:1", false);
    world.pass(120s);
    EXPECT_EQ(world.node(0).mode(), IngestMode::active);
    world.network.set_reachable("b:1", true);

    // An active peer with another key keeps it, and the checkup does not make anybody idle.
    ASSERT_TRUE(world.call(1, world.node(1).new_keys()));
    ASSERT_TRUE(world.call(1, world.node(1).set_peers({"b:1"})));
    ASSERT_TRUE(world.activate(1));
    world.pass(120s);
    EXPECT_NE(world.node(1).summary().ingress_key, world.node(0).summary().ingress_key);
    EXPECT_EQ(world.node(0).mode(), IngestMode::active);
    EXPECT_EQ(world.node(1).mode(), IngestMode::active);
}

TEST(IngestPeers, idle_node_checks_nobody) {
    World world(1, 2);
    world.start_all();
    world.pass(200s);
    EXPECT_EQ(world.network.calls("a:1") + world.network.calls("b:1"), 0);
}

} // namespace
} // namespace engine::fog
