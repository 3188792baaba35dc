#pragma once

#include <cstdint>
#include <map>

#include "engine/chain/mint.hpp"

// Who governs the tokens of a network is signed as a whole by its minting trust root.

namespace engine::chain {

/// The governors of each token that is minted, by token id.
using GovernorsMap = std::map<std::uint64_t, SignerSet>;

/// What the trust root signs.
Hash32 governors_hash(const GovernorsMap& governors);
Ed25519Signature sign_governors(const Ed25519KeyPair& trust_root, const GovernorsMap& governors);
/// @return whether the owner of `trust_root` signed just these governors
bool governors_signed(const Ed25519PublicKey& trust_root, const GovernorsMap& governors,
                      const Ed25519Signature& signature);

} // namespace engine::chain
