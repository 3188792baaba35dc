#include "tools/fogsim/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/tell/words.hpp"
#include "search/story.hpp"
#include "sim/defect_catalogue.hpp"
#include "sim/mark_catalogue.hpp"
#include "tools/build_facts.hpp"
#include "tools/markup.hpp"

namespace tools::fogsim {

using engine::check::Violation;
using sim::Verdict;
using Json = nlohmann::ordered_json;

namespace {

std::string seeds_of(const Report& report) {
    const sim::SweepOptions& options = report.options;
    const sim::SweepResult& result = report.result;
    // Not every run of novelty has a seed of its own.
    if (report.is_novel)
        return fmt::format("first_seed={} runs={} distinct={}", options.run.seed, result.runs,
                           result.distinct);
    if (options.runs == 1) return fmt::format("seed={}", options.run.seed);
    const std::uint64_t last = options.run.seed + (result.runs == 0 ? 0 : result.runs - 1);
    return fmt::format("seeds={}..{} runs={} distinct={}", options.run.seed, last, result.runs,
                       result.distinct);
}

std::string fields_of(const Violation& violation) {
    std::string text;
    if (violation.account) text += fmt::format(" account={}", violation.account->value);
    if (violation.count) text += fmt::format(" count={}", violation.count->value);
    if (violation.shown) text += fmt::format(" shown={}", engine::check::to_text(*violation.shown));
    if (violation.truth) text += fmt::format(" true={}", engine::check::to_text(*violation.truth));
    return text;
}

std::string strategy_of(const Report& report, const sim::Strategy& strategy) {
    return report.is_novel ? "novelty" : sim::describe(strategy);
}

Json to_json(const std::vector<Violation>& violations) {
    Json out = Json::array();
    for (const Violation& v : violations) {
        Json violation;
        violation["check"] = name(v.check);
        violation["text"] = engine::tell::in_words(v);
        violation["at_ms"] = v.at.ms();
        violation["step"] = v.step;
        if (v.account) violation["account"] = v.account->value;
        if (v.count) violation["count"] = v.count->value;
        if (v.shown) violation["shown"] = engine::check::to_text(*v.shown); // may exceed 64 bits
        if (v.truth) violation["true"] = engine::check::to_text(*v.truth);
        out.push_back(std::move(violation));
    }
    return out;
}

Json to_json(const search::Failure& failure, const std::string& replay) {
    Json out;
    out["shrunk"] = failure.shrunk;
    out["minimal"] = failure.minimal;
    out["shrink_runs"] = failure.shrink_runs;
    out["plan_steps_before"] = failure.steps_before;
    out["plan_steps"] = failure.steps_after;
    out["decisions"] = failure.smallest.recording.fixed.size();
    out["topology"] = engine::describe(failure.smallest.world());
    if (failure.smallest.plan) out["plan"] = Json::parse(scenarios::lag::to_json(*failure.smallest.plan));
    out["story"] = search::story_of(failure.smallest, failure.told);
    out["violations"] = to_json(failure.told.violations);
    out["trace"] = engine::hex_digest(failure.told.digest);
    out["replay"] = replay;
    return out;
}

// nlohmann throws at bytes that are not UTF-8, and a file's name may have some.
std::string dumped(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

std::size_t marks_hit(const engine::MarkCounts& marks) {
    std::size_t hit = 0;
    for (const sim::MarkInfo& info : sim::mark_catalogue()) hit += marks.of(info.mark) != 0 ? 1 : 0;
    return hit;
}

const sim::Difference* difference_of(const Report& report) {
    if (report.result.difference) return &*report.result.difference;
    if (report.failure && report.failure->difference) return &*report.failure->difference;
    return nullptr;
}

std::vector<std::string> missed_marks(const Report& report) {
    std::vector<std::string> missed;
    if (!report.judges_marks || report.interrupted || report.result.failed_seed) return missed;
    for (const sim::MarkInfo& info : sim::mark_catalogue())
        if (info.required_within_runs != 0 && report.result.runs >= info.required_within_runs &&
            report.result.marks.of(info.mark) == 0)
            missed.push_back(info.name);
    return missed;
}

// A run from its seed: what of the command line decides it.
std::string command_of_seed(const Report& report, std::uint64_t seed) {
    const engine::Scenario& scenario = *report.scenario;
    const sim::SweepOptions& options = report.options;
    std::string command =
        options.plan.empty()
            ? fmt::format("{} --scenario {} --seed {}", report.program, scenario.name, seed)
            : fmt::format("{} --plan {} --seed {}", report.program, shell_word(options.plan), seed);
    if (scenario.generate != nullptr)
        for (const std::string& change : options.run.topology_changes)
            command += fmt::format(" --topology {}", change);
    else if (options.run.topology != scenario.topology)
        command += fmt::format(" --topology {}", engine::describe(options.run.topology));
    if (options.run.crypto != &engine::chain::fast_crypto())
        command += fmt::format(" --crypto {}", options.run.crypto->name());
    if (!options.profile.empty()) command += fmt::format(" --profile {}", options.profile);
    for (const sim::DefectInfo& defect : sim::defect_catalogue())
        if (options.run.defects.has(defect.defect) && (options.profile.empty() || !defect.upstream_7_0_0))
            command += fmt::format(" --defect {}", defect.name);
    if (const sim::Strategy strategy = options.run.strategy.for_seed(seed); strategy != sim::Strategy{})
        command += fmt::format(" --strategy {}", sim::describe(strategy));
    if (options.run.block_budget != sim::Options().block_budget)
        command += fmt::format(" --max-blocks {}", options.run.block_budget);
    if (options.twice) command += " --check-determinism";
    return command;
}

std::string repeat_command(const Report& report) {
    if (!report.replay.empty())
        return fmt::format("{} --replay {}", report.program, shell_word(report.replay));
    return command_of_seed(report, report.result.failed_seed.value_or(report.options.run.seed));
}

engine::check::Conclusion conclusion_of(const Report& report) {
    const sim::SweepResult& result = report.result;
    engine::check::Ending ending;
    ending.internal = report.broken;
    ending.differs = difference_of(report) != nullptr;
    if (result.failed_seed && result.failure) {
        if (!result.failure->violations.empty()) ending.violation = &result.failure->violations.front();
        ending.skipped = result.failure->skipped;
        ending.broken = result.failure->reason;
    }
    ending.interrupted = report.interrupted;
    ending.marks_missed = !missed_marks(report).empty();
    ending.reports = result.checks;
    return engine::check::conclude(ending);
}

Verdict verdict_of(const Report& report) { return conclusion_of(report).verdict; }

std::string unseen_sentence(const Report& report) {
    const sim::SweepResult& result = report.result;
    if (report.options.runs == 1 || report.is_replay || report.is_novel || result.failed_seed ||
        result.unseen_shapes.runs < 2)
        return {};
    return fmt::format(
        "One more run may show a mark that was not hit: {}; a combination of marks that no run had: "
        "{} (bounds with 95 % confidence).",
        sim::in_words(result.unseen_marks), sim::in_words(result.unseen_shapes));
}

std::string result_line(const Report& report) {
    const sim::SweepResult& result = report.result;
    const char* scenario = report.scenario->name;
    if (const sim::Difference* d = difference_of(report))
        return fmt::format("fogsim: FAIL check=determinism scenario={} seed={} event={}", scenario, d->seed,
                           d->event);
    const engine::check::Conclusion conclusion = conclusion_of(report);
    if (result.failed_seed && result.failure->violations.empty())
        return fmt::format("fogsim: {} scenario={} seed={} reason={}", conclusion.word, scenario,
                           *result.failed_seed, conclusion.reason);
    if (result.failed_seed) {
        const sim::RunResult& told = report.failure ? report.failure->told : *result.failure;
        const Violation& violation = told.violations.front();
        std::string line = fmt::format("fogsim: {} check={} scenario={} seed={}{} strategy={}",
                                       conclusion.word, name(violation.check), scenario, *result.failed_seed,
                                       fields_of(violation), strategy_of(report, result.failure->strategy));
        if (result.failures > 1) line += fmt::format(" failures={}", result.failures);
        if (told.cut_short == sim::CutShort::no || told.cut_short == sim::CutShort::blocks)
            line += fmt::format(" trace={}", engine::hex_digest(told.digest)); // else it does not repeat
        if (!report.replay.empty()) line += fmt::format(" replay={}", report.replay);
        return line;
    }
    const char* what = conclusion.verdict == Verdict::mark_missed ? " check=marks" : "";
    const std::string& file = report.options.plan;
    const std::string plan = file.empty() ? "" : fmt::format(" plan={}", shell_word(file));
    std::string line = fmt::format(
        "fogsim: {}{} scenario={}{} {} strategy={} steps={} checks={}", conclusion.word, what, scenario, plan,
        seeds_of(report), strategy_of(report, report.options.run.strategy), result.steps, result.checks);
    if (report.options.runs == 1 && result.failure)
        line += fmt::format(" virtual_ms={}", result.failure->virtual_ms);
    else
        line += fmt::format(" marks={}/{}", marks_hit(result.marks), engine::mark_count);
    if (!conclusion.reason.empty()) line += fmt::format(" reason={}", conclusion.reason);
    return line + fmt::format(" trace={}", engine::hex_digest(result.digest));
}

std::string failure_story(const Report& report) {
    std::string text;
    const sim::SweepResult& result = report.result;
    if (report.kept_hold)
        text += fmt::format("Failures kept in the corpus that hold now: {}.\n", *report.kept_hold);
    if (const sim::Difference* d = difference_of(report)) {
        text += fmt::format("Two runs of seed {} differ first at event {}:\n  first:  {}\n  second: {}\n",
                            d->seed, d->event, d->first.empty() ? "(had ended)" : d->first,
                            d->second.empty() ? "(had ended)" : d->second);
    } else if (report.failure) {
        const search::Failure& failure = *report.failure;
        text += fmt::format("What happened, in a world of {}:\n",
                            engine::tell::in_words(failure.smallest.world()));
        std::size_t number = 1;
        for (const std::string& sentence : search::story_of(failure.smallest, failure.told))
            text += fmt::format("{:>3}. {}\n", number++, sentence);
        const Violation& first = failure.told.violations.front();
        if (first.stated)
            text += fmt::format("A statement of the story, of the kind {}.\n", name(first.check));
        else
            text += fmt::format("A {} violation: it must hold that {}.\n", name(first.check),
                                holds_when(first.check));
    } else if (result.failure) {
        for (const Violation& violation : result.failure->violations)
            text += fmt::format("At {} ms check {} fails: {}.\n", violation.at.ms(), name(violation.check),
                                engine::tell::in_words(violation));
    }
    for (const std::string& mark : missed_marks(report))
        text +=
            fmt::format("A situation that this sweep must have been through never came about: {}.\n", mark);
    if (report.fails_again)
        text += fmt::format("In ten more runs of this seed the wallet failed {} times in this way{}.\n",
                            *report.fails_again,
                            *report.fails_again == 10 ? "" : ": it does not always do the same");
    if (result.failed_seed) text += fmt::format("Repeat with: {}\n", repeat_command(report));
    return text;
}

std::string to_json(const Report& report) {
    const engine::Scenario& scenario = *report.scenario;
    const sim::SweepOptions& options = report.options;
    const sim::SweepResult& result = report.result;
    Json json;
    json["tool"] = "fogsim";
    json["schema"] = 1;
    json["version"] = build_facts().version;
    json["commit"] = build_facts().commit;
    json["commit_date"] = build_facts().date;
    json["scenario"] = scenario.name;
    if (!options.plan.empty()) json["plan"] = options.plan;
    json["first_seed"] = options.run.seed;
    json["runs_wanted"] = options.runs;
    json["runs"] = result.runs;
    json["strategy"] = strategy_of(report, options.run.strategy);
    json["crypto"] = options.run.crypto->name();
    // A drawn topology differs from seed to seed: the one shown is the failed run's.
    if (scenario.generate == nullptr) json["topology"] = engine::describe(options.run.topology);
    json["verdict"] = engine::check::name(verdict_of(report));
    if (report.interrupted) json["interrupted"] = true;
    if (report.kept_hold) json["kept_failures_that_hold"] = *report.kept_hold;
    if (!report.broken.empty()) json["error"] = report.broken;
    json["exit_code"] = static_cast<int>(verdict_of(report));
    json["distinct"] = result.distinct;
    json["steps"] = result.steps;
    json["checks"] = result.checks;
    json["judgements"] = result.judgements;
    json["excused"] = Json::object();
    for (const auto& [cause, failures] : result.excused) json["excused"][cause] = failures;
    json["trace"] = engine::hex_digest(result.digest);
    json["defects"] = Json::array();
    for (const sim::DefectInfo& info : sim::defect_catalogue())
        if (options.run.defects.has(info.defect)) json["defects"].push_back(info.name);
    json["marks_missed"] = missed_marks(report);
    for (const sim::MarkInfo& info : sim::mark_catalogue())
        json["marks"][info.name] = result.marks.of(info.mark);
    for (const sim::MarkInfo& info : sim::mark_catalogue())
        json["runs_with_mark"][info.name] = result.runs_with_mark.of(info.mark);
    if (!unseen_sentence(report).empty()) {
        const auto unseen = [](const sim::Unseen& one) {
            return Json{{"once", one.once}, {"runs", one.runs}, {"at_most", one.at_most}, {"of", one.of}};
        };
        json["unseen"] = {{"marks", unseen(result.unseen_marks)}, {"shapes", unseen(result.unseen_shapes)}};
    }
    if (result.failed_seed) {
        Json failure;
        failure["seed"] = *result.failed_seed;
        failure["strategy"] = strategy_of(report, result.failure->strategy);
        failure["repeat"] = report.is_replay || report.is_novel
                                ? repeat_command(report)
                                : command_of_seed(report, *result.failed_seed);
        if (const sim::Difference* d = difference_of(report)) {
            failure["event"] = d->event;
            failure["first"] = d->first;
            failure["second"] = d->second;
        }
        if (report.fails_again) failure["fails_again_of_10"] = *report.fails_again;
        if (!result.failure->skipped.empty()) failure["skipped"] = result.failure->skipped;
        failure["topology"] = engine::describe(result.failure->topology);
        failure["story"] =
            report.failure && !report.failure->difference ? report.failure->story : result.failure->story;
        failure["violations"] = to_json(result.failure->violations);
        if (report.failure && !report.failure->difference)
            failure["smallest"] = to_json(*report.failure, report.replay);
        json["failure"] = std::move(failure);
    }
    return dumped(json);
}

std::string to_junit(const Report& report) {
    const Verdict verdict = verdict_of(report);
    const bool broken = verdict == Verdict::internal_error;
    const bool skipped = verdict == Verdict::inconclusive;
    const bool failed = verdict != Verdict::held && !broken && !skipped;
    const std::string seconds = fmt::format("{}.{:03}", report.wall_ms / 1000, report.wall_ms % 1000);
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    text += fmt::format("<testsuite name=\"fogsim\" tests=\"1\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
                        "time=\"{}\">\n",
                        failed ? 1 : 0, broken ? 1 : 0, skipped ? 1 : 0, seconds);
    text += fmt::format("  <testcase classname=\"fogsim\" name=\"{}\" time=\"{}\">\n",
                        escaped(report.scenario->name), seconds);
    if (broken) text += fmt::format("    <error message=\"{}\"/>\n", escaped(report.broken));
    if (failed)
        text += fmt::format("    <failure message=\"{}\">{}</failure>\n", escaped(result_line(report)),
                            escaped(failure_story(report)));
    if (skipped) text += fmt::format("    <skipped message=\"{}\"/>\n", escaped(result_line(report)));
    return text + "  </testcase>\n</testsuite>\n";
}

} // namespace tools::fogsim
