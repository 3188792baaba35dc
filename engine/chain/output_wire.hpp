#pragma once

#include <optional>

#include "engine/chain/types.hpp"
#include "engine/chain/wire.hpp"

namespace engine::chain {

/// Bytes of a TxOut as ledgers store it: the amount first, whichever version it has, then fields 2 to 5.
/// @source transaction/core/src/tx.rs
Bytes encode(const TxOut& output);
/// The same fields in the order of upstream's archives: what is one of several fields stands last.
Bytes encode_with_amount_last(const TxOut& output);
/// Missing keys read as zeros, as upstream does; keys need not be points, the masked token id may have any
/// length.
std::optional<TxOut> decode_tx_out(ByteView bytes);

/// Plaintext of the record that fog keeps for a wallet.
/// @source fog/api/proto/view.proto TxOutRecord
Bytes encode(const TxOutRecord& record);
/// @return nothing when malformed, when a key, memo or commitment has another length than its own, and when
/// the
///         token id length does not fit its version.  A record without any token field is v1.
std::optional<TxOutRecord> decode_tx_out_record(ByteView bytes);

/// The record of an output at its place in the chain.
TxOutRecord make_tx_out_record(const TxOut& output, GlobalIndex index, BlockIndex block,
                               std::uint64_t timestamp_s);

} // namespace engine::chain
