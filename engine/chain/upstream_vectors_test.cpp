#include <gtest/gtest.h>

#include "engine/chain/account.hpp"
#include "engine/chain/address_wire.hpp"
#include "engine/chain/amount.hpp"
#include "engine/chain/memo.hpp"
#include "engine/chain/mnemonic.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/printable.hpp"
#include "engine/chain/schnorr.hpp"
#include "engine/chain/test_support.hpp"
#include "engine/chain/testing/upstream_vectors.hpp"

// MobileCoin's own files of test vectors (see testing/upstream_vectors.hpp).  What these files check is
// checked elsewhere in this folder too, by fewer values that belong to the project.

namespace engine::chain {
namespace {

using test::hex;
using test::Json;
namespace fs = std::filesystem;
using test::CopiedFiles;
using test::vectors_folder;

Bytes bytes_of(const Json& list) { return list.get<Bytes>(); }
template <class Fixed>
Fixed fixed_of(const Json& list) {
    return Fixed::from(bytes_of(list)).value();
}
std::string text_of(const Json& row, const char* name) { return row.at(name).get<std::string>(); }

void account_keys(const CopiedFiles& given) {
    ASSERT_EQ(given.rows(0).size(), 10u);
    for (const Json& row : given.rows(0)) {
        const AccountKey account = account_from_root_entropy(fixed_of<Hash32>(row.at("root_entropy")).bytes);
        EXPECT_EQ(account.view_private, fixed_of<PrivateKey>(row.at("view_private_key")));
        EXPECT_EQ(account.spend_private, fixed_of<PrivateKey>(row.at("spend_private_key")));
    }
    ASSERT_EQ(given.rows(1).size(), 48u);
    for (const Json& row : given.rows(1)) {
        const std::string phrase = text_of(row, "mnemonic");
        EXPECT_EQ(mnemonic_from_entropy(bytes_of(row.at("entropy"))), phrase);
        EXPECT_EQ(entropy_from_mnemonic(phrase), bytes_of(row.at("entropy")));
        const auto account = account_from_mnemonic(phrase, row.at("account_index").get<std::uint32_t>());
        ASSERT_TRUE(account);
        EXPECT_EQ(account->view_private, fixed_of<PrivateKey>(row.at("view_private_key")));
        EXPECT_EQ(account->spend_private, fixed_of<PrivateKey>(row.at("spend_private_key")));
    }
    for (const std::size_t file : {2u, 3u}) {
        ASSERT_EQ(given.rows(file).size(), 10u);
        for (const Json& row : given.rows(file)) {
            AccountKey account;
            account.view_private = fixed_of<PrivateKey>(row.at("view_private_key"));
            account.spend_private = fixed_of<PrivateKey>(row.at("spend_private_key"));
            const auto index = row.value("subaddress_index", std::uint64_t{0});
            const PublicAddress address = make_subaddress(account, index);
            EXPECT_EQ(subaddress_view_scalar(account, index).key(),
                      fixed_of<PrivateKey>(row.at("subaddress_view_private_key")));
            EXPECT_EQ(subaddress_spend_scalar(account, index).key(),
                      fixed_of<PrivateKey>(row.at("subaddress_spend_private_key")));
            EXPECT_EQ(address.view_public, fixed_of<PublicKey>(row.at("subaddress_view_public_key")));
            EXPECT_EQ(address.spend_public, fixed_of<PublicKey>(row.at("subaddress_spend_public_key")));
        }
    }
}

void slip10(const CopiedFiles& given) {
    // The files hold 64 bytes before reduction.
    const auto reduced = [](const Json& text) {
        const Bytes bytes = hex(text);
        Digest64 wide;
        std::copy_n(bytes.begin(), wide.size(), wide.begin());
        return Scalar::wide(wide).key();
    };
    ASSERT_EQ(given.document(0).size(), 12u);
    for (const Json& row : given.document(0)) {
        const AccountKey account = account_from_slip10_key(test::fixed<Hash32>(row.at("slip10_hex")).bytes);
        EXPECT_EQ(account.view_private, reduced(row.at("view_hex")));
        EXPECT_EQ(account.spend_private, reduced(row.at("spend_hex")));
    }
    ASSERT_EQ(given.document(1).size(), 48u);
    for (const Json& row : given.document(1)) {
        const auto account =
            account_from_mnemonic(text_of(row, "phrase"), row.at("account_index").get<std::uint32_t>());
        ASSERT_TRUE(account);
        EXPECT_EQ(account->view_private, reduced(row.at("view_hex")));
        EXPECT_EQ(account->spend_private, reduced(row.at("spend_hex")));
    }
}

void sample_keys_phrases(const CopiedFiles& given) {
    // The file is not in the order of generation.
    const std::size_t entry_of_account[] = {1, 4, 2, 3, 8, 0, 7, 6, 9, 5};
    test::SeededBytes rng(1);
    const Json entries = given.document(0);
    for (const std::size_t entry : entry_of_account) {
        Bytes entropy(32);
        rng.fill(entropy);
        EXPECT_EQ(mnemonic_from_entropy(entropy), text_of(entries.at(entry), "mnemonic"));
    }
}

void b58_codes(const CopiedFiles& given) {
    for (const std::size_t file : {0u, 1u}) {
        ASSERT_EQ(given.rows(file).size(), 10u);
        std::uint8_t n = 0;
        for (const Json& row : given.rows(file)) {
            PublicAddress address;
            address.view_public = fixed_of<PublicKey>(row.at("view_public_key"));
            address.spend_public = fixed_of<PublicKey>(row.at("spend_public_key"));
            address.fog_report_url = row.value("fog_report_url", "");
            address.fog_report_id = row.value("fog_report_id", "");
            if (row.contains("fog_authority_sig"))
                address.fog_authority_sig = bytes_of(row.at("fog_authority_sig"));
            EXPECT_EQ(to_b58(address), text_of(row, "b58_encoded"));
            EXPECT_EQ(address_from_b58(text_of(row, "b58_encoded")), address);
            // Account n has n in every byte of its entropy; its authority key is empty.
            std::array<std::uint8_t, 32> entropy;
            entropy.fill(n++);
            AccountKey account = account_from_root_entropy(entropy);
            account.fog_report_url = address.fog_report_url;
            EXPECT_EQ(make_subaddress(account, 0), address);
        }
    }
}

void memos(const CopiedFiles& given) {
    // The files hold the 64 bytes of data, in the clear despite their names.
    const auto payload = [](MemoType type, const Json& data) {
        Bytes bytes{static_cast<std::uint8_t>(static_cast<unsigned>(type) >> 8),
                    static_cast<std::uint8_t>(type)};
        const Bytes rest = hex(data);
        bytes.insert(bytes.end(), rest.begin(), rest.end());
        return MemoPayload::from(bytes).value();
    };
    const auto address = [](const Json& row, const char* name) {
        return decode_public_address(hex(row.at(name))).value();
    };
    const struct {
        std::size_t file;
        MemoType type;
        const char* sender;
        const char* memo;
        bool matches;
    } kinds[] = {
        {0, MemoType::authenticated_sender, "sender_public_address_hex_proto_bytes",
         "encrypted_sender_memo_hex_raw_bytes", true},
        {1, MemoType::authenticated_sender_with_payment_request_id, "sender_public_address_hex_proto_bytes",
         "encrypted_sender_with_payment_request_id_memo_hex_raw_bytes", true},
        {2, MemoType::authenticated_sender, "incorrect_sender_public_address_hex_proto_bytes",
         "encrypted_sender_memo_hex_raw_bytes", false},
        {3, MemoType::authenticated_sender_with_payment_request_id,
         "incorrect_sender_public_address_hex_proto_bytes",
         "encrypted_sender_with_payment_request_id_memo_hex_raw_bytes", false},
    };
    for (const auto& kind : kinds) {
        ASSERT_EQ(given.rows(kind.file).size(), 10u);
        for (const Json& row : given.rows(kind.file)) {
            const auto memo = read_sender_memo(payload(kind.type, row.at(kind.memo)));
            ASSERT_TRUE(memo);
            EXPECT_EQ(memo->sender == short_address_hash(address(row, kind.sender)), kind.matches);
            EXPECT_EQ(memo->payment_id, row.value("payment_request_id", std::uint64_t{0}));
        }
    }
    // This file's rows are the incorrect ones: the memo names the address given as sender, not the short
    // hash.
    ASSERT_EQ(given.rows(4).size(), 10u);
    for (const Json& row : given.rows(4)) {
        const auto data = payload(MemoType::destination, row.at("encrypted_destination_memo_hex_raw_bytes"));
        const auto memo = read_destination_memo(data);
        ASSERT_TRUE(memo);
        EXPECT_EQ(memo->recipient, short_address_hash(address(row, "sender_public_address_hex_proto_bytes")));
        EXPECT_NE(to_hex(memo->recipient.view()), text_of(row, "recipient_short_address_hash_hex_raw_bytes"));
        EXPECT_EQ(memo->fee, row.at("fee").get<std::uint64_t>());
        EXPECT_EQ(memo->total_outlay, row.at("total_outlay").get<std::uint64_t>());
        EXPECT_EQ(memo->recipient_count, 1);
        EXPECT_EQ(make_destination_memo(*memo), data);
    }
}

void tx_out_records(const CopiedFiles& given) {
    const auto amount_of = [](const Json& row, const char* key_name) -> std::optional<Amount> {
        const Bytes key = hex(row.at(key_name)); // 0a20, then the key
        const auto view = Scalar::parse(PrivateKey::from(ByteView(key).subspan(2)).value());
        const Bytes bytes = hex(row.at("tx_out_record_hex_proto_bytes"));
        const auto record = decode_tx_out_record(bytes);
        EXPECT_TRUE(record && encode(*record) == bytes);
        const auto secret = output_secret(view.value(), record->public_key);
        const AmountMask mask = AmountMask::from(record->masked_version, *secret.value());
        const auto amount =
            unmask_amount(record->masked_version, record->masked_value, record->masked_token_id, mask);
        if (commitment_crc32(commit(amount.value(), mask.blinding)) != record->commitment_crc32)
            return std::nullopt;
        EXPECT_EQ(decrypt_memo(record->memo.value(), **secret), MemoPayload{});
        return amount;
    };
    ASSERT_EQ(given.rows(0).size(), 10u);
    for (const Json& row : given.rows(0))
        EXPECT_EQ(amount_of(row, "recipient_view_private_key_hex_proto_bytes"), (Amount{10, 0}));
    ASSERT_EQ(given.rows(1).size(), 10u);
    for (const Json& row : given.rows(1))
        EXPECT_EQ(amount_of(row, "spurious_view_private_key_hex_proto_bytes"), std::nullopt);
}

const std::string signatures = "crypto/sig/src/testdata/20210121/";

std::vector<std::string> signature_files() {
    std::vector<std::string> names;
    for (const char* kind : {"success", "failure_bad_context", "failure_bad_keys", "failure_bad_message"})
        for (const char* n : {"0", "1", "2"})
            for (const char* file : {"seckey.bin", "pubkey.bin", "sig.bin"})
                names.push_back(signatures + "expected_" + kind + "/" + n + "/" + file);
    return names;
}

void signatures_with_context(const CopiedFiles&) {
    const auto read = [](const fs::path& path) {
        const std::string content = test::read_file(path);
        return Bytes(content.begin(), content.end());
    };
    const Bytes message{'f', 'o', 'o', 'b', 'a', 'r'};
    const Bytes longer{'f', 'o', 'o', 'b', 'a', 'r', 'b', 'a', 'z'};
    const struct {
        const char* name;
        const char* signer;
        const char* context;
        const Bytes& verified;
        bool good;
    } cases[] = {
        {"expected_success", "seckey.bin", "test", message, true},
        {"expected_failure_bad_context", "seckey.bin", "prod", message, false},
        {"expected_failure_bad_keys", "seckey2.bin", "test", message, false},
        {"expected_failure_bad_message", "seckey.bin", "test", longer, false},
    };
    for (const auto& c : cases)
        for (const char* n : {"0", "1", "2"}) {
            const fs::path at = vectors_folder() / signatures / c.name / n;
            const auto signer = Scalar::parse(PrivateKey::from(read(at / c.signer)).value()).value();
            const auto open = PublicKey::from(read(at / "pubkey.bin")).value();
            const auto signature = SchnorrSignature::from(read(at / "sig.bin")).value();
            EXPECT_EQ(schnorr_sign(signer, "test", message), signature) << at;
            EXPECT_EQ(schnorr_verify(open, c.context, c.verified, signature), c.good) << at;
        }
}

const std::vector<CopiedFiles>& all_checks() {
    static const std::vector<CopiedFiles> checks{
        {"account_keys",
         {"test-vectors/vectors/account_keys/acct_priv_keys_from_root_entropy.jsonl",
          "test-vectors/vectors/account_keys/acct_priv_keys_from_bip39.jsonl",
          "test-vectors/vectors/account_keys/default_subaddr_keys_from_acct_priv_keys.jsonl",
          "test-vectors/vectors/account_keys/subaddr_keys_from_acct_priv_keys.jsonl"},
         account_keys},
        {"slip10", {"core/tests/slip10_key.json", "core/tests/slip10_mnemonic.json"}, slip10},
        {"sample_keys_phrases", {"util/keyfile/src/backwards_compatibility.json"}, sample_keys_phrases},
        {"b58_codes",
         {"test-vectors/vectors/b58_encodings/b58_encode_public_address_without_fog.jsonl",
          "test-vectors/vectors/b58_encodings/b58_encode_public_address_with_fog.jsonl"},
         b58_codes},
        {"memos",
         {"test-vectors/vectors/memos/correct_encrypted_sender_memos.jsonl",
          "test-vectors/vectors/memos/correct_encrypted_sender_with_payment_request_id_memos.jsonl",
          "test-vectors/vectors/memos/incorrect_encrypted_sender_memos.jsonl",
          "test-vectors/vectors/memos/incorrect_encrypted_sender_with_payment_request_id_memos.jsonl",
          "test-vectors/vectors/memos/correct_encrypted_destination_memos.jsonl"},
         memos},
        {"tx_out_records",
         {"test-vectors/vectors/tx_out_records/correct_tx_out_records.jsonl",
          "test-vectors/vectors/tx_out_records/incorrect_tx_out_records.jsonl"},
         tx_out_records},
        {"signatures_with_context", signature_files(), signatures_with_context},
    };
    return checks;
}

class CopiedFilesTest : public testing::TestWithParam<CopiedFiles> {};

TEST_P(CopiedFilesTest, agrees) { GetParam().check(GetParam()); }

// Without the files there is no instance, and the next test says so.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CopiedFilesTest);
INSTANTIATE_TEST_SUITE_P(, CopiedFilesTest, testing::ValuesIn(test::present(all_checks())),
                         test::name_of_files);

TEST(CopiedFiles, absent_ones_are_named) { test::name_absent_files(all_checks()); }

} // namespace
} // namespace engine::chain
