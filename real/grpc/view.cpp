#include "real/grpc/view.hpp"

#include <google/protobuf/empty.pb.h>

#include "real/grpc/client_session.hpp"
#include "real/grpc/message.hpp"
#include "real/grpc/serve_session.hpp"
#include "real/grpc/session.hpp"
#include "real/grpc/stream_session.hpp"
#include "real/grpc/view_messages.hpp"

namespace real::grpc {
namespace {

namespace wire = ::fog_view;
using namespace engine::fog;
using engine::Error;
using google::protobuf::Empty;

constexpr const char* auth_path = "/fog_view.FogViewAPI/Auth";
constexpr const char* query_path = "/fog_view.FogViewAPI/Query";
constexpr const char* stream_path = "/fog_view.FogViewRouterAPI/request";
constexpr const char* store_auth_path = "/fog_view.FogViewStoreAPI/Auth";
constexpr const char* store_query_path = "/fog_view.FogViewStoreAPI/MultiViewStoreQuery";
constexpr const char* add_shard_path = "/fog_view.FogViewRouterAdminAPI/addShard";

// ------------------------------------------------------------------------------------------------ router

Task<Outcome<std::string>> answer_query(ViewApi* api, std::string aad, std::string plaintext) {
    std::optional<AskedView> asked = view_query_from(aad, plaintext);
    if (!asked) co_return Status(StatusCode::invalid_argument, "cannot parse the query");
    ViewQuery query = std::move(asked->query);
    const Result<ViewAnswer> answer = co_await api->query(std::move(query));
    if (!answer) co_return router_status(answer.error());
    co_return to_message(*answer, asked->asked, true);
}

// ------------------------------------------------------------------------------------------------ store

Task<Outcome<wire::MultiViewStoreQueryResponse>> answer_router(ViewStoreApi* api,
                                                               std::shared_ptr<Sessions> sessions,
                                                               const ViewStoreIdentity* identity,
                                                               wire::MultiViewStoreQueryRequest request) {
    wire::MultiViewStoreQueryResponse reply;
    reply.set_store_uri(identity->store_uri);
    reply.mutable_block_range()->set_start_block(identity->range.start.value);
    reply.mutable_block_range()->set_end_block(identity->range.end.value);
    reply.set_status(wire::AUTHENTICATION_ERROR);
    for (const ::attest::NonceMessage& message : request.queries()) {
        if (!sessions->accepts(message.channel_id(), message.nonce())) continue;
        std::optional<AskedView> asked = view_query_from(message.aad(), message.data());
        if (!asked) continue; // "not for me", as upstream
        ViewQuery query = std::move(asked->query);
        const Result<ViewStoreAnswer> answer = co_await api->query(std::move(query));
        if (!answer && answer.error().code == engine::Code::not_ready) {
            reply.set_status(wire::NOT_READY);
            co_return reply;
        }
        if (!answer) co_return status_of(answer.error());
        reply.set_status(wire::SUCCESS);
        reply.mutable_block_range()->set_start_block(answer->range.start.value);
        reply.mutable_block_range()->set_end_block(answer->range.end.value);
        ::attest::NonceMessage& response = *reply.mutable_query_response();
        response.set_channel_id(message.channel_id());
        response.set_nonce(message.nonce());
        response.set_aad(message.aad());
        response.set_data(to_message(answer->view, asked->asked, false));
        co_return reply;
    }
    co_return reply;
}

} // namespace

void serve_view(Server& server, ViewApi& api, ViewProtocol protocol, ServerAttestation attestation) {
    const auto channels = std::make_shared<ServedChannels>(Sessions::clients, std::move(attestation));
    const Answer answer = [&api](std::string aad, std::string plaintext) {
        return answer_query(&api, std::move(aad), std::move(plaintext));
    };
    if (protocol == ViewProtocol::streaming) {
        serve_attested_stream(server, stream_path, channels, AnswerAad::as_asked, answer);
    } else {
        const Guard guard{.chain_id = true, .token = true};
        serve_auth(server, auth_path, guard, channels);
        serve_attested(server, query_path, guard, channels, AnswerAad::as_asked, answer);
    }
}

void serve_view_store(Server& server, ViewStoreApi& api, ViewStoreIdentity identity) {
    const auto sessions = std::make_shared<Sessions>(Sessions::routers);
    const Guard guard{.chain_id = false, .token = true};
    serve_auth(server, store_auth_path, guard, sessions);
    add_unary<wire::MultiViewStoreQueryRequest, wire::MultiViewStoreQueryResponse>(
        server, store_query_path, guard,
        [&api, sessions, identity = std::move(identity)](const Call&,
                                                         wire::MultiViewStoreQueryRequest request) {
            return answer_router(&api, sessions, &identity, std::move(request));
        });
}

void serve_view_router_admin(Server& server, AddShard add_shard) {
    serve_add_shard(server, add_shard_path, std::move(add_shard));
}

Task<Outcome<void>> add_view_shard(Channel& channel, std::string shard_uri) {
    return ask_to_add_shard(channel, add_shard_path, std::move(shard_uri));
}

// ------------------------------------------------------------------------------------------------ clients

struct ViewClient::State {
    State(Channel& channel, ViewProtocol p, const ClientAttestation& attestation)
        : protocol(p), unary(channel, auth_path, attestation, attest::Enclave::view),
          stream(channel, stream_path, attestation, attest::Enclave::view) {}

    Task<Outcome<std::string>> exchange(std::string aad, std::string plaintext) {
        return protocol == ViewProtocol::unary
                   ? unary.exchange(query_path, std::move(aad), std::move(plaintext))
                   : stream.exchange(std::move(aad), std::move(plaintext));
    }

    ViewProtocol protocol;
    UnarySession unary;
    StreamSession stream;
};

ViewClient::ViewClient(Channel& channel, ViewProtocol protocol, ClientAttestation attestation)
    : state_(std::make_unique<State>(channel, protocol, attestation)) {}
ViewClient::~ViewClient() = default;

Task<Result<ViewAnswer>> ViewClient::query(ViewQuery query) {
    auto [aad, plaintext] = to_messages(query);
    const Outcome<std::string> reply = co_await state_->exchange(std::move(aad), std::move(plaintext));
    if (!reply) co_return error_of(reply.error(), query_path);
    std::optional<ViewAnswer> answer = view_answer_from(*reply, query.keys);
    if (!answer) co_return Error{engine::Code::internal, "fog view: malformed answer"};
    co_return std::move(*answer);
}

struct ViewStoreClient::State {
    explicit State(Channel& c) : channel(c), session(c, store_auth_path) {}
    Channel& channel;
    ClearTextSession session;
};

ViewStoreClient::ViewStoreClient(Channel& channel) : state_(std::make_unique<State>(channel)) {}
ViewStoreClient::~ViewStoreClient() = default;

Task<Result<ViewStoreAnswer>> ViewStoreClient::query(ViewQuery query) {
    const auto [aad, plaintext] = to_messages(query);
    for (int attempt = 1;; ++attempt) {
        const Outcome<std::string> id = co_await state_->session.channel_id();
        if (!id) co_return error_of(id.error(), store_auth_path);
        wire::MultiViewStoreQueryRequest request;
        ::attest::NonceMessage& message = *request.add_queries();
        message.set_aad(aad);
        message.set_channel_id(*id);
        message.set_data(plaintext);
        message.set_nonce(state_->session.next_nonce());
        const Outcome<wire::MultiViewStoreQueryResponse> reply =
            co_await call<wire::MultiViewStoreQueryResponse>(state_->channel, store_query_path, request);
        if (!reply) co_return error_of(reply.error(), store_query_path);
        if (reply->status() == wire::AUTHENTICATION_ERROR) {
            state_->session.drop(*id);
            if (attempt < 2) continue;
            co_return Error{engine::Code::permission_denied, "view store: authentication"};
        }
        if (reply->status() == wire::NOT_READY)
            co_return Error{engine::Code::not_ready, "view store: not ready"};
        if (reply->status() != wire::SUCCESS) co_return Error{engine::Code::internal, "view store: status"};
        std::optional<ViewAnswer> view = view_answer_from(reply->query_response().data(), query.keys);
        if (!view) co_return Error{engine::Code::internal, "view store: malformed answer"};
        ViewStoreAnswer answer;
        answer.range.start = engine::BlockIndex{reply->block_range().start_block()};
        answer.range.end = engine::BlockIndex{reply->block_range().end_block()};
        answer.view = std::move(*view);
        co_return answer;
    }
}

} // namespace real::grpc
