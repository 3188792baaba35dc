#include "sim/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engine/ensure.hpp"
#include "engine/stream_site.hpp"

namespace sim {

struct Scheduler::TimedTasks {
    const std::vector<Slot>& slots;

    bool is_live(const Timer& timer) const {
        const Slot& s = slots[timer.slot];
        return s.state == State::timed && s.sequence == timer.sequence;
    }
    // With very many tasks nothing of a task is in a cache when its time comes.
    void will_come(const Timer& timer) const {
        const auto* slot = reinterpret_cast<const std::byte*>(&slots[timer.slot]);
        __builtin_prefetch(slot);
        __builtin_prefetch(slot + 64);
    }
};

Scheduler::TimedTasks Scheduler::timed_tasks() const { return {slots_}; }

Scheduler::Scheduler(engine::Choices& choices, engine::Trace& trace)
    : trace_(trace), picks_(open_stream(choices, engine::StreamSite::ready_task, 0)) {
    slots_.reserve(64);
    ready_.reserve(64);
}

Scheduler::~Scheduler() { kill_all(); }

void Scheduler::on_created(TaskRef task) {
    const Slot& s = slots_[task.slot];
    if (strategist_ != nullptr) strategist_->created(task.slot, s.node, s.name, running_.slot);
}

// A task that ends in its own step is reported after that step.
void Scheduler::on_ended(std::uint32_t slot) noexcept {
    if (strategist_ != nullptr && running_.slot != slot) strategist_->ended(slot);
}

void Scheduler::delay_start(TaskRef task, Instant due) {
    Slot& s = slots_[task.slot];
    ENSURE(s.generation == task.generation && (s.state == State::ready || s.state == State::held));
    if (due <= now_) return;
    if (s.state == State::held) return; // a paused node reads its backlog when it is resumed
    remove_ready(s.position);
    make_timed(task.slot, due);
}

void Scheduler::unqueue(std::uint32_t slot) noexcept {
    Slot& s = slots_[slot];
    if (s.state == State::ready) {
        remove_ready(s.position);
    } else if (s.state == State::timed) {
        s.state = State::parked; // its timer may stay a while in the queue, and is no timer any more
        timers_.cancel({s.due, s.sequence, slot}, timed_tasks());
    } else if (s.state == State::held) {
        held_.erase(std::find(held_.begin(), held_.end(), slot));
    }
}

void Scheduler::escaped(TaskRef task, std::exception_ptr error) {
    if (on_escape_)
        on_escape_(slots_[task.slot].node, error);
    else if (!escaped_)
        escaped_ = error;
}

void Scheduler::make_ready(std::uint32_t slot) {
    Slot& s = slots_[slot];
    if (is_paused(s.node)) [[unlikely]] {
        s.state = State::held;
        held_.push_back(slot);
        return;
    }
    s.state = State::ready;
    s.position = static_cast<std::uint32_t>(ready_.size());
    ready_.push_back(slot);
}

void Scheduler::make_timed(std::uint32_t slot, Instant due) {
    Slot& s = slots_[slot];
    s.state = State::timed;
    s.due = due;
    s.sequence = next_sequence_++;
    timers_.add({due, s.sequence, slot});
}

void Scheduler::remove_ready(std::uint32_t position) {
    const std::uint32_t last = ready_.back();
    ready_.pop_back();
    if (position < ready_.size()) {
        ready_[position] = last;
        slots_[last].position = position;
    }
}

// The job of a suspended coroutine begins with the address of its frame.
void Scheduler::fetch_ahead() const {
    constexpr std::size_t distance = 4;
    const std::span<const Timer> coming = timers_.coming();
    if (coming.size() <= distance) return;
    const void* frame;
    std::memcpy(&frame, &slots_[coming[coming.size() - 1 - distance].slot].job, sizeof frame);
    __builtin_prefetch(frame);
    __builtin_prefetch(static_cast<const std::byte*>(frame) + 64);
}

void Scheduler::advance_time() {
    now_ = timers_.next_due(timed_tasks());
    fetch_ahead();
    while (timers_.is_due(now_)) make_ready(timers_.take());
}

std::uint32_t Scheduler::pick() {
    const auto count = static_cast<std::uint32_t>(ready_.size());
    if (strategist_ == nullptr) return picks_.below(count);
    return count == 1 ? 0 : picks_.decide(count, strategist_->pick(ready_));
}

void Scheduler::tell_strategist(TaskRef ran) {
    const Slot& s = slots_[ran.slot];
    const bool ended = s.generation != ran.generation;
    if (ended && s.state != State::free) return; // somebody else's slot already
    strategist_->ran(ran.slot, touched_);
    if (ended) strategist_->ended(ran.slot);
}

bool Scheduler::step() {
    while (ready_.empty()) {
        if (timers_.empty()) return false;
        advance_time();
    }
    const auto count = static_cast<std::uint32_t>(ready_.size());
    const std::uint32_t position = pick();
    const std::uint32_t slot = ready_[position];
    remove_ready(position);
    Slot& s = slots_[slot];
    s.state = State::running;
    const TaskRef task{slot, s.generation};
    running_ = task;
    ++steps_;
    trace_.add_step(now_, s.node, s.birth, count);
    touched_ = {};
    s.job(); // which moves out of the slot before it runs: there may be more slots afterwards
    running_ = {};
    if (strategist_ != nullptr) tell_strategist(task);
    if (after_step_) after_step_();
    return true;
}

void Scheduler::run_until(const std::function<bool()>& done) {
    while (!done()) {
        if (steps_ >= step_budget_)
            throw Stuck(fmt::format("step budget of {} used up at {} ms; waiting:\n{}", step_budget_,
                                    now_.ms(), who_waits()));
        if (!step()) throw Stuck(fmt::format("deadlock at {} ms; waiting:\n{}", now_.ms(), who_waits()));
        if (escaped_) std::rethrow_exception(std::exchange(escaped_, nullptr));
    }
}

void Scheduler::kill_node(NodeId node) noexcept {
    kill_where([node](const Slot& s) { return s.node == node; });
}

bool Scheduler::is_paused(NodeId node) const { return node.value < paused_.size() && paused_[node.value]; }

void Scheduler::pause_node(NodeId node) {
    if (paused_.size() <= node.value) paused_.resize(node.value + 1, false);
    if (paused_[node.value]) return;
    paused_[node.value] = true;
    for (std::size_t i = 0; i < ready_.size();) {
        const std::uint32_t slot = ready_[i];
        if (slots_[slot].node != node) {
            ++i;
            continue;
        }
        remove_ready(static_cast<std::uint32_t>(i));
        slots_[slot].state = State::held;
        held_.push_back(slot);
    }
}

void Scheduler::resume_node(NodeId node) {
    if (!is_paused(node)) return;
    paused_[node.value] = false;
    std::vector<std::uint32_t> still_held;
    std::vector<std::uint32_t> freed;
    for (std::uint32_t slot : held_) (slots_[slot].node == node ? freed : still_held).push_back(slot);
    held_ = std::move(still_held);
    for (std::uint32_t slot : freed) make_ready(slot);
}

} // namespace sim
