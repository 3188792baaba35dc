#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/check/checks.hpp"
#include "engine/time.hpp"
#include "real/world/log_acceptance.hpp"
#include "real/world/real_world.hpp"

namespace tools::fogreal {

/// How a run ended.  The numbers are the exit codes of the programs.
enum class Verdict : std::uint8_t {
    held = 0,
    violated = 1,
    usage = 2,
    liveness = 3,
    inconclusive = 6,
    internal_error = 70,
};
const char* name(Verdict verdict);

struct Result {
    std::string scenario;
    std::uint64_t seed = 1;
    std::string wallet;   ///< whose
    std::string programs; ///< stand-ins, or which checkout
    Verdict verdict = Verdict::held;
    std::string reason{};  ///< of an inconclusive run
    std::string skipped{}; ///< why this world cannot run the story
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

/// The last line.
std::string summary(const Result& result);
/// What went wrong, for people.
std::string explanation(const Result& result);
std::string timing_table(const Result& result);
std::string to_json(const std::vector<Result>& results);
std::string to_junit(const std::vector<Result>& results);

} // namespace tools::fogreal
