#include "sim/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ensure.hpp"
#include "engine/stream_site.hpp"

namespace sim {

Scheduler::Scheduler(engine::Choices& choices, engine::Trace& trace)
    : trace_(trace), picks_(open_stream(choices, engine::StreamSite::ready_task, 0)) {
    slots_.reserve(64);
    ready_.reserve(64);
    heap_.reserve(64);
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
    const Slot& s = slots_[slot];
    if (s.state == State::ready)
        remove_ready(s.position);
    else if (s.state == State::timed)
        remove_timer(s.position);
    else if (s.state == State::held)
        held_.erase(std::find(held_.begin(), held_.end(), slot));
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
    heap_.push_back({});
    sift_up(static_cast<std::uint32_t>(heap_.size() - 1), {due, s.sequence, slot});
}

void Scheduler::remove_ready(std::uint32_t position) {
    const std::uint32_t last = ready_.back();
    ready_.pop_back();
    if (position < ready_.size()) {
        ready_[position] = last;
        slots_[last].position = position;
    }
}

void Scheduler::sift_up(std::uint32_t position, Timer timer) {
    while (position > 0) {
        const std::uint32_t parent = (position - 1) / 4;
        if (!timer.before(heap_[parent])) break;
        heap_[position] = heap_[parent];
        slots_[heap_[position].slot].position = position;
        position = parent;
    }
    heap_[position] = timer;
    slots_[timer.slot].position = position;
}

void Scheduler::sift_down(std::uint32_t position, Timer timer) {
    const auto size = static_cast<std::uint32_t>(heap_.size());
    for (;;) {
        const std::uint32_t first = position * 4 + 1;
        if (first >= size) break;
        std::uint32_t best = first;
        const std::uint32_t end = std::min(first + 4, size);
        for (std::uint32_t child = first + 1; child < end; ++child)
            if (heap_[child].before(heap_[best])) best = child;
        if (!heap_[best].before(timer)) break;
        heap_[position] = heap_[best];
        slots_[heap_[position].slot].position = position;
        position = best;
    }
    heap_[position] = timer;
    slots_[timer.slot].position = position;
}

void Scheduler::remove_timer(std::uint32_t position) {
    const Timer last = heap_.back();
    heap_.pop_back();
    if (position == heap_.size()) return;
    if (position > 0 && last.before(heap_[(position - 1) / 4]))
        sift_up(position, last);
    else
        sift_down(position, last);
}

void Scheduler::advance_time() {
    now_ = heap_.front().due;
    while (!heap_.empty() && heap_.front().due == now_) {
        const std::uint32_t slot = heap_.front().slot;
        remove_timer(0);
        make_ready(slot);
    }
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
        if (heap_.empty()) return false;
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
    Job job = std::move(s.job);
    job();
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
