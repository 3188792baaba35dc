#pragma once

#include <string>

#include "scenarios/lag/plan.hpp"
#include "sim/run.hpp"

namespace tools::fogsim {

/// A run as a picture: one lane for the chain, each chain copy, service and wallet; block counts over virtual
/// time, with the chain's tip behind them; crashes, pauses and faults as spans; what was done, what wallets
/// were told and what they have shown as marks with words behind them; what failed highlighted.
///
/// The same run gives the same bytes.  Distances in time are not to scale: between two moments there is the
/// more room the longer it takes, logarithmically, so that bursts and long waits both can be read.
///
/// @param run   with its events
/// @param plan  that was told, to mark each step where it acts; null: a catalogued story
/// @return      an HTML fragment with two SVG elements, the lanes' names beside the lanes
std::string timeline(const sim::RunResult& run, const scenarios::lag::Plan* plan);

/// What its colours and marks mean: an HTML fragment.
std::string timeline_legend();

/// The style sheet that goes with it.
const char* timeline_style();

} // namespace tools::fogsim
