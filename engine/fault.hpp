#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "engine/capability.hpp"
#include "engine/cause.hpp"
#include "engine/ids.hpp"
#include "engine/time.hpp"

namespace engine {

// To add a fault: a name in FaultKind, a struct in `faults` and in Fault::What at the same place, and one
// entry in the table of fault.cpp.  What is left is what the two worlds do about it (sim/,
// real/world/faults.cpp).

/// The numbers are those of traces and of `swarm_shape`; they never change.
enum class FaultKind : std::uint8_t {
    partition = 1,
    cut,
    isolate,
    slow_link,
    drop_requests,
    drop_answers,
    reset_connections,
    db_down,
    db_down_for,
    lose_commit_ack,
    fail_commit,
    stale_reads,
    watcher_behind,
    disk_full,
    clock_jump,
    failed_look_ups,
    flaky_database,
    holed_reads,
    outdated_wallet,
    lose_commit,
};
inline constexpr FaultKind last_fault_kind = FaultKind::lose_commit;
inline constexpr std::size_t fault_count = static_cast<std::size_t>(last_fault_kind);

namespace faults {

/// How many of 256.
struct Share {
    std::uint32_t of_256 = 0;
    friend bool operator==(Share, Share) = default;
};

/// How many commits are struck, one after the other; the fault is over with the last.  At least one.
struct Commits {
    std::uint64_t left = 1;
    friend bool operator==(Commits, Commits) = default;
};

/// A chain copy, in the order of World::copies().
struct CopyNumber : Id<struct CopyNumberTag> {
    using Id::Id;
    friend constexpr auto operator<=>(CopyNumber, CopyNumber) = default;
};

// Each kind with its parameters.  `members` is their order in plans and traces: nodes first, then how much.
// What a kind does, needs and is healed by, and its sentence, stand in the table (fault_info).

struct Partition {
    NodeId one, other;
    static constexpr auto members() { return std::tuple(&Partition::one, &Partition::other); }
};
struct Cut {
    NodeId from, to;
    static constexpr auto members() { return std::tuple(&Cut::from, &Cut::to); }
};
struct Isolate {
    NodeId node;
    static constexpr auto members() { return std::tuple(&Isolate::node); }
};
struct SlowLink {
    NodeId from, to;
    std::chrono::milliseconds extra{};
    static constexpr auto members() { return std::tuple(&SlowLink::from, &SlowLink::to, &SlowLink::extra); }
};
struct DropRequests {
    NodeId caller, server;
    Share share;
    static constexpr auto members() {
        return std::tuple(&DropRequests::caller, &DropRequests::server, &DropRequests::share);
    }
};
struct DropAnswers {
    NodeId caller, server;
    Share share;
    static constexpr auto members() {
        return std::tuple(&DropAnswers::caller, &DropAnswers::server, &DropAnswers::share);
    }
};
struct ResetConnections {
    NodeId caller, server;
    Share share;
    static constexpr auto members() {
        return std::tuple(&ResetConnections::caller, &ResetConnections::server, &ResetConnections::share);
    }
};
struct DbDown {
    static constexpr auto members() { return std::tuple(); }
};
struct DbDownFor {
    NodeId node;
    static constexpr auto members() { return std::tuple(&DbDownFor::node); }
};
struct LoseCommitAck {
    NodeId node;
    Commits commits;
    static constexpr auto members() { return std::tuple(&LoseCommitAck::node, &LoseCommitAck::commits); }
};
struct FailCommit {
    NodeId node;
    Commits commits;
    static constexpr auto members() { return std::tuple(&FailCommit::node, &FailCommit::commits); }
};
struct StaleReads {
    NodeId node;
    std::chrono::milliseconds behind{};
    static constexpr auto members() { return std::tuple(&StaleReads::node, &StaleReads::behind); }
};
struct WatcherBehind {
    CopyNumber copy;
    static constexpr auto members() { return std::tuple(&WatcherBehind::copy); }
};
struct DiskFull {
    NodeId node;
    static constexpr auto members() { return std::tuple(&DiskFull::node); }
};
struct ClockJump {
    NodeId node;
    std::chrono::seconds by{}; ///< back when negative
    static constexpr auto members() { return std::tuple(&ClockJump::node, &ClockJump::by); }
};
struct FailedLookUps {
    NodeId at;
    Share share;
    static constexpr auto members() { return std::tuple(&FailedLookUps::at, &FailedLookUps::share); }
};
struct FlakyDatabase {
    NodeId node;
    Share share;
    static constexpr auto members() { return std::tuple(&FlakyDatabase::node, &FlakyDatabase::share); }
};
struct HoledReads {
    NodeId node;
    Share share;
    static constexpr auto members() { return std::tuple(&HoledReads::node, &HoledReads::share); }
};
struct OutdatedWallet {
    NodeId wallet;
    static constexpr auto members() { return std::tuple(&OutdatedWallet::wallet); }
};
struct LoseCommit {
    NodeId node;
    Commits commits;
    static constexpr auto members() { return std::tuple(&LoseCommit::node, &LoseCommit::commits); }
};

} // namespace faults

/// A fault as plans write it and traces keep it.  What a kind has no use for means nothing.
struct FaultNumbers {
    NodeId a;
    NodeId b;
    std::uint64_t amount =
        0; ///< milliseconds, a share, commits, a copy's number, seconds in two's complement
    friend bool operator==(const FaultNumbers&, const FaultNumbers&) = default;
};

/// A fault is data: what, where, how much.  Each has an inverse, and `heal_all` leaves none behind.
class Fault {
public:
    /// In the order of FaultKind.
    using What =
        std::variant<faults::Partition, faults::Cut, faults::Isolate, faults::SlowLink, faults::DropRequests,
                     faults::DropAnswers, faults::ResetConnections, faults::DbDown, faults::DbDownFor,
                     faults::LoseCommitAck, faults::FailCommit, faults::StaleReads, faults::WatcherBehind,
                     faults::DiskFull, faults::ClockJump, faults::FailedLookUps, faults::FlakyDatabase,
                     faults::HoledReads, faults::OutdatedWallet, faults::LoseCommit>;
    static_assert(std::variant_size_v<What> == fault_count);

    template <class Kind>
    requires(!std::is_same_v<Kind, Fault> && std::is_constructible_v<What, std::in_place_type_t<Kind>, Kind>)
        Fault(Kind what)
        : what_(what), written_(numbers_of(what_)) {} // NOLINT: a fault of that kind
    /// Of numbers as a plan has them; one that is out of range becomes the nearest that the kind can mean.
    static Fault read(FaultKind kind, FaultNumbers written);

    FaultKind kind() const { return static_cast<FaultKind>(what_.index() + 1); }
    const What& what() const { return what_; }
    /// Null: it is of another kind.
    template <class Kind>
    const Kind* as() const {
        return std::get_if<Kind>(&what_);
    }
    template <class Kind>
    Kind* as() {
        return std::get_if<Kind>(&what_);
    }
    /// As it was read; of one that was not, its parameters.
    const FaultNumbers& written() const { return written_; }

private:
    Fault(What what, FaultNumbers written) : what_(what), written_(written) {}
    static FaultNumbers numbers_of(const What& what);

    What what_;
    FaultNumbers written_;
};

/// Whether the nodes of a fault are these, in the order of its members.
template <class Kind, class... Nodes>
bool is_at(const Kind& fault, Nodes... nodes) {
    const auto starts_with = [&]<std::size_t... i>(std::index_sequence<i...>) {
        return ((fault.*std::get<i>(Kind::members()) == nodes) && ...);
    };
    return starts_with(std::index_sequence_for<Nodes...>());
}

/// What a node of a fault has to be, for the fault to mean anything.
enum class FaultPlace : std::uint8_t {
    nobody,
    end,           ///< of a link: a service or a wallet
    database_user, ///< an ingest node or a view store
    ingest,        ///< an ingest node
    server,        ///< a view store, a key image store or the ledger router
    wallet,
};

/// What is worth knowing of a kind, in one place.
struct FaultInfo {
    FaultKind kind;
    const char* name;                ///< in plans, output and logs
    std::optional<Capability> needs; ///< of a world
    FaultPlace place;                ///< of its nodes
    std::uint32_t usual_first = 0;   ///< amounts that plans draw: this and
    std::uint32_t usual_count = 0;   ///< so many from there on; 0: it has none
    const char* effect;              ///< while it is in force
    const char* inverse;             ///< what healing it does
    /// What happens when it begins.  {a} and {b} are its nodes, {n} is how much, {commits} a number of them.
    const char* sentence;
};
const FaultInfo& fault_info(FaultKind kind);
/// In the order of FaultKind.
const std::array<FaultInfo, fault_count>& all_faults();
/// Nothing: there is no fault of that name.
std::optional<FaultKind> fault_named(std::string_view name);
const char* name(FaultKind kind);

/// How a world calls its parts.
struct FaultNames {
    std::function<std::string(NodeId)> node;
    std::function<std::string(faults::CopyNumber)> copy;
};
/// The sentence of a fault, without a full stop: "no message passes from ingest0 to view0.0 any more".
std::string in_words(const Fault& fault, const FaultNames& names);

/// A fault as the cause of what it strikes.
/// @param since, until  when it began, and when it was in force last as far as is known
Cause cause_of(const Fault& fault, Instant since, Instant until);

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
