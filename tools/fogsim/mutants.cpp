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
#include "search/novel_sweep.hpp"
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
    bool is_novel = false; ///< strategy novelty, whose fresh runs are as `strategy` has it
    std::uint64_t limit_s = 60;
    unsigned jobs = 1;
    bool shrink = true;
    std::string json;
    Shard shard{};
    std::string shard_out; ///< result file of the shard
};

/// What became of one defect.
struct Outcome {
    const sim::DefectInfo* defect = nullptr;
    std::uint64_t runs = 0;
    double seconds = 0;
    std::optional<std::uint64_t> seed; ///< of the run that saw it
    std::string check;                 ///< that saw it
    std::string text;                  ///< what it saw
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
    sim::SweepResult found;
    std::optional<search::Case> failing; // by novelty, where a seed alone does not give the run
    if (wish.is_novel) {
        search::NovelSweep made = search::novel_sweep(lag, nullptr, search, progress);
        found = std::move(made.result);
        failing = std::move(made.failing);
    } else {
        found = sim::sweep(lag, search, progress);
    }
    outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    outcome.runs = found.runs;
    if (!found.failed_seed || found.failure->violations.empty()) return outcome;
    outcome.seed = found.failed_seed;
    outcome.check = engine::check::name(found.failure->violations.front().check);
    outcome.text = engine::tell::in_words(found.failure->violations.front());
    outcome.strategy = sim::describe(found.failure->strategy);
    if (wish.is_novel && !failing) return outcome; // it was cut short, and does not repeat

    search::InvestigateOptions wishes;
    wishes.shrink = wish.shrink;
    wishes.budget.most_runs = shrink_runs;
    wishes.budget.stop = [] { return Interruption::was_signalled(); };
    sim::Options of_it = search.run;
    of_it.seed = *found.failed_seed;
    const search::Failure failure = failing
                                        ? search::investigate(*failing, search.run, wishes)
                                        : search::investigate(lag, nullptr, of_it, *found.failure, wishes);
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
    return fmt::format(fmt::runtime(header), d.name, d.component, o.check, o.runs, seconds, steps, blob,
                       remark);
}

using Json = nlohmann::ordered_json;

Json json_of(const Outcome& o) {
    Json entry;
    entry["name"] = o.defect->name;
    entry["component"] = o.defect->component;
    entry["killed"] = o.seed.has_value();
    entry["runs"] = o.runs;
    entry["seconds"] = o.seconds;
    if (o.seed) {
        entry["seed"] = *o.seed;
        entry["strategy"] = o.strategy;
        entry["check"] = o.check;
        entry["expected_check"] = engine::check::name(o.defect->seen_by);
        entry["text"] = o.text;
        entry["repeats"] = o.repeats;
        entry["clean_holds"] = o.clean_holds;
        entry["steps_found"] = o.steps_found;
        if (o.steps_shrunk) entry["steps_shrunk"] = *o.steps_shrunk;
        entry["blob_bytes"] = o.blob_bytes;
    } else if (o.defect->survives != nullptr) {
        entry["survives"] = o.defect->survives;
    }
    return entry;
}

// @throws nlohmann::json::exception
Outcome outcome_from(const Json& entry, const sim::DefectInfo& defect) {
    Outcome o;
    o.defect = &defect;
    o.runs = entry.at("runs").get<std::uint64_t>();
    o.seconds = entry.at("seconds").get<double>();
    if (!entry.at("killed").get<bool>()) return o;
    o.seed = entry.at("seed").get<std::uint64_t>();
    o.strategy = entry.at("strategy").get<std::string>();
    o.check = entry.at("check").get<std::string>();
    o.text = entry.at("text").get<std::string>();
    o.repeats = entry.at("repeats").get<bool>();
    o.clean_holds = entry.at("clean_holds").get<bool>();
    o.steps_found = entry.at("steps_found").get<std::size_t>();
    if (entry.contains("steps_shrunk")) o.steps_shrunk = entry.at("steps_shrunk").get<std::size_t>();
    o.blob_bytes = entry.at("blob_bytes").get<std::size_t>();
    return o;
}

std::string json_of(const std::vector<Outcome>& outcomes, const Wish& wish) {
    Json all;
    all["schema"] = "fogsim-mutants/1";
    all["seed"] = wish.seed;
    all["time_limit_s"] = wish.limit_s;
    all["jobs"] = wish.jobs;
    all["defects"] = Json::array();
    for (const Outcome& o : outcomes) all["defects"].push_back(json_of(o));
    return all.dump(2) + "\n";
}

// ------------------------------------------------------------------------------------------------ in parts

/// What parts of one table have in common.
Json key_of(const Wish& wish) {
    Json key;
    key["seed"] = wish.seed;
    key["strategy"] = wish.is_novel ? "novelty" : sim::describe(wish.strategy);
    key["time_limit_s"] = wish.limit_s;
    key["shrink"] = wish.shrink;
    key["defects"] = Json::array();
    for (const sim::DefectInfo* defect : wish.defects) key["defects"].push_back(defect->name);
    return key;
}

/// Dealt out one to each part in turn: neighbours in the catalogue are about equally hard to see.
std::vector<const sim::DefectInfo*> defects_of(const Wish& wish) {
    std::vector<const sim::DefectInfo*> own;
    for (std::size_t i = wish.shard.number - 1; i < wish.defects.size(); i += wish.shard.of)
        own.push_back(wish.defects[i]);
    return own;
}

std::string part_text_of(const Wish& wish, const std::vector<Outcome>& outcomes) {
    Json result;
    result["jobs"] = wish.jobs;
    result["defects"] = Json::array();
    for (const Outcome& o : outcomes) result["defects"].push_back(json_of(o));
    return part_text("mutants", wish.shard, key_of(wish), result);
}

/// The table as it grows.
class Table {
public:
    Table() {
        tools::say_text(fmt::format(fmt::runtime(header), "defect", "component", "seen by", "runs", "seconds",
                                    "steps", "blob", "strategy"));
    }
    void add(Outcome outcome) {
        tools::say("{}", line_of(outcome));
        (void)tools::lost_output();
        if (outcome.seed) {
            ++killed_;
            is_clean_ = is_clean_ && outcome.repeats && outcome.clean_holds;
        } else if (outcome.defect->survives != nullptr) {
            ++explained_;
        }
        outcomes_.push_back(std::move(outcome));
    }
    const std::vector<Outcome>& outcomes() const { return outcomes_; }
    /// @return the exit code
    int end(const Wish& wish, std::size_t not_tried, OutputFile* json) const {
        tools::say("fogsim mutants: {} of {} defects seen, {} explained, {} not seen{}\n", killed_,
                   outcomes_.size(), explained_, outcomes_.size() - killed_ - explained_,
                   not_tried != 0 ? fmt::format("; stopped, {} not tried", not_tried) : "");
        const bool is_written =
            json == nullptr || json->try_commit("fogsim mutants", json_of(outcomes_, wish));
        const bool all = killed_ + explained_ == outcomes_.size();
        if (!all || !is_clean_) return static_cast<int>(Verdict::violated);
        return static_cast<int>(is_written ? Verdict::held : Verdict::usage);
    }

private:
    std::vector<Outcome> outcomes_;
    std::size_t killed_ = 0;
    std::size_t explained_ = 0;
    bool is_clean_ = true;
};

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
    app.add_option("--strategy", strategy,
                   "how each search decides: as for fogsim; novelty works on one core")
        ->type_name("S")
        ->capture_default_str();
    app.add_option("--time-limit", limit, "longest search for one defect")
        ->type_name("SECONDS")
        ->capture_default_str();
    app.add_option("--jobs", jobs, "threads (default: all cores)")->type_name("N");
    std::string shard;
    CLI::Option* shard_out =
        app.add_option("--shard-out", wish.shard_out, "result of a part, for fogsim merge")
            ->type_name("FILE");
    app.add_option("--shard", shard, "look for part I of N of the defects only (docs/many-machines.md)")
        ->type_name("I/N")
        ->needs(shard_out);
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
    wish.is_novel = strategy == "novelty";
    if (wish.is_novel) strategy = "portfolio";
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
    if (!wish.shard_out.empty() && shard.empty()) throw engine::UsageError("--shard-out: needs --shard");
    if (!shard.empty()) wish.shard = parse_shard(shard);
    if (wish.shard.of > wish.defects.size())
        throw engine::UsageError(
            fmt::format("--shard: {} parts, and there are {} defects", wish.shard.of, wish.defects.size()));
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

    std::unique_ptr<OutputFile> part;
    if (!wish.shard_out.empty()) part = std::make_unique<OutputFile>("--shard-out", wish.shard_out);

    const engine::Scenario& lag = *scenarios::find("lag");
    const std::vector<const sim::DefectInfo*> own = defects_of(wish);
    Table table;
    bool stopped = false;
    for (const sim::DefectInfo* defect : own) {
        if (isatty(STDERR_FILENO))
            tools::tell("\r\033[K{} of {}: {}", table.outcomes().size() + 1, own.size(), defect->name);
        sim::SweepProgress progress;
        Outcome outcome = hunt(*defect, wish, lag, progress);
        if (isatty(STDERR_FILENO)) tools::tell("\r\033[K");
        stopped = Interruption::was_signalled();
        if (stopped && !outcome.seed) break;
        table.add(std::move(outcome));
        if (stopped) break;
    }
    const std::size_t not_tried = own.size() - table.outcomes().size();
    if (part && not_tried != 0)
        tools::tell("fogsim mutants: --shard-out: not written, for the part is not complete\n");
    const bool is_written =
        !part || not_tried != 0 || part->try_commit("fogsim mutants", part_text_of(wish, table.outcomes()));
    const int code = table.end(wish, not_tried, json.get());
    return code == 0 && !is_written ? static_cast<int>(Verdict::usage) : code;
}

int merge_mutants(const std::vector<Part>& parts, const std::string& json_file) {
    std::unique_ptr<OutputFile> json;
    if (!json_file.empty()) json = std::make_unique<OutputFile>("--json", json_file);
    Wish wish;
    const Part& first = parts.front();
    std::vector<std::string> names;
    first.read([&] {
        const Json& key = first.arguments();
        wish.seed = key.at("seed").get<std::uint64_t>();
        wish.limit_s = key.at("time_limit_s").get<std::uint64_t>();
        names = key.at("defects").get<std::vector<std::string>>();
        wish.jobs = first.result().at("jobs").get<unsigned>();
    });
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const Part& part = parts[i % parts.size()];
        const sim::DefectInfo* defect = sim::find_defect(names[i]);
        if (defect == nullptr) part.refuse("a defect of it is not known here");
        part.read([&] {
            const Json& entry = part.result().at("defects").at(i / parts.size());
            if (entry.at("name") != names[i]) part.refuse("its defects are not in their order");
            outcomes.push_back(outcome_from(entry, *defect));
        });
    }
    Table table;
    for (Outcome& outcome : outcomes) table.add(std::move(outcome));
    return table.end(wish, 0, json.get());
}

} // namespace tools::fogsim
