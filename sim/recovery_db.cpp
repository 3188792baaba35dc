#include "sim/recovery_db.hpp"

#include <algorithm>

namespace sim {

using engine::Code;
using engine::Error;
using engine::InvocationId;
using engine::Mark;
using engine::UserEventId;
using Strike = engine::tell::Decided::Strike;
using namespace engine::fog;

namespace {

/// Among the commits under way while it lives.
template <class Sent>
class UnderWay {
public:
    UnderWay(std::vector<Sent*>& all, Sent& sent) : all_(all), sent_(&sent) { all_.push_back(sent_); }
    ~UnderWay() { std::erase(all_, sent_); }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

private:
    std::vector<Sent*>& all_;
    Sent* sent_;
};

} // namespace

void SimDb::keep_history() {
    if (keeps_history_) return;
    keeps_history_ = true;
    history_.push_back({core_.scheduler.now(), std::make_shared<const DbState>(state_)});
}

SimDbClient::SimDbClient(SimDb& db, NodeId node)
    : db_(db), node_(node),
      latencies_(open_stream(db.core_.choices, StreamSite::database_delay, actor_of(node))),
      holds_(open_stream(db.core_.choices, StreamSite::commit_hold, actor_of(node))),
      replicas_(open_stream(db.core_.choices, StreamSite::replica_read, actor_of(node))),
      fates_(open_stream(db.core_.choices, StreamSite::database_fate, actor_of(node))) {}

Task<std::optional<Error>> SimDbClient::reach() {
    co_await engine::sleep_until(db_.core_.scheduler.now() + db_.core_.latency(latencies_), "the database");
    const FaultTable& all = db_.core_.faults;
    if (all.empty()) co_return std::nullopt;
    Cause down = all.strike<faults::DbDown>();
    if (!down) down = all.strike<faults::DbDownFor>(node_);
    if (down) co_return Error{Code::unavailable, "database down", down};
    const std::uint32_t share = all.share<faults::FlakyDatabase>(node_);
    if (db_.core_.strikes(node_, fates_, share, 256, Strike::database_call))
        co_return Error{Code::unavailable, "database connection", all.strike<faults::FlakyDatabase>(node_)};
    co_return std::nullopt;
}

// What a reader is told about how far its database node is.
engine::fog::DbPosition SimDbClient::position_of(const DbState& state) const { return state.position; }

const DbState& SimDbClient::readable() {
    db_.core_.scheduler.touch({Footprint::database, 0});
    if (db_.core_.faults.empty() || db_.history_.empty()) return db_.state_;
    const auto* stale = db_.core_.faults.find<faults::StaleReads>(node_);
    if (stale == nullptr || stale->behind == 0ms || replicas_.below(2) == 0) return db_.state_;
    const Instant horizon = db_.core_.scheduler.now() + (-stale->behind);
    const SimDb::Snapshot* chosen = &db_.history_.front();
    for (const SimDb::Snapshot& snapshot : db_.history_)
        if (snapshot.at <= horizon) chosen = &snapshot;
    reading_ = chosen->state;
    mark_if(reading_->position < db_.state_.position, Mark::db_read_from_a_stale_replica);
    return *reading_;
}

void SimDbClient::commit(DbOperation operation) {
    ++db_.state_.position.value;
    db_.core_.scheduler.touch({0, Footprint::database});
    db_.model_.look(db_.state_);
    if (db_.keeps_history_)
        db_.history_.push_back({db_.core_.scheduler.now(), std::make_shared<const DbState>(db_.state_)});
    db_.core_.record(node_, EventKind::db_committed, static_cast<std::uint32_t>(operation),
                     db_.state_.position.value);
}

// A block that a replica does not show yet although it shows later ones.
std::optional<BlockIndex> SimDbClient::hole_in(const DbState::Key& key, BlockIndex first) {
    if (db_.core_.faults.empty()) return std::nullopt;
    const std::uint32_t share = db_.core_.faults.share<faults::HoledReads>(node_);
    if (share == 0 || !key.record.last_scanned || *key.record.last_scanned <= first) return std::nullopt;
    if (!db_.core_.strikes(node_, fates_, share, 256, Strike::hole)) return std::nullopt;
    const std::uint64_t behind_it = key.record.last_scanned->value - first.value;
    return BlockIndex{first.value + fates_.below(static_cast<std::uint32_t>(behind_it))};
}

void SimDbClient::client_dies() {
    for (Sent* sent : under_way_) {
        if (sent->outlives_client) continue;
        sent->outlives_client = db_.core_.strikes(node_, fates_, 1, 2, Strike::commit_outlives_node);
        mark_if(sent->outlives_client, Mark::db_commit_outlives_its_writer);
    }
}

// Runs inside the database: a client that is stopped (SIGSTOP) after it sent its commit holds nobody up.
template <class T, class Apply>
Task<> SimDbClient::transact(std::shared_ptr<Transaction<T, Apply>> transaction) {
    co_await settle(*transaction);
    transaction->ended = true;
    transaction->ended_signal.notify_all();
}

template <class T, class Apply>
Task<> SimDbClient::settle(Transaction<T, Apply>& transaction) {
    Core& core = db_.core_;
    engine::Mutex::Lock lock = co_await db_.writers_.lock("the database's writers' lock");
    core.scheduler.touch({0, Footprint::database});
    // Ids come from a sequence, which a rollback does not turn back: gaps are normal.
    EventIds ids(db_.next_event_id_, transaction.events);
    db_.next_event_id_ += transaction.events;
    {
        const UnderWay<Sent> sent(under_way_, transaction);
        co_await engine::park("its commit", core.hold(holds_)); // ids are assigned, nothing is visible
    }
    Cause struck;
    if (!core.faults.empty()) struck = core.faults.take_one<faults::FailCommit>(node_);
    if (struck) {
        core.record(node_, EventKind::db_failed, static_cast<std::uint32_t>(transaction.operation),
                    static_cast<std::uint64_t>(Code::internal));
        transaction.result = Error{Code::internal, "serialization failure", struck};
        mark(Mark::db_rolls_a_commit_back);
        co_return;
    }
    if (!core.faults.empty()) transaction.unacknowledged_by = core.faults.take_one<faults::LoseCommit>(node_);
    if (transaction.unacknowledged_by) {
        core.record(node_, EventKind::db_failed, static_cast<std::uint32_t>(transaction.operation),
                    static_cast<std::uint64_t>(Code::unknown));
        mark(Mark::db_commit_lost);
        co_return;
    }
    transaction.result = transaction.apply(db_.state_, ids);
    db_.next_event_id_ -= ids.unused();
    if (!transaction.result) co_return;
    commit(transaction.operation);
    if (!core.faults.empty())
        transaction.unacknowledged_by = core.faults.take_one<faults::LoseCommitAck>(node_);
    mark_if(bool(transaction.unacknowledged_by), Mark::db_acknowledgement_lost);
}

template <class T, class Apply>
Task<Result<T>> SimDbClient::write(DbOperation operation, std::int64_t events, Apply apply) {
    Core& core = db_.core_;
    const Core::Commotion writing(core);
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    auto transaction = std::make_shared<Transaction<T, Apply>>(core, operation, events, std::move(apply));
    {
        Grip grip(*transaction);
        grip.task = engine::spawn(core.scheduler, NodeId{}, "a transaction", transact(transaction));
        while (!transaction->ended) co_await transaction->ended_signal.wait("its transaction");
    }
    co_await engine::sleep_until(core.scheduler.now() + core.latency(latencies_),
                                 "the commit's acknowledgement");
    if (transaction->unacknowledged_by)
        co_return Error{Code::unknown, "commit acknowledgement lost", transaction->unacknowledged_by};
    if (!transaction->result)
        core.record(node_, EventKind::db_failed, static_cast<std::uint32_t>(operation),
                    static_cast<std::uint64_t>(transaction->result.error().code));
    co_return std::move(transaction->result);
}

std::optional<IngressKeyRecord> SimDbClient::record_of(const DbState& state, const PublicKey& key) {
    const auto it = state.keys.find(key);
    if (it == state.keys.end()) return std::nullopt;
    return it->second.record;
}

void SimDbClient::announce(EventIds& ids, UserEvent event) {
    event.id = ids.take();
    auto& events = db_.state_.events;
    auto at = events.end();
    while (at != events.begin() && std::prev(at)->id > event.id) --at; // only when writers did not wait
    events.insert(at, std::move(event));
}

Task<Result<std::optional<IngressKeyRecord>>> SimDbClient::ingress_key(PublicKey key) {
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    co_return record_of(readable(), key);
}

Task<Result<IngressKeys>> SimDbClient::ingress_keys() {
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    const DbState& state = readable();
    IngressKeys keys;
    keys.as_of = position_of(state);
    keys.records.reserve(state.keys.size());
    for (const auto& [key, row] : state.keys) keys.records.push_back(row.record);
    co_return keys;
}

Task<Result<std::optional<BlockIndex>>> SimDbClient::highest_known_block() {
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    co_return readable().highest_block;
}

Task<Result<BlockIndex>> SimDbClient::new_ingress_key(PublicKey key, BlockIndex requested_start) {
    auto apply = [this, key, requested_start](DbState& state, EventIds&) -> Result<BlockIndex> {
        const auto existing = state.keys.find(key);
        if (existing != state.keys.end()) {
            const IngressKeyRecord& record = existing->second.record;
            if (record.last_scanned || record.retired || record.lost)
                return Error{Code::conflict, "new ingress key: exists"};
            mark(Mark::db_recognises_a_repeated_write);
            return record.start; // our own first try
        }
        DbState::Key row;
        row.record.key = key;
        row.record.start = requested_start;
        if (state.highest_block) row.record.start = std::max(requested_start, state.highest_block->next());
        mark_if(row.record.start > requested_start, Mark::db_raises_the_start_of_a_key);
        const BlockIndex start = row.record.start;
        for (const auto& [other_key, other] : state.keys)
            mark_if(other.record.start == start, Mark::db_two_keys_start_at_one_block);
        state.keys.emplace(key, std::move(row));
        return start;
    };
    co_return co_await write<BlockIndex>(DbOperation::new_ingress_key, 0, std::move(apply));
}

Task<Result<void>> SimDbClient::retire_ingress_key(PublicKey key, bool retired) {
    auto apply = [this, key, retired](DbState& state, EventIds&) -> Result<void> {
        const auto row = state.keys.find(key);
        if (row == state.keys.end()) return Error{Code::not_found, "retire ingress key"};
        IngressKeyRecord& record = row->second.record;
        const bool is_passed =
            !retired && record.retired && state.highest_block && *state.highest_block >= record.expiry;
        mark_if(is_passed, Mark::db_refuses_to_unretire);
        mark_if(!retired && record.retired && !is_passed, Mark::db_unretires_a_key);
        if (is_passed) return Error{Code::retired, "unretire ingress key: past its expiry"};
        record.retired = retired;
        return {};
    };
    co_return co_await write<void>(DbOperation::retire_ingress_key, 0, std::move(apply));
}

Task<Result<bool>> SimDbClient::report_lost_ingress_key(PublicKey key) {
    auto apply = [this, key](DbState& state, EventIds& ids) -> Result<bool> {
        const auto row = state.keys.find(key);
        if (row == state.keys.end()) return Error{Code::not_found, "report lost ingress key"};
        IngressKeyRecord& record = row->second.record;
        if (record.lost) return row->second.range_announced;
        BlockRange range{record.start, record.expiry};
        if (record.last_scanned) range.start = std::max(range.start, record.last_scanned->next());
        bool is_known = false;
        for (const UserEvent& event : state.events)
            if (const auto* missed = std::get_if<MissedBlocks>(&event.what))
                is_known = is_known || *missed == range;
        mark_if(is_known, Mark::db_two_keys_miss_the_same_range);
        record.lost = true;
        mark_if(!record.last_scanned, Mark::db_loses_a_key_that_never_scanned);
        for (const BlockRange& shard :
             db_.core_.options.topology.ranges(db_.core_.options.topology.view_shards))
            mark_if(range.start < shard.end && shard.end < range.end,
                    Mark::db_missed_range_crosses_a_shard_end);
        row->second.range_announced = !range.empty();
        if (!range.empty() && !is_known) {
            // Two keys may miss the same range; wallets hear of it once, and the schema has room for it once.
            UserEvent event;
            event.what = range;
            announce(ids, std::move(event));
        }
        return row->second.range_announced;
    };
    co_return co_await write<bool>(DbOperation::report_lost_ingress_key, 1, std::move(apply));
}

Task<Result<InvocationId>> SimDbClient::new_ingest_invocation(std::optional<InvocationId> previous,
                                                              PublicKey ingress, PublicKey egress,
                                                              BlockIndex start) {
    auto apply = [this, previous, ingress, egress, start](DbState& state,
                                                          EventIds& ids) -> Result<InvocationId> {
        const auto key = state.keys.find(ingress);
        if (key == state.keys.end()) return Error{Code::not_found, "new ingest invocation: ingress key"};
        if (key->second.record.lost) return Error{Code::lost, "new ingest invocation"};
        for (std::size_t i = 0; i < state.invocations.size(); ++i) {
            if (state.invocations[i].egress != egress) continue;
            if (state.invocations[i].ingress != ingress)
                return Error{Code::conflict, "new ingest invocation: egress key"};
            mark(Mark::db_recognises_a_repeated_write);
            return InvocationId{static_cast<std::int64_t>(i) + 1}; // our own first try
        }
        if (previous) {
            if (previous->value < 1 || static_cast<std::size_t>(previous->value) > state.invocations.size())
                return Error{Code::not_found, "new ingest invocation: previous"};
            DbState::Invocation& old = state.invocations[static_cast<std::size_t>(previous->value) - 1];
            if (!old.decommissioned) {
                old.decommissioned = true;
                UserEvent closed;
                closed.what = Decommission{*previous, old.last_ingested};
                announce(ids, std::move(closed));
            }
        }
        state.invocations.push_back(
            {ingress, egress, false, BlockIndex{}, db_.core_.wall_clock_s(node_), node_});
        const InvocationId id{static_cast<std::int64_t>(state.invocations.size())};
        RngRecord rng;
        rng.invocation = id;
        rng.egress_key = egress;
        rng.start = start;
        UserEvent opened;
        opened.what = rng;
        announce(ids, std::move(opened));
        return id;
    };
    co_return co_await write<InvocationId>(DbOperation::new_ingest_invocation, 2, std::move(apply));
}

Task<Result<void>> SimDbClient::decommission_ingest_invocation(InvocationId invocation) {
    auto apply = [this, invocation](DbState& state, EventIds& ids) -> Result<void> {
        if (invocation.value < 1 || static_cast<std::size_t>(invocation.value) > state.invocations.size())
            return Error{Code::not_found, "decommission ingest invocation"};
        DbState::Invocation& row = state.invocations[static_cast<std::size_t>(invocation.value) - 1];
        if (row.decommissioned) return {};
        row.decommissioned = true;
        UserEvent event;
        event.what = Decommission{invocation, row.last_ingested};
        announce(ids, std::move(event));
        return {};
    };
    co_return co_await write<void>(DbOperation::decommission_ingest_invocation, 1, std::move(apply));
}

Task<Result<void>> SimDbClient::add_block(InvocationId invocation, IngestedBlock block) {
    auto apply = [this, invocation, block](DbState& state, EventIds&) -> Result<void> {
        if (invocation.value < 1 || static_cast<std::size_t>(invocation.value) > state.invocations.size())
            return Error{Code::not_found, "add block: invocation"};
        DbState::Invocation& owner = state.invocations[static_cast<std::size_t>(invocation.value) - 1];
        DbState::Key& key = state.keys.at(owner.ingress);
        const auto existing = key.blocks.find(block.block);
        if (existing != key.blocks.end()) {
            const bool is_repeat = existing->second.invocation == invocation;
            mark_if(is_repeat, Mark::db_recognises_a_repeated_write);
            if (is_repeat) return {}; // our own first try
            return Error{Code::conflict, "add block: already scanned with this key"};
        }
        mark_if(key.record.lost, Mark::db_refuses_a_block_of_a_lost_key);
        mark_if(owner.decommissioned, Mark::db_refuses_a_block_of_a_closed_invocation);
        if (key.record.lost) return Error{Code::lost, "add block"};
        if (owner.decommissioned) return Error{Code::decommissioned, "add block"};
        IngestedBlock stored = block;
        stored.invocation = invocation;
        key.blocks.emplace(block.block, std::move(stored));
        key.record.last_scanned = std::max(key.record.last_scanned.value_or(block.block), block.block);
        owner.last_ingested = std::max(owner.last_ingested, block.block);
        owner.last_active_s = db_.core_.wall_clock_s(node_);
        state.highest_block = std::max(state.highest_block.value_or(block.block), block.block);
        return {};
    };
    co_return co_await write<void>(DbOperation::add_block, 0, std::move(apply));
}

Task<Result<KeyStatus>> SimDbClient::set_report(PublicKey key, ReportRow report) {
    auto apply = [this, key, report](DbState& state, EventIds&) -> Result<KeyStatus> {
        const auto row = state.keys.find(key);
        if (row == state.keys.end()) return Error{Code::not_found, "set report"};
        IngressKeyRecord& record = row->second.record;
        mark_if(!record.retired && !record.lost && report.expiry < record.expiry,
                Mark::db_keeps_a_longer_promise);
        if (!record.retired && !record.lost) {
            record.expiry = std::max(record.expiry, report.expiry);
            const auto same_id =
                std::find_if(state.reports.begin(), state.reports.end(),
                             [&](const ReportRow& r) { return r.fog_report_id == report.fog_report_id; });
            if (same_id == state.reports.end())
                state.reports.push_back(report);
            else
                *same_id = report;
        }
        KeyStatus status;
        status.expiry = record.expiry;
        status.retired = record.retired;
        status.lost = record.lost;
        return status;
    };
    co_return co_await write<KeyStatus>(DbOperation::set_report, 0, std::move(apply));
}

Task<Result<std::vector<InvocationId>>> SimDbClient::expired_invocations(std::int64_t before_s) {
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    std::vector<InvocationId> expired;
    const DbState& state = readable();
    for (std::size_t i = 0; i < state.invocations.size(); ++i)
        if (!state.invocations[i].decommissioned && state.invocations[i].last_active_s < before_s)
            expired.push_back(InvocationId{static_cast<std::int64_t>(i) + 1});
    co_return expired;
}

Task<Result<std::vector<ReportRow>>> SimDbClient::reports() {
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    co_return readable().reports;
}

Task<Result<UserEvents>> SimDbClient::user_events(UserEventId after) {
    UserEvents found;
    found.next = after;
    if (after == UserEventId::none()) co_return found;
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    const DbState& state = readable();
    found.as_of = position_of(state);
    for (const UserEvent& event : state.events) {
        if (event.id <= after) continue;
        found.next = event.id;
        UserEvent copy = event;
        if (auto* closed = std::get_if<Decommission>(&copy.what)) {
            closed->last_ingested =
                state.invocations[static_cast<std::size_t>(closed->invocation.value) - 1].last_ingested;
        }
        found.events.push_back(std::move(copy));
    }
    co_return found;
}

Task<Result<std::vector<BlockRange>>> SimDbClient::missed_block_ranges() {
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    std::vector<BlockRange> ranges;
    for (const UserEvent& event : readable().events)
        if (const auto* missed = std::get_if<MissedBlocks>(&event.what)) ranges.push_back(*missed);
    co_return ranges;
}

Task<Result<IngestedBlocks>> SimDbClient::blocks(PublicKey key, BlockIndex first, std::size_t limit) {
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    const DbState& state = readable();
    IngestedBlocks found;
    found.as_of = position_of(state);
    const auto row = state.keys.find(key);
    if (row == state.keys.end()) co_return found;
    const std::optional<BlockIndex> unseen = hole_in(row->second, first);
    BlockIndex expected = first;
    for (auto it = row->second.blocks.lower_bound(first); it != row->second.blocks.end(); ++it) {
        if (it->first == unseen) continue;
        if (it->first != expected || found.blocks.size() == limit) break;
        found.blocks.push_back(it->second);
        expected = expected.next();
    }
    mark_if(unseen && expected == *unseen, Mark::db_read_around_a_hole);
    co_return found;
}

} // namespace sim
