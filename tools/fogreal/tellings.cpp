#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "engine/ensure.hpp"
#include "scenarios/catalogue.hpp"
#include "scenarios/lag/plan.hpp"
#include "tools/fogreal/runner.hpp"

namespace tools::fogreal {

using engine::Capability;
using engine::FaultKind;
using scenarios::lag::Action;
using scenarios::lag::Plan;

namespace {

constexpr Capability impossible[] = {Capability::stale_reads, Capability::clocks, Capability::hold_stores};
constexpr FaultKind impossible_faults[] = {FaultKind::stale_reads, FaultKind::clock_jump,
                                           FaultKind::failed_look_ups};
constexpr Action impossible_actions[] = {Action::hold_store};
constexpr std::uint64_t own_poll_ms = 20;
constexpr std::uint64_t upstream_poll_ms = 250;

template <class List, class T>
bool contains(const List& list, const T& value) {
    return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

std::string why_skipped(const engine::Scenario& scenario) {
    for (const Capability need : scenario.needs)
        if (contains(impossible, need)) return fmt::format("needs {}", engine::name(need));
    return {};
}

bool needs_proxies(const engine::Scenario& scenario) {
    return contains(scenario.needs, Capability::message_faults) ||
           contains(scenario.needs, Capability::lose_commit_ack);
}

engine::Task<> tell(std::shared_ptr<const engine::Scenario> scenario, real::RealWorld& world) {
    co_await scenario->story(world);
    if (scenario->closes && !world.checks().any_violation()) co_await engine::close(world);
}

Telling telling_of(engine::Scenario scenario) {
    Telling out;
    out.name = scenario.name;
    out.topology = scenario.topology;
    out.needs = scenario.needs;
    out.proxies = needs_proxies(scenario);
    out.skipped = why_skipped(scenario);
    auto shared = std::make_shared<const engine::Scenario>(std::move(scenario));
    out.story = [shared](real::RealWorld& world) { return tell(shared, world); };
    return out;
}

Telling telling_of(Plan plan) {
    std::string skipped;
    bool proxies = false;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        if (skipped.empty() && contains(impossible_actions, plan.steps[i].action))
            skipped = fmt::format("step {} needs {}", i + 1, scenarios::lag::name(plan.steps[i].action));
        if (plan.steps[i].action != Action::fault) continue;
        proxies = true;
        if (skipped.empty() && contains(impossible_faults, plan.steps[i].fault))
            skipped = fmt::format("step {} needs the fault {}", i + 1, engine::name(plan.steps[i].fault));
    }
    Telling out = telling_of(scenarios::lag::scenario_of(std::move(plan)));
    out.skipped = skipped;
    out.proxies = proxies;
    return out;
}

// Drawn as fogsim draws it, from what this world can do.
Telling lag(std::uint64_t seed) {
    engine::Choices choices(seed);
    scenarios::lag::StreamDraw draw(engine::Stream(choices, engine::Domain::plan, 0, 0));
    scenarios::lag::PlanShape shape;
    for (const FaultKind kind : impossible_faults)
        shape.faults &= ~(std::uint64_t{1} << static_cast<unsigned>(kind));
    for (const Action action : impossible_actions)
        shape.actions &= ~(std::uint64_t{1} << static_cast<unsigned>(action));
    return telling_of(scenarios::lag::generate(draw, shape));
}

Plan plan_from_file(const std::string& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) throw engine::UsageError(fmt::format("--plan: {}: cannot be read", path));
    try {
        return scenarios::lag::from_json(text.str());
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--plan: {}: {}", path, error.what()));
    }
}

} // namespace

std::vector<Telling> tellings(const Arguments& arguments) {
    std::vector<Telling> out;
    if (arguments.soak != 0) {
        out.push_back(soak(arguments.soak, arguments.seed));
    } else if (!arguments.plan.empty()) {
        out.push_back(telling_of(plan_from_file(arguments.plan)));
    } else if (arguments.scenario == "lag") {
        out.push_back(lag(arguments.seed));
    } else if (arguments.scenario == "all") {
        for (const engine::Scenario& scenario : scenarios::all())
            out.push_back(scenario.generate ? lag(arguments.seed) : telling_of(scenario));
    } else {
        const engine::Scenario* scenario = scenarios::find(arguments.scenario);
        if (scenario == nullptr)
            throw engine::UsageError(fmt::format(
                "--scenario: there is no story '{}' (--list-scenarios names them)", arguments.scenario));
        out.push_back(telling_of(*scenario));
    }
    for (Telling& telling : out) {
        std::uint64_t poll_ms = arguments.mobilecoin.empty() ? own_poll_ms : upstream_poll_ms;
        if (arguments.poll_ms != 0) poll_ms = arguments.poll_ms;
        telling.topology.poll_ms = static_cast<std::uint32_t>(poll_ms);
        for (const std::string& change : arguments.topology)
            if (const std::string reason = engine::apply(change, telling.topology); !reason.empty())
                throw engine::UsageError("--topology: " + reason);
        telling.proxies = telling.proxies || arguments.proxies;
    }
    return out;
}

} // namespace tools::fogreal
