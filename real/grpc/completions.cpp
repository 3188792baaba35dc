#include "real/grpc/completions.hpp"

#include <grpcpp/completion_queue.h>

#include "real/grpc/libraries.hpp"

namespace real::grpc {

Completions::Completions(IoLoop& loop, std::unique_ptr<::grpc::CompletionQueue> queue)
    : loop_(loop), queue_(std::move(queue)), mailbox_(std::make_shared<Mailbox>()) {
    silence_libraries();
    mailbox_->owner = this;
    thread_ = std::thread([&loop, events = queue_.get(), mailbox = mailbox_] {
        void* tag = nullptr;
        bool ok = false;
        while (events->Next(&tag, &ok)) put(loop, mailbox, {static_cast<Event*>(tag), ok, {}});
        put(loop, mailbox, {});
    });
}

Completions::~Completions() {
    shutdown();
    drain();
    mailbox_->owner = nullptr;
}

void Completions::put(IoLoop& loop, const std::shared_ptr<Mailbox>& mailbox, Item item) {
    bool announce = false;
    {
        const std::lock_guard lock(mailbox->mutex);
        mailbox->items.push_back(std::move(item));
        announce = !std::exchange(mailbox->announced, true);
    }
    mailbox->filled.notify_one();
    if (!announce) return;
    loop.hand_over([mailbox] {
        if (mailbox->owner != nullptr) mailbox->owner->empty_mailbox();
    });
}

void Completions::post(std::function<void()> fn) { put(loop_, mailbox_, {nullptr, false, std::move(fn)}); }

void Completions::empty_mailbox() {
    std::deque<Item> items;
    {
        const std::lock_guard lock(mailbox_->mutex);
        mailbox_->announced = false;
        items.swap(mailbox_->items);
    }
    for (Item& item : items) {
        if (item.event != nullptr)
            item.event->happened(item.ok);
        else if (item.fn)
            item.fn();
        else
            drained_ = true;
    }
    if (drained_ && thread_.joinable()) thread_.join();
}

void Completions::work_once() {
    {
        std::unique_lock lock(mailbox_->mutex);
        mailbox_->filled.wait(lock, [this] { return !mailbox_->items.empty(); });
    }
    empty_mailbox();
}

void Completions::shutdown() {
    if (!std::exchange(shut_down_, true)) queue_->Shutdown();
}

void Completions::drain() {
    work_until([this] { return drained_; });
}

} // namespace real::grpc
