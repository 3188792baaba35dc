#include "real/loop/io_loop.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using namespace std::chrono_literals;
using engine::Task;
using real::IoLoop;
using real::Pending;

Task<> sleep_and_note(IoLoop& loop, std::chrono::milliseconds pause, std::vector<int>& order, int number) {
    const engine::Instant begun = loop.now();
    co_await engine::sleep_until(begun + pause);
    EXPECT_GE(loop.now(), begun + pause);
    order.push_back(number);
}

Task<> three_timers(IoLoop& loop, std::vector<int>& order) {
    engine::Nursery nursery(loop, {});
    nursery.spawn("late", sleep_and_note(loop, 30ms, order, 3));
    nursery.spawn("early", sleep_and_note(loop, 10ms, order, 1));
    nursery.spawn("middle", sleep_and_note(loop, 20ms, order, 2));
    co_await nursery.join();
}

TEST(IoLoop, TimersFireInOrderAndNeverEarly) {
    IoLoop loop;
    std::vector<int> order;
    loop.run(three_timers(loop, order));
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

struct Flag {
    bool& destroyed;
    explicit Flag(bool& d) : destroyed(d) {}
    ~Flag() { destroyed = true; }
};

Task<> hang(bool& destroyed) {
    const Flag flag(destroyed);
    co_await engine::park("nothing", engine::Instant::never());
}

Task<int> hang_for_a_number(bool& destroyed) {
    co_await hang(destroyed);
    co_return 1;
}

Task<> deadline(IoLoop& loop, bool& destroyed) {
    Task<int> endless = hang_for_a_number(destroyed);
    const auto result = co_await engine::with_deadline(loop, {}, 20ms, std::move(endless));
    EXPECT_FALSE(result.has_value());
}

TEST(IoLoop, DeadlineDestroysTheFramesOfWhatItEnds) {
    IoLoop loop;
    bool destroyed = false;
    loop.run(deadline(loop, destroyed));
    EXPECT_TRUE(destroyed);
}

TEST(IoLoop, EveryTaskIsDestroyedWithTheLoop) {
    bool destroyed = false;
    {
        IoLoop loop;
        engine::spawn(loop, {}, "hangs", hang(destroyed));
        std::vector<int> order;
        loop.run(three_timers(loop, order));
        EXPECT_FALSE(destroyed);
    }
    EXPECT_TRUE(destroyed);
}

Task<> wait_for_thread(IoLoop& loop, int& seen) {
    Pending<int> pending(loop);
    auto done = pending.handler();
    std::jthread other([&loop, done] { loop.hand_over([done] { done(42); }); });
    const auto [value] = co_await pending.result("a thread");
    seen = value;
}

TEST(IoLoop, AnotherThreadHandsOverAnAnswer) {
    IoLoop loop;
    int seen = 0;
    loop.run(wait_for_thread(loop, seen));
    EXPECT_EQ(seen, 42);
}

Task<> wait_in_vain(IoLoop& loop, bool& came) {
    Pending<int> pending(loop);
    const auto answer = co_await pending.result_until(loop.now() + 10ms, "nobody");
    came = answer.has_value();
}

TEST(IoLoop, AnOperationMayBeGivenUpAtADueTime) {
    IoLoop loop;
    bool came = true;
    loop.run(wait_in_vain(loop, came));
    EXPECT_FALSE(came);
}

Task<> fail() {
    co_await engine::yield();
    throw std::runtime_error("on purpose");
}

TEST(IoLoop, RethrowsWhatTheMainTaskEndedWith) {
    IoLoop loop;
    EXPECT_THROW(loop.run(fail()), std::runtime_error);
}

TEST(IoLoop, RethrowsWhatLeavesATaskThatNobodyJoins) {
    IoLoop loop;
    bool destroyed = false;
    engine::spawn(loop, {}, "fails", fail());
    EXPECT_THROW(loop.run(hang(destroyed)), std::runtime_error);
    EXPECT_TRUE(destroyed);
}

} // namespace
