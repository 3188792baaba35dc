#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/chain/types.hpp"

// The Merkle tree over all outputs of the chain.
//
//                 [0,3]            a node is named by the leaves it covers, both ends included
//              [0,1] [2,3]         nodes whose first leaf does not exist yet are nil, at every height
//            [0][1]  [2] nil       after three outputs
//
// @source mobilecoin 7.0.0 ledger/db/src/tx_out_store.rs, transaction/core/src/membership_proofs

namespace engine::chain {

/// Leaves `from` to `to`, both included.
struct LeafRange {
    std::uint64_t from = 0;
    std::uint64_t to = 0;

    /// The next larger range of the tree.  Not for ranges of 2^63 leaves and more.
    LeafRange parent() const {
        const std::uint64_t size = to - from + 1;
        const std::uint64_t start = from & ~(2 * size - 1);
        return {start, start + 2 * size - 1};
    }
    /// The other half of the parent.
    LeafRange sibling() const {
        const std::uint64_t size = to - from + 1;
        const std::uint64_t start = from ^ size;
        return {start, start + size - 1};
    }
    friend bool operator==(const LeafRange&, const LeafRange&) = default;
};

/// @source transaction/core/src/membership_proofs, TxOutMembershipElement
struct TxOutMembershipElement {
    LeafRange range;
    Hash32 hash;
    friend bool operator==(const TxOutMembershipElement&, const TxOutMembershipElement&) = default;
};

struct TxOutMembershipProof {
    std::uint64_t index = 0;
    std::uint64_t highest_index = 0; ///< of the outputs known when the proof was made
    std::vector<TxOutMembershipElement> elements;
    friend bool operator==(const TxOutMembershipProof&, const TxOutMembershipProof&) = default;
};

/// @param tx_out_hash  see hash(const TxOut&)
Hash32 merkle_leaf(const Hash32& tx_out_hash);
Hash32 merkle_node(const Hash32& left, const Hash32& right);
/// Stands for everything behind the last output.
const Hash32& merkle_nil();

/// The whole tree over `outputs` leaves, at least 1 and at most 2^63.
inline LeafRange merkle_root_range(std::uint64_t outputs) { return {0, std::bit_ceil(outputs) - 1}; }

/// How stored nodes are found.  Answers nothing when a node is missing, which ends the operation likewise.
using MerkleLookup = std::function<std::optional<Hash32>(const LeafRange&)>;

/// The nodes that appending leaf `index` writes, smallest range first: the leaf itself up to the new root.
/// @return nothing when a needed left sibling is missing
std::optional<std::vector<TxOutMembershipElement>> merkle_push(std::uint64_t index, const Hash32& leaf,
                                                               const MerkleLookup& stored);

/// @param outputs  number of leaves in the tree
/// @return nothing when `index` is no leaf of it, or a node is missing
std::optional<TxOutMembershipProof> merkle_prove(std::uint64_t index, std::uint64_t outputs,
                                                 const MerkleLookup& stored);

/// Folds a proof upwards.
/// @return whether it shows that the output with this hash is number `proof.index` under `root`
bool merkle_verify(const Hash32& tx_out_hash, const TxOutMembershipProof& proof, const Hash32& root);

} // namespace engine::chain
