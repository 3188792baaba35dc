#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/chain/ed25519.hpp"
#include "engine/fog/ports.hpp"

// How a report server vouches for its reports, and how a sender checks that.
// @source mobilecoin a2229c005 fog/sig/report, fog/report/types, attest/verifier/types, fog/report/resolver

namespace real::service {

struct SignedReport {
    std::string fog_report_id;
    /// As the database holds it: a message with DCAP evidence in field 4, or else one of the older kind by
    /// itself.  None: the report came without any.
    std::optional<engine::chain::Bytes> evidence;
    std::uint64_t pubkey_expiry = 0;
};
/// What the signature is made over: the digest of the messages as they are sent, by the rules that upstream's
/// generated code follows.  Evidence that is malformed counts as far as it can be read.
engine::chain::Hash32 report_digest(const std::vector<SignedReport>& reports);
/// The reports as they are sent; a row without evidence goes out with that of clear text.
std::vector<SignedReport> signed_reports(const std::vector<engine::fog::ReportRow>& rows);

/// Certificates in DER, leaf first.
using CertificateChain = std::vector<engine::chain::Bytes>;

/// @param why  set to the reason when nothing is returned
std::optional<CertificateChain> certificates_from_pem(std::string_view pem, std::string& why);
/// Each is issued by the next, the last by itself, and all are valid now.  @return the reason when they are
/// not
std::optional<std::string> fault_of_chain(const CertificateChain& chain);
/// The leaf's key.  @return nothing when it is no Ed25519 key
std::optional<engine::chain::Ed25519PublicKey> ed25519_key_of(const engine::chain::Bytes& certificate);
/// The complete SubjectPublicKeyInfo: what an address's authority signature is made over.
std::optional<engine::chain::Bytes> spki_of(const engine::chain::Bytes& certificate);

class ReportSigner {
public:
    /// Checks the chain, its validity dates, and that the key is the leaf's.
    /// @param why  set to the reason when nothing is returned; never shows the key
    static std::optional<ReportSigner> from_pem(std::string_view chain_pem, std::string_view key_pem,
                                                std::string& why);

    const CertificateChain& chain() const { return chain_; }
    engine::chain::Ed25519Signature sign(const std::vector<SignedReport>& reports) const;

private:
    ReportSigner(CertificateChain chain, engine::chain::Ed25519KeyPair key)
        : chain_(std::move(chain)), key_(std::move(key)) {}

    CertificateChain chain_;
    engine::chain::Ed25519KeyPair key_;
};

/// The leaf's signature over the reports.  @return the reason when it is not to be trusted
std::optional<std::string> fault_of_signature(const CertificateChain& chain,
                                              const std::vector<SignedReport>& reports,
                                              engine::chain::ByteView signature);
/// A sender's check of a response for an address: chain, authority signature, report signature.  Evidence is
/// not looked into.
/// @return the reason when the response is not to be trusted
std::optional<std::string> fault_of_response(const CertificateChain& chain,
                                             const std::vector<SignedReport>& reports,
                                             engine::chain::ByteView signature,
                                             const engine::chain::PublicAddress& address);

} // namespace real::service
