#include "sim/sim_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/tell/words.hpp"
#include "sim/run.hpp"
#include "sim/testing/core_bed.hpp"

namespace sim {
namespace {

using namespace sim::testing;
using engine::AccountId;
using engine::BlockPlan;
using engine::Capability;
using engine::Code;
using engine::CoinRef;
using engine::Scenario;
using engine::World;
using engine::check::CheckId;
using engine::fog::BalanceReport;
using engine::fog::IngestMode;

Options small_world(std::uint64_t seed = 1) {
    Options options = calm(seed);
    options.topology.accounts = 2;
    options.topology.ingest_nodes = 1;
    return options;
}

RunResult tell(Task<> (*story)(World&), const Options& options, bool closes = false) {
    Scenario scenario;
    scenario.name = "test";
    scenario.story = story;
    scenario.closes = closes;
    return run(scenario, options);
}

std::size_t violations_of(const RunResult& result, CheckId check) {
    return static_cast<std::size_t>(
        std::count_if(result.violations.begin(), result.violations.end(),
                      [&](const auto& violation) { return violation.check == check; }));
}

BlockPlan paying(std::vector<std::pair<std::uint32_t, std::uint64_t>> pays,
                 std::vector<CoinRef> spends = {}) {
    BlockPlan plan;
    for (const auto& [account, amount] : pays) {
        engine::Credit credit;
        credit.to = AccountId{account};
        credit.amount = amount;
        plan.credits.push_back(std::move(credit));
    }
    plan.spends = std::move(spends);
    return plan;
}

Task<std::vector<CoinRef>> pay(World& world, BlockPlan plan) {
    engine::AppendedBlock appended = co_await world.chain().append(std::move(plan));
    co_return std::move(appended.credits);
}

Task<> activate(World& world) {
    const auto active = co_await world.ingest(0).api().activate();
    ENSURE(active && active->mode == IngestMode::active);
}

Task<> until_level(World& world) {
    auto level = [&world] {
        const BlockCount height = world.chain().height();
        return world.view_store(0).count() == height && world.image_store(0).count() == height;
    };
    co_await world.until("the chain's height by view and ledger", std::move(level), 60s);
}

// ----------------------------------------------------------------------------------------------- a right run

Task<> pay_and_spend(World& world) {
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    co_await activate(world);
    BlockPlan first = paying({{0, 1}, {0, 2}, {1, 4}});
    const std::vector<CoinRef> coins = co_await pay(world, std::move(first));
    co_await alice.poll();
    BlockPlan second = paying({{1, 8}}, {coins.at(0)});
    co_await pay(world, std::move(second));
    co_await until_level(world);
    co_await alice.poll();
}

Task<> pay_and_close(World& world) {
    co_await pay_and_spend(world);
    co_await engine::close(world);
}

TEST(SimWorld, right_run_is_held_and_every_checker_has_judged) {
    SimWorld world(small_world());
    world.run(pay_and_close(world));
    EXPECT_TRUE(world.checks().violations().empty());
    for (CheckId check : {CheckId::balance, CheckId::monotone, CheckId::response, CheckId::liveness,
                          CheckId::final, CheckId::conservation, CheckId::crash})
        EXPECT_GT(world.checks().judged(check), 0u) << name(check);
    EXPECT_EQ(world.chain().model().coins().size(), 10u + 4u);
}

TEST(SimWorld, same_options_give_the_same_run_and_another_seed_another) {
    Options stormy = small_world(7);
    stormy.weather = Weather{};
    const RunResult one = tell(pay_and_spend, stormy, true);
    const RunResult two = tell(pay_and_spend, stormy, true);
    EXPECT_EQ(one.verdict, Verdict::held);
    EXPECT_EQ(one.digest, two.digest);
    EXPECT_EQ(one.steps, two.steps);
    EXPECT_EQ(one.choices, two.choices);
    stormy.seed = 8;
    EXPECT_NE(tell(pay_and_spend, stormy, true).digest, one.digest);
}

Task<> nobody_asks(World& world) { co_await world.sleep(1s); }

Task<> asks_and_leaves(World& world) {
    co_await activate(world);
    const Result<BalanceReport> asked = co_await world.new_wallet(AccountId{0}).poll();
    ENSURE(asked.has_value());
}

TEST(SimWorld, run_that_judged_nothing_is_no_pass) {
    const RunResult nothing = tell(nobody_asks, small_world());
    EXPECT_EQ(nothing.verdict, Verdict::inconclusive);
    EXPECT_EQ(nothing.reason, "no balance was judged");
    EXPECT_EQ(tell(asks_and_leaves, small_world()).verdict, Verdict::held);

    Scenario of_a_sender;
    of_a_sender.name = "test";
    of_a_sender.story = asks_and_leaves;
    of_a_sender.closes = false;
    of_a_sender.judges = {CheckId::sender};
    const RunResult unjudged = run(of_a_sender, small_world());
    EXPECT_EQ(unjudged.verdict, Verdict::inconclusive);
    EXPECT_EQ(unjudged.reason, "never judged: sender");
}

Task<> violates_and_throws(World& world) {
    engine::expect(world, CheckId::balance, false, "something is wrong");
    throw engine::UsageError("and then this");
    co_return;
}

TEST(SimWorld, violation_is_not_covered_by_an_exception) {
    const RunResult result = tell(violates_and_throws, small_world());
    EXPECT_EQ(result.verdict, Verdict::violated);
    EXPECT_EQ(violations_of(result, CheckId::balance), 1u);
    EXPECT_EQ(result.broken_by, "and then this");
}

TEST(SimWorld, keeping_the_events_changes_nothing) {
    Options options = small_world(3);
    const RunResult plain = tell(pay_and_spend, options);
    options.keep_events = true;
    const RunResult kept = tell(pay_and_spend, options);
    EXPECT_EQ(plain.digest, kept.digest);
    EXPECT_TRUE(plain.events.empty());
    EXPECT_FALSE(kept.events.empty());
    EXPECT_EQ(kept.node_names.at(1), "ingest0");
}

TEST(SimWorld, run_that_follows_a_recording_gives_the_same_digest) {
    Options options = small_world(5);
    options.weather = Weather{};
    SimWorld recorded(options);
    recorded.run(pay_and_spend(recorded));
    Options following = options;
    const engine::Recording recording = recorded.core().choices.record();
    following.follow = &recording;
    SimWorld replay(following);
    replay.run(pay_and_spend(replay));
    EXPECT_EQ(replay.core().trace.digest(), recorded.core().trace.digest());
    EXPECT_EQ(replay.core().choices.sequence().size(), recorded.core().choices.sequence().size());
}

TEST(SimWorld, scenario_that_needs_more_is_skipped_with_the_reason) {
    Scenario scenario;
    scenario.story = pay_and_spend;
    scenario.needs = {Capability::crash, Capability::own_copies};
    EXPECT_EQ(run(scenario, small_world()).skipped, "needs own_copies");
    Options rich = small_world();
    rich.topology.own_copies = true;
    EXPECT_EQ(run(scenario, rich).skipped, "");
}

// ------------------------------------------------------------------------------------------------ liveness

// Somebody stops the view store whenever it comes up.
Task<> keep_down(World* world) {
    for (;;) {
        co_await world->view_store(0).stop();
        co_await world->sleep(1s);
    }
}

Task<> view_store_stopped_for_ever(World& world) {
    co_await activate(world);
    engine::spawn(world.loop(), NodeId{}, "saboteur", keep_down(&world));
    co_await world.sleep(1ms);
}

TEST(SimWorldLiveness, rejects_a_world_in_which_a_view_store_stays_down) {
    const RunResult result = tell(view_store_stopped_for_ever, small_world(), true);
    EXPECT_EQ(result.verdict, Verdict::liveness);
    ASSERT_EQ(result.violations.size(), 1u);
    EXPECT_EQ(result.violations[0].check, CheckId::liveness);
    EXPECT_NE(engine::tell::in_words(result.violations[0]).find("view0.0 at 0"), std::string::npos)
        << engine::tell::in_words(result.violations[0]);
}

Task<> stops_and_crashes(World& world) {
    co_await activate(world);
    world.faults().begin(engine::faults::DbDown{});
    co_await world.view_store(0).stop();
    co_await world.image_store(0).crash();
    co_await world.ingest(0).crash();
    world.view_router().pause();
    for (engine::ChainCopy* copy : world.copies()) copy->hold();
}

TEST(SimWorldLiveness, accepts_a_world_that_is_healed_by_closing) {
    EXPECT_EQ(tell(stops_and_crashes, small_world(), true).verdict, Verdict::held);
}

Task<> wait_in_vain(World& world) {
    auto never = [] { return false; };
    co_await world.until("block count 99 by godot", never, 7s);
}

TEST(SimWorldLiveness, rejects_a_condition_that_is_not_reached_in_its_time) {
    const RunResult result = tell(wait_in_vain, small_world());
    ASSERT_EQ(result.violations.size(), 1u);
    EXPECT_EQ(result.violations[0].check, CheckId::liveness);
    EXPECT_EQ(engine::tell::in_words(result.violations[0])
                  .rfind("block count 99 by godot not reached within 7 s", 0),
              0u)
        << engine::tell::in_words(result.violations[0]);
    EXPECT_EQ(result.virtual_ms, 7000);
}

Task<> sleep_long(World& world) { co_await world.sleep(std::chrono::hours(24)); }

TEST(SimWorldLiveness, rejects_a_run_that_uses_up_its_steps) {
    Options options = small_world();
    options.step_budget = 1000;
    const RunResult result = tell(sleep_long, options);
    EXPECT_EQ(result.verdict, Verdict::liveness);
    ASSERT_EQ(violations_of(result, CheckId::liveness), 1u);
    EXPECT_NE(engine::tell::in_words(result.violations[0]).find("step budget of 1000"), std::string::npos);
    EXPECT_NE(engine::tell::in_words(result.violations[0]).find("'scenario' waits for the scenario's pause"),
              std::string::npos)
        << engine::tell::in_words(result.violations[0]);
}

// Something that no fault of the table explains keeps a wallet from the height.
Task<> killer_of_calls(SimWorld* world, NodeId node) {
    for (;;) {
        world->core().scheduler.kill_node(node);
        co_await engine::sleep_until(world->now() + 100us);
    }
}

Task<> view_router_that_dies_on_every_call(SimWorld& world) {
    co_await activate(world);
    const NodeId router = world.view_router().id();
    engine::spawn(world.loop(), NodeId{}, "saboteur", killer_of_calls(&world, router));
    co_await engine::close(world);
}

TEST(SimWorldLiveness, rejects_a_wallet_that_does_not_reach_the_height_though_all_services_do) {
    SimWorld world(small_world());
    world.run(view_router_that_dies_on_every_call(world));
    ASSERT_FALSE(world.checks().violations().empty());
    const auto& violation = world.checks().violations()[0];
    EXPECT_EQ(violation.check, CheckId::liveness);
    EXPECT_NE(engine::tell::in_words(violation).find("is at block count 0 of 2 after 6 polls"),
              std::string::npos)
        << engine::tell::in_words(violation);
}

// ------------------------------------------------------------------------------------------------ crash

Task<> throw_it(bool ours) {
    co_await engine::yield();
    if (ours) throw engine::InternalError("our own bug");
    throw std::runtime_error("boom");
}

TEST(SimWorldCrash, rejects_an_exception_that_leaves_a_node) {
    SimWorld world(small_world());
    engine::spawn(world.loop(), world.view_store(0).id(), "service", throw_it(false));
    world.run(sleep_long(world));
    ASSERT_EQ(world.checks().violations().size(), 1u);
    EXPECT_EQ(world.checks().violations()[0].check, CheckId::crash);
    EXPECT_EQ(engine::tell::in_words(world.checks().violations()[0]), "an exception leaves view0.0: boom");
}

TEST(SimWorldCrash, bug_of_ours_is_no_verdict) {
    SimWorld world(small_world());
    engine::spawn(world.loop(), world.view_store(0).id(), "service", throw_it(true));
    EXPECT_THROW(world.run(sleep_long(world)), engine::InternalError);
    EXPECT_TRUE(world.checks().violations().empty());
}

Task<> throwing_story(World&) {
    co_await engine::yield();
    throw engine::BrokenSurroundings("no such thing");
}

TEST(SimWorldCrash, exception_of_the_story_ends_the_run) {
    EXPECT_THROW(tell(throwing_story, small_world()), Broken);
}

// An enclave with room for one user meets two in one block: upstream panics.
Task<> more_users_than_room(World& world) {
    co_await activate(world);
    BlockPlan plan = paying({{0, 1}, {1, 2}});
    co_await pay(world, std::move(plan));
    co_await world.sleep(10s);
}

TEST(SimWorldCrash, rejects_a_node_that_aborts) {
    Options options = small_world();
    options.topology.user_capacity = 1;
    options.keep_events = true;
    const RunResult result = tell(more_users_than_room, options);
    EXPECT_EQ(result.verdict, Verdict::violated);
    ASSERT_EQ(result.violations.size(), 1u);
    EXPECT_EQ(result.violations[0].check, CheckId::crash);
    EXPECT_EQ(engine::tell::in_words(result.violations[0]).rfind("ingest0 aborts: ", 0), 0u)
        << engine::tell::in_words(result.violations[0]);
    const auto stopped = std::find_if(result.events.begin(), result.events.end(), [](const auto& event) {
        return event.kind == EventKind::node_stopped;
    });
    ASSERT_NE(stopped, result.events.end());
    EXPECT_EQ(stopped->a, 2u) << "it ended itself";
}

Task<> ledger_router_that_dies_on_every_call(SimWorld& world) {
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    co_await activate(world);
    BlockPlan plan = paying({{0, 1}});
    co_await pay(world, std::move(plan));
    co_await until_level(world);
    const NodeId router = world.ledger_router().id();
    engine::spawn(world.loop(), NodeId{}, "saboteur", killer_of_calls(&world, router));
    co_await alice.poll();
}

TEST(SimWorldCrash, rejects_a_wallet_call_that_fails_without_a_fault) {
    SimWorld world(small_world());
    world.run(ledger_router_that_dies_on_every_call(world));
    ASSERT_EQ(world.checks().violations().size(), 1u);
    EXPECT_EQ(world.checks().violations()[0].check, CheckId::crash);
    EXPECT_NE(engine::tell::in_words(world.checks().violations()[0])
                  .find("a balance check of account 0 fails, and nothing on its way has caused that"),
              std::string::npos)
        << engine::tell::in_words(world.checks().violations()[0]);
}

Task<> fails_with_an_excuse(World& world) {
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    co_await activate(world);
    BlockPlan plan = paying({{0, 1}});
    co_await pay(world, std::move(plan));
    co_await until_level(world);
    co_await world.image_store(0).crash();
    const Result<BalanceReport> down = co_await alice.poll();
    ENSURE(!down);
    co_await world.image_store(0).start();
    co_await until_level(world);
    const Result<BalanceReport> up = co_await alice.poll();
    ENSURE(up && up->value() == 1);
    world.faults().begin(engine::faults::ResetConnections{NodeId{6}, world.ledger_router().id(), {256}});
    for (NodeId node; node.value < 12; node = NodeId{node.value + 1})
        world.faults().begin(engine::faults::ResetConnections{node, world.ledger_router().id(), {256}});
    const Result<BalanceReport> reset = co_await alice.poll();
    ENSURE(!reset);
    world.faults().heal_all();
    const Result<BalanceReport> healed = co_await alice.poll();
    ENSURE(healed);
}

TEST(SimWorldCrash, accepts_a_wallet_call_that_fails_by_a_declared_fault) {
    const RunResult result = tell(fails_with_an_excuse, small_world());
    EXPECT_TRUE(result.violations.empty());
}

TEST(SimWorldCrash, excuse_names_the_fault_that_struck_the_call) {
    SimWorld world(small_world());
    world.run(fails_with_an_excuse(world));
    const std::vector<engine::check::Excuse>& excuses = world.checks().excuses();
    ASSERT_EQ(excuses.size(), 2u);
    EXPECT_EQ(excuses[0].cause.what, engine::Cause::What::down);
    EXPECT_EQ(excuses[0].cause.to, world.image_store(0).id());
    EXPECT_EQ(excuses[1].cause.fault, FaultKind::reset_connections);
    EXPECT_EQ(excuses[1].cause.place, engine::Cause::Place::link);
    EXPECT_EQ(excuses[1].cause.from, world.wallets()[0]->id());
    EXPECT_EQ(excuses[1].cause.to, world.ledger_router().id());
}

Task<> asks_about_two_coins_under(World& world, engine::Fault fault) {
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    co_await activate(world);
    BlockPlan plan = paying({{0, 1}, {0, 2}});
    co_await pay(world, std::move(plan));
    co_await until_level(world);
    const engine::FaultId id = world.faults().begin(fault);
    const Result<BalanceReport> shown = co_await alice.poll();
    (void)shown; // judged
    world.faults().heal(id);
    const Result<BalanceReport> healed = co_await alice.poll();
    (void)healed;
}

// Each of these was an excuse for everything once.
TEST(SimWorldCrash, service_that_fails_by_itself_is_seen_whatever_is_wrong_elsewhere) {
    const engine::Fault elsewhere[] = {
        engine::faults::DiskFull{NodeId{1}}, engine::faults::Isolate{NodeId{1}},
        engine::faults::DbDownFor{NodeId{1}}, engine::faults::ResetConnections{NodeId{1}, NodeId{4}, {256}},
        engine::faults::ClockJump{NodeId{1}, 9s}};
    for (const engine::Fault& fault : elsewhere)
        for (const bool fails : {false, true}) {
            Options options = small_world();
            if (fails) options.defects.switch_on(Defect::ledger_router_fails_at_many_images);
            SimWorld world(options);
            world.run(asks_about_two_coins_under(world, fault));
            EXPECT_EQ(world.checks().any_violation(), fails) << engine::name(fault.kind());
            EXPECT_TRUE(world.checks().excuses().empty());
            if (!fails || !world.checks().any_violation()) continue;
            EXPECT_EQ(world.checks().violations()[0].check, CheckId::crash);
            EXPECT_NE(engine::tell::in_words(world.checks().violations()[0]).find("ledger router: internal"),
                      std::string::npos);
        }
}

Task<> asks_a_paused_router(World& world) {
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    co_await activate(world);
    BlockPlan plan = paying({{0, 1}});
    co_await pay(world, std::move(plan));
    co_await until_level(world);
    world.image_store(0).pause();
    const Result<BalanceReport> silent = co_await alice.poll();
    ENSURE(!silent);
    world.image_store(0).resume();
}

// The router waits for the store, the wallet for the router: the pause lies on the way of that very call.
TEST(SimWorldCrash, silence_is_excused_by_what_its_server_waits_for) {
    SimWorld world(small_world());
    world.run(asks_a_paused_router(world));
    EXPECT_FALSE(world.checks().any_violation());
    ASSERT_EQ(world.checks().excuses().size(), 1u);
    EXPECT_EQ(world.checks().excuses()[0].cause.what, engine::Cause::What::paused);
    EXPECT_EQ(world.checks().excuses()[0].cause.to, world.image_store(0).id());
}

Task<> look_ups_fail(World& world) {
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    co_await activate(world);
    BlockPlan plan = paying({{0, 1}});
    co_await pay(world, std::move(plan));
    co_await until_level(world);
    world.faults().begin(engine::faults::FailedLookUps{world.view_store(0).id(), {256}});
    const Result<BalanceReport> blind = co_await alice.poll();
    ENSURE(blind && blind->count == BlockCount{}); // an error is not a miss
    world.faults().heal_all();
    const Result<BalanceReport> seeing = co_await alice.poll();
    ENSURE(seeing && seeing->count == BlockCount{2} && seeing->value() == 1);

    BlockPlan empty;
    co_await pay(world, std::move(empty));
    co_await until_level(world);
    world.faults().begin(engine::faults::FailedLookUps{world.image_store(0).id(), {256}});
    const Result<BalanceReport> unsure = co_await alice.poll();
    ENSURE(unsure && unsure->count == BlockCount{2}); // an error is not 'not spent'
    world.faults().heal_all();
    const Result<BalanceReport> sure = co_await alice.poll();
    ENSURE(sure && sure->count == BlockCount{3});
}

Task<> retired_key_ends(World& world) {
    co_await activate(world);
    const auto retired = co_await world.ingest(0).api().retire();
    ENSURE(retired);
    for (int blocks = 0; blocks < 4; ++blocks) {
        BlockPlan empty;
        co_await pay(world, std::move(empty));
    }
    co_await world.sleep(10s);
}

TEST(SimWorld, node_that_stops_scanning_without_a_reason_is_a_liveness_violation) {
    Options options = small_world();
    options.topology.pubkey_expiry_window = 2;
    EXPECT_TRUE(tell(retired_key_ends, options).violations.empty());
    options.defects.switch_on(Defect::ingest_retires_one_block_early);
    const RunResult result = tell(retired_key_ends, options);
    EXPECT_EQ(violations_of(result, CheckId::liveness), 1u);
    ASSERT_FALSE(result.violations.empty());
    EXPECT_EQ(
        engine::tell::in_words(result.violations[0]),
        "ingest0 stops scanning at block 2, although its key is neither lost nor at its end, and nobody "
        "else has stored that block");
}

Task<> stops_for_a_reason(World& world) {
    co_await activate(world);
    const auto lost = co_await world.ingest(0).api().get_status();
    ENSURE(lost);
    const auto reported = co_await world.ingest(0).api().report_lost_ingress_key(lost->ingress_key);
    ENSURE(reported);
    ENSURE(world.ingest(0).mode() == IngestMode::idle);
}

// Found by lag seed 123325: the database is asked for the key's last block through a replica that is behind.
Task<> resumes_from_a_stale_read(World& world) {
    co_await activate(world);
    world.faults().begin(engine::faults::StaleReads{world.ingest(0).id(), std::chrono::milliseconds(60'000)});
    BlockPlan plan = paying({{0, 1}});
    co_await pay(world, std::move(plan));
    co_await until_level(world);
    co_await world.ingest(0).crash();
    co_await world.ingest(0).start();
    co_await world.sleep(30s);
}

TEST(SimWorld, node_that_read_a_stale_replica_may_stop_at_its_own_block) {
    bool read_stale = false;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const RunResult result = tell(resumes_from_a_stale_read, small_world(seed));
        EXPECT_TRUE(result.violations.empty()) << seed;
        read_stale = read_stale || result.marks.of(engine::Mark::db_read_from_a_stale_replica) > 0;
    }
    EXPECT_TRUE(read_stale);
}

TEST(SimWorld, node_whose_key_is_lost_has_a_reason_to_stop) {
    const RunResult result = tell(stops_for_a_reason, small_world());
    EXPECT_TRUE(result.violations.empty());
    EXPECT_EQ(result.judged[static_cast<std::size_t>(CheckId::liveness)], 1u);
}

Task<> database_is_flaky(World& world) {
    co_await activate(world);
    world.faults().begin(engine::faults::FlakyDatabase{world.view_store(0).id(), {256}});
    BlockPlan plan = paying({{0, 1}});
    co_await pay(world, std::move(plan));
    co_await world.sleep(5s);
    ENSURE(world.view_store(0).count() == BlockCount{});
    world.faults().heal_all();
    co_await until_level(world);
}

TEST(SimWorld, flaky_database_keeps_its_reader_back_until_it_is_healed) {
    EXPECT_TRUE(tell(database_is_flaky, small_world()).violations.empty());
}

TEST(SimWorld, failed_look_ups_hold_a_wallet_back_until_they_are_healed) {
    EXPECT_TRUE(tell(look_ups_fail, small_world()).violations.empty());
}

// ------------------------------------------------------------------------------------------------ wallets

Task<> restart_and_kill(World& world) {
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    co_await activate(world);
    BlockPlan plan = paying({{0, 1}});
    co_await pay(world, std::move(plan));
    co_await until_level(world);
    co_await alice.poll();
    ENSURE(alice.last() && alice.last()->count == BlockCount{2});
    alice.restart();
    ENSURE(!alice.last());
    const FaultId down = world.faults().begin(engine::faults::DbDown{});
    const Result<BalanceReport> fresh = co_await alice.poll();
    // Lower than before its restart: another wallet for `monotone`.
    ENSURE(fresh && fresh->count == BlockCount{0});
    world.faults().heal(down);
    co_await until_level(world);
    for (int i = 0; i < 20; ++i) co_await alice.poll_and_kill();
    const Result<BalanceReport> end = co_await alice.poll();
    ENSURE(end && end->count == BlockCount{2} && end->value() == 1);
    alice.judge_final();
}

TEST(SimWorldWallet, restarted_or_killed_it_begins_anew) {
    const RunResult result = tell(restart_and_kill, small_world());
    EXPECT_TRUE(result.violations.empty());
}

Task<> sender_asks(World& world) {
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    const Result<engine::PreparedPayment> early = co_await world.chain().prepare(AccountId{0}, 1, 5);
    ENSURE(!early && early.error().code == Code::not_found);
    co_await activate(world);
    Result<engine::PreparedPayment> landing = co_await world.chain().prepare(AccountId{0}, 1, 5);
    Result<engine::PreparedPayment> late = co_await world.chain().prepare(AccountId{0}, 2, 1);
    Result<engine::PreparedPayment> far = co_await world.chain().prepare(AccountId{0}, 4, 5000);
    ENSURE(landing && late && far);
    ENSURE(landing->tombstone == BlockIndex{6} && late->tombstone == BlockIndex{2});
    ENSURE(far->tombstone == BlockIndex{11}); // the report's expiry, start 1 and window 10
    BlockPlan plan;
    co_await pay(world, std::move(plan));
    std::vector<engine::PreparedPayment> payments{*landing, *late};
    const std::vector<CoinRef> landed = co_await world.chain().submit(std::move(payments));
    ENSURE(landed.size() == 1); // block 2 is the late one's tombstone
    co_await until_level(world);
    using Verdict = engine::fog::Wallet::Landing::Verdict;
    const auto first = co_await alice.landing(*landing);
    const auto second = co_await alice.landing(*late);
    const auto third = co_await alice.landing(*far);
    ENSURE(first && first->verdict == Verdict::landed && first->block == BlockIndex{2});
    ENSURE(second && second->verdict == Verdict::expired);
    ENSURE(third && third->verdict == Verdict::unknown);
}

TEST(SimWorldWallet, sender_is_told_what_became_of_each_payment) {
    SimWorld world(small_world());
    world.run(sender_asks(world));
    EXPECT_TRUE(world.checks().violations().empty());
    EXPECT_EQ(world.checks().judged(CheckId::sender), 3u);
}

// ------------------------------------------------------------------------------------------------ chain

Task<> hints(World& world) {
    BlockPlan nobody = paying({{0, 1}});
    const std::vector<CoinRef> none = co_await pay(world, std::move(nobody));
    ENSURE(none.empty() && world.chain().height() == BlockCount{2}); // nobody has published a report
    co_await activate(world);
    BlockPlan plan = paying({{0, 1}, {1, 2}});
    const std::vector<CoinRef> two = co_await pay(world, std::move(plan));
    ENSURE(two.size() == 2);
    const Result<engine::chain::PublicKey> key = co_await world.chain().refresh_hint_key();
    ENSURE(key.has_value());
    ENSURE(world.chain().model().coins().at(two[0].index).hint_key == *key);
    // Nobody scans any more: the report stays, and expires.
    co_await world.ingest(0).crash();
    while (world.chain().height() < BlockCount{40}) {
        BlockPlan empty;
        co_await pay(world, std::move(empty));
    }
    BlockPlan expired = paying({{0, 2}});
    const std::vector<CoinRef> too_late = co_await pay(world, std::move(expired));
    ENSURE(too_late.empty());
    // Past its expiry and with no report server to ask, a key is not used.
    world.chain().set_hint_key(*key, world.chain().height().end());
    co_await world.report_server().stop();
    BlockPlan late = paying({{0, 4}});
    const std::vector<CoinRef> refused = co_await pay(world, std::move(late));
    ENSURE(refused.empty());
    BlockPlan named = paying({{0, 8}});
    named.credits[0].hint_key = *key;
    const std::vector<CoinRef> forced = co_await pay(world, std::move(named));
    ENSURE(forced.size() == 1); // a plan may name any key
}

TEST(SimWorldChain, credit_lands_only_with_an_unexpired_hint_key) {
    EXPECT_TRUE(tell(hints, small_world()).violations.empty());
}

TEST(SimWorldChain, origin_block_pays_everybody_and_no_fog_scans_it) {
    SimWorld world(small_world());
    EXPECT_EQ(world.chain().height(), BlockCount{1});
    EXPECT_EQ(world.chain().model().block(BlockIndex{0})->outputs.size(), 10u);
    EXPECT_TRUE(world.chain().model().block(BlockIndex{0})->key_images.empty());
    for (engine::ChainCopy* copy : world.copies()) EXPECT_EQ(copy->count(), BlockCount{1});
}

// ------------------------------------------------------------------------------------------ nodes and faults

Task<> verbs(World& world) {
    engine::Node& store = world.view_store(0);
    co_await store.start(); // runs already
    co_await store.stop();
    co_await store.stop();
    ENSURE(!store.is_up() && world.view_store(0).count() == BlockCount{0} && !world.view_store(0).is_ready());
    co_await store.start();
    store.pause();
    co_await store.crash(); // a killed process is not a stopped one any more
    co_await store.start();
    co_await activate(world);
    BlockPlan plan = paying({{0, 1}});
    co_await pay(world, std::move(plan));
    co_await until_level(world);
}

TEST(SimWorldNodes, verbs_have_their_effect_once) {
    Options options = small_world();
    options.keep_events = true;
    const RunResult result = tell(verbs, options);
    EXPECT_TRUE(result.violations.empty());
    std::vector<std::pair<EventKind, std::uint64_t>> seen;
    for (const engine::Event& event : result.events)
        if (event.node == NodeId{2} && event.at.ns >= 0 &&
            (event.kind == EventKind::node_started || event.kind == EventKind::node_stopped ||
             event.kind == EventKind::node_paused || event.kind == EventKind::node_resumed))
            seen.push_back({event.kind, event.a});
    EXPECT_EQ(result.node_names.at(2), "view0.0");
    EXPECT_EQ(seen, (std::vector<std::pair<EventKind, std::uint64_t>>{{EventKind::node_started, 1},
                                                                      {EventKind::node_stopped, 0},
                                                                      {EventKind::node_started, 2},
                                                                      {EventKind::node_paused, 0},
                                                                      {EventKind::node_stopped, 1},
                                                                      {EventKind::node_started, 3}}));
}

Task<> heal_all(SimWorld& world) {
    const FaultId one = world.faults().begin(engine::faults::Partition{NodeId{1}, NodeId{2}});
    world.faults().begin(engine::faults::WatcherBehind{engine::faults::CopyNumber{1}});
    world.faults().heal(one);
    world.faults().heal(one); // again: no effect
    ENSURE(world.faults().any());
    world.view_store(0).pause();
    co_await world.image_store(0).stop();
    for (engine::ChainCopy* copy : world.copies()) copy->hold();
    world.faults().heal_all();
    ENSURE(!world.faults().any());
    ENSURE(!world.core().scheduler.is_paused(world.view_store(0).id()));
    ENSURE(!world.image_store(0).is_up());
    BlockPlan plan;
    co_await pay(world, std::move(plan));
    auto followed = [&world] {
        const auto copies = world.copies();
        return std::all_of(copies.begin(), copies.end(),
                           [](auto* copy) { return copy->count() == BlockCount{2}; });
    };
    co_await world.until("the tip by every copy", std::move(followed), 1s);
}

TEST(SimWorldFaults, healing_everything_leaves_down_what_is_down) {
    SimWorld world(small_world());
    world.run(heal_all(world));
    EXPECT_TRUE(world.checks().violations().empty());
}

// A store that is held answers with what it has, whatever its chain copy or the database has meanwhile.
Task<> held_stores(World& world) {
    engine::StoreNode& view = world.view_store(0);
    engine::StoreNode& images = world.image_store(0);
    EXPECT_EQ(world.stores().size(), 2u);
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    co_await activate(world);
    BlockPlan first = paying({{0, 1}});
    (void)co_await pay(world, std::move(first));
    co_await until_level(world);
    const BlockCount before = world.chain().height();
    view.hold(before);
    images.hold(BlockCount{before.value + 1});
    for (int i = 0; i < 3; ++i) {
        BlockPlan more = paying({{0, 2}});
        (void)co_await pay(world, std::move(more));
    }
    co_await world.sleep(5s);
    EXPECT_EQ(view.count(), before);
    EXPECT_EQ(images.count(), BlockCount{before.value + 1});
    EXPECT_EQ(world.copy("ledger").count(), world.chain().height()) << "the copy is not what is held";
    const Result<BalanceReport> told = co_await alice.poll();
    EXPECT_EQ(told.value().count, before);
    EXPECT_EQ(static_cast<std::uint64_t>(told.value().value()), 1u);

    // The hold is the world's: the next process does not get anywhere either.
    co_await view.crash();
    view.hold(BlockCount{0});
    co_await view.start();
    co_await world.sleep(5s);
    EXPECT_EQ(view.count(), BlockCount{0});
    view.release();
    world.faults().heal_all(); // releases the other one
    co_await until_level(world);
}

TEST(SimWorldNodes, held_store_loads_no_further_and_answers) {
    SimWorld world(small_world());
    world.run(held_stores(world));
    EXPECT_TRUE(world.checks().violations().empty());
}

TEST(SimStateFile, is_replaced_as_a_whole_or_not_at_all) {
    CoreBed bed;
    SimStateFile file(bed.core, NodeId{1});
    EXPECT_EQ(file.read().value(), std::nullopt);
    engine::fog::IngestState state;
    state.next_block = BlockIndex{4};
    EXPECT_TRUE(file.write(state));
    file.save();
    state.next_block = BlockIndex{5};
    const FaultId full = bed.begin(FaultKind::disk_full, 1);
    EXPECT_EQ(code_of(file.write(state)), Code::disk_full);
    EXPECT_EQ(file.read().value()->next_block, BlockIndex{4}) << "the old content is still there";
    bed.core.faults.remove(full);
    bed.begin(FaultKind::disk_full, 2); // another node's disk
    EXPECT_TRUE(file.write(state));
    EXPECT_EQ(file.read().value()->next_block, BlockIndex{5});
    file.put_back();
    EXPECT_EQ(file.read().value()->next_block, BlockIndex{4});
    file.remove();
    EXPECT_EQ(file.read().value(), std::nullopt);
}

} // namespace
} // namespace sim
