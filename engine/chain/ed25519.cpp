#include "engine/chain/ed25519.hpp"

#include <algorithm>

#include <sodium.h>

#include "engine/chain/base64.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

constexpr std::array<std::uint8_t, 16> pkcs8_header{0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                                    0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
constexpr std::array<std::uint8_t, 12> spki_header{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

// Sized before it is filled: GCC 12.2 at -O3 sees an overread in a vector that is built from the header and
// then extended.
Bytes joined(ByteView header, ByteView key) {
    Bytes out(header.size() + key.size());
    std::copy(key.begin(), key.end(), std::copy(header.begin(), header.end(), out.begin()));
    return out;
}

} // namespace

Ed25519KeyPair::Ed25519KeyPair(const Ed25519Seed& seed) : seed_(seed) {
    Secret<std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES>> expanded;
    crypto_sign_seed_keypair(public_key_.bytes.data(), expanded->data(), seed_.bytes.data());
}

Ed25519KeyPair Ed25519KeyPair::random(ByteSource& rng) {
    Secret<Ed25519Seed> seed;
    rng.fill(seed->bytes);
    return Ed25519KeyPair(*seed);
}

Ed25519KeyPair::~Ed25519KeyPair() { wipe(seed_.bytes); }

Ed25519Signature Ed25519KeyPair::sign(ByteView message) const {
    // libsodium's secret key is the seed followed by the public key.
    Secret<std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES>> expanded;
    std::copy(seed_.bytes.begin(), seed_.bytes.end(), expanded->begin());
    std::copy(public_key_.bytes.begin(), public_key_.bytes.end(), expanded->begin() + 32);
    Ed25519Signature out;
    crypto_sign_detached(out.bytes.data(), nullptr, message.data(), message.size(), expanded->data());
    return out;
}

bool ed25519_verify(const Ed25519PublicKey& key, ByteView message, const Ed25519Signature& signature) {
    return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                       key.bytes.data()) == 0;
}

Bytes ed25519_pkcs8(const Ed25519Seed& seed) { return joined(pkcs8_header, seed.view()); }

Bytes ed25519_spki(const Ed25519PublicKey& key) { return joined(spki_header, key.view()); }

std::string pem(const std::string& label, ByteView der, const char* line_end) {
    std::string out = "-----BEGIN " + label + "-----" + line_end;
    const std::string body = to_base64(der);
    for (std::size_t at = 0; at < body.size(); at += 64) out += body.substr(at, 64) + line_end;
    return out + "-----END " + label + "-----" + line_end;
}

} // namespace engine::chain
