#pragma once

#include <string_view>

#include "engine/chain/ristretto.hpp"

namespace engine::chain {

/// R, then s with the top bit of its last byte set as a mark.
using SchnorrSignature = FixedBytes<struct SchnorrSignatureTag, 64>;

/// Deterministic Schnorr signature over ristretto255 and Merlin; the nonce follows from key, context and
/// message.
/// @source crypto/keys/src/ristretto.rs (sign_schnorrkel), schnorrkel fork rev 049bf9d
SchnorrSignature schnorr_sign(const Scalar& key, std::string_view context, ByteView message);

/// False also for keys that are no point and for signatures without the mark or with a non-canonical s.
bool schnorr_verify(const PublicKey& key, std::string_view context, ByteView message,
                    const SchnorrSignature& signature);

} // namespace engine::chain
