#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/chain/aes.hpp"
#include "engine/chain/hash.hpp"
#include "engine/chain/secret.hpp"
#include "engine/chain/types.hpp"

// Noise_NX_25519_AESGCM_SHA512: the handshake by which a client learns the static key of a server, and the
// two ciphers that come out of it.
//
//     client                          server
//        -- e, payload (clear) -->
//        <-- e, ee, s, es, payload --      static key and payload encrypted
//
// Plain revision 34 of the Noise specification with one extension of MobileCoin's: messages have no length
// limit, because evidence may be longer than 65,535 bytes.
// @source mobilecoin a2229c005 crypto/noise; noiseprotocol.org revision 34

namespace real::attest {

using engine::chain::Bytes;
using engine::chain::ByteView;
using X25519Public = engine::chain::FixedBytes<struct X25519PublicTag, 32>;
using X25519Private = engine::chain::FixedBytes<struct X25519PrivateTag, 32>;
/// The hash of the whole handshake; names the session.
using ChannelId = engine::chain::FixedBytes<struct ChannelIdTag, 64>;

inline constexpr std::size_t gcm_tag_size = 16;

struct X25519Keys {
    engine::chain::Secret<X25519Private> secret;
    X25519Public open;

    static X25519Keys random();
    static X25519Keys from(const X25519Private& secret);
};
/// The shared secret.  All zeros for points of low order, which this protocol does not refuse.
engine::chain::Secret<X25519Private> exchange(const X25519Private& mine, const X25519Public& theirs);

/// One direction: a key and the counter of the next message.  Neither may be used twice together, so the
/// object cannot be copied.
class CipherState {
public:
    explicit CipherState(const engine::chain::AesKey& key, std::uint64_t counter = 0)
        : key_(key), counter_(counter) {}
    CipherState(CipherState&&) = default;
    CipherState& operator=(CipherState&&) = default;
    CipherState(const CipherState&) = delete;
    CipherState& operator=(const CipherState&) = delete;

    /// Ciphertext and tag; the counter moves on.  @return nothing when the counters are used up
    std::optional<Bytes> seal(ByteView associated, ByteView plaintext);
    /// The counter moves on only when the message is good.  @return nothing when it is not, or when the
    /// counters are used up
    std::optional<Bytes> open(ByteView associated, ByteView sealed);
    std::uint64_t counter() const { return counter_; }
    const engine::chain::AesKey& key() const { return *key_; }

private:
    engine::chain::Secret<engine::chain::AesKey> key_;
    std::uint64_t counter_;
};

/// The running hash and chaining key of a handshake.
class SymmetricState {
public:
    explicit SymmetricState(std::string_view protocol_name);

    void mix_hash(ByteView data);
    void mix_key(ByteView secret);
    /// As it is while there is no key.
    Bytes encrypt_and_hash(ByteView plaintext);
    /// @return nothing when it does not decrypt; the state is then of no use
    std::optional<Bytes> decrypt_and_hash(ByteView data);
    bool has_key() const { return cipher_.has_value(); }
    struct Ciphers {
        CipherState of_initiator;
        CipherState of_responder;
    };
    Ciphers split() const;

    const engine::chain::Digest64& hash() const { return hash_; }
    const engine::chain::Digest64& chaining_key() const { return *chaining_key_; }
    const std::optional<CipherState>& cipher() const { return cipher_; }

private:
    engine::chain::Digest64 hash_{};
    engine::chain::Secret<engine::chain::Digest64> chaining_key_;
    std::optional<CipherState> cipher_;
};

inline constexpr std::string_view noise_nx = "Noise_NX_25519_AESGCM_SHA512";

/// A session after its handshake, seen from one end.  Each direction counts for itself, from 0.
struct SecureChannel {
    ChannelId id;
    CipherState sending;
    CipherState receiving;
};

/// A client in the handshake.
class Initiator {
public:
    /// @param prologue   what both ends agree on beforehand: here the responder id, `host:port`
    Initiator(ByteView prologue, X25519Keys ephemeral);

    /// The first message, to be sent once.  The payload is readable by everybody.
    Bytes message_1(ByteView payload = {});
    struct Finished {
        SecureChannel channel;
        X25519Public responder;
        Bytes payload;
    };
    /// @return nothing when the message is too short or does not decrypt, as with another prologue
    std::optional<Finished> read_message_2(ByteView message) &&;

private:
    SymmetricState state_;
    X25519Keys ephemeral_;
};

/// A server's whole part.
struct Accepted {
    Bytes message_2;
    SecureChannel channel;
    Bytes payload_1; ///< of the client's message
};
/// @return nothing when message 1 is shorter than a key; nothing else is refused
std::optional<Accepted> respond(ByteView prologue, const X25519Keys& own, const X25519Keys& ephemeral,
                                ByteView message_1, ByteView payload);

} // namespace real::attest
