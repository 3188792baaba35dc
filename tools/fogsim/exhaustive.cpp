// fogsim exhaustive: every ordering of what happens in a small world, or every schedule of a plan near the
// tame one.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/hash.hpp"
#include "engine/input_file.hpp"
#include "engine/tell/words.hpp"
#include "scenarios/topology_needs.hpp"
#include "search/exhaustive/departures.hpp"
#include "search/exhaustive/lines.hpp"
#include "search/failure.hpp"
#include "sim/defect_catalogue.hpp"
#include "tools/flag_error.hpp"
#include "tools/fogsim/arguments.hpp"
#include "tools/fogsim/commands.hpp"
#include "tools/fogsim/exhaustive_defects.hpp"
#include "tools/fogsim/exhaustive_parts.hpp"
#include "tools/fogsim/progress.hpp"
#include "tools/fogsim/report.hpp"
#include "tools/output_file.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {
namespace {

using Json = nlohmann::ordered_json;
using sim::Verdict;
using Clock = std::chrono::steady_clock;

// ------------------------------------------------------------------------------------------------ telling

std::string counted(std::uint64_t n, const char* thing) {
    return fmt::format("{} {}{}", n, thing, n == 1 ? "" : "s");
}

std::string bounds_in_words(const ExhaustiveWish& wish) {
    const all::Bounds& b = wish.bounds;
    std::string text =
        fmt::format("{} of the view stores, {} of the key image stores and {}", counted(b.view, "block"),
                    counted(b.ledger, "block"), counted(b.polls, "balance check"));
    text += b.shards == 1 ? ", one shard of each" : ", two shards of each";
    if (wish.preemptions)
        text += fmt::format(", with at most {} (a line of events is held that could go on)",
                            counted(*wish.preemptions, "hold"));
    return text;
}

/// What a reviewer can check.
std::string certificate_of(const ExhaustiveWish& wish, const all::Lines& lines,
                           const ExhaustiveTotals& totals, std::uint64_t whole_runs) {
    std::string which = totals.complete ? "Every ordering" : "Orderings";
    if (wish.shards > 1) which = fmt::format("Part {} of {} of the orderings", wish.shard + 1, wish.shards);
    std::string text = fmt::format("{} of {}: ", which, bounds_in_words(wish));
    if (wish.reduce)
        text += fmt::format("{} class{}", totals.counts.runs, totals.counts.runs == 1 ? "" : "es");
    else
        text += counted(totals.counts.runs, "ordering");
    text += fmt::format(", {} of them violated; {} different ends.\n", totals.violated, totals.ends.size());
    text += "The lines, whose own events keep their order:";
    for (std::size_t i = 0; i < lines.names().size(); ++i)
        text += fmt::format("{} {} {}", i == 0 ? "" : ",", lines.names()[i], lines.lengths()[i]);
    text += ".\n";
    const auto every = all::orderings(lines.lengths());
    const auto classes = all::classes(lines.lengths());
    if (every && classes)
        text += fmt::format(
            "By formula these are {} orderings in {} classes, where a check depends on every store "
            "and no store on another.\n",
            *every, *classes);
    if (wish.reduce)
        text += "Each class was run once; orderings of one class differ in the order of events that touch "
                "nothing "
                "in common.\n";
    if (totals.complete && totals.violated == 0)
        text += "At each different end all was healed, and the wallet and a fresh one reached the truth.\n";
    if (whole_runs > 0)
        text +=
            fmt::format("Tried: all pairs of events that touch nothing in common commute wherever they can "
                        "meet; {} run anew from their beginning met the same points.\n",
                        counted(whole_runs, "whole ordering"));
    if (!totals.complete) text += "The search is not complete.\n";
    return text;
}

int tell_failure(const ExhaustiveWish& wish, const search::Case& failing) {
    const engine::Scenario scenario = scenarios::lag::scenario_of(*failing.plan);
    Report report;
    report.scenario = &scenario;
    sim::Options& options = report.options.run;
    options.seed = failing.recording.seed;
    options.topology = failing.plan->topology;
    options.defects = failing.defects;
    options.follow = &failing.recording;
    sim::RunResult failed = sim::run(scenario, options);
    if (failed.violations.empty())
        throw engine::InternalError("an ordering that fails in the search holds as a plan");
    report.result.runs = 1;
    report.result.failed_seed = options.seed;
    report.result.failures = 1;
    search::InvestigateOptions wishes;
    wishes.shrink = wish.shrink;
    wishes.budget.stop = [] { return Interruption::was_signalled(); };
    report.failure = search::investigate(scenario, &*failing.plan, options, failed, wishes);
    report.result.failure = std::move(failed);
    if (!report.failure->difference) {
        report.replay = report.failure->blob;
        if (!wish.replay_out.empty()) {
            OutputFile file("--replay-out", wish.replay_out);
            const std::string text = search::to_file_text(
                report.failure->replay, engine::tell::in_words(report.failure->told.violations.front()));
            if (file.try_commit("fogsim exhaustive", text) && report.replay.size() > search::longest_to_paste)
                report.replay = wish.replay_out;
        }
    }
    tools::say_text(failure_story(report));
    tools::say_text(result_line(report) + "\n");
    return static_cast<int>(verdict_of(report));
}

// Orderings drawn by number, so that the same are tried each time.
std::vector<all::Line> drawn_ordering(std::vector<std::uint32_t> left, std::uint64_t number) {
    std::vector<all::Line> ordering;
    std::uint64_t sum = 0;
    for (const std::uint32_t length : left) sum += length;
    for (std::uint64_t bits = number; sum > 0; --sum) {
        bits = engine::mix64(bits + 0x9e3779b97f4a7c15ULL);
        std::uint64_t at = bits % sum;
        all::Line line = 0;
        while (at >= left[line]) at -= left[line++];
        --left[line];
        ordering.push_back(line);
    }
    return ordering;
}

/// What the search takes for granted, tried.  @return how many whole orderings were run
/// @throws engine::InternalError  it is not so
std::uint64_t try_assumptions(all::Lines& lines, std::uint64_t most) {
    for (std::uint64_t n = 0; n < most; ++n)
        if (const std::string wrong = lines.check_points(drawn_ordering(lines.lengths(), n + 1));
            !wrong.empty())
            throw engine::InternalError(wrong);
    if (const std::string wrong = lines.check_footprints(); !wrong.empty())
        throw engine::InternalError(wrong);
    return most;
}

int end_with(const std::string& json_text, std::unique_ptr<OutputFile>& json, int code) {
    (void)tools::lost_output();
    const bool is_written = !json || json->try_commit("fogsim exhaustive", json_text);
    return code == 0 && !is_written ? static_cast<int>(Verdict::usage) : code;
}

// ------------------------------------------------------------------------------------------------ searches

int report_lines(const ExhaustiveWish& wish, all::Lines& lines, const std::vector<ExhaustivePart>& parts,
                 const all::Lines::Work& done, std::unique_ptr<OutputFile> json);

int search_lines(const ExhaustiveWish& wish, std::unique_ptr<OutputFile> json) {
    all::Lines lines(wish.bounds, wish.defects);
    std::vector<ExhaustivePart> parts = parts_of(wish, lines);
    std::error_code ignored;
    if (!wish.resume.empty() && std::filesystem::exists(wish.resume, ignored)) take_up(wish, parts);
    std::unique_ptr<OutputFile> state;
    if (!wish.resume.empty()) state = std::make_unique<OutputFile>("--resume", wish.resume);
    std::unique_ptr<OutputFile> shard;
    if (!wish.shard_out.empty()) shard = std::make_unique<OutputFile>("--shard-out", wish.shard_out);

    sim::SweepProgress progress;
    const Interruption interruption(progress);
    const auto begun = Clock::now();
    const all::Lines::Work done = search_parts(wish, parts, progress);
    const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    if (state) (void)state->try_commit("fogsim exhaustive", state_of(wish, parts));
    const ExhaustiveTotals totals = totals_of(parts, wish.keep_going);
    tools::tell(
        "{} in {:.1f} s; {} events were run in {}, the rest were known from there; {} balances judged\n",
        counted(totals.counts.runs, "run"), seconds, done.events, counted(done.worlds, "world"), done.checks);
    if (shard) {
        const bool is_through = totals.complete || (totals.violated != 0 && !wish.keep_going);
        if (!is_through)
            tools::tell("fogsim exhaustive: --shard-out: not written, for the part is not complete\n");
        else if (!shard->try_commit("fogsim exhaustive", shard_text_of(wish, parts, done)))
            return static_cast<int>(Verdict::usage);
    }
    return report_lines(wish, lines, parts, done, std::move(json));
}

int report_lines(const ExhaustiveWish& wish, all::Lines& lines, const std::vector<ExhaustivePart>& parts,
                 const all::Lines::Work& done, std::unique_ptr<OutputFile> json) {
    const ExhaustiveTotals totals = totals_of(parts, wish.keep_going);
    if (totals.counts.blocked != 0)
        throw engine::InternalError(
            fmt::format("{} runs were begun in vain: a footprint is wrong", totals.counts.blocked));
    std::uint64_t whole_runs = 0;
    if (totals.complete && totals.violated == 0) whole_runs = try_assumptions(lines, 32);

    double estimate = static_cast<double>(totals.counts.runs);
    if (!totals.complete && parts.size() == 1) {
        all::ExploreOptions options;
        options.reduce = wish.reduce;
        all::Explorer explorer(lines, options, {});
        explorer.go_on_from(parts.front().position);
        estimate = explorer.estimate();
    }
    const std::string certificate = certificate_of(wish, lines, totals, whole_runs);
    tools::say_text(certificate);
    int code = static_cast<int>(totals.complete ? Verdict::held : Verdict::inconclusive);
    if (totals.first_violated != nullptr) {
        search::Case failing;
        failing.plan = lines.plan_of(totals.first_violated->first_violated);
        failing.defects = wish.defects;
        failing.recording.base = engine::Recording::Base::tame;
        code = tell_failure(wish, failing);
    } else {
        std::string line =
            fmt::format("fogsim: {} exhaustive view={} ledger={} polls={} shards={} reduction={}",
                        totals.complete ? "PASS" : "INCONCLUSIVE", wish.bounds.view, wish.bounds.ledger,
                        wish.bounds.polls, wish.bounds.shards, wish.reduce ? "optimal" : "none");
        if (wish.preemptions) line += fmt::format(" preemptions={}", *wish.preemptions);
        if (wish.shards > 1) line += fmt::format(" shard={}/{}", wish.shard + 1, wish.shards);
        line += fmt::format(" runs={} violations={} ends={}", totals.counts.runs, totals.violated,
                            totals.ends.size());
        if (!totals.complete)
            line += fmt::format(" reason={}", Interruption::was_signalled() ? "interrupted" : "time limit");
        tools::say("{}\n", line);
    }
    if (!totals.complete && parts.size() == 1)
        tools::tell("about {:.0f} runs in all (Knuth's estimate)\n", estimate);

    Json out;
    out["schema"] = "fogsim-exhaustive/1";
    out["search"] = key_of(wish);
    out["complete"] = totals.complete;
    out["exit_code"] = code;
    out["runs"] = totals.counts.runs;
    out["events"] = totals.counts.events;
    const auto formula = wish.reduce ? all::classes(lines.lengths()) : all::orderings(lines.lengths());
    if (formula && !wish.preemptions && wish.shards == 1) out["by_formula"] = *formula;
    if (!totals.complete && parts.size() == 1) out["estimate"] = estimate;
    out["violated"] = totals.violated;
    out["violations"] = totals.violations;
    out["ends"] = totals.ends;
    out["lines"] = Json::object();
    for (std::size_t i = 0; i < lines.names().size(); ++i)
        out["lines"][lines.names()[i]] = lines.lengths()[i];
    out["certificate"] = certificate;
    out["work"] = {{"points", done.points},
                   {"worlds", done.worlds},
                   {"events", done.events},
                   {"checks", done.checks},
                   {"judgements", done.judgements}};
    return end_with(out.dump(2) + "\n", json, code);
}

int search_plan(const ExhaustiveWish& wish, std::unique_ptr<OutputFile> json) {
    search::Case tame;
    const std::string text = engine::read_input_file("--plan", wish.plan);
    try {
        tame.plan = scenarios::lag::from_json(text);
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--plan: '{}': {}", wish.plan, error.what()));
    }
    if (const std::string why =
            scenarios::refusal(scenarios::lag::scenario_of(*tame.plan), tame.plan->topology);
        !why.empty())
        throw engine::UsageError(fmt::format("--plan: '{}': {}", wish.plan, why));
    tame.defects = wish.defects;
    sim::SweepProgress progress;
    const Interruption interruption(progress);
    const auto begun = Clock::now();
    all::DepartureOptions options;
    options.most = wish.preemptions.value_or(1);
    options.reduce = wish.reduce;
    options.stop = [&] {
        if (wish.limit && Clock::now() >= begun + *wish.limit) return true;
        return progress.stop.load();
    };
    std::optional<search::Case> failing;
    std::uint64_t violated = 0;
    std::uint64_t checks = 0;
    all::Departures departures(tame, options, [&](const search::Case& what, const sim::RunResult& result) {
        checks += result.checks;
        if (result.verdict == Verdict::held) return true;
        if (result.violations.empty())
            throw engine::UsageError(fmt::format("--plan: '{}': {}", wish.plan,
                                                 result.skipped.empty() ? result.reason : result.skipped));
        ++violated;
        if (!failing) failing = what;
        return wish.keep_going;
    });
    const bool complete = departures.explore();
    const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    const bool is_all = complete && violated == 0;
    std::string certificate =
        fmt::format("{} of the plan that differ from the one without any wait in at most {} (who goes first, "
                    "or who is held): "
                    "{}, {} different as all parts of the world see them, {} violated.\n",
                    complete ? "All schedules" : "Schedules", counted(options.most, "decision"),
                    counted(departures.runs(), "run"), departures.classes(), violated);
    if (departures.by_formula() != 0)
        certificate += fmt::format("With one decision they are {} by formula.\n", departures.by_formula());
    tools::say_text(certificate);
    int code = static_cast<int>(is_all ? Verdict::held : Verdict::inconclusive);
    if (failing)
        code = tell_failure(wish, *failing);
    else
        tools::say(
            "fogsim: {} exhaustive plan={} preemptions={} reduction={} runs={} classes={} violations={}{}\n",
            complete ? "PASS" : "INCONCLUSIVE", wish.plan, options.most, wish.reduce ? "seen" : "none",
            departures.runs(), departures.classes(), violated,
            complete                        ? ""
            : Interruption::was_signalled() ? " reason=interrupted"
                                            : " reason=time limit");
    tools::tell("{} in {:.1f} s, {} balances judged\n", counted(departures.runs(), "run"), seconds, checks);
    Json out;
    out["schema"] = "fogsim-exhaustive/1";
    out["plan"] = wish.plan;
    out["preemptions"] = options.most;
    out["reduction"] = wish.reduce;
    out["complete"] = complete;
    out["exit_code"] = code;
    out["runs"] = departures.runs();
    out["classes"] = departures.classes();
    if (departures.by_formula() != 0) out["one_decision_by_formula"] = departures.by_formula();
    out["violated"] = violated;
    out["certificate"] = certificate;
    return end_with(out.dump(2) + "\n", json, code);
}

// ------------------------------------------------------------------------------------------------ flags

std::chrono::milliseconds to_time_limit(const std::string& text) {
    double seconds = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (fault != std::errc{} || end != text.data() + text.size() || !(seconds >= 0.001 && seconds <= 1e9))
        throw engine::UsageError(
            fmt::format("--time-limit: '{}' is not a number of seconds from 0.001 to 1000000000", text));
    return std::chrono::milliseconds(std::llround(seconds * 1000));
}

std::optional<int> parse(int argc, char** argv, ExhaustiveWish& wish) {
    std::string view = "6";
    std::string ledger = "6";
    std::string polls = "6";
    std::string shards = "1";
    std::string preemptions;
    std::string limit;
    std::string jobs;
    std::string shard;
    bool no_reduction = false;
    bool no_shrink = false;
    CLI::App app{"Runs every ordering of the events of a small world, or every schedule of a plan near the "
                 "one without any "
                 "wait, with all checks, and says what was run (docs/exhaustive.md).\n"
                 "Exit codes: 0 none is violated; 1 (3 for liveness) one is; 2 usage; 4 a run is another one "
                 "when it is "
                 "repeated; 6 the time limit or a signal came first.",
                 "fogsim exhaustive"};
    app.add_option("--view", view, "blocks that the view stores take one by one")
        ->type_name("V")
        ->capture_default_str();
    app.add_option("--ledger", ledger, "and the key image stores")->type_name("L")->capture_default_str();
    app.add_option("--polls", polls, "balance checks of one wallet")->type_name("P")->capture_default_str();
    app.add_option("--shards", shards, "of view stores and of key image stores, 1 or 2")
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--plan", wish.plan, "explore the schedules of a plan instead (docs/plan.md)")
        ->type_name("FILE");
    app.add_flag("--no-reduction", no_reduction, "run all orderings, not one of each class");
    app.add_option(
           "--preemptions", preemptions,
           "at most so often a line is held that could go on; with it there is no reduction. With --plan: "
           "decisions that are made otherwise (default 1)")
        ->type_name("N");
    app.add_option("--time-limit", limit, "stop then; 0.5 is half a second")->type_name("SECONDS");
    app.add_option("--jobs", jobs, "threads, without reduction (default: all cores)")->type_name("N");
    app.add_option("--shard", shard, "one of N parts of a search without reduction")->type_name("I/N");
    app.add_option("--shard-out", wish.shard_out, "result of that part, for fogsim merge")->type_name("FILE");
    app.add_option("--resume", wish.resume, "go on where that file says, and write it at the end")
        ->type_name("FILE");
    app.add_option("--defect", wish.defect_names, "switch a defect on; may be repeated")->type_name("NAME");
    app.add_flag("--all-defects", wish.all_defects,
                 "a table: which defects of the catalogue (of --defect, where given) such small worlds find; "
                 "sizes 3 and a time limit of 5 s for each, where nothing is said");
    app.add_flag("--keep-going", wish.keep_going, "past the first violation, to count them");
    app.add_flag("--no-shrink", no_shrink, "leave what was found as it is");
    app.add_option("--replay-out", wish.replay_out, "write what repeats a failure there")->type_name("FILE");
    app.add_option("--json", wish.json, "write the result there (docs/exhaustive.md)")->type_name("FILE");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        tools::tell("fogsim exhaustive: {} (--help lists the flags)\n",
                    flag_error(app, error, {argv + 1, argv + argc}));
        return static_cast<int>(Verdict::usage);
    }
    if (wish.all_defects) {
        for (const char* flag : {"--plan", "--shards", "--shard", "--shard-out", "--resume", "--preemptions",
                                 "--no-reduction", "--keep-going", "--replay-out"})
            if (app.count(flag) != 0)
                throw engine::UsageError(fmt::format("{}: not with --all-defects", flag));
        if (app.count("--view") == 0) view = "3";
        if (app.count("--ledger") == 0) ledger = "3";
        if (app.count("--polls") == 0) polls = "3";
        if (limit.empty()) limit = "5";
    }
    const auto small = [](const char* flag, const std::string& text, std::uint64_t low, std::uint64_t high) {
        return static_cast<std::uint32_t>(number(flag, text, low, high));
    };
    wish.bounds.view = small("--view", view, 0, all::Bounds::most);
    wish.bounds.ledger = small("--ledger", ledger, 0, all::Bounds::most);
    wish.bounds.polls = small("--polls", polls, 0, all::Bounds::most);
    wish.bounds.shards = small("--shards", shards, 1, 2);
    if (!preemptions.empty()) wish.preemptions = small("--preemptions", preemptions, 0, 1000);
    if (!limit.empty()) wish.limit = to_time_limit(limit);
    const std::uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
    wish.jobs = static_cast<unsigned>(jobs.empty() ? cores : number("--jobs", jobs, 1, 1024));
    wish.reduce = !no_reduction;
    wish.shrink = !no_shrink;
    for (const std::string& name : wish.defect_names) {
        const sim::DefectInfo* defect = sim::find_defect(name);
        if (defect == nullptr) throw engine::UsageError(fmt::format("--defect: {}", no_such_defect(name)));
        wish.defects.switch_on(defect->defect);
    }
    if (!wish.plan.empty()) {
        for (const char* flag :
             {"--view", "--ledger", "--polls", "--shards", "--resume", "--shard", "--shard-out"})
            if (app.count(flag) != 0)
                throw engine::UsageError(
                    fmt::format("{}: not with --plan, which says itself what happens", flag));
        return std::nullopt;
    }
    // A bound on holds cuts classes in two: what is within it may be outside in another order.
    if (wish.preemptions) wish.reduce = false;
    if (!shard.empty()) {
        const Shard which = parse_shard(shard);
        wish.shards = which.of;
        wish.shard = which.number - 1;
        if (wish.reduce && wish.shards > 1)
            throw engine::UsageError("--shard: a search with reduction is one piece; use --no-reduction");
    }
    if (!wish.shard_out.empty() && shard.empty()) throw engine::UsageError("--shard-out: needs --shard");
    return std::nullopt;
}

} // namespace

int merge_exhaustive(const std::vector<Part>& parts, const std::string& json_file,
                     const std::string& replay_out) {
    std::unique_ptr<OutputFile> json;
    if (!json_file.empty()) json = std::make_unique<OutputFile>("--json", json_file);
    MergedExhaustive made = merged_exhaustive(parts);
    made.wish.replay_out = replay_out;
    all::Lines lines(made.wish.bounds, made.wish.defects);
    return report_lines(made.wish, lines, made.parts, made.work, std::move(json));
}

int exhaustive(int argc, char** argv) {
    ExhaustiveWish wish;
    if (const std::optional<int> ended = parse(argc, argv, wish)) return *ended;
    std::unique_ptr<OutputFile> json;
    if (!wish.json.empty()) json = std::make_unique<OutputFile>("--json", wish.json);
    if (wish.all_defects) return search_defects(wish, std::move(json));
    return wish.plan.empty() ? search_lines(wish, std::move(json)) : search_plan(wish, std::move(json));
}

} // namespace tools::fogsim
