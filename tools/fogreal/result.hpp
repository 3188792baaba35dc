#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/check/verdict.hpp"
#include "engine/time.hpp"
#include "real/world/log_acceptance.hpp"
#include "real/world/real_world.hpp"

namespace tools::fogreal {

using engine::check::Verdict;

struct Result {
    std::string scenario;
    std::uint64_t seed = 1;
    std::string wallet;                             ///< whose
    std::string programs;                           ///< stand-ins, or which checkout
    std::string skipped{};                          ///< why this world cannot run the story
    std::string internal{};                         ///< a bug of the harness
    std::string usage{};                            ///< the story asked for what this world lacks
    std::string broken{};                           ///< what of the surroundings failed
    bool interrupted = false;                       ///< by the user
    std::vector<engine::check::CheckId> unjudged{}; ///< checks that had to judge and did not
    std::map<std::string, std::uint64_t> judged{};  ///< how often each check has judged, the log's included
    std::vector<engine::check::Violation> violations{};
    std::uint64_t steps = 0;
    std::uint64_t checks = 0; ///< balances judged
    std::vector<std::string> story{};
    std::vector<std::string> excuses{}; ///< failures that a declared fault excuses
    engine::Duration total{};
    std::array<engine::Duration, real::phase_count> times{};
    real::Acceptance log{};
    std::string work{}; ///< kept work directory; empty when it is gone
};

/// The verdict, with what the last line begins with.
engine::check::Conclusion conclusion_of(const Result& result);
/// The last line.
std::string summary(const Result& result);
/// What went wrong, for people.
std::string explanation(const Result& result);
std::string timing_table(const Result& result);
std::string to_json(const std::vector<Result>& results);
std::string to_junit(const std::vector<Result>& results);

} // namespace tools::fogreal
