#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "engine/input_file.hpp"
#include "engine/known_words.hpp"
#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"
#include "scenarios/lag/amounts.hpp"
#include "scenarios/lag/foreign.hpp"
#include "scenarios/lag/plan.hpp"
#include "scenarios/topology_needs.hpp"
#include "search/novel_sweep.hpp"
#include "sim/defect_catalogue.hpp"
#include "sim/foreign_wallets.hpp"
#include "tools/fogsim/commands.hpp"
#include "tools/fogsim/corpus.hpp"
#include "tools/fogsim/crash.hpp"
#include "tools/fogsim/known.hpp"
#include "tools/fogsim/progress.hpp"
#include "tools/fogsim/report.hpp"
#include "tools/output_file.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {
namespace {

using sim::Verdict;

const engine::Scenario& scenario_of(const std::string& name) {
    if (const engine::Scenario* scenario = scenarios::find(name)) return *scenario;
    std::vector<std::string_view> known;
    for (const engine::Scenario& scenario : scenarios::all()) known.push_back(scenario.name);
    throw engine::UsageError(fmt::format("--scenario: there is no scenario '{}'{}", name,
                                         engine::known_words(name, known, "--list-scenarios")));
}

scenarios::lag::Plan plan_of(const std::string& path) {
    const std::string text = engine::read_input_file("--plan", path);
    try {
        return scenarios::lag::from_json(text);
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--plan: '{}': {}", path, error.what()));
    }
}

bool is_novel(const Arguments& arguments) { return arguments.strategy == "novelty"; }

sim::Strategy strategy_of(const Arguments& arguments, bool drawn_sweep) {
    // A single run is to be repeated by its printed command, a long search is to be varied.
    if (is_novel(arguments)) return sim::Strategy::parse("portfolio"); // of runs that begin anew
    if (arguments.strategy.empty()) return sim::Strategy::parse(drawn_sweep ? "portfolio" : "random");
    try {
        return sim::Strategy::parse(arguments.strategy);
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--strategy: {}", error.what()));
    }
}

sim::DefectSet defects_of(const Arguments& arguments) {
    sim::DefectSet defects;
    if (!arguments.profile.empty()) {
        if (arguments.profile != "upstream-7.0.0")
            throw engine::UsageError(fmt::format("--profile: there is no profile '{}'{}", arguments.profile,
                                                 engine::known_words(arguments.profile, {"upstream-7.0.0"})));
        for (const sim::DefectInfo& defect : sim::defect_catalogue())
            if (defect.upstream_7_0_0) defects.switch_on(defect.defect);
    }
    for (const std::string& name : arguments.defects) {
        const sim::DefectInfo* defect = sim::find_defect(name);
        if (defect == nullptr) throw engine::UsageError(fmt::format("--defect: {}", no_such_defect(name)));
        defects.switch_on(defect->defect);
    }
    return defects;
}

const engine::chain::Crypto& crypto_of(const std::string& name) {
    if (name == "fast") return engine::chain::fast_crypto();
    if (name == "ristretto") return engine::chain::ristretto_crypto();
    throw engine::UsageError(fmt::format("--crypto: there is no implementation '{}'{}", name,
                                         engine::known_words(name, {"fast", "ristretto"})));
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
    if (!arguments.max_blocks.empty())
        options.run.block_budget = number("--max-blocks", arguments.max_blocks, 1, 1'000'000'000);
    options.plan = arguments.plan;
    options.profile = arguments.profile;
    options.twice = arguments.check_determinism;
    options.keep_going = arguments.keep_going;
    options.run.strategy = strategy_of(arguments, scenario.generate != nullptr && options.runs > 1);
    if (!arguments.trace.empty() && options.runs > 1)
        throw engine::UsageError(
            fmt::format("--trace: shows one run, and --runs asks for {}; a failure that a "
                        "sweep finds is shown with --replay and --trace",
                        options.runs));
    options.run.keep_events = options.runs == 1 && (!arguments.trace.empty() || !arguments.report.empty());
    return options;
}

// The files that were asked for: refused before any work is done when they cannot be written.
class Outputs {
public:
    explicit Outputs(const Arguments& arguments) {
        if (!arguments.json.empty()) json_.emplace("--json", arguments.json);
        if (!arguments.junit.empty()) junit_.emplace("--junit", arguments.junit);
        if (!arguments.trace.empty()) trace_.emplace("--trace", arguments.trace);
        if (!arguments.report.empty()) html_.emplace("--report", arguments.report);
        if (!arguments.replay_out.empty()) replay_.emplace("--replay-out", arguments.replay_out);
        replay_path_ = arguments.replay_out;
    }
    /// @return whether all are there; those that are not have been told
    bool write(const Report& report) {
        bool all = is_kept_;
        if (json_) all = json_->try_commit("fogsim", to_json(report)) && all;
        if (junit_) all = junit_->try_commit("fogsim", to_junit(report)) && all;
        if (html_) all = html_->try_commit("fogsim", to_html(report)) && all;
        if (!trace_) return all;
        const bool told = report.failure && !report.failure->difference;
        if (told) // of the failure, as it is printed
            return trace_->try_commit("fogsim", to_trace(report.failure->told)) && all;
        if (report.result.failure && !report.result.failure->events.empty())
            return trace_->try_commit("fogsim", to_trace(*report.result.failure)) && all;
        tools::tell("fogsim: --trace: not written, for no single run was to be shown\n");
        return all;
    }
    /// Puts a recording where the user wants it.
    /// @return what the result line names: a file that holds it, or the recording itself, however long.  A
    /// file that
    ///         cannot be written costs the file, not the finding
    std::string keep(const search::Failure& failure, const std::optional<Corpus>& corpus) {
        std::string shown = failure.blob;
        const bool is_long = failure.blob.size() > search::longest_to_paste;
        if (replay_) {
            const std::string text =
                search::to_file_text(failure.replay, engine::tell::in_words(failure.told.violations.front()));
            if (replay_->try_commit("fogsim", text))
                shown = is_long ? replay_path_ : shown;
            else
                is_kept_ = false;
        }
        if (!corpus) return shown;
        try {
            const std::string path = corpus->keep(failure);
            if (is_long && shown == failure.blob) shown = path;
        } catch (const std::exception& error) {
            tools::tell("fogsim: {}\n", error.what());
            is_kept_ = false;
        }
        return shown;
    }

private:
    std::optional<tools::OutputFile> json_;
    std::optional<tools::OutputFile> junit_;
    std::optional<tools::OutputFile> trace_;
    std::optional<tools::OutputFile> html_;
    std::optional<tools::OutputFile> replay_;
    std::string replay_path_;
    bool is_kept_ = true;
};

search::Replay replay_of(const Arguments& arguments) {
    try {
        return search::read_replay(arguments.replay);
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--replay: {}", error.what()));
    }
}

// Told first: a disk that has become full does not take the result away, and a finding keeps its exit code.
int end_with(const Report& report, Outputs& outputs) {
    tools::say_text(failure_story(report));
    if (const std::string unseen = unseen_sentence(report); !unseen.empty()) tools::say("{}\n", unseen);
    tools::say_text(result_line(report) + "\n");
    (void)tools::lost_output();
    const bool is_written = outputs.write(report);
    const Verdict verdict = verdict_of(report);
    return static_cast<int>(verdict == Verdict::held && !is_written ? Verdict::usage : verdict);
}

Limits limits_of(const Arguments& arguments, const sim::SweepOptions& options) {
    Limits limits;
    limits.is_single = options.runs == 1;
    if (!arguments.time_limit.empty())
        limits.seconds = number("--time-limit", arguments.time_limit, 1, 1'000'000);
    limits.memory_bytes = usual_memory_bytes();
    if (!arguments.max_memory.empty())
        limits.memory_bytes = number("--max-memory", arguments.max_memory, 1, 1'000'000'000) << 20;
    return limits;
}

// The thread that runs it does not come back to be told so: what there is to say is said without it.
[[noreturn]] void end_hopeless_run(const Report& report, const sim::RunWatch& watch) {
    const std::uint64_t seed = watch.seed;
    const bool interrupted = watch.wish == sim::CutShort::interrupted;
    const Verdict verdict = interrupted ? Verdict::inconclusive : Verdict::liveness;
    tools::say("The story does not end, for its step {} has none: it was asked to, and nothing has happened "
               "since.\nRepeat with: {}\n",
               watch.story_step.load(), command_of_seed(report, seed));
    tools::say("fogsim: {} scenario={} seed={}{}\n", interrupted ? "INCONCLUSIVE" : "FAIL check=liveness",
               report.scenario->name, seed, interrupted ? " reason=interrupted" : "");
    (void)tools::lost_output();
    ::_exit(static_cast<int>(verdict));
}

// @throws sim::Broken
sim::SweepResult sweep(const Report& report, const Limits& limits, sim::SweepProgress& progress) {
    const Interruption interruption(progress);
    const Watchdog watchdog(progress, limits,
                            [&report](const sim::RunWatch& watch) { end_hopeless_run(report, watch); });
    const ProgressLine line(progress, report.options.runs);
    return sim::sweep(*report.scenario, report.options, progress);
}

// The same by novelty.  @param failing  the case of the first failure
sim::SweepResult sweep(const Report& report, const scenarios::lag::Plan* plan, const Limits& limits,
                       sim::SweepProgress& progress, std::optional<search::Case>& failing) {
    const Interruption interruption(progress);
    const Watchdog watchdog(progress, limits,
                            [&report](const sim::RunWatch& watch) { end_hopeless_run(report, watch); });
    const ProgressLine line(progress, report.options.runs);
    search::NovelSweep made = search::novel_sweep(*report.scenario, plan, report.options, progress);
    failing = std::move(made.failing);
    return std::move(made.result);
}

std::optional<WalletUnderTest> wallet_of(const Arguments& arguments) {
    if (!arguments.foreign_wallet) return std::nullopt;
    return WalletUnderTest{arguments.wallet_address, arguments.wallet_met};
}

// A recording and what has come of it now, as a report.  @param shown  the blob or file it came from
int tell_replay(const search::Replay& replay, sim::RunResult run, const std::string& shown,
                const Arguments& arguments, Outputs& outputs) {
    Report report;
    engine::Scenario scenario;
    scenario.name = replay.what.scenario.c_str();
    report.scenario = &scenario;
    report.program = arguments.program;
    report.wallet = wallet_of(arguments);
    report.is_replay = true;
    report.replay = shown;
    sim::Options& options = report.options.run;
    options.seed = replay.what.recording.seed;
    options.defects = replay.what.defects;
    options.topology = replay.what.world();
    options.strategy = replay.found_by;
    if (replay.what.ristretto) options.crypto = &engine::chain::ristretto_crypto();
    run.strategy = replay.found_by; // a recording needs none, but somebody made the decisions
    report.result.runs = 1;
    report.result.distinct = 1;
    report.result.steps = run.steps;
    report.result.checks = run.checks;
    report.result.judgements = run.judgements;
    report.result.excused = run.excused;
    report.result.digest = run.digest;
    report.result.marks = run.marks;
    report.result.runs_with_mark.add_run(run.marks);
    if (run.verdict != Verdict::held || !run.skipped.empty()) {
        report.result.failed_seed = replay.what.recording.seed;
        report.result.failures = 1;
    }
    if (!run.violations.empty()) {
        report.failure.emplace();
        report.failure->smallest = replay.what;
        report.failure->steps_before = report.failure->steps_after = search::plan_steps(replay.what);
        report.failure->story = run.story;
        report.failure->told = run;
        report.failure->replay = replay;
    }
    report.result.failure = std::move(run);
    return end_with(report, outputs);
}

// The same build gives the same run, down to the digest.  Other code may part from the recording: it is said
// where.
int play_back(const search::Replay& replay, const std::string& shown, const Arguments& arguments,
              Outputs& outputs) {
    search::Manner manner;
    manner.events = true;
    sim::RunResult run;
    try {
        run = search::run(replay.what, manner);
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--replay: {}", error.what()));
    }
    if (run.digest != replay.digest)
        tools::say("This is not the recorded run: its trace is {}, the recorded one was {}.\n",
                   engine::hex_digest(run.digest), engine::hex_digest(replay.digest));
    if (const std::string where = engine::describe(run.departure); !where.empty())
        tools::say("It leaves its recording: {}.\n", where);
    return tell_replay(replay, std::move(run), shown, arguments, outputs);
}

// Plays kept failures back, with the defects that are on now: whether they fail now, not whether they did.
// The first that does ends the search.
// @param held  how many do not fail any more
std::optional<int> play_kept(const Corpus& corpus, const sim::DefectSet& defects, std::size_t& held,
                             const Arguments& arguments, Outputs& outputs) {
    for (Corpus::Entry& entry : corpus.entries()) {
        if (Interruption::was_signalled()) break;
        search::Replay& replay = entry.replay;
        replay.what.defects = defects;
        search::Manner manner;
        manner.events = true;
        sim::RunResult run;
        try {
            run = search::run(replay.what, manner);
        } catch (const engine::UsageError& error) { // a story that is not listed any more
            Corpus::left_alone(entry.path, error.what());
            continue;
        }
        if (run.verdict == Verdict::held) {
            ++held;
            continue;
        }
        if (!run.violations.empty()) replay.check = run.violations.front().check;
        replay.digest = run.digest;
        const std::string blob = search::to_blob(replay);
        tools::say("A failure kept in {} fails again.\n", entry.path);
        return tell_replay(replay, std::move(run),
                           blob.size() <= search::longest_to_paste ? blob : entry.path, arguments, outputs);
    }
    return std::nullopt;
}

// How often ten more runs of a seed fail in the same check.
unsigned fails_again(const engine::Scenario& scenario, const sim::Options& options,
                     const sim::RunResult& failed) {
    unsigned times = 0;
    for (int i = 0; i < 10; ++i) {
        const sim::RunResult again = sim::run(scenario, options);
        if (!again.violations.empty() && again.violations.front().check == failed.violations.front().check)
            ++times;
    }
    return times;
}

// @param made  the sweep, when its parts were made before
int simulate(const Arguments& arguments, const MergedSweep* made) {
    sim::SweepProgress progress;
    // From here on a signal ends the search, not the program: files that were begun are finished.
    const Interruption interruption(progress);
    if (!arguments.replay.empty()) {
        const search::Replay replay = replay_of(arguments);
        Outputs outputs(arguments);
        // What was pasted with blanks or a whole line around it is named as it is.
        std::error_code ignored;
        const bool is_file = std::filesystem::exists(arguments.replay, ignored);
        return play_back(replay, is_file ? arguments.replay : search::to_blob(replay), arguments, outputs);
    }
    std::optional<scenarios::lag::Plan> plan;
    if (!arguments.plan.empty()) plan = plan_of(arguments.plan);
    const auto tally = std::make_shared<scenarios::lag::Tally>();
    engine::Scenario scenario =
        plan ? scenarios::lag::scenario_of(*plan, tally) : scenario_of(arguments.scenario);
    if (arguments.foreign_wallet && scenario.generate != nullptr)
        scenario.generate = [](engine::StorySeed seed) {
            return scenarios::lag::scenario_of(scenarios::lag::generate_for_foreign_wallets(seed));
        };
    if (arguments.foreign_wallet && plan && !scenarios::lag::fits_64_bits(*plan))
        throw engine::UsageError(fmt::format(
            "--plan: '{}': an account is paid more than 64 bits hold, which is all that a wallet can say",
            arguments.plan));
    Report report;
    report.scenario = &scenario;
    report.program = arguments.program;
    report.wallet = wallet_of(arguments);
    report.options = options_of(arguments, scenario);
    std::optional<Shard> shard;
    std::optional<tools::OutputFile> shard_file;
    if (!arguments.shard.empty()) {
        shard = parse_shard(arguments.shard);
        cut(report.options, *shard);
        shard_file.emplace("--shard-out", arguments.shard_out);
    }
    if (const std::string why = scenarios::refusal(scenario, report.options.run.topology); !why.empty())
        throw engine::UsageError("--topology: " + why);
    report.options.on_run = [&report, &arguments](std::uint64_t seed, const sim::RunWatch& watch) {
        if (arguments.on_run) arguments.on_run(seed);
        name_run_at_crash(watch, report.scenario->name, command_of_seed(report, seed));
    };
    const sim::SweepOptions& options = report.options;
    Limits limits = limits_of(arguments, options);
    report.is_novel = is_novel(arguments);
    if (report.is_novel)
        for (const auto& [flag, is_given] :
             {std::pair{"--shard", shard.has_value()}, std::pair{"--known", !arguments.known.empty()},
              std::pair{"--check-determinism", options.twice}})
            if (is_given)
                throw engine::UsageError(
                    fmt::format("{}: not with --strategy novelty, whose runs follow from one another", flag));
    if (shard) limits.is_single = false; // however short, a part that ran out of time is no failure
    report.judges_marks = scenario.generate != nullptr && arguments.topology.empty() &&
                          options.run.strategy == sim::Strategy::parse("portfolio") && !shard &&
                          !report.is_novel && !arguments.foreign_wallet; // whose inside leaves no marks

    if (!arguments.known.empty()) {
        KnownRun wishes;
        wishes.file = arguments.known;
        wishes.gone_fails = arguments.known_must_show;
        wishes.shrink = !arguments.no_shrink;
        wishes.json = arguments.json;
        wishes.junit = arguments.junit;
        const Watchdog watchdog(progress, limits,
                                [&report](const sim::RunWatch& watch) { end_hopeless_run(report, watch); });
        return run_known(scenario, options, wishes, progress);
    }

    std::optional<Corpus> corpus;
    if (!arguments.corpus.empty()) corpus.emplace(arguments.corpus);
    Outputs outputs(arguments);
    if (corpus) {
        report.kept_hold = 0;
        if (const auto code = play_kept(*corpus, options.run.defects, *report.kept_hold, arguments, outputs))
            return *code;
    }
    const auto begun = std::chrono::steady_clock::now();
    const auto took = [&begun] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                     begun);
    };
    std::optional<search::Case> failing; // by novelty
    try {
        if (report.is_novel)
            report.result = sweep(report, plan ? &*plan : nullptr, limits, progress, failing);
        else
            report.result = made == nullptr ? sweep(report, limits, progress)
                                            : result_of(*made, scenario, report.options);
    } catch (const sim::Broken& broken) {
        report.broken = broken.what();
        report.wall_ms = static_cast<std::uint64_t>(took().count());
        tools::tell("fogsim: internal error: {}\nfogsim: repeat with: {}\n", broken.what(),
                    command_of_seed(report, broken.seed()));
        (void)outputs.write(report);
        return static_cast<int>(Verdict::internal_error);
    }
    report.wall_ms = static_cast<std::uint64_t>(took().count());
    if (options.runs > 1 && isatty(STDERR_FILENO))
        tools::tell("{} runs in {:.1f} s\n", report.result.runs, static_cast<double>(report.wall_ms) / 1000);
    if (const std::string why = scenarios::lag::untested(*tally);
        plan && report.result.runs > 0 && !why.empty())
        tools::tell("fogsim: --plan: '{}' tests nothing before its end: {}\n", arguments.plan, why);
    const sim::SweepResult& result = report.result;
    const bool cut_short = (!result.failed_seed || options.keep_going) && result.runs < options.runs;
    if (cut_short) tools::tell("fogsim: stopped after {} of {} runs\n", result.runs, options.runs);
    // A time limit is a wish that was met; an interrupt leaves the question open, unless it was answered.
    report.interrupted =
        !result.failed_seed && cut_short && (Interruption::was_signalled() || result.runs == 0 || shard);
    // Neither is one whose failure a clock or the memory made: it does not repeat.
    const bool is_part = shard && !cut_short &&
                         (!result.failed_seed || result.failure->cut_short == sim::CutShort::no ||
                          result.failure->cut_short == sim::CutShort::blocks);
    if (shard && !is_part) tools::tell("fogsim: --shard-out: not written, for the part is not complete\n");
    if (is_part && !shard_file->try_commit("fogsim", sweep_part_text(arguments, *shard, report.result)))
        return static_cast<int>(Verdict::usage);
    // What was cut short is told as it is: without its limit, the run would go on as before.
    if (result.failed_seed && !shard && !result.difference && !result.failure->violations.empty() &&
        result.failure->cut_short == sim::CutShort::no) {
        sim::Options failed = options.run;
        failed.seed = *result.failed_seed;
        search::InvestigateOptions wishes;
        wishes.shrink = !arguments.no_shrink;
        wishes.budget.stop = [&arguments] {
            return Interruption::was_signalled() ||
                   (arguments.stops_shrinking && arguments.stops_shrinking());
        };
        try {
            if (failing)
                report.failure = search::investigate(*failing, options.run, wishes);
            else
                report.failure =
                    search::investigate(scenario, plan ? &*plan : nullptr, failed, *result.failure, wishes);
            if (arguments.foreign_wallet) {
                report.fails_again = fails_again(scenario, failed, *result.failure);
                // A wallet that does not always do the same is judged all the same.
                if (report.failure->difference && *report.fails_again > 0) report.failure.reset();
            }
        } catch (const sim::WalletGone& gone) {
            // What was found stays found.
            report.failure.reset();
            report.fails_again.reset();
            tools::tell("fogsim: {}: the failure is told as it was found\n", gone.what());
        }
        if (report.failure && !report.failure->difference) {
            report.replay = outputs.keep(*report.failure, corpus);
        }
    }
    return end_with(report, outputs);
}

} // namespace

int simulate(const Arguments& arguments) { return simulate(arguments, nullptr); }

int report_merged(const MergedSweep& made) { return simulate(made.arguments, &made); }

} // namespace tools::fogsim
