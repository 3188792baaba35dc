#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/ids.hpp"

namespace engine::chain {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Exactly N bytes with a meaning.  Ordered byte by byte; zero when default constructed.
template <class Tag, std::size_t N>
struct FixedBytes {
    static constexpr std::size_t size = N;
    std::array<std::uint8_t, N> bytes{};

    /// @return nothing when `from` does not have exactly N bytes
    static std::optional<FixedBytes> from(ByteView from) {
        if (from.size() != N) return std::nullopt;
        FixedBytes out;
        std::copy(from.begin(), from.end(), out.bytes.begin());
        return out;
    }
    ByteView view() const { return bytes; }
    bool is_zero() const {
        return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
    }
    friend bool operator==(const FixedBytes& a, const FixedBytes& b) {
        return std::memcmp(a.bytes.data(), b.bytes.data(), N) == 0;
    }
    friend std::strong_ordering operator<=>(const FixedBytes& a, const FixedBytes& b) {
        return std::memcmp(a.bytes.data(), b.bytes.data(), N) <=> 0;
    }
};

/// Compressed Ristretto point.  Parsing checks only the length; using it may find that it is no point.
using PublicKey = FixedBytes<struct PublicKeyTag, 32>;
/// Scalar modulo the group order, little endian.
using PrivateKey = FixedBytes<struct PrivateKeyTag, 32>;
using KeyImage = FixedBytes<struct KeyImageTag, 32>;
using Commitment = FixedBytes<struct CommitmentTag, 32>;
/// Compressed point that two parties share after a key exchange.
using SharedSecret = FixedBytes<struct SharedSecretTag, 32>;
/// First 16 bytes of a key-exchange RNG output: the key of a record in the recovery database.
using SearchKey = FixedBytes<struct SearchKeyTag, 16>;
/// Versioned crypto box of 34 plaintext bytes to an ingress key.
using FogHint = FixedBytes<struct FogHintTag, 84>;
using EncryptedMemo = FixedBytes<struct EncryptedMemoTag, 66>;
using Hash32 = FixedBytes<struct Hash32Tag, 32>;
using BlockId = FixedBytes<struct BlockIdTag, 32>;
using BlockContentsHash = FixedBytes<struct BlockContentsHashTag, 32>;

struct KeyPair {
    PrivateKey secret;
    PublicKey open;
};

/// Value in the smallest unit (picoMOB for token 0).
struct Amount {
    std::uint64_t value = 0;
    std::uint64_t token_id = 0;
    friend auto operator<=>(const Amount&, const Amount&) = default;
};

/// @source transaction/types/src/masked_amount; v1 for block versions 0 to 2, v2 from 3 on.
struct MaskedAmount {
    enum class Version : std::uint8_t { v1 = 1, v2 = 2 };
    Version version = Version::v2;
    Commitment commitment;
    std::uint64_t masked_value = 0;
    /// Empty (meaning token 0, v1 only) or exactly 8 bytes.
    Bytes masked_token_id;
    friend bool operator==(const MaskedAmount&, const MaskedAmount&) = default;
};

struct TxOut {
    std::optional<MaskedAmount> masked_amount;
    PublicKey target_key;
    PublicKey public_key;
    FogHint fog_hint;
    std::optional<EncryptedMemo> memo;
    friend bool operator==(const TxOut&, const TxOut&) = default;
};

/// Private keys of an account and what its addresses say about fog.
struct AccountKey {
    PrivateKey view_private;
    PrivateKey spend_private;
    std::string fog_report_url;
    std::string fog_report_id;
    Bytes fog_authority_spki;
};

/// @source account-keys/src/account_keys.rs
struct PublicAddress {
    PublicKey view_public;
    PublicKey spend_public;
    std::string fog_report_url;
    std::string fog_report_id;
    Bytes fog_authority_sig;
    friend bool operator==(const PublicAddress&, const PublicAddress&) = default;
};

inline constexpr std::uint64_t default_subaddress = 0;
inline constexpr std::uint64_t legacy_change_subaddress = 1;
inline constexpr std::uint64_t change_subaddress = 0xffff'ffff'ffff'fffeULL;

/// What fog-view stores for a wallet about one output.
/// @source fog/api/proto/view.proto TxOutRecord
struct TxOutRecord {
    std::optional<Commitment> commitment; ///< old form; when present its crc32 replaces the field below
    std::uint32_t commitment_crc32 = 0;
    std::uint64_t masked_value = 0;
    MaskedAmount::Version masked_version = MaskedAmount::Version::v2;
    Bytes masked_token_id;
    PublicKey target_key;
    PublicKey public_key;
    GlobalIndex global_index;
    BlockIndex block;
    std::uint64_t timestamp_s = std::numeric_limits<std::uint64_t>::max(); ///< all ones: unknown
    std::optional<EncryptedMemo> memo;
    friend bool operator==(const TxOutRecord&, const TxOutRecord&) = default;
};

/// One row of an ingested block: found by the search key, opened by the owner of a view key.
struct EncryptedTxOutRecord {
    SearchKey search_key;
    Bytes payload;
    friend bool operator==(const EncryptedTxOutRecord&, const EncryptedTxOutRecord&) = default;
};

/// What the owner of an account learns about an output of theirs.
struct OpenedOutput {
    Amount amount;
    std::uint64_t subaddress = 0;
    KeyImage key_image;
};

} // namespace engine::chain
