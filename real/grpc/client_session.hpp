#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/attest.pb.h"
#include "real/grpc/attestation.hpp"
#include "real/grpc/channel.hpp"

// Inside real/grpc only: a client's sessions with services, in either mode.

namespace real::grpc {

/// One end of a session: the ciphers, and nothing of how messages travel.
class ClientEnd {
public:
    /// @param enclave  who the service must be
    ClientEnd(ClientAttestation attestation, attest::Enclave enclave, const std::string& target);

    bool is_open() const { return !channel_id_.empty(); }
    bool is_session(const std::string& channel_id) const { return channel_id_ == channel_id; }
    bool is_clear_text() const { return !expectation_; }
    /// The data of an AuthMessage.
    std::string greet();
    /// Reads the answer to the last greeting: open afterwards.
    /// @return why not, with reason `unknown` when another try may do better
    std::optional<Status> welcome(const std::string& auth_data);
    /// @pre open
    Outcome<::attest::Message> seal(std::string aad, std::string plaintext);
    /// @return the plaintext; nothing when the answer does not decrypt, and the session is then of no use
    std::optional<std::string> open(const ::attest::Message& reply);
    void drop();

private:
    std::optional<attest::Expectation> expectation_; // none: clear text
    std::optional<attest::Greeting> greeting_;
    std::optional<attest::SecureChannel> channel_;
    std::string channel_id_; // empty: none
};

/// A session with a unary service.  Opens it when needed.
///
/// Rules
/// 1. What upstream's clients do: a call that fails drops the session and its cookies, the next one begins
/// with a
///    handshake.  An unknown session is answered by a handshake and the same request again, four tries in
///    all; so is a handshake's answer that does not decrypt.  Evidence that is refused is final.
/// 2. One request at a time; further ones wait.  In clear text they need not.
/// 3. A `set-cookie` of the server comes back whole as `cookie` for as long as the session lasts.
/// @differs  upstream repeats a call after any status, and keeps a session whose answers no longer decrypt;
///           here such an answer is a lost one, and the call is repeated in a new session
class UnarySession {
public:
    /// @param auth_method  path of the service's Auth; lives for ever
    /// @param channel      outlives the session
    UnarySession(Channel& channel, const char* auth_method, ClientAttestation attestation,
                 attest::Enclave enclave);

    /// Sends a plaintext in an attest.Message.
    /// @return the plaintext of the answer
    /// @errors of the call and the handshake; permission_denied (evidence refused)
    /// @cancel the session is dropped: the answer may have been sent
    Task<Outcome<std::string>> exchange(const char* method, std::string aad, std::string plaintext);

private:
    Task<std::optional<Status>> open();
    Task<Outcome<std::string>> call_once(const char* method, std::string aad, std::string plaintext);
    void drop();

    Channel& channel_;
    const char* auth_method_;
    ClientEnd end_;
    std::vector<std::string> cookies_;
    engine::Mutex turn_;
};

} // namespace real::grpc
