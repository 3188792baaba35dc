#include "engine/chain/governors.hpp"

#include <gtest/gtest.h>

#include "engine/chain/hc128.hpp"
#include "engine/chain/hex.hpp"

namespace engine::chain {
namespace {

Ed25519PublicKey key(std::uint8_t byte) {
    Ed25519Seed seed;
    seed.bytes.fill(byte);
    return Ed25519KeyPair(seed).public_key();
}

/// The minting trust root of MobileCoin's test builds.
Ed25519KeyPair default_trust_root() {
    Hc128::Seed seed;
    seed.fill(0xab);
    Hc128 rng(seed);
    return Ed25519KeyPair::random(rng);
}

struct GovernorsTest : testing::Test {
    const SignerSet two_of_three{{key(1), key(2), key(3)}, {}, 2};
    const SignerSet one{{key(4)}, {}, 1};
    const SignerSet nested{{key(5)}, {{{key(1), key(2)}, {}, 2}, {{key(3), key(4)}, {}, 1}}, 2};
};

// The digests and signatures are MobileCoin 7.0.0's own answers.
TEST_F(GovernorsTest, the_digest_and_the_trust_roots_signature_are_upstreams) {
    struct Known {
        GovernorsMap governors;
        const char* digest;
        const char* signature;
    };
    const Known rows[] = {
        {{{1, two_of_three}, {2, one}},
         "51acd9ed46ea8ee99f4437885ae8880314834a639a4ae2de40b44c0f69cdb545",
         "7e4452ce846b0204b7b3fec60e4b2c9cd95701eb8d44096628d1831e0ef6a1ff"
         "b96eecc5694ef8f85e801d1dda53d481c3a98a068f069c54a536f5332f906d05"},
        {{{1, nested}},
         "d5d2b0e1e0e93f2db0eb4aa0715dab4fefd8a97ae1bdb393237d2c26bc6ab210",
         "096fba210a63b1091f3f07ee14636b648dae547d2f843e22518f48d7e7d819c4"
         "6f41476dc32fde2849e0d2535f1850940acbf99eeb1d83f1aa5ae34b5073eb0d"},
        {{},
         "b14e9160be28b8937e4dc8b0aee11442d475a40d540fb703f14642deff0832d9",
         "8939deaf9fa8bef3c1c32603236dfa5eb450086fcacf12d9722363a9653e873f"
         "b65cf3180031f59282f927dc1ce90399250043cb3d0399d452db6559b15c8904"},
    };
    const Ed25519KeyPair root = default_trust_root();
    for (const Known& row : rows) {
        EXPECT_EQ(to_hex(governors_hash(row.governors).view()), row.digest);
        const Ed25519Signature signature = sign_governors(root, row.governors);
        EXPECT_EQ(to_hex(signature.view()), row.signature);
        EXPECT_TRUE(governors_signed(root.public_key(), row.governors, signature));
    }
}

TEST_F(GovernorsTest, another_map_or_another_root_is_not_what_was_signed) {
    const Ed25519KeyPair root = default_trust_root();
    const GovernorsMap governors{{1, two_of_three}, {2, one}};
    const Ed25519Signature signature = sign_governors(root, governors);
    EXPECT_FALSE(governors_signed(key(1), governors, signature));
    EXPECT_FALSE(governors_signed(root.public_key(), {{1, two_of_three}}, signature));
    EXPECT_FALSE(governors_signed(root.public_key(), {{1, one}, {2, two_of_three}}, signature));
    EXPECT_FALSE(governors_signed(root.public_key(), {{1, two_of_three}, {3, one}}, signature));
    SignerSet laxer = two_of_three;
    laxer.threshold = 1;
    EXPECT_FALSE(governors_signed(root.public_key(), {{1, laxer}, {2, one}}, signature));
    Ed25519Signature broken = signature;
    broken.bytes[0] ^= 1;
    EXPECT_FALSE(governors_signed(root.public_key(), governors, broken));
}

} // namespace
} // namespace engine::chain
