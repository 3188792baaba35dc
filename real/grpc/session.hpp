#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "real/grpc/channel.hpp"
#include "real/grpc/session_table.hpp"
#include "real/grpc/status.hpp"

// Sessions in clear text: what services always speak among themselves, and with wallets in the mode of that
// name (attestation.hpp).
//
// Upstream's channels are Noise sessions with an SGX enclave, whose evidence the client verifies.  Without
// enclaves there is nothing to verify, so this mode keeps the shape of the protocol and drops its secrecy:
// `Auth` exchanges a fixed greeting and gives out a channel id, and messages carry their plaintext.  What
// depends on sessions stays: an unknown channel is PERMISSION_DENIED and makes the client authenticate again,
// and the counter of a NonceMessage may not come twice.  A peer that speaks Noise is refused at the greeting.

namespace real::grpc {

/// First bytes of both AuthMessages; the number is the version of this mode.
inline constexpr std::string_view clear_text_greeting = "attestation: clear text 1\n";
inline constexpr std::size_t channel_id_size = 64;

/// The sessions a server has open; the one unused for longest goes when there are too many.
class Sessions {
public:
    // What upstream keeps of each kind.
    static constexpr std::size_t clients = 10'000;
    static constexpr std::size_t routers = 64;

    explicit Sessions(std::size_t limit) : sessions_(limit) {}

    /// Answers the handshake.
    /// @errors PERMISSION_DENIED (not in clear text)
    Outcome<std::string> open(std::string_view auth_data);
    bool knows(const std::string& channel_id);
    /// Takes the counter of a message.
    /// @return whether the session is known and the counter neither came before nor is far behind
    bool accepts(const std::string& channel_id, std::uint64_t nonce);
    std::size_t size() const { return sessions_.size(); }

private:
    static constexpr std::size_t window = 256; // counters behind the newest that may still come
    struct Counters {
        std::uint64_t next = 0;     // one more than the newest counter
        std::bitset<window> behind; // [i]: counter next-1-i has come
    };
    SessionTable<Counters> sessions_;
};

/// A router's or a peer's session with one service.  Opens it when needed.
class ClearTextSession {
public:
    /// @param auth_method  path of the service's Auth; lives for ever
    /// @param channel      outlives the session
    ClearTextSession(Channel& channel, const char* auth_method)
        : channel_(channel), auth_method_(auth_method) {}

    /// Suspends unless there is a session.  @errors of the call; INTERNAL (the server does not speak clear
    /// text)
    Task<Outcome<std::string>> channel_id();
    /// Forgets the session if it is still this one.
    void drop(const std::string& channel_id) {
        if (channel_id_ == channel_id) channel_id_.clear();
    }
    std::uint64_t next_nonce() { return next_nonce_++; }

private:
    Channel& channel_;
    const char* auth_method_;
    std::string channel_id_; // empty: none
    std::uint64_t next_nonce_ = 0;
};

/// Reads a server's AuthMessage.  @return the channel id; nothing when it is not in clear text
std::optional<std::string> channel_id_from(std::string_view auth_data);

} // namespace real::grpc
