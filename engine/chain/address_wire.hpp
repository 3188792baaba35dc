#pragma once

#include <optional>

#include "engine/chain/types.hpp"
#include "engine/chain/wire.hpp"

// Protobuf bytes of addresses and account keys: what `.pub` files and printable codes hold.
// @source account-keys/src/account_keys.rs

namespace engine::chain {

Bytes encode(const PublicAddress& address);
/// @return nothing when malformed, and when a key is missing or no point.  Upstream reads a missing key as
/// the
///         identity; nobody can use such an address.
std::optional<PublicAddress> decode_public_address(ByteView bytes);

/// The result holds private keys: wipe it after use.
Bytes encode(const AccountKey& account);
/// @return nothing when malformed, and when a key is missing or not below the group order
std::optional<AccountKey> decode_account_key(ByteView bytes);

} // namespace engine::chain
