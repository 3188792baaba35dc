#include "real/service/report_signer.hpp"

#include <gtest/gtest.h>

#include "engine/chain/account.hpp"
#include "engine/chain/merlin.hpp"
#include "engine/chain/wire.hpp"
#include "real/lmdb/test_support.hpp"

namespace real::service {
namespace {

using engine::chain::AccountKey;
using engine::chain::Bytes;
using engine::chain::little_endian;
using engine::chain::PublicAddress;
using engine::chain::PublicKey;
using engine::chain::Transcript;

std::string pem(const std::string& name) { return lmdb::read_file(FOG_X509_DIR "/" + name + ".pem"); }
std::string key(const std::string& name) { return lmdb::read_file(FOG_X509_DIR "/" + name + ".key"); }

CertificateChain chain(const std::string& name) {
    std::string why;
    const auto found = certificates_from_pem(pem(name), why);
    EXPECT_TRUE(found) << name << ": " << why;
    return found.value_or(CertificateChain{});
}

SignedReport report(const std::string& id, std::uint8_t key_byte, std::uint64_t expiry) {
    SignedReport report;
    report.fog_report_id = id;
    report.evidence.custom_identity = PublicKey{};
    report.evidence.custom_identity->bytes.fill(key_byte);
    report.pubkey_expiry = expiry;
    return report;
}

// The transcript of one clear-text report, message by message.
TEST(ReportDigestTest, IsTheTranscriptThatUpstreamDescribes) {
    Transcript t("digestible");
    const auto aggregate = [&t](std::string_view context, std::string_view name) {
        t.append(context, "agg");
        t.append("name", name);
    };
    const auto end = [&t](std::string_view context, std::string_view name) {
        t.append(context, "agg-end");
        t.append("name", name);
    };
    const auto primitive = [&t](std::string_view context, std::string_view type,
                                engine::chain::ByteView data) {
        t.append(context, "prim");
        t.append(type, data);
    };
    const Bytes zeros16(16, 0), zeros32(32, 0), key_bytes(32, 7);
    t.append("Fog ingest reports", "seq");
    t.append("len", little_endian(std::uint64_t{1}));
    aggregate("", "Report");
    primitive("fog_report_id", "str", {});
    aggregate("report", "DcapEvidence");
    aggregate("report", "EnclaveReportDataContents");
    primitive("report", "nonce", zeros16);
    aggregate("report", "X25519Public");
    primitive("0", "x25519", zeros32);
    end("report", "X25519Public");
    primitive("report", "bytes", key_bytes);
    end("report", "EnclaveReportDataContents");
    end("report", "DcapEvidence");
    primitive("pubkey_expiry", "uint", little_endian(std::uint64_t{11}));
    end("", "Report");
    EXPECT_EQ(report_digest({report("", 7, 11)}).bytes, t.challenge<32>("digest32"));
}

TEST(ReportDigestTest, AnEmptyListHasADigestOfItsOwn) {
    Transcript t("digestible");
    t.append("Fog ingest reports", "");
    EXPECT_EQ(report_digest({}).bytes, t.challenge<32>("digest32"));
}

TEST(ReportDigestTest, EveryPartCounts) {
    const SignedReport base = report("a", 7, 11);
    std::vector<SignedReport> others(8, base);
    others[0].fog_report_id = "b";
    others[1].pubkey_expiry = 12;
    others[2].evidence.custom_identity->bytes[31] = 8;
    others[3].evidence.custom_identity.reset();
    others[4].evidence.nonce[0] = 1;
    others[5].evidence.enclave_key[0] = 1;
    others[6].evidence.quote = {1};
    others[7].evidence.collateral = {1};
    for (std::size_t i = 0; i < others.size(); ++i)
        EXPECT_NE(report_digest({base}), report_digest({others[i]})) << i;
    EXPECT_NE(report_digest({base, others[0]}), report_digest({others[0], base}));
}

TEST(SignedReportsTest, EvidenceIsReadOrClearText) {
    engine::fog::ReportRow row;
    row.fog_report_id = "a";
    row.ingress_key.bytes.fill(7);
    row.expiry = engine::BlockIndex{11};
    EXPECT_EQ(report_digest(signed_reports({row})), report_digest({report("a", 7, 11)}));

    const Bytes nonce(16, 1), enclave_key(32, 2), identity(32, 3), quote(5, 4);
    engine::chain::WireWriter report_data, dcap, message;
    report_data.bytes(1, nonce).bytes(2, enclave_key).bytes(3, identity);
    dcap.wrapped(1, quote).bytes(2, Bytes{9, 9}).bytes(3, report_data.data());
    row.evidence = message.bytes(4, dcap.data()).take();
    const auto read = signed_reports({row});
    EXPECT_EQ(read[0].evidence.quote, quote);
    EXPECT_EQ(read[0].evidence.collateral, (Bytes{9, 9}));
    EXPECT_EQ(read[0].evidence.nonce[0], 1);
    EXPECT_EQ(read[0].evidence.enclave_key[31], 2);
    ASSERT_TRUE(read[0].evidence.custom_identity);
    EXPECT_EQ(read[0].evidence.custom_identity->bytes[0], 3);
    row.evidence.resize(row.evidence.size() / 2);
    (void)signed_reports({row}); // malformed, no crash
}

TEST(ReportSignerTest, SignsAsTheLeafOfAGoodChain) {
    std::string why;
    const auto signer =
        ReportSigner::from_pem(pem("ok_rsa_chain_25519_leaf"), key("ok_rsa_chain_25519_leaf"), why);
    ASSERT_TRUE(signer) << why;
    EXPECT_EQ(signer->chain().size(), chain("ok_rsa_chain_25519_leaf").size());
    const std::vector<SignedReport> reports{report("", 7, 11)};
    const auto signature = signer->sign(reports);
    EXPECT_TRUE(engine::chain::ed25519_verify(*ed25519_key_of(signer->chain().front()),
                                              report_digest(reports).view(), signature));
}

std::string refused(const std::string& chain_pem, const std::string& key_pem) {
    std::string why;
    EXPECT_FALSE(ReportSigner::from_pem(chain_pem, key_pem, why));
    EXPECT_EQ(why.find("PRIVATE"), std::string::npos);
    return why;
}

TEST(ReportSignerTest, RefusesChainsAndKeysThatDoNotServe) {
    const std::string good_chain = pem("ok_rsa_chain_25519_leaf");
    const std::string good_key = key("ok_rsa_chain_25519_leaf");
    EXPECT_EQ(refused("", good_key), "the signing chain holds no certificate");
    EXPECT_EQ(
        refused(good_chain + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", good_key),
        "the signing chain certificate 4 does not parse");
    EXPECT_EQ(refused(good_chain, ""), "the signing key is no Ed25519 private key in PEM");
    EXPECT_EQ(refused(good_chain, good_chain), "the signing key is no Ed25519 private key in PEM");
    EXPECT_EQ(refused(pem("ok_rsa_head"), good_key), "the signing key is not that of the first certificate");
    EXPECT_EQ(refused(pem("fail_leaf_expired"), key("fail_leaf_expired")), "certificate 1 has expired");
    EXPECT_EQ(refused(pem("fail_leaf_too_soon"), key("fail_leaf_too_soon")),
              "certificate 1 is not valid yet");
    EXPECT_EQ(refused(pem("fail_missing_head"), key("fail_missing_head")),
              "the last certificate is not issued by itself");
    EXPECT_NE(
        refused(pem("fail_missing_link"), key("fail_missing_link")).find("is not issued by certificate"),
        std::string::npos);
}

/// An address whose authority is the root of the test chain, and the server's answer.
class ReportResponseTest : public testing::Test {
protected:
    ReportResponseTest() {
        std::string why;
        signer_ = ReportSigner::from_pem(pem("ok_rsa_chain_25519_leaf"), key("ok_rsa_chain_25519_leaf"), why);
        reports_ = {report("", 7, 11), report("other", 8, 20)};
        signature_ = signer_->sign(reports_);
        AccountKey account = engine::chain::account_from_root_entropy({5});
        account.fog_report_url = "insecure-fog://localhost:6200";
        account.fog_authority_spki = *spki_of(signer_->chain().back());
        address_ = engine::chain::make_subaddress(account, 0);
    }
    std::optional<std::string> fault() const {
        return fault_of_response(signer_->chain(), reports_, signature_.view(), address_);
    }

    std::optional<ReportSigner> signer_;
    std::vector<SignedReport> reports_;
    engine::chain::Ed25519Signature signature_;
    PublicAddress address_;
};

TEST_F(ReportResponseTest, AnHonestOneIsTrusted) { EXPECT_EQ(fault(), std::nullopt); }

TEST_F(ReportResponseTest, AChangedReportIsNot) {
    reports_[1].pubkey_expiry = 21;
    EXPECT_EQ(fault(), "the signature over the reports is wrong");
}

TEST_F(ReportResponseTest, AnotherAuthorityIsNot) {
    address_.fog_authority_sig[3] ^= 1;
    EXPECT_EQ(fault(), "the address does not vouch for the root of the certificate chain");
    address_.fog_authority_sig.clear();
    EXPECT_EQ(fault(), "the address does not vouch for the root of the certificate chain");
}

TEST_F(ReportResponseTest, AnotherChainIsNot) {
    EXPECT_EQ(fault_of_response({}, reports_, signature_.view(), address_), "the certificate chain is empty");
    EXPECT_EQ(fault_of_response({Bytes{1, 2}}, reports_, signature_.view(), address_),
              "certificate 1 does not parse");
    EXPECT_EQ(fault_of_response(chain("fail_leaf_expired"), reports_, signature_.view(), address_),
              "certificate 1 has expired");
}

} // namespace
} // namespace real::service
