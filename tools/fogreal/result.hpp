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

namespace tools {
class Sightings;
}

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
    std::vector<real::RealWorld::Heard> heard{}; ///< what was answered, where something is wrong
    std::vector<std::string> known{};   ///< known faults that it shows, when it shows no other (--known)
    std::vector<std::string> excuses{}; ///< failures that a declared fault excuses
    engine::Duration total{};
    std::array<engine::Duration, real::phase_count> times{};
    real::Acceptance log{};
    std::string work{}; ///< kept work directory; empty when it is gone
};

/// The verdict, with what the last line begins with.
engine::check::Conclusion conclusion_of(const Result& result);
/// What several come to: a violation before all else, then the first that is not held.  One that was skipped
/// says nothing beside others that were told.
engine::check::Conclusion conclusion_of(const std::vector<Result>& results);
/// The last line.
std::string summary(const Result& result);
/// The story as it was told, what was answered in each step, and what was found wrong at the end.  @pre there
/// are violations
std::vector<std::string> told(const Result& result);
/// What went wrong, for people.
std::string explanation(const Result& result);
std::string timing_table(const Result& result);
/// @param verdict    what they come to
/// @param sightings  with `--known`; null: without
std::string to_json(const std::vector<Result>& results, Verdict verdict, const Sightings* sightings);
/// @param gone_fails  a known fault that did not show is a failure
std::string to_junit(const std::vector<Result>& results, const Sightings* sightings, bool gone_fails);

} // namespace tools::fogreal
