#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "engine/chain/types.hpp"

namespace engine::chain {

/// Source of bytes for keys and nonces.  The simulator feeds it from a choice stream, tools from HC-128,
/// services from the operating system.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;
};

/// Subaddresses whose outputs an account recognises: built once, then only read.
class SubaddressTable {
public:
    struct Entry {
        PublicKey spend_public;
        std::uint64_t index = 0;
    };
    std::vector<Entry> entries;

    std::optional<std::uint64_t> find(const PublicKey& spend_public) const {
        for (const Entry& entry : entries)
            if (entry.spend_public == spend_public) return entry.index;
        return std::nullopt;
    }
};

/// All of MobileCoin's cryptography that the Fog balance path meets.  Two implementations: `ristretto` (the
/// real one, byte-compatible) and `fast` (same shapes, same ways to fail, cheap hashing, no security at all).
///
/// Rules
/// 1. Stateless and const: one object serves every node of a world, also from several threads.
/// 2. Hostile bytes never crash: what does not parse or does not open is an empty optional.
/// 3. Every random byte comes from the ByteSource that is handed in.
class Crypto {
public:
    virtual ~Crypto() = default;

    virtual const char* name() const = 0;

    virtual KeyPair random_key_pair(ByteSource& rng) const = 0;
    virtual PublicKey public_key(const PrivateKey& secret) const = 0;
    /// Whether the bytes decode to a point.
    virtual bool is_valid(const PublicKey& key) const = 0;
    /// @return nothing when `key` is no point
    virtual std::optional<SharedSecret> exchange(const PrivateKey& secret, const PublicKey& key) const = 0;

    /// Account whose keys follow from 32 bytes of root entropy.
    virtual AccountKey account_from_entropy(const std::array<std::uint8_t, 32>& entropy) const = 0;
    virtual PublicAddress subaddress(const AccountKey& account, std::uint64_t index) const = 0;
    /// The view private key of a subaddress: what opens hints' records (index 0 for fog).
    virtual PrivateKey subaddress_view_private(const AccountKey& account, std::uint64_t index) const = 0;
    /// Indices 0, 1 and 2^64-2, in this order.
    virtual SubaddressTable default_subaddresses(const AccountKey& account) const = 0;

    /// An output in the newest format (masked amount v2, memo present) to a subaddress.
    virtual TxOut create_output(ByteSource& rng, Amount amount, const PublicAddress& recipient,
                                const FogHint& hint) const = 0;
    /// Boxes `view_public` to the ingress key.  @return nothing when `ingress` is no point
    virtual std::optional<FogHint> encrypt_hint(ByteSource& rng, const PublicKey& ingress,
                                                const PublicKey& view_public) const = 0;
    /// A hint nobody can open.
    virtual FogHint fake_hint(ByteSource& rng) const = 0;
    /// @return the view public key in the hint; nothing when it was boxed to another key or is malformed. The
    ///         32 bytes need not be a point.
    virtual std::optional<PublicKey> decrypt_hint(const PrivateKey& ingress, const FogHint& hint) const = 0;

    /// Output number `counter` of the key-exchange RNG, version 0.
    virtual SearchKey rng_output(const SharedSecret& secret, std::uint64_t counter) const = 0;

    virtual TxOutRecord make_record(const TxOut& output, GlobalIndex index, BlockIndex block,
                                    std::uint64_t timestamp_s) const = 0;
    /// @return nothing when `view_public` is no point
    virtual std::optional<Bytes> seal_record(ByteSource& rng, const PublicKey& view_public,
                                             const TxOutRecord& record) const = 0;
    /// @return nothing when the box was not made for this key, or its content does not parse
    virtual std::optional<TxOutRecord> open_record(const PrivateKey& view_private,
                                                   ByteView payload) const = 0;

    /// Recognises an output and computes what its owner may know.
    /// @return nothing when it belongs to none of the account's subaddresses or its checksum is wrong
    virtual std::optional<OpenedOutput> open_output(const AccountKey& account, const SubaddressTable& table,
                                                    const TxOutRecord& record) const = 0;
};

/// The simulation's default.  Lives as long as the program.
const Crypto& fast_crypto();
/// The real thing.  Lives as long as the program.
const Crypto& ristretto_crypto();

} // namespace engine::chain
