#include "real/loop/io_loop.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace real {

IoLoop::IoLoop() : slots_(1) { now_ = read_clock(); }

IoLoop::~IoLoop() { kill_all(); }

Instant IoLoop::read_clock() const {
    const auto passed = std::chrono::steady_clock::now() - start_;
    return Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count()};
}

TaskRef IoLoop::create_task(NodeId node, const char* name) {
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
    return {slot, s.generation};
}

void IoLoop::post(TaskRef task, engine::Job job) {
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

void IoLoop::make_ready(std::uint32_t slot) {
    Slot& s = slots_[slot];
    s.state = State::ready;
    s.sequence = next_sequence_++;
    boost::asio::post(context_, [this, slot, turn = s.sequence] { step(slot, turn); });
}

void IoLoop::make_timed(std::uint32_t slot, Instant due) {
    Slot& s = slots_[slot];
    s.state = State::timed;
    s.due = due;
    s.sequence = next_sequence_++;
    timers_.insert({due, s.sequence, slot});
    if (due < armed_) arm();
}

void IoLoop::remove_timer(std::uint32_t slot) {
    timers_.erase({slots_[slot].due, slots_[slot].sequence, slot});
}

void IoLoop::arm() {
    if (timers_.empty()) {
        armed_ = Instant::never();
        timer_.cancel();
        return;
    }
    armed_ = std::get<0>(*timers_.begin());
    timer_.expires_at(start_ + std::chrono::nanoseconds(armed_.ns));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) fire();
    });
}

void IoLoop::fire() {
    now_ = read_clock();
    while (!timers_.empty() && std::get<0>(*timers_.begin()) <= now_) {
        const std::uint32_t slot = std::get<2>(*timers_.begin());
        timers_.erase(timers_.begin());
        make_ready(slot);
    }
    arm();
}

void IoLoop::step(std::uint32_t slot, std::uint64_t turn) {
    Slot& s = slots_[slot];
    if (s.state != State::ready || s.sequence != turn) return; // killed meanwhile
    now_ = read_clock();
    s.state = State::running;
    running_ = {slot, s.generation};
    engine::Job job = std::move(s.job);
    job();
    running_ = {};
}

void IoLoop::park(TaskRef task, engine::Job resume, const char* what, Instant due) {
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

void IoLoop::wake(engine::Waiter waiter, Instant due) {
    if (waiter.task.slot == 0 || waiter.task.slot >= slots_.size()) return;
    Slot& s = slots_[waiter.task.slot];
    if (s.generation != waiter.task.generation || s.parks != waiter.park) return;
    const bool waits = s.state == State::parked || (s.state == State::timed && due < s.due);
    if (!waits) return;
    if (s.state == State::timed) remove_timer(waiter.task.slot);
    if (due <= now_)
        make_ready(waiter.task.slot);
    else
        make_timed(waiter.task.slot, due);
}

void IoLoop::release(std::uint32_t slot) noexcept {
    Slot& s = slots_[slot];
    s.state = State::free;
    ++s.generation;
    free_.push_back(slot);
}

void IoLoop::kill(TaskRef task) noexcept {
    if (task.slot == 0 || slots_[task.slot].generation != task.generation) return;
    ENSURE(slots_[task.slot].state != State::running);
    if (slots_[task.slot].state == State::timed) remove_timer(task.slot);
    slots_[task.slot].state = State::fresh;
    engine::Job job = std::move(slots_[task.slot].job);
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

void IoLoop::finish(TaskRef task) noexcept {
    ENSURE(slots_[task.slot].generation == task.generation);
    release(task.slot);
    running_ = {};
}

void IoLoop::escaped(TaskRef, std::exception_ptr error) {
    if (!escaped_) escaped_ = error;
}

void IoLoop::hand_over(std::function<void()> fn) {
    boost::asio::post(context_, [this, fn = std::move(fn)] {
        now_ = read_clock();
        fn();
    });
}

namespace {

struct Ending {
    bool ended = false;
    std::exception_ptr error;
};

Task<> tell(Task<> body, std::shared_ptr<Ending> ending) {
    try {
        co_await std::move(body);
    } catch (...) {
        ending->error = std::current_exception();
    }
    ending->ended = true;
}

} // namespace

void IoLoop::run(Task<> body) {
    auto ending = std::make_shared<Ending>();
    now_ = read_clock();
    stopped_ = false;
    Task<> telling = tell(std::move(body), ending);
    const TaskRef main = engine::spawn(*this, NodeId{}, "main", std::move(telling));
    context_.restart();
    const auto work = boost::asio::make_work_guard(context_);
    while (!ending->ended && !stopped_ && !escaped_) context_.run_one();
    if (!ending->ended) kill(main);
    if (escaped_) std::rethrow_exception(std::exchange(escaped_, nullptr));
    if (ending->error) std::rethrow_exception(ending->error);
}

void IoLoop::kill_all() noexcept {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> alive;
    for (std::uint32_t i = 1; i < slots_.size(); ++i)
        if (slots_[i].state != State::free) alive.push_back({slots_[i].birth, i});
    std::sort(alive.rbegin(), alive.rend());
    for (const auto& [birth, slot] : alive)
        if (slots_[slot].state != State::free && slots_[slot].birth == birth)
            kill({slot, slots_[slot].generation});
}

std::string IoLoop::who_waits() const {
    std::string text;
    for (const Slot& s : slots_)
        if (s.state == State::timed || s.state == State::parked)
            text += fmt::format("  node {} {}: {}\n", s.node.value, s.name, s.what);
    return text;
}

} // namespace real
