#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/ensure.hpp"
#include "engine/loop.hpp"

namespace engine {

/// The tasks of a loop, each in a slot that is used again when it has ended.
class TaskSlots : public Loop {
public:
    TaskRef current() const noexcept final { return running_; }
    NodeId node_of(TaskRef task) const noexcept final { return slots_[task.slot].node; }
    bool is_running(TaskRef task) const noexcept final {
        return running_.generation == task.generation && running_.slot == task.slot && task.slot != 0;
    }
    Waiter next_park() noexcept final { return {running_, slots_[running_.slot].parks + 1}; }

    std::size_t live_tasks() const { return live_; }
    /// One line per suspended task, the oldest first: node, name, what it waits for.
    std::string who_waits() const;

protected:
    enum class State : std::uint8_t {
        free,
        fresh, ///< it has no work
        ready,
        timed,  ///< until due, or woken
        parked, ///< until woken
        running,
        held, ///< ready, but its node stands still
    };
    struct Slot {
        Job job;
        Instant due;
        std::uint64_t sequence = 0; // of its timer, or of its turn
        const char* name = "";
        const char* what = "";
        NodeId node;
        std::uint32_t generation = 0;
        std::uint32_t parks = 0;
        std::uint32_t birth = 0;    // number of the task among all there were
        std::uint32_t position = 0; // where the loop has queued it
        State state = State::free;
    };

    TaskSlots() : slots_(1) {}

    std::vector<Slot> slots_; // slot 0 is never used: a default TaskRef names no task
    std::vector<std::uint32_t> free_;
    TaskRef running_;
    TaskRef unwinding_; // its work is run in place, not queued: it is being destroyed
    bool is_unwinding_ = false;
    std::uint32_t next_birth_ = 0;
    std::size_t live_ = 0;
};

/// What every loop does alike with tasks: their beginning and end, parking, waking, killing.  How they are
/// queued is the Backend's, a class that derives from this and has
///
///     void make_ready(slot);         // it has work: to be run in its turn
///     void make_timed(slot, due);    // the same from `due` on, which is later than now
///     void unqueue(slot) noexcept;   // takes a ready, timed or held one out again
///     void on_created(TaskRef);      // a new task
///     void on_ended(slot) noexcept;  // one has ended, or was killed; no longer in its slot
///
/// Rules
/// 1. A slot's generation is another one as soon as its task has ended: whoever still names that task does
/// nothing.
/// 2. No allocation happens in a step once the vectors have grown.
template <class Backend>
class TaskTable : public TaskSlots {
public:
    TaskRef create_task(NodeId node, const char* name) final {
        std::uint32_t slot;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back();
        } else {
            slot = free_.back();
            free_.pop_back();
        }
        Slot& s = slots_[slot];
        s.node = node;
        s.name = name;
        s.what = "its first step";
        s.state = State::fresh;
        s.birth = ++next_birth_;
        ++s.generation;
        ++live_;
        const TaskRef task{slot, s.generation};
        backend().on_created(task);
        return task;
    }

    void post(TaskRef task, Job job) final {
        if (is_unwinding_ && unwinding_ == task) {
            job(); // the frames of a killed task are destroyed here
            return;
        }
        Slot& s = slots_[task.slot];
        ENSURE(s.generation == task.generation);
        ENSURE(s.state == State::fresh || s.state == State::running);
        s.job = std::move(job);
        backend().make_ready(task.slot);
    }

    void park(TaskRef task, Job resume, const char* what, Instant due) final {
        Slot& s = slots_[task.slot];
        ENSURE(s.generation == task.generation && s.state == State::running);
        s.job = std::move(resume);
        s.what = what;
        ++s.parks;
        if (due == Instant::never()) {
            s.state = State::parked;
            s.due = due;
        } else {
            resume_at(task.slot, due);
        }
    }

    void wake(Waiter waiter, Instant due) final {
        if (waiter.task.slot >= slots_.size()) return;
        Slot& s = slots_[waiter.task.slot];
        if (s.generation != waiter.task.generation || s.parks != waiter.park) return;
        if (s.state == State::timed && due < s.due)
            backend().unqueue(waiter.task.slot);
        else if (s.state != State::parked)
            return;
        resume_at(waiter.task.slot, due);
    }

    void kill(TaskRef task) noexcept final {
        if (task.slot == 0 || slots_[task.slot].generation != task.generation) return;
        const State state = slots_[task.slot].state;
        ENSURE_IN_NOEXCEPT(state != State::running);
        if (state == State::ready || state == State::timed || state == State::held)
            backend().unqueue(task.slot);
        slots_[task.slot].state = State::fresh;
        Job job = std::move(slots_[task.slot].job);
        // Asio unwinds a coroutine through its executor: take that work in place.  Unwinding may kill
        // children, so this nests.
        const TaskRef outer = unwinding_;
        const bool was_unwinding = is_unwinding_;
        unwinding_ = task;
        is_unwinding_ = true;
        job.reset();
        unwinding_ = outer;
        is_unwinding_ = was_unwinding;
        release(task.slot);
    }

    void finish(TaskRef task) noexcept final {
        ENSURE_IN_NOEXCEPT(slots_[task.slot].generation == task.generation);
        release(task.slot);
        running_ = {};
    }

    /// Destroys every task, the youngest first: children hold references into their parents' frames.
    void kill_all() noexcept {
        kill_where([](const Slot&) { return true; });
    }

protected:
    /// Destroys those that are wanted, the youngest first.  @pre none of them is running
    template <class Wanted>
    void kill_where(Wanted wanted) noexcept {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> alive;
        for (std::uint32_t i = 1; i < slots_.size(); ++i)
            if (slots_[i].state != State::free && wanted(slots_[i])) alive.push_back({slots_[i].birth, i});
        std::sort(alive.rbegin(), alive.rend());
        for (const auto& [birth, slot] : alive)
            if (slots_[slot].state != State::free && slots_[slot].birth == birth)
                kill({slot, slots_[slot].generation});
    }

private:
    Backend& backend() { return static_cast<Backend&>(*this); }

    void resume_at(std::uint32_t slot, Instant due) {
        if (due <= backend().now())
            backend().make_ready(slot);
        else
            backend().make_timed(slot, due);
    }

    void release(std::uint32_t slot) noexcept {
        Slot& s = slots_[slot];
        s.state = State::free;
        ++s.generation;
        free_.push_back(slot);
        backend().on_ended(slot);
        --live_;
    }
};

} // namespace engine
