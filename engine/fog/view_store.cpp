#include "engine/fog/view_store.hpp"

#include <cstring>

namespace engine::fog {

std::size_t ViewStore::KeyHash::operator()(const chain::SearchKey& key) const noexcept {
    std::size_t h;
    std::memcpy(&h, key.bytes.data(), sizeof h); // search keys are outputs of a hash
    return h;
}

ViewStore::ViewStore(Host& host, RecoveryDb& db, ViewStoreConfig config)
    : host_(host), db_(db), config_(config), queued_(host.loop()) {}

Task<> ViewStore::run() {
    Nursery nursery(host_.loop(), host_.id());
    nursery.spawn("view fetcher", fetch());
    nursery.spawn("view worker", load());
    co_await nursery.join();
}

// Each round reads the blocks of the keys it knows, then the key list.  That order is rule 3: the list handed
// to the worker is newer than every block handed over with it, so a key that starts at or below one of them
// is in it.
Task<> ViewStore::fetch() {
    IngressKeys keys;
    Batch pending;
    DbPosition newest_block;
    for (;;) {
        const std::size_t before = pending.blocks.size();
        bool failed = false;
        for (const IngressKeyRecord& record : keys.records) {
            if (!has_unfetched(record)) continue;
            const bool ok = co_await fetch_blocks(record, pending.blocks, newest_block);
            failed = failed || !ok;
        }
        bool progress = pending.blocks.size() != before;
        bool may_have_more = false;
        Result<IngressKeys> loaded = co_await db_.ingress_keys();
        co_await host_.yield(YieldPoint::view_loaded_keys);
        const bool is_behind = loaded && loaded->as_of < newest_block;
        host_.mark_if(is_behind, Mark::view_store_refuses_an_old_key_list);
        host_.mark_if(!loaded, Mark::view_store_cannot_read_keys);
        host_.mark_if(loaded && !is_behind && loaded->as_of < keys.as_of,
                      Mark::view_store_takes_an_older_key_list);
        if (loaded && !is_behind) {
            progress = progress || loaded->records != keys.records;
            keys = std::move(*loaded);
            for (const IngressKeyRecord& record : keys.records)
                may_have_more = may_have_more || has_unfetched(record);
            pending.keys = keys;
            pending.complete = !failed && !may_have_more;
            queue_.push_back(std::exchange(pending, Batch{}));
            queued_.notify_all();
        } else {
            failed = true; // the blocks wait for a key list
        }
        // Without progress there is a hole in a key's blocks: it fills when its writer commits, not by asking
        // faster.
        if (failed)
            co_await host_.sleep(config_.poll_interval, "its polling interval");
        else if (!may_have_more || !progress)
            co_await host_.until_next_poll(Polling::asks, config_.poll_interval, "its polling interval");
    }
}

bool ViewStore::has_unfetched(const IngressKeyRecord& record) const {
    if (!record.last_scanned) return false;
    const auto next = next_fetch_.find(record.key);
    const BlockIndex first = next == next_fetch_.end() ? record.start : next->second;
    return *record.last_scanned >= first;
}

// @return false when the database failed; the other keys go on all the same
Task<bool> ViewStore::fetch_blocks(const IngressKeyRecord& record,
                                   std::vector<std::pair<chain::PublicKey, IngestedBlock>>& into,
                                   DbPosition& newest) {
    const BlockIndex first = next_fetch_.try_emplace(record.key, record.start).first->second;
    Result<IngestedBlocks> found = co_await db_.blocks(record.key, first, config_.batch_blocks);
    co_await host_.yield(YieldPoint::view_fetched_key);
    if (!found) co_return false;
    if (!found->blocks.empty()) newest = std::max(newest, found->as_of);
    BlockIndex expected = first;
    for (IngestedBlock& block : found->blocks) {
        if (block.block != expected) break; // a hole: the rest is read again once it is filled
        expected = expected.next();
        into.emplace_back(record.key, std::move(block));
    }
    next_fetch_[record.key] = expected;
    co_return true;
}

Task<> ViewStore::load() {
    for (;;) {
        while (queue_.empty()) co_await queued_.wait("fetched blocks");
        const Batch batch = std::move(queue_.front());
        queue_.pop_front();
        for (const auto& [key, block] : batch.blocks) {
            if (config_.range.contains(block.block)) insert(block);
            processed_[key] = block.block;
        }
        inserting_ = !batch.blocks.empty();
        if (!batch.blocks.empty()) co_await host_.yield(YieldPoint::view_inserted);
        inserting_ = false;
        publish(batch.keys);
        if (batch.complete && queue_.empty()) ready_ = true;
    }
}

void ViewStore::insert(const IngestedBlock& block) {
    for (const Row& row : *block.rows) records_[row.search_key] = row.payload;
}

bool ViewStore::may_pass(BlockIndex block, const IngressKeys& keys) const {
    if (!config_.range.contains(block)) return true; // somebody else's
    for (const IngressKeyRecord& record : keys.records) {
        if (!record.covers(block)) continue;
        const auto processed = processed_.find(record.key);
        if (processed == processed_.end() || processed->second < block) return false;
    }
    return true;
}

// The advance rule.  A block that no key covers is passed freely, but only below a block some key has
// delivered.
void ViewStore::publish(const IngressKeys& keys) {
    Published next = published_;
    next.as_of = std::max(next.as_of, keys.as_of);
    for (const auto& [key, block] : processed_)
        next.last_known = std::max(next.last_known, block.count_through());
    BlockCount limit = std::min(next.last_known, BlockCount{config_.range.end.value});
    while (next.count < limit && may_pass(next.count.end(), keys)) {
        mark_passed(next.count.end(), keys);
        next.count = next.count.end().count_through();
    }
    host_.mark_if(next.count < limit, Mark::view_store_waits_for_a_key);
    host_.mark_if(next.count.end() == config_.range.end && next.count != published_.count,
                  Mark::view_store_completes_its_range);
    const bool moved = next.count != published_.count || next.last_known != published_.last_known;
    published_ = next;
    if (moved)
        host_.record(EventKind::view_published, 0, published_.count.value, published_.last_known.value);
}

void ViewStore::mark_passed(BlockIndex block, const IngressKeys& keys) const {
    unsigned covering = 0;
    bool is_behind_lost_key = false;
    bool is_behind_retired_key = false;
    for (const IngressKeyRecord& record : keys.records) {
        if (record.covers(block))
            ++covering;
        else if (record.lost && block >= record.start && block < record.expiry)
            is_behind_lost_key = true;
        else if (record.retired && !record.lost && block == record.expiry)
            is_behind_retired_key = true;
    }
    if (!config_.range.contains(block)) return;
    host_.mark_if(covering == 0 && block.value > 0, Mark::view_store_passes_a_block_of_no_key);
    host_.mark_if(covering >= 2, Mark::view_store_gets_one_block_from_two_keys);
    host_.mark_if(is_behind_lost_key, Mark::view_store_passes_a_missed_block);
    host_.mark_if(is_behind_retired_key, Mark::view_store_passes_the_expiry_of_a_retired_key);
}

Task<Result<ViewStoreAnswer>> ViewStore::query(ViewQuery query) {
    const Published published = published_;
    co_await host_.yield(YieldPoint::view_query_counted);

    ViewStoreAnswer answer;
    answer.range = config_.range;
    answer.view.count = published.count;
    answer.view.last_known = published.last_known;
    answer.view.next_event = query.events_after;
    if (query.events_after != UserEventId::none()) {
        Result<UserEvents> events = co_await db_.user_events(query.events_after);
        if (!events) co_return Error{Code::unavailable, "view store: user events", events.error().cause};
        // A database node that is behind the key list could miss an RNG whose records the count includes.
        const bool is_behind = events->as_of < published.as_of;
        host_.mark_if(is_behind, Mark::view_store_refuses_old_events);
        if (is_behind) co_return Error{Code::not_ready, "view store: events behind"};
        answer.view.next_event = events->next;
        for (UserEvent& event : events->events) {
            if (auto* rng = std::get_if<RngRecord>(&event.what))
                answer.view.rngs.push_back(*rng);
            else if (auto* decommission = std::get_if<Decommission>(&event.what))
                answer.view.decommissions.push_back(*decommission);
            else
                answer.view.missed.push_back(std::get<MissedBlocks>(event.what));
        }
        co_await host_.yield(YieldPoint::view_query_events);
    }
    // Ready is who covers anything of the range, not who has loaded a block of it: all of them may be missed
    // blocks, which nobody will ever deliver (found by lag seed 114).
    if (config_.range.start.value > 0 && published.count.end() <= config_.range.start) {
        host_.mark(Mark::view_store_covers_nothing_of_its_range);
        co_return Error{Code::not_ready, "view store: covers nothing of its range yet"};
    }
    host_.mark_if(published.count != published_.count, Mark::view_store_query_overtaken_by_a_block);
    host_.mark_if(inserting_, Mark::view_store_query_between_records_and_count);

    answer.view.results.reserve(query.keys.size());
    for (const chain::SearchKey& key : query.keys) {
        SearchResult result;
        result.key = key;
        const auto record = records_.find(key);
        if (record != records_.end()) {
            result.code = SearchCode::found;
            result.payload = record->second;
        }
        answer.view.results.push_back(std::move(result));
    }
    if (!query.keys.empty()) co_await host_.yield(YieldPoint::view_query_looked_up);
    co_return answer;
}

} // namespace engine::fog
