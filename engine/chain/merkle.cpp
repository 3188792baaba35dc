#include "engine/chain/merkle.hpp"

#include "engine/chain/bytes.hpp"
#include "engine/chain/hash.hpp"

namespace engine::chain {
namespace {

constexpr std::uint64_t most_outputs = std::uint64_t{1} << 62;

} // namespace

Hash32 merkle_leaf(const Hash32& tx_out_hash) {
    return {blake2b_256({as_bytes("mc_tx_out_merkle_leaf"), tx_out_hash.view()})};
}

Hash32 merkle_node(const Hash32& left, const Hash32& right) {
    return {blake2b_256({as_bytes("mc_tx_out_merkle_node"), left.view(), right.view()})};
}

const Hash32& merkle_nil() {
    static const Hash32 nil{blake2b_256({as_bytes("mc_tx_out_merkle_nil")})};
    return nil;
}

std::optional<std::vector<TxOutMembershipElement>> merkle_push(std::uint64_t index, const Hash32& leaf,
                                                               const MerkleLookup& stored) {
    if (index >= most_outputs) return std::nullopt;
    const std::uint64_t outputs = index + 1;
    const LeafRange root = merkle_root_range(outputs);
    std::vector<TxOutMembershipElement> path{{{index, index}, leaf}};
    while (path.back().range != root) {
        const TxOutMembershipElement& below = path.back();
        const LeafRange sibling = below.range.sibling();
        // The new leaf is the last one: what lies to its right does not exist yet.
        if (sibling.from > below.range.from) {
            path.push_back({below.range.parent(), merkle_node(below.hash, merkle_nil())});
        } else {
            const auto left = stored(sibling);
            if (!left) return std::nullopt;
            path.push_back({below.range.parent(), merkle_node(*left, below.hash)});
        }
    }
    return path;
}

std::optional<TxOutMembershipProof> merkle_prove(std::uint64_t index, std::uint64_t outputs,
                                                 const MerkleLookup& stored) {
    if (index >= outputs || outputs > most_outputs) return std::nullopt;
    TxOutMembershipProof proof{.index = index, .highest_index = outputs - 1, .elements = {}};
    LeafRange range{index, index};
    const auto own = stored(range);
    if (!own) return std::nullopt;
    proof.elements.push_back({range, *own});
    for (const LeafRange root = merkle_root_range(outputs); range != root; range = range.parent()) {
        const LeafRange sibling = range.sibling();
        const auto hash = sibling.from >= outputs ? merkle_nil() : stored(sibling);
        if (!hash) return std::nullopt;
        proof.elements.push_back({sibling, *hash});
    }
    return proof;
}

bool merkle_verify(const Hash32& tx_out_hash, const TxOutMembershipProof& proof, const Hash32& root) {
    if (proof.elements.empty() || proof.index > proof.highest_index || proof.highest_index >= most_outputs)
        return false;
    TxOutMembershipElement folded = proof.elements.front();
    if (folded.range != LeafRange{proof.index, proof.index} || folded.hash != merkle_leaf(tx_out_hash))
        return false;
    for (std::size_t i = 1; i < proof.elements.size(); ++i) {
        const TxOutMembershipElement& next = proof.elements[i];
        if (next.range != folded.range.sibling()) return false;
        if (next.range.from > proof.highest_index && next.hash != merkle_nil()) return false;
        const bool on_the_left = next.range.from < folded.range.from;
        folded = {folded.range.parent(),
                  on_the_left ? merkle_node(next.hash, folded.hash) : merkle_node(folded.hash, next.hash)};
        if (i > 62) return false;
    }
    return folded.range == merkle_root_range(proof.highest_index + 1) && folded.hash == root;
}

} // namespace engine::chain
