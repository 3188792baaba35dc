#include <gtest/gtest.h>

#include "engine/chain/base64.hpp"
#include "engine/chain/ed25519.hpp"
#include "engine/chain/test_support.hpp"

namespace engine::chain {
namespace {

using test::hex;

// Seed and both keys as printed in MobileCoin's consensus enclave.
Ed25519KeyPair printed_key_pair() {
    test::SeededBytes rng(0xab);
    return Ed25519KeyPair::random(rng);
}

TEST(Ed25519Test, keys_follow_from_the_seed) {
    const Ed25519KeyPair keys = printed_key_pair();
    EXPECT_EQ(to_hex(keys.seed().view()), "a80fdc86eefbd207184e15a8c5fa018b17409aacc07d2094b74ea734aafe7840");
    EXPECT_EQ(to_base64(ed25519_spki(keys.public_key())),
              "MCowBQYDK2VwAyEAH0/mkneuI4Xp7Nnd5eQunqeQfvOYKmPZzkEYlQtpbjU=");
    EXPECT_EQ(pem("PRIVATE KEY", ed25519_pkcs8(keys.seed())),
              "-----BEGIN PRIVATE KEY-----\r\n"
              "MC4CAQAwBQYDK2VwBCIEIKgP3Ibu+9IHGE4VqMX6AYsXQJqswH0glLdOpzSq/nhA\r\n"
              "-----END PRIVATE KEY-----\r\n");
}

TEST(Ed25519Test, signs_as_rfc_8032) {
    // Test 2 of the RFC: one byte 72.
    const auto seed =
        fixed_from_hex<Ed25519Seed>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    const Ed25519KeyPair keys(*seed);
    EXPECT_EQ(to_hex(keys.public_key().view()),
              "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    EXPECT_EQ(to_hex(keys.sign(hex("72")).view()),
              "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Ed25519Test, verifies_strictly) {
    const Ed25519KeyPair keys = printed_key_pair();
    const Bytes message{1, 2, 3};
    Ed25519Signature signature = keys.sign(message);
    EXPECT_TRUE(ed25519_verify(keys.public_key(), message, signature));
    EXPECT_FALSE(ed25519_verify(keys.public_key(), Bytes{1, 2}, signature));
    // The identity as key and R makes every message verify in a lenient check.
    Ed25519PublicKey identity;
    identity.bytes[0] = 1;
    Ed25519Signature zero;
    zero.bytes[0] = 1;
    EXPECT_FALSE(ed25519_verify(identity, message, zero));
    signature.bytes[40] ^= 1;
    EXPECT_FALSE(ed25519_verify(keys.public_key(), message, signature));
}

TEST(Ed25519Test, pem_breaks_lines) {
    const std::string text = pem("X", Bytes(60), "\n");
    EXPECT_EQ(text, "-----BEGIN X-----\n" + std::string(64, 'A') + "\n" + std::string(16, 'A') +
                        "\n-----END X-----\n");
}

} // namespace
} // namespace engine::chain
