#include "sim/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ensure.hpp"
#include "engine/stream_site.hpp"

namespace sim {

Scheduler::Scheduler(engine::Choices& choices, engine::Trace& trace)
    : trace_(trace), picks_(open_stream(choices, engine::StreamSite::ready_task, 0)) {
    slots_.emplace_back();
    slots_.reserve(64);
    ready_.reserve(64);
    heap_.reserve(64);
}

Scheduler::~Scheduler() { kill_all(); }

TaskRef Scheduler::create_task(NodeId node, const char* name) {
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
    if (strategist_ != nullptr) strategist_->created(slot, node, name, running_.slot);
    return {slot, s.generation};
}

void Scheduler::post(TaskRef task, Job job) {
    if (is_unwinding_ && unwinding_ == task) {
        job(); // the frames of a killed task are destroyed here
        return;
    }
    Slot& s = slots_[task.slot];
    ENSURE(s.generation == task.generation);
    ENSURE(s.state == State::fresh || s.state == State::running);
    s.job = std::move(job);
    make_ready(task.slot);
}

void Scheduler::delay_start(TaskRef task, Instant due) {
    Slot& s = slots_[task.slot];
    ENSURE(s.generation == task.generation && (s.state == State::ready || s.state == State::held));
    if (due <= now_) return;
    if (s.state == State::held) return; // a paused node reads its backlog when it is resumed
    remove_ready(s.position);
    make_timed(task.slot, due);
}

void Scheduler::park(TaskRef task, Job resume, const char* what, Instant due) {
    Slot& s = slots_[task.slot];
    ENSURE(s.generation == task.generation && s.state == State::running);
    s.job = std::move(resume);
    s.what = what;
    ++s.parks;
    if (due == Instant::never()) {
        s.state = State::parked;
        s.due = due;
    } else if (due <= now_) {
        make_ready(task.slot);
    } else {
        make_timed(task.slot, due);
    }
}

void Scheduler::wake(engine::Waiter waiter, Instant due) {
    if (waiter.task.slot >= slots_.size()) return;
    Slot& s = slots_[waiter.task.slot];
    if (s.generation != waiter.task.generation || s.parks != waiter.park) return;
    if (s.state == State::parked) {
        if (due <= now_)
            make_ready(waiter.task.slot);
        else
            make_timed(waiter.task.slot, due);
    } else if (s.state == State::timed && due < s.due) {
        remove_timer(s.position);
        if (due <= now_)
            make_ready(waiter.task.slot);
        else
            make_timed(waiter.task.slot, due);
    }
}

void Scheduler::release(std::uint32_t slot) noexcept {
    Slot& s = slots_[slot];
    s.state = State::free;
    ++s.generation;
    free_.push_back(slot);
    // A task that ends in its own step is reported after that step.
    if (strategist_ != nullptr && running_.slot != slot) strategist_->ended(slot);
    --live_;
}

void Scheduler::kill(TaskRef task) noexcept {
    if (task.slot == 0 || slots_[task.slot].generation != task.generation) return;
    Slot& s = slots_[task.slot];
    ENSURE(s.state != State::running);
    switch (s.state) {
    case State::ready:
        remove_ready(s.position);
        break;
    case State::timed:
        remove_timer(s.position);
        break;
    case State::held:
        held_.erase(std::find(held_.begin(), held_.end(), task.slot));
        break;
    default:
        break;
    }
    s.state = State::fresh;
    Job job = std::move(s.job);
    // Asio unwinds a coroutine through its executor: take that work in place.  Unwinding may kill children,
    // so this nests.
    const TaskRef outer = unwinding_;
    const bool was_unwinding = is_unwinding_;
    unwinding_ = task;
    is_unwinding_ = true;
    job.reset();
    unwinding_ = outer;
    is_unwinding_ = was_unwinding;
    release(task.slot);
}

void Scheduler::finish(TaskRef task) noexcept {
    ENSURE(slots_[task.slot].generation == task.generation);
    release(task.slot);
    running_ = {};
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

template <class Wanted>
void Scheduler::kill_where(Wanted wanted) noexcept {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> alive;
    for (std::uint32_t i = 1; i < slots_.size(); ++i)
        if (slots_[i].state != State::free && wanted(slots_[i])) alive.push_back({slots_[i].birth, i});
    std::sort(alive.rbegin(), alive.rend());
    for (const auto& [birth, slot] : alive)
        if (slots_[slot].state != State::free && slots_[slot].birth == birth)
            kill({slot, slots_[slot].generation});
}

void Scheduler::kill_all() noexcept {
    kill_where([](const Slot&) { return true; });
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

std::string Scheduler::who_waits() const {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 1; i < slots_.size(); ++i)
        if (slots_[i].state != State::free && slots_[i].state != State::running) order.push_back(i);
    std::sort(order.begin(), order.end(),
              [this](std::uint32_t a, std::uint32_t b) { return slots_[a].birth < slots_[b].birth; });
    std::string text;
    for (std::uint32_t i : order) {
        const Slot& s = slots_[i];
        text += fmt::format("  node {}: task {} '{}' waits for {}", s.node.value, s.birth, s.name, s.what);
        if (s.state == State::timed) text += fmt::format(" (due at {} ms)", s.due.ms());
        if (s.state == State::held) text += " (node paused)";
        if (s.state == State::ready) text += " (ready)";
        text += '\n';
    }
    return text;
}

} // namespace sim
