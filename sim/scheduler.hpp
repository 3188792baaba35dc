#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/choice.hpp"
#include "engine/task_table.hpp"
#include "engine/trace.hpp"
#include "sim/strategist.hpp"
#include "sim/timers.hpp"

namespace sim {

using engine::Instant;
using engine::Job;
using engine::NodeId;
using engine::TaskRef;

/// The run cannot go on: nothing is ready and nothing is timed, or the step budget is used up.  The text
/// names who waits for what.
class Stuck : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Seeded virtual time: the only place that picks who runs.
///
/// Rules
/// 1. A step resumes one ready task until its next suspension.  Which one is a choice (domain schedule),
///    drawn or made by a strategist, and in either case recorded as the position in the ready set.
/// 2. Time stands still while anything is ready; then it jumps to the earliest timer, and all timers of that
///    instant become ready together.  Order is (time, sequence), never address.
/// 3. Tasks of a paused node stay out of the ready set until it is resumed.
/// 4. Every step goes into the trace; no allocation happens in a step once the vectors have grown.
class Scheduler final : public engine::TaskTable<Scheduler> {
public:
    Scheduler(engine::Choices& choices, engine::Trace& trace);
    ~Scheduler() override;

    // Loop
    Instant now() const noexcept override { return now_; }
    void escaped(TaskRef task, std::exception_ptr error) override;

    /// Puts a new task's first step off until `due`.  @pre its work was posted and it has not run
    void delay_start(TaskRef task, Instant due);

    /// Runs one step.  @return false when nothing is ready and no timer is left
    bool step();
    /// Steps until `done` says so.  Rethrows what escaped from a task that has no handler.
    /// @throws Stuck
    void run_until(const std::function<bool()>& done);

    /// @param strategist  decides from now on; null: uniform draws.  Outlives the scheduler's steps
    /// @pre no task has been created
    void set_strategist(Strategist* strategist) { strategist_ = strategist; }
    /// The running step reads or writes something.
    void touch(Footprint what) {
        touched_.reads |= what.reads;
        touched_.writes |= what.writes;
    }

    void set_step_budget(std::uint64_t steps) { step_budget_ = steps; }
    std::uint64_t steps() const { return steps_; }
    const std::uint64_t* step_counter() const { return &steps_; }
    /// Called after every step; may kill tasks and post work.
    void set_after_step(std::function<void()> hook) { after_step_ = std::move(hook); }
    /// Receives exceptions that left a task nobody joins.  Without one they end run_until.
    void set_escape_handler(std::function<void(NodeId, std::exception_ptr)> handler) {
        on_escape_ = std::move(handler);
    }

    /// Destroys every task of a node, the youngest first.  @pre none of them is running
    void kill_node(NodeId node) noexcept;
    void pause_node(NodeId node);
    void resume_node(NodeId node);
    bool is_paused(NodeId node) const;

private:
    friend class engine::TaskTable<Scheduler>;

    // What the table of tasks leaves to its backend.
    void make_ready(std::uint32_t slot);
    void make_timed(std::uint32_t slot, Instant due);
    void unqueue(std::uint32_t slot) noexcept;
    void on_created(TaskRef task);
    void on_ended(std::uint32_t slot) noexcept;

    void remove_ready(std::uint32_t position);
    // What its timers ask about them; defined where it is needed.
    struct TimedTasks;
    TimedTasks timed_tasks() const;
    void advance_time();
    void fetch_ahead() const;
    std::uint32_t pick();
    void tell_strategist(TaskRef ran);

    engine::Trace& trace_;
    engine::Stream picks_;
    Strategist* strategist_ = nullptr;
    Footprint touched_; // by the running step
    Instant now_;
    std::vector<std::uint32_t> ready_;
    Timers timers_;
    std::vector<std::uint32_t> held_; // ready or due tasks of paused nodes, in order of arrival
    std::vector<bool> paused_;        // by node
    std::uint64_t next_sequence_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t step_budget_ = ~0ULL;
    std::function<void()> after_step_;
    std::function<void(NodeId, std::exception_ptr)> on_escape_;
    std::exception_ptr escaped_;
};

} // namespace sim
