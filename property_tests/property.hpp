#pragma once

#include <rapidcheck.h>

#include <functional>
#include <string>

namespace property_tests {

/// How long properties are tried, from the environment:
///
///   FOG_PROPERTY_RUNS=N      N cases of each property instead of its usual number
///   FOG_PROPERTY_SECONDS=S   new cases of each property until S seconds have passed, at least one round
///   RC_PARAMS="seed=... reproduce=..."   RapidCheck's own; a seed there starts the search there
///
/// Without a seed every process tries the same cases: a failure is met again by running the test again.
void check_property(const std::string& name, int usual_runs, const std::function<void()>& property);

} // namespace property_tests
