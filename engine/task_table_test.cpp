#include "engine/task_table.hpp"

#include <gtest/gtest.h>

#include <string>

#include "engine/testing/plain_loop.hpp"

namespace engine {
namespace {

using namespace std::chrono_literals;
using testing::PlainLoop;

Task<> say(std::string* log, char who) {
    log->push_back(who);
    co_return;
}

struct Farewell {
    std::string* log;
    char who;
    Farewell(std::string* l, char w) : log(l), who(w) {}
    ~Farewell() { log->push_back(who); }
};

Task<> wait_for_ever(std::string* log, char who) {
    const Farewell farewell(log, who);
    co_await park("better times", Instant::never());
    log->push_back('!');
}

Task<> wait_and_say(PlainLoop* loop, Waiter* waiter, Instant due, std::string* log) {
    *waiter = loop->next_park();
    co_await park("a letter", due);
    log->append(std::to_string(loop->now().ms()));
}

TEST(TaskTable, a_slot_is_used_again_and_an_old_reference_then_names_nobody) {
    PlainLoop loop;
    std::string log;
    const TaskRef first = spawn(loop, NodeId{1}, "first", say(&log, 'a'));
    EXPECT_EQ(loop.live_tasks(), 1u);
    loop.run();
    EXPECT_EQ(loop.live_tasks(), 0u);
    EXPECT_EQ(loop.ended(), 1u);

    const TaskRef second = spawn(loop, NodeId{2}, "second", wait_for_ever(&log, 'b'));
    EXPECT_EQ(second.slot, first.slot);
    EXPECT_NE(second.generation, first.generation);
    EXPECT_EQ(loop.node_of(second), NodeId{2});
    loop.run();
    loop.kill(first);
    EXPECT_EQ(loop.live_tasks(), 1u) << "the second one is somebody else";
    EXPECT_EQ(log, "a");
    loop.kill(second);
    EXPECT_EQ(log, "ab") << "its frame was destroyed, and it did not go on";
    EXPECT_EQ(loop.live_tasks(), 0u);
}

TEST(TaskTable, mistake_where_nothing_may_be_thrown_ends_the_process_with_its_reason) {
    PlainLoop loop;
    std::string log;
    const TaskRef first = spawn(loop, NodeId{1}, "first", say(&log, 'a'));
    loop.run();
    EXPECT_EXIT(loop.finish(first), ::testing::ExitedWithCode(70), "generation == task.generation");
}

TEST(TaskTable, a_default_reference_names_no_task) {
    PlainLoop loop;
    EXPECT_FALSE(loop.is_running({}));
    loop.kill({});
    loop.wake({}, Instant{});
    EXPECT_FALSE(loop.step());
}

TEST(TaskTable, waking_makes_a_parked_task_ready_and_a_timed_one_early_but_never_late) {
    PlainLoop loop;
    std::string log;
    Waiter parked, timed, left_alone;
    spawn(loop, NodeId{1}, "parked", wait_and_say(&loop, &parked, Instant::never(), &log));
    spawn(loop, NodeId{1}, "timed", wait_and_say(&loop, &timed, Instant{} + 50ms, &log));
    spawn(loop, NodeId{1}, "left alone", wait_and_say(&loop, &left_alone, Instant{} + 30ms, &log));
    for (int i = 0; i < 3; ++i) loop.step();
    EXPECT_EQ(log, "");
    loop.wake(parked, Instant{} + 10ms);
    loop.wake(timed, Instant{} + 20ms);
    loop.wake(left_alone, Instant{} + 40ms);
    loop.run();
    EXPECT_EQ(log, "102030");
    EXPECT_EQ(loop.live_tasks(), 0u);
}

TEST(TaskTable, waking_a_suspension_that_is_over_does_nothing) {
    PlainLoop loop;
    std::string log;
    Waiter first, second;
    const auto twice = [](PlainLoop* l, Waiter* one, Waiter* two, std::string* text) -> Task<> {
        co_await wait_and_say(l, one, Instant{} + 5ms, text);
        co_await wait_and_say(l, two, Instant{} + 90ms, text);
    };
    spawn(loop, NodeId{1}, "twice", twice(&loop, &first, &second, &log));
    loop.step();
    loop.step();
    EXPECT_EQ(log, "5");
    loop.wake(first, Instant{} + 6ms);
    loop.run();
    EXPECT_EQ(log, "590");
}

TEST(TaskTable, a_killed_task_is_taken_out_of_the_queue_that_it_is_in) {
    PlainLoop loop;
    std::string log;
    Waiter waiter;
    const TaskRef ready = spawn(loop, NodeId{1}, "ready", say(&log, 'a'));
    const TaskRef timed =
        spawn(loop, NodeId{1}, "timed", wait_and_say(&loop, &waiter, Instant{} + 5ms, &log));
    loop.kill(ready);
    loop.step();
    loop.kill(timed);
    EXPECT_FALSE(loop.step());
    EXPECT_EQ(log, "");
    EXPECT_EQ(loop.ended(), 2u);
}

Task<> parent(PlainLoop* loop, std::string* log) {
    const Farewell farewell(log, 'p');
    Nursery nursery(*loop, NodeId{1});
    nursery.spawn("child", wait_for_ever(log, 'c'));
    co_await nursery.join();
}

TEST(TaskTable, killing_a_parent_destroys_its_children_first_in_the_middle_of_its_own_unwinding) {
    PlainLoop loop;
    std::string log;
    const TaskRef task = spawn(loop, NodeId{1}, "parent", parent(&loop, &log));
    loop.run();
    EXPECT_EQ(loop.live_tasks(), 2u);
    loop.kill(task);
    EXPECT_EQ(log, "cp");
    EXPECT_EQ(loop.live_tasks(), 0u);
}

TEST(TaskTable, everybody_is_destroyed_youngest_first) {
    PlainLoop loop;
    std::string log;
    for (char who : {'a', 'b', 'c'}) spawn(loop, NodeId{1}, "waiter", wait_for_ever(&log, who));
    loop.run();
    loop.kill_all();
    EXPECT_EQ(log, "cba");
}

TEST(TaskTable, who_waits_names_node_task_and_reason_oldest_first) {
    PlainLoop loop;
    std::string log;
    Waiter waiter;
    spawn(loop, NodeId{3}, "hermit", wait_for_ever(&log, 'a'));
    spawn(loop, NodeId{4}, "reader", wait_and_say(&loop, &waiter, Instant{} + 7ms, &log));
    loop.step();
    loop.step();
    spawn(loop, NodeId{5}, "newcomer", say(&log, 'b'));
    EXPECT_EQ(loop.who_waits(), "  node 3: task 1 'hermit' waits for better times\n"
                                "  node 4: task 2 'reader' waits for a letter (due at 7 ms)\n"
                                "  node 5: task 3 'newcomer' waits for its first step (ready)\n");
}

} // namespace
} // namespace engine
