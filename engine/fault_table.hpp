#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/fault.hpp"
#include "engine/loop.hpp"

namespace engine {

/// The faults of a world: those in force, and those that are over, by which calls may still fail for a
/// moment. Asked on every message of a simulated network: an empty table costs nothing.
class FaultTable {
public:
    struct Active {
        FaultId id;
        Fault fault;
        Instant since;
    };

    struct Ended {
        Fault fault;
        Instant since;
        Instant until;
    };

    explicit FaultTable(const Loop& loop) : loop_(loop) {}

    FaultId add(Fault fault);
    /// @return nothing: it was healed or used up already
    std::optional<Fault> remove(FaultId id);
    /// One that began and ended outside of here.
    void note(Ended fault) { ended_.push_back(fault); }
    const std::vector<Active>& active() const { return active_; }
    bool empty() const { return active_.empty(); }

    /// Lets no message pass from one node to the other; null: nothing does.
    const Active* cutting(NodeId from, NodeId to) const;
    bool is_cut(NodeId from, NodeId to) const { return cutting(from, to) != nullptr; }
    /// The oldest of a kind at this place, as the cause of what it strikes now; empty: there is none.
    template <class Kind, class... Place>
    Cause strike(Place... place) const {
        for (const Active& entry : active_)
            if (const Kind* fault = entry.fault.as<Kind>(); fault != nullptr && is_at(*fault, place...))
                return cause_of(entry);
        return {};
    }
    /// A fault as the cause of what it strikes now, at its own place.
    Cause cause_of(const Active& entry) const;
    /// The oldest of a kind at this place (its first members); null: there is none.
    template <class Kind, class... Place>
    const Kind* find(Place... place) const {
        for (const Active& entry : active_)
            if (const Kind* fault = entry.fault.as<Kind>(); fault != nullptr && is_at(*fault, place...))
                return fault;
        return nullptr;
    }
    template <class Kind, class... Place>
    bool has(Place... place) const {
        return find<Kind>(place...) != nullptr;
    }
    /// How many of 256 a fault of a kind strikes at this place.
    template <class Kind, class... Place>
    std::uint32_t share(Place... place) const {
        const Kind* fault = find<Kind>(place...);
        return fault == nullptr ? 0 : fault->share.of_256;
    }
    /// Uses up one of the commits that a fault strikes at a node; ends the fault with the last.
    /// @return what strikes it; empty: nothing
    template <class Kind>
    Cause take_one(NodeId node) {
        for (auto it = active_.begin(); it != active_.end(); ++it) {
            Kind* fault = it->fault.as<Kind>();
            if (fault == nullptr || fault->node != node) continue;
            const Cause cause = cause_of(*it);
            if (--fault->commits.left == 0) end(it);
            return cause;
        }
        return {};
    }
    /// A commit of a node that some fault strikes.
    struct StruckCommit {
        FaultId fault;
        FaultKind kind;
        bool was_its_last = false;
    };
    /// Uses up a commit of the oldest fault that strikes any of the node.  @return nothing: none does
    std::optional<StruckCommit> take_commit(NodeId node);
    /// What of the faults that count may explain a failure now, of something that began then: one in force,
    /// or else the latest that was over no longer before than `lingers`.  Empty: nothing.
    Cause cause(const std::function<bool(const Fault&)>& counts, Instant begun, Duration lingers) const;

private:
    void end(std::vector<Active>::iterator entry);

    const Loop& loop_;
    std::vector<Active> active_;
    std::vector<Ended> ended_; // in order
    std::uint32_t next_id_ = 1;
};

} // namespace engine
