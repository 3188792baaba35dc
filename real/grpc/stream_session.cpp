#include "real/grpc/stream_session.hpp"

#include "proto/view.pb.h"
#include "real/grpc/message.hpp"

// fog_ledger.LedgerRequest and LedgerResponse have the same fields as fog-view's messages, which stand for
// both.

namespace real::grpc {

using Request = fog_view::FogViewRouterRequest;
using Response = fog_view::FogViewRouterResponse;

Task<Outcome<std::string>> StreamSession::round_trip(Channel::Stream& stream, std::string request) {
    const bool written = co_await stream.write(std::move(request));
    std::optional<std::string> reply;
    if (written) reply = co_await stream.read();
    if (reply) co_return std::move(*reply);
    Status end = co_await stream.finish();
    if (end.code == StatusCode::ok) end = Status(StatusCode::internal, "the stream ended without an answer");
    channel_.set_last_failure(end);
    co_return end;
}

Task<Outcome<std::string>> StreamSession::exchange(std::string aad, std::string plaintext) {
    Task<Outcome<std::string>> conversation = converse(std::move(aad), std::move(plaintext));
    const auto limit = channel_.options().deadline;
    if (!limit) co_return co_await std::move(conversation);
    IoLoop& loop = channel_.runtime().loop();
    std::optional<Outcome<std::string>> answer =
        co_await engine::with_deadline(loop, loop.node_of(loop.current()), *limit, std::move(conversation));
    if (answer) co_return std::move(*answer);
    Status late(StatusCode::deadline_exceeded, "no answer on the stream in time");
    channel_.set_last_failure(late);
    co_return late;
}

Task<Outcome<std::string>> StreamSession::converse(std::string aad, std::string plaintext) {
    const engine::Mutex::Lock lock = co_await turn_.lock("its turn on a stream");
    // Out of stream_ while in use: a stream that is left in the middle is not used again.
    std::unique_ptr<Channel::Stream> stream = std::move(stream_);
    if (!stream) {
        stream = channel_.open(method_);
        Request greeting;
        greeting.mutable_auth()->set_data(end_.greet());
        std::string bytes = greeting.SerializeAsString();
        const Outcome<std::string> reply = co_await round_trip(*stream, std::move(bytes));
        if (!reply) co_return reply.error();
        const auto response = parse<Response>(*reply);
        const std::optional<Status> fault = end_.welcome(response ? response->auth().data() : std::string());
        if (fault) {
            channel_.set_last_failure(*fault);
            co_return *fault;
        }
    }
    Outcome<::attest::Message> message = end_.seal(std::move(aad), std::move(plaintext));
    if (!message) co_return message.error();
    Request request;
    *request.mutable_query() = std::move(*message);
    std::string bytes = request.SerializeAsString();
    const Outcome<std::string> reply = co_await round_trip(*stream, std::move(bytes));
    if (!reply) co_return reply.error();
    const auto response = parse<Response>(*reply);
    std::optional<std::string> answer;
    if (response && response->has_query()) answer = end_.open(response->query());
    if (!answer) {
        Status malformed(StatusCode::internal, "malformed answer, or one that does not decrypt");
        channel_.set_last_failure(malformed);
        co_return malformed;
    }
    stream_ = std::move(stream);
    co_return std::move(*answer);
}

} // namespace real::grpc
