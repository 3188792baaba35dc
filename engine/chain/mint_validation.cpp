#include "engine/chain/mint_validation.hpp"

#include <algorithm>

namespace engine::chain {
namespace {

constexpr std::size_t most_signatures = 10;
constexpr std::size_t nonce_length = 64;
constexpr std::uint64_t furthest_tombstone = 20160;
constexpr int deepest_nesting = 32;

bool is_valid_at(const SignerSet& set, int depth) {
    const std::size_t members = set.individual_signers.size() + set.multi_signers.size();
    return depth <= deepest_nesting && set.threshold >= 1 && set.threshold <= members &&
           std::all_of(set.multi_signers.begin(), set.multi_signers.end(),
                       [depth](const SignerSet& inner) { return is_valid_at(inner, depth + 1); });
}

std::optional<MintFault> check_version(std::uint32_t block_version) {
    if (block_version >= 2) return std::nullopt;
    return MintFault{MintCode::invalid_block_version,
                     "Invalid block version: " + std::to_string(block_version)};
}

MintFault wrong_token(std::uint64_t token_id) {
    return {MintCode::invalid_token_id, "Invalid token id: " + std::to_string(token_id)};
}

std::optional<MintFault> check_nonce(const Bytes& nonce) {
    if (nonce.size() == nonce_length) return std::nullopt;
    return MintFault{MintCode::invalid_nonce_length, "Invalid nonce length: " + std::to_string(nonce.size())};
}

std::optional<MintFault> check_tombstone(std::uint64_t current_block, std::uint64_t tombstone) {
    if (current_block >= tombstone)
        return MintFault{MintCode::tombstone_exceeded,
                         "Number of blocks in ledger exceeds the tombstone block number"};
    if (tombstone - current_block > furthest_tombstone)
        return MintFault{MintCode::tombstone_too_far, "Tombstone block is too far in the future"};
    return std::nullopt;
}

const MintFault bad_signature{MintCode::invalid_signature, "Invalid signature"};

} // namespace

bool is_valid(const SignerSet& set) { return is_valid_at(set, 0); }

bool verify(const SignerSet& set, ByteView message, const MultiSig& signatures) {
    return is_valid(set) && signatures.signatures.size() <= most_signatures &&
           satisfied(set, message, signatures);
}

std::optional<MintFault> check_mint_config_tx(std::uint32_t block_version, std::uint64_t current_block,
                                              const MintConfigTx& tx, const SignerSet& governors) {
    const MintConfigTxPrefix& prefix = tx.prefix;
    if (auto bad = check_version(block_version)) return bad;
    if (prefix.token_id == 0) return wrong_token(0);
    for (const MintConfig& config : prefix.configs) {
        if (config.token_id != prefix.token_id) return wrong_token(config.token_id);
        if (!is_valid(config.signer_set) || (block_version < 3 && !config.signer_set.multi_signers.empty()))
            return MintFault{MintCode::invalid_signer_set, "Invalid signer set"};
    }
    if (auto bad = check_nonce(prefix.nonce)) return bad;
    if (auto bad = check_tombstone(current_block, prefix.tombstone_block)) return bad;
    if (!verify(governors, mint_config_prefix_hash(prefix).view(), tx.signature)) return bad_signature;
    return std::nullopt;
}

std::optional<MintFault> check_mint_tx(std::uint32_t block_version, std::uint64_t current_block,
                                       const MintTx& tx, const MintConfig& config) {
    const MintTxPrefix& prefix = tx.prefix;
    if (auto bad = check_version(block_version)) return bad;
    if (prefix.token_id == 0) return wrong_token(0);
    if (auto bad = check_nonce(prefix.nonce)) return bad;
    if (auto bad = check_tombstone(current_block, prefix.tombstone_block)) return bad;
    if (prefix.token_id != config.token_id) return wrong_token(prefix.token_id);
    if (prefix.amount > config.mint_limit)
        return MintFault{MintCode::amount_exceeds_limit, "Amount exceeds mint limit"};
    if (!verify(config.signer_set, mint_prefix_hash(prefix).view(), tx.signature)) return bad_signature;
    if (prefix.fog_hint && block_version < 3)
        return MintFault{MintCode::fog_not_supported,
                         "Minting to fog is not supported at this block version"};
    return std::nullopt;
}

} // namespace engine::chain
