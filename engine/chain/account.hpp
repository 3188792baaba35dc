#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "engine/chain/hash.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/types.hpp"

// Account keys, their subaddresses and what a public address says about fog.
// @source core/src/subaddress.rs, core/src/slip10/mod.rs,
// account-keys/src/{account_keys,identity,burn_address}.rs

namespace engine::chain {

using ShortAddressHash = FixedBytes<struct ShortAddressHashTag, 16>;

inline constexpr std::uint64_t gift_code_subaddress = 0xffff'ffff'ffff'fffdULL;
inline constexpr std::uint64_t invalid_subaddress = 0xffff'ffff'ffff'ffffULL;

/// Both private keys from 32 bytes of SLIP-10 key material; no fog.
AccountKey account_from_slip10_key(const Digest32& key);
/// @return nothing when the phrase is no English BIP-39 mnemonic
std::optional<AccountKey> account_from_mnemonic(std::string_view phrase, std::uint32_t account_index = 0);
/// The older derivation from root entropy; no fog.
AccountKey account_from_root_entropy(const std::array<std::uint8_t, 32>& entropy);
/// Draws the spend key first, then the view key.
AccountKey random_account(ByteSource& rng);
/// Overwrites both private keys.
void wipe_keys(AccountKey& account);

/// Non-canonical private keys in `account` are reduced.
Scalar subaddress_spend_scalar(const AccountKey& account, std::uint64_t index);
Scalar subaddress_view_scalar(const AccountKey& account, std::uint64_t index);

/// With a fog report URL the address also carries the authority signature.
PublicAddress make_subaddress(const AccountKey& account, std::uint64_t index);
/// Sender's check: the address vouches for the root certificate with this SubjectPublicKeyInfo.
bool verify_fog_authority(const PublicAddress& address, ByteView root_spki);

/// Where tokens go to be destroyed: everybody can see its outputs, nobody can spend them.
PublicAddress burn_address();

/// What memos name an address by: first half of its digest.
ShortAddressHash short_address_hash(const PublicAddress& address);

} // namespace engine::chain
