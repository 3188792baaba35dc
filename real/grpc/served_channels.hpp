#pragma once

#include <string>

#include "proto/attest.pb.h"
#include "real/grpc/attestation.hpp"
#include "real/grpc/session.hpp"
#include "real/grpc/session_table.hpp"

// Inside real/grpc only: the sessions of a service's clients, in either mode.

namespace real::grpc {

/// Rules of simulated sessions
/// 1. Requests of one session are decrypted in the order of their counters, which the messages do not name.
/// One
///    that is not next is refused, and changes nothing: it may be next later.
/// 2. A client never recovers from an answer that it cannot decrypt.  So whoever has any doubt about a
/// counter
///    gets a status instead, and the session is forgotten: two requests at once, whose answers could overtake
///    each other; an answer that may not have arrived.  To clients an unknown session means a new handshake.
/// 3. A request that ends in a status has taken a counter of the client and none of the server; the session
///    goes on.
class ServedChannels {
public:
    ServedChannels(std::size_t limit, ServerAttestation attestation)
        : responder_(std::move(attestation.responder)), clear_(limit), sessions_(limit) {}

    /// @param auth_data  of a client's AuthMessage.  @return the answer's
    /// @errors permission_denied (no handshake, or one of the other mode)
    Outcome<std::string> open(std::string_view auth_data);
    /// Takes a request.  @return its plaintext
    /// @errors permission_denied (unknown session, not decryptable, another request is under way)
    Outcome<std::string> receive(::attest::Message& message);
    /// The answer to the request under way.
    /// @errors permission_denied (the session was forgotten meanwhile)
    Outcome<::attest::Message> answer(const std::string& channel_id, std::string aad, std::string plaintext);
    /// The request under way is over, answered or not.
    void end(const std::string& channel_id);
    /// An answer may not have arrived.
    void forget(const std::string& channel_id) { sessions_.erase(channel_id); }
    std::size_t size() const { return responder_ ? sessions_.size() : clear_.size(); }

private:
    struct Session {
        attest::SecureChannel channel;
        bool busy = false;
    };
    std::shared_ptr<const attest::Responder> responder_;
    Sessions clear_;
    SessionTable<Session> sessions_;
};

} // namespace real::grpc
