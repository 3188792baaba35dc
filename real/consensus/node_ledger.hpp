#pragma once

#include <filesystem>

#include "engine/consensus/ports.hpp"
#include "real/lmdb/ledger_db.hpp"

namespace real::consensus {

/// A consensus node's ledger in LMDB, of which it is the only writer; others may read it meanwhile.
///
/// A block is in the database, and survives a kill of the process, when `append` returns.  As upstream's, it
/// is not forced to the disk: a power cut may take the last blocks, and peers have them.
class LmdbNodeLedger final : public engine::consensus::NodeLedger {
public:
    /// @pre  the ledger has its origin block, and is open for writing
    explicit LmdbNodeLedger(lmdb::LedgerDb ledger) : ledger_(std::move(ledger)) {}
    const lmdb::LedgerDb& database() const { return ledger_; }

    std::uint64_t num_blocks() const override { return ledger_.num_blocks().value; }
    std::uint64_t num_outputs() const override { return ledger_.num_tx_outs(); }
    engine::chain::TxOutMembershipProof membership_proof(std::uint64_t index) const override;
    bool contains_key_image(const engine::chain::KeyImage& image) const override;
    bool contains_output_public_key(const engine::chain::PublicKey& key) const override;
    engine::chain::Block last_block() const override;
    engine::chain::TxOutMembershipElement root() const override;
    std::optional<engine::chain::ActiveMintConfigs>
    active_mint_configs(std::uint64_t token_id) const override;
    bool contains_mint_config_nonce(std::uint64_t token_id, const engine::chain::Bytes& nonce) const override;
    bool contains_mint_nonce(std::uint64_t token_id, const engine::chain::Bytes& nonce) const override;
    /// @throws engine::BrokenSurroundings  naming the ledger, the block and the reason
    void append(const engine::chain::BlockData& block) override;

private:
    lmdb::LedgerDb ledger_;
};

} // namespace real::consensus
