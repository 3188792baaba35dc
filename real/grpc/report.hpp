#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/fog/ports.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

// report.ReportAPI: which ingress keys senders may use, and until when.

namespace real::grpc {

/// What vouches for a list of reports.
struct ReportSeal {
    std::vector<engine::chain::Bytes> chain; ///< DER certificates, leaf first
    engine::chain::Bytes signature;
};
using SealReports = std::function<ReportSeal(const std::vector<engine::fog::ReportRow>& reports)>;

/// The evidence of attestation in clear text, as a row of the database holds it: DCAP evidence without quote
/// and collateral, with a nonce and an enclave key of zeros and the ingress key as custom identity.  It names
/// the key, and nothing in it can be verified.
engine::chain::Bytes clear_text_evidence(const engine::chain::PublicKey& ingress_key);

/// The chain id is checked.
///
/// Evidence goes out as the row holds it, which is a message with DCAP evidence in field 4, or else one of
/// the older kind by itself.  A row without any goes out with clear_text_evidence.
/// @param api   outlives the server
/// @param seal  empty: unsigned
void serve_report(Server& server, engine::fog::ReportApi& api, SealReports seal);

class ReportClient final : public engine::fog::ReportApi {
public:
    struct Response {
        std::vector<engine::fog::ReportRow> reports;
        ReportSeal seal;
    };

    /// @param channel  outlives the client
    explicit ReportClient(Channel& channel) : channel_(channel) {}

    /// The rows' evidence is as it came, in the form of the database.
    /// @errors internal (evidence without an ingress key)
    Task<Result<std::vector<engine::fog::ReportRow>>> reports() override;
    /// The same with what vouches for it.  Nothing is verified here.
    Task<Outcome<Response>> fetch();

private:
    Channel& channel_;
};

} // namespace real::grpc
