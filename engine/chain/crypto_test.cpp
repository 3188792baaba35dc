#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/chain/crypto.hpp"
#include "engine/chain/test_support.hpp"

// What both implementations promise through the interface.  A world may swap one for the other, so they must
// agree on sizes, on who can open what, and on what is refused.

namespace engine::chain {
namespace {

struct CryptoTest : testing::TestWithParam<const Crypto*> {
    const Crypto& crypto = *GetParam();
    test::SeededBytes rng{1};
    AccountKey alice = crypto.account_from_entropy({1});
    AccountKey bob = crypto.account_from_entropy({2});
};

INSTANTIATE_TEST_SUITE_P(Both, CryptoTest, testing::Values(&fast_crypto(), &ristretto_crypto()),
                         [](const auto& which) { return std::string(which.param->name()); });

PublicKey no_point() {
    PublicKey key;
    key.bytes.fill(0xff);
    return key;
}

TEST_P(CryptoTest, both_sides_of_an_exchange_meet) {
    const KeyPair a = crypto.random_key_pair(rng);
    const KeyPair b = crypto.random_key_pair(rng);
    EXPECT_EQ(crypto.public_key(a.secret), a.open);
    EXPECT_TRUE(crypto.is_valid(a.open));
    EXPECT_EQ(crypto.exchange(a.secret, b.open), crypto.exchange(b.secret, a.open));
    EXPECT_NE(crypto.exchange(a.secret, b.open), crypto.exchange(a.secret, a.open));
    EXPECT_FALSE(crypto.exchange(a.secret, no_point()));
    EXPECT_FALSE(crypto.is_valid(no_point()));
}

TEST_P(CryptoTest, subaddresses_differ_and_match_their_private_keys) {
    const SubaddressTable table = crypto.default_subaddresses(alice);
    ASSERT_EQ(table.entries.size(), 3u);
    const std::uint64_t expected[] = {default_subaddress, legacy_change_subaddress, change_subaddress};
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(table.entries[i].index, expected[i]);
        const PublicAddress address = crypto.subaddress(alice, expected[i]);
        EXPECT_EQ(address.spend_public, table.entries[i].spend_public);
        EXPECT_EQ(address.view_public, crypto.public_key(crypto.subaddress_view_private(alice, expected[i])));
        EXPECT_TRUE(crypto.is_valid(address.view_public) && crypto.is_valid(address.spend_public));
    }
    EXPECT_NE(table.entries[0].spend_public, table.entries[1].spend_public);
    EXPECT_FALSE(table.find(crypto.subaddress(bob, 0).spend_public));
}

TEST_P(CryptoTest, owner_opens_an_output_of_each_subaddress_and_nobody_else) {
    const SubaddressTable table = crypto.default_subaddresses(alice);
    std::vector<KeyImage> images;
    for (const auto& entry : table.entries) {
        const TxOut out = crypto.create_output(rng, {.value = 15, .token_id = 1},
                                               crypto.subaddress(alice, entry.index), FogHint{});
        ASSERT_TRUE(out.masked_amount && out.memo);
        EXPECT_EQ(out.masked_amount->version, MaskedAmount::Version::v2);
        EXPECT_EQ(out.masked_amount->masked_token_id.size(), 8u);
        const TxOutRecord record = crypto.make_record(out, GlobalIndex{3}, BlockIndex{2}, 7);
        const auto opened = crypto.open_output(alice, table, record);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->amount, (Amount{15, 1}));
        EXPECT_EQ(opened->subaddress, entry.index);
        images.push_back(opened->key_image);
        EXPECT_EQ(crypto.open_output(alice, table, record)->key_image, opened->key_image);
        EXPECT_FALSE(crypto.open_output(bob, crypto.default_subaddresses(bob), record));
        EXPECT_FALSE(crypto.open_output(alice, SubaddressTable{}, record));
        TxOutRecord wrong = record;
        wrong.masked_value ^= 1;
        EXPECT_FALSE(crypto.open_output(alice, table, wrong));
        wrong = record;
        wrong.masked_token_id[0] ^= 1;
        EXPECT_FALSE(crypto.open_output(alice, table, wrong));
        wrong = record;
        wrong.commitment_crc32 ^= 1;
        EXPECT_FALSE(crypto.open_output(alice, table, wrong));
        wrong = record;
        wrong.public_key = no_point();
        EXPECT_FALSE(crypto.open_output(alice, table, wrong));
        wrong = record;
        wrong.commitment = out.masked_amount->commitment;
        wrong.commitment_crc32 = 0;
        EXPECT_TRUE(crypto.open_output(alice, table, wrong))
            << "an old record's commitment replaces the checksum";
    }
    EXPECT_NE(images[0], images[1]);
    EXPECT_NE(images[1], images[2]);
}

TEST_P(CryptoTest, hint_opens_only_unchanged_and_under_its_ingress_key) {
    const KeyPair ingress = crypto.random_key_pair(rng);
    const PublicKey view = crypto.subaddress(alice, 0).view_public;
    const FogHint hint = *crypto.encrypt_hint(rng, ingress.open, view);
    EXPECT_EQ(hint.bytes[82], 1);
    EXPECT_EQ(hint.bytes[83], 0);
    EXPECT_EQ(crypto.decrypt_hint(ingress.secret, hint), view);
    EXPECT_FALSE(crypto.decrypt_hint(crypto.random_key_pair(rng).secret, hint));
    EXPECT_FALSE(crypto.decrypt_hint(ingress.secret, crypto.fake_hint(rng)));
    EXPECT_FALSE(crypto.decrypt_hint(ingress.secret, FogHint{}));
    EXPECT_FALSE(crypto.encrypt_hint(rng, no_point(), view));
    EXPECT_EQ(crypto.decrypt_hint(ingress.secret, *crypto.encrypt_hint(rng, ingress.open, no_point())),
              no_point());
    for (const std::size_t at : {0u, 33u, 34u, 66u, 81u, 82u, 83u}) {
        FogHint bad = hint;
        bad.bytes[at] ^= 1;
        EXPECT_FALSE(crypto.decrypt_hint(ingress.secret, bad)) << at;
    }
}

TEST_P(CryptoTest, record_opens_only_unchanged_and_for_its_owner) {
    const TxOut out = crypto.create_output(rng, {.value = 4}, crypto.subaddress(alice, 0), FogHint{});
    const TxOutRecord record = crypto.make_record(out, GlobalIndex{9}, BlockIndex{8}, 77);
    const Bytes sealed = *crypto.seal_record(rng, crypto.subaddress(alice, 0).view_public, record);
    EXPECT_EQ(sealed.size(), 237u);
    const PrivateKey key = crypto.subaddress_view_private(alice, 0);
    EXPECT_EQ(crypto.open_record(key, sealed), record);
    EXPECT_FALSE(crypto.open_record(crypto.subaddress_view_private(bob, 0), sealed));
    EXPECT_FALSE(crypto.seal_record(rng, no_point(), record));
    for (std::size_t n = 0; n < sealed.size(); n += 9)
        EXPECT_FALSE(crypto.open_record(key, ByteView(sealed).first(n)));
    for (std::size_t i = 0; i < sealed.size(); i += 5) {
        Bytes bad = sealed;
        bad[i] ^= 1;
        EXPECT_FALSE(crypto.open_record(key, bad)) << i;
    }
    Bytes longer = sealed;
    longer.insert(longer.end(), 18, 0); // as in the fixed 255 byte search result
    EXPECT_FALSE(crypto.open_record(key, longer));
}

TEST_P(CryptoTest, search_keys_follow_secret_and_counter) {
    const KeyPair user = crypto.random_key_pair(rng);
    const KeyPair egress = crypto.random_key_pair(rng);
    const SharedSecret secret = *crypto.exchange(user.secret, egress.open);
    EXPECT_EQ(crypto.rng_output(secret, 3), crypto.rng_output(*crypto.exchange(egress.secret, user.open), 3));
    EXPECT_NE(crypto.rng_output(secret, 3), crypto.rng_output(secret, 4));
    SharedSecret other = secret;
    other.bytes[0] ^= 1;
    EXPECT_NE(crypto.rng_output(secret, 3), crypto.rng_output(other, 3));
}

TEST_P(CryptoTest, every_random_byte_comes_from_the_source) {
    const auto story = [this] {
        test::SeededBytes same(9);
        const KeyPair ingress = crypto.random_key_pair(same);
        const FogHint hint = *crypto.encrypt_hint(same, ingress.open, ingress.open);
        const TxOut out = crypto.create_output(same, {.value = 4}, crypto.subaddress(alice, 0), hint);
        const auto record = crypto.make_record(out, GlobalIndex{0}, BlockIndex{1}, 2);
        return std::pair(out, *crypto.seal_record(same, ingress.open, record));
    };
    EXPECT_EQ(story(), story());
}

TEST_P(CryptoTest, hostile_records_and_hints_never_open) {
    // Nothing here opens except by forging a 128-bit tag.
    for (int i = 0; i < 200; ++i) {
        Bytes bytes(rng.below(300));
        rng.fill(bytes);
        if (bytes.size() >= 50) {
            bytes[bytes.size() - 2] = 1;
            bytes[bytes.size() - 1] = 0;
        }
        EXPECT_FALSE(crypto.open_record(alice.view_private, bytes));
        FogHint hint;
        rng.fill(hint.bytes);
        hint.bytes[82] = 1;
        hint.bytes[83] = 0;
        EXPECT_FALSE(crypto.decrypt_hint(alice.view_private, hint));
        TxOutRecord record;
        rng.fill(record.target_key.bytes);
        rng.fill(record.public_key.bytes);
        record.masked_token_id.resize(rng.below(12));
        EXPECT_FALSE(crypto.open_output(alice, crypto.default_subaddresses(alice), record));
    }
}

/// What a wallet can tell about a payment, whichever cryptography made it.
struct Seen {
    std::optional<Amount> by_recipient;
    std::optional<std::uint64_t> subaddress;
    bool by_stranger = false;
    bool hint_opens = false;
    std::size_t payload_size = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
};

Seen pay(const Crypto& crypto, Amount amount, std::uint64_t index, std::uint8_t seed, bool damage) {
    test::SeededBytes rng(seed);
    std::array<std::uint8_t, 32> entropy{};
    rng.fill(entropy);
    const AccountKey owner = crypto.account_from_entropy(entropy);
    rng.fill(entropy);
    const AccountKey stranger = crypto.account_from_entropy(entropy);
    const KeyPair ingress = crypto.random_key_pair(rng);
    const PublicAddress address = crypto.subaddress(owner, index);
    const FogHint hint = *crypto.encrypt_hint(rng, ingress.open, address.view_public);
    TxOut out = crypto.create_output(rng, amount, address, hint);
    if (damage) out.masked_amount->masked_value ^= 1;
    const TxOutRecord record = crypto.make_record(out, GlobalIndex{1}, BlockIndex{1}, 1);
    const Bytes sealed = *crypto.seal_record(rng, address.view_public, record);
    Seen seen;
    seen.payload_size = sealed.size();
    seen.hint_opens = crypto.decrypt_hint(ingress.secret, hint) == address.view_public;
    const auto unsealed = crypto.open_record(crypto.subaddress_view_private(owner, index), sealed);
    const auto opened =
        unsealed ? crypto.open_output(owner, crypto.default_subaddresses(owner), *unsealed) : std::nullopt;
    if (opened) {
        seen.by_recipient = opened->amount;
        seen.subaddress = opened->subaddress;
    }
    seen.by_stranger =
        crypto.open_output(stranger, crypto.default_subaddresses(stranger), record).has_value();
    return seen;
}

RC_GTEST_PROP(CryptoPropertyTest, both_implementations_tell_the_same_story,
              (std::uint64_t value, std::uint8_t seed, bool damage)) {
    const auto token = *rc::gen::element<std::uint64_t>(0u, 1u, 8192u, ~std::uint64_t{0});
    const std::uint64_t unwatched = 5;
    const auto index =
        *rc::gen::element(default_subaddress, legacy_change_subaddress, change_subaddress, unwatched);
    const Seen fast = pay(fast_crypto(), {value, token}, index, seed, damage);
    const Seen real = pay(ristretto_crypto(), {value, token}, index, seed, damage);
    RC_ASSERT(fast == real);
    RC_ASSERT(real.by_recipient.has_value() == (index != unwatched && !damage));
    RC_ASSERT(real.hint_opens && !real.by_stranger);
}

} // namespace
} // namespace engine::chain
