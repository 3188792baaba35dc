#include "sim/strategist.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "engine/task.hpp"
#include "sim/scheduler.hpp"
#include "sim/sim_world.hpp"
#include "sim/testing/core_bed.hpp"

namespace sim {
namespace {

using engine::Task;

// -------------------------------------------------------------------------------------------- small programs

/// A thread of a small program: so many steps on a node of its own, or on one it shares.
struct Thread {
    std::uint32_t steps = 1;
    std::uint32_t node = 1;
};
using Program = std::vector<Thread>;

Task<> take_steps(std::string* log, char who, std::uint32_t steps) {
    for (std::uint32_t s = 1;; ++s) {
        log->push_back(who);
        if (s == steps) co_return;
        co_await engine::yield();
    }
}

/// The order of steps under one seed: "aab" is two steps of thread 0, then one of thread 1.
std::string interleaving(const Program& program, const char* strategy, std::uint64_t seed,
                         const engine::Choices* follow = nullptr, engine::Choices* recorded = nullptr) {
    engine::Choices own(seed);
    engine::Choices& choices = recorded != nullptr ? *recorded : own;
    if (follow != nullptr) choices.follow(follow->record());
    engine::Trace trace;
    Foresight foresight;
    foresight.task_priorities = true;
    for (const Thread& thread : program) {
        foresight.steps += thread.steps;
        foresight.steps_of_task.push_back(thread.steps);
    }
    const std::unique_ptr<Strategist> strategist =
        follow != nullptr ? nullptr : make_strategist(Strategy::parse(strategy), seed, foresight);
    Scheduler scheduler(choices, trace);
    scheduler.set_strategist(strategist.get());
    std::string log;
    char who = 'a';
    for (const Thread& thread : program) {
        Task<> steps = take_steps(&log, who++, thread.steps);
        engine::spawn(scheduler, NodeId{thread.node}, "thread", std::move(steps));
    }
    while (scheduler.step()) {
    }
    return log;
}

template <class Wanted>
std::uint64_t times_in(std::uint64_t runs, const Program& program, const char* strategy, Wanted wanted) {
    std::uint64_t times = 0;
    for (std::uint64_t seed = 0; seed < runs; ++seed)
        times += wanted(interleaving(program, strategy, seed)) ? 1 : 0;
    return times;
}

std::uint64_t factorial(std::uint64_t n) { return n < 2 ? 1 : n * factorial(n - 1); }

/// (a + b + ...)! / (a! b! ...)
std::uint64_t interleavings_of(const Program& program) {
    std::uint64_t steps = 0;
    std::uint64_t repeats = 1;
    for (const Thread& thread : program) {
        steps += thread.steps;
        repeats *= factorial(thread.steps);
    }
    return factorial(steps) / repeats;
}

/// Pearson's statistic against the uniform distribution; its mean is the number of cells less one.
double chi_square(const std::map<std::string, std::uint64_t>& seen, std::uint64_t cells, std::uint64_t runs) {
    const double expected = static_cast<double>(runs) / static_cast<double>(cells);
    double sum = expected * static_cast<double>(cells - seen.size());
    for (const auto& [order, times] : seen) {
        const double off = static_cast<double>(times) - expected;
        sum += off * off / expected;
    }
    return sum;
}

std::map<std::string, std::uint64_t> sample(const Program& program, const char* strategy,
                                            std::uint64_t runs) {
    std::map<std::string, std::uint64_t> seen;
    for (std::uint64_t seed = 0; seed < runs; ++seed) ++seen[interleaving(program, strategy, seed)];
    return seen;
}

// ------------------------------------------------------------------------------------------------ urw

// 210 interleavings of equal probability.  The statistic has mean 209 and standard deviation 20.4, so that
// 300 is four and a half deviations away; the plain walk prefers orders in which the short threads go first.
TEST(Urw, every_interleaving_of_a_known_program_is_equally_likely) {
    const Program program{{3, 1}, {2, 2}, {2, 3}};
    const std::uint64_t cells = interleavings_of(program);
    ASSERT_EQ(cells, 210u);
    constexpr std::uint64_t runs = 21'000;
    const auto plain = sample(program, "random", runs);
    EXPECT_GT(chi_square(plain, cells, runs), 2000.0) << "random is not uniform over interleavings";
    const auto weighted = sample(program, "urw", runs);
    EXPECT_EQ(weighted.size(), cells);
    EXPECT_LT(chi_square(weighted, cells, runs), 300.0);
}

TEST(Urw, one_long_and_one_short_thread_interleave_uniformly) {
    const Program program{{12, 1}, {2, 2}};
    const std::uint64_t cells = interleavings_of(program);
    ASSERT_EQ(cells, 91u);
    constexpr std::uint64_t runs = 9'100;
    EXPECT_LT(chi_square(sample(program, "urw", runs), cells, runs), 151.0) << "mean 90, deviation 13.4";
    EXPECT_GT(chi_square(sample(program, "random", runs), cells, runs), 2000.0);
}

// ------------------------------------------------------------------------------------------------ pct

// n = 4 threads: the last one goes first with probability 1/n at least.
TEST(Pct, bug_of_depth_1_is_found_with_probability_1_over_n) {
    const Program program{{5, 1}, {5, 2}, {5, 3}, {5, 4}};
    auto bug = [](const std::string& order) { return order.front() == 'd'; };
    EXPECT_GT(times_in(4000, program, "pct:1", bug), 900u) << "at least 1 of 4, less five deviations of 27";
    auto served = [](const std::string& order) { return order == "aaaaabbbbbcccccddddd"; };
    EXPECT_GT(times_in(4800, program, "pct:1", served), 120u)
        << "one of 4! orders, as nothing changes midway";
    EXPECT_EQ(times_in(4800, program, "random", served), 0u);
}

// b's only step must come between the tenth and the eleventh of a's 20: n = 2, k = 21.
TEST(Pct, bug_of_depth_2_is_found_with_probability_1_over_n_k) {
    const Program program{{20, 1}, {1, 2}};
    auto bug = [](const std::string& order) { return order.find('b') == 10; };
    constexpr std::uint64_t runs = 42'000;
    constexpr std::uint64_t bound = runs / (2 * 21);
    EXPECT_GT(times_in(runs, program, "pct:2", bug), bound - bound / 6) << "five deviations of 31 below 1000";
    EXPECT_EQ(times_in(4200, program, "pct:1", bug), 0u) << "depth 1 cannot stop a thread midway";
    EXPECT_LT(times_in(runs, program, "random", bug), bound / 8) << "2^-11";
}

// a stops after 8 steps, b runs 8 and stops, a goes on before b does: n = 2, k = 32, two changes.
TEST(Pct, bug_of_depth_3_is_found_with_probability_1_over_n_k_squared) {
    const Program program{{16, 1}, {16, 2}};
    auto bug = [](const std::string& order) { return order.starts_with("aaaaaaaabbbbbbbba"); };
    constexpr std::uint64_t runs = 81'920;
    constexpr std::uint64_t bound = runs / (2 * 32 * 32);
    static_assert(bound == 40);
    EXPECT_GT(times_in(runs, program, "pct:3", bug), 20u) << "40 expected, three deviations of 6.3 below";
    EXPECT_EQ(times_in(8192, program, "pct:2", bug), 0u) << "one change is not enough";
    EXPECT_LT(times_in(runs, program, "random", bug), 5u) << "2^-17";
}

TEST(Pct, whoever_has_low_priority_waits_long_and_one_that_is_demoted_longest) {
    std::map<std::uint32_t, int> seen;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Foresight foresight;
        foresight.steps = 1;
        const auto strategist = make_strategist(Strategy::parse("pct:2"), seed, foresight);
        strategist->created(1, NodeId{1}, "thread", 0);
        const std::uint32_t before = strategist->delay(1);
        EXPECT_EQ(strategist->delay(1), before) << "the same as long as nothing changes";
        ++seen[before];
        strategist->ran(1, {}); // the change point
        EXPECT_EQ(strategist->delay(1), Strategist::longest_delay);
    }
    EXPECT_GT(seen[0], 200) << "most are quick";
    EXPECT_GT(seen.size(), 20u) << "the others in many ways";
    EXPECT_LE(seen.rbegin()->first, Strategist::longest_delay);
}

TEST(Pct, call_goes_on_with_its_callers_priority_or_with_its_nodes) {
    int shared_with_caller = 0;
    int shared_with_node = 0;
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
        const auto strategist = make_strategist(Strategy::parse("pct:1"), seed);
        strategist->created(1, NodeId{1}, "caller", 0);
        strategist->created(2, NodeId{2}, "service loop", 0);
        strategist->created(3, NodeId{2}, "handler", 1);
        strategist->created(4, NodeId{0}, "no node's", 1);
        auto rank = [&](std::uint32_t a, std::uint32_t b) {
            const std::uint32_t ready[] = {a, b};
            return strategist->pick(ready);
        };
        // Equal priorities take turns at random; different ones never do.
        auto equal = [&](std::uint32_t a, std::uint32_t b) {
            int first = 0;
            for (int i = 0; i < 64; ++i) first += rank(a, b) == 0 ? 1 : 0;
            return first != 0 && first != 64;
        };
        EXPECT_NE(equal(3, 1), equal(3, 2)) << seed;
        shared_with_caller += equal(3, 1) ? 1 : 0;
        shared_with_node += equal(3, 2) ? 1 : 0;
        EXPECT_FALSE(equal(4, 1));
    }
    EXPECT_GT(shared_with_caller, 16);
    EXPECT_GT(shared_with_node, 16);
}

// ------------------------------------------------------------------------------------------------ pos

// The example of the paper's introduction: a thread of many steps, and one step that must come after all of
// them. Independent steps keep their priorities, so it is enough that b's is the lowest of 13.
TEST(Pos, late_step_is_found_in_one_of_so_many_steps_where_a_random_walk_needs_a_power_of_two) {
    const Program independent{{12, 1}, {1, 2}};
    auto late = [](const std::string& order) { return order.back() == 'b'; };
    constexpr std::uint64_t runs = 13'000;
    const std::uint64_t found = times_in(runs, independent, "pos", late);
    EXPECT_GT(found, 850u) << "1000 expected, deviation 30";
    EXPECT_LT(found, 1150u);
    EXPECT_LT(times_in(runs, independent, "random", late), 20u) << "2^-12";
}

TEST(Pos, step_that_conflicts_with_the_one_taken_gets_a_new_priority) {
    const Program conflicting{{12, 1}, {1, 1}}; // both on one node: every step touches the same memory
    auto late = [](const std::string& order) { return order.back() == 'b'; };
    EXPECT_LT(times_in(13'000, conflicting, "pos", late), 20u) << "drawn anew each time, like a random walk";
}

TEST(Footprint, steps_conflict_when_one_writes_what_the_other_touches) {
    const Footprint reads_db{Footprint::database, 0};
    const Footprint writes_db{0, Footprint::database};
    const Footprint elsewhere{Footprint::copy(1), Footprint::memory(NodeId{3})};
    EXPECT_FALSE(reads_db.conflicts_with(reads_db));
    EXPECT_TRUE(reads_db.conflicts_with(writes_db));
    EXPECT_TRUE(writes_db.conflicts_with(reads_db));
    EXPECT_TRUE(writes_db.conflicts_with(writes_db));
    EXPECT_FALSE(elsewhere.conflicts_with(writes_db));
    EXPECT_FALSE(writes_db.conflicts_with(elsewhere));
}

// ------------------------------------------------------------------------------------------------ recording

TEST(Strategist, replay_of_its_decisions_does_not_need_it) {
    const Program program{{9, 1}, {7, 2}, {5, 3}};
    for (const char* strategy : {"pct:1", "pct:3", "pos", "urw", "random"}) {
        engine::Choices recorded(5);
        const std::string first = interleaving(program, strategy, 5, nullptr, &recorded);
        EXPECT_EQ(interleaving(program, strategy, 5), first) << strategy;
        EXPECT_EQ(interleaving(program, strategy, 99, &recorded), first) << strategy;
        EXPECT_FALSE(recorded.sequence().empty());
    }
}

// A coin, its change and a spend, seen by a wallet while everything moves.
Task<> pay_and_poll(engine::World& world) {
    (void)co_await world.ingest(0).api().activate();
    engine::Wallet& alice = world.new_wallet(engine::AccountId{0});
    std::vector<engine::CoinRef> unspent;
    for (std::uint64_t b = 0; b < 6; ++b) {
        engine::BlockPlan plan;
        engine::Credit credit;
        credit.to = alice.account();
        credit.amount = 1ULL << b;
        plan.credits.push_back(credit);
        if (!unspent.empty()) plan.spends.push_back(unspent.back());
        const engine::AppendedBlock block = co_await world.chain().append(std::move(plan));
        unspent = block.credits;
        (void)co_await alice.poll();
        co_await world.sleep(100ms);
    }
}

struct Told {
    std::uint64_t digest = 0;
    std::size_t choices = 0;
    std::int64_t virtual_ms = 0;
};
Told told(SimWorld& world) {
    world.run(pay_and_poll(world));
    EXPECT_TRUE(world.checks().violations().empty());
    return {world.core().trace.digest(), world.core().choices.sequence().size(), world.now().ms()};
}

TEST(Strategist, world_follows_a_recording_whatever_strategy_made_it) {
    std::map<std::uint64_t, std::string> digests;
    for (const char* strategy :
         {"random", "swarm", "pct:2", "pct:3+swarm", "pos", "pos+swarm", "urw", "urw+swarm"}) {
        Options options;
        options.seed = 3;
        options.strategy = Strategy::parse(strategy);
        SimWorld recorded(options);
        const Told first = told(recorded);
        EXPECT_TRUE(digests.try_emplace(first.digest, strategy).second)
            << strategy << " did what " << digests[first.digest] << " does";
        SimWorld again(options);
        EXPECT_EQ(told(again).digest, first.digest) << strategy;
        Options following;
        following.seed = 3; // keys and other unrecorded bits
        const engine::Recording recording = recorded.core().choices.record();
        following.follow = &recording;
        SimWorld replay(following);
        const Told second = told(replay);
        EXPECT_EQ(second.digest, first.digest) << strategy;
        EXPECT_EQ(second.choices, first.choices) << strategy;
    }
}

TEST(Strategist, swarm_draws_another_weather_for_each_seed_and_tells_it_in_the_recording) {
    std::map<std::uint32_t, int> holds;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Options options;
        options.seed = seed;
        options.strategy = Strategy::parse("swarm");
        const Core core(options);
        ++holds[core.weather.longest_hold_ms];
        Options following;
        const engine::Recording recording = core.choices.record();
        following.follow = &recording;
        const Core replay(following);
        EXPECT_EQ(replay.weather.longest_hold_ms, core.weather.longest_hold_ms);
        EXPECT_EQ(replay.weather.held_of_64, core.weather.held_of_64);
        EXPECT_EQ(replay.weather.slow_of_64, core.weather.slow_of_64);
    }
    EXPECT_EQ(holds.size(), 5u);
    const Core tame(Options{});
    EXPECT_EQ(tame.weather.longest_hold_ms, Weather{}.longest_hold_ms) << "no swarm: as the options say";
    EXPECT_EQ(tame.weather.held_of_64, Weather{}.held_of_64);
}

} // namespace
} // namespace sim
