#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <set>
#include <tuple>
#include <utility>

#include "engine/task.hpp"
#include "engine/task_table.hpp"

namespace engine::testing {

/// The smallest loop over the table of tasks: first come, first served, and a clock that jumps to the next
/// timer when nobody is ready.  It has no draws, no pauses and no real time.
class PlainLoop final : public TaskTable<PlainLoop> {
public:
    PlainLoop() = default;
    ~PlainLoop() override { kill_all(); }

    Instant now() const noexcept override { return now_; }
    void escaped(TaskRef, std::exception_ptr error) override {
        if (!escaped_) escaped_ = error;
    }

    /// @return false when nobody is ready and no timer is left
    bool step() {
        if (ready_.empty() && timers_.empty()) return false;
        if (ready_.empty()) {
            const auto [due, sequence, slot] = *timers_.begin();
            timers_.erase(timers_.begin());
            now_ = due;
            make_ready(slot);
        }
        const std::uint32_t slot = ready_.front();
        ready_.pop_front();
        Slot& s = slots_[slot];
        s.state = State::running;
        running_ = {slot, s.generation};
        Job job = std::move(s.job);
        job();
        running_ = {};
        if (escaped_) std::rethrow_exception(std::exchange(escaped_, nullptr));
        return true;
    }
    void run() {
        while (step()) {
        }
    }
    std::size_t ended() const { return ended_; }

private:
    friend class TaskTable<PlainLoop>;

    void make_ready(std::uint32_t slot) {
        slots_[slot].state = State::ready;
        ready_.push_back(slot);
    }
    void make_timed(std::uint32_t slot, Instant due) {
        Slot& s = slots_[slot];
        s.state = State::timed;
        s.due = due;
        s.sequence = next_sequence_++;
        timers_.insert({due, s.sequence, slot});
    }
    void unqueue(std::uint32_t slot) noexcept {
        const Slot& s = slots_[slot];
        if (s.state == State::timed) timers_.erase({s.due, s.sequence, slot});
        if (s.state == State::ready) std::erase(ready_, slot);
    }
    void on_created(TaskRef) {}
    void on_ended(std::uint32_t) noexcept { ++ended_; }

    Instant now_;
    std::deque<std::uint32_t> ready_;
    std::set<std::tuple<Instant, std::uint64_t, std::uint32_t>> timers_; // by (due, sequence)
    std::uint64_t next_sequence_ = 0;
    std::size_t ended_ = 0;
    std::exception_ptr escaped_;
};

} // namespace engine::testing
