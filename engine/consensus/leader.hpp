#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/chain/types.hpp"
#include "engine/consensus/quorum.hpp"

// Who may put values forward in a round of nomination: a draw that all nodes make alike, by hashing.
// @source mobilecoin 7.0.0 consensus/scp/src/slot.rs; draft-mazieres-dinrg-scp-04 3.2

namespace engine::consensus {

/// FIPS 202.
std::array<std::uint8_t, 32> sha3_256(chain::ByteView data);

/// What is drawn: whether a node is a neighbour, or how well it is placed among the neighbours.
enum class Draw : std::uint8_t { neighbor = 1, priority = 2 };

/// The draw as a number of 256 bits, most significant byte first.
std::array<std::uint8_t, 32> draw(std::uint64_t slot, Draw what, std::uint32_t round, const NodeKey& node);

/// Whether a draw lies below the given part of all possible ones.
bool is_below(const std::array<std::uint8_t, 32>& number, Weight weight);

/// The neighbour with the highest priority that is not a leader yet; `self` when there is none.
NodeKey next_leader(std::uint64_t slot, std::uint32_t round, const NodeKey& self, const QuorumSet& set,
                    const NodeKeys& leaders);

} // namespace engine::consensus
