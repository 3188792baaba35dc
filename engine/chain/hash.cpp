#include "engine/chain/hash.hpp"

#include <algorithm>
#include <vector>

#include <sodium.h>
#include <zlib.h>

#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

template <std::size_t N>
struct Blake2b {
    static constexpr std::size_t size = N;
    crypto_generichash_state state;

    Blake2b() { crypto_generichash_init(&state, nullptr, 0, N); }
    ~Blake2b() { wipe(&state, sizeof state); }
    void update(ByteView data) { crypto_generichash_update(&state, data.data(), data.size()); }
    std::array<std::uint8_t, N> finish() {
        std::array<std::uint8_t, N> out;
        crypto_generichash_final(&state, out.data(), out.size());
        return out;
    }
};

struct Sha512 {
    static constexpr std::size_t size = 64;
    crypto_hash_sha512_state state;

    Sha512() { crypto_hash_sha512_init(&state); }
    ~Sha512() { wipe(&state, sizeof state); }
    void update(ByteView data) { crypto_hash_sha512_update(&state, data.data(), data.size()); }
    std::array<std::uint8_t, 64> finish() {
        std::array<std::uint8_t, 64> out;
        crypto_hash_sha512_final(&state, out.data());
        return out;
    }
};

template <class Hash>
std::array<std::uint8_t, Hash::size> digest(Parts parts) {
    Hash hash;
    for (const ByteView part : parts) hash.update(part);
    return hash.finish();
}

// All three hashes have blocks of 128 bytes.
constexpr std::size_t block_size = 128;

template <class Hash>
std::array<std::uint8_t, Hash::size> hmac(ByteView key, Parts parts) {
    Secret<std::array<std::uint8_t, block_size>> pad;
    if (key.size() > block_size) {
        const auto short_key = digest<Hash>({key});
        std::copy(short_key.begin(), short_key.end(), pad->begin());
    } else {
        std::copy(key.begin(), key.end(), pad->begin());
    }
    for (std::uint8_t& byte : *pad) byte ^= 0x36;
    Hash inner;
    inner.update(*pad);
    for (const ByteView part : parts) inner.update(part);
    const auto inner_digest = inner.finish();
    for (std::uint8_t& byte : *pad) byte ^= 0x36 ^ 0x5c;
    return digest<Hash>({*pad, inner_digest});
}

template <class Hash>
void hkdf(ByteView salt, ByteView key_material, ByteView info, std::span<std::uint8_t> out) {
    using Block = std::array<std::uint8_t, Hash::size>;
    const Secret<Block> key(hmac<Hash>(salt, {key_material}));
    Secret<Block> block;
    ByteView previous;
    for (std::uint8_t counter = 1; !out.empty(); ++counter) {
        *block = hmac<Hash>(*key, {previous, info, ByteView(&counter, 1)});
        previous = *block;
        const std::size_t n = std::min(out.size(), Hash::size);
        std::copy_n(block->begin(), n, out.begin());
        out = out.subspan(n);
    }
}

} // namespace

Digest64 blake2b_512(Parts parts) { return digest<Blake2b<64>>(parts); }
Digest32 blake2b_256(Parts parts) { return digest<Blake2b<32>>(parts); }

Digest64 hmac_sha512(ByteView key, Parts parts) { return hmac<Sha512>(key, parts); }

void hkdf_sha512(ByteView salt, ByteView key_material, ByteView info, std::span<std::uint8_t> out) {
    hkdf<Sha512>(salt, key_material, info, out);
}
void hkdf_blake2b_512(ByteView salt, ByteView key_material, ByteView info, std::span<std::uint8_t> out) {
    hkdf<Blake2b<64>>(salt, key_material, info, out);
}
void hkdf_blake2b_256(ByteView salt, ByteView key_material, ByteView info, std::span<std::uint8_t> out) {
    hkdf<Blake2b<32>>(salt, key_material, info, out);
}

std::uint32_t crc32_iso(ByteView data) {
    return static_cast<std::uint32_t>(crc32_z(crc32_z(0, nullptr, 0), data.data(), data.size()));
}

} // namespace engine::chain
