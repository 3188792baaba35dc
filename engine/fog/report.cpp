#include "engine/fog/report.hpp"

namespace engine::fog {

Task<Result<std::vector<ReportRow>>> ReportServer::reports() {
    Result<std::vector<ReportRow>> rows = co_await database_.reports();
    // A read without an answer has changed nothing: the caller may simply ask again.
    if (!rows && rows.error().code == Code::unknown)
        co_return Error{Code::unavailable, "report server", rows.error().cause};
    co_return rows;
}

Result<PickedReport> pick_report(const std::vector<ReportRow>& reports, const std::string& fog_report_id) {
    for (const ReportRow& row : reports)
        if (row.fog_report_id == fog_report_id) return PickedReport{row.ingress_key, row.expiry};
    return Error{Code::not_found, "no report under this id"};
}

} // namespace engine::fog
