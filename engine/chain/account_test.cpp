#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sodium.h>

#include "engine/chain/account.hpp"
#include "engine/chain/account_file.hpp"
#include "engine/chain/address_wire.hpp"
#include "engine/chain/bip39_words.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/memo.hpp"
#include "engine/chain/mnemonic.hpp"
#include "engine/chain/printable.hpp"
#include "engine/chain/test_support.hpp"

namespace engine::chain {
namespace {

using test::fixed;
using test::hex;
using test::Json;

const Json& sample_keys() {
    static const Json data = test::test_data("sample_keys.json");
    return data;
}

AccountKey with_fog(AccountKey account) {
    account.fog_report_url = "insecure-fog://localhost:6200";
    for (std::uint8_t i = 0; i < 32; ++i) account.fog_authority_spki.push_back(i);
    return account;
}

TEST(MnemonicTest, word_list_has_the_published_checksum) {
    std::string joined;
    for (const std::string_view word : bip39_words()) joined += std::string(word) + "\n";
    std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash;
    crypto_hash_sha256(hash.data(), as_bytes(joined).data(), joined.size());
    EXPECT_EQ(to_hex(hash), "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
}

TEST(MnemonicTest, entropy_of_the_standard) {
    EXPECT_EQ(
        mnemonic_from_entropy(Bytes(16)),
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about");
    EXPECT_EQ(mnemonic_from_entropy(Bytes(16, 0x7f)),
              "legal winner thank year wave sausage worth useful legal winner thank yellow");
    for (const std::size_t size : {0u, 15u, 17u, 33u, 36u}) EXPECT_FALSE(mnemonic_from_entropy(Bytes(size)));
}

TEST(MnemonicTest, refuses_what_is_no_phrase) {
    const std::string good = *mnemonic_from_entropy(Bytes(16, 0x7f));
    EXPECT_EQ(entropy_from_mnemonic(
                  "  legal winner\tthank year wave sausage worth useful legal winner thank\nyellow "),
              Bytes(16, 0x7f));
    EXPECT_FALSE(entropy_from_mnemonic(""));
    EXPECT_FALSE(entropy_from_mnemonic(good + " yellow"));
    EXPECT_FALSE(entropy_from_mnemonic(good.substr(0, good.size() - 1))) << "unknown word";
    EXPECT_FALSE(
        entropy_from_mnemonic("legal winner thank year wave sausage worth useful legal winner thank thank"));
    EXPECT_FALSE(slip10_key("no phrase", 0));
}

RC_GTEST_PROP(MnemonicTest, phrase_and_entropy_are_inverse, (std::uint64_t seed)) {
    Bytes entropy(*rc::gen::element<std::size_t>(16u, 20u, 24u, 28u, 32u));
    for (std::size_t i = 0; i < entropy.size(); ++i)
        entropy[i] = static_cast<std::uint8_t>(seed >> (i % 8 * 8)) ^ static_cast<std::uint8_t>(i / 8);
    const auto phrase = mnemonic_from_entropy(entropy);
    RC_ASSERT(entropy_from_mnemonic(*phrase) == entropy);
}

// Computed values of our own; upstream's files hold others, and CopiedFilesTest judges those where they are.
TEST(AccountTest, keys_of_a_root_entropy_and_of_a_phrase) {
    std::array<std::uint8_t, 32> entropy;
    entropy.fill(0x2a);
    const AccountKey old = account_from_root_entropy(entropy);
    EXPECT_EQ(to_hex(old.view_private.view()),
              "bbdf7583aaf866827ecf8a9bcb1b5d3ea0ded4a4ce021c2db5d893680c7cfe06");
    EXPECT_EQ(to_hex(old.spend_private.view()),
              "6718699c046297b63fb19115b89343c4fa16d53f33d6e7adf4049151f6c63200");
    const PublicAddress seventh = make_subaddress(old, 7);
    EXPECT_EQ(to_hex(seventh.view_public.view()),
              "72f80f5799fb35eb25f7b42af8445fac4e23eaab6d4ca4a877cfdaf3666b4931");
    EXPECT_EQ(to_hex(seventh.spend_public.view()),
              "12910fdb8dc5cd7b2aa843010ecd230b9c38c33d76c87c36ba458b43f8e3d334");
    EXPECT_EQ(to_hex(short_address_hash(seventh).view()), "95850243355fa293313bbcd6463c84ec");
    const auto third = account_from_mnemonic(*mnemonic_from_entropy(Bytes(32, 0x2a)), 3);
    ASSERT_TRUE(third);
    EXPECT_EQ(to_hex(third->view_private.view()),
              "bab10cf64ae61b93b46dc17da0966382f77b134f7672d299ce65af7600396c03");
    EXPECT_EQ(to_hex(third->spend_private.view()),
              "196132d828ec74333c584d1eedb6c15568dd3157e49bb0dbb02c88ef95343008");
}

TEST(AccountTest, sample_keys_accounts_follow_from_the_default_seed) {
    test::SeededBytes rng(1);
    for (const Json& row : sample_keys().at("accounts")) {
        Bytes entropy(32);
        rng.fill(entropy);
        const auto phrase = mnemonic_from_entropy(entropy).value();
        EXPECT_EQ(phrase, row.at("mnemonic").get<std::string>());
        const AccountKey account = account_from_mnemonic(phrase).value();
        EXPECT_EQ(to_b58(make_subaddress(account, default_subaddress)),
                  row.at("b58_without_fog").get<std::string>());
        const PublicAddress fog = make_subaddress(with_fog(account), default_subaddress);
        EXPECT_EQ(to_b58(fog), row.at("b58_with_fog").get<std::string>());
        EXPECT_EQ(address_from_b58(to_b58(fog)), fog);
    }
}

TEST(AccountTest, first_sample_account_in_full) {
    const Json& row = sample_keys().at("first_account");
    const auto phrase = mnemonic_from_entropy(hex(row.at("entropy"))).value();
    const AccountKey account = account_from_mnemonic(phrase).value();
    EXPECT_EQ(account.view_private, fixed<PrivateKey>(row.at("view_private")));
    EXPECT_EQ(account.spend_private, fixed<PrivateKey>(row.at("spend_private")));
    const Json& sub = row.at("default_subaddress");
    const PublicAddress address = make_subaddress(account, default_subaddress);
    EXPECT_EQ(subaddress_view_scalar(account, 0).key(), fixed<PrivateKey>(sub.at("view_private")));
    EXPECT_EQ(subaddress_spend_scalar(account, 0).key(), fixed<PrivateKey>(sub.at("spend_private")));
    EXPECT_EQ(address.view_public, fixed<PublicKey>(sub.at("view_public")));
    EXPECT_EQ(address.spend_public, fixed<PublicKey>(sub.at("spend_public")));
    EXPECT_EQ(encode(address), hex(row.at("pub_without_fog")));
    EXPECT_EQ(encode(make_subaddress(with_fog(account), 0)), hex(row.at("pub_with_fog")));
    EXPECT_EQ(to_json({.mnemonic = phrase}), row.at("json_without_fog").get<std::string>());
}

TEST(AccountTest, fog_authority_signature_convinces_only_about_its_root) {
    const AccountKey account = with_fog(account_from_root_entropy({1}));
    PublicAddress address = make_subaddress(account, 0);
    EXPECT_TRUE(verify_fog_authority(address, account.fog_authority_spki));
    EXPECT_FALSE(verify_fog_authority(address, Bytes{1}));
    EXPECT_FALSE(
        verify_fog_authority(make_subaddress(account_from_root_entropy({1}), 0), account.fog_authority_spki));
    address.fog_authority_sig.pop_back();
    EXPECT_FALSE(verify_fog_authority(address, account.fog_authority_spki));
}

TEST(AccountTest, random_accounts_draw_the_spend_key_first) {
    test::SeededBytes rng(0x0c);
    const AccountKey account = random_account(rng);
    const Json first = test::test_data("seeded_outputs.json").at("origin").at("accounts").at(0);
    EXPECT_EQ(account.view_private, fixed<PrivateKey>(first.at("view_private")));
    EXPECT_EQ(account.spend_private, fixed<PrivateKey>(first.at("spend_private")));
}

TEST(AddressWireTest, round_trips_and_refuses_bad_keys) {
    const AccountKey account = with_fog(account_from_root_entropy({9}));
    const PublicAddress address = make_subaddress(account, 3);
    EXPECT_EQ(decode_public_address(encode(address)), address);
    const auto back = decode_account_key(encode(account)).value();
    EXPECT_EQ(back.view_private, account.view_private);
    EXPECT_EQ(back.spend_private, account.spend_private);
    EXPECT_EQ(back.fog_report_url, account.fog_report_url);
    EXPECT_EQ(back.fog_authority_spki, account.fog_authority_spki);

    PublicAddress bad = address;
    bad.spend_public.bytes.fill(0xff);
    EXPECT_FALSE(decode_public_address(encode(bad)));
    AccountKey too_large = account;
    too_large.view_private.bytes.fill(0xff);
    EXPECT_FALSE(decode_account_key(encode(too_large)));
    EXPECT_FALSE(decode_public_address({}));
    EXPECT_FALSE(decode_account_key({}));
    bad = address;
    bad.fog_report_url = "\xff";
    EXPECT_FALSE(decode_public_address(encode(bad))) << "texts are UTF-8";
}

TEST(PrintableTest, base58_known_answers) {
    // From the Bitcoin test data; zeros in front become ones.
    EXPECT_EQ(to_base58(hex("00eb15231dfceb60925886b67d065299925915aeb172c06647")),
              "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L");
    EXPECT_EQ(to_base58(hex("516b6fcd0f")), "ABnLTmg");
    EXPECT_EQ(to_base58(hex("00000000000000000000")), "1111111111");
    EXPECT_EQ(to_base58({}), "");
    EXPECT_EQ(from_base58("ABnLTmg"), hex("516b6fcd0f"));
    EXPECT_EQ(from_base58("1111111111"), Bytes(10));
    for (const char* bad : {"0", "O", "I", "l", " ", "AB nLTmg"}) EXPECT_FALSE(from_base58(bad)) << bad;
    EXPECT_FALSE(from_base58(std::string(8193, '2')));
}

RC_GTEST_PROP(PrintableTest, base58_text_and_bytes_are_inverse, (const Bytes& bytes)) {
    RC_ASSERT(from_base58(to_base58(bytes)) == bytes);
}

TEST(PrintableTest, every_kind_comes_back) {
    const AccountKey account = with_fog(account_from_root_entropy({5}));
    const PublicAddress address = make_subaddress(account, 0);
    const PublicKey key = address.view_public;
    SharedSecret secret;
    secret.bytes = key.bytes;
    const Printable kinds[] = {
        address,
        PaymentRequest{
            .public_address = address, .value = 10, .memo = "rent", .token_id = 1, .payment_id = 7},
        TransferPayload{
            .root_entropy = {}, .tx_out_public_key = key, .memo = "gift", .bip39_entropy = Bytes(32, 4)},
        TxOutGiftCode{.global_index = GlobalIndex{3},
                      .onetime_private_key = account.view_private,
                      .shared_secret = secret},
    };
    for (const Printable& kind : kinds) EXPECT_EQ(from_b58(to_b58(kind)), kind) << kind.index();
    EXPECT_FALSE(address_from_b58(to_b58(kinds[1])));
}

TEST(PrintableTest, refuses_changed_and_foreign_texts) {
    const PublicAddress address = make_subaddress(account_from_root_entropy({5}), 0);
    const std::string good = to_b58(address);
    for (std::size_t i = 0; i < good.size(); i += 5) {
        std::string bad = good;
        bad[i] = bad[i] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(from_b58(bad)) << i;
    }
    EXPECT_FALSE(from_b58(""));
    EXPECT_FALSE(from_b58("1111"));
    // A good checksum over a wrapper without content, and over an address whose key is no point.
    EXPECT_FALSE(from_b58(to_base58(hex("00000000"))));
    PublicAddress no_point = address;
    no_point.view_public.bytes.fill(0xff);
    EXPECT_FALSE(from_b58(to_b58(no_point)));
}

TEST(AccountFileTest, reads_both_forms) {
    std::string why;
    const std::string phrase = sample_keys().at("accounts").at(0).at("mnemonic").get<std::string>();
    AccountFile file{.mnemonic = phrase, .account_index = 2};
    file.fog_report_url = "fog://a";
    file.fog_report_id = "id";
    file.fog_authority_spki = Bytes{1, 255};
    EXPECT_EQ(to_json(file),
              "{\"mnemonic\":\"" + phrase +
                  "\",\"account_index\":2,\"fog_report_url\":\"fog://a\",\"fog_report_id\":\"id\","
                  "\"fog_authority_spki\":[1,255]}");
    const auto account = account_from_json(to_json(file), why);
    ASSERT_TRUE(account) << why;
    EXPECT_EQ(account->spend_private, account_from_mnemonic(phrase, 2)->spend_private);
    EXPECT_EQ(account->fog_report_url, "fog://a");
    EXPECT_EQ(account->fog_authority_spki, (Bytes{1, 255}));

    Json legacy{{"root_entropy", Json::array()},
                {"fog_url", "fog://b"},
                {"fog_report_id", ""},
                {"fog_authority_spki", {7}}};
    for (int i = 0; i < 32; ++i) legacy["root_entropy"].push_back(i == 0 ? 5 : 0);
    const auto old = account_from_json(legacy.dump(), why);
    ASSERT_TRUE(old) << why;
    EXPECT_EQ(old->view_private, account_from_root_entropy({5}).view_private);
    EXPECT_EQ(old->fog_report_url, "fog://b");
}

TEST(AccountFileTest, says_why_not) {
    const auto why = [](std::string_view json) {
        std::string reason;
        EXPECT_FALSE(account_from_json(json, reason)) << json;
        return reason;
    };
    EXPECT_EQ(why("[]"), "not a JSON object");
    EXPECT_EQ(why("{"), "not a JSON object");
    EXPECT_EQ(why("{}"), "mnemonic is missing");
    EXPECT_EQ(why(R"({"mnemonic":"x"})"), "account_index is missing or not a 32-bit number");
    EXPECT_EQ(why(R"({"mnemonic":"x","account_index":-1})"),
              "account_index is missing or not a 32-bit number");
    EXPECT_EQ(why(R"({"mnemonic":"x","account_index":0})"),
              "mnemonic is not an English BIP-39 phrase with a good checksum");
    EXPECT_EQ(why(R"({"root_entropy":[1,2]})"), "root_entropy is not a list of 32 bytes");
}

} // namespace
} // namespace engine::chain
