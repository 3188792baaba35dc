#include "real/service/report_signer.hpp"

#include <gtest/gtest.h>

#include <set>

#include "engine/chain/account.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/wire.hpp"
#include "real/attest/evidence.hpp"
#include "real/grpc/report.hpp"
#include "real/lmdb/test_support.hpp"

namespace real::service {
namespace {

using engine::chain::AccountKey;
using engine::chain::Bytes;
using engine::chain::PublicAddress;
using engine::chain::PublicKey;
using engine::chain::WireWriter;

std::string pem(const std::string& name) { return lmdb::read_file(FOG_X509_DIR "/" + name + ".pem"); }
std::string key(const std::string& name) { return lmdb::read_file(FOG_X509_DIR "/" + name + ".key"); }

CertificateChain chain(const std::string& name) {
    std::string why;
    const auto found = certificates_from_pem(pem(name), why);
    EXPECT_TRUE(found) << name << ": " << why;
    return found.value_or(CertificateChain{});
}

PublicKey key_of(std::uint8_t byte) {
    PublicKey key;
    key.bytes.fill(byte);
    return key;
}

SignedReport report(const std::string& id, std::uint8_t key_byte, std::uint64_t expiry) {
    SignedReport report;
    report.fog_report_id = id;
    report.evidence = grpc::clear_text_evidence(key_of(key_byte));
    report.pubkey_expiry = expiry;
    return report;
}

/// Evidence as the database holds it.
Bytes dcap(const Bytes& content) { return WireWriter().bytes(4, content).take(); }
Bytes report_data(const Bytes& custom_identity) {
    return WireWriter().bytes(1, Bytes(16)).bytes(2, Bytes(32)).bytes_or_omit(3, custom_identity).take();
}

std::string digest_of(const std::vector<SignedReport>& reports) {
    return engine::chain::to_hex(report_digest(reports).view());
}

// What MobileCoin 7.0.0 computes for these lists.
TEST(ReportDigestTest, IsUpstreams) {
    const SignedReport small{"", dcap(WireWriter().bytes(3, report_data(Bytes(32, 1))).data()), 17};
    const Bytes collateral = WireWriter()
                                 .bytes(1, Bytes{4})
                                 .bytes(1, Bytes{5, 6})
                                 .bytes(2, Bytes{7})
                                 .bytes(3, Bytes{8})
                                 .bytes(4, Bytes{9})
                                 .text(5, "tcb")
                                 .bytes(6, Bytes{10})
                                 .text(7, "qe")
                                 .take();
    const SignedReport full{"full",
                            dcap(WireWriter()
                                     .wrapped(1, Bytes{1, 2, 3})
                                     .bytes(2, collateral)
                                     .bytes(3, report_data(Bytes(32, 2)))
                                     .data()),
                            std::uint64_t{1} << 63};
    const SignedReport without{"r", std::nullopt, 0};
    const SignedReport nothing_in_it{"", dcap({}), 1};
    const SignedReport old_kind{"", Bytes{}, 17};
    const SignedReport hollow{
        "", dcap(WireWriter().bytes(1, {}).bytes(2, {}).bytes(3, report_data({})).data()), 17};
    EXPECT_EQ(digest_of({}), "ed31ed1a35db0643e8139df2c32c6066df68874ae324768cd5d83b6644cc3c59");
    EXPECT_EQ(digest_of({small}), "86d8e5d9dfabef88ff4993e291f7c5127894a89969290e9b16723b720a7e5916");
    EXPECT_EQ(digest_of({without}), "9eb58bfa9c83b3fbcf1a94a75bd0abf15f08105a91eca81b0afe01863e068027");
    EXPECT_EQ(digest_of({nothing_in_it}), "0da36acf10720f4c6d49de88a6dab66c07e3871a3bc33f17feccd794eb5e2d7b");
    EXPECT_EQ(digest_of({full}), "e2f194147224774eacbb9830a1b4e11dac7ee5760fbbb372a5a2a0ed06a43d7c");
    EXPECT_EQ(digest_of({small, full}), "833dc51f076e456ff835db4924b9e1a466dd7402bab400eb876166b2eb0cd95d");
    EXPECT_EQ(digest_of({old_kind}), "81bf0bea444a6d70bcc136af18a9700408d1deec70e8ab2be06739fb49df1b14");
    EXPECT_EQ(digest_of({hollow}), "bd7e01f4364a26538a76b38465dea332ebc51524a04c543384b44531e6d17944");
}

TEST(ReportDigestTest, EveryPartCounts) {
    const SignedReport base = report("a", 7, 11);
    std::vector<SignedReport> others(6, base);
    others[0].fog_report_id = "b";
    others[1].pubkey_expiry = 12;
    others[2] = report("a", 8, 11);
    others[3].evidence.reset();
    attest::ReportBody body = attest::ReportBody::of(attest::Enclave::ingest, {});
    others[4].evidence = attest::encode(attest::simulated_report(body));
    body.report_data[40] = 1;
    others[5].evidence = attest::encode(attest::simulated_report(body));
    std::set<std::string> digests{digest_of({base})};
    for (const SignedReport& other : others) digests.insert(digest_of({other}));
    EXPECT_EQ(digests.size(), others.size() + 1);
    EXPECT_NE(report_digest({base, others[0]}), report_digest({others[0], base}));
}

TEST(SignedReportsTest, ARowWithoutEvidenceGoesOutInClearText) {
    engine::fog::ReportRow row;
    row.fog_report_id = "a";
    row.ingress_key = key_of(7);
    row.expiry = engine::BlockIndex{11};
    EXPECT_EQ(digest_of(signed_reports({row})), digest_of({report("a", 7, 11)}));
    row.evidence = grpc::clear_text_evidence(key_of(7));
    EXPECT_EQ(digest_of(signed_reports({row})), digest_of({report("a", 7, 11)}));
    row.evidence.resize(row.evidence.size() / 2);
    (void)digest_of(signed_reports({row})); // malformed, no crash
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
