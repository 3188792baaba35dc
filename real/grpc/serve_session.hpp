#pragma once

#include <functional>
#include <memory>
#include <string>

#include "real/grpc/served_channels.hpp"
#include "real/grpc/server.hpp"

// Inside real/grpc only: what the attested services have in common.

namespace real::grpc {

/// Turns the aad and the plaintext of a request into the plaintext of the answer.
using Answer = std::function<Task<Outcome<std::string>>(std::string aad, std::string plaintext)>;
/// The aad of an answer: the request's for view queries, empty for everything else.
enum class AnswerAad : std::uint8_t { as_asked, empty };

/// Auth of a service that other services ask.
void serve_auth(Server& server, const char* path, Guard guard, std::shared_ptr<Sessions> sessions);
/// Auth of a service that wallets ask.
void serve_auth(Server& server, const char* path, Guard guard, std::shared_ptr<ServedChannels> channels);
/// A unary method from attest.Message to attest.Message.
void serve_attested(Server& server, const char* path, Guard guard, std::shared_ptr<ServedChannels> channels,
                    AnswerAad aad, Answer answer);
/// A stream of either an AuthMessage or a Message, answered one after the other.  Neither the chain id nor
/// the token is checked.
void serve_attested_stream(Server& server, const char* path, std::shared_ptr<ServedChannels> channels,
                           AnswerAad aad, Answer answer);

/// Status of a router whose backends failed: everything that went wrong behind it is INTERNAL, except
/// sessions.
Status router_status(const engine::Error& error);

void serve_add_shard(Server& server, const char* path,
                     std::function<std::optional<Status>(const std::string&)> add_shard);
Task<Outcome<void>> ask_to_add_shard(Channel& channel, const char* path, std::string shard_uri);

} // namespace real::grpc
