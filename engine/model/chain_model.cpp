#include "engine/model/chain_model.hpp"

#include <algorithm>
#include <cstring>

#include "engine/model/totals.hpp"

namespace engine::model {

template <class Key>
std::size_t ChainModel::FirstBytes<Key>::operator()(const Key& key) const noexcept {
    std::size_t h;
    std::memcpy(&h, key.bytes.data(), sizeof h);
    return h;
}

void ChainModel::append(fog::BlockPtr block, std::vector<Coin> coins) {
    ENSURE(block->index == height().end());
    for (const chain::KeyImage& image : block->key_images) {
        spent_.try_emplace(image, block->index);
        if (const auto owned = by_image_.find(image); owned != by_image_.end())
            for (const std::size_t at : owned->second) {
                Coin& coin = coins_[at];
                if (coin.spent_in) continue;
                coin.spent_in = block->index;
                if (coin.block.value != 0) moved(coin, block->index) -= coin.amount.value;
            }
    }
    std::uint64_t index = block->first_output().value;
    for (const chain::TxOut& output : block->outputs)
        places_.try_emplace(output.public_key, fog::OutputPlace{GlobalIndex{index++}, block->index});
    for (Coin& coin : coins) {
        by_index_.emplace(coin.index, coins_.size());
        by_image_[coin.image].push_back(coins_.size());
        tokens_.insert(coin.amount.token_id);
        if (block->index.value != 0) moved(coin, block->index) += coin.amount.value;
        coins_.push_back(std::move(coin));
    }
    blocks_.push_back(std::move(block));
}

// The balance of the coin's owner after `block`, which is the last one.
fog::Value& ChainModel::moved(const Coin& coin, BlockIndex block) {
    Course& course = courses_[{coin.account, coin.amount.token_id}];
    if (course.empty())
        course.emplace_back(block, fog::Value{0});
    else if (course.back().first != block)
        course.emplace_back(block, course.back().second);
    return course.back().second;
}

fog::Value ChainModel::held(AccountId account, std::uint64_t token_id, BlockCount count) const {
    const auto found = courses_.find({account, token_id});
    if (found == courses_.end()) return 0;
    const Course& course = found->second;
    const auto beyond = std::partition_point(course.begin(), course.end(),
                                             [&](const auto& at) { return count.includes(at.first); });
    return beyond == course.begin() ? fog::Value{0} : std::prev(beyond)->second;
}

std::pair<std::size_t, std::size_t> ChainModel::coins_of(BlockIndex block) const {
    const auto before = [](const Coin& coin, BlockIndex b) { return coin.block < b; };
    const auto first = std::lower_bound(coins_.begin(), coins_.end(), block, before);
    auto end = first;
    while (end != coins_.end() && end->block == block) ++end;
    return {static_cast<std::size_t>(first - coins_.begin()), static_cast<std::size_t>(end - coins_.begin())};
}

std::optional<std::size_t> ChainModel::coin_of(GlobalIndex index) const {
    const auto it = by_index_.find(index);
    if (it == by_index_.end()) return std::nullopt;
    return it->second;
}

const std::vector<std::size_t>* ChainModel::coins_with(const chain::KeyImage& image) const {
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
    return chain_->held(account, token_id, count);
}

void add_block(const ChainModel& chain, BlockIndex block, Totals& totals) {
    if (block.value == 0) return;
    const fog::LedgerBlock& added = *chain.block(block);
    for (std::uint64_t i = 0; i < added.outputs.size(); ++i) {
        // By output: one that two accounts own is there once.
        const auto at = chain.coin_of(GlobalIndex{added.first_output().value + i});
        if (!at) continue;
        const chain::Amount& amount = chain.coins()[*at].amount;
        totals[amount.token_id] += amount.value;
    }
    for (const chain::KeyImage& image : added.key_images) {
        const auto* owned = chain.coins_with(image);
        if (owned == nullptr || chain.spent_in(image) != block) continue; // burnt before, or nobody's
        for (const std::size_t at : *owned) {
            const Coin& coin = chain.coins()[at];
            if (coin.block.value != 0) totals[coin.amount.token_id] -= coin.amount.value;
        }
    }
}

fog::Value Oracle::total(BlockCount count, std::uint64_t token_id) const {
    Totals totals;
    for (BlockIndex b{1}; count.includes(b) && b < chain_->height().end(); b = b.next())
        add_block(*chain_, b, totals);
    return totals[token_id];
}

} // namespace engine::model
