#include "real/loop/io_loop.hpp"

namespace real {

IoLoop::IoLoop() { now_ = read_clock(); }

IoLoop::~IoLoop() { kill_all(); }

Instant IoLoop::read_clock() const {
    const auto passed = std::chrono::steady_clock::now() - start_;
    return Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count()};
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

// A turn that has been posted to the context finds that it is over.
void IoLoop::unqueue(std::uint32_t slot) noexcept {
    if (slots_[slot].state == State::timed) timers_.erase({slots_[slot].due, slots_[slot].sequence, slot});
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

} // namespace real
