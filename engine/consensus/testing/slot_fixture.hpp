#pragma once

#include <gtest/gtest.h>

#include "engine/consensus/leader.hpp"
#include "engine/consensus/testing/scp_network.hpp"

namespace engine::consensus::test {

/// Node 1 of four that need two of the others each: three are a quorum, two others block.
class SlotTest : public testing::Test {
protected:
    static constexpr std::uint8_t nodes = 4;
    static QuorumSet set_of(std::uint8_t number) { return others(number, nodes, 2); }

    /// The first slot whose first leader, to node 1, is that node.
    static std::uint64_t slot_led_by(std::uint8_t number) {
        std::uint64_t slot = 1;
        while (next_leader(slot, 1, key(1), set_of(1), {}) != key(number)) ++slot;
        return slot;
    }
    void begin(std::uint64_t index) {
        slot_.reset();
        slot_ = std::make_unique<Slot>(index, membership_, rules_);
    }
    Message said(std::uint8_t sender, Topic topic) const {
        return {.sender = node(sender),
                .slot = slot_->index(),
                .quorum_set = std::make_shared<const QuorumSet>(set_of(sender)),
                .topic = std::move(topic)};
    }
    void hear(std::uint8_t sender, Topic topic) { slot_->handle({said(sender, std::move(topic))}, now_); }
    /// From several at once, in the same words.
    void hear(std::initializer_list<std::uint8_t> senders, const Topic& topic) {
        std::vector<Message> messages;
        for (const std::uint8_t sender : senders) messages.push_back(said(sender, topic));
        slot_->handle(std::move(messages), now_);
    }
    /// What is sent now, of the kind that is asked for.
    template <class T>
    T sent() {
        const std::optional<Message> message = slot_->take_message();
        if (!message) {
            ADD_FAILURE() << "nothing is sent";
            return {};
        }
        const T* const topic = std::get_if<T>(&message->topic);
        if (topic == nullptr) {
            ADD_FAILURE() << "something else is sent: topic " << message->topic.index();
            return {};
        }
        return *topic;
    }
    bool is_silent() { return !slot_->take_message(); }
    /// Lets the earliest timer fire.
    void let_time_pass() {
        now_ = slot_->next_timer();
        ASSERT_NE(now_, Instant::never());
        slot_->process_timers(now_);
    }

    Membership membership_ = membership(1, set_of(1));
    PlainRules rules_;
    Instant now_;
    std::unique_ptr<Slot> slot_ = std::make_unique<Slot>(slot_led_by(2), membership_, rules_);
};

} // namespace engine::consensus::test
