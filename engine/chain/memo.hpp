#pragma once

#include <optional>

#include "engine/chain/account.hpp"
#include "engine/chain/types.hpp"

// The 66 bytes an output says to its recipient: 2 bytes of type, 64 of data.  Encrypted under the output's
// shared secret, without authentication: any bytes decrypt to some memo.
// @source transaction/core/src/memo.rs, transaction/extra/src/memo/

namespace engine::chain {

using MemoPayload = FixedBytes<struct MemoPayloadTag, 66>;

EncryptedMemo encrypt_memo(const MemoPayload& memo, const SharedSecret& secret);
MemoPayload decrypt_memo(const EncryptedMemo& memo, const SharedSecret& secret);

/// First byte: category; second: kind within it.
enum class MemoType : std::uint16_t {
    unused = 0x0000,
    burn_redemption = 0x0001,
    gift_code_sender = 0x0002,
    defragmentation = 0x0003,
    authenticated_sender = 0x0100,
    authenticated_sender_with_payment_request_id = 0x0101,
    authenticated_sender_with_payment_intent_id = 0x0102,
    destination = 0x0200,
    gift_code_funding = 0x0201,
    gift_code_cancellation = 0x0202,
    destination_with_payment_request_id = 0x0203,
    destination_with_payment_intent_id = 0x0204,
};

/// @return nothing for types nobody has defined
std::optional<MemoType> memo_type(const MemoPayload& memo);

/// Who paid, provable to the recipient alone.
struct SenderMemo {
    MemoType type = MemoType::authenticated_sender;
    ShortAddressHash sender;
    /// Payment request or intent id; 0 where the type has none.
    std::uint64_t payment_id = 0;
};

/// @param type             one of the three authenticated sender types
/// @param sender_spend     spend private key of the sender's subaddress that `sender` is the address of
/// @param tx_public_key    public key of the output that will carry the memo
/// @return nothing when `recipient_view` is no point
std::optional<MemoPayload> make_sender_memo(MemoType type, const PublicAddress& sender,
                                            const Scalar& sender_spend, const PublicKey& recipient_view,
                                            const PublicKey& tx_public_key, std::uint64_t payment_id = 0);

/// @return nothing for memos of another category.  Says nothing about truth: see `is_authentic`.
std::optional<SenderMemo> read_sender_memo(const MemoPayload& memo);

/// Recipient's check, with the view private key of the subaddress that was paid.
bool is_authentic(const MemoPayload& memo, const PublicAddress& sender, const Scalar& recipient_view,
                  const PublicKey& tx_public_key);

/// What a sender writes into the change output to remember a payment.
struct DestinationMemo {
    ShortAddressHash recipient;
    std::uint8_t recipient_count = 1;
    std::uint64_t fee = 0; ///< below 2^56
    std::uint64_t total_outlay = 0;
    MemoType type = MemoType::destination;
    /// Payment request or intent id; 0 where the type has none.
    std::uint64_t payment_id = 0;
    friend bool operator==(const DestinationMemo&, const DestinationMemo&) = default;
};

/// @return nothing when the fee does not fit, or `type` is none of the three destination types
std::optional<MemoPayload> make_destination_memo(const DestinationMemo& memo);
/// @return nothing for memos of other types
std::optional<DestinationMemo> read_destination_memo(const MemoPayload& memo);

} // namespace engine::chain
