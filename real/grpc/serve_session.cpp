#include "real/grpc/serve_session.hpp"

#include <google/protobuf/empty.pb.h>

#include "proto/attest.pb.h"
#include "proto/fog_common.pb.h"
#include "proto/view.pb.h"
#include "real/grpc/message.hpp"

namespace real::grpc {
namespace {

using google::protobuf::Empty;

Task<Outcome<::attest::AuthMessage>> answer_greeting(Outcome<std::string> answer) {
    if (!answer) co_return answer.error();
    ::attest::AuthMessage reply;
    reply.set_data(std::move(*answer));
    co_return reply;
}

/// Says when a request is over, whether it was answered or its task killed.
class RequestUnderWay {
public:
    RequestUnderWay(ServedChannels& channels, const std::string& channel_id)
        : channels_(channels), channel_id_(channel_id) {}
    ~RequestUnderWay() { channels_.end(channel_id_); }
    RequestUnderWay(const RequestUnderWay&) = delete;
    RequestUnderWay& operator=(const RequestUnderWay&) = delete;

private:
    ServedChannels& channels_;
    const std::string channel_id_;
};

// Nothing is awaited between the sealing of the answer and its return.
Task<Outcome<::attest::Message>> answer_message(ServedChannels* channels, AnswerAad aad, const Answer* answer,
                                                ::attest::Message message) {
    Outcome<std::string> question = channels->receive(message);
    if (!question) co_return question.error();
    const RequestUnderWay under_way(*channels, message.channel_id());
    std::string asked_aad = message.aad();
    Outcome<std::string> plaintext = co_await (*answer)(std::move(asked_aad), std::move(*question));
    if (!plaintext) co_return plaintext.error();
    std::string reply_aad;
    if (aad == AnswerAad::as_asked) reply_aad = message.aad();
    co_return channels->answer(message.channel_id(), std::move(reply_aad), std::move(*plaintext));
}

Task<Outcome<::attest::Message>> answer_unary(std::shared_ptr<ServedChannels> channels, AnswerAad aad,
                                              const Answer* answer, const Call* call,
                                              ::attest::Message message) {
    const std::string channel_id = message.channel_id();
    Outcome<::attest::Message> reply =
        co_await answer_message(channels.get(), aad, answer, std::move(message));
    if (reply) call->if_undelivered([channels, channel_id] { channels->forget(channel_id); });
    co_return reply;
}

struct StreamService {
    std::shared_ptr<ServedChannels> channels;
    AnswerAad aad;
    Answer answer;
};

// fog_ledger.LedgerRequest and LedgerResponse have the same fields as fog-view's messages.
Task<std::optional<Status>> answer_stream(const StreamService* service, ServerStream& stream) {
    using Request = fog_view::FogViewRouterRequest;
    for (;;) {
        const std::optional<std::string> bytes = co_await stream.read();
        if (!bytes) co_return std::nullopt;
        std::optional<Request> request = parse<Request>(*bytes);
        if (!request)
            co_return Status(StatusCode::internal, "cannot parse the request",
                             engine::Code::invalid_argument);
        fog_view::FogViewRouterResponse reply;
        std::string asked_on;
        if (request->has_auth()) {
            Outcome<std::string> greeting = service->channels->open(request->auth().data());
            if (!greeting) co_return greeting.error();
            reply.mutable_auth()->set_data(std::move(*greeting));
        } else if (request->has_query()) {
            ::attest::Message message = std::move(*request->mutable_query());
            asked_on = message.channel_id();
            Outcome<::attest::Message> answer = co_await answer_message(service->channels.get(), service->aad,
                                                                        &service->answer, std::move(message));
            if (!answer) co_return answer.error();
            *reply.mutable_query() = std::move(*answer);
        } else {
            co_return Status(StatusCode::invalid_argument, "neither auth nor a query");
        }
        std::string reply_bytes = reply.SerializeAsString();
        const bool reached = co_await stream.write(std::move(reply_bytes));
        if (!reached) {
            service->channels->forget(asked_on);
            co_return std::nullopt;
        }
    }
}

Task<Outcome<Empty>> answer_add_shard(std::optional<Status> refusal) {
    if (refusal) co_return *refusal;
    co_return Empty();
}

Task<Outcome<void>> add_shard_call(Channel& channel, const char* path, std::string shard_uri) {
    fog_common::AddShardRequest request;
    request.set_shard_uri(std::move(shard_uri));
    const Outcome<Empty> reply = co_await call<Empty>(channel, path, request);
    if (!reply) co_return reply.error();
    co_return Outcome<void>();
}

} // namespace

void serve_auth(Server& server, const char* path, Guard guard, std::shared_ptr<Sessions> sessions) {
    add_unary<::attest::AuthMessage, ::attest::AuthMessage>(
        server, path, guard, [sessions = std::move(sessions)](const Call&, ::attest::AuthMessage request) {
            return answer_greeting(sessions->open(request.data()));
        });
}

void serve_auth(Server& server, const char* path, Guard guard, std::shared_ptr<ServedChannels> channels) {
    add_unary<::attest::AuthMessage, ::attest::AuthMessage>(
        server, path, guard, [channels = std::move(channels)](const Call&, ::attest::AuthMessage request) {
            return answer_greeting(channels->open(request.data()));
        });
}

void serve_attested(Server& server, const char* path, Guard guard, std::shared_ptr<ServedChannels> channels,
                    AnswerAad aad, Answer answer) {
    add_unary<::attest::Message, ::attest::Message>(
        server, path, guard,
        [channels = std::move(channels), aad, answer = std::move(answer)](const Call& call,
                                                                          ::attest::Message message) {
            return answer_unary(channels, aad, &answer, &call, std::move(message));
        });
}

void serve_attested_stream(Server& server, const char* path, std::shared_ptr<ServedChannels> channels,
                           AnswerAad aad, Answer answer) {
    server.handle_stream(path, {},
                         [service = StreamService{std::move(channels), aad, std::move(answer)}](
                             const Call&, ServerStream& stream) { return answer_stream(&service, stream); });
}

Status router_status(const engine::Error& error) {
    Status status = status_of(error);
    if (status.code != StatusCode::permission_denied) status.code = StatusCode::internal;
    return status;
}

void serve_add_shard(Server& server, const char* path,
                     std::function<std::optional<Status>(const std::string&)> add_shard) {
    add_unary<fog_common::AddShardRequest, Empty>(
        server, path, {},
        [add_shard = std::move(add_shard)](const Call&, fog_common::AddShardRequest request) {
            return answer_add_shard(add_shard(request.shard_uri()));
        });
}

Task<Outcome<void>> ask_to_add_shard(Channel& channel, const char* path, std::string shard_uri) {
    return add_shard_call(channel, path, std::move(shard_uri));
}

} // namespace real::grpc
