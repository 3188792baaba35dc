#include "engine/chain/mint.hpp"

#include <algorithm>

#include "engine/chain/wire_fields.hpp"

namespace engine::chain {
namespace {

constexpr int deepest_signer_set = 50;

void append_digest(DigestTranscript& to, std::string_view context, const Ed25519PublicKey& value) {
    const DigestAggregate aggregate(to, context, "Ed25519Public");
    to.primitive("0", "ed25519", value.view());
}

void append_digest(DigestTranscript& to, std::string_view context, const MultiSig& value) {
    const DigestAggregate aggregate(to, context, "MultiSig");
    if (value.signatures.empty()) return;
    to.sequence("signatures", value.signatures.size());
    for (const Ed25519Signature& signature : value.signatures)
        to.primitive("", "ed25519-sig", signature.view());
}

void append_digest(DigestTranscript& to, std::string_view context, const MintConfig& value) {
    const DigestAggregate aggregate(to, context, "MintConfig");
    to.integer("token_id", value.token_id);
    append_digest(to, "signer_set", value.signer_set);
    to.integer("mint_limit", value.mint_limit);
}

void append_digest(DigestTranscript& to, std::string_view context, const MintConfigTxPrefix& value) {
    const DigestAggregate aggregate(to, context, "MintConfigTxPrefix");
    to.integer("token_id", value.token_id);
    if (!value.configs.empty()) {
        to.sequence("configs", value.configs.size());
        for (const MintConfig& config : value.configs) append_digest(to, "", config);
    }
    to.omit_empty_bytes("nonce", value.nonce);
    to.integer("tombstone_block", value.tombstone_block);
    to.integer("total_mint_limit", value.total_mint_limit);
}

void append_digest(DigestTranscript& to, std::string_view context, const MintTxPrefix& value) {
    const DigestAggregate aggregate(to, context, "MintTxPrefix");
    to.integer("token_id", value.token_id);
    to.integer("amount", value.amount);
    to.point("view_public_key", value.view_public_key.view());
    to.point("spend_public_key", value.spend_public_key.view());
    to.omit_empty_bytes("nonce", value.nonce);
    to.integer("tombstone_block", value.tombstone_block);
    if (value.fog_hint) to.bytes("e_fog_hint", value.fog_hint->view());
}

Bytes encode_multi_sig(const MultiSig& value) {
    WireWriter out;
    for (const Ed25519Signature& signature : value.signatures) out.wrapped(1, signature.view());
    return out.take();
}

std::optional<MultiSig> decode_multi_sig(ByteView bytes) {
    MultiSig out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        return field.number != 1 || take_into(out.signatures, wrapped_fixed<Ed25519Signature>(field));
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_signer_set(const SignerSet& value) {
    WireWriter out;
    for (const Ed25519PublicKey& signer : value.individual_signers) out.wrapped(1, signer.view());
    out.varint_or_omit(2, value.threshold);
    for (const SignerSet& set : value.multi_signers) out.bytes(3, encode_signer_set(set));
    return out.take();
}

std::optional<SignerSet> decode_signer_set(ByteView bytes, int depth) {
    if (depth > deepest_signer_set) return std::nullopt;
    SignerSet out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take_into(out.individual_signers, wrapped_fixed<Ed25519PublicKey>(field));
        case 2:
            return take(out.threshold, field.varint32());
        case 3:
            return take_into(out.multi_signers, nested(field, [&](ByteView inner) {
                                 return decode_signer_set(inner, depth + 1);
                             }));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<SignerSet> decode_outer_signer_set(ByteView bytes) { return decode_signer_set(bytes, 0); }

Bytes encode_config(const MintConfig& value) {
    return WireWriter()
        .varint_or_omit(1, value.token_id)
        .bytes(2, encode_signer_set(value.signer_set))
        .varint_or_omit(3, value.mint_limit)
        .take();
}

std::optional<MintConfig> decode_config(ByteView bytes) {
    MintConfig out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.token_id, field.varint());
        case 2:
            return take(out.signer_set, nested(field, decode_outer_signer_set));
        case 3:
            return take(out.mint_limit, field.varint());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<Bytes> copied(const WireField& field) {
    const auto bytes = field.bytes();
    if (!bytes) return std::nullopt;
    return Bytes(bytes->begin(), bytes->end());
}

Bytes encode_config_tx(const MintConfigTx& value) {
    WireWriter prefix;
    prefix.varint_or_omit(1, value.prefix.token_id);
    for (const MintConfig& config : value.prefix.configs) prefix.bytes(2, encode_config(config));
    prefix.bytes_or_omit(3, value.prefix.nonce)
        .varint_or_omit(4, value.prefix.tombstone_block)
        .varint_or_omit(5, value.prefix.total_mint_limit);
    return WireWriter().bytes(1, prefix.data()).bytes(2, encode_multi_sig(value.signature)).take();
}

std::optional<MintConfigTxPrefix> decode_config_prefix(ByteView bytes) {
    MintConfigTxPrefix out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.token_id, field.varint());
        case 2:
            return take_into(out.configs, nested(field, decode_config));
        case 3:
            return take(out.nonce, copied(field));
        case 4:
            return take(out.tombstone_block, field.varint());
        case 5:
            return take(out.total_mint_limit, field.varint());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<MintConfigTx> decode_config_tx(ByteView bytes) {
    MintConfigTx out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.prefix, nested(field, decode_config_prefix));
        case 2:
            return take(out.signature, nested(field, decode_multi_sig));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<MintTxPrefix> decode_mint_prefix(ByteView bytes) {
    MintTxPrefix out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.token_id, field.varint());
        case 2:
            return take(out.amount, field.varint());
        case 3:
            return take(out.view_public_key, wrapped_fixed<PublicKey>(field));
        case 4:
            return take(out.spend_public_key, wrapped_fixed<PublicKey>(field));
        case 5:
            return take(out.nonce, copied(field));
        case 6:
            return take(out.tombstone_block, field.varint());
        case 7:
            return take(out.fog_hint, wrapped_fixed<FogHint>(field));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<ActiveMintConfigs::Entry> decode_active_entry(ByteView bytes) {
    ActiveMintConfigs::Entry out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.config, nested(field, decode_config));
        case 2:
            return take(out.total_minted, field.varint());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

} // namespace

void append_digest(DigestTranscript& to, std::string_view context, const SignerSet& value) {
    const DigestAggregate aggregate(to, context, "SignerSet");
    if (!value.individual_signers.empty()) {
        to.sequence("signers", value.individual_signers.size());
        for (const Ed25519PublicKey& signer : value.individual_signers) append_digest(to, "", signer);
    }
    if (!value.multi_signers.empty()) {
        to.sequence("multi_signers", value.multi_signers.size());
        for (const SignerSet& set : value.multi_signers) append_digest(to, "", set);
    }
    to.integer("threshold", value.threshold);
}

void append_digest(DigestTranscript& to, std::string_view context, const MintConfigTx& value) {
    const DigestAggregate aggregate(to, context, "MintConfigTx");
    append_digest(to, "prefix", value.prefix);
    append_digest(to, "signature", value.signature);
}

Hash32 mint_config_prefix_hash(const MintConfigTxPrefix& prefix) {
    DigestTranscript transcript;
    append_digest(transcript, "mc_mint_config_tx_prefix", prefix);
    return transcript.digest32();
}

void append_digest(DigestTranscript& to, std::string_view context, const ValidatedMintConfigTx& value) {
    const DigestAggregate aggregate(to, context, "ValidatedMintConfigTx");
    append_digest(to, "mint_config_tx", value.mint_config_tx);
    append_digest(to, "signer_set", value.signer_set);
}

void append_digest(DigestTranscript& to, std::string_view context, const MintTx& value) {
    const DigestAggregate aggregate(to, context, "MintTx");
    append_digest(to, "prefix", value.prefix);
    append_digest(to, "signature", value.signature);
}

Hash32 mint_prefix_hash(const MintTxPrefix& prefix) {
    DigestTranscript transcript;
    append_digest(transcript, "mc_mint_tx_prefix", prefix);
    return transcript.digest32();
}

bool satisfied(const SignerSet& set, ByteView message, const MultiSig& signatures) {
    std::vector<Ed25519PublicKey> seen; // a signer named twice counts once
    std::uint32_t members = 0;
    for (const Ed25519PublicKey& signer : set.individual_signers) {
        if (std::find(seen.begin(), seen.end(), signer) != seen.end()) continue;
        seen.push_back(signer);
        members +=
            std::any_of(signatures.signatures.begin(), signatures.signatures.end(),
                        [&](const auto& signature) { return ed25519_verify(signer, message, signature); });
    }
    for (const SignerSet& inner : set.multi_signers) members += satisfied(inner, message, signatures);
    return set.threshold > 0 && members >= set.threshold;
}

Bytes encode(const MintConfigTx& value) { return encode_config_tx(value); }
Bytes encode(const SignerSet& value) { return encode_signer_set(value); }
std::optional<MintConfigTx> decode_mint_config_tx(ByteView bytes) { return decode_config_tx(bytes); }
std::optional<SignerSet> decode_signer_set(ByteView bytes) { return decode_outer_signer_set(bytes); }

Bytes encode(const ValidatedMintConfigTx& value) {
    return WireWriter()
        .bytes(1, encode_config_tx(value.mint_config_tx))
        .bytes(2, encode_signer_set(value.signer_set))
        .take();
}

Bytes encode(const MintTx& value) {
    WireWriter prefix;
    prefix.varint_or_omit(1, value.prefix.token_id)
        .varint_or_omit(2, value.prefix.amount)
        .wrapped(3, value.prefix.view_public_key.view())
        .wrapped(4, value.prefix.spend_public_key.view())
        .bytes_or_omit(5, value.prefix.nonce)
        .varint_or_omit(6, value.prefix.tombstone_block);
    if (value.prefix.fog_hint) prefix.wrapped(7, value.prefix.fog_hint->view());
    return WireWriter().bytes(1, prefix.data()).bytes(2, encode_multi_sig(value.signature)).take();
}

Bytes encode(const ActiveMintConfigs& value) {
    WireWriter out;
    for (const ActiveMintConfigs::Entry& entry : value.configs)
        out.bytes(
            1,
            WireWriter().bytes(1, encode_config(entry.config)).varint_or_omit(2, entry.total_minted).data());
    out.bytes(2, encode_config_tx(value.mint_config_tx));
    return out.take();
}

std::optional<ValidatedMintConfigTx> decode_validated_mint_config_tx(ByteView bytes) {
    ValidatedMintConfigTx out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.mint_config_tx, nested(field, decode_config_tx));
        case 2:
            return take(out.signer_set, nested(field, decode_outer_signer_set));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<MintTx> decode_mint_tx(ByteView bytes) {
    MintTx out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.prefix, nested(field, decode_mint_prefix));
        case 2:
            return take(out.signature, nested(field, decode_multi_sig));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<ActiveMintConfigs> decode_active_mint_configs(ByteView bytes) {
    ActiveMintConfigs out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take_into(out.configs, nested(field, decode_active_entry));
        case 2:
            return take(out.mint_config_tx, nested(field, decode_config_tx));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

} // namespace engine::chain
