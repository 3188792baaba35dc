#pragma once

#include <optional>

#include "engine/chain/secret.hpp"
#include "engine/chain/types.hpp"

// The key-exchange RNG: the sequence of search keys that an ingest node and a user share without talking.
// @source fog/kex_rng, fog/api/proto/kex_rng.proto

namespace engine::chain {

/// The only version there is (named 20201124 after its date).
inline constexpr std::uint32_t kex_rng_version = 0;

/// Output number `counter` of version 0.
SearchKey kex_rng_output(const SharedSecret& secret, std::uint64_t counter);

/// What an ingest node publishes: egress public key and version.
struct KexRngPubkey {
    Bytes public_key;
    std::uint32_t version = kex_rng_version;
    friend bool operator==(const KexRngPubkey&, const KexRngPubkey&) = default;
};
Bytes encode(const KexRngPubkey& pubkey);
std::optional<KexRngPubkey> decode_kex_rng_pubkey(ByteView bytes);

/// A BufferedRng at rest.  Holds the secret: wipe or seal it.
struct StoredRng {
    Bytes secret;
    Bytes buffer;
    std::uint64_t counter = 0;
    std::uint32_t version = kex_rng_version;
    friend bool operator==(const StoredRng&, const StoredRng&) = default;
};
Bytes encode(const StoredRng& stored);
std::optional<StoredRng> decode_stored_rng(ByteView bytes);

/// A user's place in the sequence of one egress key.  Copies look ahead without advancing the original.
class BufferedRng {
public:
    /// @param view_private  of the default subaddress, not of the account
    /// @return nothing for an unknown version or a key that is no point
    static std::optional<BufferedRng> exchange(const PrivateKey& view_private, const KexRngPubkey& pubkey);
    /// @return nothing for an unknown version or wrong lengths; the stored buffer is believed
    static std::optional<BufferedRng> load(const StoredRng& stored);
    StoredRng store() const;

    /// The output at `index()`.
    const SearchKey& peek() const { return buffer_; }
    void advance();
    /// `peek`, then `advance`.
    SearchKey next();
    std::uint64_t index() const { return counter_; }
    std::uint32_t version() const { return kex_rng_version; }

private:
    BufferedRng(const SharedSecret& secret, std::uint64_t counter, const SearchKey& buffer)
        : secret_(secret), counter_(counter), buffer_(buffer) {}

    Secret<SharedSecret> secret_;
    std::uint64_t counter_ = 0;
    /// Output number `counter_`, unless a stored generator said otherwise.
    SearchKey buffer_;
};

} // namespace engine::chain
