#pragma once

#include <optional>

#include "engine/chain/ristretto.hpp"
#include "engine/chain/types.hpp"

// The versioned crypto box: encryption to a Ristretto key, used for fog hints and for records.  Layout:
// ciphertext as long as the plaintext, ephemeral public key (32), tag (16), major version 1, minor version 0.
// @source crypto/box/src, transaction/core/src/fog_hint.rs

namespace engine::chain {

inline constexpr std::size_t box_footer_size = 50;

/// Draws one scalar from `rng`.
Bytes seal_box(ByteSource& rng, const Point& to, ByteView plain);

/// @return nothing when the box is too short, of another version, made to another key or changed, or its
/// ephemeral
///         key is no point.  Upstream tells these apart only so that its enclave need not branch.
std::optional<Bytes> open_box(const Scalar& secret, ByteView box);

/// AES key (32 bytes), then nonce (12), that follow from the shared point of a box.
std::array<std::uint8_t, 44> box_key_material(const SharedSecret& shared);

/// A hint that says whom an output is for.  @param view_public  of the subaddress paid, for change of the
/// default
FogHint make_hint(ByteSource& rng, const Point& ingress, const PublicKey& view_public);
/// A hint of the same looks that nobody can open: draws a point, then the ephemeral scalar.
FogHint make_fake_hint(ByteSource& rng);
/// @return the 32 bytes in the hint, which need not be a point
std::optional<PublicKey> open_hint(const Scalar& ingress, const FogHint& hint);

} // namespace engine::chain
