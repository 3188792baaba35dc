#include "engine/chain/amount.hpp"

#include <algorithm>

#include "engine/chain/bytes.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

AmountMask mask_v1(const SharedSecret& secret) {
    AmountMask mask;
    // The value mask is taken from the reduced scalar, the token mask from the raw hash.
    mask.value = load_little_endian<std::uint64_t>(Scalar::hash("mc_amount_value", {secret.view()}).bytes());
    mask.token_id =
        load_little_endian<std::uint64_t>(blake2b_512({as_bytes("mc_amount_token_id"), secret.view()}));
    mask.blinding = Scalar::hash("mc_amount_blinding", {secret.view()});
    return mask;
}

AmountMask mask_v2(ByteView amount_secret) {
    const auto derive = [amount_secret](std::string_view info, std::span<std::uint8_t> out) {
        hkdf_sha512(as_bytes("mc_amount_blinding_factors"), amount_secret, as_bytes(info), out);
    };
    std::array<std::uint8_t, 8> word{};
    AmountMask mask;
    derive("mc_amount_value", word);
    mask.value = load_little_endian<std::uint64_t>(word);
    derive("mc_amount_token_id", word);
    mask.token_id = load_little_endian<std::uint64_t>(word);
    Secret<Digest64> blinding;
    derive("mc_amount_blinding", *blinding);
    mask.blinding = Scalar::wide(*blinding);
    return mask;
}

std::optional<OpenedAmount> open_by_mask(const MaskedAmount& masked, const AmountMask& mask) {
    const auto amount = unmask_amount(masked.version, masked.masked_value, masked.masked_token_id, mask);
    if (!amount || commit(*amount, mask.blinding) != masked.commitment) return std::nullopt;
    return OpenedAmount{*amount, mask.blinding};
}

} // namespace

Secret<Digest32> amount_secret(const SharedSecret& secret) {
    const Secret<Digest64> hash(blake2b_512({as_bytes("mc_amount_shared_secret"), secret.view()}));
    Secret<Digest32> out;
    std::copy_n(hash->begin(), out->size(), out->begin());
    return out;
}

AmountMask AmountMask::from(MaskedAmount::Version version, const SharedSecret& secret) {
    return version == MaskedAmount::Version::v1 ? mask_v1(secret) : mask_v2(*amount_secret(secret));
}

MaskedAmount mask_amount(MaskedAmount::Version version, Amount amount, const SharedSecret& secret,
                         TokenField tokens) {
    const AmountMask mask = AmountMask::from(version, secret);
    MaskedAmount masked;
    masked.version = version;
    masked.commitment = commit(amount, mask.blinding);
    masked.masked_value = amount.value ^ mask.value;
    if (tokens == TokenField::present) {
        const auto token = little_endian(amount.token_id ^ mask.token_id);
        masked.masked_token_id.assign(token.begin(), token.end());
    }
    return masked;
}

std::optional<Amount> unmask_amount(MaskedAmount::Version version, std::uint64_t masked_value,
                                    ByteView masked_token_id, const AmountMask& mask) {
    Amount amount;
    amount.value = masked_value ^ mask.value;
    if (masked_token_id.size() == 8)
        amount.token_id = load_little_endian<std::uint64_t>(masked_token_id) ^ mask.token_id;
    else if (!masked_token_id.empty() || version != MaskedAmount::Version::v1)
        return std::nullopt;
    return amount;
}

std::optional<OpenedAmount> open_amount(const MaskedAmount& masked, const SharedSecret& secret) {
    return open_by_mask(masked, AmountMask::from(masked.version, secret));
}

std::optional<OpenedAmount> open_amount_by_secret(const MaskedAmount& masked, ByteView amount_secret) {
    if (masked.version != MaskedAmount::Version::v2 || amount_secret.size() != 32) return std::nullopt;
    return open_by_mask(masked, mask_v2(amount_secret));
}

std::uint32_t commitment_crc32(const Commitment& commitment) { return crc32_iso(commitment.view()); }

} // namespace engine::chain
