// fogsim: tells a scenario in a simulated world and judges it.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

#include "scenarios/catalogue.hpp"
#include "scenarios/lag/plan.hpp"
#include "tools/fogsim/report.hpp"
#include "tools/output_file.hpp"

namespace {

using sim::Verdict;

struct Arguments {
    std::string seed = "1";
    std::string runs = "1";
    std::string scenario = "conformance";
    std::string plan;
    std::string strategy = "random";
    std::string crypto = "fast";
    std::vector<std::string> topology;
    std::string jobs;
    std::string time_limit;
    std::string json;
    std::string trace;
    bool check_determinism = false;
    bool list_scenarios = false;
};

sim::SweepProgress* interrupted_sweep = nullptr;

void on_interrupt(int) {
    if (interrupted_sweep != nullptr) interrupted_sweep->stop = true; // lock-free: allowed here
}

std::uint64_t number(const char* flag, const std::string& text, std::uint64_t low, std::uint64_t high) {
    std::size_t used = 0;
    std::uint64_t value = 0;
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const bool digits = !text.empty() && text.find_first_not_of(hex ? "0123456789abcdefABCDEFxX"
                                                                    : "0123456789") == std::string::npos;
    try {
        if (digits) value = std::stoull(text, &used, hex ? 16 : 10);
    } catch (const std::out_of_range&) {
        used = 0;
    }
    if (!digits || used != text.size() || value < low || value > high)
        throw engine::UsageError(
            fmt::format("{}: '{}' is not a number from {} to {} (decimal or 0x hex)", flag, text, low, high));
    return value;
}

void list_scenarios() {
    std::size_t width = 0;
    for (const engine::Scenario& s : scenarios::all())
        width = std::max(width, std::string_view(s.name).size());
    for (const engine::Scenario& s : scenarios::all()) fmt::print("{:<{}}  {}\n", s.name, width, s.summary);
}

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

// Rate, seeds done, failures and time left, on a terminal only.
class ProgressLine {
public:
    ProgressLine(const sim::SweepProgress& progress, std::uint64_t runs) {
        if (runs > 1 && isatty(STDERR_FILENO))
            thread_ = std::jthread([&progress, runs](std::stop_token stop) { show(progress, runs, stop); });
    }

private:
    static void show(const sim::SweepProgress& progress, std::uint64_t runs, const std::stop_token& stop) {
        const auto begun = std::chrono::steady_clock::now();
        while (!stop.stop_requested()) {
            for (int i = 0; i < 10 && !stop.stop_requested(); ++i)
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            const double seconds =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
            const std::uint64_t done = progress.done;
            const double rate = static_cast<double>(done) / seconds;
            const double left = rate > 0 ? static_cast<double>(runs - done) / rate : 0;
            fmt::print(stderr, "\r\033[K{} of {} seeds, {:.0f}/s, {} failed, {:.0f} s left", done, runs, rate,
                       progress.failed.load(), left);
            std::fflush(stderr);
        }
        fmt::print(stderr, "\r\033[K");
    }

    std::jthread thread_;
};

int run(const Arguments& arguments) {
    if (arguments.list_scenarios) {
        list_scenarios();
        return 0;
    }
    engine::Scenario planned;
    if (!arguments.plan.empty()) planned = plan_of(arguments.plan);
    const engine::Scenario& scenario = arguments.plan.empty() ? scenario_of(arguments.scenario) : planned;
    if (arguments.strategy != "random")
        throw engine::UsageError(
            fmt::format("--strategy: there is no strategy '{}' (random)", arguments.strategy));

    sim::SweepOptions options;
    options.run.topology = scenario.topology;
    options.run.seed = number("--seed", arguments.seed, 0, ~0ULL);
    options.runs = number("--runs", arguments.runs, 1, 1'000'000'000);
    if (options.run.seed > ~0ULL - (options.runs - 1))
        throw engine::UsageError("--runs: the last seed would pass 2^64-1");
    const std::uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
    options.jobs =
        static_cast<unsigned>(arguments.jobs.empty() ? cores : number("--jobs", arguments.jobs, 1, 1024));
    const std::uint64_t limit_s =
        arguments.time_limit.empty() ? 0 : number("--time-limit", arguments.time_limit, 1, 1'000'000);
    for (const std::string& item : arguments.topology)
        if (const std::string reason = engine::apply(item, options.run.topology); !reason.empty())
            throw engine::UsageError("--topology: " + reason);
    options.run.topology_changes = arguments.topology;
    if (arguments.crypto == "fast")
        options.run.crypto = &engine::chain::fast_crypto();
    else if (arguments.crypto == "ristretto")
        options.run.crypto = &engine::chain::ristretto_crypto();
    else
        throw engine::UsageError(
            fmt::format("--crypto: there is no implementation '{}' (fast, ristretto)", arguments.crypto));
    options.plan = arguments.plan;
    options.twice = arguments.check_determinism;
    options.run.keep_events = !arguments.trace.empty();
    if (!arguments.trace.empty() && options.runs != 1)
        throw engine::UsageError("--trace: goes with a single run, not with --runs");

    std::unique_ptr<tools::OutputFile> json;
    std::unique_ptr<tools::OutputFile> trace;
    if (!arguments.json.empty()) json = std::make_unique<tools::OutputFile>("--json", arguments.json);
    if (!arguments.trace.empty()) trace = std::make_unique<tools::OutputFile>("--trace", arguments.trace);

    sim::SweepProgress progress;
    interrupted_sweep = &progress;
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGTERM, on_interrupt);
    const auto begun = std::chrono::steady_clock::now();
    sim::SweepResult result;
    {
        std::jthread alarm;
        if (limit_s > 0)
            alarm = std::jthread([&progress, begun, limit_s](std::stop_token stop) {
                while (!stop.stop_requested() &&
                       std::chrono::steady_clock::now() - begun < std::chrono::seconds(limit_s))
                    std::this_thread::sleep_for(std::chrono::milliseconds(20));
                if (!stop.stop_requested()) progress.stop = true;
            });
        const ProgressLine line(progress, options.runs);
        result = sim::sweep(scenario, options, progress);
    }
    interrupted_sweep = nullptr;

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

std::string version_text() {
    return fmt::format("fogsim {} ({} {})", FOG_VERSION,
#ifdef __clang__
                       "clang",
#else
                       "gcc",
#endif
                       __VERSION__);
}

} // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App app{
        "Runs a scenario of the Fog balance path in a deterministic simulation and judges every answer.\n"
        "Exit codes: 0 held, 1 violated, 2 usage, 3 liveness violated, 4 nondeterminism found, 6 "
        "inconclusive, "
        "70 internal error.",
        "fogsim"};
    app.add_option("--seed", arguments.seed, "first seed, decimal or 0x hex")
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--runs", arguments.runs, "how many consecutive seeds")
        ->type_name("K")
        ->capture_default_str();
    CLI::Option* story = app.add_option("--scenario", arguments.scenario, "which story")
                             ->type_name("NAME")
                             ->capture_default_str();
    app.add_option("--plan", arguments.plan,
                   "tell the plan in this file (docs/plan.md) instead of a scenario")
        ->type_name("FILE")
        ->excludes(story);
    app.add_option("--topology", arguments.topology,
                   "changes to the scenario's topology, for example view-shards=3,image-shards=3")
        ->type_name("K=V,...");
    app.add_option("--strategy", arguments.strategy, "who runs next: random")
        ->type_name("S")
        ->capture_default_str();
    app.add_option("--crypto", arguments.crypto, "fast: same shapes, cheap hashing; ristretto: the real one")
        ->type_name("NAME")
        ->capture_default_str();
    app.add_option("--jobs", arguments.jobs,
                   "threads of a sweep (default: all cores); the report does not depend on it")
        ->type_name("N");
    app.add_option("--time-limit", arguments.time_limit, "end a sweep after so long")->type_name("SECONDS");
    app.add_flag("--check-determinism", arguments.check_determinism,
                 "run every seed twice and compare event by event");
    app.add_option("--json", arguments.json, "write the result there")->type_name("FILE");
    app.add_option("--trace", arguments.trace, "write every event there, for Perfetto or chrome://tracing")
        ->type_name("FILE");
    app.add_flag("--list-scenarios", arguments.list_scenarios, "list the stories");
    app.set_version_flag("--version", version_text());
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help, --version
        fmt::print(stderr, "fogsim: {} (--help lists the flags)\n", error.what());
        return static_cast<int>(Verdict::usage);
    }
    try {
        return run(arguments);
    } catch (const engine::UsageError& error) {
        fmt::print(stderr, "fogsim: {}\n", error.what());
        return static_cast<int>(Verdict::usage);
    } catch (const std::exception& error) {
        fmt::print(stderr, "fogsim: internal error: {}\n", error.what());
        return static_cast<int>(Verdict::internal_error);
    }
}
