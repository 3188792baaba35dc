#include "engine/consensus/quorum.hpp"

#include <algorithm>
#include <optional>

namespace engine::consensus {
namespace {

void add_nodes(const QuorumSet& set, NodeKeys& to) {
    for (const QuorumSetMember& member : set.members) {
        if (member.node) to.insert(member.node->public_key);
        for (const QuorumSet& inner : member.inner_set) add_nodes(inner, to);
    }
}

std::optional<Weight> find_weight(const NodeKey& node, const QuorumSet& set) {
    for (const QuorumSetMember& member : set.members) {
        if (member.node && member.node->public_key == node)
            return Weight{.part = set.threshold, .whole = set.members.size()};
        for (const QuorumSet& inner : member.inner_set) {
            const std::optional<Weight> below = find_weight(node, inner);
            if (below)
                return Weight{.part = below->part * set.threshold,
                              .whole = below->whole * set.members.size()};
        }
    }
    return std::nullopt;
}

} // namespace

bool is_valid(const QuorumSet& set) {
    if (set.threshold > set.members.size()) return false;
    return std::ranges::all_of(set.members, [](const QuorumSetMember& member) {
        if (member.node) return member.inner_set.empty();
        return member.inner_set.size() == 1 && is_valid(member.inner_set.front());
    });
}

NodeKeys nodes_of(const QuorumSet& set) {
    NodeKeys out;
    add_nodes(set, out);
    return out;
}

bool is_satisfied(const QuorumSet& set, const NodeKeys& nodes) {
    std::size_t have = 0;
    for (const QuorumSetMember& member : set.members) {
        if (have >= set.threshold) break;
        const bool in = member.node
                            ? nodes.contains(member.node->public_key)
                            : !member.inner_set.empty() && is_satisfied(member.inner_set.front(), nodes);
        if (in) ++have;
    }
    return have >= set.threshold;
}

bool is_blocking(const QuorumSet& set, const NodeKeys& nodes) {
    const std::size_t needed =
        set.members.size() - std::min<std::size_t>(set.threshold, set.members.size()) + 1;
    std::size_t have = 0;
    for (const QuorumSetMember& member : set.members) {
        const bool in = member.node
                            ? nodes.contains(member.node->public_key)
                            : !member.inner_set.empty() && is_blocking(member.inner_set.front(), nodes);
        if (in) ++have;
    }
    return have >= needed;
}

bool is_quorum(const NodeKey& self, const QuorumSet& self_set, std::span<const Supporter> supporters) {
    NodeKeys in{self};
    for (const Supporter& supporter : supporters) in.insert(*supporter.node);
    for (bool changed = true; changed;) {
        changed = false;
        for (const Supporter& supporter : supporters) {
            if (!in.contains(*supporter.node) || *supporter.node == self) continue;
            if (is_satisfied(*supporter.quorum_set, in)) continue;
            in.erase(*supporter.node);
            changed = true;
        }
    }
    return is_satisfied(self_set, in);
}

Weight weight_of(const NodeKey& node, const QuorumSet& set) {
    return find_weight(node, set).value_or(Weight{});
}

} // namespace engine::consensus
