#include "engine/chain/tx/membership.hpp"

#include <bit>
#include <tuple>

namespace engine::chain::tx {
namespace {

/// Both ranges become one, if they touch on exactly one side.
std::optional<TxOutMembershipElement> joined(const TxCrypto& crypto, const TxOutMembershipElement& below,
                                             const TxOutMembershipElement& next) {
    if (next.range.from > next.range.to) return std::nullopt;
    const bool left = next.range.to < below.range.from && next.range.to + 1 == below.range.from;
    const bool right = below.range.to < next.range.from && below.range.to + 1 == next.range.from;
    if (left)
        return TxOutMembershipElement{{next.range.from, below.range.to},
                                      crypto.merkle_node(next.hash, below.hash)};
    if (right)
        return TxOutMembershipElement{{below.range.from, next.range.to},
                                      crypto.merkle_node(below.hash, next.hash)};
    return std::nullopt;
}

/// Ranges are ordered by length, then place.
auto order(const LeafRange& range) { return std::tuple(range.to - range.from, range.from, range.to); }

} // namespace

std::optional<TxOutMembershipElement> implied_root(const TxCrypto& crypto,
                                                   const TxOutMembershipProof& proof) {
    if (proof.elements.empty() || proof.elements.front().range.from > proof.elements.front().range.to)
        return std::nullopt;
    TxOutMembershipElement folded = proof.elements.front();
    for (std::size_t i = 1; i < proof.elements.size(); ++i) {
        const auto next = joined(crypto, folded, proof.elements[i]);
        if (!next) return std::nullopt;
        folded = *next;
    }
    return folded;
}

std::optional<TxOutMembershipElement> root_when_last(const TxCrypto& crypto,
                                                     const TxOutMembershipProof& proof) {
    const std::uint64_t last = proof.index;
    if (last >= std::uint64_t{1} << 62) return std::nullopt;
    const LeafRange whole = merkle_root_range(last + 1);
    TxOutMembershipProof then{.index = last, .highest_index = last, .elements = {}};
    for (const TxOutMembershipElement& element : proof.elements) {
        if (element.range.from > element.range.to) return std::nullopt;
        if (order(element.range) > order(whole)) continue;
        if (element.range.from > last)
            then.elements.push_back({element.range, crypto.merkle_nil()});
        else if (element.range.from == element.range.to || element.range.to <= last)
            then.elements.push_back(element);
        else
            return std::nullopt;
    }
    const auto root = implied_root(crypto, then);
    if (!root || root->range != whole) return std::nullopt;
    return root;
}

std::optional<MembershipFailure> check_membership(const TxCrypto& crypto, const TxOut& member,
                                                  const TxOutMembershipProof& proof, const Hash32& root) {
    if (proof.index > proof.highest_index || proof.elements.empty()) return MembershipFailure::malformed;
    const TxOutMembershipElement& leaf = proof.elements.front();
    if (leaf.range != LeafRange{proof.index, proof.index} ||
        leaf.hash != crypto.merkle_leaf(crypto.hash(member)))
        return MembershipFailure::malformed;
    const auto folded = implied_root(crypto, proof);
    if (!folded || folded->range.from != 0 || folded->range.to < proof.highest_index)
        return MembershipFailure::malformed;
    if (folded->hash != root) return MembershipFailure::other_root;
    return std::nullopt;
}

} // namespace engine::chain::tx
