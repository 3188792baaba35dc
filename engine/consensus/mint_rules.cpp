#include "engine/consensus/mint_rules.hpp"

namespace engine::consensus {

using chain::MintCode;
using chain::MintFault;

std::optional<MintFault> judge(const NetworkRules& rules, const NodeLedger& ledger,
                               const chain::MintConfigTx& tx) {
    if (ledger.contains_mint_config_nonce(tx.prefix.token_id, tx.prefix.nonce))
        return MintFault{MintCode::nonce_used, "Nonce already used"};
    const auto governors = rules.governors.find(tx.prefix.token_id);
    if (governors == rules.governors.end())
        return MintFault{MintCode::no_governors, "No governors configured for this token"};
    return chain::check_mint_config_tx(rules.chain.block_version, ledger.num_blocks(), tx, governors->second);
}

std::variant<std::size_t, MintFault> judge(const NetworkRules& rules, const NodeLedger& ledger,
                                           const chain::MintTx& tx) {
    const MintFault over_limit{MintCode::amount_exceeds_limit, "Amount exceeds mint limit"};
    const chain::MintTxPrefix& prefix = tx.prefix;
    if (ledger.contains_mint_nonce(prefix.token_id, prefix.nonce))
        return MintFault{MintCode::nonce_used, "Nonce already used"};
    const std::optional<chain::ActiveMintConfigs> active = ledger.active_mint_configs(prefix.token_id);
    if (!active) return MintFault{MintCode::no_matching_config, "No matching mint config"};
    // Sums that do not fit are over any limit.
    const auto exceeds = [&](std::uint64_t minted, std::uint64_t limit) {
        return minted > limit || prefix.amount > limit - minted;
    };
    std::uint64_t minted = 0;
    for (const chain::ActiveMintConfigs::Entry& entry : active->configs) {
        if (minted + entry.total_minted < minted) return over_limit;
        minted += entry.total_minted;
    }
    if (exceeds(minted, active->mint_config_tx.prefix.total_mint_limit)) return over_limit;
    const chain::Hash32 message = chain::mint_prefix_hash(prefix);
    bool some_signed = false;
    for (std::size_t i = 0; i < active->configs.size(); ++i) {
        const chain::ActiveMintConfigs::Entry& entry = active->configs[i];
        if (!chain::verify(entry.config.signer_set, message.view(), tx.signature)) continue;
        some_signed = true;
        if (exceeds(entry.total_minted, entry.config.mint_limit)) continue;
        if (auto fault =
                chain::check_mint_tx(rules.chain.block_version, ledger.num_blocks(), tx, entry.config))
            return *fault;
        return i;
    }
    if (some_signed) return over_limit;
    return MintFault{MintCode::no_matching_config, "No matching mint config"};
}

} // namespace engine::consensus
