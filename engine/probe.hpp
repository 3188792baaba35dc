#pragma once

#include "engine/defect.hpp"
#include "engine/mark.hpp"

namespace engine {

/// What a world may have planted in Fog's logic: defects that are switched on, and counts of rare situations.
/// A copy is two pointers; both live as long as the world.
class Probe {
public:
    Probe() = default; ///< no defects, nobody counts
    Probe(const DefectSet* defects, MarkCounts* marks) : defects_(defects), marks_(marks) {}

    /// Whether the simulator has switched this defect on.  Programs that are shipped contain none: there the
    /// answer is a constant, and the branch is not compiled.
#ifdef FOG_WITH_DEFECTS
    bool has(Defect defect) const { return defects_ != nullptr && defects_->has(defect); }
#else
    static constexpr bool has(Defect) { return false; }
#endif
    /// A rare situation has come about.
    void mark(Mark mark) const {
        if (marks_ != nullptr) marks_->hit(mark);
    }
    /// The same, when it has.
    void mark_if(bool come_about, Mark which) const {
        if (come_about) mark(which);
    }

private:
    const DefectSet* defects_ =
        nullptr; // part of every build: the layout is the same with and without defects
    MarkCounts* marks_ = nullptr;
};

} // namespace engine
