#include "engine/consensus/leader.hpp"
#include "engine/consensus/slot_support.hpp"

// Candidates: leaders put them forward, everybody repeats those of their leaders, and what a quorum accepts
// is confirmed.

namespace engine::consensus {

bool Slot::nominate() {
    if (phase_ != Phase::nominate_prepare) return false;
    // After the first confirmed candidate no more votes: or there would be no end to candidates.
    if (confirmed_.empty() && vote_as_leaders_do()) return true;
    return accept_nominated() || confirm_nominated();
}

bool Slot::vote_as_leaders_do() {
    bool changed = false;
    const auto vote = [&](const auto& values) {
        for (const Value& value : values)
            if (!accepted_.contains(value) && voted_.insert(value).second) changed = true;
    };
    for (const NodeKey& leader : leaders_) {
        if (leader == membership_.self.public_key) {
            vote(proposed_);
            continue;
        }
        const auto said = heard_.find(leader);
        const Nominate* const nominate = said == heard_.end() ? nullptr : nominate_of(said->second.topic);
        if (nominate == nullptr) continue;
        vote(nominate->voted);
        vote(nominate->accepted);
    }
    return changed;
}

bool Slot::accept_nominated() {
    std::set<Value> candidates = voted_;
    for (const auto& [node, message] : heard_) {
        const Nominate* const nominate = nominate_of(message.topic);
        if (nominate == nullptr) continue;
        candidates.insert(nominate->voted.begin(), nominate->voted.end());
        candidates.insert(nominate->accepted.begin(), nominate->accepted.end());
    }
    bool changed = false;
    for (const Value& value : candidates) {
        if (accepted_.contains(value)) continue;
        if (!may_accept([&](const Topic& topic) { return votes_nominated(topic, value); },
                        [&](const Topic& topic) { return accepts_nominated(topic, value); }))
            continue;
        voted_.erase(value);
        accepted_.insert(value);
        changed = true;
    }
    return changed;
}

bool Slot::confirm_nominated() {
    bool changed = false;
    for (const Value& value : accepted_) {
        if (confirmed_.contains(value)) continue;
        if (!quorum_of([&](const Topic& topic) { return accepts_nominated(topic, value); })) continue;
        confirmed_.insert(value);
        changed = true;
    }
    return changed;
}

void Slot::begin_round(std::uint32_t round, Instant now) {
    round_ = round;
    leaders_.insert(
        next_leader(index_, round_, membership_.self.public_key, *membership_.quorum_set, leaders_));
    round_ends_ = now + timebase * round_;
}

} // namespace engine::consensus
