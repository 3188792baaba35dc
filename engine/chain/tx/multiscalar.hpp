#pragma once

#include <span>

#include "engine/chain/tx/group.hpp"

// Sums of multiples.  Straus' method (shared doublings, one small table a term) for few terms, Pippenger's
// (buckets) for many.

namespace engine::chain::tx {

/// @param scalars   as many as `elements`
GroupElement multiscalar(std::span<const Scalar> scalars, std::span<const AffineElement> elements);

/// `base` times the base point plus `scalar` times `element`: a table of the base point is kept.
GroupElement base_and_one(const Scalar& base, const Scalar& scalar, const AffineElement& element);
/// `a` times `p` plus `b` times `q`.
GroupElement two_terms(const Scalar& a, const AffineElement& p, const Scalar& b, const AffineElement& q);

/// From here on Pippenger's method is the quicker one.
inline constexpr std::size_t pippenger_from = 190;
/// The two methods alone, for tests and measurements.
GroupElement straus(std::span<const Scalar> scalars, std::span<const AffineElement> elements);
GroupElement pippenger(std::span<const Scalar> scalars, std::span<const AffineElement> elements);

/// The base point, ready to add.
const AffineElement& base_element();

} // namespace engine::chain::tx
