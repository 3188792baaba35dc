#pragma once

#include "scenarios/lag/plan.hpp"

// Wallets that are not the simulator's own say a balance in 64 bits: remote_wallet.proto has no more.

namespace scenarios::lag {

/// Whether every balance that a plan can lead to is below 2^64.
bool fits_64_bits(const Plan& plan);
/// Makes a drawn plan one that does.  @return whether it was none
bool fit_64_bits(Plan& plan);

} // namespace scenarios::lag
