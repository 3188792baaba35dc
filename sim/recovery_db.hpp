#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/model/recovery_model.hpp"
#include "engine/model/recovery_rows.hpp"
#include "sim/core.hpp"

namespace sim {

/// What is stored.  Copyable: a copy is a replica's view at some moment.
struct DbState : engine::model::RecoveryRows {
    std::optional<BlockIndex> highest_block;
    engine::fog::DbPosition position;

    NodeId writer(engine::InvocationId invocation) const {
        return invocations.at(static_cast<std::size_t>(invocation.value) - 1).writer;
    }
};

/// What the database does, named in the trace.
enum class DbOperation : std::uint8_t {
    new_ingress_key = 1,
    retire_ingress_key,
    report_lost_ingress_key,
    new_ingest_invocation,
    decommission_ingest_invocation,
    add_block,
    set_report,
};

/// The simulated recovery database: one primary, transactions, and replicas that lag.
///
/// Rules
/// 1. A write takes the writers' lock, assigns its ids, is held there, and commits or rolls back as a whole.
///    Between commit and acknowledgement anything can happen to the client.
/// 2. A read sees all commits of the node it reads from, and says how far that node is.
/// 3. A client that is killed in the middle of a transaction rolls it back and frees the lock; one whose
///    commit is on its way may have it applied after its death.  A stopped one does not keep the database
///    from ending it.
class SimDb {
public:
    SimDb(Core& core, engine::model::RecoveryModel& model)
        : core_(core), model_(model), writers_(core.scheduler) {}

    const DbState& state() const { return state_; }
    /// Begins to keep old states, for replicas.
    void keep_history();

private:
    friend class SimDbClient;
    struct Snapshot {
        Instant at;
        std::shared_ptr<const DbState> state;
    };

    Core& core_;
    engine::model::RecoveryModel& model_;
    engine::Mutex writers_;
    DbState state_;
    std::deque<Snapshot> history_; // oldest first; empty until somebody reads stale
    bool keeps_history_ = false;
    std::int64_t next_event_id_ = 1; // a sequence: it never goes back
};

/// One node's connection to the database.
class SimDbClient final : public engine::fog::RecoveryDb {
public:
    SimDbClient(SimDb& db, NodeId node);
    /// Each of its commits under way is applied or rolled back, as it falls out, whoever is there to hear of
    /// it.
    void client_dies();

    using PublicKey = engine::chain::PublicKey;
    Task<Result<std::optional<engine::fog::IngressKeyRecord>>> ingress_key(PublicKey key) override;
    Task<Result<engine::fog::IngressKeys>> ingress_keys() override;
    Task<Result<std::optional<BlockIndex>>> highest_known_block() override;
    Task<Result<BlockIndex>> new_ingress_key(PublicKey key, BlockIndex requested_start) override;
    Task<Result<void>> retire_ingress_key(PublicKey key, bool retired) override;
    Task<Result<bool>> report_lost_ingress_key(PublicKey key) override;
    Task<Result<engine::InvocationId>> new_ingest_invocation(std::optional<engine::InvocationId> previous,
                                                             PublicKey ingress, PublicKey egress,
                                                             BlockIndex start) override;
    Task<Result<void>> decommission_ingest_invocation(engine::InvocationId invocation) override;
    Task<Result<void>> add_block(engine::InvocationId invocation, engine::fog::IngestedBlock block) override;
    Task<Result<engine::fog::KeyStatus>> set_report(PublicKey key, engine::fog::ReportRow report) override;
    Task<Result<std::vector<engine::InvocationId>>> expired_invocations(std::int64_t before_s) override;
    Task<Result<std::vector<engine::fog::ReportRow>>> reports() override;
    Task<Result<engine::fog::UserEvents>> user_events(engine::UserEventId after) override;
    Task<Result<std::vector<BlockRange>>> missed_block_ranges() override;
    Task<Result<engine::fog::IngestedBlocks>> blocks(PublicKey key, BlockIndex first,
                                                     std::size_t limit) override;

private:
    /// Waits until a request reaches the database.  @return an error when it does not
    Task<std::optional<engine::Error>> reach();
    /// The state this read sees.
    const DbState& readable();
    engine::fog::DbPosition position_of(const DbState& state) const;
    std::optional<BlockIndex> hole_in(const DbState::Key& key, BlockIndex first);
    void mark(engine::Mark which) const { db_.core_.marks.hit(which); }
    void mark_if(bool come_about, engine::Mark which) const {
        if (come_about) mark(which);
    }
    /// The event ids a transaction takes from the sequence before it commits.  Those it has no row for go
    /// back; those of a rollback do not.
    class EventIds {
    public:
        EventIds(std::int64_t first, std::int64_t count) : next_(first), end_(first + count) {}
        engine::UserEventId take() {
            ENSURE(next_ < end_);
            return engine::UserEventId{next_++};
        }

        std::int64_t unused() const { return end_ - next_; }

    private:
        std::int64_t next_;
        std::int64_t end_;
    };

    /// What the client's side shares with a transaction.
    struct Sent {
        explicit Sent(Core& c) : core(c), ended_signal(c.scheduler) {}
        Core& core;
        engine::Signal ended_signal;
        bool ended = false;
        Cause unacknowledged_by{};
        bool outlives_client = false;
    };
    /// One transaction that may announce up to `events` user events.  `apply` changes the state and returns,
    /// or returns an error and changes nothing.
    template <class T, class Apply>
    struct Transaction : Sent {
        Transaction(Core& c, DbOperation o, std::int64_t e, Apply a)
            : Sent(c), operation(o), events(e), apply(std::move(a)) {}
        DbOperation operation;
        std::int64_t events;
        Apply apply;
        Result<T> result = engine::Error{};
    };
    /// What the client's side of a transaction holds: its end is the transaction's, too, unless that outlives
    /// it.
    struct Grip {
        explicit Grip(Sent& s) : sent(s) {}
        ~Grip() {
            if (!sent.ended && !sent.outlives_client) sent.core.scheduler.kill(task);
        }
        Grip(const Grip&) = delete;
        Grip& operator=(const Grip&) = delete;
        Sent& sent;
        engine::TaskRef task;
    };
    template <class T, class Apply>
    Task<> transact(std::shared_ptr<Transaction<T, Apply>> transaction);
    template <class T, class Apply>
    Task<> settle(Transaction<T, Apply>& transaction);
    template <class T, class Apply>
    Task<Result<T>> write(DbOperation operation, std::int64_t events, Apply apply);
    void commit(DbOperation operation);

    static std::optional<engine::fog::IngressKeyRecord> record_of(const DbState& state, const PublicKey& key);
    void announce(EventIds& ids, engine::fog::UserEvent event);

    SimDb& db_;
    NodeId node_;
    engine::Stream latencies_;
    engine::Stream holds_;
    engine::Stream replicas_;
    engine::Stream fates_;
    std::vector<Sent*> under_way_;           // commits that have been sent
    std::shared_ptr<const DbState> reading_; // keeps a snapshot alive while it is read
};

} // namespace sim
