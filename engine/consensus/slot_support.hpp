#pragma once

#include "engine/consensus/slot.hpp"

// Federated voting: what the files of Slot have in common.

namespace engine::consensus {

template <class Predicate>
NodeKeys Slot::those(const Predicate& predicate) const {
    NodeKeys out;
    for (const auto& [node, message] : heard_)
        if (predicate(message.topic)) out.insert(node);
    return out;
}

template <class Predicate>
bool Slot::quorum_of(const Predicate& predicate) const {
    if (!own_ || !predicate(*own_)) return false;
    std::vector<Supporter> supporters;
    for (const auto& [node, message] : heard_)
        if (predicate(message.topic)) supporters.push_back({&node, message.quorum_set.get()});
    return is_quorum(membership_.self.public_key, *membership_.quorum_set, supporters);
}

template <class Votes, class Accepts>
bool Slot::may_accept(const Votes& votes, const Accepts& accepts) const {
    return is_blocking(*membership_.quorum_set, those(accepts)) || quorum_of(votes);
}

} // namespace engine::consensus
