#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>

#include <concepts>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "engine/ensure.hpp"
#include "engine/loop.hpp"
#include "engine/time.hpp"

namespace engine {

/// Every suspending function returns one.  Lazy: nothing runs before it is awaited or spawned.
template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

/// Suspends the current task until `due`, or until somebody wakes it.
/// @param what  what it waits for; lives for ever
/// @cancel      destroyed in place when the task is killed
inline auto park(const char* what, Instant due) {
    auto initiate = [what, due](auto&& handler) {
        const Executor executor = boost::asio::get_associated_executor(handler);
        executor.loop().park(executor.task(), Job(std::move(handler)), what, due);
    };
    return boost::asio::async_initiate<const boost::asio::deferred_t, void()>(initiate,
                                                                              boost::asio::deferred);
}

/// Suspends until `due`, not earlier.
inline auto sleep_until(Instant due, const char* what = "a timer") { return park(what, due); }
/// Lets the other ready tasks run, in any order.
inline auto yield(const char* what = "its turn") { return park(what, Instant{0}); }

/// Starts `body` as a task of its own.  An exception that leaves it goes to Loop::escaped.
TaskRef spawn(Loop& loop, NodeId node, const char* name, Task<> body);

/// A condition somebody waits for.  Wakes every waiter; each must test its condition again.
/// Lifetime: outlives its waiters, or dies together with them.
class Signal {
public:
    explicit Signal(Loop& loop) : loop_(&loop) {}

    /// Suspends until notified or due.
    auto wait(const char* what, Instant due = Instant::never()) {
        waiters_.push_back(loop_->next_park());
        return park(what, due);
    }
    void notify_all() {
        for (Waiter waiter : waiters_) loop_->wake(waiter, loop_->now()); // runs nobody yet
        waiters_.clear();
    }

private:
    Loop* loop_;
    std::vector<Waiter> waiters_; // those whose suspension is over are skipped by the loop
};

/// Mutual exclusion between tasks, first come first served.  Killing the holder releases it.
class Mutex {
public:
    explicit Mutex(Loop& loop) : loop_(&loop) {}

    class [[nodiscard]] Lock {
    public:
        Lock() = default;
        explicit Lock(Mutex& mutex) : mutex_(&mutex) {}
        Lock(Lock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
        Lock& operator=(Lock&& other) noexcept {
            if (this != &other) {
                release();
                mutex_ = std::exchange(other.mutex_, nullptr);
            }
            return *this;
        }
        ~Lock() { release(); }
        void release() {
            if (Mutex* mutex = std::exchange(mutex_, nullptr)) mutex->unlock();
        }

    private:
        Mutex* mutex_ = nullptr;
    };

    Task<Lock> lock(const char* what);
    bool is_locked() const { return locked_; }

private:
    struct Ticket;
    void unlock();

    Loop* loop_;
    bool locked_ = false;
    std::deque<Ticket*> queue_; // in order of arrival; tickets live in the waiters' frames
};

/// Owns tasks and joins them all.  The nursery outlives its children: its destructor kills those still there,
/// the youngest first, so that no child sees a parent's dead frame.
class Nursery {
public:
    Nursery(Loop& loop, NodeId node);
    ~Nursery();
    Nursery(const Nursery&) = delete;
    Nursery& operator=(const Nursery&) = delete;

    /// @param name  lives for ever
    TaskRef spawn(const char* name, Task<> body);
    /// Suspends until every child has ended; rethrows the first exception a child ended with.
    Task<> join();
    /// Suspends until one more child has ended than the last call saw.  @pre one is running
    Task<> any_ended();
    void kill_all() noexcept;
    std::size_t running() const;
    Loop& loop() const;
    NodeId node() const;

    struct State;

private:
    std::shared_ptr<State> state_;
};

/// What a task that was raced gives: its result, or nothing to look at.
template <class T>
using Raced = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

namespace detail {

template <class T>
struct Slot {
    std::optional<Raced<T>> value;
    std::exception_ptr error;
};

/// Runs the task and keeps how it ended; what it ended with leaves this task in no other way.
/// @param first  becomes `index` unless somebody else was there before
template <class T>
Task<> keep(Task<T> task, Slot<T>* slot, int index = 0, int* first = nullptr) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(task);
            slot->value.emplace();
        } else {
            slot->value.emplace(co_await std::move(task));
        }
    } catch (...) {
        slot->error = std::current_exception();
    }
    if (first != nullptr && *first < 0) *first = index;
}

Task<> sleep_task(Instant due);

} // namespace detail

/// Runs two tasks and reports who ended first; the other is killed.
/// @return  a variant whose index is the winner's
/// @errors  the winner's exception; how the loser ended, if it did before it was killed, is nobody's business
/// @cancel  kills both
template <class A, class B>
Task<std::variant<Raced<A>, Raced<B>>> race(Loop& loop, NodeId node, Task<A> a, Task<B> b) {
    int first = -1;
    detail::Slot<A> slot_a;
    detail::Slot<B> slot_b;
    Nursery nursery(loop, node);
    nursery.spawn("race: first", detail::keep(std::move(a), &slot_a, 0, &first));
    nursery.spawn("race: second", detail::keep(std::move(b), &slot_b, 1, &first));
    co_await nursery.any_ended();
    nursery.kill_all();
    if (first == 0) {
        if (slot_a.error) std::rethrow_exception(slot_a.error);
        std::variant<Raced<A>, Raced<B>> out(std::in_place_index<0>, std::move(*slot_a.value));
        co_return out;
    }
    if (slot_b.error) std::rethrow_exception(slot_b.error);
    std::variant<Raced<A>, Raced<B>> out(std::in_place_index<1>, std::move(*slot_b.value));
    co_return out;
}

/// Runs a task for at most `limit`.
/// @return nothing when the time was up first; the task is killed then
/// @errors the task's exception, if it ended in time
template <class T>
Task<std::optional<Raced<T>>> with_deadline(Loop& loop, NodeId node, Duration limit, Task<T> task) {
    std::variant<Raced<T>, std::monostate> ended =
        co_await race(loop, node, std::move(task), detail::sleep_task(loop.now() + limit));
    std::optional<Raced<T>> out;
    if (ended.index() == 0) out.emplace(std::get<0>(std::move(ended)));
    co_return out;
}

} // namespace engine
