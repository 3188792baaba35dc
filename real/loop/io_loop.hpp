#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/task.hpp"
#include "engine/task_table.hpp"

namespace real {

using engine::Instant;
using engine::NodeId;
using engine::Task;
using engine::TaskRef;

/// The engine's loop over an io_context and the monotonic clock of the machine.
///
/// Rules
/// 1. One thread runs it.  Other threads hand work over with `hand_over` only.
/// 2. Ready tasks run in order of becoming ready; timers never fire early.
/// 3. `now()` is taken at the beginning of each step and stands still meanwhile.
class IoLoop final : public engine::TaskTable<IoLoop> {
public:
    IoLoop();
    ~IoLoop() override;
    IoLoop(const IoLoop&) = delete;
    IoLoop& operator=(const IoLoop&) = delete;

    // Loop
    Instant now() const noexcept override { return now_; }
    void escaped(TaskRef task, std::exception_ptr error) override;

    boost::asio::io_context& context() { return context_; }
    /// Runs `body` as a task until it has ended; other tasks run beside it and stay.  Rethrows what it, or a
    /// task that nobody joins, ended with.
    void run(Task<> body);
    /// Lets the present run() return after this step.
    void stop() { stopped_ = true; }
    bool is_stopped() const { return stopped_; }
    /// From any thread: runs `fn` on the loop's thread, outside every task.
    void hand_over(std::function<void()> fn);

private:
    friend class engine::TaskTable<IoLoop>;

    // What the table of tasks leaves to its backend.
    void make_ready(std::uint32_t slot);
    void make_timed(std::uint32_t slot, Instant due);
    void unqueue(std::uint32_t slot) noexcept;
    void on_created(TaskRef) {}
    void on_ended(std::uint32_t) noexcept {}

    Instant read_clock() const;
    void arm();
    void fire();
    void step(std::uint32_t slot, std::uint64_t turn);

    boost::asio::io_context context_{1};
    boost::asio::steady_timer timer_{context_};
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    Instant now_;
    Instant armed_ = Instant::never();
    std::set<std::tuple<Instant, std::uint64_t, std::uint32_t>> timers_; // by (due, sequence)
    std::uint64_t next_sequence_ = 0;
    bool stopped_ = false;
    std::exception_ptr escaped_;
};

/// One asynchronous operation that a task waits for.
///
///     Pending<error_code, std::size_t> read(loop);
///     socket.async_read_some(buffer, read.handler());
///     auto [error, bytes] = co_await read.result("bytes");
///
/// Rules
/// 1. The handler runs on the loop's thread, at most once; it may be dropped without running.
/// 2. A killed waiter forgets the operation: what it reads into or from must outlive it, or be cancelled
///    by the destructor of the object that runs it.
template <class... Values>
class Pending {
public:
    explicit Pending(engine::Loop& loop) : state_(std::make_shared<State>(loop)) {}
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    auto handler() const {
        return [state = state_](Values... values) {
            state->values.emplace(std::move(values)...);
            if (state->waiter) state->loop.wake(*state->waiter, state->loop.now());
        };
    }
    bool is_done() const { return state_->values.has_value(); }
    /// Suspends until the handler has run.
    Task<std::tuple<Values...>> result(const char* what) { return wait(state_, what); }
    /// Suspends until the handler has run or the time has come.  @return nothing when it has not run
    Task<std::optional<std::tuple<Values...>>> result_until(Instant due, const char* what) {
        return wait_until(state_, due, what);
    }

private:
    struct State {
        explicit State(engine::Loop& l) : loop(l) {}
        engine::Loop& loop;
        std::optional<std::tuple<Values...>> values;
        std::optional<engine::Waiter> waiter;
    };
    static Task<std::tuple<Values...>> wait(std::shared_ptr<State> state, const char* what) {
        while (!state->values) {
            state->waiter = state->loop.next_park();
            co_await engine::park(what, Instant::never());
        }
        co_return std::move(*state->values);
    }
    static Task<std::optional<std::tuple<Values...>>> wait_until(std::shared_ptr<State> state, Instant due,
                                                                 const char* what) {
        while (!state->values && state->loop.now() < due) {
            state->waiter = state->loop.next_park();
            co_await engine::park(what, due);
        }
        co_return std::move(state->values);
    }

    std::shared_ptr<State> state_;
};

} // namespace real
