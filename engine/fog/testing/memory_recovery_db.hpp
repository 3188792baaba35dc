#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/choice.hpp"
#include "engine/fog/ports.hpp"
#include "engine/loop.hpp"
#include "engine/task.hpp"

namespace engine::fog::testing {

enum class DbOperation : std::uint8_t {
    ingress_key,
    ingress_keys,
    highest_known_block,
    new_ingress_key,
    retire_ingress_key,
    report_lost_ingress_key,
    new_ingest_invocation,
    decommission_ingest_invocation,
    add_block,
    set_report,
    reports,
    user_events,
    missed_block_ranges,
    blocks,
};
inline constexpr std::size_t db_operation_count = static_cast<std::size_t>(DbOperation::blocks) + 1;

inline const char* name(DbOperation operation) {
    constexpr const char* names[db_operation_count] = {"db ingress_key",
                                                       "db ingress_keys",
                                                       "db highest_known_block",
                                                       "db new_ingress_key",
                                                       "db retire_ingress_key",
                                                       "db report_lost_ingress_key",
                                                       "db new_ingest_invocation",
                                                       "db decommission_ingest_invocation",
                                                       "db add_block",
                                                       "db set_report",
                                                       "db reports",
                                                       "db user_events",
                                                       "db missed_block_ranges",
                                                       "db blocks"};
    return names[static_cast<std::size_t>(operation)];
}

/// The recovery database's contract, in memory.
///
/// Rules
/// 1. An operation takes effect in one step of a task of the database's own: killing the caller does not
///    stop it, and it may take effect after the caller's death.
/// 2. Failures are injected per operation, before or after the effect; `never` fails as if nothing had been
///    sent.
///
/// It differs from a real one in that nothing is ever rolled back, and every read sees the newest state.
class MemoryRecoveryDb final : public RecoveryDb {
public:
    struct Key {
        BlockIndex start;
        BlockIndex expiry;
        bool retired = false;
        bool lost = false;
        bool announced = false;
    };
    struct Invocation {
        chain::PublicKey ingress;
        chain::PublicKey egress;
        BlockIndex start;
        bool decommissioned = false;
    };
    using BlockKey = std::pair<chain::PublicKey, BlockIndex>;

    /// @param loop     outlives the database
    /// @param node     whose tasks carry out the operations
    /// @param choices  latencies and random faults
    MemoryRecoveryDb(Loop& loop, NodeId node, Stream choices) : loop_(loop), node_(node), choices_(choices) {}

    // ---- faults

    /// The next `calls` calls of an operation end with `code`, before or after they have taken effect.
    void fail_next(DbOperation operation, int calls, Code code, bool takes_effect) {
        for (int i = 0; i < calls; ++i) faults_[operation].push_back({code, takes_effect});
    }
    void clear_faults() { faults_.clear(); }
    /// Every call is refused before anything happens.
    void set_down(bool down) { down_ = down; }
    /// One call in so many fails: refused, unknown without or unknown with its effect.  0: none.
    void set_random_faults(std::uint32_t one_in) { one_in_ = one_in; }
    /// Each of the two ways takes up to so long.
    void set_latency_ms_max(std::uint32_t ms) { latency_ms_max_ = ms; }
    /// Runs once, right before the operation takes effect for the next time: somebody else was faster.
    void before_next(DbOperation operation, std::function<void()> hook) {
        hooks_[operation] = std::move(hook);
    }

    // ---- what is stored

    const std::map<chain::PublicKey, Key>& keys() const { return keys_; }
    const std::map<InvocationId, Invocation>& invocations() const { return invocations_; }
    const std::map<BlockKey, IngestedBlock>& stored() const { return blocks_; }
    const std::vector<UserEvent>& events() const { return events_; }
    int calls(DbOperation operation) const {
        const auto found = calls_.find(operation);
        return found == calls_.end() ? 0 : found->second;
    }
    std::optional<BlockIndex> last_scanned(const chain::PublicKey& key) const {
        std::optional<BlockIndex> last;
        for (const auto& [where, block] : blocks_)
            if (where.first == key) last = where.second;
        return last;
    }
    std::optional<BlockIndex> highest() const {
        std::optional<BlockIndex> highest;
        for (const auto& [where, block] : blocks_)
            if (!highest || *highest < where.second) highest = where.second;
        return highest;
    }

    // ---- the same operations at once, for whoever arranges a test

    Result<BlockIndex> put_key(chain::PublicKey key, BlockIndex requested_start) {
        const auto found = keys_.find(key);
        if (found != keys_.end()) {
            if (last_scanned(key) || found->second.retired || found->second.lost)
                return Error{Code::conflict, name(DbOperation::new_ingress_key)};
            return found->second.start;
        }
        Key row;
        row.start = requested_start;
        if (const auto high = highest()) row.start = std::max(row.start, high->next());
        keys_[key] = row;
        ++position_;
        return row.start;
    }
    Result<void> put_retired(chain::PublicKey key, bool retired) {
        const auto found = keys_.find(key);
        if (found == keys_.end()) return Error{Code::not_found, name(DbOperation::retire_ingress_key)};
        if (const auto high = highest();
            !retired && found->second.retired && high && *high >= found->second.expiry)
            return Error{Code::retired, name(DbOperation::retire_ingress_key)};
        found->second.retired = retired;
        ++position_;
        return {};
    }
    Result<bool> put_lost(chain::PublicKey key) {
        const auto found = keys_.find(key);
        if (found == keys_.end()) return Error{Code::not_found, name(DbOperation::report_lost_ingress_key)};
        Key& row = found->second;
        if (row.lost) return row.announced;
        row.lost = true;
        ++position_;
        BlockRange missed{row.start, row.expiry};
        if (const auto last = last_scanned(key)) missed.start = std::max(missed.start, last->next());
        if (missed.empty()) return false;
        row.announced = true;
        const auto is_same = [&](const UserEvent& event) {
            const auto* known = std::get_if<MissedBlocks>(&event.what);
            return known != nullptr && *known == missed;
        };
        if (std::none_of(events_.begin(), events_.end(), is_same)) add_event(missed);
        return true;
    }
    Result<InvocationId> put_invocation(std::optional<InvocationId> previous, chain::PublicKey ingress,
                                        chain::PublicKey egress, BlockIndex start) {
        constexpr auto operation = DbOperation::new_ingest_invocation;
        for (const auto& [id, known] : invocations_) {
            if (known.egress != egress) continue;
            if (known.ingress == ingress) return id;
            return Error{Code::conflict, name(operation)};
        }
        const auto key = keys_.find(ingress);
        if (key == keys_.end()) return Error{Code::not_found, name(operation)};
        if (key->second.lost) return Error{Code::lost, name(operation)};
        if (previous) put_decommissioned(*previous);
        const InvocationId id{static_cast<std::int64_t>(invocations_.size()) + 1};
        Invocation row;
        row.ingress = ingress;
        row.egress = egress;
        row.start = start;
        invocations_[id] = row;
        RngRecord rng;
        rng.invocation = id;
        rng.egress_key = egress;
        rng.start = start;
        add_event(rng);
        return id;
    }
    Result<void> put_decommissioned(InvocationId invocation) {
        const auto found = invocations_.find(invocation);
        if (found == invocations_.end())
            return Error{Code::not_found, name(DbOperation::decommission_ingest_invocation)};
        if (found->second.decommissioned) return {};
        found->second.decommissioned = true;
        Decommission closed;
        closed.invocation = invocation;
        for (const auto& [where, block] : blocks_)
            if (block.invocation == invocation) closed.last_ingested = where.second;
        add_event(closed);
        return {};
    }
    Result<void> put_block(InvocationId invocation, IngestedBlock block) {
        constexpr auto operation = DbOperation::add_block;
        const auto found = invocations_.find(invocation);
        if (found == invocations_.end()) return Error{Code::not_found, name(operation)};
        const BlockKey where{found->second.ingress, block.block};
        const auto stored = blocks_.find(where);
        if (stored != blocks_.end()) {
            if (stored->second.invocation == invocation) return {};
            return Error{Code::conflict, name(operation)};
        }
        if (keys_.at(where.first).lost) return Error{Code::lost, name(operation)};
        if (found->second.decommissioned) return Error{Code::decommissioned, name(operation)};
        blocks_[where] = std::move(block);
        ++position_;
        return {};
    }
    Result<KeyStatus> put_report(chain::PublicKey key, ReportRow report) {
        const auto found = keys_.find(key);
        if (found == keys_.end()) return Error{Code::not_found, name(DbOperation::set_report)};
        Key& row = found->second;
        if (!row.retired && !row.lost) {
            row.expiry = std::max(row.expiry, report.expiry);
            const auto same_id = [&](const ReportRow& r) { return r.fog_report_id == report.fog_report_id; };
            const auto old = std::find_if(reports_.begin(), reports_.end(), same_id);
            if (old == reports_.end())
                reports_.push_back(std::move(report));
            else
                *old = std::move(report);
            ++position_;
        }
        return KeyStatus{row.expiry, row.retired, row.lost};
    }
    const std::vector<ReportRow>& stored_reports() const { return reports_; }

    // ---- RecoveryDb

    Task<Result<std::optional<IngressKeyRecord>>> ingress_key(chain::PublicKey key) override {
        using Answer = std::optional<IngressKeyRecord>;
        std::function<Result<Answer>()> read = [this, key]() -> Result<Answer> {
            const auto found = keys_.find(key);
            if (found == keys_.end()) return Answer{};
            return Answer{record(key, found->second)};
        };
        return serve<Answer>(DbOperation::ingress_key, std::move(read));
    }
    Task<Result<IngressKeys>> ingress_keys() override {
        std::function<Result<IngressKeys>()> read = [this]() -> Result<IngressKeys> {
            IngressKeys all;
            for (const auto& [key, row] : keys_) all.records.push_back(record(key, row));
            all.as_of = DbPosition{position_};
            return all;
        };
        return serve<IngressKeys>(DbOperation::ingress_keys, std::move(read));
    }
    Task<Result<std::optional<BlockIndex>>> highest_known_block() override {
        using Answer = std::optional<BlockIndex>;
        std::function<Result<Answer>()> read = [this]() -> Result<Answer> { return highest(); };
        return serve<Answer>(DbOperation::highest_known_block, std::move(read));
    }
    Task<Result<BlockIndex>> new_ingress_key(chain::PublicKey key, BlockIndex requested_start) override {
        std::function<Result<BlockIndex>()> write = [=, this] { return put_key(key, requested_start); };
        return serve<BlockIndex>(DbOperation::new_ingress_key, std::move(write));
    }
    Task<Result<void>> retire_ingress_key(chain::PublicKey key, bool retired) override {
        std::function<Result<void>()> write = [=, this] { return put_retired(key, retired); };
        return serve<void>(DbOperation::retire_ingress_key, std::move(write));
    }
    Task<Result<bool>> report_lost_ingress_key(chain::PublicKey key) override {
        std::function<Result<bool>()> write = [=, this] { return put_lost(key); };
        return serve<bool>(DbOperation::report_lost_ingress_key, std::move(write));
    }
    Task<Result<InvocationId>> new_ingest_invocation(std::optional<InvocationId> previous,
                                                     chain::PublicKey ingress, chain::PublicKey egress,
                                                     BlockIndex start) override {
        std::function<Result<InvocationId>()> write = [=, this] {
            return put_invocation(previous, ingress, egress, start);
        };
        return serve<InvocationId>(DbOperation::new_ingest_invocation, std::move(write));
    }
    Task<Result<void>> decommission_ingest_invocation(InvocationId invocation) override {
        std::function<Result<void>()> write = [=, this] { return put_decommissioned(invocation); };
        return serve<void>(DbOperation::decommission_ingest_invocation, std::move(write));
    }
    Task<Result<void>> add_block(InvocationId invocation, IngestedBlock block) override {
        std::function<Result<void>()> write = [=, this] { return put_block(invocation, block); };
        return serve<void>(DbOperation::add_block, std::move(write));
    }
    Task<Result<KeyStatus>> set_report(chain::PublicKey key, ReportRow report) override {
        std::function<Result<KeyStatus>()> write = [=, this] { return put_report(key, report); };
        return serve<KeyStatus>(DbOperation::set_report, std::move(write));
    }
    Task<Result<std::vector<ReportRow>>> reports() override {
        using Answer = std::vector<ReportRow>;
        std::function<Result<Answer>()> read = [this]() -> Result<Answer> { return reports_; };
        return serve<Answer>(DbOperation::reports, std::move(read));
    }
    Task<Result<UserEvents>> user_events(UserEventId after) override {
        std::function<Result<UserEvents>()> read = [=, this]() -> Result<UserEvents> {
            UserEvents page;
            page.next = after;
            for (const UserEvent& event : events_) {
                if (event.id <= after) continue;
                page.events.push_back(event);
                page.next = event.id;
            }
            page.as_of = DbPosition{position_};
            return page;
        };
        return serve<UserEvents>(DbOperation::user_events, std::move(read));
    }
    /// This fake keeps no wall clock: nothing expires.
    Task<Result<std::vector<InvocationId>>> expired_invocations(std::int64_t) override {
        co_return std::vector<InvocationId>{};
    }
    Task<Result<std::vector<BlockRange>>> missed_block_ranges() override {
        using Answer = std::vector<BlockRange>;
        std::function<Result<Answer>()> read = [this]() -> Result<Answer> {
            Answer ranges;
            for (const UserEvent& event : events_)
                if (const auto* missed = std::get_if<MissedBlocks>(&event.what)) ranges.push_back(*missed);
            return ranges;
        };
        return serve<Answer>(DbOperation::missed_block_ranges, std::move(read));
    }
    Task<Result<IngestedBlocks>> blocks(chain::PublicKey key, BlockIndex first, std::size_t limit) override {
        using Answer = IngestedBlocks;
        std::function<Result<Answer>()> read = [=, this]() -> Result<Answer> {
            Answer found;
            found.as_of = DbPosition{position_};
            for (BlockIndex next = first; found.blocks.size() < limit; next = next.next()) {
                const auto stored = blocks_.find(BlockKey{key, next});
                if (stored == blocks_.end()) break;
                found.blocks.push_back(stored->second);
            }
            return found;
        };
        return serve<Answer>(DbOperation::blocks, std::move(read));
    }

private:
    struct Fault {
        Code code;
        bool takes_effect;
    };
    template <class T>
    struct Pending {
        explicit Pending(Loop& loop) : answered(loop) {}
        std::optional<Result<T>> answer;
        Signal answered;
    };

    IngressKeyRecord record(const chain::PublicKey& key, const Key& row) const {
        IngressKeyRecord out;
        out.key = key;
        out.start = row.start;
        out.expiry = row.expiry;
        out.retired = row.retired;
        out.lost = row.lost;
        out.last_scanned = last_scanned(key);
        return out;
    }
    template <class What>
    void add_event(What what) {
        ++position_;
        events_.push_back({UserEventId{static_cast<std::int64_t>(events_.size()) + 1}, what});
    }

    std::optional<Fault> next_fault(DbOperation operation) {
        if (down_) return Fault{Code::unavailable, false};
        auto& planned = faults_[operation];
        if (!planned.empty()) {
            const Fault fault = planned.front();
            planned.erase(planned.begin());
            return fault;
        }
        if (one_in_ == 0 || !choices_.chance(1, one_in_)) return std::nullopt;
        switch (choices_.below(3)) {
        case 0:
            return Fault{Code::unavailable, false};
        case 1:
            return Fault{Code::unknown, false};
        default:
            return Fault{Code::unknown, true};
        }
    }
    Duration latency() { return std::chrono::milliseconds(choices_.between(0, latency_ms_max_)); }

    template <class T>
    Task<Result<T>> serve(DbOperation operation, std::function<Result<T>()> apply) {
        ++calls_[operation];
        auto pending = std::make_shared<Pending<T>>(loop_);
        spawn(loop_, node_, name(operation), carry_out<T>(operation, std::move(apply), pending));
        while (!pending->answer) co_await pending->answered.wait(name(operation));
        co_return std::move(*pending->answer);
    }
    template <class T>
    Task<> carry_out(DbOperation operation, std::function<Result<T>()> apply,
                     std::shared_ptr<Pending<T>> pending) {
        const Duration there = latency();
        co_await sleep_until(loop_.now() + there);
        const std::optional<Fault> fault = next_fault(operation);
        std::optional<Result<T>> answer;
        if (!fault || fault->takes_effect) {
            if (auto hook = std::exchange(hooks_[operation], nullptr)) hook();
            answer.emplace(apply());
        }
        if (fault) {
            Cause injected;
            injected.what = Cause::What::fault;
            injected.place = Cause::Place::database;
            const Error error{fault->code, name(operation), injected};
            answer.emplace(error);
        }
        const Duration back = latency();
        co_await sleep_until(loop_.now() + back);
        pending->answer.emplace(std::move(*answer));
        pending->answered.notify_all();
    }

    Loop& loop_;
    NodeId node_;
    Stream choices_;
    std::uint32_t latency_ms_max_ = 2;
    std::uint32_t one_in_ = 0;
    bool down_ = false;
    std::map<DbOperation, std::vector<Fault>> faults_;
    std::map<DbOperation, std::function<void()>> hooks_;
    std::map<DbOperation, int> calls_;

    std::map<chain::PublicKey, Key> keys_;
    std::map<InvocationId, Invocation> invocations_;
    std::map<BlockKey, IngestedBlock> blocks_;
    std::vector<UserEvent> events_;
    std::vector<ReportRow> reports_;
    std::uint64_t position_ = 0;
};

} // namespace engine::fog::testing
