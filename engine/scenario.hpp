#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/world.hpp"

namespace engine {

/// What a drawn story is drawn from.
struct StorySeed {
    std::uint64_t seed = 1;
    /// Each seed leaves out a random half of what stories are made of, so that what is left happens more
    /// often and in combinations that would otherwise be drowned (swarm testing).
    bool swarm = false;
};

/// A story: prose in its file, a topology it is told in, and a coroutine over the world.
struct Scenario {
    const char* name = "";
    const char* summary = ""; ///< one line
    std::function<Task<>(World&)> story{};
    Topology topology{};
    std::vector<Capability> needs{};
    /// The run ends by healing everything and demanding that every wallet reaches the truth.
    bool closes = true;
    /// And that a sender could pay then.
    bool finds_report = false;
    /// Checks that this story must make judge, besides those that every story of its kind does.
    std::vector<CheckId> judges{};
    /// A story that is drawn: the scenario, topology included, of one seed.  Its own story and topology are
    /// unused.
    Scenario (*generate)(StorySeed seed) = nullptr;
};

/// The checks without whose judgement a run of this story says nothing: those of every balance check, those
/// of the end where it is closed, and the story's own.
std::vector<CheckId> must_judge(const Scenario& scenario);

/// Heals all faults, starts what is down, makes sure that somebody scans, appends a last block, and suspends
/// until every service has it; a `liveness` violation when that does not happen.  In every other story the
/// ledger has it last, and a living wallet of each account looks before.
/// @return the chain's height
Task<BlockCount> settle(World& world);

/// Heals all faults, starts what is down, makes sure that somebody scans, appends a last block, and demands
/// that every wallet, and a fresh one of every account, shows the whole truth after a few polls (`liveness`,
/// `final`).
Task<> close(World& world);

/// What a sender would do then: asks for a report, which must be good for the next block; `liveness`. Nothing
/// is demanded where nobody promises anything: all that scan have a key that is retired, or a window of less
/// than two blocks.
Task<> find_report(World& world);

/// How many polls a wallet may need after everything is healed and has caught up.
inline constexpr int closing_polls = 6;

} // namespace engine
