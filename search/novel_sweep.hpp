#pragma once

#include <optional>

#include "search/case.hpp"
#include "sim/sweep.hpp"

namespace search {

/// What a sweep by `Novelty` has come to.
struct NovelSweep {
    sim::SweepResult result{};     ///< runs in their order; the seeds are those of their stories
    std::optional<Case> failing{}; ///< the first that failed, every decision fixed
};

/// A sweep whose runs go on from rare situations: drawn stories by `Grafts`, a story of its own by `Novelty`.
/// Each follows from those before it, so that they are made one after the other.
/// @param options  `run.strategy` decides in fresh runs; `jobs` and `twice` have no meaning here
/// @throws sim::Broken  as `sim::run` does
NovelSweep novel_sweep(const engine::Scenario& scenario, const scenarios::lag::Plan* plan,
                       const sim::SweepOptions& options, sim::SweepProgress& progress);

} // namespace search
