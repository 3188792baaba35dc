#pragma once

#include <variant>
#include <vector>

#include "engine/chain/tx/tx_crypto.hpp"

// From inputs, outputs and their secrets to a signed transaction.
// @source transaction/core/src/ring_ct/rct_bulletproofs.rs, transaction/builder/src/transaction_builder.rs

namespace engine::chain::tx {

/// An input of the sender's own.
struct OwnInput {
    TxIn input;
    std::size_t real_index = 0; ///< which ring member
    SpendSecrets secrets;
};
/// An input that somebody else signed beforehand, with rules.
struct PresignedInput {
    TxIn input;
    RingMlsag signature;
    OutputSecrets pseudo_output;
};
using TxInput = std::variant<OwnInput, PresignedInput>;

/// Everything a transaction is made of.
struct TxParts {
    std::vector<TxInput> inputs;
    std::vector<std::pair<TxOut, OutputSecrets>> outputs;
    Amount fee;
    std::uint64_t tombstone_block = 0;
    Bytes fee_map_digest;
};

enum class SignRefusal {
    no_own_input,
    mixed_tokens,     ///< before block version 3 all amounts are of the fee's token
    does_not_balance, ///< in some token, more or less goes out than comes in
    too_many_values,  ///< for a range proof
    ring_refused,     ///< see RingRefusal
};
const char* name(SignRefusal refusal);

/// Sorts ring members, inputs and outputs, then signs.
///
/// Draws in upstream's order: pseudo blindings of all own inputs but the last, range proofs by token, ring
/// signatures; so that a seeded transaction is upstream's, byte for byte.
std::variant<Tx, SignRefusal> sign_tx(const TxCrypto& crypto, ByteSource& rng, std::uint32_t block_version,
                                      TxParts parts);

} // namespace engine::chain::tx
