#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "engine/consensus/scp_node.hpp"

// Nodes for tests, and links between them that lose nothing.

namespace engine::consensus::test {

inline QuorumNode node(std::uint8_t number) {
    QuorumNode out;
    out.responder_id = "node" + std::to_string(number) + ".example.com:8443";
    out.public_key.bytes.fill(number);
    return out;
}
inline NodeKey key(std::uint8_t number) { return node(number).public_key; }

inline Value value(std::uint32_t number) {
    Value out;
    const auto bytes = chain::big_endian(number);
    std::copy(bytes.begin(), bytes.end(), out.hash.bytes.begin());
    return out;
}
inline Values values(std::initializer_list<std::uint32_t> numbers) {
    Values out;
    for (const std::uint32_t number : numbers) out.push_back(value(number));
    return out;
}

inline QuorumSetMember member(std::uint8_t number) {
    QuorumSetMember out;
    out.node = node(number);
    return out;
}
inline QuorumSetMember member(QuorumSet inner) {
    QuorumSetMember out;
    out.inner_set.push_back(std::move(inner));
    return out;
}
inline QuorumSet quorum_set(std::uint32_t threshold, const std::vector<std::uint8_t>& numbers) {
    QuorumSet out;
    out.threshold = threshold;
    for (const std::uint8_t number : numbers) out.members.push_back(member(number));
    return out;
}

/// `threshold` of all others of 1 to `nodes`.
inline QuorumSet others(std::uint8_t self, std::uint8_t nodes, std::uint32_t threshold) {
    std::vector<std::uint8_t> numbers;
    for (std::uint8_t number = 1; number <= nodes; ++number)
        if (number != self) numbers.push_back(number);
    return quorum_set(threshold, numbers);
}

/// Everything is valid but what is refused; all candidates are taken, a hundred at most.
class PlainRules final : public ValueRules {
public:
    bool is_valid(const Value& value) override { return !refused.contains(value); }
    Values combine(const Values& candidates) override {
        return {candidates.begin(),
                candidates.begin() + std::min<std::ptrdiff_t>(100, std::ssize(candidates))};
    }
    std::set<Value> refused;
};

inline Membership membership(std::uint8_t self, QuorumSet set) {
    return {.self = node(self), .quorum_set = std::make_shared<const QuorumSet>(std::move(set))};
}

/// Every node hears every other one, first in first out.  Time passes only when there is nothing to deliver.
class Network {
public:
    /// Of node 1, 2, ...
    explicit Network(const std::vector<QuorumSet>& sets) {
        for (std::size_t i = 0; i < sets.size(); ++i) {
            Member& added = members_.emplace_back();
            added.node = std::make_unique<ScpNode>(membership(static_cast<std::uint8_t>(i + 1), sets[i]), 1,
                                                   added.rules);
        }
    }

    /// To all nodes at once.
    void submit(const Values& values) {
        for (Member& member : members_) member.pending.insert(values.begin(), values.end());
    }

    /// Until every ledger holds that many values or that much time has passed.
    bool run_until(std::size_t values, Duration most) {
        while (!std::ranges::all_of(members_, [&](const Member& m) { return m.held >= values; })) {
            bool acted = false;
            for (std::size_t i = 0; i < members_.size(); ++i) acted = step(i) || acted;
            if (acted) continue;
            Instant next = Instant::never();
            for (const Member& member : members_) next = std::min(next, member.node->next_timer());
            if (next == Instant::never() || next > Instant{} + most) return false;
            now_ = std::max(now_, next);
        }
        return true;
    }

    std::size_t size() const { return members_.size(); }
    const std::vector<Values>& ledger(std::size_t i) const { return members_[i].ledger; }
    std::set<Value> held(std::size_t i) const {
        std::set<Value> out;
        for (const Values& block : ledger(i)) out.insert(block.begin(), block.end());
        return out;
    }
    Instant now() const { return now_; }

private:
    struct Member {
        PlainRules rules;
        std::unique_ptr<ScpNode> node;
        std::deque<Message> inbox;
        std::set<Value> pending;
        std::vector<Values> ledger;
        std::size_t held = 0;
    };

    /// @return whether there was anything to do
    bool step(std::size_t i) {
        Member& member = members_[i];
        bool acted = false;
        if (!member.pending.empty()) {
            Values proposed(member.pending.begin(), member.pending.end());
            if (proposed.size() > 100) proposed.resize(100);
            if (proposed != last_proposed_[{i, member.node->current().index()}]) {
                last_proposed_[{i, member.node->current().index()}] = proposed;
                member.node->propose(proposed, now_);
                settle(i);
                acted = true;
            }
        }
        if (!member.inbox.empty()) {
            const Message message = std::move(member.inbox.front());
            member.inbox.pop_front();
            if (message.slot > member.node->current().index())
                later_[i].push_back(message);
            else
                member.node->handle({message}, now_);
            settle(i);
            acted = true;
        }
        if (now_ >= member.node->next_timer()) {
            member.node->process_timers(now_);
            settle(i);
            acted = true;
        }
        return acted;
    }

    void settle(std::size_t i) {
        Member& member = members_[i];
        for (Message& message : member.node->take_messages())
            for (std::size_t to = 0; to < members_.size(); ++to)
                if (to != i) members_[to].inbox.push_back(message);
        const std::optional<Decision> decision = member.node->take_decision();
        if (!decision) return;
        member.ledger.push_back(decision->values);
        member.held += decision->values.size();
        for (const Value& value : decision->values) member.pending.erase(value);
        // What came too early comes again.
        for (Message& message : later_[i]) member.inbox.push_front(std::move(message));
        later_[i].clear();
    }

    std::deque<Member> members_;
    std::map<std::size_t, std::vector<Message>> later_;
    std::map<std::pair<std::size_t, std::uint64_t>, Values> last_proposed_;
    Instant now_;
};

} // namespace engine::consensus::test
