#include "sim/recovery_db.hpp"

#include <algorithm>

namespace sim {

using engine::Code;
using engine::Error;
using engine::InvocationId;
using engine::UserEventId;
using namespace engine::fog;

void SimDb::keep_history() {
    if (keeps_history_) return;
    keeps_history_ = true;
    history_.push_back({core_.scheduler.now(), std::make_shared<const DbState>(state_)});
}

SimDbClient::SimDbClient(SimDb& db, NodeId node)
    : db_(db), node_(node), latencies_(db.core_.choices, engine::Domain::storage, actor_of(node), 0),
      holds_(db.core_.choices, engine::Domain::storage, actor_of(node), 1),
      replicas_(db.core_.choices, engine::Domain::storage, actor_of(node), 2) {}

Task<std::optional<Error>> SimDbClient::reach() {
    co_await engine::sleep_until(db_.core_.scheduler.now() + db_.core_.latency(latencies_), "the database");
    if (!db_.core_.faults.empty() &&
        (db_.core_.faults.has(FaultKind::db_down) || db_.core_.faults.has(FaultKind::db_down_for, node_)))
        co_return Error{Code::unavailable, "database down", true};
    co_return std::nullopt;
}

const DbState& SimDbClient::readable() {
    if (db_.core_.faults.empty() || db_.history_.empty()) return db_.state_;
    const std::uint64_t lag_ms = db_.core_.faults.amount(FaultKind::stale_reads, node_);
    if (lag_ms == 0 || replicas_.below(2) == 0) return db_.state_;
    const Instant horizon = db_.core_.scheduler.now() + (-std::chrono::milliseconds(lag_ms));
    const SimDb::Snapshot* chosen = &db_.history_.front();
    for (const SimDb::Snapshot& snapshot : db_.history_)
        if (snapshot.at <= horizon) chosen = &snapshot;
    reading_ = chosen->state;
    return *reading_;
}

void SimDbClient::commit(DbOperation operation) {
    ++db_.state_.position.value;
    if (db_.keeps_history_)
        db_.history_.push_back({db_.core_.scheduler.now(), std::make_shared<const DbState>(db_.state_)});
    db_.core_.record(node_, EventKind::db_committed, static_cast<std::uint32_t>(operation),
                     db_.state_.position.value);
}

// Runs inside the database: a client that is stopped (SIGSTOP) after it sent its commit holds nobody up.
template <class T, class Apply>
Task<> SimDbClient::transact(DbOperation operation, std::int64_t events, Apply* apply,
                             Transaction<T>* transaction) {
    Core& core = db_.core_;
    const engine::Mutex::Lock lock = co_await db_.writers_.lock("the database's writers' lock");
    // Ids come from a sequence, which a rollback does not turn back: gaps are normal.
    EventIds ids(db_.next_event_id_, events);
    db_.next_event_id_ += events;
    co_await engine::park("its commit", core.hold(holds_)); // ids are assigned, nothing is visible
    if (!core.faults.empty() && core.faults.take_one(FaultKind::fail_commit, node_)) {
        core.record(node_, EventKind::db_failed, static_cast<std::uint32_t>(operation),
                    static_cast<std::uint64_t>(Code::internal));
        transaction->result = Error{Code::internal, "serialization failure", true};
        co_return;
    }
    transaction->result = (*apply)(db_.state_, ids);
    db_.next_event_id_ -= ids.unused();
    if (!transaction->result) co_return;
    commit(operation);
    transaction->acknowledged =
        core.faults.empty() || !core.faults.take_one(FaultKind::lose_commit_ack, node_);
}

template <class T, class Apply>
Task<Result<T>> SimDbClient::write(DbOperation operation, std::int64_t events, Apply apply) {
    Core& core = db_.core_;
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    Transaction<T> transaction;
    engine::Nursery database(core.scheduler, NodeId{}); // a killed client kills it: rolled back
    database.spawn("a transaction", transact(operation, events, &apply, &transaction));
    co_await database.join();
    co_await engine::sleep_until(core.scheduler.now() + core.latency(latencies_),
                                 "the commit's acknowledgement");
    if (!transaction.acknowledged) co_return Error{Code::unknown, "commit acknowledgement lost", true};
    const Result<T>& result = transaction.result;
    if (!result)
        core.record(node_, EventKind::db_failed, static_cast<std::uint32_t>(operation),
                    static_cast<std::uint64_t>(result.error().code));
    co_return std::move(transaction.result);
}

std::optional<IngressKeyRecord> SimDbClient::record_of(const DbState& state, const PublicKey& key) {
    const auto it = state.keys.find(key);
    if (it == state.keys.end()) return std::nullopt;
    return it->second.record;
}

void SimDbClient::announce(EventIds& ids, UserEvent event) {
    event.id = ids.take();
    db_.model_.event_added(event);
    db_.state_.events.push_back(std::move(event));
}

Task<Result<std::optional<IngressKeyRecord>>> SimDbClient::ingress_key(PublicKey key) {
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    co_return record_of(readable(), key);
}

Task<Result<IngressKeys>> SimDbClient::ingress_keys() {
    if (const std::optional<Error> error = co_await reach()) co_return *error;
    const DbState& state = readable();
    IngressKeys keys;
    keys.as_of = state.position;
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
            return record.start; // our own first try
        }
        DbState::Key row;
        row.record.key = key;
        row.record.start = requested_start;
        if (state.highest_block) row.record.start = std::max(requested_start, state.highest_block->next());
        const BlockIndex start = row.record.start;
        state.keys.emplace(key, std::move(row));
        db_.model_.key_added(key);
        return start;
    };
    co_return co_await write<BlockIndex>(DbOperation::new_ingress_key, 0, std::move(apply));
}

Task<Result<bool>> SimDbClient::retire_ingress_key(PublicKey key, bool retired) {
    auto apply = [key, retired](DbState& state, EventIds&) -> Result<bool> {
        const auto row = state.keys.find(key);
        if (row == state.keys.end()) return Error{Code::not_found, "retire ingress key"};
        IngressKeyRecord& record = row->second.record;
        if (!retired && record.retired && state.highest_block && *state.highest_block >= record.expiry)
            return Error{Code::retired, "unretire ingress key: past its expiry"};
        record.retired = retired;
        return true;
    };
    co_return co_await write<bool>(DbOperation::retire_ingress_key, 0, std::move(apply));
}

Task<Result<bool>> SimDbClient::report_lost_ingress_key(PublicKey key) {
    auto apply = [this, key](DbState& state, EventIds& ids) -> Result<bool> {
        const auto row = state.keys.find(key);
        if (row == state.keys.end()) return Error{Code::not_found, "report lost ingress key"};
        IngressKeyRecord& record = row->second.record;
        if (record.lost) return row->second.range_announced;
        record.lost = true;
        BlockRange range{record.start, record.expiry};
        if (record.last_scanned) range.start = std::max(range.start, record.last_scanned->next());
        row->second.range_announced = !range.empty();
        if (!range.empty()) {
            // Two keys may miss the same range; wallets need to hear of it once.
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
        state.invocations.push_back({ingress, egress, false, BlockIndex{}, db_.core_.wall_clock_s(node_)});
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

Task<Result<bool>> SimDbClient::decommission_ingest_invocation(InvocationId invocation) {
    auto apply = [this, invocation](DbState& state, EventIds& ids) -> Result<bool> {
        if (invocation.value < 1 || static_cast<std::size_t>(invocation.value) > state.invocations.size())
            return Error{Code::not_found, "decommission ingest invocation"};
        DbState::Invocation& row = state.invocations[static_cast<std::size_t>(invocation.value) - 1];
        if (row.decommissioned) return true;
        row.decommissioned = true;
        UserEvent event;
        event.what = Decommission{invocation, row.last_ingested};
        announce(ids, std::move(event));
        return true;
    };
    co_return co_await write<bool>(DbOperation::decommission_ingest_invocation, 1, std::move(apply));
}

Task<Result<bool>> SimDbClient::add_block(InvocationId invocation, IngestedBlock block) {
    auto apply = [this, invocation, block](DbState& state, EventIds&) -> Result<bool> {
        if (invocation.value < 1 || static_cast<std::size_t>(invocation.value) > state.invocations.size())
            return Error{Code::not_found, "add block: invocation"};
        DbState::Invocation& owner = state.invocations[static_cast<std::size_t>(invocation.value) - 1];
        DbState::Key& key = state.keys.at(owner.ingress);
        const auto existing = key.blocks.find(block.block);
        if (existing != key.blocks.end()) {
            if (existing->second.invocation == invocation) return true; // our own first try
            return Error{Code::conflict, "add block: already scanned with this key"};
        }
        if (key.record.lost) return Error{Code::lost, "add block"};
        if (owner.decommissioned) return Error{Code::decommissioned, "add block"};
        IngestedBlock stored = block;
        stored.invocation = invocation;
        db_.model_.block_added(owner.ingress, invocation, stored);
        key.blocks.emplace(block.block, std::move(stored));
        key.record.last_scanned = std::max(key.record.last_scanned.value_or(block.block), block.block);
        owner.last_ingested = std::max(owner.last_ingested, block.block);
        owner.last_active_s = db_.core_.wall_clock_s(node_);
        state.highest_block = std::max(state.highest_block.value_or(block.block), block.block);
        return true;
    };
    co_return co_await write<bool>(DbOperation::add_block, 0, std::move(apply));
}

Task<Result<KeyStatus>> SimDbClient::set_report(PublicKey key, ReportRow report) {
    auto apply = [key, report](DbState& state, EventIds&) -> Result<KeyStatus> {
        const auto row = state.keys.find(key);
        if (row == state.keys.end()) return Error{Code::not_found, "set report"};
        IngressKeyRecord& record = row->second.record;
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
    found.as_of = state.position;
    for (const UserEvent& event : state.events) {
        if (event.id <= after) continue;
        found.next = event.id;
        UserEvent copy = event;
        if (auto* closed = std::get_if<Decommission>(&copy.what))
            closed->last_ingested =
                state.invocations[static_cast<std::size_t>(closed->invocation.value) - 1].last_ingested;
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
    found.as_of = state.position;
    const auto row = state.keys.find(key);
    if (row == state.keys.end()) co_return found;
    BlockIndex expected = first;
    for (auto it = row->second.blocks.lower_bound(first); it != row->second.blocks.end(); ++it) {
        if (it->first != expected || found.blocks.size() == limit) break;
        found.blocks.push_back(it->second);
        expected = expected.next();
    }
    co_return found;
}

} // namespace sim
