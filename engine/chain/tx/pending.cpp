#include "engine/chain/tx/pending.hpp"

#include <algorithm>
#include <set>

namespace engine::chain::tx {

TxContext TxContext::of(const TxCrypto& crypto, const FeeMap& fees, const Tx& tx) {
    TxContext out;
    out.priority = fees.priority({tx.prefix.fee, tx.prefix.fee_token_id});
    out.hash = crypto.hash(tx);
    out.tombstone_block = tx.prefix.tombstone_block;
    for (const RingMlsag& ring : tx.signature.ring_signatures) out.key_images.push_back(ring.key_image);
    for (const TxIn& input : tx.prefix.inputs)
        for (const TxOutMembershipProof& proof : input.proofs)
            out.highest_indices.push_back(proof.highest_index);
    for (const TxOut& output : tx.prefix.outputs) out.output_public_keys.push_back(output.public_key);
    return out;
}

std::strong_ordering operator<=>(const TxContext& a, const TxContext& b) {
    if (const auto by = b.priority <=> a.priority; by != 0) return by;
    if (const auto by = a.hash <=> b.hash; by != 0) return by;
    if (const auto by = a.tombstone_block <=> b.tombstone_block; by != 0) return by;
    if (const auto by = a.key_images <=> b.key_images; by != 0) return by;
    if (const auto by = a.highest_indices <=> b.highest_indices; by != 0) return by;
    return a.output_public_keys <=> b.output_public_keys;
}

std::vector<Hash32> combine(std::vector<TxContext> contexts, std::size_t most) {
    std::sort(contexts.begin(), contexts.end());
    std::set<KeyImage> images;
    std::set<PublicKey> keys;
    std::vector<Hash32> out;
    for (const TxContext& context : contexts) {
        if (out.size() == most) break;
        const bool conflicts =
            std::any_of(context.key_images.begin(), context.key_images.end(),
                        [&](const KeyImage& image) { return images.count(image) != 0; }) ||
            std::any_of(context.output_public_keys.begin(), context.output_public_keys.end(),
                        [&](const PublicKey& key) { return keys.count(key) != 0; });
        if (conflicts) continue;
        images.insert(context.key_images.begin(), context.key_images.end());
        keys.insert(context.output_public_keys.begin(), context.output_public_keys.end());
        out.push_back(context.hash);
    }
    return out;
}

} // namespace engine::chain::tx
