#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/chain/merkle.hpp"
#include "engine/chain/types.hpp"

// What a transaction consists of.  Plain data: reading it says nothing about truth.
// @source mobilecoin 7.0.0 transaction/core/src/tx.rs, ring_ct/rct_bulletproofs.rs, input_rules.rs,
//         crypto/ring-signature/src/ring_signature/mlsag.rs

namespace engine::chain::tx {

inline constexpr std::size_t ring_size = 11;
inline constexpr std::size_t most_inputs = 16;
inline constexpr std::size_t most_outputs = 16;
/// How many blocks ahead a tombstone may lie.
inline constexpr std::uint64_t furthest_tombstone = 20160;

/// Number modulo the group order in a signature; public, unlike PrivateKey.
using RingScalar = FixedBytes<struct RingScalarTag, 32>;

/// One possible payer: what the ring signature sees of an output.
struct RingMember {
    PublicKey target_key;
    Commitment commitment;
};

/// Says that the owner of one ring member signed, without saying which.
struct RingMlsag {
    RingScalar c_zero;
    std::vector<RingScalar> responses; ///< two for each ring member
    KeyImage key_image;
    friend bool operator==(const RingMlsag&, const RingMlsag&) = default;
};

/// An output together with what opens its amount.
struct RevealedTxOut {
    TxOut tx_out;
    Bytes amount_shared_secret; ///< 32 bytes when right
    friend bool operator==(const RevealedTxOut&, const RevealedTxOut&) = default;
};

/// What whoever signed an input demands of the transaction that uses it.
struct InputRules {
    std::vector<TxOut> required_outputs;
    std::uint64_t max_tombstone_block = 0; ///< 0: no limit
    std::vector<RevealedTxOut> partial_fill_outputs;
    std::optional<RevealedTxOut> partial_fill_change;
    std::uint64_t min_partial_fill_value = 0;
    friend bool operator==(const InputRules&, const InputRules&) = default;
};

struct TxIn {
    std::vector<TxOut> ring;                  ///< 11 outputs of the ledger, ascending by public key
    std::vector<TxOutMembershipProof> proofs; ///< one for each ring member, in the same order
    std::optional<InputRules> input_rules;
    friend bool operator==(const TxIn&, const TxIn&) = default;
};

struct TxPrefix {
    std::vector<TxIn> inputs;   ///< ascending by public key of the first ring member
    std::vector<TxOut> outputs; ///< ascending by public key
    std::uint64_t fee = 0;
    std::uint64_t fee_token_id = 0;
    std::uint64_t tombstone_block = 0; ///< first block that may not contain the transaction any more
    friend bool operator==(const TxPrefix&, const TxPrefix&) = default;
};

/// Lists stand parallel to the inputs or outputs of the prefix.
struct SignatureRctBulletproofs {
    std::vector<RingMlsag> ring_signatures;
    std::vector<Commitment> pseudo_output_commitments; ///< each input's value under a new blinding
    Bytes range_proof_bytes;                           ///< before block version 3
    std::vector<Bytes> range_proofs;                   ///< from block version 3 on, one a token
    std::vector<std::uint64_t> pseudo_output_token_ids;
    std::vector<std::uint64_t> output_token_ids;
    friend bool operator==(const SignatureRctBulletproofs&, const SignatureRctBulletproofs&) = default;
};

struct Tx {
    TxPrefix prefix;
    SignatureRctBulletproofs signature;
    Bytes fee_map_digest; ///< empty or 32 bytes: the fee map the client believed in
    friend bool operator==(const Tx&, const Tx&) = default;
};

} // namespace engine::chain::tx
