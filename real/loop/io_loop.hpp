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
class IoLoop final : public engine::Loop {
public:
    IoLoop();
    ~IoLoop() override;
    IoLoop(const IoLoop&) = delete;
    IoLoop& operator=(const IoLoop&) = delete;

    // Loop
    Instant now() const noexcept override { return now_; }
    TaskRef create_task(NodeId node, const char* name) override;
    void post(TaskRef task, engine::Job job) override;
    bool is_running(TaskRef task) const noexcept override { return running_ == task && task.slot != 0; }
    void park(TaskRef task, engine::Job resume, const char* what, Instant due) override;
    engine::Waiter next_park() noexcept override { return {running_, slots_[running_.slot].parks + 1}; }
    void wake(engine::Waiter waiter, Instant due) override;
    void kill(TaskRef task) noexcept override;
    void finish(TaskRef task) noexcept override;
    void escaped(TaskRef task, std::exception_ptr error) override;
    TaskRef current() const noexcept override { return running_; }
    NodeId node_of(TaskRef task) const noexcept override { return slots_[task.slot].node; }

    boost::asio::io_context& context() { return context_; }
    /// Runs `body` as a task until it has ended; other tasks run beside it and stay.  Rethrows what it, or a
    /// task that nobody joins, ended with.
    void run(Task<> body);
    /// Lets the present run() return after this step.
    void stop() { stopped_ = true; }
    bool is_stopped() const { return stopped_; }
    /// From any thread: runs `fn` on the loop's thread, outside every task.
    void hand_over(std::function<void()> fn);
    /// Destroys every task, the youngest first.
    void kill_all() noexcept;
    /// One line per suspended task: node, name, what it waits for.
    std::string who_waits() const;

private:
    enum class State : std::uint8_t { free, fresh, ready, timed, parked, running };
    struct Slot {
        engine::Job job;
        Instant due;
        std::uint64_t sequence = 0; // of its timer, or of its turn
        const char* name = "";
        const char* what = "";
        NodeId node;
        std::uint32_t generation = 0;
        std::uint32_t parks = 0;
        std::uint32_t birth = 0;
        State state = State::free;
    };

    Instant read_clock() const;
    void make_ready(std::uint32_t slot);
    void make_timed(std::uint32_t slot, Instant due);
    void remove_timer(std::uint32_t slot);
    void arm();
    void fire();
    void step(std::uint32_t slot, std::uint64_t turn);
    void release(std::uint32_t slot) noexcept;

    boost::asio::io_context context_{1};
    boost::asio::steady_timer timer_{context_};
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    Instant now_;
    Instant armed_ = Instant::never();
    TaskRef running_;
    std::vector<Slot> slots_; // slot 0 is never used: a default TaskRef names no task
    std::vector<std::uint32_t> free_;
    std::set<std::tuple<Instant, std::uint64_t, std::uint32_t>> timers_; // by (due, sequence)
    std::uint64_t next_sequence_ = 0;
    std::uint32_t next_birth_ = 0;
    TaskRef unwinding_; // its work is run in place, not queued: it is being destroyed
    bool is_unwinding_ = false;
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
