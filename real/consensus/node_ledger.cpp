#include "real/consensus/node_ledger.hpp"

#include <fmt/format.h>

#include "engine/ensure.hpp"

namespace real::consensus {

using namespace engine::chain;
using engine::BlockIndex;
using engine::GlobalIndex;

TxOutMembershipProof LmdbNodeLedger::membership_proof(std::uint64_t index) const {
    return ledger_.membership_proof(GlobalIndex{index}).value();
}

bool LmdbNodeLedger::contains_key_image(const KeyImage& image) const {
    return ledger_.spent_in(image).has_value();
}

bool LmdbNodeLedger::contains_output_public_key(const PublicKey& key) const {
    return ledger_.snapshot()->find_by_public_key(key).has_value();
}

Block LmdbNodeLedger::last_block() const {
    const auto snapshot = ledger_.snapshot();
    return snapshot->block(BlockIndex{snapshot->num_blocks().value - 1}).value();
}

TxOutMembershipElement LmdbNodeLedger::root() const { return ledger_.snapshot()->merkle_root().value(); }

std::optional<ActiveMintConfigs> LmdbNodeLedger::active_mint_configs(std::uint64_t token_id) const {
    return ledger_.snapshot()->active_mint_configs(token_id);
}

bool LmdbNodeLedger::contains_mint_config_nonce(std::uint64_t token_id, const Bytes& nonce) const {
    return ledger_.snapshot()->block_of_mint_config_nonce(nonce, token_id).has_value();
}

bool LmdbNodeLedger::contains_mint_nonce(std::uint64_t token_id, const Bytes& nonce) const {
    return ledger_.snapshot()->block_of_mint_nonce(nonce, token_id).has_value();
}

void LmdbNodeLedger::append(const BlockData& block) {
    const auto fail = [&](const std::string& why) {
        throw engine::BrokenSurroundings(fmt::format("{}: block {} cannot be appended: {}",
                                                     ledger_.directory().string(), block.block.index.value,
                                                     why));
    };
    std::optional<lmdb::AppendFault> fault;
    try {
        fault = ledger_.append_block(block);
    } catch (const lmdb::Error& error) {
        fail(error.what());
    }
    if (fault) fail(lmdb::to_text(*fault));
}

} // namespace real::consensus
