#pragma once

#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/task.hpp"

namespace engine::fog {

/// Hands out the reports that ingest nodes have published.
///
/// Rules
/// 1. Reads the database on every call and keeps nothing.
/// 2. Filters nothing: the report of a retired, lost or expired key stays until another key takes its id.
///
/// In clear text an answer is the list alone.  Upstream signs it (Ed25519 over a Merlin digest, with the
/// certificate chain up to the authority in the recipient's address) and each report carries enclave evidence
/// that binds the ingress key; neither is made nor checked here.
/// @source mobilecoin a2229c005 fog/report/server, fog/report/resolver
class ReportServer final : public ReportApi {
public:
    /// @param database  outlives the server
    explicit ReportServer(RecoveryDb& database) : database_(database) {}

    /// @errors unavailable (the database does not answer), internal
    Task<Result<std::vector<ReportRow>>> reports() override;

private:
    RecoveryDb& database_;
};

/// What a sender needs from a report.
struct PickedReport {
    chain::PublicKey ingress_key; ///< hints are boxed to it; whether it is a point shows there
    BlockIndex expiry;            ///< upper bound of the tombstone block; not compared with the chain
};

/// The report a sender uses for a recipient.
/// @param fog_report_id  from the recipient's address; empty is an id like any other
/// @errors not_found (no report under the id, an empty list included)
Result<PickedReport> pick_report(const std::vector<ReportRow>& reports, const std::string& fog_report_id);

} // namespace engine::fog
