#include "sim/network.hpp"

#include <gtest/gtest.h>

#include <map>

#include "sim/testing/core_bed.hpp"

namespace sim {
namespace {

using namespace sim::testing;
using engine::Code;
using engine::TaskRef;

constexpr NodeId client{1};
constexpr NodeId server{2};

/// Answers the square of the request after some work.
struct Squares final : Endpoint {
    explicit Squares(CoreBed& b) : bed(b) {}
    NodeId endpoint() const override { return server; }
    bool is_listening() const override { return up; }
    Task<Result<int>> serve(int request) {
        begun.push_back(request);
        if (work.count() > 0) co_await engine::sleep_until(bed.now() + work, "work");
        finished.push_back(request);
        if (request < 0) throw std::runtime_error("the service throws");
        if (request == 0) co_return engine::Error{Code::not_found, "nothing"};
        co_return request* request;
    }
    void crash() {
        up = false;
        bed.core.scheduler.kill_node(server);
    }

    CoreBed& bed;
    bool up = true;
    Duration work{};
    std::vector<int> begun;
    std::vector<int> finished;
    std::vector<std::pair<int, int>> observed;
};

struct NetworkTest : ::testing::Test {
    explicit NetworkTest(const Options& options = calm()) : bed(options) {}

    CoreBed bed;
    Network network{bed.core};
    Squares target{bed};

    Task<Result<int>> call(int request) {
        auto* invoke = +[](Squares& t, int r) { return t.serve(r); };
        auto observe = [t = &target](int r, int a) { t->observed.push_back({r, a}); };
        return network.call<int>(client, target, Method::get_blocks, invoke, request, observe);
    }
    /// Starts a call; its end is in the slot.
    TaskRef start(int request, engine::detail::Slot<Result<int>>& slot) {
        return engine::spawn(bed.core.scheduler, client, "call", engine::detail::keep(call(request), &slot));
    }
    void finish(engine::detail::Slot<Result<int>>& slot) {
        bed.core.scheduler.run_until([&slot] { return bool(slot.value); });
    }
    void expect_unknown_at_the_timeout(Duration more = 0ms) {
        const Instant begun = bed.now();
        const Result<int> answer = bed.run(call(3));
        EXPECT_EQ(code_of(answer), Code::unknown);
        EXPECT_EQ(bed.now() - begun, Network::transport_timeout + more);
        EXPECT_TRUE(answer.has_error() && answer.error().injected());
    }
};

TEST_F(NetworkTest, answer_takes_a_time_each_way) {
    const Result<int> answer = bed.run(call(3));
    ASSERT_TRUE(answer);
    EXPECT_EQ(*answer, 9);
    EXPECT_GE(bed.now().ns, 200'000);
    EXPECT_LE(bed.now().ns, 2'248'000);
    EXPECT_EQ(target.observed, (std::vector<std::pair<int, int>>{{3, 9}}));
}

TEST_F(NetworkTest, error_is_an_answer_and_is_not_observed) {
    EXPECT_EQ(code_of(bed.run(call(0))), Code::not_found);
    EXPECT_TRUE(target.observed.empty());
}

TEST_F(NetworkTest, slow_weather_reaches_from_fractions_to_many_milliseconds) {
    Options windy = calm();
    windy.weather.slow_of_64 = 16;
    CoreBed other(windy);
    engine::Stream stream(other.core.choices, engine::Domain::network, 9, 0);
    Duration shortest = 1h;
    Duration longest{};
    for (int i = 0; i < 5000; ++i) {
        const Duration one = other.core.latency(stream);
        shortest = std::min(shortest, one);
        longest = std::max(longest, one);
    }
    EXPECT_LT(shortest, 1ms);
    EXPECT_GT(longest, 500ms);
    EXPECT_LT(longest, 800ms);
}

TEST_F(NetworkTest, calls_overtake_one_another) {
    constexpr int calls = 20;
    std::vector<engine::detail::Slot<Result<int>>> slots(calls);
    for (int i = 0; i < calls; ++i) start(i + 1, slots[static_cast<std::size_t>(i)]);
    while (bed.core.scheduler.step()) {
    }
    ASSERT_EQ(target.begun.size(), std::size_t{calls});
    EXPECT_FALSE(std::is_sorted(target.begun.begin(), target.begun.end()));
    for (int i = 0; i < calls; ++i)
        EXPECT_EQ(slots[static_cast<std::size_t>(i)].value->value(), (i + 1) * (i + 1));
}

TEST_F(NetworkTest, nobody_listening_is_unavailable_at_once) {
    target.up = false;
    const Result<int> answer = bed.run(call(3));
    EXPECT_EQ(code_of(answer), Code::unavailable);
    EXPECT_LT(bed.now(), Instant{} + 3ms);
    EXPECT_TRUE(target.begun.empty());
}

// -------------------------------------------------------------------------------------------- message faults

TEST_F(NetworkTest, dropped_request_is_unknown_at_the_timeout_and_did_nothing) {
    bed.begin(FaultKind::drop_requests, client.value, server.value, 256);
    expect_unknown_at_the_timeout();
    EXPECT_TRUE(target.begun.empty());
}

TEST_F(NetworkTest, dropped_answer_is_unknown_at_the_timeout_and_did_the_work) {
    bed.begin(FaultKind::drop_answers, client.value, server.value, 256);
    expect_unknown_at_the_timeout();
    EXPECT_EQ(target.finished.size(), 1u);
    EXPECT_EQ(target.observed.size(), 1u) << "the answer was given, and is judged";
}

TEST_F(NetworkTest, some_of_the_messages_are_dropped) {
    const FaultId fault = bed.begin(FaultKind::drop_requests, client.value, server.value, 64);
    int lost = 0;
    for (int i = 0; i < 200; ++i) lost += bed.run(call(1)) ? 0 : 1;
    EXPECT_GT(lost, 25);
    EXPECT_LT(lost, 80);
    bed.core.faults.remove(fault);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(bed.run(call(1)));
}

TEST_F(NetworkTest, more_than_all_of_the_messages_are_all_of_them) {
    bed.begin(FaultKind::drop_requests, client.value, server.value, 1000);
    expect_unknown_at_the_timeout();
}

TEST_F(NetworkTest, reset_connection_breaks_before_or_after_the_work) {
    bed.begin(FaultKind::reset_connections, client.value, server.value, 128);
    std::map<std::string, int> ends;
    for (int i = 0; i < 100; ++i) {
        target.finished.clear();
        const Instant begun = bed.now();
        const Result<int> answer = bed.run(call(1));
        EXPECT_LT(bed.now() - begun, 3ms) << "no waiting for the timeout";
        std::string end = target.finished.empty() ? "not done, " : "done, ";
        end += answer ? "ok" : name(answer.error().code);
        ++ends[end];
    }
    EXPECT_EQ(ends.size(), 3u);
    for (const char* end : {"not done, unavailable", "done, unknown", "done, ok"})
        EXPECT_GT(ends[end], 5) << end;
}

TEST_F(NetworkTest, partition_cuts_both_ways_and_a_cut_one) {
    const FaultId partition = bed.begin(FaultKind::partition, server.value, client.value);
    expect_unknown_at_the_timeout();
    EXPECT_TRUE(target.begun.empty());
    bed.core.faults.remove(partition);
    EXPECT_TRUE(bed.run(call(1)));

    const FaultId there = bed.begin(FaultKind::cut, client.value, server.value);
    target.begun.clear();
    expect_unknown_at_the_timeout();
    EXPECT_TRUE(target.begun.empty());
    bed.core.faults.remove(there);

    const FaultId back = bed.begin(FaultKind::cut, server.value, client.value);
    expect_unknown_at_the_timeout();
    EXPECT_EQ(target.finished, (std::vector<int>{1, 3})) << "only the answer is lost";
    bed.core.faults.remove(back);
    EXPECT_TRUE(bed.run(call(1)));
}

TEST_F(NetworkTest, isolated_node_neither_hears_nor_is_heard) {
    for (NodeId node : {client, server}) {
        const FaultId fault = bed.begin(FaultKind::isolate, node.value);
        expect_unknown_at_the_timeout();
        bed.core.faults.remove(fault);
    }
    EXPECT_TRUE(target.begun.empty());
    bed.begin(FaultKind::isolate, 7);
    EXPECT_TRUE(bed.run(call(1)));
}

TEST_F(NetworkTest, slow_link_adds_its_time_each_way_by_itself) {
    bed.begin(FaultKind::slow_link, client.value, server.value, 500);
    EXPECT_TRUE(bed.run(call(1)));
    EXPECT_GE(bed.now(), Instant{} + 500ms);
    EXPECT_LT(bed.now(), Instant{} + 503ms);
    bed.begin(FaultKind::slow_link, server.value, client.value, 2000);
    EXPECT_TRUE(bed.run(call(1)));
    EXPECT_GE(bed.now(), Instant{} + 3000ms);
}

TEST_F(NetworkTest, answer_that_arrives_after_the_timeout_is_not_seen) {
    bed.begin(FaultKind::slow_link, server.value, client.value, 40'000);
    expect_unknown_at_the_timeout();
    EXPECT_EQ(target.finished.size(), 1u);
}

TEST_F(NetworkTest, request_that_arrives_after_the_timeout_still_does_its_work) {
    bed.begin(FaultKind::slow_link, client.value, server.value, 40'000);
    expect_unknown_at_the_timeout();
    EXPECT_TRUE(target.begun.empty());
    bed.pass(20s);
    EXPECT_EQ(target.finished.size(), 1u);
}

// ------------------------------------------------------------------------------------------------ processes

TEST_F(NetworkTest, callee_that_crashes_before_the_delivery_did_nothing) {
    engine::detail::Slot<Result<int>> slot;
    start(3, slot);
    bed.core.scheduler.step();
    ASSERT_TRUE(target.begun.empty());
    target.crash();
    finish(slot);
    EXPECT_EQ(code_of(*slot.value), Code::unavailable);
    EXPECT_LT(bed.now(), Instant{} + 3ms) << "the broken connection is noticed at once";
}

TEST_F(NetworkTest, callee_that_crashes_in_the_middle_may_have_done_it) {
    target.work = 1s;
    engine::detail::Slot<Result<int>> slot;
    start(3, slot);
    bed.core.scheduler.run_until([&] { return !target.begun.empty(); });
    target.crash();
    finish(slot);
    EXPECT_EQ(code_of(*slot.value), Code::unknown);
    EXPECT_TRUE(target.finished.empty());
}

TEST_F(NetworkTest, callee_that_crashes_after_its_answer_left_is_heard) {
    engine::detail::Slot<Result<int>> slot;
    start(3, slot);
    bed.core.scheduler.run_until([&] { return !target.finished.empty(); });
    target.crash();
    finish(slot);
    EXPECT_EQ(slot.value->value(), 9);
}

TEST_F(NetworkTest, paused_callee_reads_its_backlog_when_it_is_resumed) {
    bed.core.scheduler.pause_node(server);
    bed.core.treatments.paused(server);
    expect_unknown_at_the_timeout();
    EXPECT_TRUE(target.begun.empty());
    bed.core.scheduler.resume_node(server);
    bed.core.treatments.resumed(server);
    bed.pass(1s);
    EXPECT_EQ(target.finished, (std::vector<int>{3})) << "though nobody waits for it any more";
}

TEST_F(NetworkTest, silence_of_a_server_that_nobody_has_struck_has_no_cause) {
    target.work = 60s;
    const Result<int> answer = bed.run(call(3));
    EXPECT_EQ(code_of(answer), Code::unknown);
    EXPECT_FALSE(answer.has_value() || answer.error().injected());
}

TEST_F(NetworkTest, handler_outlives_its_caller) {
    target.work = 1s;
    engine::detail::Slot<Result<int>> slot;
    const TaskRef caller = start(3, slot);
    bed.core.scheduler.run_until([&] { return !target.begun.empty(); });
    bed.core.scheduler.kill(caller);
    bed.pass(2s);
    EXPECT_EQ(target.finished, (std::vector<int>{3}));
    EXPECT_EQ(target.observed.size(), 1u);
    EXPECT_FALSE(slot.value);
    EXPECT_EQ(bed.core.scheduler.live_tasks(), 0u);
}

TEST_F(NetworkTest, handler_that_throws_is_unknown_to_the_caller_and_reaches_the_escape_handler) {
    std::vector<NodeId> escaped;
    bed.core.scheduler.set_escape_handler([&](NodeId node, std::exception_ptr) { escaped.push_back(node); });
    EXPECT_EQ(code_of(bed.run(call(-1))), Code::unknown);
    bed.pass(1s);
    EXPECT_EQ(escaped, (std::vector<NodeId>{server}));
}

TEST_F(NetworkTest, trace_tells_of_every_message) {
    Options recorded = calm();
    recorded.keep_events = true;
    CoreBed other(recorded);
    Network wires(other.core);
    Squares squares(other);
    auto* invoke = +[](Squares& t, int r) { return t.serve(r); };
    auto nobody = [](int, int) {};
    other.run(wires.call<int>(client, squares, Method::get_blocks, invoke, 2, nobody));
    other.begin(FaultKind::drop_requests, client.value, server.value, 256);
    other.run(wires.call<int>(client, squares, Method::get_blocks, invoke, 2, nobody));
    std::vector<EventKind> kinds;
    for (const engine::Event& event : other.core.trace.events())
        if (event.kind != EventKind::resumed) kinds.push_back(event.kind);
    EXPECT_EQ(kinds, (std::vector<EventKind>{EventKind::request, EventKind::delivered, EventKind::answered,
                                             EventKind::request, EventKind::lost}));
}

} // namespace
} // namespace sim
