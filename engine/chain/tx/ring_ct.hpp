#pragma once

#include <optional>

#include "engine/chain/tx/tx_crypto.hpp"
#include "engine/chain/tx/verdict.hpp"

namespace engine::chain::tx {

/// Key images, counts, range proofs, balance and ring signatures, in the order of upstream.
/// @return nothing when the signature is good; code 15, or 49 for an output without an amount
/// @source transaction/core/src/ring_ct/rct_bulletproofs.rs
std::optional<Fault> verify_signature(const TxCrypto& crypto, std::uint32_t block_version, const Tx& tx);

/// The tokens that get a range proof each, ascending: that of the fee and all that are named.
std::vector<std::uint64_t> tokens_of(const TxPrefix& prefix, const SignatureRctBulletproofs& signature);

/// What the ring signature of an input sees; a member without an amount becomes one without a point.
std::vector<RingMember> ring_of(const TxIn& input);

} // namespace engine::chain::tx
