#include "real/grpc/ingest.hpp"

#include <google/protobuf/empty.pb.h>

#include "engine/chain/bytes.hpp"
#include "proto/ingest.pb.h"
#include "real/grpc/ingest_messages.hpp"
#include "real/grpc/message.hpp"
#include "real/grpc/serve_session.hpp"

namespace real::grpc {
namespace {

namespace wire = ::account_ingest;
using namespace engine::fog;
using engine::Code;
using engine::Error;
using google::protobuf::Empty;
using WireSummary = ingest_common::IngestSummary;

constexpr const char* status_path = "/account_ingest.AccountIngestAPI/GetStatus";
constexpr const char* new_keys_path = "/account_ingest.AccountIngestAPI/NewKeys";
constexpr const char* window_path = "/account_ingest.AccountIngestAPI/SetPubkeyExpiryWindow";
constexpr const char* set_peers_path = "/account_ingest.AccountIngestAPI/SetPeers";
constexpr const char* activate_path = "/account_ingest.AccountIngestAPI/Activate";
constexpr const char* retire_path = "/account_ingest.AccountIngestAPI/Retire";
constexpr const char* unretire_path = "/account_ingest.AccountIngestAPI/Unretire";
constexpr const char* lost_path = "/account_ingest.AccountIngestAPI/ReportLostIngressKey";
constexpr const char* missed_path = "/account_ingest.AccountIngestAPI/GetMissedBlockRanges";
constexpr const char* sync_path = "/account_ingest.AccountIngestAPI/SyncKeysFromRemote";
constexpr const char* records_path = "/account_ingest.AccountIngestAPI/GetIngressKeyRecords";

/// Status of a command that fails: activation and the key sync tell peers out of reach from a database in
/// trouble.
using StatusOf = Status (*)(const Error&);

Status database_status(const Error& error) {
    Status status = status_of(error);
    if (status.code == StatusCode::unavailable) status.code = StatusCode::internal;
    return status;
}
/// The one call for which upstream says so.
Status records_status(const Error& error) {
    Status status = status_of(error);
    status.code = StatusCode::failed_precondition;
    return status;
}

Task<Outcome<WireSummary>> to_wire(Task<Result<IngestSummary>> command, StatusOf status,
                                   const PeerNames* names) {
    const Result<IngestSummary> summary = co_await std::move(command);
    if (!summary) co_return status(summary.error());
    co_return to_message(*summary, *names);
}

Task<Outcome<WireSummary>> refuse(std::string why) {
    co_return Status(StatusCode::invalid_argument, std::move(why));
}

Task<Outcome<Empty>> report_lost(IngestApi* api, wire::ReportLostIngressKeyRequest request) {
    const auto key = engine::chain::PublicKey::from(engine::chain::as_bytes(request.key().data()));
    if (!key) co_return Status(StatusCode::invalid_argument, "an ingress key has 32 bytes");
    const Result<bool> done = co_await api->report_lost_ingress_key(*key);
    if (!done) co_return database_status(done.error());
    co_return Empty();
}

Task<Outcome<wire::GetMissedBlockRangesResponse>> missed_ranges(IngestApi* api) {
    const Result<std::vector<engine::BlockRange>> ranges = co_await api->get_missed_block_ranges();
    if (!ranges) co_return database_status(ranges.error());
    wire::GetMissedBlockRangesResponse reply;
    for (const engine::BlockRange& range : *ranges) {
        auto* out = reply.add_missed_block_ranges();
        out->set_start_block(range.start.value);
        out->set_end_block(range.end.value);
    }
    co_return reply;
}

Task<Outcome<wire::GetIngressKeyRecordsResponse>> key_records(IngestApi* api,
                                                              wire::GetIngressKeyRecordsRequest request) {
    const engine::BlockIndex start{request.start_block_at_least()};
    const Result<std::vector<IngressKeyRecord>> records = co_await api->get_ingress_key_records(
        start, request.should_include_lost_keys(), request.should_include_retired_keys());
    if (!records) co_return records_status(records.error());
    co_return to_message(*records, request.should_only_include_unexpired_keys());
}

} // namespace

void serve_ingest(Server& server, IngestApi& api, PeerNames names) {
    const auto kept = std::make_shared<const PeerNames>(std::move(names));
    const auto command = [&](const char* path, Task<Result<IngestSummary>> (IngestApi::*method)(),
                             StatusOf status) {
        add_unary<Empty, WireSummary>(server, path, {}, [&api, method, status, kept](const Call&, Empty) {
            return to_wire((api.*method)(), status, kept.get());
        });
    };
    command(status_path, &IngestApi::get_status, status_of);
    command(new_keys_path, &IngestApi::new_keys, database_status);
    command(activate_path, &IngestApi::activate, status_of);
    command(retire_path, &IngestApi::retire, database_status);
    command(unretire_path, &IngestApi::unretire, database_status);
    add_unary<wire::SetPubkeyExpiryWindowRequest, WireSummary>(
        server, window_path, {}, [&api, kept](const Call&, wire::SetPubkeyExpiryWindowRequest request) {
            return to_wire(api.set_pubkey_expiry_window(request.pubkey_expiry_window()), status_of,
                           kept.get());
        });
    add_unary<ingest_common::SetPeersRequest, WireSummary>(
        server, set_peers_path, {}, [&api, kept](const Call&, ingest_common::SetPeersRequest request) {
            auto peers = responder_ids_from(request, *kept);
            if (!peers) return refuse("not a peer URI");
            return to_wire(api.set_peers(std::move(*peers)), status_of, kept.get());
        });
    add_unary<wire::SyncKeysFromRemoteRequest, WireSummary>(
        server, sync_path, {}, [&api, kept](const Call&, wire::SyncKeysFromRemoteRequest request) {
            auto peer = kept->to_responder_id(request.peer_uri());
            if (!peer) return refuse("not a peer URI");
            return to_wire(api.sync_keys_from_remote(std::move(*peer)), status_of, kept.get());
        });
    add_unary<wire::ReportLostIngressKeyRequest, Empty>(
        server, lost_path, {}, [&api](const Call&, wire::ReportLostIngressKeyRequest request) {
            return report_lost(&api, std::move(request));
        });
    add_unary<Empty, wire::GetMissedBlockRangesResponse>(
        server, missed_path, {}, [&api](const Call&, Empty) { return missed_ranges(&api); });
    add_unary<wire::GetIngressKeyRecordsRequest, wire::GetIngressKeyRecordsResponse>(
        server, records_path, {}, [&api](const Call&, wire::GetIngressKeyRecordsRequest request) {
            return key_records(&api, std::move(request));
        });
}

// ------------------------------------------------------------------------------------------------ client

namespace {

Task<Result<IngestSummary>> from_wire(Task<Outcome<WireSummary>> command, const char* path,
                                      const PeerNames* names) {
    const Outcome<WireSummary> reply = co_await std::move(command);
    if (!reply) co_return error_of(reply.error(), path);
    std::optional<IngestSummary> summary = summary_from(*reply, *names);
    if (!summary) co_return Error{Code::internal, "ingest: malformed summary"};
    co_return std::move(*summary);
}

} // namespace

Task<Result<IngestSummary>> IngestClient::get_status() {
    return from_wire(call<WireSummary>(channel_, status_path, Empty()), status_path, &names_);
}
Task<Result<IngestSummary>> IngestClient::activate() {
    return from_wire(call<WireSummary>(channel_, activate_path, Empty()), activate_path, &names_);
}
Task<Result<IngestSummary>> IngestClient::retire() {
    return from_wire(call<WireSummary>(channel_, retire_path, Empty()), retire_path, &names_);
}
Task<Result<IngestSummary>> IngestClient::unretire() {
    return from_wire(call<WireSummary>(channel_, unretire_path, Empty()), unretire_path, &names_);
}
Task<Result<IngestSummary>> IngestClient::new_keys() {
    return from_wire(call<WireSummary>(channel_, new_keys_path, Empty()), new_keys_path, &names_);
}
Task<Result<IngestSummary>> IngestClient::set_pubkey_expiry_window(std::uint64_t blocks) {
    wire::SetPubkeyExpiryWindowRequest request;
    request.set_pubkey_expiry_window(blocks);
    return from_wire(call<WireSummary>(channel_, window_path, request), window_path, &names_);
}
Task<Result<IngestSummary>> IngestClient::set_peers(std::vector<std::string> peers) {
    return from_wire(call<WireSummary>(channel_, set_peers_path, set_peers_request(peers, names_)),
                     set_peers_path, &names_);
}
Task<Result<IngestSummary>> IngestClient::sync_keys_from_remote(std::string responder_id) {
    wire::SyncKeysFromRemoteRequest request;
    request.set_peer_uri(names_.to_uri(responder_id));
    return from_wire(call<WireSummary>(channel_, sync_path, request), sync_path, &names_);
}

// The wire does not say whether a range was announced.
Task<Result<bool>> IngestClient::report_lost_ingress_key(engine::chain::PublicKey key) {
    wire::ReportLostIngressKeyRequest request;
    request.mutable_key()->set_data(key.bytes.data(), key.bytes.size());
    const Outcome<Empty> reply = co_await call<Empty>(channel_, lost_path, request);
    if (!reply) co_return error_of(reply.error(), lost_path);
    co_return true;
}

Task<Result<std::vector<engine::BlockRange>>> IngestClient::get_missed_block_ranges() {
    const Empty request;
    const Outcome<wire::GetMissedBlockRangesResponse> reply =
        co_await call<wire::GetMissedBlockRangesResponse>(channel_, missed_path, request);
    if (!reply) co_return error_of(reply.error(), missed_path);
    std::vector<engine::BlockRange> ranges;
    for (const auto& range : reply->missed_block_ranges())
        ranges.push_back({engine::BlockIndex{range.start_block()}, engine::BlockIndex{range.end_block()}});
    co_return ranges;
}

Task<Result<std::vector<IngressKeyRecord>>>
IngestClient::get_ingress_key_records(engine::BlockIndex start_at_least, bool include_lost,
                                      bool include_retired) {
    wire::GetIngressKeyRecordsRequest request;
    request.set_start_block_at_least(start_at_least.value);
    request.set_should_include_lost_keys(include_lost);
    request.set_should_include_retired_keys(include_retired);
    const Outcome<wire::GetIngressKeyRecordsResponse> reply =
        co_await call<wire::GetIngressKeyRecordsResponse>(channel_, records_path, request);
    if (!reply) co_return error_of(reply.error(), records_path);
    auto records = key_records_from(*reply);
    if (!records) co_return Error{Code::internal, "ingest: malformed key record"};
    co_return std::move(*records);
}

} // namespace real::grpc
