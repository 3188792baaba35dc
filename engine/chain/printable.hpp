#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "engine/chain/types.hpp"

// The texts people copy between wallets: base58 of a checksum and a protobuf message.
// @source api/src/display.rs, api/proto/printable.proto

namespace engine::chain {

/// Bitcoin's alphabet; each leading zero byte is a '1'.
std::string to_base58(ByteView bytes);
/// @return nothing for characters outside the alphabet, and for texts beyond 8192 characters: decoding takes
///         quadratic time, and the longest code in use has a few hundred
std::optional<Bytes> from_base58(std::string_view text);

struct PaymentRequest {
    PublicAddress public_address;
    std::uint64_t value = 0;
    std::string memo;
    std::uint64_t token_id = 0;
    std::uint64_t payment_id = 0;
    friend bool operator==(const PaymentRequest&, const PaymentRequest&) = default;
};

/// Holds the secret that spends an output: treat the text as money.
struct TransferPayload {
    Bytes root_entropy; ///< deprecated; empty or 32 bytes
    PublicKey tx_out_public_key;
    std::string memo;
    Bytes bip39_entropy;
    friend bool operator==(const TransferPayload&, const TransferPayload&) = default;
};

struct TxOutGiftCode {
    GlobalIndex global_index;
    PrivateKey onetime_private_key;
    SharedSecret shared_secret;
    friend bool operator==(const TxOutGiftCode&, const TxOutGiftCode&) = default;
};

using Printable = std::variant<PublicAddress, PaymentRequest, TransferPayload, TxOutGiftCode>;

std::string to_b58(const Printable& content);

/// @return nothing for bad base58, a wrong checksum, a malformed message, none of the four kinds, or keys
/// that are
///         no points (upstream finds the last only when the address is used)
std::optional<Printable> from_b58(std::string_view text);

/// The commonest kind.  @return nothing also when the text is of another kind
std::optional<PublicAddress> address_from_b58(std::string_view text);

} // namespace engine::chain
