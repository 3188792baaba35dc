#include "scenarios/lag/amounts.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>

#include "engine/fog/wallet.hpp"

namespace scenarios::lag {

bool fits_64_bits(const Plan& plan) {
    std::map<std::uint32_t, engine::fog::Value> paid; // by account
    for (const PlannedStep& step : plan.steps)
        for (const PlannedCredit& credit : step.credits)
            if (credit.token == 0) paid[credit.account % plan.topology.accounts] += credit.amount;
    return std::all_of(paid.begin(), paid.end(),
                       [](const auto& of) { return of.second <= std::numeric_limits<std::uint64_t>::max(); });
}

// Coins of drawn plans are distinct powers of two, large ones with the highest bit besides: without it the
// sums fit.
bool fit_64_bits(Plan& plan) {
    if (fits_64_bits(plan)) return false;
    for (PlannedStep& step : plan.steps)
        for (PlannedCredit& credit : step.credits)
            credit.amount &= std::numeric_limits<std::uint64_t>::max() >> 1;
    return true;
}

} // namespace scenarios::lag
