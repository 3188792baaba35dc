#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/chain/ristretto.hpp"

// Bulletproofs: one proof says that many commitments each hold a value below 2^64, without telling any.
// @source transaction/core/src/range_proofs/mod.rs; crate bulletproofs-og 3.0.0-pre.1 (the protocol of
//         dalek's bulletproofs 2.x)

namespace engine::chain::tx {

enum class RangeFailure {
    malformed,       ///< length or scalars
    wrong_proof,     ///< does not show what it should
    too_many_values, ///< more than 64
};

/// @param commitments  at least one; padded to a power of two with the last one
/// @param token_id     chooses the generator that carries the values
/// @return nothing when the proof is good
std::optional<RangeFailure> verify_range(ByteView proof, std::span<const Commitment> commitments,
                                         std::uint64_t token_id);

/// Draws 132 scalars for each value, padding included.
/// @param values     at least one; padded like commitments
/// @param blindings  as many as values
/// @return nothing for more than 64 values
std::optional<Bytes> prove_range(ByteSource& rng, std::span<const std::uint64_t> values,
                                 std::span<const Scalar> blindings, std::uint64_t token_id);

/// Whether these may be a proof at all: length, and scalars below the group order.
bool has_range_proof_shape(ByteView proof);

/// Bytes of a proof for this many values.
std::size_t range_proof_size(std::size_t values);

} // namespace engine::chain::tx
