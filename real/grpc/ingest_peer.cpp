#include <google/protobuf/empty.pb.h>

#include "engine/chain/bytes.hpp"
#include "proto/attest.pb.h"
#include "proto/ingest_peer.pb.h"
#include "real/grpc/ingest.hpp"
#include "real/grpc/ingest_messages.hpp"
#include "real/grpc/message.hpp"
#include "real/grpc/serve_session.hpp"
#include "real/grpc/session.hpp"

// An ingress private key travels as 32 bytes in Message.data.

namespace real::grpc {
namespace {

using namespace engine::fog;
using engine::Code;
using engine::Error;
using engine::chain::Crypto;
using engine::chain::KeyPair;
using engine::chain::PrivateKey;
using google::protobuf::Empty;
using WireSummary = ingest_common::IngestSummary;

constexpr const char* auth_path = "/attest.AttestedApi/Auth";
constexpr const char* status_path = "/ingest_peer.AccountIngestPeerAPI/GetStatus";
constexpr const char* get_key_path = "/ingest_peer.AccountIngestPeerAPI/GetIngressPrivateKey";
constexpr const char* set_key_path = "/ingest_peer.AccountIngestPeerAPI/SetIngressPrivateKey";
constexpr const char* set_peers_path = "/ingest_peer.AccountIngestPeerAPI/SetPeers";

std::optional<KeyPair> key_pair_from(const Crypto& crypto, const std::string& bytes) {
    const auto secret = PrivateKey::from(engine::chain::as_bytes(bytes));
    if (!secret) return std::nullopt;
    KeyPair key;
    key.secret = *secret;
    key.open = crypto.public_key(*secret);
    return key;
}

struct PeerService {
    IngestPeer& peer;
    const Crypto& crypto;
    PeerNames names;
    Sessions sessions{Sessions::routers};
};

Task<Outcome<WireSummary>> to_wire(Task<Result<IngestSummary>> command, const PeerNames* names) {
    const Result<IngestSummary> summary = co_await std::move(command);
    if (!summary) co_return status_of(summary.error());
    co_return to_message(*summary, *names);
}

Task<Outcome<::attest::Message>> give_key(PeerService* service, ingest_peer::GetPrivateKeyRequest request) {
    if (!service->sessions.knows(request.channel_id()))
        co_return Status(StatusCode::permission_denied, "attestation: unknown channel");
    const Result<KeyPair> key = co_await service->peer.get_ingress_key();
    if (!key) co_return status_of(key.error());
    ::attest::Message reply;
    reply.set_channel_id(request.channel_id());
    reply.set_data(key->secret.bytes.data(), key->secret.bytes.size());
    co_return reply;
}

Task<Outcome<WireSummary>> take_key(PeerService* service, ::attest::Message message) {
    if (!service->sessions.knows(message.channel_id()))
        co_return Status(StatusCode::permission_denied, "attestation: unknown channel");
    const std::optional<KeyPair> key = key_pair_from(service->crypto, message.data());
    if (!key) co_return Status(StatusCode::invalid_argument, "a private key has 32 bytes");
    const Result<IngestSummary> summary = co_await service->peer.set_ingress_key(*key);
    if (!summary) co_return status_of(summary.error());
    co_return to_message(*summary, service->names);
}

Task<Outcome<WireSummary>> take_peers(PeerService* service, ingest_common::SetPeersRequest request) {
    auto peers = responder_ids_from(request, service->names);
    if (!peers) co_return Status(StatusCode::invalid_argument, "not a peer URI");
    const Result<IngestSummary> summary = co_await service->peer.set_peers(std::move(*peers));
    if (!summary) co_return status_of(summary.error());
    co_return to_message(*summary, service->names);
}

} // namespace

void serve_ingest_peer(Server& server, IngestPeer& peer, const Crypto& crypto, PeerNames names) {
    const auto service = std::make_shared<PeerService>(PeerService{peer, crypto, std::move(names)});
    serve_auth(server, auth_path, {}, std::shared_ptr<Sessions>(service, &service->sessions));
    add_unary<Empty, WireSummary>(server, status_path, {}, [service](const Call&, Empty) {
        return to_wire(service->peer.status(), &service->names);
    });
    add_unary<ingest_peer::GetPrivateKeyRequest, ::attest::Message>(
        server, get_key_path, {}, [service](const Call&, ingest_peer::GetPrivateKeyRequest request) {
            return give_key(service.get(), std::move(request));
        });
    add_unary<::attest::Message, WireSummary>(server, set_key_path, {},
                                              [service](const Call&, ::attest::Message message) {
                                                  return take_key(service.get(), std::move(message));
                                              });
    add_unary<ingest_common::SetPeersRequest, WireSummary>(
        server, set_peers_path, {}, [service](const Call&, ingest_common::SetPeersRequest request) {
            return take_peers(service.get(), std::move(request));
        });
}

// ------------------------------------------------------------------------------------------------ client

struct IngestPeerClient::State {
    State(Channel& c, std::string id, const Crypto& k, PeerNames n)
        : channel(c), responder_id(std::move(id)), crypto(k), names(std::move(n)), session(c, auth_path) {}

    Result<IngestSummary> summary(const Outcome<WireSummary>& reply, const char* path) const {
        if (!reply) return error_of(reply.error(), path);
        auto out = summary_from(*reply, names);
        if (!out) return Error{Code::internal, "ingest peer: malformed summary"};
        return std::move(*out);
    }
    /// The peer has forgotten the session: whether to try with a new one.
    bool drop_session(const Status& status, const std::string& id, int attempt) {
        if (status.code != StatusCode::permission_denied) return false;
        session.drop(id);
        return attempt < 2;
    }

    Channel& channel;
    std::string responder_id;
    const Crypto& crypto;
    PeerNames names;
    ClearTextSession session;
};

IngestPeerClient::IngestPeerClient(Channel& channel, std::string responder_id, const Crypto& crypto,
                                   PeerNames names)
    : state_(std::make_unique<State>(channel, std::move(responder_id), crypto, std::move(names))) {}
IngestPeerClient::~IngestPeerClient() = default;

const std::string& IngestPeerClient::responder_id() const { return state_->responder_id; }

Task<Result<IngestSummary>> IngestPeerClient::status() {
    const Empty request;
    const Outcome<WireSummary> reply = co_await call<WireSummary>(state_->channel, status_path, request);
    co_return state_->summary(reply, status_path);
}

Task<Result<IngestSummary>> IngestPeerClient::set_peers(std::vector<std::string> peers) {
    const auto request = set_peers_request(peers, state_->names);
    const Outcome<WireSummary> reply = co_await call<WireSummary>(state_->channel, set_peers_path, request);
    co_return state_->summary(reply, set_peers_path);
}

Task<Result<IngestSummary>> IngestPeerClient::set_ingress_key(KeyPair key) {
    for (int attempt = 1;; ++attempt) {
        const Outcome<std::string> id = co_await state_->session.channel_id();
        if (!id) co_return error_of(id.error(), auth_path);
        ::attest::Message message;
        message.set_channel_id(*id);
        message.set_data(key.secret.bytes.data(), key.secret.bytes.size());
        const Outcome<WireSummary> reply = co_await call<WireSummary>(state_->channel, set_key_path, message);
        if (reply || !state_->drop_session(reply.error(), *id, attempt))
            co_return state_->summary(reply, set_key_path);
    }
}

Task<Result<KeyPair>> IngestPeerClient::get_ingress_key() {
    for (int attempt = 1;; ++attempt) {
        const Outcome<std::string> id = co_await state_->session.channel_id();
        if (!id) co_return error_of(id.error(), auth_path);
        ingest_peer::GetPrivateKeyRequest request;
        request.set_channel_id(*id);
        const Outcome<::attest::Message> reply =
            co_await call<::attest::Message>(state_->channel, get_key_path, request);
        if (!reply) {
            if (state_->drop_session(reply.error(), *id, attempt)) continue;
            co_return error_of(reply.error(), get_key_path);
        }
        const std::optional<KeyPair> key = key_pair_from(state_->crypto, reply->data());
        if (!key) co_return Error{Code::internal, "ingest peer: malformed key"};
        co_return *key;
    }
}

} // namespace real::grpc
