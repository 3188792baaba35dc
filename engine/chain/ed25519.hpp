#pragma once

#include <string>

#include "engine/chain/crypto.hpp"
#include "engine/chain/types.hpp"

// Ed25519 (RFC 8032): what nodes sign blocks, metadata and reports with.

namespace engine::chain {

using Ed25519Seed = FixedBytes<struct Ed25519SeedTag, 32>;
using Ed25519PublicKey = FixedBytes<struct Ed25519PublicKeyTag, 32>;
using Ed25519Signature = FixedBytes<struct Ed25519SignatureTag, 64>;

/// The private half is the RFC 8032 seed; overwritten when destroyed.
class Ed25519KeyPair {
public:
    explicit Ed25519KeyPair(const Ed25519Seed& seed);
    /// Draws 32 bytes.
    static Ed25519KeyPair random(ByteSource& rng);
    Ed25519KeyPair(const Ed25519KeyPair&) = default;
    Ed25519KeyPair& operator=(const Ed25519KeyPair&) = default;
    ~Ed25519KeyPair();

    const Ed25519Seed& seed() const { return seed_; }
    const Ed25519PublicKey& public_key() const { return public_key_; }
    Ed25519Signature sign(ByteView message) const;

private:
    Ed25519Seed seed_;
    Ed25519PublicKey public_key_;
};

/// Strict: refuses keys and signatures with small-order points, and non-canonical s.
bool ed25519_verify(const Ed25519PublicKey& key, ByteView message, const Ed25519Signature& signature);

/// PKCS#8 DER of a private key: 48 bytes.
Bytes ed25519_pkcs8(const Ed25519Seed& seed);
/// SubjectPublicKeyInfo DER of a public key: 44 bytes.
Bytes ed25519_spki(const Ed25519PublicKey& key);

/// PEM with 64 base64 characters a line and the given line end.
std::string pem(const std::string& label, ByteView der, const char* line_end = "\r\n");

} // namespace engine::chain
