#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/consensus/slot.hpp"

namespace engine::consensus {

/// What was agreed on for a slot.
struct Decision {
    std::uint64_t slot = 0;
    Values values;
};

/// Agreement on one block after another.  Knows the slot that is under way and the one before, which still
/// answers those who have not heard of its end.
///
/// @source mobilecoin 7.0.0 consensus/scp/src/node.rs
class ScpNode {
public:
    /// @param slot   the first block to agree on
    /// @param rules  lives longer than this
    ScpNode(Membership membership, std::uint64_t slot, ValueRules& rules);
    ScpNode(const ScpNode&) = delete;
    ScpNode& operator=(const ScpNode&) = delete;

    void propose(const Values& values, Instant now);
    /// Messages of other slots than these two are passed over: the caller keeps later ones.
    void handle(const std::vector<Message>& messages, Instant now);
    void process_timers(Instant now);
    Instant next_timer() const { return current_->next_timer(); }

    /// Messages for everybody, in order.
    std::vector<Message> take_messages();
    /// What has been decided since the last call.  The next slot has begun already.
    std::optional<Decision> take_decision();

    /// For a peer who asks, and to be stored before it is sent: the newest message of the slot under way,
    /// else of the one before.
    std::optional<Message> last_message() const;
    /// Goes on after a restart.  What is of another slot than the one under way is passed over.
    void restore(const Message& last, Instant now);
    /// Blocks were learned from elsewhere: begins `slot`, forgetting what was under way.
    void skip_to(std::uint64_t slot);

    const Slot& current() const { return *current_; }
    const Slot* previous() const { return previous_.get(); }
    const Membership& membership() const { return membership_; }

private:
    void finish();

    Membership membership_;
    ValueRules& rules_;
    std::unique_ptr<Slot> current_; ///< never null, never decided between calls
    std::unique_ptr<Slot> previous_;
    std::vector<Message> unsent_;
    std::optional<Decision> decision_;
};

} // namespace engine::consensus
