// fogsim mutants: how long the default search takes to see each defect of the catalogue.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"
#include "search/failure.hpp"
#include "sim/defect_catalogue.hpp"
#include "sim/sweep.hpp"
#include "tools/flag_error.hpp"
#include "tools/fogsim/arguments.hpp"
#include "tools/fogsim/commands.hpp"
#include "tools/fogsim/progress.hpp"
#include "tools/output_file.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {
namespace {

using sim::Verdict;

constexpr std::uint64_t most_runs = 1'000'000'000; // the time limit ends a search
constexpr std::uint64_t shrink_runs = 4'000;       // nearly always enough to find a minimum

struct Wish {
    std::vector<const sim::DefectInfo*> defects;
    std::uint64_t seed = 1;
    sim::Strategy strategy{};
    std::uint64_t limit_s = 60;
    unsigned jobs = 1;
    bool shrink = true;
    std::string json;
};

/// What became of one defect.
struct Outcome {
    const sim::DefectInfo* defect = nullptr;
    std::uint64_t runs = 0;
    double seconds = 0;
    std::optional<std::uint64_t> seed; ///< of the run that saw it
    engine::check::Violation violation;
    std::string strategy;
    bool repeats = false;     ///< the run fails in the same way when it is repeated
    bool clean_holds = false; ///< the same plan and choices hold without the defect
    std::size_t steps_found = 0;
    std::optional<std::size_t> steps_shrunk;
    std::size_t blob_bytes = 0; ///< of the shrunk run
};

sim::Options options_of(const Wish& wish, const engine::Scenario& lag) {
    sim::Options options;
    options.topology = lag.topology;
    options.seed = wish.seed;
    options.strategy = wish.strategy;
    return options;
}

Outcome hunt(const sim::DefectInfo& defect, const Wish& wish, const engine::Scenario& lag,
             sim::SweepProgress& progress) {
    Outcome outcome;
    outcome.defect = &defect;
    sim::SweepOptions search;
    search.run = options_of(wish, lag);
    search.run.defects.switch_on(defect.defect);
    search.runs = most_runs;
    search.jobs = wish.jobs;
    const auto begun = std::chrono::steady_clock::now();
    const Interruption interruption(progress);
    Limits limits;
    limits.seconds = wish.limit_s;
    const Watchdog watchdog(progress, limits, [&defect](const sim::RunWatch& watch) {
        tools::tell("fogsim mutants: {}: the run of seed {} does not end\n", defect.name, watch.seed.load());
        ::_exit(static_cast<int>(Verdict::internal_error));
    });
    const sim::SweepResult found = sim::sweep(lag, search, progress);
    outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    outcome.runs = found.runs;
    if (!found.failed_seed || found.failure->violations.empty()) return outcome;
    outcome.seed = found.failed_seed;
    outcome.violation = found.failure->violations.front();
    outcome.strategy = sim::describe(found.failure->strategy);

    sim::Options failing = search.run;
    failing.seed = *found.failed_seed;
    search::InvestigateOptions wishes;
    wishes.shrink = wish.shrink;
    wishes.budget.most_runs = shrink_runs;
    wishes.budget.stop = [] { return Interruption::was_signalled(); };
    const search::Failure failure = search::investigate(lag, nullptr, failing, *found.failure, wishes);
    outcome.repeats = !failure.difference;
    if (failure.difference) return outcome;
    search::Case clean = failure.original;
    clean.defects = {};
    outcome.clean_holds = search::run(clean).verdict == Verdict::held;
    outcome.steps_found = failure.steps_before;
    if (failure.shrunk) outcome.steps_shrunk = failure.steps_after;
    outcome.blob_bytes = failure.blob.size();
    return outcome;
}

constexpr const char* header = "{:<46} {:<17} {:<9} {:>8} {:>8} {:>6} {:>5}  {}\n";

std::string line_of(const Outcome& o) {
    const sim::DefectInfo& d = *o.defect;
    const std::string seconds = fmt::format("{:.1f}", o.seconds);
    if (!o.seed) {
        const char* why = d.survives != nullptr ? d.survives : "not seen";
        return fmt::format(fmt::runtime(header), d.name, d.component, "-", o.runs, seconds, "", "", why);
    }
    std::string remark = o.strategy;
    if (!o.repeats)
        remark += "; THE RUN DOES NOT REPEAT";
    else if (!o.clean_holds)
        remark += "; THE CLEAN BUILD FAILS, TOO";
    const std::string steps = o.steps_shrunk ? std::to_string(*o.steps_shrunk) : "";
    const std::string blob = o.steps_shrunk ? std::to_string(o.blob_bytes) : "";
    return fmt::format(fmt::runtime(header), d.name, d.component, engine::check::name(o.violation.check),
                       o.runs, seconds, steps, blob, remark);
}

std::string json_of(const std::vector<Outcome>& outcomes, const Wish& wish) {
    nlohmann::ordered_json all;
    all["schema"] = "fogsim-mutants/1";
    all["seed"] = wish.seed;
    all["time_limit_s"] = wish.limit_s;
    all["jobs"] = wish.jobs;
    all["defects"] = nlohmann::ordered_json::array();
    for (const Outcome& o : outcomes) {
        nlohmann::ordered_json entry;
        entry["name"] = o.defect->name;
        entry["component"] = o.defect->component;
        entry["killed"] = o.seed.has_value();
        entry["runs"] = o.runs;
        entry["seconds"] = o.seconds;
        if (o.seed) {
            entry["seed"] = *o.seed;
            entry["strategy"] = o.strategy;
            entry["check"] = engine::check::name(o.violation.check);
            entry["expected_check"] = engine::check::name(o.defect->seen_by);
            entry["text"] = engine::tell::in_words(o.violation);
            entry["repeats"] = o.repeats;
            entry["clean_holds"] = o.clean_holds;
            entry["steps_found"] = o.steps_found;
            if (o.steps_shrunk) entry["steps_shrunk"] = *o.steps_shrunk;
            entry["blob_bytes"] = o.blob_bytes;
        } else if (o.defect->survives != nullptr) {
            entry["survives"] = o.defect->survives;
        }
        all["defects"].push_back(std::move(entry));
    }
    return all.dump(2) + "\n";
}

std::optional<int> parse(int argc, char** argv, Wish& wish) {
    std::vector<std::string> only;
    std::string seed = "1";
    std::string strategy = "portfolio";
    std::string limit = "60";
    std::string jobs;
    CLI::App app{
        "Runs the default search against each defect of the catalogue, without telling it which one is on, "
        "and prints how long it takes to see it.\n"
        "Exit codes: 0 all are seen, but for those the catalogue explains; 1 one is not, or a run that "
        "saw one also fails without it; 2 usage.",
        "fogsim mutants"};
    app.add_option("--only", only, "one defect of --list-defects; may be repeated")->type_name("NAME");
    app.add_option("--seed", seed, "first seed of each search")->type_name("N")->capture_default_str();
    app.add_option("--strategy", strategy, "how each search decides: as for fogsim")
        ->type_name("S")
        ->capture_default_str();
    app.add_option("--time-limit", limit, "longest search for one defect")
        ->type_name("SECONDS")
        ->capture_default_str();
    app.add_option("--jobs", jobs, "threads (default: all cores)")->type_name("N");
    bool no_shrink = false;
    app.add_flag("--no-shrink", no_shrink, "leave what was found as it is");
    app.add_option("--json", wish.json, "write the table there (docs/defects.md)")->type_name("FILE");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        tools::tell("fogsim mutants: {} (--help lists the flags)\n",
                    flag_error(app, error, {argv + 1, argv + argc}));
        return static_cast<int>(Verdict::usage);
    }
    wish.shrink = !no_shrink;
    wish.seed = number("--seed", seed, 0, ~0ULL - most_runs);
    try {
        wish.strategy = sim::Strategy::parse(strategy);
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--strategy: {}", error.what()));
    }
    wish.limit_s = number("--time-limit", limit, 1, 1'000'000);
    const std::uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
    wish.jobs = static_cast<unsigned>(jobs.empty() ? cores : number("--jobs", jobs, 1, 1024));
    for (const sim::DefectInfo& defect : sim::defect_catalogue())
        if (only.empty() || std::find(only.begin(), only.end(), defect.name) != only.end())
            wish.defects.push_back(&defect);
    for (const std::string& name : only)
        if (sim::find_defect(name) == nullptr)
            throw engine::UsageError(fmt::format("--only: {}", no_such_defect(name)));
    return std::nullopt;
}

} // namespace

int mutants(int argc, char** argv) {
    Wish wish;
    if (const std::optional<int> ended = parse(argc, argv, wish)) return *ended;
    std::unique_ptr<OutputFile> json;
    if (!wish.json.empty()) json = std::make_unique<OutputFile>("--json", wish.json);

    const engine::Scenario& lag = *scenarios::find("lag");
    std::vector<Outcome> outcomes;
    std::size_t killed = 0;
    std::size_t explained = 0;
    bool clean = true;
    bool stopped = false;
    tools::say_text(fmt::format(fmt::runtime(header), "defect", "component", "seen by", "runs", "seconds",
                                "steps", "blob", "strategy"));
    for (const sim::DefectInfo* defect : wish.defects) {
        if (isatty(STDERR_FILENO))
            tools::tell("\r\033[K{} of {}: {}", outcomes.size() + 1, wish.defects.size(), defect->name);
        sim::SweepProgress progress;
        Outcome outcome = hunt(*defect, wish, lag, progress);
        if (isatty(STDERR_FILENO)) tools::tell("\r\033[K");
        stopped = Interruption::was_signalled();
        if (stopped && !outcome.seed) break;
        tools::say("{}", line_of(outcome));
        (void)tools::lost_output();
        if (outcome.seed) {
            ++killed;
            clean = clean && outcome.repeats && outcome.clean_holds;
        } else if (defect->survives != nullptr) {
            ++explained;
        }
        outcomes.push_back(std::move(outcome));
        if (stopped) break;
    }
    tools::say("fogsim mutants: {} of {} defects seen, {} explained, {} not seen{}\n", killed,
               outcomes.size(), explained, outcomes.size() - killed - explained,
               stopped ? fmt::format("; stopped, {} not tried", wish.defects.size() - outcomes.size()) : "");
    const bool is_written = !json || json->try_commit("fogsim mutants", json_of(outcomes, wish));
    const bool all = killed + explained == outcomes.size();
    if (!all || !clean) return static_cast<int>(Verdict::violated);
    return static_cast<int>(is_written ? Verdict::held : Verdict::usage);
}

} // namespace tools::fogsim
