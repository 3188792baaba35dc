#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "engine/ensure.hpp"
#include "engine/input_file.hpp"
#include "engine/known_words.hpp"
#include "scenarios/catalogue.hpp"
#include "scenarios/lag/amounts.hpp"
#include "scenarios/lag/plan.hpp"
#include "scenarios/topology_needs.hpp"
#include "tools/fogreal/runner.hpp"

namespace tools::fogreal {

using engine::Capability;
using engine::FaultKind;
using scenarios::lag::Action;
using scenarios::lag::Plan;
using scenarios::lag::PlannedStep;

namespace {

constexpr std::uint64_t own_poll_ms = 20;
constexpr std::uint64_t upstream_poll_ms = 250;

template <class List, class T>
bool contains(const List& list, const T& value) {
    return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

std::string why_skipped(const engine::Scenario& scenario) {
    for (const Capability need : scenario.needs)
        if (const std::string why = real::RealWorld::never(need); !why.empty())
            return fmt::format("needs {}: {}", engine::name(need), why);
    return {};
}

std::string why_skipped(const PlannedStep& step) {
    std::string why;
    if (step.action == Action::hold_store || step.action == Action::release_store)
        why = real::RealWorld::never(Capability::hold_stores);
    else if (step.action == Action::fault)
        why = real::RealWorld::never(step.fault);
    if (why.empty()) return {};
    const char* what = step.action == Action::fault ? engine::name(step.fault) : name(step.action);
    return fmt::format("{}: {}", what, why);
}

bool needs_proxies(const engine::Scenario& scenario) {
    return contains(scenario.needs, Capability::message_faults) ||
           contains(scenario.needs, Capability::lose_commit_ack);
}

engine::Task<> tell(std::shared_ptr<const engine::Scenario> scenario, real::RealWorld& world) {
    co_await scenario->story(world);
    if (scenario->closes && !world.checks().any_violation()) co_await engine::close(world);
    if (scenario->finds_report && !world.checks().any_violation()) co_await engine::find_report(world);
}

Telling telling_of(engine::Scenario scenario) {
    Telling out;
    out.name = scenario.name;
    out.topology = scenario.topology;
    out.needs = scenario.needs;
    out.proxies = needs_proxies(scenario);
    out.skipped = why_skipped(scenario);
    out.must_judge = engine::must_judge(scenario);
    auto shared = std::make_shared<const engine::Scenario>(std::move(scenario));
    out.story = [shared](real::RealWorld& world) { return tell(shared, world); };
    return out;
}

Telling telling_of(Plan plan) {
    std::string skipped;
    bool proxies = false;
    if (!scenarios::lag::fits_64_bits(plan))
        skipped =
            "an account is paid more than 64 bits hold, and remote_wallet.proto has no more for a balance";
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        if (const std::string why = why_skipped(plan.steps[i]); skipped.empty() && !why.empty())
            skipped = fmt::format("step {} needs {}", i + 1, why);
        proxies = proxies || plan.steps[i].action == Action::fault;
    }
    auto tally = std::make_shared<scenarios::lag::Tally>();
    Telling out = telling_of(scenarios::lag::scenario_of(std::move(plan), tally));
    out.tally = std::move(tally);
    if (!skipped.empty()) out.skipped = skipped; // names the step
    out.proxies = proxies;
    return out;
}

// The plan of `fogsim --scenario lag` with this seed, without the steps that this world cannot take.
Telling lag(const Arguments& arguments) {
    engine::StorySeed story;
    story.seed = arguments.seed;
    Plan plan = scenarios::lag::generate(story);
    const bool is_resized =
        !arguments.mobilecoin.empty() && !scenarios::refusal_by_upstream(plan.topology).empty();
    if (is_resized) plan.topology.shard_blocks = 2;
    const std::size_t left_out =
        std::erase_if(plan.steps, [](const PlannedStep& step) { return !why_skipped(step).empty(); });
    const bool is_lowered = scenarios::lag::fit_64_bits(plan);
    Telling out = telling_of(std::move(plan));
    const auto remark = [&out](const std::string& text) {
        out.remark += (out.remark.empty() ? "" : "; ") + text;
    };
    if (left_out != 0) remark(fmt::format("{} steps of the plan need what this world lacks", left_out));
    if (is_lowered) remark("large amounts are lowered: remote_wallet.proto says balances in 64 bits");
    if (is_resized)
        remark("shard-blocks is 2 and not 1: a first view shard of block 0 alone never completes upstream");
    return out;
}

Plan plan_from_file(const std::string& path) {
    const std::string text = engine::read_input_file("--plan", path);
    try {
        return scenarios::lag::from_json(text);
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
        out.push_back(lag(arguments));
    } else if (arguments.scenario == "all") {
        for (const engine::Scenario& scenario : scenarios::all())
            out.push_back(scenario.generate ? lag(arguments) : telling_of(scenario));
    } else {
        const engine::Scenario* scenario = scenarios::find(arguments.scenario);
        if (scenario == nullptr) {
            std::vector<std::string_view> known{"all"};
            for (const engine::Scenario& story : scenarios::all()) known.push_back(story.name);
            throw engine::UsageError(
                fmt::format("--scenario: there is no story '{}'{}", arguments.scenario,
                            engine::known_words(arguments.scenario, known, "--list-scenarios")));
        }
        out.push_back(telling_of(*scenario));
    }
    for (Telling& telling : out) {
        std::uint64_t poll_ms = arguments.mobilecoin.empty() ? own_poll_ms : upstream_poll_ms;
        if (arguments.poll_ms != 0) poll_ms = arguments.poll_ms;
        telling.topology.poll_ms = static_cast<std::uint32_t>(poll_ms);
        for (const std::string& change : arguments.topology)
            if (const std::string reason = engine::apply(change, telling.topology); !reason.empty())
                throw engine::UsageError("--topology: " + reason);
        const engine::Scenario* story = scenarios::find(telling.name);
        if (story != nullptr)
            if (const std::string why = scenarios::refusal(*story, telling.topology); !why.empty())
                throw engine::UsageError("--topology: " + why);
        if (!arguments.mobilecoin.empty() && telling.skipped.empty())
            telling.skipped = scenarios::refusal_by_upstream(telling.topology);
        telling.proxies = telling.proxies || arguments.proxies;
    }
    return out;
}

} // namespace tools::fogreal
