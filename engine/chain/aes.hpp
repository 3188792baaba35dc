#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/chain/types.hpp"

namespace engine::chain {

using AesKey = std::array<std::uint8_t, 32>;
using GcmNonce = std::array<std::uint8_t, 12>;
using GcmTag = std::array<std::uint8_t, 16>;
using AesBlock = std::array<std::uint8_t, 16>;

/// AES-256-GCM, in place.
/// @param associated  authenticated with the data, not encrypted
GcmTag aes256_gcm_seal(const AesKey& key, const GcmNonce& nonce, std::span<std::uint8_t> data,
                       ByteView associated = {});
/// Decrypts in place.  @return false when the tag is wrong; `data` is then zeros
bool aes256_gcm_open(const AesKey& key, const GcmNonce& nonce, const GcmTag& tag,
                     std::span<std::uint8_t> data, ByteView associated = {});

/// AES-256 in counter mode, in place; its own inverse.  The last 8 bytes of `counter` count, big endian, and
/// wrap without touching the first 8 (OpenSSL's own counter mode would carry).
void aes256_ctr64(const AesKey& key, const AesBlock& counter, std::span<std::uint8_t> data);

} // namespace engine::chain
