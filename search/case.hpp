#pragma once

#include <optional>
#include <string>

#include "scenarios/lag/plan.hpp"
#include "sim/run.hpp"

namespace search {

/// Everything a run depends on, without a seed to derive it from: the unit that is stored, shrunk and played
/// back. Same case, same build: same run, on every machine.
struct Case {
    std::string scenario{};                     ///< name in the catalogue, or of the plan
    std::optional<scenarios::lag::Plan> plan{}; ///< told instead of a catalogued story; has its own topology
    engine::Topology topology{};                ///< of a catalogued story
    sim::DefectSet defects{};
    sim::Weather weather{};
    bool ristretto = false; ///< MobileCoin's own cryptography
    engine::Recording recording{};
    friend bool operator==(const Case&, const Case&) = default;

    const engine::Topology& world() const { return plan ? plan->topology : topology; }
};

/// What a run keeps besides its verdict, and how far it goes.
struct Manner {
    bool events = false;
    bool choices = false;
    bool closes = true;            ///< false: the run ends with the story, unhealed
    std::uint64_t step_budget = 0; ///< of the scheduler; 0: the usual
};

/// @throws engine::UsageError  there is no such scenario, or it does not fit the topology
sim::RunResult run(const Case& what, Manner manner = {});

/// A run of the simulator as a case: the drawn plan becomes data, every decision is fixed.
/// @param plan    that was told; null: a catalogued story, or one drawn from the seed
/// @param options of the run
/// @param result  of that run, with its choices kept
Case case_of(const engine::Scenario& scenario, const scenarios::lag::Plan* plan, const sim::Options& options,
             const sim::RunResult& result);

/// What makes two failures the same: the check, and for sums whether too much or too little was shown.
struct FailureClass {
    engine::check::CheckId check{};
    int direction = 0; ///< 1 too much, -1 too little, 0 not about a sum
    friend bool operator==(const FailureClass&, const FailureClass&) = default;
};
FailureClass class_of(const engine::check::Violation& violation);
/// Of the first violation; nothing when the run held.
std::optional<FailureClass> class_of(const sim::RunResult& result);

} // namespace search
