// One test for each line of DIFFERENCES.md: what the simulation does where the real thing does otherwise.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "engine/fog/key_image_store.hpp"
#include "engine/model/testing/model_chain.hpp"
#include "sim/sim_world.hpp"
#include "sim/testing/core_bed.hpp"

namespace sim {
namespace {

using namespace sim::testing;
using engine::AccountId;
using engine::Code;
using engine::World;
using engine::fog::BalanceReport;
using engine::fog::IngestSummary;

Options small_world(std::uint64_t seed = 1) {
    Options options = calm(seed);
    options.topology.accounts = 1;
    options.topology.ingest_nodes = 1;
    return options;
}

engine::chain::PublicKey key_of(std::uint8_t n) {
    engine::chain::PublicKey key;
    key.bytes[0] = n;
    return key;
}

Task<> activate(World& world) {
    const Result<IngestSummary> active = co_await world.ingest(0).api().activate();
    ENSURE(active);
}

Task<> append_empty(World& world) {
    engine::BlockPlan plan;
    co_await world.chain().append(std::move(plan));
}

struct Differences : ::testing::Test {
    CoreBed bed;

    template <class T>
    engine::TaskRef start(Task<T> task, engine::detail::Slot<T>& slot, std::uint32_t node = 1) {
        return engine::spawn(bed.core.scheduler, NodeId{node}, "test",
                             engine::detail::keep(std::move(task), &slot));
    }
};

/// A server that says what it was asked, after some work.
struct Echo final : Endpoint {
    explicit Echo(CoreBed& b) : bed(b) {}
    NodeId endpoint() const override { return NodeId{2}; }
    bool is_listening() const override { return up; }
    Task<Result<std::string>> serve(std::string text) {
        ++now_serving;
        most_at_once = std::max(most_at_once, now_serving);
        served.push_back(text);
        if (work.count() > 0) co_await engine::sleep_until(bed.now() + work, "work");
        --now_serving;
        co_return text;
    }

    CoreBed& bed;
    bool up = true;
    Duration work{};
    int now_serving = 0;
    int most_at_once = 0;
    std::vector<std::string> served;
};

struct NetworkDifferences : Differences {
    Network network{bed.core};
    Echo echo{bed};
    Task<Result<std::string>> call(std::string text) {
        auto* invoke = +[](Echo& t, std::string r) { return t.serve(std::move(r)); };
        auto nobody = [](const std::string&, const std::string&) {};
        return network.call<std::string>(NodeId{1}, echo, Method::peer_call, invoke, std::move(text), nobody);
    }
};

struct DatabaseDifferences : Differences {
    engine::model::RecoveryModel model;
    SimDb db{bed.core, model};
    SimDbClient client{db, NodeId{1}};
    SimDbClient other{db, NodeId{2}};
};

// ---------------------------------------------------------------------------------------- time and processes

// A race by the book: read, compute, write, without an await in between.
Task<> add_many(int* counter, Scheduler* scheduler, bool* time_stood_still) {
    for (int i = 0; i < 100; ++i) {
        const Instant before = scheduler->now();
        const int read = *counter;
        volatile int busy = 0;
        for (int j = 0; j < 100; ++j) busy = busy + 1;
        *counter = read + 1;
        *time_stood_still = *time_stood_still && scheduler->now() == before;
        co_await engine::yield();
    }
}

TEST_F(Differences, line_1_nothing_preempts_a_task_and_computing_takes_no_time) {
    int counter = 0;
    bool time_stood_still = true;
    for (std::uint32_t node = 1; node <= 10; ++node)
        engine::spawn(bed.core.scheduler, NodeId{node}, "adder",
                      add_many(&counter, &bed.core.scheduler, &time_stood_still));
    while (bed.core.scheduler.step()) {
    }
    EXPECT_EQ(counter, 1000);
    EXPECT_TRUE(time_stood_still);
    EXPECT_EQ(bed.now(), Instant{});
}

Task<> jump_clocks(World& world) {
    co_await activate(world);
    for (std::uint32_t node = 0; node < 8; ++node)
        world.faults().begin(engine::faults::ClockJump{NodeId{node}, std::chrono::seconds(1'000'000)});
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    const Instant before = world.now();
    co_await append_empty(world);
    co_await world.sleep(std::chrono::hours(1));
    ENSURE(world.now() - before == std::chrono::hours(1)); // to the nanosecond
    const Result<BalanceReport> report = co_await alice.poll();
    ENSURE(report && report->count == BlockCount{2});
}

TEST_F(Differences, line_2_time_is_virtual_and_no_wall_clock_is_read) {
    SimWorld world(small_world());
    world.run(jump_clocks(world));
    EXPECT_TRUE(world.checks().violations().empty());
}

Task<> write_down(std::string* log, char who) {
    log->push_back(who);
    co_return;
}

TEST_F(Differences, line_3_which_ready_task_runs_is_drawn) {
    std::set<std::string> orders;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        CoreBed other(calm(seed));
        std::string log;
        for (char who : {'a', 'b', 'c'})
            engine::spawn(other.core.scheduler, NodeId{1}, "log", write_down(&log, who));
        while (other.core.scheduler.step()) {
        }
        orders.insert(log);
    }
    EXPECT_EQ(orders.size(), 6u);
}

Task<> pass_yield_points(SimHost* host, Scheduler* scheduler, std::vector<std::int64_t>* held_ms) {
    for (int i = 0; i < 300; ++i) {
        const Instant before = scheduler->now();
        co_await host->yield(engine::YieldPoint::view_inserted);
        held_ms->push_back((scheduler->now() - before).count() / 1'000'000);
    }
}

TEST_F(Differences, line_4_a_process_is_held_at_yield_points_for_a_drawn_time) {
    Options windy = calm();
    windy.weather.held_of_64 = 16;
    CoreBed other(windy);
    bool abort_wish = false;
    SimHost host(other.core, NodeId{1}, &abort_wish);
    std::vector<std::int64_t> held_ms;
    other.run(pass_yield_points(&host, &other.core.scheduler, &held_ms));
    const auto held = std::count_if(held_ms.begin(), held_ms.end(), [](std::int64_t ms) { return ms > 0; });
    EXPECT_GT(held, 40);
    EXPECT_LT(held, 110);
    EXPECT_EQ(*std::max_element(held_ms.begin(), held_ms.end()), windy.weather.longest_hold_ms);
}

Task<> restart_in_no_time(World& world) {
    const Instant before = world.now();
    co_await world.ingest(0).stop();
    co_await world.ingest(0).start();
    ENSURE(world.now() == before && world.ingest(0).is_up());
    const Result<IngestSummary> status = co_await world.ingest(0).api().get_status();
    ENSURE(status);
}

TEST_F(Differences, line_5_a_process_starts_and_stops_in_an_instant) {
    SimWorld world(small_world());
    world.run(restart_in_no_time(world));
    EXPECT_TRUE(world.checks().violations().empty());
}

Task<> end_active_node(World& world, bool crash, std::uint64_t* next_block) {
    co_await activate(world);
    co_await append_empty(world);
    co_await world.sleep(5s);
    if (crash)
        co_await world.ingest(0).crash();
    else
        co_await world.ingest(0).stop();
    co_await world.ingest(0).start();
    co_await world.sleep(5s);
    const Result<IngestSummary> status = co_await world.ingest(0).api().get_status();
    ENSURE(status && status->mode == engine::fog::IngestMode::active);
    *next_block = status->next_block.value;
}

TEST_F(Differences, line_6_stopping_is_crashing) {
    std::vector<std::uint64_t> choices;
    for (bool crash : {false, true}) {
        SimWorld world(small_world());
        std::uint64_t next_block = 0;
        world.run(end_active_node(world, crash, &next_block));
        EXPECT_EQ(next_block, 2u);
        choices.push_back(world.core().choices.sequence().size());
    }
    EXPECT_EQ(choices[0], choices[1]) << "the same run but for the word in the trace";
}

TEST_F(NetworkDifferences, line_7_a_node_serves_any_number_of_calls_at_once) {
    constexpr std::size_t calls = 500;
    echo.work = 1s;
    std::vector<engine::detail::Slot<Result<std::string>>> slots(calls);
    for (auto& slot : slots) start(call("x"), slot);
    while (bed.core.scheduler.step()) {
    }
    EXPECT_EQ(echo.most_at_once, static_cast<int>(calls));
    EXPECT_LT(bed.now(), Instant{} + 1100ms);
}

TEST_F(Differences, line_8_stores_have_no_capacity) {
    engine::model::testing::ModelChain chain;
    SimCopy copy(bed.core, chain.model, "ledger", 0);
    std::vector<engine::model::testing::Pay> pays(2'000);
    std::vector<engine::model::testing::Burn> burns;
    for (std::size_t i = 0; i < pays.size(); ++i) burns.push_back({0, i});
    chain.block(pays);
    chain.block({}, burns);
    copy.advance_to(BlockCount{2});
    bool abort_wish = false;
    SimHost host(bed.core, NodeId{1}, &abort_wish);
    engine::fog::KeyImageStore store(host, copy, {});
    engine::spawn(bed.core.scheduler, NodeId{1}, "store", store.run());
    bed.pass(1s);
    std::vector<engine::chain::KeyImage> images;
    for (std::size_t i = 0; i < pays.size(); ++i) images.push_back(chain.coin(0, i).image);
    const auto answer = bed.run(store.key_images(std::move(images)));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(
        std::all_of(answer->images.results.begin(), answer->images.results.end(),
                    [](const auto& result) { return result.code == engine::fog::KeyImageCode::spent; }));
    bed.core.scheduler.kill_all();
}

Task<> poll_a_loading_store(World& world) {
    co_await activate(world);
    co_await append_empty(world);
    co_await world.sleep(5s);
    co_await world.view_store(0).stop();
    world.view_store(0).hold(BlockCount{0}); // still loading when the wallet asks, whatever the latencies are
    co_await world.view_store(0).start();
    ENSURE(!world.view_store(0).is_ready());
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    const Result<BalanceReport> report = co_await alice.poll();
    ENSURE(report && report->count == BlockCount{0});
}

TEST_F(Differences, line_9_a_store_that_is_still_loading_is_asked_all_the_same) {
    SimWorld world(small_world());
    world.run(poll_a_loading_store(world));
    EXPECT_TRUE(world.checks().violations().empty());
}

TEST_F(Differences, line_10_worlds_live_side_by_side) {
    auto digest_alone = [] {
        SimWorld world(small_world());
        world.run(restart_in_no_time(world));
        return world.core().trace.digest();
    };
    const std::uint64_t alone = digest_alone();
    SimWorld neighbour(small_world(2));
    neighbour.run(activate(neighbour));
    EXPECT_EQ(digest_alone(), alone);
}

// ------------------------------------------------------------------------------------------------ network

TEST_F(NetworkDifferences, line_11_calls_of_one_client_have_no_order) {
    std::vector<engine::detail::Slot<Result<std::string>>> slots(10);
    for (std::size_t i = 0; i < slots.size(); ++i)
        start(call(std::string(1, static_cast<char>('a' + i))), slots[i]);
    while (bed.core.scheduler.step()) {
    }
    EXPECT_FALSE(std::is_sorted(echo.served.begin(), echo.served.end()));
}

TEST_F(NetworkDifferences, line_12_latency_does_not_depend_on_the_size_and_no_link_limits_it) {
    const Result<std::string> answer = bed.run(call(std::string(10'000'000, 'x')));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->size(), 10'000'000u);
    EXPECT_LT(bed.now(), Instant{} + 3ms);
    engine::Stream stream(bed.core.choices, engine::Domain::network, 9, 9);
    for (int i = 0; i < 1000; ++i) {
        const Duration latency = bed.core.latency(stream);
        EXPECT_GE(latency, 100us);
        EXPECT_LE(latency, 1123us);
    }
}

TEST_F(NetworkDifferences, line_13_a_lost_message_shows_after_30_seconds_and_nothing_else_limits_a_call) {
    bed.begin(FaultKind::drop_requests, 1, 2, 256);
    EXPECT_EQ(code_of(bed.run(call("x"))), Code::unknown);
    EXPECT_EQ(bed.now(), Instant{} + 30s);
    bed.core.faults.remove(FaultId{1});
    echo.work = 29s;
    EXPECT_TRUE(bed.run(call("x")));
}

TEST_F(NetworkDifferences, line_14_the_callees_death_is_noticed_at_once) {
    echo.work = 10s;
    engine::detail::Slot<Result<std::string>> slot;
    start(call("x"), slot);
    bed.pass(1s);
    ASSERT_EQ(echo.served.size(), 1u);
    bed.core.scheduler.kill_node(NodeId{2});
    bed.core.scheduler.run_until([&] { return bool(slot.value); });
    EXPECT_EQ(code_of(*slot.value), Code::unknown);
    EXPECT_LT(bed.now(), Instant{} + 1002ms);
}

TEST_F(NetworkDifferences, line_15_a_message_on_its_way_arrives_and_one_refused_is_refused) {
    bed.begin(FaultKind::slow_link, 1, 2, 1000);
    engine::detail::Slot<Result<std::string>> slot;
    start(call("x"), slot);
    bed.pass(500ms);
    bed.begin(FaultKind::partition, 1, 2);
    bed.pass(1s);
    EXPECT_EQ(echo.served.size(), 1u) << "the request was sent before the partition";
    EXPECT_FALSE(slot.value) << "its answer was not";
    bed.core.faults.remove(FaultId{2});

    echo.up = false;
    engine::detail::Slot<Result<std::string>> refused;
    start(call("y"), refused);
    bed.pass(500ms);
    echo.up = true;
    bed.core.scheduler.run_until([&] { return bool(refused.value); });
    EXPECT_EQ(code_of(*refused.value), Code::unavailable);
}

Task<> read_reports(World& world) {
    co_await activate(world);
    const Result<engine::chain::PublicKey> key = co_await world.chain().refresh_hint_key();
    ENSURE(key);
}

TEST_F(DatabaseDifferences, line_16_a_report_has_no_evidence_and_nobody_asks_for_any) {
    SimWorld world(small_world());
    world.run(read_reports(world));
    EXPECT_TRUE(world.checks().violations().empty());
    ASSERT_TRUE(bed.run(client.new_ingress_key(key_of(1), BlockIndex{1})));
    engine::fog::ReportRow bare;
    bare.ingress_key = key_of(1);
    ASSERT_TRUE(bare.evidence.empty());
    EXPECT_TRUE(bed.run(client.set_report(key_of(1), bare)));
}

// ----------------------------------------------------------------------------------------- recovery database

TEST_F(DatabaseDifferences, line_17_event_ids_become_visible_in_order) {
    Options held = calm();
    held.weather.held_of_64 = 64; // every transaction rests between its ids and its commit
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        held.seed = seed;
        CoreBed slow(held);
        engine::model::RecoveryModel facts;
        SimDb database(slow.core, facts);
        std::vector<SimDbClient> clients;
        for (std::uint32_t i = 0; i < 4; ++i) clients.emplace_back(database, NodeId{i + 1});
        ASSERT_TRUE(slow.run(clients[0].new_ingress_key(key_of(1), BlockIndex{1})));
        std::vector<engine::detail::Slot<Result<engine::InvocationId>>> slots(4);
        for (std::uint8_t i = 0; i < 4; ++i)
            engine::spawn(slow.core.scheduler, NodeId{i + 1u}, "writer",
                          engine::detail::keep(
                              clients[i].new_ingest_invocation(
                                  {}, key_of(1), key_of(static_cast<std::uint8_t>(10 + i)), BlockIndex{1}),
                              &slots[i]));
        std::int64_t highest = 0;
        while (slow.core.scheduler.step()) {
            const auto& events = database.state().events;
            if (events.empty()) continue;
            EXPECT_EQ(events.back().id.value, static_cast<std::int64_t>(events.size()))
                << "no id is skipped over";
            EXPECT_GE(events.back().id.value, highest);
            highest = events.back().id.value;
        }
        EXPECT_EQ(highest, 4);
    }
}

TEST_F(DatabaseDifferences, line_18_a_client_that_dies_before_its_commit_rolls_back_at_once) {
    engine::detail::Slot<Result<BlockIndex>> slot;
    start(client.new_ingress_key(key_of(1), BlockIndex{1}), slot);
    bed.core.scheduler.step();
    bed.core.scheduler.kill_node(NodeId{1});
    bed.pass(std::chrono::hours(1));
    EXPECT_TRUE(db.state().keys.empty());
}

Task<> keep_writing(SimDbClient* client, bool* stop) {
    for (std::uint8_t n = 1; !*stop; ++n) {
        const Result<BlockIndex> start = co_await client->new_ingress_key(key_of(n), BlockIndex{1});
        (void)start;
    }
}

Task<> read_often(SimDbClient* client, SimDb* db, int* current) {
    for (int i = 0; i < 50; ++i) {
        const Result<engine::fog::IngressKeys> keys = co_await client->ingress_keys();
        if (keys && keys->as_of == db->state().position) ++*current;
    }
}

TEST_F(DatabaseDifferences, line_19_a_read_is_answered_in_the_instant_it_is_made) {
    bool stop = false;
    int current = 0;
    engine::spawn(bed.core.scheduler, NodeId{2}, "writer", keep_writing(&other, &stop));
    bed.run(read_often(&client, &db, &current));
    stop = true;
    EXPECT_EQ(current, 50) << "nothing was written between the read and its answer";
    while (bed.core.scheduler.step()) {
    }
}

TEST_F(DatabaseDifferences, line_20_what_is_committed_stays) {
    ASSERT_TRUE(bed.run(client.new_ingress_key(key_of(1), BlockIndex{1})));
    const FaultId down = bed.begin(FaultKind::db_down);
    EXPECT_EQ(code_of(bed.run(client.ingress_keys())), Code::unavailable);
    bed.core.scheduler.kill_all();
    bed.core.faults.remove(down);
    EXPECT_EQ(bed.run(other.ingress_keys())->records.size(), 1u);
}

TEST_F(DatabaseDifferences, line_21_a_replica_is_a_snapshot_from_the_first_fault_on) {
    for (std::uint8_t n = 1; n <= 5; ++n)
        ASSERT_TRUE(bed.run(client.new_ingress_key(key_of(n), BlockIndex{1})));
    bed.pass(10s);
    bed.begin(FaultKind::stale_reads, 1, 0, 60'000);
    db.keep_history();
    for (std::uint8_t n = 6; n <= 9; ++n)
        ASSERT_TRUE(bed.run(other.new_ingress_key(key_of(n), BlockIndex{1})));
    std::map<std::size_t, int> seen;
    for (int i = 0; i < 40; ++i) ++seen[bed.run(client.ingress_keys())->records.size()];
    EXPECT_EQ(seen.size(), 2u) << "the primary, or the state when the fault began";
    EXPECT_GT(seen[5], 5);
    EXPECT_GT(seen[9], 5);
}

TEST_F(DatabaseDifferences, line_22_a_repeated_write_succeeds) {
    ASSERT_TRUE(bed.run(client.new_ingress_key(key_of(1), BlockIndex{1})));
    const auto id = bed.run(client.new_ingest_invocation({}, key_of(1), key_of(9), BlockIndex{1}));
    ASSERT_TRUE(id);
    EXPECT_EQ(bed.run(client.new_ingest_invocation({}, key_of(1), key_of(9), BlockIndex{1})).value(), *id);
    engine::fog::IngestedBlock block;
    block.block = BlockIndex{1};
    block.rows = std::make_shared<const std::vector<engine::fog::Row>>();
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(bed.run(client.add_block(*id, block)));
        EXPECT_TRUE(bed.run(client.report_lost_ingress_key(key_of(1))).has_value());
        EXPECT_TRUE(bed.run(client.decommission_ingest_invocation(*id)));
    }
}

TEST_F(DatabaseDifferences, line_23_a_retirement_is_not_taken_back_past_the_expiry) {
    for (std::uint8_t n : std::initializer_list<std::uint8_t>{1, 2})
        ASSERT_TRUE(bed.run(client.new_ingress_key(key_of(n), BlockIndex{1})));
    ASSERT_TRUE(bed.run(client.retire_ingress_key(key_of(1), true)));
    EXPECT_TRUE(bed.run(client.retire_ingress_key(key_of(1), false))) << "no block is known yet";
    ASSERT_TRUE(bed.run(client.retire_ingress_key(key_of(1), true)));
    const auto id = bed.run(client.new_ingest_invocation({}, key_of(2), key_of(9), BlockIndex{1}));
    engine::fog::IngestedBlock block;
    block.block = BlockIndex{1};
    block.rows = std::make_shared<const std::vector<engine::fog::Row>>();
    ASSERT_TRUE(bed.run(client.add_block(*id, block)));
    EXPECT_EQ(code_of(bed.run(client.retire_ingress_key(key_of(1), false))), Code::retired);
}

TEST_F(DatabaseDifferences, line_24_the_cleanup_tool_runs_when_told) {
    ASSERT_TRUE(bed.run(client.new_ingress_key(key_of(1), BlockIndex{1})));
    const auto id = bed.run(client.new_ingest_invocation({}, key_of(1), key_of(9), BlockIndex{1}));
    bed.pass(std::chrono::hours(24 * 365));
    const auto now_s = bed.core.wall_clock_s(NodeId{});
    EXPECT_EQ(bed.run(client.expired_invocations(now_s - 2 * 24 * 3600)).value(), (std::vector{*id}));
    EXPECT_EQ(bed.run(client.expired_invocations(now_s - 366 * 24 * 3600)).value().size(), 0u);
    engine::fog::IngestedBlock block;
    block.block = BlockIndex{1};
    block.rows = std::make_shared<const std::vector<engine::fog::Row>>();
    EXPECT_TRUE(bed.run(client.add_block(*id, block)));
}

// ------------------------------------------------------------------------------------------- files and chain

TEST_F(Differences, line_25_the_state_file_is_written_in_an_instant_and_as_a_whole) {
    SimStateFile file(bed.core, NodeId{1});
    engine::fog::IngestState state;
    state.peers = {"a:1", "b:1"};
    state.next_block = BlockIndex{7};
    const Instant before = bed.now();
    ASSERT_TRUE(file.write(state));
    EXPECT_EQ(bed.now(), before);
    bed.core.scheduler.kill_all();
    ASSERT_TRUE(file.read().value());
    EXPECT_EQ(file.read().value()->peers, state.peers);
    EXPECT_EQ(file.read().value()->next_block, state.next_block);
}

Task<> append_two_empty_blocks(World& world) {
    co_await append_empty(world);
    co_await append_empty(world);
    const auto& model = world.chain().model();
    const auto& one = *model.block(BlockIndex{1});
    const auto& two = *model.block(BlockIndex{2});
    ENSURE(one.key_images.size() == 1 && two.key_images.size() == 1);
    ENSURE(one.key_images[0] != two.key_images[0]);
    ENSURE(one.version == two.version && one.outputs.empty());
}

TEST_F(Differences, line_26_the_scenario_is_consensus) {
    SimWorld world(small_world());
    world.run(append_two_empty_blocks(world));
    EXPECT_EQ(world.chain().height(), BlockCount{3});
}

TEST_F(Differences, line_27_copies_are_views_of_one_chain) {
    engine::model::testing::ModelChain chain;
    SimCopy one(bed.core, chain.model, "one", 0);
    SimCopy two(bed.core, chain.model, "two", 1);
    chain.block({});
    chain.block({});
    one.advance_to(BlockCount{2});
    two.advance_to(BlockCount{1});
    EXPECT_EQ(one.block(BlockIndex{0}), two.block(BlockIndex{0})) << "the very same block";
    EXPECT_EQ(two.block(BlockIndex{1}), nullptr);
    EXPECT_EQ(one.time(BlockIndex{1}).code, engine::fog::BlockTime::Code::found) << "its time came with it";
}

TEST_F(Differences, line_28_a_blocks_time_is_a_function_of_its_index) {
    engine::model::testing::ModelChain chain;
    for (int i = 0; i < 4; ++i) chain.block({});
    SimCopy early(bed.core, chain.model, "early", 0);
    early.advance_to(BlockCount{4});
    bed.pass(std::chrono::hours(24));
    SimCopy late(bed.core, chain.model, "late", 1);
    late.advance_to(BlockCount{4});
    for (std::uint64_t b = 1; b < 4; ++b) {
        EXPECT_EQ(early.time(BlockIndex{b}).timestamp_s, 1'600'000'000 + 10 * b);
        EXPECT_EQ(late.time(BlockIndex{b}).timestamp_s, early.time(BlockIndex{b}).timestamp_s);
    }
}

TEST_F(Differences, line_29_cryptography_is_fast_by_default) {
    EXPECT_EQ(Options{}.crypto, &engine::chain::fast_crypto());
    EXPECT_STREQ(Options{}.crypto->name(), "fast");
}

// ------------------------------------------------------------------------------------------------ polling

Task<> poll_for_ever(SimHost* host, engine::Polling polling, std::vector<std::int64_t>* polls_ms) {
    for (;;) {
        polls_ms->push_back(host->now().ms());
        co_await host->until_next_poll(polling, 250ms, "news");
    }
}

TEST_F(Differences, line_30_a_poll_that_would_find_nothing_is_left_out) {
    bool abort_wish = false;
    SimHost host(bed.core, NodeId{1}, &abort_wish);
    std::vector<std::int64_t> looks_ms;
    std::vector<std::int64_t> asks_ms;
    for (auto [polling, polls_ms] :
         {std::pair{engine::Polling::looks, &looks_ms}, std::pair{engine::Polling::asks, &asks_ms}}) {
        Task<> polls = poll_for_ever(&host, polling, polls_ms);
        engine::spawn(bed.core.scheduler, NodeId{1}, "poller", std::move(polls));
    }
    using Times = std::vector<std::int64_t>;
    bed.pass(10'100ms);
    EXPECT_EQ(looks_ms, (Times{0})) << "memory does not change by itself";
    EXPECT_EQ(asks_ms, (Times{0, 250, 500, 750, 1000})) << "goes on for a second";
    bed.core.record(NodeId{2}, EventKind::step, 0, 0); // at 10.1 s
    bed.pass(800ms);
    EXPECT_EQ(looks_ms, (Times{0, 10'250})) << "the poll that was due anyway, and no other";
    ASSERT_GE(asks_ms.size(), 8u);
    EXPECT_TRUE(asks_ms[5] == 10'250 || asks_ms[5] == 10'100) << "or one that was under way just then";
    EXPECT_EQ(asks_ms[7], asks_ms[5] + 500);

    // What is being written, and a fault, keep it asking.
    bed.pass(10s);
    std::size_t before = asks_ms.size();
    {
        const Core::Commotion writing(bed.core);
        bed.pass(10s);
        EXPECT_GE(asks_ms.size(), before + 39);
    }
    bed.begin(FaultKind::db_down);
    bed.core.record(NodeId{}, EventKind::fault_began, 1, 0);
    before = asks_ms.size();
    bed.pass(10s);
    EXPECT_GE(asks_ms.size(), before + 39);
}

// ------------------------------------------------------------------------------------- messages and releases

// Two missed blocks, one of them paid to, and a wallet whose messages hold one block.
Task<> miss_two_blocks(World& world) {
    co_await activate(world);
    const Result<IngestSummary> status = co_await world.ingest(0).api().get_status();
    co_await append_empty(world);
    co_await world.sleep(5s);
    co_await world.ingest(0).crash();
    world.ingest(0).delete_state_file();
    engine::BlockPlan plan;
    engine::Credit credit;
    credit.to = AccountId{0};
    credit.amount = 1;
    credit.hint_key = status->ingress_key;
    plan.credits.push_back(std::move(credit));
    co_await world.chain().append(std::move(plan));
    co_await append_empty(world);
    co_await world.ingest(0).start();
    co_await activate(world);
    ENSURE(co_await world.ingest(0).api().report_lost_ingress_key(status->ingress_key));
    co_await append_empty(world);
    co_await world.sleep(5s);
}

Task<> poll_with_small_messages(World& world, std::uint64_t* count) {
    co_await miss_two_blocks(world);
    const Result<BalanceReport> report = co_await world.new_wallet(AccountId{0}).poll();
    ENSURE(report);
    *count = report->count.value;
}

TEST_F(Differences, line_31_a_message_holds_what_a_wallet_puts_into_one) {
    std::map<bool, std::uint64_t> count;
    for (const bool at_once : {false, true}) {
        Options options = small_world();
        options.topology.wallet_blocks = 1;
        if (at_once) options.defects.switch_on(Defect::wallet_asks_for_all_missed_blocks_at_once);
        SimWorld world(options);
        world.run(poll_with_small_messages(world, &count[at_once]));
        EXPECT_TRUE(world.checks().violations().empty());
    }
    EXPECT_EQ(count[false], 5u) << "one block a message";
    EXPECT_EQ(count[true], 2u) << "two blocks are too many: the first missed one is never fetched";
}

Task<> poll_before_and_after_an_update(World& world, std::vector<std::uint64_t>* counts) {
    co_await miss_two_blocks(world);
    engine::Wallet& knows_the_rng = world.new_wallet(AccountId{0});
    engine::Wallet& knows_nothing = world.new_wallet(AccountId{0});
    world.copy("ledger").hold();
    world.faults().begin(engine::faults::OutdatedWallet{knows_nothing.id()});
    const Result<BalanceReport> refused = co_await knows_nothing.poll();
    ENSURE(!refused && refused.error().code == Code::failed_precondition);
    const Result<BalanceReport> early = co_await knows_the_rng.poll();
    counts->push_back(early->count.value);
    world.faults().heal_all();
    const Result<BalanceReport> updated = co_await knows_nothing.poll();
    ENSURE(updated);
    counts->push_back(updated->count.value);
    counts->push_back(static_cast<std::uint64_t>(updated->value()));
}

TEST_F(Differences, line_32_an_outdated_wallet_reads_nothing_and_is_updated_by_healing) {
    SimWorld world(small_world());
    std::vector<std::uint64_t> counts;
    world.run(poll_before_and_after_an_update(world, &counts));
    EXPECT_TRUE(world.checks().violations().empty());
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{5, 5, 1}));
}

TEST_F(DatabaseDifferences, line_33_a_read_may_miss_a_block_in_the_middle) {
    ASSERT_TRUE(bed.run(client.new_ingress_key(key_of(1), BlockIndex{1})));
    const auto id = bed.run(client.new_ingest_invocation({}, key_of(1), key_of(9), BlockIndex{1}));
    ASSERT_TRUE(id);
    for (std::uint64_t b = 1; b <= 4; ++b) {
        engine::fog::IngestedBlock block;
        block.block = BlockIndex{b};
        block.rows = std::make_shared<std::vector<engine::fog::Row>>();
        ASSERT_TRUE(bed.run(client.add_block(*id, block)));
    }
    const auto blocks_seen = [&] {
        return bed.run(client.blocks(key_of(1), BlockIndex{1}, 100))->blocks.size();
    };
    EXPECT_EQ(blocks_seen(), 4u);
    const FaultId fault = bed.begin(FaultKind::holed_reads, 1, 0, 256);
    std::set<std::size_t> seen;
    for (int i = 0; i < 40; ++i) seen.insert(blocks_seen());
    EXPECT_EQ(seen, (std::set<std::size_t>{0, 1, 2}))
        << "a reader stops at the hole, and the last block is no hole";
    EXPECT_EQ(bed.run(other.blocks(key_of(1), BlockIndex{1}, 100))->blocks.size(), 4u);
    bed.core.faults.remove(fault);
    EXPECT_EQ(blocks_seen(), 4u);
}

// ------------------------------------------------------------------------------------------- the list itself

std::set<int> numbered_lines() {
    std::ifstream file(FOG_SOURCE_DIR "/sim/DIFFERENCES.md");
    EXPECT_TRUE(file.good());
    std::set<int> numbers;
    const std::regex numbered("^([0-9]+)\\. .*");
    for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, numbered)) continue;
        EXPECT_TRUE(numbers.insert(std::stoi(match[1])).second) << "twice: " << line;
    }
    return numbers;
}

std::set<int> tested_lines() {
    std::set<int> numbers;
    const std::regex about_a_line("^line_([0-9]+)_.*");
    const auto& all = *::testing::UnitTest::GetInstance();
    for (int s = 0; s < all.total_test_suite_count(); ++s) {
        const auto& suite = *all.GetTestSuite(s);
        if (std::string(suite.name()).find("Differences") == std::string::npos) continue;
        for (int t = 0; t < suite.total_test_count(); ++t) {
            const std::string name = suite.GetTestInfo(t)->name();
            std::smatch match;
            if (!std::regex_match(name, match, about_a_line)) continue;
            EXPECT_TRUE(numbers.insert(std::stoi(match[1])).second) << "two tests of line " << match[1];
        }
    }
    return numbers;
}

TEST(DifferencesList, every_line_has_one_test_and_every_test_a_line) {
    const std::set<int> lines = numbered_lines();
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines, tested_lines());
    EXPECT_EQ(*lines.rbegin(), static_cast<int>(lines.size()))
        << "numbers are consecutive: others refer to them";
}

} // namespace
} // namespace sim
