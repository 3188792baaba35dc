#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/chain/digestible.hpp"
#include "engine/chain/ed25519.hpp"
#include "engine/chain/types.hpp"

// Minting: outputs that come from nowhere, authorised by governors.  Fog never mints, but ledgers contain it.
// @source mobilecoin 7.0.0 transaction/types, transaction/core/src/mint

namespace engine::chain {

/// Signatures over one message; which signer made which is found by trying.
struct MultiSig {
    std::vector<Ed25519Signature> signatures;
    friend bool operator==(const MultiSig&, const MultiSig&) = default;
};

/// At least `threshold` of the members, signers and nested sets alike, must have signed.
struct SignerSet {
    std::vector<Ed25519PublicKey> individual_signers;
    std::vector<SignerSet> multi_signers;
    std::uint32_t threshold = 0;
    friend bool operator==(const SignerSet&, const SignerSet&) = default;
};

struct MintConfig {
    std::uint64_t token_id = 0;
    SignerSet signer_set;
    std::uint64_t mint_limit = 0; ///< what this signer set may mint over time
    friend bool operator==(const MintConfig&, const MintConfig&) = default;
};

struct MintConfigTxPrefix {
    std::uint64_t token_id = 0;
    std::vector<MintConfig> configs;
    Bytes nonce; ///< 64 bytes
    std::uint64_t tombstone_block = 0;
    std::uint64_t total_mint_limit = 0; ///< what all configs together may mint
    friend bool operator==(const MintConfigTxPrefix&, const MintConfigTxPrefix&) = default;
};

struct MintConfigTx {
    MintConfigTxPrefix prefix;
    MultiSig signature;
    friend bool operator==(const MintConfigTx&, const MintConfigTx&) = default;
};

struct ValidatedMintConfigTx {
    MintConfigTx mint_config_tx;
    SignerSet signer_set;
    friend bool operator==(const ValidatedMintConfigTx&, const ValidatedMintConfigTx&) = default;
};

struct MintTxPrefix {
    std::uint64_t token_id = 0;
    std::uint64_t amount = 0;
    PublicKey view_public_key;
    PublicKey spend_public_key;
    Bytes nonce; ///< 64 bytes
    std::uint64_t tombstone_block = 0;
    std::optional<FogHint> fog_hint;
    friend bool operator==(const MintTxPrefix&, const MintTxPrefix&) = default;
};

struct MintTx {
    MintTxPrefix prefix;
    MultiSig signature;
    friend bool operator==(const MintTx&, const MintTx&) = default;
};

/// The mint configs of one token that count now, as the ledger keeps them.
/// @source ledger/db/src/mint_config_store.rs
struct ActiveMintConfigs {
    struct Entry {
        MintConfig config;
        std::uint64_t total_minted = 0;
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    std::vector<Entry> configs;
    MintConfigTx mint_config_tx;
    friend bool operator==(const ActiveMintConfigs&, const ActiveMintConfigs&) = default;
};

void append_digest(DigestTranscript& to, std::string_view context, const ValidatedMintConfigTx& value);
void append_digest(DigestTranscript& to, std::string_view context, const MintTx& value);
void append_digest(DigestTranscript& to, std::string_view context, const MintConfigTx& value);
void append_digest(DigestTranscript& to, std::string_view context, const SignerSet& value);
/// What the governors of a token sign.
Hash32 mint_config_prefix_hash(const MintConfigTxPrefix& prefix);
/// What the signers of a mint transaction sign.
Hash32 mint_prefix_hash(const MintTxPrefix& prefix);

/// @return whether enough members of the set signed `message`
bool satisfied(const SignerSet& set, ByteView message, const MultiSig& signatures);

Bytes encode(const MintConfigTx& value);
Bytes encode(const SignerSet& value);
Bytes encode(const ValidatedMintConfigTx& value);
Bytes encode(const MintTx& value);
Bytes encode(const ActiveMintConfigs& value);
std::optional<MintConfigTx> decode_mint_config_tx(ByteView bytes);
std::optional<SignerSet> decode_signer_set(ByteView bytes);
std::optional<ValidatedMintConfigTx> decode_validated_mint_config_tx(ByteView bytes);
std::optional<MintTx> decode_mint_tx(ByteView bytes);
std::optional<ActiveMintConfigs> decode_active_mint_configs(ByteView bytes);

} // namespace engine::chain
