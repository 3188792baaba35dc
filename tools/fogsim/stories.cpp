// fogsim stories: every story of the catalogue, over many seeds, strategies and worlds.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/choice.hpp"
#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"
#include "scenarios/topology_needs.hpp"
#include "sim/sweep.hpp"
#include "tools/fogsim/arguments.hpp"
#include "tools/fogsim/commands.hpp"
#include "tools/fogsim/progress.hpp"
#include "tools/output_file.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {
namespace {

using engine::Scenario;
using engine::Topology;
using sim::Verdict;

/// What a drawn story is swept by; each of its own, so that a failure names one.
constexpr const char* all_strategies[] = {"random", "pct:2", "pct:3", "pos", "urw", "swarm"};

/// Single changes that a world is tried with: the least, the next, and one that is large.
constexpr const char* changes[] = {
    "window=0",         "window=1",        "window=2",        "window=1000",      "user-capacity=1",
    "user-capacity=2",  "user-capacity=3", "user-capacity=8", "view-shards=2",    "view-shards=3",
    "view-shards=8",    "image-shards=2",  "image-shards=8",  "shard-blocks=1",   "shard-blocks=2",
    "shard-blocks=100", "view-replicas=2", "view-replicas=4", "image-replicas=2", "image-replicas=4",
    "accounts=1",       "accounts=2",      "accounts=3",      "accounts=16",      "ingest=1",
    "ingest=3",         "ingest=5",        "copies=own",      "copies=shared",    "chunk-outputs=1",
    "batch-blocks=1",   "poll-ms=20",      "poll-ms=2000",    "wallet-keys=1",    "wallet-images=1",
    "wallet-blocks=1",
};

struct Wish {
    std::vector<const Scenario*> stories;
    std::vector<sim::Strategy> strategies;
    std::uint64_t seed = 1;
    std::uint64_t runs = 100;
    std::uint64_t pairs = 0; ///< of changes, drawn
    bool topologies = false;
    std::uint64_t limit_s = 0;
    unsigned jobs = 1;
    std::string json;
};

/// One story in one world, by one strategy.
struct Row {
    const Scenario* story = nullptr;
    std::string topology; ///< changes; empty: its own
    std::string strategy;
    std::uint64_t runs = 0;
    std::uint64_t failures = 0;
    std::string refused; ///< why it cannot be told there
    std::string check;   ///< of the lowest seed that failed
    std::string text;
    std::string repeat;
};

std::string command_of(const Row& row, std::uint64_t seed, const sim::Strategy& strategy) {
    std::string command = fmt::format("./run fogsim --scenario {} --seed {}", row.story->name, seed);
    if (!row.topology.empty()) command += " --topology " + row.topology;
    if (strategy != sim::Strategy{}) command += " --strategy " + sim::describe(strategy);
    return command;
}

Row tell(const Wish& wish, const Scenario& story, const sim::Strategy& strategy, const std::string& topology,
         sim::SweepProgress& progress) {
    Row row;
    row.story = &story;
    row.topology = topology;
    row.strategy = sim::describe(strategy);
    sim::SweepOptions options;
    options.run.topology = story.topology;
    if (const std::string why = engine::apply(topology, options.run.topology); !why.empty())
        throw engine::InternalError(why);
    if (!topology.empty()) options.run.topology_changes.push_back(topology);
    row.refused = scenarios::refusal(story, options.run.topology);
    if (!row.refused.empty()) return row;
    options.run.seed = wish.seed;
    options.run.strategy = strategy;
    options.runs = wish.runs;
    options.jobs = wish.jobs;
    options.keep_going = true;
    sim::SweepResult result;
    try {
        result = sim::sweep(story, options, progress);
    } catch (const engine::UsageError& error) { // the world lacks what the story asks it for
        row.refused = error.what();
        return row;
    } catch (const std::exception& error) {
        row.failures = 1;
        row.check = "internal error";
        row.text = error.what();
        row.repeat = command_of(row, wish.seed, strategy);
        return row;
    }
    row.runs = result.runs;
    row.failures = result.failures;
    if (!result.failed_seed || !result.failure) return row;
    if (!result.failure->skipped.empty()) {
        row.refused = result.failure->skipped;
        row.failures = 0;
        return row;
    }
    if (!result.failure->violations.empty()) {
        row.check = engine::check::name(result.failure->violations.front().check);
        row.text = engine::tell::in_words(result.failure->violations.front());
    } else {
        row.check = "inconclusive"; // nothing, or not what the story is about, was judged
        row.text = result.failure->reason;
    }
    row.repeat = command_of(row, *result.failed_seed, strategy);
    return row;
}

/// The worlds a story is told in: its own; with --topologies each single change, and pairs.
std::vector<std::string> worlds(const Wish& wish, std::size_t story) {
    if (!wish.topologies) return {""};
    std::vector<std::string> all(std::begin(changes), std::end(changes));
    engine::Choices choices(wish.seed);
    engine::Stream draw(choices, engine::Domain::plan, static_cast<std::uint16_t>(story), 0);
    for (std::uint64_t pair = 0; pair < wish.pairs; ++pair) {
        const std::string first = changes[draw.below(static_cast<std::uint32_t>(std::size(changes)))];
        const std::string second = changes[draw.below(static_cast<std::uint32_t>(std::size(changes)))];
        if (first.substr(0, first.find('=')) != second.substr(0, second.find('=')))
            all.push_back(first + "," + second);
    }
    return all;
}

std::optional<int> parse(int argc, char** argv, Wish& wish) {
    std::vector<std::string> only;
    std::vector<std::string> strategies;
    std::string seed = "1";
    std::string runs;
    std::string pairs;
    std::string limit;
    std::string jobs;
    CLI::App app{
        "Tells every story of the catalogue over consecutive seeds under each strategy, and demands that all "
        "hold.\nWith --topologies each story in every world that differs from its own by one change, and by "
        "pairs: it holds there, or is refused with what it needs.\n"
        "Exit codes: 0 all held, 1 one was violated, 2 usage, 6 the time limit or a signal came first.",
        "fogsim stories"};
    app.add_option("--runs", runs, "seeds of each story and strategy (default: 100; with --topologies 4)")
        ->type_name("K");
    app.add_option("--only", only, "one story of --list-scenarios; may be repeated")->type_name("NAME");
    app.add_option("--seed", seed, "first seed")->type_name("N")->capture_default_str();
    app.add_option("--strategy", strategies,
                   "one strategy, may be repeated (default: random, pct:2, pct:3, pos, urw and swarm; with "
                   "--topologies random)")
        ->type_name("S");
    app.add_flag("--topologies", wish.topologies, "in every world of one change, and in pairs of changes");
    app.add_option("--pairs", pairs, "pairs of changes for each story (default: 24)")->type_name("N");
    app.add_option("--time-limit", limit, "end after so long")->type_name("SECONDS");
    app.add_option("--jobs", jobs, "threads (default: all cores)")->type_name("N");
    app.add_option("--json", wish.json, "write the table there")->type_name("FILE");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        tools::tell("fogsim stories: {} (--help lists the flags)\n", error.what());
        return static_cast<int>(Verdict::usage);
    }
    if (!pairs.empty() && !wish.topologies) throw engine::UsageError("--pairs: needs --topologies");
    wish.runs = runs.empty() ? (wish.topologies ? 4 : 100) : number("--runs", runs, 1, 1'000'000'000);
    wish.seed = number("--seed", seed, 0, ~0ULL - wish.runs);
    wish.pairs = pairs.empty() ? 24 : number("--pairs", pairs, 0, 100'000);
    wish.limit_s = limit.empty() ? 0 : number("--time-limit", limit, 1, 1'000'000);
    const std::uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
    wish.jobs = static_cast<unsigned>(jobs.empty() ? cores : number("--jobs", jobs, 1, 1024));
    if (strategies.empty() && wish.topologies) strategies = {"random"};
    if (strategies.empty()) strategies.assign(std::begin(all_strategies), std::end(all_strategies));
    for (const std::string& name : strategies) {
        try {
            wish.strategies.push_back(sim::Strategy::parse(name));
        } catch (const engine::UsageError& error) {
            throw engine::UsageError(fmt::format("--strategy: {}", error.what()));
        }
    }
    for (const std::string& name : only)
        if (scenarios::find(name) == nullptr)
            throw engine::UsageError(
                fmt::format("--only: there is no scenario '{}'; --list-scenarios lists them", name));
    for (const Scenario& story : scenarios::all()) {
        if (!only.empty() && std::find(only.begin(), only.end(), story.name) == only.end()) continue;
        wish.stories.push_back(&story);
    }
    return std::nullopt;
}

std::string line_of(const Row& row) {
    const std::string what = row.topology.empty() ? std::string(row.story->name)
                                                  : fmt::format("{} {}", row.story->name, row.topology);
    if (!row.refused.empty()) return fmt::format("REFUSED  {}: {}\n", what, row.refused);
    if (row.failures == 0) return fmt::format("held     {} {} runs={}\n", what, row.strategy, row.runs);
    return fmt::format("FAIL     {} {} runs={} failures={} check={}: {}\n         {}\n", what, row.strategy,
                       row.runs, row.failures, row.check, row.text, row.repeat);
}

std::string json_of(const std::vector<Row>& rows, const Wish& wish) {
    nlohmann::ordered_json all;
    all["schema"] = "fogsim-stories/1";
    all["seed"] = wish.seed;
    all["runs"] = wish.runs;
    all["stories"] = nlohmann::ordered_json::array();
    for (const Row& row : rows) {
        nlohmann::ordered_json entry;
        entry["name"] = row.story->name;
        if (!row.topology.empty()) entry["topology"] = row.topology;
        if (!row.refused.empty()) {
            entry["refused"] = row.refused;
        } else {
            entry["strategy"] = row.strategy;
            entry["runs"] = row.runs;
            entry["failures"] = row.failures;
        }
        if (row.failures != 0) {
            entry["check"] = row.check;
            entry["text"] = row.text;
            entry["repeat"] = row.repeat;
        }
        all["stories"].push_back(std::move(entry));
    }
    return all.dump(2) + "\n";
}

} // namespace

int stories(int argc, char** argv) {
    Wish wish;
    if (const std::optional<int> ended = parse(argc, argv, wish)) return *ended;
    std::unique_ptr<OutputFile> json;
    if (!wish.json.empty()) json = std::make_unique<OutputFile>("--json", wish.json);
    std::vector<Row> rows;
    std::uint64_t runs = 0;
    std::uint64_t failures = 0;
    std::uint64_t refused = 0;
    sim::SweepProgress progress;
    const Interruption interruption(progress);
    Limits limits;
    limits.seconds = wish.limit_s;
    limits.memory_bytes = usual_memory_bytes();
    const Watchdog watchdog(progress, limits, [](const sim::RunWatch& watch) {
        tools::say("fogsim stories: FAIL check=liveness seed={}: the run does not end\n", watch.seed.load());
        (void)tools::lost_output();
        ::_exit(static_cast<int>(Verdict::liveness));
    });
    bool ended = false;
    for (std::size_t s = 0; s < wish.stories.size() && !ended; ++s) {
        const Scenario& story = *wish.stories[s];
        for (const std::string& topology : worlds(wish, s))
            for (const sim::Strategy& strategy : wish.strategies) {
                if (ended) break;
                if (isatty(STDERR_FILENO))
                    tools::tell("\r\033[K{} of {}: {} {}", s + 1, wish.stories.size(), story.name, topology);
                Row row = tell(wish, story, strategy, topology, progress);
                if (isatty(STDERR_FILENO)) tools::tell("\r\033[K");
                ended = progress.stop;
                runs += row.runs;
                failures += row.failures;
                refused += row.refused.empty() ? 0 : 1;
                const bool again = !row.refused.empty() && !rows.empty() && rows.back().story == row.story &&
                                   rows.back().topology == row.topology;
                if (!again) tools::say_text(line_of(row));
                rows.push_back(std::move(row));
            }
    }
    tools::say("fogsim stories: {} {} stories={} runs={} failures={} refused={}{}\n",
               failures != 0 ? "FAIL"
               : ended       ? "INCONCLUSIVE"
                             : "PASS",
               wish.topologies ? "topologies" : "seeds", wish.stories.size(), runs, failures, refused,
               ended ? " reason=stopped" : "");
    const bool is_written = !json || json->try_commit("fogsim stories", json_of(rows, wish));
    if (failures != 0) return static_cast<int>(Verdict::violated);
    if (ended) return static_cast<int>(Verdict::inconclusive);
    return static_cast<int>(is_written ? Verdict::held : Verdict::usage);
}

} // namespace tools::fogsim
