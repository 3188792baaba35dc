#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "engine/chain/ristretto.hpp"
#include "engine/chain/types.hpp"

// The arithmetic of the cheap cryptography: hashing is a few multiplications, and nothing is secret.

namespace engine::chain::fast {

using Lanes = std::array<std::uint64_t, 4>;

constexpr std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ULL;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ULL;
    x ^= x >> 32;
    return x;
}

// Integers in byte strings are little endian on every machine.
inline std::uint64_t load64(const std::uint8_t* p) {
    std::uint64_t v;
    std::memcpy(&v, p, 8);
    if constexpr (std::endian::native == std::endian::big) v = __builtin_bswap64(v);
    return v;
}
inline void store64(std::uint8_t* p, std::uint64_t v) {
    if constexpr (std::endian::native == std::endian::big) v = __builtin_bswap64(v);
    std::memcpy(p, &v, 8);
}

template <class Tag>
Lanes lanes(const FixedBytes<Tag, 32>& b) {
    return {load64(b.bytes.data()), load64(b.bytes.data() + 8), load64(b.bytes.data() + 16),
            load64(b.bytes.data() + 24)};
}
template <class Fixed>
Fixed from_lanes(const Lanes& l) {
    Fixed out;
    for (std::size_t i = 0; i < 4; ++i) store64(out.bytes.data() + 8 * i, l[i]);
    return out;
}

/// 64 bits that depend on every input lane.
inline std::uint64_t digest(std::uint64_t tag, const Lanes& a, const Lanes& b = {}) {
    std::uint64_t h = mix(tag ^ 0x9e3779b97f4a7c15ULL);
    for (std::uint64_t v : a) h = (std::rotl(h, 23) ^ v) * 0x9fb21c651e98df25ULL;
    for (std::uint64_t v : b) h = (std::rotl(h, 23) ^ v) * 0x9fb21c651e98df25ULL;
    return mix(h);
}
inline Lanes expand(std::uint64_t h) { return {mix(h + 1), mix(h + 2), mix(h + 3), mix(h + 4)}; }

// A key is "a point" when its top bit is clear; public keys are their secrets behind a fixed pad.
inline constexpr std::uint64_t top_bit = 1ULL << 63;
inline constexpr Lanes pad{0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL, 0xa4093822299f31d0ULL,
                           0x082efa98ec4e6c89ULL};

inline PrivateKey scalar(Lanes l) {
    l[3] &= ~top_bit;
    return from_lanes<PrivateKey>(l);
}

enum Tag : std::uint64_t {
    tag_exchange = 1,
    tag_hint,
    tag_record,
    tag_onetime,
    tag_amount,
    tag_token,
    tag_commitment,
    tag_crc,
    tag_image,
    tag_sub_view,
    tag_sub_spend,
    tag_view,
    tag_spend,
    tag_rng,
    tag_mac,
    tag_blinding,
    tag_generator,
    tag_onetime_private,
    tag_tx_out,
    tag_tx,
    tag_prefix,
    tag_leaf,
    tag_node,
    tag_message,
    tag_rules,
    tag_ring,
    tag_range,
    tag_amount_secret,
};

inline std::uint32_t checksum(const Commitment& commitment) {
    return static_cast<std::uint32_t>(digest(tag_crc, lanes(commitment)));
}

/// A number below 2^252: any four lanes, cut.
inline Scalar fast_scalar(Lanes l) {
    l[3] &= ~std::uint64_t{0} >> 4;
    return Scalar::parse(from_lanes<PrivateKey>(l)).value();
}
/// Carries the value in commitments to amounts of a token.
inline Scalar value_number(std::uint64_t token_id) {
    return fast_scalar(expand(digest(tag_generator, {token_id, 0, 0, 0})));
}
/// Sums of commitments are commitments to sums, as in the real group; whoever wants can open one to anything.
inline Commitment fast_commit(Amount amount, const Scalar& blinding) {
    Commitment out;
    out.bytes = (Scalar::from_u64(amount.value) * value_number(amount.token_id) + blinding).bytes();
    return out;
}

/// What opens the amount of an output, and nothing else of it.
inline std::uint64_t amount_seed(const SharedSecret& secret) {
    return digest(tag_amount_secret, lanes(secret));
}
struct FastMask {
    std::uint64_t value = 0;
    std::uint64_t token_id = 0;
    Scalar blinding;
};
inline FastMask mask_of(std::uint64_t amount_seed) {
    const Lanes seed{amount_seed, 0, 0, 0};
    return {digest(tag_amount, seed), digest(tag_token, seed),
            fast_scalar(expand(digest(tag_blinding, seed)))};
}

/// Its own inverse: hides a subaddress spend key in a target key and back.
inline PublicKey onetime(const PublicKey& key, const SharedSecret& secret) {
    Lanes l = lanes(key);
    const Lanes mask = expand(digest(tag_onetime, lanes(secret)));
    for (std::size_t i = 0; i < 4; ++i) l[i] ^= mask[i];
    l[3] ^= mask[3] & top_bit; // keep the key a point
    return from_lanes<PublicKey>(l);
}

/// Everybody can tell what spends an output with this target key.
inline Scalar onetime_private(const PublicKey& target_key) {
    return fast_scalar(expand(digest(tag_onetime_private, lanes(target_key))));
}
inline KeyImage image_of(const Scalar& onetime_private) {
    Lanes l = expand(digest(tag_image, lanes(onetime_private.key())));
    l[3] &= ~top_bit;
    return from_lanes<KeyImage>(l);
}

} // namespace engine::chain::fast
