#include <gtest/gtest.h>

#include <numeric>

#include "engine/chain/crypto.hpp"

namespace engine::chain {
namespace {

class Counting final : public ByteSource {
public:
    void fill(std::span<std::uint8_t> out) override {
        for (auto& b : out) b = static_cast<std::uint8_t>(next_ = next_ * 167 + 13);
    }

private:
    std::uint32_t next_ = 1;
};

struct FastCryptoTest : testing::Test {
    const Crypto& crypto = fast_crypto();
    Counting rng;
    AccountKey alice = crypto.account_from_entropy({1});
    AccountKey bob = crypto.account_from_entropy({2});
};

TEST_F(FastCryptoTest, both_sides_of_an_exchange_meet) {
    const KeyPair a = crypto.random_key_pair(rng);
    const KeyPair b = crypto.random_key_pair(rng);
    EXPECT_EQ(crypto.exchange(a.secret, b.open), crypto.exchange(b.secret, a.open));
    PublicKey no_point;
    no_point.bytes[31] = 0x80;
    EXPECT_FALSE(crypto.exchange(a.secret, no_point));
}

TEST_F(FastCryptoTest, owner_opens_an_output_of_each_subaddress_and_nobody_else) {
    const SubaddressTable table = crypto.default_subaddresses(alice);
    for (std::uint64_t index : {default_subaddress, legacy_change_subaddress, change_subaddress}) {
        const TxOut out = crypto.create_output(rng, {.value = 15, .token_id = 1},
                                               crypto.subaddress(alice, index), FogHint{});
        const TxOutRecord record = crypto.make_record(out, GlobalIndex{3}, BlockIndex{2}, 7);
        const auto opened = crypto.open_output(alice, table, record);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->amount, (Amount{15, 1}));
        EXPECT_EQ(opened->subaddress, index);
        EXPECT_FALSE(crypto.open_output(bob, crypto.default_subaddresses(bob), record));
        TxOutRecord wrong = record;
        wrong.masked_value ^= 1;
        EXPECT_FALSE(crypto.open_output(alice, table, wrong)) << "checksum must catch a changed amount";
    }
}

TEST_F(FastCryptoTest, hint_opens_only_under_its_ingress_key) {
    const KeyPair ingress = crypto.random_key_pair(rng);
    const KeyPair other = crypto.random_key_pair(rng);
    const PublicKey view = crypto.subaddress(alice, 0).view_public;
    FogHint hint = *crypto.encrypt_hint(rng, ingress.open, view);
    EXPECT_EQ(crypto.decrypt_hint(ingress.secret, hint), view);
    EXPECT_FALSE(crypto.decrypt_hint(other.secret, hint));
    EXPECT_FALSE(crypto.decrypt_hint(ingress.secret, crypto.fake_hint(rng)));
    hint.bytes[5] ^= 1;
    EXPECT_FALSE(crypto.decrypt_hint(ingress.secret, hint));
}

TEST_F(FastCryptoTest, record_survives_the_box) {
    const TxOut out = crypto.create_output(rng, {.value = 4}, crypto.subaddress(alice, 0), FogHint{});
    const TxOutRecord record = crypto.make_record(out, GlobalIndex{9}, BlockIndex{8}, 77);
    const Bytes sealed = *crypto.seal_record(rng, crypto.subaddress(alice, 0).view_public, record);
    EXPECT_EQ(sealed.size(), 237u);
    EXPECT_EQ(crypto.open_record(crypto.subaddress_view_private(alice, 0), sealed), record);
    EXPECT_FALSE(crypto.open_record(crypto.subaddress_view_private(bob, 0), sealed));
    EXPECT_FALSE(crypto.open_record(crypto.subaddress_view_private(alice, 0), ByteView(sealed).first(100)));
}

} // namespace
} // namespace engine::chain
