#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

#include "scenarios/catalogue.hpp"
#include "scenarios/lag/plan.hpp"
#include "sim/defect_catalogue.hpp"
#include "tools/fogsim/commands.hpp"
#include "tools/fogsim/progress.hpp"
#include "tools/fogsim/report.hpp"
#include "tools/output_file.hpp"

namespace tools::fogsim {
namespace {

using sim::Verdict;

const engine::Scenario& scenario_of(const std::string& name) {
    if (const engine::Scenario* scenario = scenarios::find(name)) return *scenario;
    throw engine::UsageError(
        fmt::format("--scenario: there is no scenario '{}'; --list-scenarios lists them", name));
}

engine::Scenario plan_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open() || file.bad())
        throw engine::UsageError(fmt::format("--plan: cannot read '{}'", path));
    try {
        return scenarios::lag::scenario_of(scenarios::lag::from_json(text));
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--plan: '{}': {}", path, error.what()));
    }
}

engine::DefectSet defects_of(const Arguments& arguments) {
    engine::DefectSet defects;
    if (!arguments.profile.empty()) {
        if (arguments.profile != "upstream-7.0.0")
            throw engine::UsageError(
                fmt::format("--profile: there is no profile '{}' (upstream-7.0.0)", arguments.profile));
        for (const sim::DefectInfo& defect : sim::defect_catalogue())
            if (defect.upstream_7_0_0) defects.switch_on(defect.defect);
    }
    for (const std::string& name : arguments.defects) {
        const sim::DefectInfo* defect = sim::find_defect(name);
        if (defect == nullptr)
            throw engine::UsageError(
                fmt::format("--defect: there is no defect '{}'; --list-defects lists them", name));
        defects.switch_on(defect->defect);
    }
    return defects;
}

const engine::chain::Crypto& crypto_of(const std::string& name) {
    if (name == "fast") return engine::chain::fast_crypto();
    if (name == "ristretto") return engine::chain::ristretto_crypto();
    throw engine::UsageError(
        fmt::format("--crypto: there is no implementation '{}' (fast, ristretto)", name));
}

sim::Strategy strategy_of(const std::string& text) {
    try {
        return sim::Strategy::parse(text);
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--strategy: {}", error.what()));
    }
}

sim::SweepOptions options_of(const Arguments& arguments, const engine::Scenario& scenario) {
    sim::SweepOptions options;
    options.run.topology = scenario.topology;
    options.run.seed = number("--seed", arguments.seed, 0, ~0ULL);
    options.runs = number("--runs", arguments.runs, 1, 1'000'000'000);
    if (options.run.seed > ~0ULL - (options.runs - 1))
        throw engine::UsageError("--runs: the last seed would pass 2^64-1");
    const std::uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
    options.jobs =
        static_cast<unsigned>(arguments.jobs.empty() ? cores : number("--jobs", arguments.jobs, 1, 1024));
    for (const std::string& item : arguments.topology)
        if (const std::string reason = engine::apply(item, options.run.topology); !reason.empty())
            throw engine::UsageError("--topology: " + reason);
    options.run.topology_changes = arguments.topology;
    options.run.crypto = &crypto_of(arguments.crypto);
    options.run.defects = defects_of(arguments);
    options.run.strategy = strategy_of(arguments.strategy);
    options.plan = arguments.plan;
    options.profile = arguments.profile;
    options.twice = arguments.check_determinism;
    options.run.keep_events = !arguments.trace.empty();
    if (!arguments.trace.empty() && options.runs != 1)
        throw engine::UsageError("--trace: goes with a single run, not with --runs");
    return options;
}

} // namespace

int simulate(const Arguments& arguments) {
    engine::Scenario planned;
    if (!arguments.plan.empty()) planned = plan_of(arguments.plan);
    const engine::Scenario& scenario = arguments.plan.empty() ? scenario_of(arguments.scenario) : planned;
    const sim::SweepOptions options = options_of(arguments, scenario);
    const std::uint64_t limit_s =
        arguments.time_limit.empty() ? 0 : number("--time-limit", arguments.time_limit, 1, 1'000'000);

    std::unique_ptr<tools::OutputFile> json;
    std::unique_ptr<tools::OutputFile> trace;
    if (!arguments.json.empty()) json = std::make_unique<tools::OutputFile>("--json", arguments.json);
    if (!arguments.trace.empty()) trace = std::make_unique<tools::OutputFile>("--trace", arguments.trace);

    sim::SweepProgress progress;
    const auto begun = std::chrono::steady_clock::now();
    sim::SweepResult result;
    {
        const Interruption interruption(progress, limit_s);
        const ProgressLine line(progress, options.runs);
        result = sim::sweep(scenario, options, progress);
    }

    if (json) json->commit(tools::to_json(scenario, options, result));
    if (trace && result.failure) trace->commit(tools::to_trace(*result.failure));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    if (options.runs > 1 && isatty(STDERR_FILENO))
        fmt::print(stderr, "{} runs in {:.1f} s\n", result.runs, seconds);
    const bool cut_short = !result.failed_seed && result.runs < options.runs;
    if (cut_short) fmt::print(stderr, "fogsim: stopped after {} of {} runs\n", result.runs, options.runs);
    if (result.runs == 0) {
        fmt::print("fogsim: INCONCLUSIVE scenario={} seed={} runs=0\n", scenario.name, options.run.seed);
        return static_cast<int>(Verdict::inconclusive);
    }
    fmt::print("{}", tools::failure_story(scenario, options, result));
    fmt::print("{}\n", tools::result_line(scenario, options, result));
    // A time limit is a wish that was met; an interrupt leaves the question open.
    if (cut_short && limit_s == 0) return static_cast<int>(Verdict::inconclusive);
    return static_cast<int>(tools::verdict_of(result));
}

} // namespace tools::fogsim
