#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "engine/chain/types.hpp"

// Hashing and key derivation as upstream composes them.  Parts are hashed one after the other, as if joined.

namespace engine::chain {

using Digest32 = std::array<std::uint8_t, 32>;
using Digest64 = std::array<std::uint8_t, 64>;
using Parts = std::initializer_list<ByteView>;

/// Unkeyed BLAKE2b with a 64-byte result.
Digest64 blake2b_512(Parts parts);
/// Unkeyed BLAKE2b with a 32-byte result: its own parameter block, not the first half of blake2b_512.
Digest32 blake2b_256(Parts parts);

Digest64 hmac_sha512(ByteView key, Parts parts);

/// RFC 5869.  An empty `salt` is the same as hash-length zero bytes.  `out` is at most 255 hashes long.
void hkdf_sha512(ByteView salt, ByteView key_material, ByteView info, std::span<std::uint8_t> out);
/// The same over HMAC with BLAKE2b-512: block 128 bytes, hash 64 bytes.  Not BLAKE2b's own keyed mode.
void hkdf_blake2b_512(ByteView salt, ByteView key_material, ByteView info, std::span<std::uint8_t> out);
/// The same over HMAC with BLAKE2b-256: block 128 bytes, hash 32 bytes.
void hkdf_blake2b_256(ByteView salt, ByteView key_material, ByteView info, std::span<std::uint8_t> out);

/// CRC-32/ISO-HDLC: the one of zip and Ethernet.
std::uint32_t crc32_iso(ByteView data);

} // namespace engine::chain
