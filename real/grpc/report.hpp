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

/// The chain id is checked.
///
/// attestation: clear text.  A report whose evidence is empty goes out as evidence without quote and
/// collateral, with a nonce and an enclave key of zeros, and the ingress key as custom identity: there is
/// nothing to verify in it. Evidence that is not empty must be a message that holds it (DCAP in field 4, the
/// older kind in field 2) and goes out as it is.
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

    /// The rows' evidence is empty when there is nothing in it to verify.
    /// @errors internal (evidence without an ingress key)
    Task<Result<std::vector<engine::fog::ReportRow>>> reports() override;
    /// The same with what vouches for it.  Nothing is verified here.
    Task<Outcome<Response>> fetch();

private:
    Channel& channel_;
};

} // namespace real::grpc
