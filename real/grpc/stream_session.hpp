#pragma once

#include <memory>
#include <string>

#include "real/grpc/client_session.hpp"

namespace real::grpc {

/// A client's session over a streaming router API: one stream, authenticated once, one request at a time.
/// Opened when needed, and again after it ended or the session is of no more use.
/// @differs  upstream's client object fails for ever once its stream has ended
class StreamSession {
public:
    /// @param method   lives for ever
    /// @param channel  outlives the session
    StreamSession(Channel& channel, const char* method, ClientAttestation attestation,
                  attest::Enclave enclave)
        : channel_(channel), method_(method), turn_(channel.runtime().loop()),
          end_(std::move(attestation), enclave, channel.options().target) {}

    /// @return the plaintext of the answer, within the channel's deadline
    /// @errors how the stream ended, of the handshake or of the request
    /// @cancel the stream is given up
    Task<Outcome<std::string>> exchange(std::string aad, std::string plaintext);

private:
    Task<Outcome<std::string>> converse(std::string aad, std::string plaintext);
    Task<Outcome<std::string>> round_trip(Channel::Stream& stream, std::string request);

    Channel& channel_;
    const char* method_;
    engine::Mutex turn_; // one request at a time: answers come in order and carry no number
    std::unique_ptr<Channel::Stream> stream_; // authenticated, and nothing is under way on it
    ClientEnd end_;
};

} // namespace real::grpc
