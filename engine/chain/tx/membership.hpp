#pragma once

#include <optional>
#include <span>

#include "engine/chain/tx/tx_crypto.hpp"

// Whether ring members are outputs of the ledger.
// @source transaction/core/src/membership_proofs/, consensus/enclave/impl/src/lib.rs

namespace engine::chain::tx {

/// The root that a proof implies: the fold of its elements.
/// @return nothing when the elements do not lie side by side
std::optional<TxOutMembershipElement> implied_root(const TxCrypto& crypto, const TxOutMembershipProof& proof);

/// The root of the ledger as it was when output `proof.index` was the last one, from a proof of that output
/// in the ledger of today.
/// @return nothing when the proof does not tell
std::optional<TxOutMembershipElement> root_when_last(const TxCrypto& crypto,
                                                     const TxOutMembershipProof& proof);

enum class MembershipFailure { malformed, other_root };
/// @param root  of the ledger that the client knew
std::optional<MembershipFailure> check_membership(const TxCrypto& crypto, const TxOut& member,
                                                  const TxOutMembershipProof& proof, const Hash32& root);

} // namespace engine::chain::tx
