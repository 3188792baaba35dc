#include "search/case.hpp"

#include <fmt/format.h>

#include "scenarios/catalogue.hpp"
#include "scenarios/lag/foreign.hpp"
#include "sim/foreign_wallets.hpp"

namespace search {

sim::RunResult run(const Case& what, Manner manner) {
    sim::Options options;
    options.seed = what.recording.seed;
    options.topology = what.world();
    options.defects = what.defects;
    options.weather = what.weather;
    // Somebody else's wallet knows the real one only, whatever the story was found with.
    const bool is_real = what.ristretto || sim::ForeignWalletsInstalled::current() != nullptr;
    options.crypto = is_real ? &engine::chain::ristretto_crypto() : &engine::chain::fast_crypto();
    options.follow = &what.recording;
    options.keep_events = manner.events;
    options.keep_choices = manner.choices;
    if (manner.step_budget != 0) options.step_budget = manner.step_budget;
    options.expected_choices = what.recording.fixed.size();
    engine::Scenario scenario;
    if (what.plan) {
        scenario = scenarios::lag::scenario_of(*what.plan);
    } else {
        const engine::Scenario* listed = scenarios::find(what.scenario);
        if (listed == nullptr || listed->generate != nullptr)
            throw engine::UsageError(fmt::format("there is no scenario '{}' to tell again", what.scenario));
        scenario = *listed;
    }
    scenario.closes = scenario.closes && manner.closes;
    return sim::run(scenario, options);
}

Case case_of(const engine::Scenario& scenario, const scenarios::lag::Plan* plan, const sim::Options& options,
             const sim::RunResult& result) {
    Case out;
    out.scenario = scenario.name;
    if (plan != nullptr)
        out.plan = *plan;
    else if (scenario.generate != nullptr && sim::ForeignWalletsInstalled::current() != nullptr)
        out.plan = scenarios::lag::generate_for_foreign_wallets({options.seed, result.strategy.swarm});
    else if (scenario.generate != nullptr)
        out.plan = scenarios::lag::generate({options.seed, result.strategy.swarm});
    if (out.plan)
        out.plan->topology = result.topology;
    else
        out.topology = result.topology;
    out.defects = options.defects;
    out.weather = options.weather;
    out.ristretto = options.crypto != &engine::chain::fast_crypto();
    out.recording = result.recording;
    return out;
}

FailureClass class_of(const engine::check::Violation& violation) {
    FailureClass out;
    out.check = violation.check;
    if (violation.shown && violation.truth && *violation.shown != *violation.truth)
        out.direction = *violation.shown > *violation.truth ? 1 : -1;
    return out;
}

std::optional<FailureClass> class_of(const sim::RunResult& result) {
    if (result.violations.empty()) return std::nullopt;
    return class_of(result.violations.front());
}

} // namespace search
