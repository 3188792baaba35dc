#include "real/grpc/ingest_messages.hpp"

#include <charconv>

#include "engine/chain/bytes.hpp"

namespace real::grpc {

using namespace engine;
using namespace engine::fog;

namespace {

std::string text(chain::ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<chain::PublicKey> key_from(const std::string& bytes) {
    return chain::PublicKey::from(chain::as_bytes(bytes));
}

constexpr std::string_view peer_scheme = "insecure-igp://";
constexpr std::uint16_t default_peer_port = 8090;

std::optional<std::string> insecure_responder_id(std::string_view uri) {
    if (!uri.starts_with(peer_scheme)) return std::nullopt;
    uri.remove_prefix(peer_scheme.size());
    const std::string_view authority = uri.substr(0, uri.find_first_of("/?#"));
    const auto colon = authority.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
    const std::string_view host = has_port ? authority.substr(0, colon) : authority;
    if (host.empty() || host.find('@') != std::string_view::npos) return std::nullopt;
    std::uint16_t port = default_peer_port;
    if (has_port) {
        const std::string_view digits = authority.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
    }
    return std::string(host) + ":" + std::to_string(port);
}

} // namespace

PeerNames insecure_peer_names() {
    PeerNames names;
    names.to_uri = [](const std::string& responder_id) {
        return std::string(peer_scheme) + responder_id + "/";
    };
    names.to_responder_id = [](const std::string& uri) { return insecure_responder_id(uri); };
    return names;
}

ingest_common::IngestSummary to_message(const IngestSummary& summary, const PeerNames& names) {
    ingest_common::IngestSummary message;
    message.set_mode(summary.mode == IngestMode::active ? ingest_common::Active : ingest_common::Idle);
    message.set_next_block_index(summary.next_block.value);
    message.set_pubkey_expiry_window(summary.pubkey_expiry_window);
    message.mutable_ingress_pubkey()->set_data(text(summary.ingress_key.view()));
    message.set_egress_pubkey(text(summary.egress_key.view()));
    for (const std::string& peer : summary.peers) message.add_peers(names.to_uri(peer));
    if (summary.invocation) message.set_ingest_invocation_id(summary.invocation->value);
    return message;
}

std::optional<IngestSummary> summary_from(const ingest_common::IngestSummary& message,
                                          const PeerNames& names) {
    IngestSummary summary;
    summary.mode = message.mode() == ingest_common::Active ? IngestMode::active : IngestMode::idle;
    summary.next_block = BlockIndex{message.next_block_index()};
    summary.pubkey_expiry_window = message.pubkey_expiry_window();
    const auto ingress = key_from(message.ingress_pubkey().data());
    const auto egress = key_from(message.egress_pubkey());
    if (!ingress || !egress) return std::nullopt;
    summary.ingress_key = *ingress;
    summary.egress_key = *egress;
    for (const std::string& uri : message.peers()) {
        auto peer = names.to_responder_id(uri);
        if (!peer) return std::nullopt;
        summary.peers.push_back(std::move(*peer));
    }
    if (message.ingest_invocation_id() != 0)
        summary.invocation = InvocationId{message.ingest_invocation_id()};
    return summary;
}

ingest_common::SetPeersRequest set_peers_request(const std::vector<std::string>& responder_ids,
                                                 const PeerNames& names) {
    ingest_common::SetPeersRequest request;
    for (const std::string& peer : responder_ids) request.add_ingest_peer_uris(names.to_uri(peer));
    return request;
}

std::optional<std::vector<std::string>> responder_ids_from(const ingest_common::SetPeersRequest& request,
                                                           const PeerNames& names) {
    std::vector<std::string> peers;
    for (const std::string& uri : request.ingest_peer_uris()) {
        auto peer = names.to_responder_id(uri);
        if (!peer) return std::nullopt;
        peers.push_back(std::move(*peer));
    }
    return peers;
}

account_ingest::GetIngressKeyRecordsResponse to_message(const std::vector<IngressKeyRecord>& records,
                                                        bool only_unexpired) {
    account_ingest::GetIngressKeyRecordsResponse message;
    for (const IngressKeyRecord& record : records) {
        if (only_unexpired && !(record.last_scanned && record.expiry > *record.last_scanned)) continue;
        auto* out = message.add_records();
        out->mutable_ingress_public_key()->set_data(text(record.key.view()));
        out->set_start_block(record.start.value);
        out->set_pubkey_expiry(record.expiry.value);
        out->set_retired(record.retired);
        out->set_lost(record.lost);
        if (record.last_scanned) out->set_last_scanned_block(record.last_scanned->value);
    }
    return message;
}

std::optional<std::vector<IngressKeyRecord>>
key_records_from(const account_ingest::GetIngressKeyRecordsResponse& message) {
    std::vector<IngressKeyRecord> records;
    for (const account_ingest::IngressPublicKeyRecord& in : message.records()) {
        IngressKeyRecord record;
        const auto key = key_from(in.ingress_public_key().data());
        if (!key) return std::nullopt;
        record.key = *key;
        record.start = BlockIndex{in.start_block()};
        record.expiry = BlockIndex{in.pubkey_expiry()};
        record.retired = in.retired();
        record.lost = in.lost();
        if (in.last_scanned_block() != 0) record.last_scanned = BlockIndex{in.last_scanned_block()};
        records.push_back(record);
    }
    return records;
}

} // namespace real::grpc
