#pragma once

#include <cstdint>
#include <string>

#include "engine/ids.hpp"

namespace engine {

/// A fault is data: what, where, how much.  Each has an inverse, and `heal_all` leaves none behind.
enum class FaultKind : std::uint8_t {
    partition = 1,     ///< no message between a and b, either way.  Inverse: repair
    cut,               ///< no message from a to b
    isolate,           ///< no message to or from a; its database stays reachable (a zombie)
    slow_link,         ///< messages from a to b take `amount` more milliseconds
    drop_requests,     ///< `amount` of 256 requests from a to b vanish; the caller learns nothing until its
                       ///< timeout
    drop_answers,      ///< `amount` of 256 answers from b to a vanish after b did the work
    reset_connections, ///< `amount` of 256 calls from a to b break at once, before or after b did the work
    db_down,           ///< the recovery database refuses everybody
    db_down_for,       ///< the recovery database refuses node a
    lose_commit_ack,   ///< the next `amount` commits of node a are applied but never acknowledged
    fail_commit,       ///< the next `amount` commits of node a are rolled back (serialization failure)
    stale_reads,       ///< node a reads a replica that is `amount` milliseconds behind
    watcher_behind,    ///< chain copy `amount` gets no more block times
    disk_full,         ///< node a cannot write its state file
    clock_jump,        ///< the wall clock of node a is off by `amount` seconds, two's complement
    failed_look_ups,   ///< `amount` of 256 look-ups at store a, or of blocks at the ledger router, end in an
                       ///< error
    flaky_database,    ///< `amount` of 256 database calls of node a fail before anything has happened
    holed_reads,       ///< `amount` of 256 reads of blocks by node a do not show one in the middle
    outdated_wallet,   ///< RNGs and outputs come to wallet a in a form it does not know.  Inverse: it is
                       ///< updated
    lose_commit, ///< the next `amount` commits of node a never arrive: to the node they end like those of
                 ///< lose_commit_ack, but nothing is applied
};
inline constexpr FaultKind last_fault_kind = FaultKind::lose_commit;
const char* name(FaultKind kind);

struct Fault {
    FaultKind kind{};
    NodeId a;
    NodeId b;
    std::uint64_t amount = 0;
    friend bool operator==(const Fault&, const Fault&) = default;
};
std::string describe(const Fault& fault);

/// Names a fault that is in force.
struct FaultId : Id<struct FaultIdTag, std::uint32_t> {
    using Id::Id;
    friend constexpr auto operator<=>(FaultId, FaultId) = default;
};

/// The faults of a world.  Stopping, crashing and pausing nodes and holding chain copies have verbs of their
/// own.
class Faults {
public:
    virtual ~Faults() = default;
    virtual FaultId begin(Fault fault) = 0;
    /// No effect when it is healed or used up already.
    virtual void heal(FaultId fault) = 0;
    /// Ends all faults, resumes paused nodes, releases chain copies and stores.  Nodes that are down stay
    /// down.
    virtual void heal_all() = 0;
    virtual bool any() const = 0;
};

} // namespace engine
