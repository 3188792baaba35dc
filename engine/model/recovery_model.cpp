#include "engine/model/recovery_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace engine::model {

std::size_t RecoveryModel::KeyHash::operator()(const chain::SearchKey& key) const noexcept {
    std::size_t h;
    std::memcpy(&h, key.bytes.data(), sizeof h);
    return h;
}

void RecoveryModel::key_started(const chain::PublicKey& key, BlockIndex start) {
    key_added(key);
    if (highest_block_ && start <= *highest_block_)
        break_rule(fmt::format("lets a key start at block {}, although block {} is known", start.value,
                               highest_block_->value));
}

void RecoveryModel::key_promised(const chain::PublicKey& key, BlockIndex expiry) {
    BlockIndex& known = expiry_[key];
    known = std::max(known, expiry);
}

void RecoveryModel::key_unretired(BlockIndex expiry) {
    if (highest_block_ && *highest_block_ >= expiry)
        break_rule(fmt::format("unretires a key with expiry {}, although block {} is known", expiry.value,
                               highest_block_->value));
}

void RecoveryModel::event_added(const fog::UserEvent& event) {
    events_.push_back(event);
    if (const auto* rng = std::get_if<fog::RngRecord>(&event.what))
        invocations_.push_back({rng->invocation, event.id, {}});
    else if (const auto* closed = std::get_if<fog::Decommission>(&event.what))
        closed_.insert(closed->invocation);
    else if (const auto* missed = std::get_if<fog::MissedBlocks>(&event.what))
        missed_.push_back({*missed, event.id});
}

void RecoveryModel::block_known(const chain::PublicKey& key, InvocationId invocation, BlockIndex block) {
    if (has_scanned(key, block)) break_rule(fmt::format("stores block {} of one key twice", block.value));
    if (lost_.contains(key)) break_rule(fmt::format("stores block {} of a lost key", block.value));
    if (closed_.contains(invocation))
        break_rule(fmt::format("stores block {} of a closed invocation", block.value));
    highest_block_ = std::max(highest_block_.value_or(block), block);
    blocks_of_[key].push_back(block);
}

void RecoveryModel::block_added(const chain::PublicKey& key, InvocationId invocation,
                                const fog::IngestedBlock& block) {
    block_known(key, invocation, block.block);
    scanned_.push_back({block.block, block.rows->size()});
    const auto expiry = expiry_.find(key);
    const bool is_owed = expiry == expiry_.end() || block.block < expiry->second;
    for (Invocation& i : invocations_)
        if (i.id == invocation && is_owed && !block.rows->empty()) i.blocks.push_back(block.block);
    for (const fog::Row& row : *block.rows) places_[row.search_key] = {block.block, row.payload};
}

bool RecoveryModel::has_scanned(const chain::PublicKey& key, BlockIndex block) const {
    const auto it = blocks_of_.find(key);
    if (it == blocks_of_.end()) return false;
    return std::find(it->second.begin(), it->second.end(), block) != it->second.end();
}

bool RecoveryModel::is_missed(BlockIndex block) const {
    return std::any_of(missed_.begin(), missed_.end(),
                       [&](const Missed& m) { return m.range.contains(block); });
}

} // namespace engine::model
