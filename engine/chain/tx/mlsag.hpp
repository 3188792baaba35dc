#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <variant>

#include "engine/chain/ristretto.hpp"
#include "engine/chain/tx/tx.hpp"

// The ring signature: whoever knows the onetime private key of one of the members, and the difference of two
// blindings, closes a circle of challenges; nobody sees at which member.
// @source crypto/ring-signature/src/ring_signature/mlsag.rs, mlsag_sign.rs, mlsag_verify.rs

namespace engine::chain::tx {

struct RingFailure {
    enum class Kind { length_mismatch, bad_key_image, bad_point, bad_signature };
    Kind kind = Kind::bad_signature;
    std::size_t expected = 0; ///< responses, for length_mismatch
    std::size_t found = 0;
    friend bool operator==(const RingFailure&, const RingFailure&) = default;
};

/// @param pseudo_output  must hold the same value as the member that signed
/// @return nothing when the signature is good
std::optional<RingFailure> verify_ring(ByteView message, std::span<const RingMember> ring,
                                       const Commitment& pseudo_output, const RingMlsag& signature);

/// What the signer knows about the member that is theirs.
struct RingSecrets {
    std::size_t real_index = 0;
    Scalar onetime_private;
    Scalar input_blinding;
    Scalar pseudo_blinding;
    Amount amount;
};
enum class RingRefusal { index_out_of_bounds, value_not_conserved, bad_point };

/// Draws two scalars for every other member, ascending, then two more; all before the value is looked at, as
/// upstream does.  A wrong private key is not noticed: the signature just does not verify.
std::variant<RingMlsag, RingRefusal> sign_ring(ByteSource& rng, ByteView message,
                                               std::span<const RingMember> ring, const RingSecrets& secrets);

} // namespace engine::chain::tx
