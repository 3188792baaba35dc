#include "real/service/report_signer.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "engine/chain/account.hpp"
#include "engine/chain/digestible.hpp"
#include "proto/external.pb.h"
#include "real/attest/evidence.hpp"
#include "real/grpc/report.hpp"

namespace real::service {

using engine::chain::Bytes;
using engine::chain::ByteView;
using engine::chain::DigestAggregate;
using engine::chain::DigestTranscript;
using engine::chain::Ed25519KeyPair;
using engine::chain::Ed25519PublicKey;
using engine::chain::Ed25519Seed;
using engine::chain::Ed25519Signature;
using engine::chain::Hash32;
using engine::fog::ReportRow;

namespace {

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* what) const {
        Free(what);
    }
};
using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, FreeWith<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

BioPtr reading(std::string_view text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

X509Ptr parsed(const Bytes& der) {
    const unsigned char* at = der.data();
    X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    return certificate;
}

ByteView view_of(const std::string& bytes) { return engine::chain::as_bytes(bytes); }

void omit_empty_list(DigestTranscript& to, std::string_view context,
                     const google::protobuf::RepeatedPtrField<std::string>& list) {
    if (list.empty()) return;
    to.sequence(context, static_cast<std::uint64_t>(list.size()));
    for (const std::string& element : list) to.bytes("", view_of(element));
}
void omit_empty_text(DigestTranscript& to, std::string_view context, const std::string& text) {
    if (!text.empty()) to.text(context, text);
}

// A message that is there has a node also when it is empty.
void append_dcap(DigestTranscript& to, std::string_view context, const external::DcapEvidence& evidence) {
    const DigestAggregate whole(to, context, "DcapEvidence");
    if (evidence.has_quote()) {
        const DigestAggregate part(to, "quote", "Quote3");
        to.omit_empty_bytes("data", view_of(evidence.quote().data()));
    }
    if (evidence.has_collateral()) {
        const external::Collateral& collateral = evidence.collateral();
        const DigestAggregate part(to, "collateral", "Collateral");
        omit_empty_list(to, "pck_crl_issuer_chain", collateral.pck_crl_issuer_chain());
        to.omit_empty_bytes("root_ca_crl", view_of(collateral.root_ca_crl()));
        to.omit_empty_bytes("pck_crl", view_of(collateral.pck_crl()));
        omit_empty_list(to, "tcb_info_issuer_chain", collateral.tcb_info_issuer_chain());
        omit_empty_text(to, "tcb_info", collateral.tcb_info());
        omit_empty_list(to, "qe_identity_issuer_chain", collateral.qe_identity_issuer_chain());
        omit_empty_text(to, "qe_identity", collateral.qe_identity());
    }
    if (evidence.has_report_data()) {
        const external::EnclaveReportDataContents& data = evidence.report_data();
        const DigestAggregate part(to, "report_data", "EnclaveReportDataContents");
        to.omit_empty_bytes("nonce", view_of(data.nonce()));
        to.omit_empty_bytes("key", view_of(data.key()));
        to.omit_empty_bytes("custom_identity", view_of(data.custom_identity()));
    }
}

// Of the older kind the signature and the text always have a node.
void append_report(DigestTranscript& to, std::string_view context,
                   const external::VerificationReport& report) {
    const DigestAggregate whole(to, context, "VerificationReport");
    {
        const DigestAggregate part(to, "sig", "VerificationSignature");
        to.bytes("0", view_of(report.sig().contents()));
    }
    omit_empty_list(to, "chain", report.chain());
    to.text("http_body", report.http_body());
}

void append_evidence(DigestTranscript& to, std::string_view context, const Bytes& evidence) {
    const auto parse_into = [](auto& message, ByteView bytes) {
        (void)message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    };
    if (const auto dcap = attest::dcap_in(evidence)) {
        external::DcapEvidence message;
        parse_into(message, *dcap);
        append_dcap(to, context, message);
    } else {
        external::VerificationReport message;
        parse_into(message, evidence);
        append_report(to, context, message);
    }
}

void append_digest(DigestTranscript& to, std::string_view context, const SignedReport& report) {
    const DigestAggregate aggregate(to, context, "Report");
    to.text("fog_report_id", report.fog_report_id); // also when empty
    if (report.evidence) append_evidence(to, "report", *report.evidence);
    to.integer("pubkey_expiry", report.pubkey_expiry);
}

} // namespace

Hash32 report_digest(const std::vector<SignedReport>& reports) {
    constexpr std::string_view context = "Fog ingest reports";
    DigestTranscript transcript;
    if (reports.empty()) transcript.none(context);
    if (!reports.empty()) transcript.sequence(context, reports.size());
    for (const SignedReport& report : reports) append_digest(transcript, "", report);
    return transcript.digest32();
}

std::vector<SignedReport> signed_reports(const std::vector<ReportRow>& rows) {
    std::vector<SignedReport> reports;
    for (const ReportRow& row : rows) {
        SignedReport report;
        report.fog_report_id = row.fog_report_id;
        report.evidence = row.evidence.empty() ? grpc::clear_text_evidence(row.ingress_key) : row.evidence;
        report.pubkey_expiry = row.expiry.value;
        reports.push_back(std::move(report));
    }
    return reports;
}

std::optional<CertificateChain> certificates_from_pem(std::string_view pem, std::string& why) {
    const BioPtr in = reading(pem);
    CertificateChain chain;
    for (;;) {
        const X509Ptr certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
        if (!certificate) break;
        unsigned char* der = nullptr;
        const int size = i2d_X509(certificate.get(), &der);
        if (size <= 0) break;
        chain.emplace_back(der, der + size);
        OPENSSL_free(der);
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!at_end)
        why = fmt::format("certificate {} does not parse", chain.size() + 1);
    else if (chain.empty())
        why = "holds no certificate";
    else
        return chain;
    return std::nullopt;
}

std::optional<std::string> fault_of_chain(const CertificateChain& chain) {
    if (chain.empty()) return "the certificate chain is empty";
    std::vector<X509Ptr> certificates;
    for (const Bytes& der : chain) {
        certificates.push_back(parsed(der));
        if (!certificates.back()) return fmt::format("certificate {} does not parse", certificates.size());
    }
    for (std::size_t i = 0; i < certificates.size(); ++i) {
        X509* certificate = certificates[i].get();
        if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
            return fmt::format("certificate {} is not valid yet", i + 1);
        if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
            return fmt::format("certificate {} has expired", i + 1);
        X509* issuer = certificates[std::min(i + 1, certificates.size() - 1)].get();
        const bool issued = X509_check_issued(issuer, certificate) == X509_V_OK &&
                            X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
        ERR_clear_error();
        if (issued) continue;
        if (i + 1 == certificates.size()) return "the last certificate is not issued by itself";
        return fmt::format("certificate {} is not issued by certificate {}", i + 1, i + 2);
    }
    return std::nullopt;
}

std::optional<Ed25519PublicKey> ed25519_key_of(const Bytes& certificate_der) {
    const X509Ptr certificate = parsed(certificate_der);
    if (!certificate) return std::nullopt;
    EVP_PKEY* key = X509_get0_pubkey(certificate.get());
    Ed25519PublicKey out;
    std::size_t size = out.bytes.size();
    const bool good = key != nullptr && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
                      EVP_PKEY_get_raw_public_key(key, out.bytes.data(), &size) == 1 &&
                      size == out.bytes.size();
    ERR_clear_error();
    if (!good) return std::nullopt;
    return out;
}

std::optional<Bytes> spki_of(const Bytes& certificate_der) {
    const X509Ptr certificate = parsed(certificate_der);
    if (!certificate) return std::nullopt;
    unsigned char* spki = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &spki);
    if (size <= 0) return std::nullopt;
    Bytes out(spki, spki + size);
    OPENSSL_free(spki);
    return out;
}

std::optional<ReportSigner> ReportSigner::from_pem(std::string_view chain_pem, std::string_view key_pem,
                                                   std::string& why) {
    auto chain = certificates_from_pem(chain_pem, why);
    if (!chain) {
        why = "the signing chain " + why;
        return std::nullopt;
    }
    if (const auto fault = fault_of_chain(*chain)) {
        why = *fault;
        return std::nullopt;
    }
    const BioPtr in = reading(key_pem);
    // An encrypted key would make OpenSSL ask on the terminal.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    const KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr));
    Ed25519Seed seed;
    std::size_t size = seed.bytes.size();
    const bool good = key && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519 &&
                      EVP_PKEY_get_raw_private_key(key.get(), seed.bytes.data(), &size) == 1;
    ERR_clear_error();
    if (!good) {
        why = "the signing key is no Ed25519 private key in PEM";
        return std::nullopt;
    }
    const Ed25519KeyPair pair(seed);
    if (ed25519_key_of(chain->front()) != pair.public_key()) {
        why = "the signing key is not that of the first certificate";
        return std::nullopt;
    }
    return ReportSigner(std::move(*chain), pair);
}

Ed25519Signature ReportSigner::sign(const std::vector<SignedReport>& reports) const {
    return key_.sign(report_digest(reports).view());
}

std::optional<std::string> fault_of_signature(const CertificateChain& chain,
                                              const std::vector<SignedReport>& reports, ByteView signature) {
    if (chain.empty()) return "the certificate chain is empty";
    const auto key = ed25519_key_of(chain.front());
    if (!key) return "the first certificate has no Ed25519 key";
    const auto parsed_signature = Ed25519Signature::from(signature);
    if (!parsed_signature ||
        !engine::chain::ed25519_verify(*key, report_digest(reports).view(), *parsed_signature))
        return "the signature over the reports is wrong";
    return std::nullopt;
}

std::optional<std::string> fault_of_response(const CertificateChain& chain,
                                             const std::vector<SignedReport>& reports, ByteView signature,
                                             const engine::chain::PublicAddress& address) {
    if (auto fault = fault_of_chain(chain)) return fault;
    const auto root = spki_of(chain.back());
    if (!root || !engine::chain::verify_fog_authority(address, *root))
        return "the address does not vouch for the root of the certificate chain";
    return fault_of_signature(chain, reports, signature);
}

} // namespace real::service
