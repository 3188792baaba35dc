#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "search/case.hpp"

namespace search {

struct ShrinkOptions {
    std::uint64_t most_runs = 20'000; ///< budget: the same result on every machine
    /// And of scheduler steps, for stories that are long: some 20 s of a Release build.
    std::uint64_t most_steps = 60'000'000;
    std::function<bool()> stop{}; ///< asked before each run; true ends the search early
};

struct Shrunk {
    Case smallest{};         ///< fails in the same class; every decision that is not fixed is tame
    sim::RunResult result{}; ///< of that case
    std::uint64_t runs = 0;  ///< spent
    bool minimal = false;    ///< no single removal or lowering is left; false: the budget ended first
};

/// Makes a failing case smaller until nothing can be removed or lowered: decisions, steps of the plan and
/// what is in them, dimensions of the world, defects that are switched on.
///
/// Rules
/// 1. A candidate counts only if it fails in the same class.
/// 2. Chunks first (halves, quarters, ...), then one by one, until a full pass over `simpler()` changes
///    nothing.
/// 3. No clock, no randomness: same case, same result.
///
/// @pre `start` fails in the class `wanted`
Shrunk shrink(const Case& start, const FailureClass& wanted, const ShrinkOptions& options = {});

/// Every case that is one removal or one lowering away, simplest first.
/// @param visit  returns true to end the enumeration
/// @return       whether it was ended so
bool for_each_simpler(const Case& what, const std::function<bool(const Case&)>& visit);

/// What a reader has to take in: steps of the plan.
std::size_t plan_steps(const Case& what);

} // namespace search
