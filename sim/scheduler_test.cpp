#include "sim/scheduler.hpp"

#include <gtest/gtest.h>

#include <map>

#include "engine/task.hpp"

namespace sim {
namespace {

using namespace engine;

struct World {
    explicit World(std::uint64_t seed = 1) : choices(seed), scheduler(choices, trace) {}
    Choices choices;
    Trace trace;
    Scheduler scheduler;

    void run() {
        while (scheduler.step()) {
        }
    }
};

Task<> log_twice(std::string* log, char who) {
    log->push_back(who);
    co_await yield();
    log->push_back(who);
}

TEST(Scheduler, every_interleaving_of_three_tasks_is_reached) {
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        World world(seed);
        std::string log;
        for (char who : {'a', 'b', 'c'}) spawn(world.scheduler, NodeId{1}, "logger", log_twice(&log, who));
        world.run();
        ++seen[log];
        EXPECT_EQ(world.scheduler.live_tasks(), 0u);
    }
    EXPECT_EQ(seen.size(), 90u) << "6! / (2! 2! 2!) orders";
}

Task<> note_time(World* world, std::vector<std::int64_t>* log, std::int64_t ms) {
    co_await sleep_until(world->scheduler.now() + std::chrono::milliseconds(ms));
    log->push_back(world->scheduler.now().ms());
}

TEST(Scheduler, time_jumps_to_the_earliest_timer) {
    World world;
    std::vector<std::int64_t> log;
    for (std::int64_t ms : {500, 20, 3000, 20})
        spawn(world.scheduler, NodeId{1}, "timer", note_time(&world, &log, ms));
    world.run();
    EXPECT_EQ(log, (std::vector<std::int64_t>{20, 20, 500, 3000}));
}

struct Count {
    int* alive;
    explicit Count(int* a) : alive(a) { ++*alive; }
    ~Count() { --*alive; }
};

Task<> wait_for_ever(int* alive) {
    const Count count(alive);
    co_await park("godot", Instant::never());
}
Task<> parent_of_two(World* world, int* alive) {
    const Count count(alive);
    Nursery nursery(world->scheduler, NodeId{1});
    nursery.spawn("child", wait_for_ever(alive));
    nursery.spawn("child", wait_for_ever(alive));
    co_await nursery.join();
}

TEST(Scheduler, deadlock_names_who_waits_for_what) {
    World world;
    int alive = 0;
    spawn(world.scheduler, NodeId{7}, "vladimir", wait_for_ever(&alive));
    try {
        world.scheduler.run_until([] { return false; });
        FAIL() << "no deadlock seen";
    } catch (const Stuck& stuck) {
        EXPECT_STREQ(stuck.what(),
                     "deadlock at 0 ms; waiting:\n  node 7: task 1 'vladimir' waits for godot\n");
    }
}

Task<> spin() {
    for (;;) co_await yield();
}

TEST(Scheduler, step_budget_ends_a_livelock) {
    World world;
    world.scheduler.set_step_budget(1000);
    spawn(world.scheduler, NodeId{1}, "spinner", spin());
    EXPECT_THROW(world.scheduler.run_until([] { return false; }), Stuck);
    EXPECT_EQ(world.scheduler.steps(), 1000u);
}

TEST(Scheduler, killing_a_node_destroys_children_and_parents) {
    World world;
    int alive = 0;
    spawn(world.scheduler, NodeId{1}, "parent", parent_of_two(&world, &alive));
    spawn(world.scheduler, NodeId{2}, "bystander", wait_for_ever(&alive));
    world.run();
    EXPECT_EQ(alive, 4);
    world.scheduler.kill_node(NodeId{1});
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(world.scheduler.live_tasks(), 1u);
}

TEST(Scheduler, world_going_away_destroys_everything) {
    int alive = 0;
    {
        World world;
        spawn(world.scheduler, NodeId{1}, "parent", parent_of_two(&world, &alive));
        world.run();
        EXPECT_EQ(alive, 3);
    }
    EXPECT_EQ(alive, 0);
}

TEST(Scheduler, paused_node_stands_still_and_goes_on) {
    World world;
    std::vector<std::int64_t> log;
    spawn(world.scheduler, NodeId{1}, "timer", note_time(&world, &log, 10));
    spawn(world.scheduler, NodeId{2}, "timer", note_time(&world, &log, 50));
    world.scheduler.step();
    world.scheduler.step(); // both sleep now
    world.scheduler.pause_node(NodeId{1});
    world.run();
    EXPECT_EQ(log, (std::vector<std::int64_t>{50}));
    world.scheduler.resume_node(NodeId{1});
    world.run();
    EXPECT_EQ(log, (std::vector<std::int64_t>{50, 50})) << "its timer fired while it was paused";
}

Task<int> answer_after(World* world, std::int64_t ms, int value) {
    co_await sleep_until(world->scheduler.now() + std::chrono::milliseconds(ms));
    co_return value;
}
Task<> race_two(World* world, std::size_t* winner, std::int64_t* at) {
    const auto result = co_await race<int, int>(world->scheduler, NodeId{1}, answer_after(world, 30, 1),
                                                answer_after(world, 20, 2));
    *winner = result.index();
    *at = world->scheduler.now().ms();
}
Task<> try_deadline(World* world, std::optional<int>* fast, std::optional<int>* slow) {
    *fast = co_await with_deadline(world->scheduler, NodeId{1}, 10ms, answer_after(world, 5, 1));
    *slow = co_await with_deadline(world->scheduler, NodeId{1}, 10ms, answer_after(world, 50, 2));
}

TEST(Task, race_reports_the_winner_and_kills_the_loser) {
    World world;
    std::size_t winner = 9;
    std::int64_t at = 0;
    spawn(world.scheduler, NodeId{1}, "racer", race_two(&world, &winner, &at));
    world.run();
    EXPECT_EQ(winner, 1u);
    EXPECT_EQ(at, 20);
    EXPECT_EQ(world.scheduler.live_tasks(), 0u);
    EXPECT_EQ(world.scheduler.now().ms(), 20) << "the loser's timer must be gone";
}

Task<int> throw_after(World* world, std::int64_t ms) {
    co_await sleep_until(world->scheduler.now() + std::chrono::milliseconds(ms));
    throw std::runtime_error("too bad");
}
Task<> fall_asleep(World* world, std::int64_t ms) {
    co_await sleep_until(world->scheduler.now() + std::chrono::milliseconds(ms));
}
enum class End { answered, failed, timed_out };
Task<> race_against_a_failure(World* world, End* end) {
    try {
        (void)co_await race<int, int>(world->scheduler, NodeId{1}, answer_after(world, 10, 1),
                                      throw_after(world, 10));
        *end = End::answered;
    } catch (const std::runtime_error&) {
        *end = End::failed;
    }
}
Task<> fail_at_the_deadline(World* world, End* end) {
    try {
        const std::optional<int> got =
            co_await with_deadline(world->scheduler, NodeId{1}, 10ms, throw_after(world, 10));
        *end = got ? End::answered : End::timed_out;
    } catch (const std::runtime_error&) {
        *end = End::failed;
    }
}

// Both end in one instant, in an order that the seed draws, and now and then before anybody looks.
TEST(Task, only_the_winners_exception_leaves_a_race) {
    std::map<End, int> races;
    std::map<End, int> deadlines;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        World world(seed);
        End end{};
        spawn(world.scheduler, NodeId{1}, "racer", race_against_a_failure(&world, &end));
        world.run();
        ++races[end];
        World another(seed);
        spawn(another.scheduler, NodeId{1}, "caller", fail_at_the_deadline(&another, &end));
        another.run();
        ++deadlines[end];
    }
    // Each is first about every second time; the loser's exception would make it three times of four.
    EXPECT_GT(races[End::answered], 75);
    EXPECT_GT(races[End::failed], 75);
    EXPECT_GT(deadlines[End::timed_out], 75);
    EXPECT_GT(deadlines[End::failed], 75);
}

Task<> race_without_results(World* world, std::size_t* winner, bool* in_time, bool* late) {
    const auto ended = co_await race<void, int>(world->scheduler, NodeId{1}, fall_asleep(world, 10),
                                                answer_after(world, 20, 1));
    *winner = ended.index();
    const auto fast = co_await with_deadline(world->scheduler, NodeId{1}, 10ms, fall_asleep(world, 5));
    const auto slow = co_await with_deadline(world->scheduler, NodeId{1}, 10ms, fall_asleep(world, 50));
    *in_time = fast.has_value();
    *late = slow.has_value();
}

TEST(Task, what_has_no_result_can_be_raced) {
    World world;
    std::size_t winner = 9;
    bool in_time = false;
    bool late = true;
    spawn(world.scheduler, NodeId{1}, "racer", race_without_results(&world, &winner, &in_time, &late));
    world.run();
    EXPECT_EQ(winner, 0u);
    EXPECT_TRUE(in_time);
    EXPECT_FALSE(late);
}

TEST(Task, deadline_cuts_off_what_takes_too_long) {
    World world;
    std::optional<int> fast;
    std::optional<int> slow;
    spawn(world.scheduler, NodeId{1}, "caller", try_deadline(&world, &fast, &slow));
    world.run();
    EXPECT_EQ(fast, 1);
    EXPECT_FALSE(slow);
    EXPECT_EQ(world.scheduler.now().ms(), 15);
}

Task<> fail_after(World* world, std::int64_t ms) {
    co_await sleep_until(world->scheduler.now() + std::chrono::milliseconds(ms));
    throw std::runtime_error("child failed");
}
Task<> join_failing(World* world, std::string* caught) {
    Nursery nursery(world->scheduler, NodeId{1});
    nursery.spawn("failing", fail_after(world, 5));
    try {
        co_await nursery.join();
    } catch (const std::exception& e) {
        *caught = e.what();
    }
}

TEST(Task, nursery_rethrows_a_childs_exception_at_join) {
    World world;
    std::string caught;
    spawn(world.scheduler, NodeId{1}, "parent", join_failing(&world, &caught));
    world.run();
    EXPECT_EQ(caught, "child failed");
}

TEST(Task, exception_without_a_parent_ends_the_run) {
    World world;
    spawn(world.scheduler, NodeId{1}, "orphan", fail_after(&world, 5));
    EXPECT_THROW(world.scheduler.run_until([] { return false; }), std::runtime_error);
}

Task<> critical(World* world, Mutex* mutex, int* inside, int* most, int* done) {
    Mutex::Lock lock = co_await mutex->lock("the lock");
    *most = std::max(*most, ++*inside);
    co_await sleep_until(world->scheduler.now() + 1ms);
    --*inside;
    ++*done;
}

TEST(Task, mutex_admits_one_and_survives_its_holder) {
    World world;
    Mutex mutex(world.scheduler);
    int inside = 0, most = 0, done = 0;
    for (std::uint32_t node : {1u, 2u, 2u, 3u})
        spawn(world.scheduler, NodeId{node}, "critical", critical(&world, &mutex, &inside, &most, &done));
    while (!mutex.is_locked()) world.scheduler.step();
    world.scheduler.kill_node(NodeId{2}); // holder or waiters, as the seed has it
    inside = 0;
    world.run();
    EXPECT_EQ(most, 1);
    EXPECT_EQ(done, 2);
    EXPECT_FALSE(mutex.is_locked());
}

Task<> wait_signal(Signal* signal, int* woken) {
    co_await signal->wait("the signal");
    ++*woken;
}

TEST(Task, signal_wakes_all_who_wait) {
    World world;
    Signal signal(world.scheduler);
    int woken = 0;
    for (int i = 0; i < 3; ++i) spawn(world.scheduler, NodeId{1}, "waiter", wait_signal(&signal, &woken));
    world.run();
    EXPECT_EQ(woken, 0);
    signal.notify_all();
    world.run();
    EXPECT_EQ(woken, 3);
}

} // namespace
} // namespace sim
