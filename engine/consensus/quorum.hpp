#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "engine/chain/block.hpp"

// Whom a node listens to.  A quorum set is a rule: so many of these members, each a node or such a rule
// again.  A *slice* is a choice of members that satisfies it; a *quorum* is a set of nodes each of which has
// a slice in it; a *blocking set* of a node is one that meets all its slices, so that nothing can happen
// without it.
// @source draft-mazieres-dinrg-scp-04; mobilecoin 7.0.0 consensus/scp/types/src/quorum_set.rs

namespace engine::consensus {

using chain::QuorumNode;
using chain::QuorumSet;
using chain::QuorumSetMember;
/// What nodes are told apart by, whatever their address is.
using NodeKey = chain::Ed25519PublicKey;
using NodeKeys = std::set<NodeKey>;

/// Threshold at most the number of members, in nested sets likewise, and no member that is neither a node nor
/// a set.  Threshold 0 is legal: a node alone.
bool is_valid(const QuorumSet& set);

/// All nodes that are named, nested ones included.
NodeKeys nodes_of(const QuorumSet& set);

/// Whether `nodes` holds a slice.
bool is_satisfied(const QuorumSet& set, const NodeKeys& nodes);

/// Whether `nodes` meets every slice.
bool is_blocking(const QuorumSet& set, const NodeKeys& nodes);

/// One node that said what is asked about, and the quorum set it announced in saying so.
struct Supporter {
    const NodeKey* node;
    const QuorumSet* quorum_set;
};

/// Whether there is a quorum among `supporters` that has a slice of each of its nodes: all that lack one are
/// left out until none does.  Exact, where a search by depth first depends on the order of members.
/// @param self      stands in the quorum: its own support is the caller's to know
/// @param self_set  its quorum set
bool is_quorum(const NodeKey& self, const QuorumSet& self_set, std::span<const Supporter> supporters);

/// The part of all draws in which `node` is somebody's neighbour: threshold over members along the path to
/// its first occurrence.  `zero` over anything when it is not named.
struct Weight {
    std::uint64_t part = 0;
    std::uint64_t whole = 1;
    friend bool operator==(const Weight&, const Weight&) = default;
};
Weight weight_of(const NodeKey& node, const QuorumSet& set);

} // namespace engine::consensus
