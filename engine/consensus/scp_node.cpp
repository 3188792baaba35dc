#include "engine/consensus/scp_node.hpp"

#include <utility>

#include "engine/ensure.hpp"

namespace engine::consensus {

ScpNode::ScpNode(Membership membership, std::uint64_t slot, ValueRules& rules)
    : membership_(std::move(membership)), rules_(rules),
      current_(std::make_unique<Slot>(slot, membership_, rules_)) {}

void ScpNode::propose(const Values& values, Instant now) {
    current_->propose(values, now);
    finish();
}

void ScpNode::handle(const std::vector<Message>& messages, Instant now) {
    std::vector<Message> current;
    std::vector<Message> previous;
    for (const Message& message : messages) {
        if (message.slot == current_->index()) current.push_back(message);
        if (previous_ && message.slot == previous_->index()) previous.push_back(message);
    }
    if (!previous.empty()) previous_->handle(std::move(previous), now);
    if (!current.empty()) current_->handle(std::move(current), now);
    finish();
}

void ScpNode::process_timers(Instant now) {
    current_->process_timers(now);
    finish();
}

std::vector<Message> ScpNode::take_messages() { return std::exchange(unsent_, {}); }

std::optional<Decision> ScpNode::take_decision() { return std::exchange(decision_, std::nullopt); }

std::optional<Message> ScpNode::last_message() const {
    if (current_->last_message()) return current_->last_message();
    return previous_ ? previous_->last_message() : std::nullopt;
}

void ScpNode::restore(const Message& last, Instant now) {
    if (last.slot != current_->index()) return;
    current_->restore(last, now);
    finish();
}

void ScpNode::skip_to(std::uint64_t slot) {
    ENSURE(slot > current_->index() && !decision_);
    previous_.reset();
    current_ = std::make_unique<Slot>(slot, membership_, rules_);
}

void ScpNode::finish() {
    if (std::optional<Message> message = current_->take_message()) unsent_.push_back(std::move(*message));
    const Values* const values = current_->externalized();
    if (values == nullptr) return;
    ENSURE(!decision_);
    decision_ = Decision{.slot = current_->index(), .values = *values};
    previous_ = std::move(current_);
    current_ = std::make_unique<Slot>(previous_->index() + 1, membership_, rules_);
}

} // namespace engine::consensus
