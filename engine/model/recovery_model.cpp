#include "engine/model/recovery_model.hpp"

#include <algorithm>
#include <cstring>

namespace engine::model {

std::size_t RecoveryModel::KeyHash::operator()(const chain::SearchKey& key) const noexcept {
    std::size_t h;
    std::memcpy(&h, key.bytes.data(), sizeof h);
    return h;
}

void RecoveryModel::compare(const fog::IngressKeyRecord& before, const fog::IngressKeyRecord& now) {
    using Kind = BrokenRule::Kind;
    if (before.start != now.start) break_rule({Kind::start_moved, before.start, now.start});
    if (now.expiry < before.expiry) break_rule({Kind::promise_taken_back, before.expiry, now.expiry});
    if (before.lost && !now.lost) break_rule({Kind::lost_forgotten});
    if (before.last_scanned && (!now.last_scanned || *now.last_scanned < *before.last_scanned))
        break_rule({Kind::scan_forgotten, *before.last_scanned});
    if (before.retired && !now.retired) key_unretired(before.expiry);
}

// Keys first: their rules are about the blocks that were known before.
void RecoveryModel::take_keys(const RecoveryRows& rows) {
    for (const auto& [key, row] : rows.keys) {
        const fog::IngressKeyRecord& record = row.record;
        const auto [seen, is_new] = seen_.try_emplace(key, record);
        if (is_new) key_started(key, record.start);
        compare(seen->second, record);
        if (record.expiry != BlockIndex{}) key_promised(key, record.expiry);
        seen->second = record;
    }
    if (seen_.size() > rows.keys.size()) break_rule({BrokenRule::Kind::key_forgotten});
    // What senders are told is a promise whatever the key's own row says.
    for (const fog::ReportRow& report : rows.reports) {
        key_promised(report.ingress_key, report.expiry);
        const auto row = rows.keys.find(report.ingress_key);
        if (row != rows.keys.end() && row->second.record.expiry < report.expiry)
            break_rule({BrokenRule::Kind::told_beyond_promise, report.expiry, row->second.record.expiry});
    }
}

// A key delivers block after block: one that is left out is neither scanned nor ever announced as missed.
void RecoveryModel::judge_sequence(const RecoveryRows::Key& row) {
    if (row.blocks.empty()) return;
    const BlockIndex first = row.blocks.begin()->first;
    const BlockIndex last = row.blocks.rbegin()->first;
    if (first != row.record.start)
        break_rule({BrokenRule::Kind::first_is_not_start, first, row.record.start});
    if (last.value - first.value + 1 == row.blocks.size()) return;
    BlockIndex expected = first;
    for (const auto& [block, stored] : row.blocks) {
        if (block > expected) break_rule({BrokenRule::Kind::hole, block, expected});
        expected = block.next();
    }
}

void RecoveryModel::take_blocks(const RecoveryRows& rows) {
    for (const auto& [key, row] : rows.keys) {
        const std::set<std::pair<BlockIndex, InvocationId>>& known = blocks_of_[key];
        if (known.size() == row.blocks.size()) continue;
        std::vector<const fog::IngestedBlock*> added; // mostly the last ones
        const std::size_t wanted = row.blocks.size() - known.size();
        for (auto it = row.blocks.rbegin(); it != row.blocks.rend() && added.size() < wanted; ++it)
            if (!known.contains({it->first, it->second.invocation})) added.push_back(&it->second);
        for (auto it = added.rbegin(); it != added.rend(); ++it) block_added(key, (*it)->invocation, **it);
        judge_sequence(row);
    }
}

void RecoveryModel::look(const RecoveryRows& rows) {
    take_keys(rows);
    if (rows.events.size() < events_.size()) break_rule({BrokenRule::Kind::event_forgotten});
    if (rows.events.size() != events_.size())
        for (const fog::UserEvent& event : rows.events)
            if (events_seen_.insert(event.id).second) event_added(event);
    take_blocks(rows);
    // A key is lost for the blocks that come after.
    for (const auto& [key, row] : rows.keys)
        if (row.record.lost) key_lost(key);
}

void RecoveryModel::key_started(const chain::PublicKey& key, BlockIndex start) {
    key_added(key);
    if (highest_block_ && start <= *highest_block_)
        break_rule({BrokenRule::Kind::key_starts_behind, start, *highest_block_});
}

void RecoveryModel::key_promised(const chain::PublicKey& key, BlockIndex expiry) {
    BlockIndex& known = expiry_[key];
    known = std::max(known, expiry);
}

void RecoveryModel::key_unretired(BlockIndex expiry) {
    if (highest_block_ && *highest_block_ >= expiry)
        break_rule({BrokenRule::Kind::unretires_behind, expiry, *highest_block_});
}

void RecoveryModel::event_added(const fog::UserEvent& event) {
    events_.push_back(event);
    if (const auto* rng = std::get_if<fog::RngRecord>(&event.what))
        invocations_.push_back({rng->invocation, event.id, {}, *rng});
    else if (const auto* closed = std::get_if<fog::Decommission>(&event.what))
        closed_.insert(closed->invocation);
    else if (const auto* missed = std::get_if<fog::MissedBlocks>(&event.what))
        missed_.push_back({*missed, event.id});
}

void RecoveryModel::block_known(const chain::PublicKey& key, InvocationId invocation, BlockIndex block) {
    if (has_scanned(key, block)) break_rule({BrokenRule::Kind::stores_twice, block});
    if (lost_.contains(key)) break_rule({BrokenRule::Kind::stores_of_lost_key, block});
    if (closed_.contains(invocation)) break_rule({BrokenRule::Kind::stores_of_closed_invocation, block});
    highest_block_ = std::max(highest_block_.value_or(block), block);
    blocks_of_[key].emplace(block, invocation);
}

void RecoveryModel::block_added(const chain::PublicKey& key, InvocationId invocation,
                                const fog::IngestedBlock& block) {
    block_known(key, invocation, block.block);
    scanned_.push_back({block.block, block.rows->size(), key, block});
    const auto expiry = expiry_.find(key);
    const bool is_owed = expiry == expiry_.end() || block.block < expiry->second;
    for (Invocation& i : invocations_)
        if (i.id == invocation && is_owed && !block.rows->empty()) i.blocks.push_back(block.block);
    for (const fog::Row& row : *block.rows) {
        const auto [at, is_new] = places_.try_emplace(row.search_key, Place{block.block, row.payload});
        if (is_new) continue;
        break_rule({BrokenRule::Kind::search_key_twice, at->second.block, block.block});
        at->second = {block.block, row.payload};
    }
}

bool RecoveryModel::has_scanned(const chain::PublicKey& key, BlockIndex block) const {
    const auto it = blocks_of_.find(key);
    if (it == blocks_of_.end()) return false;
    const auto at = it->second.lower_bound({block, InvocationId{}});
    return at != it->second.end() && at->first == block;
}

bool RecoveryModel::is_missed(BlockIndex block) const {
    return std::any_of(missed_.begin(), missed_.end(),
                       [&](const Missed& m) { return m.range.contains(block); });
}

} // namespace engine::model
