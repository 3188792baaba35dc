#pragma once

#include "engine/chain/digestible.hpp"
#include "engine/chain/tx/tx.hpp"

// What is hashed and signed of a transaction.
// @source transaction/core/src/tx.rs, ring_ct/signing_digest.rs, tx_summary.rs, input_rules.rs

namespace engine::chain::tx {

void append_digest(DigestTranscript& to, std::string_view context, const TxIn& value);
void append_digest(DigestTranscript& to, std::string_view context, const TxPrefix& value);
void append_digest(DigestTranscript& to, std::string_view context, const SignatureRctBulletproofs& value);
void append_digest(DigestTranscript& to, std::string_view context, const Tx& value);

/// Names a transaction among all.
Hash32 hash(const Tx& tx);
Hash32 hash(const TxPrefix& prefix);

/// D: prefix, pseudo outputs and range proofs in one digest.
Hash32 extended_message_digest(const TxPrefix& prefix, const SignatureRctBulletproofs& signature);
/// What the ring signatures of inputs without rules sign: raw bytes before block version 2, D at 2, D
/// together with the summary (MCIP 52) from 3 on.
Bytes signing_message(std::uint32_t block_version, const TxPrefix& prefix,
                      const SignatureRctBulletproofs& signature);
/// What the ring signature of an input with rules signs: the input without its proofs.
Hash32 rules_message(const TxIn& input);

/// The 32 bytes by which a client says which fees it believed in: fees by token id, ascending.
Hash32 fee_map_digest(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& fees);

} // namespace engine::chain::tx
