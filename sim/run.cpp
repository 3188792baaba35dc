#include "sim/run.hpp"

#include <fmt/format.h>

#include "sim/guard.hpp"
#include "sim/sim_world.hpp"

namespace sim {
namespace {

Task<> tell(const engine::Scenario& scenario, SimWorld& world) {
    co_await scenario.story(world);
    if (scenario.closes && !world.checks().any_violation()) co_await engine::close(world);
    if (scenario.finds_report && !world.checks().any_violation()) co_await engine::find_report(world);
}

// The step that the story is in.
std::string place_in(const SimWorld& world) {
    if (world.steps().empty()) return "before its first step";
    return fmt::format("in step {} ({})", world.steps().size(), world.steps().back());
}

} // namespace

RunResult run(const engine::Scenario& wanted, Options options) {
    const Guard guard;
    options.strategy = options.strategy.for_seed(options.seed);
    engine::Scenario drawn;
    if (wanted.generate) {
        engine::StorySeed seed;
        seed.seed = options.seed;
        seed.swarm = options.strategy.swarm;
        drawn = wanted.generate(seed);
        options.topology = drawn.topology;
        for (const std::string& change : options.topology_changes)
            if (const std::string reason = engine::apply(change, options.topology); !reason.empty())
                throw engine::UsageError("topology: " + reason);
    }
    const engine::Scenario& scenario = wanted.generate ? drawn : wanted;
    if (ForeignWalletsInstalled::current() != nullptr) { // who knows what one of its messages holds
        const engine::Topology usual;
        options.topology.wallet_keys = usual.wallet_keys;
        options.topology.wallet_images = usual.wallet_images;
        options.topology.wallet_blocks = usual.wallet_blocks;
    }
    SimWorld world(options);
    RunResult result;
    result.strategy = options.strategy;
    result.topology = options.topology;
    for (engine::Capability capability : scenario.needs) {
        if (world.can(capability)) continue;
        result.skipped = fmt::format("needs {}", engine::name(capability));
        return result;
    }
    const engine::check::Checks& checks = world.checks();
    try {
        world.run(tell(scenario, world));
        guard.check();
    } catch (const std::exception& error) {
        if (checks.any_violation())
            result.broken_by = error.what();
        else if (dynamic_cast<const engine::UsageError*>(&error) != nullptr)
            throw; // a wish that cannot be met
        else
            throw Broken(options.seed,
                         fmt::format("story {}, seed {}, {} at {} ms: {}", wanted.name, options.seed,
                                     place_in(world), world.now().ms(), error.what()));
    }
    result.cut_short = world.cut_short();
    result.violations = checks.violations();
    engine::check::Ending ending;
    if (!result.violations.empty()) ending.violation = &result.violations.front();
    ending.reports = checks.reports_judged();
    ending.unjudged = engine::check::unjudged(engine::must_judge(scenario), checks);
    engine::check::Conclusion conclusion = engine::check::conclude(ending);
    result.verdict = conclusion.verdict;
    result.reason = std::move(conclusion.reason);
    Core& core = world.core();
    result.steps = core.scheduler.steps();
    result.checks = checks.reports_judged();
    for (const engine::check::Excuse& excuse : checks.excuses()) ++result.excused[name(excuse.cause)];
    for (std::size_t c = 0; c < engine::check::check_count; ++c) {
        result.judged[c] = checks.judged(static_cast<engine::check::CheckId>(c));
        result.judgements += result.judged[c];
    }
    result.choices = core.choices.sequence().size();
    result.virtual_ms = core.scheduler.now().ms();
    result.digest = core.trace.digest();
    result.story = world.steps();
    result.marks = core.marks;
    if (options.keep_choices) result.recording = core.choices.record();
    if (options.follow != nullptr) result.departure = core.choices.departure();
    if (core.trace.keeps_events()) {
        result.events = core.trace.events();
        result.notes = std::move(core.notes);
        for (const engine::ChainCopy* copy : world.copies()) result.copy_names.push_back(copy->name());
        std::uint32_t highest = 0;
        for (const engine::Event& event : result.events) highest = std::max(highest, event.node.value);
        for (std::uint32_t n = 0; n <= highest; ++n) result.node_names.push_back(world.node_name(NodeId{n}));
    }
    return result;
}

} // namespace sim
