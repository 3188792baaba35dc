#include "engine/model/recovery_model.hpp"

#include <algorithm>
#include <cstring>

namespace engine::model {

std::size_t RecoveryModel::KeyHash::operator()(const chain::SearchKey& key) const noexcept {
    std::size_t h;
    std::memcpy(&h, key.bytes.data(), sizeof h);
    return h;
}

void RecoveryModel::event_added(const fog::UserEvent& event) {
    events_.push_back(event);
    if (const auto* rng = std::get_if<fog::RngRecord>(&event.what))
        invocations_.push_back({rng->invocation, event.id, {}});
    else if (const auto* missed = std::get_if<fog::MissedBlocks>(&event.what))
        missed_.push_back({*missed, event.id});
}

void RecoveryModel::block_added(const chain::PublicKey& key, InvocationId invocation,
                                const fog::IngestedBlock& block) {
    blocks_of_[key].push_back(block.block);
    for (Invocation& i : invocations_)
        if (i.id == invocation && !block.rows->empty()) i.blocks.push_back(block.block);
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
