#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/chain/hash.hpp"
#include "engine/chain/secret.hpp"
#include "engine/chain/types.hpp"

// BIP-39 with the English word list and the empty passphrase, and SLIP-10 on top of it.

namespace engine::chain {

/// @param entropy  16, 20, 24, 28 or 32 bytes
/// @return 12, 15, 18, 21 or 24 words joined by blanks; nothing for other lengths
std::optional<std::string> mnemonic_from_entropy(ByteView entropy);

/// Words may be separated by any white space.
/// @return nothing for a wrong word count, an unknown word or a wrong checksum
std::optional<Bytes> entropy_from_mnemonic(std::string_view phrase);

/// The 32 bytes at m/44'/866'/account' of the SLIP-10 ed25519 tree of the phrase's seed: key material for the
/// account keys, never an Ed25519 key itself.  The top bit of `account_index` is ignored.
/// @return nothing when the phrase is no mnemonic
/// @source core/src/slip10/mod.rs
std::optional<Secret<Digest32>> slip10_key(std::string_view phrase, std::uint32_t account_index);

} // namespace engine::chain
