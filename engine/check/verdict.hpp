#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/check/checks.hpp"

namespace engine::check {

/// How a run, or a sweep of runs, has ended.  The numbers are the exit codes of the programs.
enum class Verdict : std::uint8_t {
    held = 0,
    violated = 1,
    usage = 2,
    liveness = 3,
    nondeterministic = 4,
    mark_missed = 5,
    inconclusive = 6,
    internal_error = 70,
};
/// "held", "violated", "nondeterministic", "usage", "internal error" or "inconclusive".
const char* name(Verdict verdict);

/// What is known of a run when it is over.
struct Ending {
    bool differs = false;         ///< two runs of one seed are not one
    const Violation* violation{}; ///< the first; null: none.  Outlives the call that it is handed to
    std::string skipped{};        ///< why this world cannot run the story
    std::string internal{};       ///< a bug of the harness
    std::string usage{};          ///< what was asked for cannot be
    std::string broken{};         ///< what of the surroundings failed, the database at the end included
    bool interrupted = false;
    std::vector<CheckId> unjudged{}; ///< checks that had to judge and never did
    std::uint64_t reports = 0;       ///< balances judged
    bool marks_missed = false;       ///< a required situation never came about
};

/// What an ending comes to: the exit code, and the word that the last line begins with.
struct Conclusion {
    Verdict verdict = Verdict::held;
    const char* word = "PASS"; ///< PASS, FAIL, SKIP, INCONCLUSIVE
    std::string reason{};      ///< of what is neither PASS nor FAIL
};

/// The one place where a verdict is made, for both programs.
///
/// Rules
/// 1. A violation is never covered: not by an exception, nor by an interruption, nor by what broke later.
/// 2. A run in which nothing was judged, or in which a check that had to judge did not, is never PASS.
Conclusion conclude(const Ending& ending);

/// Those of `wanted` that have never judged.
std::vector<CheckId> unjudged(const std::vector<CheckId>& wanted, const Checks& checks);

} // namespace engine::check
