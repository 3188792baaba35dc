#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/check/verdict.hpp"
#include "engine/ensure.hpp"
#include "engine/scenario.hpp"
#include "sim/core.hpp"

namespace sim {

using engine::check::Verdict;

struct RunResult {
    Verdict verdict = Verdict::held;
    Strategy strategy{};               ///< of this seed: never a portfolio
    engine::Topology topology{};       ///< of the world, drawn ones included
    std::string skipped;               ///< why the world could not run it; else empty
    std::string reason{};              ///< of a verdict that is neither held nor violated
    std::string broken_by{};           ///< an exception that came with a violation, which it does not cover
    CutShort cut_short = CutShort::no; ///< such a run does not repeat, but for one with too many blocks
    std::vector<engine::check::Violation> violations;
    std::uint64_t steps = 0;                                        ///< scheduler steps
    std::uint64_t checks = 0;                                       ///< balances judged
    std::uint64_t judgements = 0;                                   ///< of all checkers
    std::array<std::uint64_t, engine::check::check_count> judged{}; ///< of each, by CheckId
    std::map<std::string, std::uint64_t> excused; ///< failed calls, by the cause that excuses them
    std::uint64_t choices = 0;
    std::int64_t virtual_ms = 0;
    std::uint64_t digest = 0;
    std::vector<std::string> story;        ///< numbered steps of the scenario
    std::vector<engine::Event> events;     ///< when asked for
    std::vector<std::string> node_names;   ///< by node number; like what follows, with the events
    std::vector<std::string> copy_names;   ///< by number of the chain copy
    std::vector<engine::tell::Note> notes; ///< with the events
    engine::MarkCounts marks;
    engine::Recording recording{}; ///< when asked for: all decisions
    engine::Departure departure{}; ///< from the recording that was followed
};

/// What a story, or the world it was told in, has thrown: no verdict on the system under test.
class Broken : public engine::InternalError {
public:
    Broken(std::uint64_t seed, const std::string& text) : InternalError(text), seed_(seed) {}
    std::uint64_t seed() const { return seed_; }

private:
    std::uint64_t seed_;
};

/// Tells a scenario in a fresh simulated world.  Same scenario and options: same result, on every machine.
/// @throws Broken  naming story, seed and step
/// @throws engine::UsageError  the story does not fit the topology
RunResult run(const engine::Scenario& scenario, Options options);

} // namespace sim
