#include "engine/task.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace engine {
namespace {

// Completion of a task nobody joins.
struct Escape {
    Loop* loop;
    TaskRef task;
    void operator()(std::exception_ptr error) const {
        loop->finish(task);
        if (error) loop->escaped(task, error);
    }
};

} // namespace

TaskRef spawn(Loop& loop, NodeId node, const char* name, Task<> body) {
    const TaskRef task = loop.create_task(node, name);
    boost::asio::co_spawn(Executor(loop, task), std::move(body), Escape{&loop, task});
    return task;
}

struct Mutex::Ticket {
    explicit Ticket(Mutex& m) : mutex(&m) { m.queue_.push_back(this); }
    ~Ticket() {
        if (granted) {
            if (!taken) mutex->unlock();
        } else {
            auto& queue = mutex->queue_;
            queue.erase(std::find(queue.begin(), queue.end(), this));
        }
    }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    Mutex* mutex;
    Waiter waiter{};
    bool granted = false;
    bool taken = false;
};

Task<Mutex::Lock> Mutex::lock(const char* what) {
    if (!locked_) {
        locked_ = true;
        co_return Lock(*this);
    }
    Ticket ticket(*this);
    ticket.waiter = loop_->next_park();
    co_await park(what, Instant::never());
    ENSURE(ticket.granted);
    ticket.taken = true;
    co_return Lock(*this);
}

void Mutex::unlock() {
    if (queue_.empty()) {
        locked_ = false;
        return;
    }
    Ticket* next = queue_.front();
    queue_.pop_front();
    next->granted = true;
    loop_->wake(next->waiter, loop_->now());
}

struct Nursery::State {
    State(Loop& l, NodeId n) : loop(l), node(n), ended_signal(l) {}

    Loop& loop;
    NodeId node;
    std::vector<TaskRef> children; // running ones, oldest first
    std::size_t ended = 0;
    std::size_t ended_seen = 0;
    std::exception_ptr first_error;
    Signal ended_signal;

    void child_ended(TaskRef task, std::exception_ptr error) {
        loop.finish(task);
        children.erase(std::find(children.begin(), children.end(), task));
        if (error && !first_error) first_error = error;
        ++ended;
        ended_signal.notify_all();
    }
};

namespace {

struct Joined {
    std::shared_ptr<Nursery::State> state;
    TaskRef task;
    void operator()(std::exception_ptr error) const { state->child_ended(task, error); }
};

} // namespace

Nursery::Nursery(Loop& loop, NodeId node) : state_(std::make_shared<State>(loop, node)) {}
Nursery::~Nursery() { kill_all(); }

TaskRef Nursery::spawn(const char* name, Task<> body) {
    const TaskRef task = state_->loop.create_task(state_->node, name);
    state_->children.push_back(task);
    boost::asio::co_spawn(Executor(state_->loop, task), std::move(body), Joined{state_, task});
    return task;
}

Task<> Nursery::join() {
    while (!state_->children.empty()) co_await state_->ended_signal.wait("its children");
    if (state_->first_error) std::rethrow_exception(std::exchange(state_->first_error, nullptr));
}

Task<> Nursery::any_ended() {
    while (state_->ended == state_->ended_seen) co_await state_->ended_signal.wait("one of its children");
    ++state_->ended_seen;
    if (state_->first_error) std::rethrow_exception(std::exchange(state_->first_error, nullptr));
}

void Nursery::kill_all() noexcept {
    while (!state_->children.empty()) {
        const TaskRef task = state_->children.back();
        state_->children.pop_back();
        state_->loop.kill(task);
    }
}

std::size_t Nursery::running() const { return state_->children.size(); }
Loop& Nursery::loop() const { return state_->loop; }
NodeId Nursery::node() const { return state_->node; }

namespace detail {

Task<> sleep_task(Instant due) { co_await sleep_until(due, "its deadline"); }

} // namespace detail
} // namespace engine
