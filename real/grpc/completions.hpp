#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "real/loop/io_loop.hpp"

namespace grpc {
class CompletionQueue;
}

namespace real::grpc {

/// What a completion queue is given as a tag.  It lives until its event has come.
class Event {
public:
    virtual ~Event() = default;
    /// On the loop's thread, outside every task.
    virtual void happened(bool ok) = 0;
};

/// A completion queue, the thread that empties it, and the events' way to the loop.
///
/// Rules
/// 1. The thread touches nothing but the queue; every event happens on the loop's thread, in queue order.
/// 2. Before it is destroyed, or in drain(), the owner makes every outstanding operation end (cancel): a
///    queue gives its last event only then.
/// 3. The loop outlives it.  No event destroys it.
class Completions {
public:
    Completions(IoLoop& loop, std::unique_ptr<::grpc::CompletionQueue> queue);
    ~Completions();
    Completions(const Completions&) = delete;
    Completions& operator=(const Completions&) = delete;

    ::grpc::CompletionQueue& queue() { return *queue_; }
    IoLoop& loop() { return loop_; }

    /// No operation may be started after this.  The events of those outstanding still come.
    void shutdown();
    /// Every event has happened and the thread has ended.
    bool is_drained() const { return drained_; }
    /// Blocks the loop's thread until the last event has happened.  @pre shutdown
    void drain();
    /// Blocks the loop's thread while events happen, until the condition holds.  Somebody else makes events.
    template <class Condition>
    void work_until(Condition condition) {
        while (!condition()) work_once();
    }
    /// From any thread: runs `fn` on the loop's thread in order with the events, also while that is blocked
    /// here.
    void post(std::function<void()> fn);

private:
    struct Item {
        Event* event = nullptr; // null: `fn` alone, or, without one, the queue's end
        bool ok = false;
        std::function<void()> fn;
    };
    // Shared with the functions handed to the loop, which may run after this object is gone.
    struct Mailbox {
        std::mutex mutex;
        std::condition_variable filled;
        std::deque<Item> items;
        bool announced = false;       // a function that empties it is on its way to the loop
        Completions* owner = nullptr; // loop's thread only; null after destruction
    };

    static void put(IoLoop& loop, const std::shared_ptr<Mailbox>& mailbox, Item item);
    void work_once();
    void empty_mailbox();

    IoLoop& loop_;
    std::unique_ptr<::grpc::CompletionQueue> queue_;
    std::shared_ptr<Mailbox> mailbox_;
    bool shut_down_ = false;
    bool drained_ = false;
    std::thread thread_;
};

} // namespace real::grpc
