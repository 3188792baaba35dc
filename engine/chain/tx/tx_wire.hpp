#pragma once

#include <optional>

#include "engine/chain/tx/tx.hpp"

// Bytes of transactions.  Nothing hashes them, so any order of fields is taken; they are written as upstream
// writes them.
// @source crate prost 0.12.3; api/proto/external.proto

namespace engine::chain::tx {

Bytes encode(const Tx& value);
/// A scalar that is not below the group order is reduced, keys need not be points, a message given twice is
/// merged.  No bytes at all are an empty transaction.
/// @return nothing when malformed
std::optional<Tx> decode_tx(ByteView bytes);

Bytes encode(const TxPrefix& value);
Bytes encode(const TxIn& value);
std::optional<TxIn> decode_tx_in(ByteView bytes);

/// Transactions that a node sends its peers.
Bytes encode_tx_list(const std::vector<Tx>& list);
std::optional<std::vector<Tx>> decode_tx_list(ByteView bytes);

} // namespace engine::chain::tx
