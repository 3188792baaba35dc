#pragma once

#include "engine/mark.hpp"

namespace engine {

/// Base of what a world has switched on in a copy of the logic that is its own (docs/defects.md).  The logic
/// that stands here never looks inside.
struct Switches {
    friend bool operator==(const Switches&, const Switches&) = default;
};

/// What a world has planted in Fog's logic: counts of rare situations, and its switches.
/// A copy is two pointers; both live as long as the world.
class Probe {
public:
    Probe() = default; ///< nothing to switch, nobody counts
    Probe(Switches* switches, MarkCounts* marks) : switches_(switches), marks_(marks) {}

    /// Null where the world has none.
    Switches* switches() const { return switches_; }
    /// A rare situation has come about.
    void mark(Mark mark) const {
        if (marks_ != nullptr) marks_->hit(mark);
    }
    /// The same, when it has.
    void mark_if(bool come_about, Mark which) const {
        if (come_about) mark(which);
    }

private:
    Switches* switches_ = nullptr;
    MarkCounts* marks_ = nullptr;
};

} // namespace engine
