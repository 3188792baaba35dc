#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "engine/scenario.hpp"
#include "real/world/real_world.hpp"
#include "scenarios/lag/plan.hpp"
#include "tools/fogreal/arguments.hpp"
#include "tools/fogreal/result.hpp"

namespace tools::fogreal {

/// A story with what it is told in.
struct Telling {
    std::string name;
    engine::Topology topology{};
    std::vector<engine::Capability> needs{};
    bool proxies = false;
    std::string skipped{};                            ///< why it cannot be told here; empty when it can
    std::string remark{};                             ///< what the user should know before it begins
    std::vector<engine::check::CheckId> must_judge{}; ///< else the run says nothing
    std::shared_ptr<scenarios::lag::Tally> tally{};   ///< of a plan; null: a story
    /// Told in a world that has started.
    std::function<engine::Task<>(real::RealWorld&)> story{};
};

/// What the command line asks for.  @throws engine::UsageError
std::vector<Telling> tellings(const Arguments& arguments);
/// Random faults for so many seconds.
Telling soak(std::uint64_t seconds, std::uint64_t seed);

/// Folder of the programs to run.  @throws engine::UsageError
std::filesystem::path programs_of(const Arguments& arguments);

/// Makes a world, tells the story, takes the world down.  Reads Ctrl-C as an end.
Result run(const Telling& telling, const Arguments& arguments);

/// Prints every command line and environment.
void print_dry_run(const Telling& telling, const Arguments& arguments);
/// Builds the checkout's programs with cargo.  @throws engine::BrokenSurroundings
void build_checkout(const Arguments& arguments);

} // namespace tools::fogreal
