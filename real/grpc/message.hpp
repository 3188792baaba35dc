#pragma once

#include <google/protobuf/message_lite.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

// Inside real/grpc only: calls and handlers in terms of protobuf messages.

namespace real::grpc {

/// @return nothing when the bytes are no such message
template <class Message>
std::optional<Message> parse(const std::string& bytes) {
    std::optional<Message> message(std::in_place);
    if (!message->ParseFromString(bytes)) message.reset();
    return message;
}

template <class Reply>
Task<Outcome<Reply>> receive(Channel& channel, const char* method, std::string request, CallOptions options) {
    Outcome<std::string> bytes = co_await channel.exchange(method, std::move(request), options);
    if (!bytes) co_return bytes.error();
    std::optional<Reply> reply = parse<Reply>(*bytes);
    if (!reply) {
        Status malformed(StatusCode::internal, "malformed answer");
        channel.set_last_failure(malformed);
        co_return malformed;
    }
    co_return std::move(*reply);
}

/// One unary call.  The request is read before this returns.
template <class Reply>
Task<Outcome<Reply>> call(Channel& channel, const char* method, const google::protobuf::MessageLite& request,
                          CallOptions options = {}) {
    return receive<Reply>(channel, method, request.SerializeAsString(), options);
}

template <class Request, class Reply>
using MessageHandler = std::function<Task<Outcome<Reply>>(const Call& call, Request request)>;

template <class Request, class Reply>
Task<Outcome<std::string>> respond(const MessageHandler<Request, Reply>* handler, const Call& call,
                                   std::string bytes) {
    std::optional<Request> request = parse<Request>(bytes);
    if (!request)
        co_return Status(StatusCode::internal, "cannot parse the request", engine::Code::invalid_argument);
    Outcome<Reply> reply = co_await (*handler)(call, std::move(*request));
    if (!reply) co_return reply.error();
    co_return reply->SerializeAsString();
}

/// Adds a unary method.  What does not parse is INTERNAL, as upstream's library has it.
template <class Request, class Reply>
void add_unary(Server& server, const char* path, Guard guard, MessageHandler<Request, Reply> handler) {
    server.handle(path, guard, [handler = std::move(handler)](const Call& call, std::string bytes) {
        return respond<Request, Reply>(&handler, call, std::move(bytes));
    });
}

/// An engine's answer without its value.
inline engine::Error error_of(const Status& status, const char* origin) { return {status.reason, origin}; }

} // namespace real::grpc
