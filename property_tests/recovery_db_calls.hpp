#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"

namespace property_tests {

// Calls of a recovery database and their answers as data, so that any two implementations can be compared
// call by call.  Numbers stand for what a database names in its own way: keys are 0..3, an invocation is
// named by its egress key 0..7, an event by its place in the order of events.

enum class DbCallKind : std::uint8_t {
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
    expired_invocations,
    reports,
    user_events,
    missed_block_ranges,
    blocks,
};
inline constexpr std::size_t db_call_kinds = static_cast<std::size_t>(DbCallKind::blocks) + 1;

inline constexpr std::uint32_t db_keys = 4;
inline constexpr std::uint32_t db_egress_keys = 8;

/// One call.  What a kind does not need is ignored.
struct DbCall {
    DbCallKind kind = DbCallKind::ingress_keys;
    std::uint32_t key = 0;                   ///< ingress key, 0..db_keys-1
    std::uint32_t egress = 0;                ///< egress key or invocation, 0..db_egress_keys-1
    std::optional<std::uint32_t> previous{}; ///< invocation that a new one closes
    std::uint64_t block = 0;                 ///< start, expiry, block, first block
    std::uint32_t amount = 0;                ///< rows, limit, event, report id; retire: 1; expired: 1 for all
    friend bool operator==(const DbCall&, const DbCall&) = default;
};
/// A line that says all of it.
std::string describe(const DbCall& call);
/// Changes what is stored, when it succeeds.
bool is_write(DbCallKind kind);

/// What the contract says a recovery database does: engine::fog::RecoveryDb, in memory, without time or
/// faults.
///
/// Errors are looked for in the order in which the functions look for them.
class DbModel {
public:
    /// Carries a call out.  @return its answer as text
    std::string perform(const DbCall& call);
    /// Number of events announced.
    std::size_t events() const { return events_.size(); }
    /// Successful writes that changed something.
    std::uint64_t changes() const { return changes_; }
    bool knows_key(std::uint32_t key) const { return keys_.contains(key); }
    bool knows_invocation(std::uint32_t egress) const { return invocations_.contains(egress); }
    /// Highest block any key has.
    std::optional<std::uint64_t> highest() const;
    friend bool operator==(const DbModel&, const DbModel&) = default;

private:
    struct Key {
        std::uint64_t start = 0;
        std::uint64_t expiry = 0;
        bool retired = false;
        bool lost = false;
        bool announced = false;
        std::map<std::uint64_t, std::pair<std::uint32_t, std::uint32_t>> blocks{}; ///< invocation, rows
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Invocation {
        std::uint32_t key = 0;
        bool decommissioned = false;
        std::uint64_t last_ingested = 0;
        friend bool operator==(const Invocation&, const Invocation&) = default;
    };
    struct Event {
        char what = 'r';
        std::uint32_t egress = 0;
        std::uint64_t a = 0;
        std::uint64_t b = 0;
        friend bool operator==(const Event&, const Event&) = default;
    };
    struct Report {
        std::uint32_t key = 0;
        std::uint64_t expiry = 0;
        friend bool operator==(const Report&, const Report&) = default;
    };

    std::string record_text(std::uint32_t number, const Key& key) const;
    std::string write(const DbCall& call);

    std::map<std::uint32_t, Key> keys_;
    std::map<std::uint32_t, Invocation> invocations_;
    std::vector<Event> events_;
    std::map<std::uint32_t, Report> reports_;
    std::uint64_t changes_ = 0;
};

/// What a test has learned of a database's own names.
struct DbNames {
    std::map<std::uint32_t, engine::InvocationId> invocations{}; ///< by egress key
    std::vector<engine::UserEventId> events{};                   ///< in order
};

/// Carries a call out on a database.
/// @param names   read and, for what the answer names, extended; outlives the task
/// @param answer  set when the task ends: the answer as DbModel gives it, or "failed: ..." for an error of
///                the surroundings (unavailable, unknown, internal)
/// @param as_of   how far the database was, where the answer says it
engine::Task<> perform(engine::fog::RecoveryDb& db, DbCall call, DbNames* names, std::string* answer,
                       std::optional<engine::fog::DbPosition>* as_of);
/// Reads the ids of all events.  @return what is wrong with their order; empty when nothing is
engine::Task<> learn_events(engine::fog::RecoveryDb& db, DbNames* names, std::string* complaint);

} // namespace property_tests
