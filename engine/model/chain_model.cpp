#include "engine/model/chain_model.hpp"

#include <cstring>

namespace engine::model {

template <class Key>
std::size_t ChainModel::FirstBytes<Key>::operator()(const Key& key) const noexcept {
    std::size_t h;
    std::memcpy(&h, key.bytes.data(), sizeof h);
    return h;
}

void ChainModel::append(fog::BlockPtr block, std::vector<Credit> credits) {
    ENSURE(block->index == height().end());
    for (const chain::KeyImage& image : block->key_images) {
        spent_.try_emplace(image, block->index);
        if (const auto owned = by_image_.find(image); owned != by_image_.end())
            for (const std::size_t at : owned->second)
                if (!credits_[at].spent_in) credits_[at].spent_in = block->index;
    }
    std::uint64_t index = block->first_output().value;
    for (const chain::TxOut& output : block->outputs)
        places_.try_emplace(output.public_key, fog::OutputPlace{GlobalIndex{index++}, block->index});
    for (Credit& credit : credits) {
        by_index_.emplace(credit.index, credits_.size());
        by_image_[credit.image].push_back(credits_.size());
        tokens_.insert(credit.amount.token_id);
        credits_.push_back(std::move(credit));
    }
    blocks_.push_back(std::move(block));
}

std::optional<std::size_t> ChainModel::credit_of(GlobalIndex index) const {
    const auto it = by_index_.find(index);
    if (it == by_index_.end()) return std::nullopt;
    return it->second;
}

const std::vector<std::size_t>* ChainModel::credits_with(const chain::KeyImage& image) const {
    const auto it = by_image_.find(image);
    return it == by_image_.end() ? nullptr : &it->second;
}

std::optional<BlockIndex> ChainModel::spent_in(const chain::KeyImage& image) const {
    const auto it = spent_.find(image);
    if (it == spent_.end()) return std::nullopt;
    return it->second;
}

std::optional<fog::OutputPlace> ChainModel::place_of(const chain::PublicKey& public_key) const {
    const auto it = places_.find(public_key);
    if (it == places_.end()) return std::nullopt;
    return it->second;
}

std::uint64_t ChainModel::txo_count(BlockCount count) const {
    if (count.value == 0) return 0;
    return blocks_.at(count.value - 1)->cumulative_txo_count;
}

fog::Value Oracle::balance(AccountId account, BlockCount count, std::uint64_t token_id) const {
    fog::Value sum = 0;
    for (const Credit& credit : chain_->credits()) {
        if (credit.account != account || credit.amount.token_id != token_id) continue;
        if (credit.block.value == 0 || !count.includes(credit.block)) continue;
        if (credit.spent_in && count.includes(*credit.spent_in)) continue;
        sum += credit.amount.value;
    }
    return sum;
}

fog::Value Oracle::total(BlockCount count, std::uint64_t token_id) const {
    fog::Value sum = 0;
    for (BlockIndex b{1}; count.includes(b) && b < chain_->height().end(); b = b.next()) {
        const fog::LedgerBlock& block = *chain_->block(b);
        for (std::uint64_t i = 0; i < block.outputs.size(); ++i) {
            const auto at = chain_->credit_of(GlobalIndex{block.first_output().value + i});
            if (at && chain_->credits()[*at].amount.token_id == token_id)
                sum += chain_->credits()[*at].amount.value;
        }
        for (const chain::KeyImage& image : block.key_images) {
            const auto* owned = chain_->credits_with(image);
            if (owned == nullptr || chain_->spent_in(image) != b) continue; // burnt before, or nobody's
            for (const std::size_t at : *owned) {
                const Credit& credit = chain_->credits()[at];
                if (credit.block.value != 0 && credit.amount.token_id == token_id) sum -= credit.amount.value;
            }
        }
    }
    return sum;
}

} // namespace engine::model
