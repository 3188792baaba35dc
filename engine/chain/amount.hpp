#pragma once

#include <optional>

#include "engine/chain/hash.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/secret.hpp"
#include "engine/chain/types.hpp"

// Amounts hidden in outputs.  Whoever knows the shared secret of an output unmasks value and token id and
// checks them against the commitment, or against its CRC-32 where only that is known.
// @source transaction/types/src/masked_amount/{v1,v2}.rs

namespace engine::chain {

/// What the shared secret of an output yields.
struct AmountMask {
    std::uint64_t value = 0;
    std::uint64_t token_id = 0;
    Scalar blinding;

    static AmountMask from(MaskedAmount::Version version, const SharedSecret& secret);
};

/// How v1 amounts say their token: block versions 0 and 1 had only token 0 and left the field empty.
enum class TokenField { present, absent };

/// @param tokens  `absent` only for v1 and token 0
MaskedAmount mask_amount(MaskedAmount::Version version, Amount amount, const SharedSecret& secret,
                         TokenField tokens = TokenField::present);

/// Unmasks without any check of the commitment.
/// @return nothing when the masked token id has a length its version does not allow (v1: 0 or 8, v2: 8)
std::optional<Amount> unmask_amount(MaskedAmount::Version version, std::uint64_t masked_value,
                                    ByteView masked_token_id, const AmountMask& mask);

struct OpenedAmount {
    Amount amount;
    Scalar blinding;
};
/// @return nothing when `masked` was not made with `secret`
std::optional<OpenedAmount> open_amount(const MaskedAmount& masked, const SharedSecret& secret);

/// What a v2 amount opens with alone: revealing it tells the amount and nothing about the memo.
Secret<Digest32> amount_secret(const SharedSecret& secret);
/// @return nothing when `masked` is not v2 or was not made with this secret of 32 bytes
std::optional<OpenedAmount> open_amount_by_secret(const MaskedAmount& masked, ByteView amount_secret);

/// The CRC-32 by which fog records name a commitment.
std::uint32_t commitment_crc32(const Commitment& commitment);

} // namespace engine::chain
