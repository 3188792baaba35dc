#pragma once

#include <optional>
#include <string>
#include <vector>

#include "search/replay.hpp"
#include "search/shrink.hpp"
#include "sim/sweep.hpp"

namespace search {

/// A failure that a run or sweep has found, looked into.
struct Failure {
    /// The run failed otherwise, or not at all, when it was repeated: nothing below is filled in.
    std::optional<sim::Difference> difference{};
    Case original{};       ///< as it was found, every decision fixed where the seed does not give it
    Case smallest{};       ///< after shrinking; the original when there was none
    sim::RunResult told{}; ///< of the smallest case, with its events
    std::vector<std::string> story{}; ///< numbered steps of the scenario, as it was found
    std::uint64_t shrink_runs = 0;
    bool shrunk = false;
    bool minimal = false;         ///< nothing can be removed or lowered
    std::size_t steps_before = 0; ///< of the plan
    std::size_t steps_after = 0;
    Replay replay{};
    std::string blob{};
};

struct InvestigateOptions {
    bool shrink = true;
    ShrinkOptions budget{};
};

/// Repeats a failed run, makes it small, and records how to play it back.
/// @param options  of the failed run, its own seed included
/// @param plan     that was told; null: a catalogued or drawn story
/// @pre   `failed` has a violation
Failure investigate(const engine::Scenario& scenario, const scenarios::lag::Plan* plan,
                    const sim::Options& options, const sim::RunResult& failed,
                    const InvestigateOptions& wishes = {});
/// The same of a failure that a seed alone does not give.  @param options  of the sweep that found it
Failure investigate(const Case& failing, const sim::Options& options, const InvestigateOptions& wishes = {});

} // namespace search
