#pragma once

#include <optional>
#include <string>

#include "engine/chain/mint.hpp"

// Whether a minting transaction may enter a block, as far as it can be told without the ledger.
// @source transaction/core/src/mint/validation/, crypto/multisig

namespace engine::chain {

/// Number that the client is told.
/// @source consensus_common.proto MintValidationResultCode
enum class MintCode : std::int32_t {
    ok = 0,
    invalid_block_version = 1,
    invalid_token_id = 2,
    invalid_nonce_length = 3,
    invalid_signer_set = 4,
    invalid_signature = 5,
    tombstone_exceeded = 6,
    tombstone_too_far = 7,
    amount_exceeds_limit = 9,
    no_governors = 10,
    nonce_used = 11,
    no_matching_config = 12,
    fog_not_supported = 13,
};
struct MintFault {
    MintCode code = MintCode::ok;
    std::string text;
    friend bool operator==(const MintFault&, const MintFault&) = default;
};

/// 1 <= threshold <= members, in nested sets likewise, and not nested more than 32 deep.
bool is_valid(const SignerSet& set);
/// `satisfied`, for a valid set and at most ten signatures: they are counted before equal ones are put
/// together.
bool verify(const SignerSet& set, ByteView message, const MultiSig& signatures);

/// @param current_block  number of blocks
std::optional<MintFault> check_mint_config_tx(std::uint32_t block_version, std::uint64_t current_block,
                                              const MintConfigTx& tx, const SignerSet& governors);
/// @param config  the active config under which it mints
std::optional<MintFault> check_mint_tx(std::uint32_t block_version, std::uint64_t current_block,
                                       const MintTx& tx, const MintConfig& config);

} // namespace engine::chain
