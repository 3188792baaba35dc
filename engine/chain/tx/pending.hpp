#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "engine/chain/tx/fee_map.hpp"
#include "engine/chain/tx/tx_crypto.hpp"

namespace engine::chain::tx {

/// What a node remembers of a well-formed transaction to put it in order and to combine it with others.
/// @source consensus/enclave/api, WellFormedTxContext
struct TxContext {
    std::uint64_t priority = 0;
    Hash32 hash;
    std::uint64_t tombstone_block = 0;
    std::vector<KeyImage> key_images;
    std::vector<std::uint64_t> highest_indices;
    std::vector<PublicKey> output_public_keys;

    /// @param tx  well formed: its fee token is in `fees`
    static TxContext of(const TxCrypto& crypto, const FeeMap& fees, const Tx& tx);
    /// The higher priority comes first, then the lower of everything else.
    friend std::strong_ordering operator<=>(const TxContext& a, const TxContext& b);
    friend bool operator==(const TxContext&, const TxContext&) = default;
};

/// How many transactions a block may hold.
inline constexpr std::size_t most_transactions = 5000;

/// What of these goes into the next block: by order, leaving out what spends or makes the same as one before.
std::vector<Hash32> combine(std::vector<TxContext> contexts, std::size_t most = most_transactions);

} // namespace engine::chain::tx
