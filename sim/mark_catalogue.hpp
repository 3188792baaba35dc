#pragma once

#include <span>

#include "engine/mark.hpp"

namespace sim {

/// An entry of the catalogue of coverage marks.
struct MarkInfo {
    engine::Mark mark;
    const char* name;
    const char* component;
    const char* meaning; ///< one sentence
    /// A `lag` sweep of this many runs must have hit it; 0: not required.
    std::uint64_t required_within_runs;
};

/// All of them, in the order of engine::Mark.
std::span<const MarkInfo> mark_catalogue();

} // namespace sim
