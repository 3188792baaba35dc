#pragma once

#include <cstddef>
#include <span>

#include "engine/chain/tx/group.hpp"

namespace engine::chain::tx {

inline constexpr std::size_t range_bits = 64;
/// How many values one range proof may cover.
inline constexpr std::size_t most_parties = 64;

/// The bases that carry the bits of one value in a range proof.
struct PartyGenerators {
    std::array<AffineElement, range_bits> g;
    std::array<AffineElement, range_bits> h;
};

/// Made at the first use, which takes some milliseconds, and kept as long as the program.
/// @param party  below most_parties
/// @source crate bulletproofs-og, src/generators.rs
const PartyGenerators& party_generators(std::size_t party);

/// The base point that carries the value, ready to add.
AffineElement value_element(std::uint64_t token_id);

} // namespace engine::chain::tx
