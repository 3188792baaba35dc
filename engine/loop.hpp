#pragma once

#include <boost/asio/execution.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include "engine/ids.hpp"
#include "engine/time.hpp"

namespace engine {

/// A task of a loop.  The generation tells a finished task from the next one in its slot.
struct TaskRef {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    friend bool operator==(TaskRef, TaskRef) = default;
};

/// One suspension of a task: waking an earlier one of the same task does nothing.
struct Waiter {
    TaskRef task;
    std::uint32_t park = 0;
};

/// A move-only piece of work of at most `capacity` bytes in place, larger ones on the heap.
class Job {
public:
    static constexpr std::size_t capacity = 48;

    Job() = default;
    template <class F>
    requires(!std::is_same_v<std::decay_t<F>, Job>) explicit Job(F&& f) {
        using Fn = std::decay_t<F>;
        if constexpr (sizeof(Fn) <= capacity && alignof(Fn) <= alignof(std::max_align_t) &&
                      std::is_nothrow_move_constructible_v<Fn>) {
            ::new (static_cast<void*>(storage_)) Fn(std::forward<F>(f));
            ops_ = &in_place<Fn>;
        } else {
            Fn* on_heap = new Fn(std::forward<F>(f));
            std::memcpy(storage_, &on_heap, sizeof on_heap);
            ops_ = &boxed<Fn>;
        }
    }
    Job(Job&& other) noexcept : ops_(other.ops_) {
        if (ops_ != nullptr) {
            ops_->move(storage_, other.storage_);
            other.ops_ = nullptr;
        }
    }
    Job& operator=(Job&& other) noexcept {
        if (this != &other) {
            reset();
            ops_ = other.ops_;
            if (ops_ != nullptr) {
                ops_->move(storage_, other.storage_);
                other.ops_ = nullptr;
            }
        }
        return *this;
    }
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    ~Job() { reset(); }

    explicit operator bool() const { return ops_ != nullptr; }
    /// Runs and empties it.
    void operator()() {
        const Ops* ops = std::exchange(ops_, nullptr);
        ops->run(storage_);
    }
    void reset() {
        if (const Ops* ops = std::exchange(ops_, nullptr)) ops->destroy(storage_);
    }

private:
    struct Ops {
        void (*run)(std::byte*);
        void (*move)(std::byte* to, std::byte* from) noexcept;
        void (*destroy)(std::byte*) noexcept;
    };

    template <class Fn>
    static Fn* as(std::byte* p) {
        return std::launder(reinterpret_cast<Fn*>(p));
    }
    template <class Fn>
    static constexpr Ops in_place{[](std::byte* p) {
                                      Fn fn(std::move(*as<Fn>(p)));
                                      as<Fn>(p)->~Fn();
                                      fn();
                                  },
                                  [](std::byte* to, std::byte* from) noexcept {
                                      ::new (static_cast<void*>(to)) Fn(std::move(*as<Fn>(from)));
                                      as<Fn>(from)->~Fn();
                                  },
                                  [](std::byte* p) noexcept { as<Fn>(p)->~Fn(); }};

    template <class Fn>
    static Fn* unbox(std::byte* p) {
        Fn* fn;
        std::memcpy(&fn, p, sizeof fn);
        return fn;
    }
    template <class Fn>
    static constexpr Ops boxed{
        [](std::byte* p) {
            Fn* fn = unbox<Fn>(p);
            struct Free {
                Fn* fn;
                ~Free() { delete fn; }
            } free{fn};
            (*fn)();
        },
        [](std::byte* to, std::byte* from) noexcept { std::memcpy(to, from, sizeof(Fn*)); },
        [](std::byte* p) noexcept { delete unbox<Fn>(p); }};

    alignas(std::max_align_t) std::byte storage_[capacity];
    const Ops* ops_ = nullptr;
};

/// What runs tasks: the simulator's scheduler, or an io_context.  A task is one Asio thread of execution with
/// an identity: the node it belongs to and a name.
///
/// Rules
/// 1. One thread.  A task runs until it suspends; `now()` does not move meanwhile.
/// 2. A suspended task waits in exactly one place: parked here with a due time, or parked until woken.
/// 3. Killing a task destroys its coroutine frames at the point of suspension: destructors run, nothing else.
class Loop {
public:
    virtual ~Loop() = default;

    virtual Instant now() const noexcept = 0;
    /// A new task of a node.  It starts when work is posted to it.
    /// @param name  what it does; lives for ever
    virtual TaskRef create_task(NodeId node, const char* name) = 0;
    /// Runs `job` as the task's next step.  @pre the task is neither running nor parked
    virtual void post(TaskRef task, Job job) = 0;
    virtual bool is_running(TaskRef task) const noexcept = 0;
    /// Suspends the running task until `due` or until woken, whichever is first.
    /// @param what  what it waits for, named in deadlock reports; lives for ever
    virtual void park(TaskRef task, Job resume, const char* what, Instant due) = 0;
    /// The running task's next suspension, for somebody to wake.  Take it right before parking.
    virtual Waiter next_park() noexcept = 0;
    /// Lets a parked task go on at `due` (not before now) or at its own due time, whichever is first.  No
    /// effect when that suspension is over.
    virtual void wake(Waiter waiter, Instant due) = 0;
    /// @pre the task is not running.  No effect when it has finished.
    virtual void kill(TaskRef task) noexcept = 0;
    /// The task has run to its end, with or without an exception.  Called by spawn's completion.
    virtual void finish(TaskRef task) noexcept = 0;
    /// An exception left a task that nobody joins.
    virtual void escaped(TaskRef task, std::exception_ptr error) = 0;
    /// The task that is running now.  @pre inside a step
    virtual TaskRef current() const noexcept = 0;
    virtual NodeId node_of(TaskRef task) const noexcept = 0;
};

/// Asio executor of one task: small and concrete, because `any_io_executor` costs an indirect call and a copy
/// at every suspension.
class Executor {
public:
    Executor() = default;
    Executor(Loop& loop, TaskRef task) : loop_(&loop), task_(task) {}

    Loop& loop() const noexcept { return *loop_; }
    TaskRef task() const noexcept { return task_; }

    template <class F>
    void execute(F&& f) const {
        if (!never_inline_ && loop_->is_running(task_)) {
            std::decay_t<F> fn(std::forward<F>(f));
            fn();
        } else {
            loop_->post(task_, Job(std::forward<F>(f)));
        }
    }

    Executor require(boost::asio::execution::blocking_t::possibly_t) const noexcept { return with(false); }
    Executor require(boost::asio::execution::blocking_t::never_t) const noexcept { return with(true); }
    boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) const noexcept {
        return never_inline_ ? boost::asio::execution::blocking_t(boost::asio::execution::blocking.never)
                             : boost::asio::execution::blocking_t(boost::asio::execution::blocking.possibly);
    }

    friend bool operator==(const Executor&, const Executor&) noexcept = default;

private:
    Executor with(bool never_inline) const noexcept {
        Executor copy = *this;
        copy.never_inline_ = never_inline;
        return copy;
    }

    Loop* loop_ = nullptr;
    TaskRef task_;
    bool never_inline_ = false;
};

} // namespace engine
