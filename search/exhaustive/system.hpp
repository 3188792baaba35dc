#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sim/strategist.hpp"

namespace search::exhaustive {

/// Events that happen strictly one after the other: a thread, a process, a list of steps.
using Line = std::uint32_t;

/// Who decides whose event comes next in a run.
class Guide {
public:
    virtual ~Guide() = default;
    /// @param enabled  lines that have a next event and could make it now, ascending; not empty
    virtual Line pick(std::span<const Line> enabled) = 0;
    /// That event has happened.  @param touched  what it read and wrote
    virtual void ran(const sim::Footprint& touched) = 0;
};

/// Something whose events can be run in any order that their lines allow.
///
/// Rules
/// 1. What an event does, touches and enables follows from the events before it, and nothing else.
/// 2. Two events of different lines that do not conflict commute: in either order they lead to the same.
///    The search takes that for granted; `first_wrong_footprint` finds out.
class System {
public:
    virtual ~System() = default;
    /// Whether a run can begin in the middle of the last one.
    virtual bool keeps() const { return false; }
    /// Makes a run, until no line is enabled.
    /// @param kept  so many first events are those of the last run, and the guide is asked for the later ones
    ///              only; 0 where it cannot keep any
    virtual void run(Guide& guide, std::size_t kept) = 0;
    /// What the last run has come to: equal numbers, equal ends.
    virtual std::uint64_t outcome() const = 0;
};

} // namespace search::exhaustive
