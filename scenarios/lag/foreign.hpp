#pragma once

#include "engine/scenario.hpp"
#include "scenarios/lag/plan.hpp"

// Plans for judging wallets that are not the simulator's own.

namespace scenarios::lag {

/// The plan of `--scenario lag --seed N` for somebody else's wallet.
///
/// Rules
/// 1. Every balance fits into 64 bits: remote_wallet.proto has no more.
/// 2. Three seeds of eight end in a situation that others hardly ever come to, and in which a program of the
///    simulator's own speed is found wrong after thousands of runs, somebody else's never.
Plan generate_for_foreign_wallets(engine::StorySeed seed);

} // namespace scenarios::lag
