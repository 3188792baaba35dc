#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/chain/tx/fee_map.hpp"
#include "engine/chain/tx/tx_crypto.hpp"
#include "engine/chain/tx/verdict.hpp"

// What a consensus node thinks of a transaction, in the order in which it thinks it.
// @source consensus/service/src/tx_manager, consensus/enclave/impl/src/lib.rs,
//         transaction/core/src/validation/validate.rs

namespace engine::chain::tx {

/// What validation asks of a ledger.
class TxLedger {
public:
    virtual ~TxLedger() = default;
    virtual std::uint64_t num_blocks() const = 0;
    virtual std::uint64_t num_outputs() const = 0;
    /// @param index  below num_outputs
    virtual TxOutMembershipProof membership_proof(std::uint64_t index) const = 0;
    virtual bool contains_key_image(const KeyImage& image) const = 0;
    virtual bool contains_output_public_key(const PublicKey& key) const = 0;
};

/// What all nodes of a network are configured with.
struct ChainRules {
    std::uint32_t block_version = 4;
    FeeMap fees;
};

/// A proof for each ring member of each input, of the output that was the last one when the client's proof
/// was made.
/// @return code 54 for an index the ledger does not have
std::variant<std::vector<TxOutMembershipProof>, Fault> root_proofs(const TxLedger& ledger, const Tx& tx);

/// Everything that needs no ledger but the root proofs.
/// @param current_block  index of the last block
std::optional<Fault> check_well_formed(const TxCrypto& crypto, const ChainRules& rules,
                                       std::uint64_t current_block, const Tx& tx,
                                       const std::vector<TxOutMembershipProof>& roots);

/// Tombstone for the block to come, spent key images, output keys that appeared before.
std::optional<Fault> check_against_ledger(const TxLedger& ledger, const Tx& tx);

/// All of it.
Verdict judge(const TxCrypto& crypto, const ChainRules& rules, const TxLedger& ledger, const Tx& tx);
/// As a client proposes it: bytes first.
Verdict judge(const TxCrypto& crypto, const ChainRules& rules, const TxLedger& ledger, ByteView bytes);

} // namespace engine::chain::tx
