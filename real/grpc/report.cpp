#include "real/grpc/report.hpp"

#include "engine/chain/bytes.hpp"
#include "proto/report.pb.h"
#include "real/attest/evidence.hpp"
#include "real/grpc/message.hpp"

namespace real::grpc {
namespace {

namespace wire = ::report;
using namespace engine::fog;
using engine::chain::Bytes;

constexpr const char* path = "/report.ReportAPI/GetReports";
constexpr std::size_t nonce_size = 16;
constexpr std::size_t enclave_key_size = 32;

bool set_evidence(wire::Report& message, const ReportRow& row) {
    const Bytes evidence = row.evidence.empty() ? clear_text_evidence(row.ingress_key) : row.evidence;
    const auto parse_into = [](auto& to, engine::chain::ByteView bytes) {
        return to.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    };
    if (const auto dcap = attest::dcap_in(evidence))
        return parse_into(*message.mutable_dcap_evidence(), *dcap);
    return parse_into(*message.mutable_verification_report(), evidence);
}

Task<Outcome<wire::ReportResponse>> answer(ReportApi* api, const SealReports* seal) {
    const Result<std::vector<ReportRow>> rows = co_await api->reports();
    if (!rows) {
        Status status = status_of(rows.error());
        status.code = StatusCode::internal; // a database in trouble
        co_return status;
    }
    wire::ReportResponse reply;
    for (const ReportRow& row : *rows) {
        wire::Report& report = *reply.add_reports();
        report.set_fog_report_id(row.fog_report_id);
        report.set_pubkey_expiry(row.expiry.value);
        if (!set_evidence(report, row)) co_return Status(StatusCode::internal, "malformed evidence");
    }
    if (*seal) {
        const ReportSeal sealed = (*seal)(*rows);
        for (const Bytes& certificate : sealed.chain) reply.add_chain(certificate.data(), certificate.size());
        reply.set_signature(sealed.signature.data(), sealed.signature.size());
    }
    co_return reply;
}

Bytes to_bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::optional<ReportRow> row_from(const wire::Report& message) {
    ReportRow row;
    row.fog_report_id = message.fog_report_id();
    row.expiry = engine::BlockIndex{message.pubkey_expiry()};
    if (message.has_dcap_evidence()) {
        wire::Report holder;
        *holder.mutable_dcap_evidence() = message.dcap_evidence();
        row.evidence = to_bytes(holder.SerializeAsString());
    } else {
        row.evidence = to_bytes(message.verification_report().SerializeAsString());
    }
    const auto identity = attest::claimed_custom_identity(row.evidence);
    const auto key = engine::chain::PublicKey::from(identity.value_or(Bytes{}));
    if (!key) return std::nullopt;
    row.ingress_key = *key;
    return row;
}

} // namespace

Bytes clear_text_evidence(const engine::chain::PublicKey& ingress_key) {
    wire::Report holder;
    external::EnclaveReportDataContents& data = *holder.mutable_dcap_evidence()->mutable_report_data();
    data.set_nonce(std::string(nonce_size, '\0'));
    data.set_key(std::string(enclave_key_size, '\0'));
    data.set_custom_identity(ingress_key.bytes.data(), ingress_key.bytes.size());
    return to_bytes(holder.SerializeAsString());
}

void serve_report(Server& server, ReportApi& api, SealReports seal) {
    add_unary<wire::ReportRequest, wire::ReportResponse>(
        server, path, {.chain_id = true, .token = false},
        [&api, seal = std::move(seal)](const Call&, wire::ReportRequest) { return answer(&api, &seal); });
}

Task<Outcome<ReportClient::Response>> ReportClient::fetch() {
    const wire::ReportRequest request;
    const Outcome<wire::ReportResponse> reply = co_await call<wire::ReportResponse>(channel_, path, request);
    if (!reply) co_return reply.error();
    Response response;
    for (const wire::Report& report : reply->reports()) {
        auto row = row_from(report);
        if (!row) co_return Status(StatusCode::internal, "evidence without an ingress key");
        response.reports.push_back(std::move(*row));
    }
    for (const std::string& certificate : reply->chain())
        response.seal.chain.push_back(to_bytes(certificate));
    response.seal.signature = to_bytes(reply->signature());
    co_return response;
}

Task<Result<std::vector<ReportRow>>> ReportClient::reports() {
    Outcome<Response> response = co_await fetch();
    if (!response) co_return error_of(response.error(), path);
    co_return std::move(response->reports);
}

} // namespace real::grpc
