#pragma once

#include <string>

#include "sim/sweep.hpp"

namespace tools::fogsim {

/// A run or sweep against a `--known` file.
struct KnownRun {
    std::string file;
    bool gone_fails = false; ///< a known fault that did not show is a failure
    bool shrink = true;
    std::string json{}, junit{}; ///< files; empty: none
};

/// Runs every seed, and tells of each failure whose fault it is: known when the smallest set of defects that
/// fails the seed holds known ones only.
/// @return exit code: 0 nothing or known faults only, 1 or 3 a new one (its verdict), 1 one that is gone
///         (where that counts), 2 usage
int run_known(const engine::Scenario& scenario, const sim::SweepOptions& options, const KnownRun& wishes,
              sim::SweepProgress& progress);

} // namespace tools::fogsim
