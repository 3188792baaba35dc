#include "engine/chain/mint.hpp"

#include <gtest/gtest.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/testing/mutation.hpp"

namespace engine::chain {
namespace {

struct MintTest : testing::Test {
    Ed25519KeyPair a{Ed25519Seed{{1}}}, b{Ed25519Seed{{2}}}, c{Ed25519Seed{{3}}};
    const Bytes message{1, 2, 3};

    SignerSet nested_set() const {
        return {.individual_signers = {a.public_key()},
                .multi_signers = {{.individual_signers = {b.public_key(), c.public_key()},
                                   .multi_signers = {},
                                   .threshold = 1}},
                .threshold = 2};
    }
    MintTx mint_tx() const {
        MintTx tx{.prefix = {.token_id = 5,
                             .amount = 100,
                             .view_public_key = {},
                             .spend_public_key = {},
                             .nonce = Bytes(64, 7),
                             .tombstone_block = 9,
                             .fog_hint = std::nullopt},
                  .signature = {}};
        tx.signature.signatures = {a.sign(mint_prefix_hash(tx.prefix).view())};
        return tx;
    }
    ValidatedMintConfigTx config_tx() const {
        return {.mint_config_tx =
                    {.prefix = {.token_id = 5,
                                .configs = {{.token_id = 5, .signer_set = nested_set(), .mint_limit = 70}},
                                .nonce = Bytes(64, 1),
                                .tombstone_block = 4,
                                .total_mint_limit = 90},
                     .signature = {{a.sign(message)}}},
                .signer_set = nested_set()};
    }
};

TEST_F(MintTest, a_threshold_counts_members_not_signatures) {
    const SignerSet set = nested_set();
    EXPECT_FALSE(satisfied(set, message, {}));
    EXPECT_FALSE(satisfied(set, message, {{a.sign(message)}}));
    EXPECT_FALSE(satisfied(set, message, {{a.sign(message), a.sign(message)}}));
    EXPECT_FALSE(satisfied(set, message, {{b.sign(message), c.sign(message)}}))
        << "one nested set is one member";
    EXPECT_TRUE(satisfied(set, message, {{a.sign(message), c.sign(message)}}));
    EXPECT_FALSE(satisfied(set, Bytes{4}, {{a.sign(message), c.sign(message)}}));
    SignerSet twice{
        .individual_signers = {a.public_key(), a.public_key()}, .multi_signers = {}, .threshold = 2};
    EXPECT_FALSE(satisfied(twice, message, {{a.sign(message)}}));
    EXPECT_FALSE(satisfied({}, message, {})) << "an empty set allows nothing";
}

TEST_F(MintTest, bytes_round_trip_and_hostile_bytes_do_no_harm) {
    MintTx tx = mint_tx();
    tx.prefix.fog_hint = FogHint{};
    const ValidatedMintConfigTx config = config_tx();
    const ActiveMintConfigs active{.configs = {{config.mint_config_tx.prefix.configs[0], 3}},
                                   .mint_config_tx = config.mint_config_tx};
    EXPECT_EQ(decode_mint_tx(encode(tx)), tx);
    EXPECT_EQ(decode_validated_mint_config_tx(encode(config)), config);
    EXPECT_EQ(decode_active_mint_configs(encode(active)), active);

    Mutator mutate(3);
    for (int i = 0; i < 10000; ++i) {
        const auto read_tx = decode_mint_tx(mutate(encode(tx)));
        EXPECT_TRUE(!read_tx || decode_mint_tx(encode(*read_tx)) == read_tx);
        const auto read_config = decode_validated_mint_config_tx(mutate(encode(config)));
        EXPECT_TRUE(!read_config || decode_validated_mint_config_tx(encode(*read_config)) == read_config);
        const auto read_active = decode_active_mint_configs(mutate(encode(active)));
        EXPECT_TRUE(!read_active || decode_active_mint_configs(encode(*read_active)) == read_active);
    }
}

TEST_F(MintTest, an_absent_hint_is_left_out_of_the_digest) {
    MintTx without = mint_tx();
    MintTx with = without;
    with.prefix.fog_hint = FogHint{};
    EXPECT_NE(mint_prefix_hash(without.prefix), mint_prefix_hash(with.prefix));
    EXPECT_NE(digest32("x", without), digest32("x", with));
    EXPECT_NE(digest32("x", config_tx()), digest32("y", config_tx()));
}

} // namespace
} // namespace engine::chain
