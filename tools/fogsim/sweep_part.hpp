#pragma once

#include <string>
#include <vector>

#include "sim/sweep.hpp"
#include "tools/fogsim/arguments.hpp"
#include "tools/fogsim/shard.hpp"

// A sweep in parts: cut by seeds, and put together again.

namespace tools::fogsim {

/// Leaves of a sweep the seeds of one part.  The parts of a sweep follow one another and differ by one seed
/// at most.
/// @throws engine::UsageError  there are more parts than seeds
void cut(sim::SweepOptions& options, Shard shard);

/// What a part came to, as a file.
/// @pre the part is complete, and has kept what it knows of each run
std::string sweep_part_text(const Arguments& arguments, Shard shard, const sim::SweepResult& result);

/// What the parts of a sweep came to, up to the first that failed.
struct MergedSweep {
    Arguments arguments{};   ///< of the sweep, without outputs
    sim::SweepResult sums{}; ///< without what only a run itself can tell
};
/// @param parts  all, in order
/// @throws engine::UsageError  naming a file that is no whole result, or whose plan is not the one that is
/// here
MergedSweep merged_sweep(const std::vector<Part>& parts);

/// The result of the whole sweep: the sums, and the run that failed, made again.
sim::SweepResult result_of(const MergedSweep& made, const engine::Scenario& scenario,
                           const sim::SweepOptions& options);

} // namespace tools::fogsim
