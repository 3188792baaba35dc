#pragma once

#include <map>
#include <set>

#include "engine/chain/block.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/tx/validate.hpp"

namespace engine::chain::test {

/// A ledger held in memory: outputs with their Merkle tree, key images, a number of blocks.
class MemoryLedger final : public tx::TxLedger {
public:
    explicit MemoryLedger(const tx::TxCrypto& crypto) : crypto_(crypto) {}

    void append(const TxOut& output) {
        outputs_.emplace(hashes_.size(), output);
        hashes_.push_back(crypto_.hash(output));
        keys_.insert(output.public_key);
    }
    /// An output of which nothing but its hash is known: it has its place in the tree and is no ring member.
    void append(const Hash32& output_hash) { hashes_.push_back(output_hash); }
    /// Call once all outputs are there.
    void finish(std::uint64_t blocks) {
        blocks_ = blocks;
        levels_.assign(1, {});
        for (const Hash32& hash : hashes_) levels_[0].push_back(crypto_.merkle_leaf(hash));
        while (levels_.back().size() > 1) {
            const std::vector<Hash32>& below = levels_.back();
            std::vector<Hash32> above;
            for (std::size_t i = 0; i < below.size(); i += 2)
                above.push_back(crypto_.merkle_node(below[i], i + 1 < below.size() ? below[i + 1]
                                                                                   : crypto_.merkle_nil()));
            levels_.push_back(std::move(above));
        }
    }
    void spend(const KeyImage& image) { images_.insert(image); }
    void know(const PublicKey& key) { keys_.insert(key); }

    const TxOut& output(std::uint64_t index) const { return outputs_.at(index); }
    TxOutMembershipElement root() const {
        return {merkle_root_range(hashes_.size()), levels_.back().front()};
    }

    std::uint64_t num_blocks() const override { return blocks_; }
    std::uint64_t num_outputs() const override { return hashes_.size(); }
    TxOutMembershipProof membership_proof(std::uint64_t index) const override {
        TxOutMembershipProof proof{.index = index, .highest_index = hashes_.size() - 1, .elements = {}};
        LeafRange range{index, index};
        proof.elements.push_back({range, levels_[0].at(index)});
        for (std::size_t level = 0; level + 1 < levels_.size(); ++level) {
            const std::uint64_t sibling = (index >> level) ^ 1;
            proof.elements.push_back({range.sibling(), sibling < levels_[level].size()
                                                           ? levels_[level][sibling]
                                                           : crypto_.merkle_nil()});
            range = range.parent();
        }
        return proof;
    }
    bool contains_key_image(const KeyImage& image) const override { return images_.count(image) != 0; }
    bool contains_output_public_key(const PublicKey& key) const override { return keys_.count(key) != 0; }

private:
    const tx::TxCrypto& crypto_;
    std::uint64_t blocks_ = 1;
    std::vector<Hash32> hashes_;
    std::map<std::uint64_t, TxOut> outputs_;
    std::vector<std::vector<Hash32>> levels_;
    std::set<KeyImage> images_;
    std::set<PublicKey> keys_;
};

/// Appends what a row of known answers tells: the bytes of an output, or its hash alone.
inline void append_row(MemoryLedger& ledger, const Bytes& row) {
    if (const auto hash = Hash32::from(row))
        ledger.append(*hash);
    else
        ledger.append(decode_tx_out(row).value());
}

} // namespace engine::chain::test
