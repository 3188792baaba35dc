#include "tools/fogreal/result.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "engine/tell/words.hpp"
#include "tools/known_faults.hpp"
#include "tools/markup.hpp"

namespace tools::fogreal {
namespace {

std::int64_t ms(engine::Duration d) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

std::string account_text(const engine::check::Violation& v) {
    std::string out;
    if (v.account) out += fmt::format(" account={}", v.account->value);
    if (v.count) out += fmt::format(" count={}", v.count->value);
    if (v.shown) out += fmt::format(" shown={}", engine::check::to_text(*v.shown));
    if (v.truth) out += fmt::format(" true={}", engine::check::to_text(*v.truth));
    return out;
}

/// Who polls on says the same again and again: the last words of a step are what counts.
constexpr std::size_t answers_of_a_step = 6;

std::vector<std::string> answers_in(const Result& r, std::size_t step) {
    std::vector<std::string> all;
    for (const real::RealWorld::Heard& heard : r.heard)
        if (heard.step == step) all.push_back(heard.text);
    if (all.size() <= answers_of_a_step) return all;
    const std::size_t left_out = all.size() - answers_of_a_step;
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(left_out));
    all.insert(all.begin(), fmt::format("({} answers before)", left_out));
    return all;
}

std::string end_of(const Result& r) {
    const engine::check::Violation& v = r.violations.front();
    return fmt::format("At {} ms, check {}: {}", v.at.ms(), engine::check::name(v.check),
                       engine::tell::in_words(v));
}

} // namespace

engine::check::Conclusion conclusion_of(const Result& r) {
    engine::check::Ending ending;
    if (!r.violations.empty()) ending.violation = &r.violations.front();
    ending.skipped = r.skipped;
    ending.internal = r.internal;
    ending.usage = r.usage;
    ending.broken = r.broken;
    ending.interrupted = r.interrupted;
    ending.unjudged = r.unjudged;
    ending.reports = r.checks;
    if (r.known.empty()) return engine::check::conclude(ending);
    // What is known covers nothing else, but that the run ended before its time is its doing.
    ending.violation = nullptr;
    ending.unjudged.clear();
    ending.reports = std::max<std::uint64_t>(ending.reports, 1);
    engine::check::Conclusion conclusion = engine::check::conclude(ending);
    if (conclusion.verdict == Verdict::held) conclusion.word = "KNOWN";
    return conclusion;
}

engine::check::Conclusion conclusion_of(const std::vector<Result>& results) {
    engine::check::Conclusion first;
    bool is_told = false;
    for (const Result& r : results) is_told = is_told || r.skipped.empty();
    for (const Result& r : results) {
        if (!r.skipped.empty() && is_told) continue;
        engine::check::Conclusion one = conclusion_of(r);
        if (one.verdict == Verdict::held) continue;
        const bool is_violation = !r.violations.empty() && r.known.empty();
        if (is_violation) return one;
        if (first.verdict == Verdict::held) first = std::move(one);
    }
    return first;
}

std::string summary(const Result& r) {
    const engine::check::Conclusion conclusion = conclusion_of(r);
    std::string begin = fmt::format("fogreal: {}", conclusion.word);
    if (!r.known.empty()) begin += fmt::format(" fault={}", fmt::join(r.known, ","));
    if (!r.violations.empty()) {
        const engine::check::Violation& v = r.violations.front();
        return fmt::format("{} check={} scenario={} seed={}{} at_ms={} step={} wallet={}", begin,
                           engine::check::name(v.check), r.scenario, r.seed, account_text(v), v.at.ms(),
                           v.step, r.wallet);
    }
    if (!r.skipped.empty()) return fmt::format("{} scenario={} why={}", begin, r.scenario, r.skipped);
    const std::string run =
        fmt::format("scenario={} seed={} wallet={} programs={}", r.scenario, r.seed, r.wallet, r.programs);
    if (conclusion.verdict == Verdict::held)
        return fmt::format("{} {} steps={} checks={} excused={} ms={}", begin, run, r.steps, r.checks,
                           r.excuses.size(), ms(r.total));
    return fmt::format("{} {} steps={} checks={} ms={}", begin, run, r.steps, r.checks, ms(r.total));
}

std::vector<std::string> told(const Result& r) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < r.story.size(); ++i) {
        lines.push_back(r.story[i]);
        for (std::string& answer : answers_in(r, i + 1)) lines.push_back(std::move(answer));
    }
    lines.push_back(end_of(r));
    return lines;
}

std::string explanation(const Result& r) {
    std::string out;
    const engine::check::Conclusion conclusion = conclusion_of(r);
    if (!conclusion.reason.empty()) out += fmt::format("The run is inconclusive: {}\n", conclusion.reason);
    if (!r.violations.empty()) {
        const engine::check::Violation& v = r.violations.front();
        out += fmt::format("What happened, in {} steps:\n", r.story.size());
        const std::size_t from = r.story.size() > 12 ? r.story.size() - 12 : 0;
        for (std::size_t i = from; i < r.story.size(); ++i) {
            out += fmt::format("  {}. {}\n", i + 1, r.story[i]);
            for (const std::string& answer : answers_in(r, i + 1)) out += fmt::format("       {}\n", answer);
        }
        out += end_of(r) + "\n";
        out += fmt::format("It must hold that {}.\n", engine::check::holds_when(v.check));
        for (const std::string* also : {&r.internal, &r.usage, &r.broken})
            if (!also->empty()) out += fmt::format("Besides: {}\n", *also);
    }
    if (!r.excuses.empty()) {
        out += fmt::format("{} failures are excused by declared faults, for instance:\n", r.excuses.size());
        for (std::size_t i = 0; i < std::min<std::size_t>(r.excuses.size(), 5); ++i)
            out += fmt::format("  {}\n", r.excuses[i]);
    }
    if (!r.log.accepted())
        out += fmt::format("The event log is not accepted: line {} {}\n", r.log.refused, r.log.why);
    if (!r.work.empty()) out += fmt::format("Logs and databases: {}\n", r.work);
    return out;
}

std::string timing_table(const Result& r) {
    std::string out = "where the time went:\n";
    engine::Duration known{};
    for (std::size_t i = 0; i < real::phase_count; ++i) {
        if (r.times[i].count() == 0) continue;
        known += r.times[i];
        out += fmt::format("  {:<22}{:>8} ms\n", real::name(static_cast<real::Phase>(i)), ms(r.times[i]));
    }
    if (r.total > known) out += fmt::format("  {:<22}{:>8} ms\n", "everything else", ms(r.total - known));
    out += fmt::format("  {:<22}{:>8} ms\n", "from start to verdict", ms(r.total));
    return out;
}

std::string to_json(const std::vector<Result>& results, Verdict verdict, const Sightings* sightings) {
    nlohmann::ordered_json runs = nlohmann::ordered_json::array();
    for (const Result& r : results) {
        nlohmann::ordered_json run;
        run["scenario"] = r.scenario;
        run["seed"] = r.seed;
        run["wallet"] = r.wallet;
        run["programs"] = r.programs;
        const engine::check::Conclusion conclusion = conclusion_of(r);
        run["verdict"] = r.skipped.empty() ? engine::check::name(conclusion.verdict) : "skipped";
        if (!r.known.empty() && conclusion.verdict == Verdict::held) run["verdict"] = "known";
        run["exit_code"] = static_cast<int>(conclusion.verdict);
        if (!r.skipped.empty()) run["skipped"] = r.skipped;
        if (r.skipped.empty() && !conclusion.reason.empty()) run["reason"] = conclusion.reason;
        if (!r.known.empty()) run["known"] = r.known;
        run["steps"] = r.steps;
        run["checks"] = r.checks;
        run["judged"] = nlohmann::ordered_json::object();
        for (const auto& [check, times] : r.judged) run["judged"][check] = times;
        run["ms"] = ms(r.total);
        nlohmann::ordered_json times;
        for (std::size_t i = 0; i < real::phase_count; ++i)
            times[real::name(static_cast<real::Phase>(i))] = ms(r.times[i]);
        run["times_ms"] = times;
        run["excused"] = r.excuses;
        nlohmann::ordered_json violations = nlohmann::ordered_json::array();
        for (const engine::check::Violation& v : r.violations) {
            nlohmann::ordered_json one;
            one["check"] = engine::check::name(v.check);
            one["text"] = engine::tell::in_words(v);
            one["at_ms"] = v.at.ms();
            one["step"] = v.step;
            if (v.account) one["account"] = v.account->value;
            if (v.count) one["count"] = v.count->value;
            if (v.shown) one["shown"] = engine::check::to_text(*v.shown);
            if (v.truth) one["true"] = engine::check::to_text(*v.truth);
            violations.push_back(one);
        }
        run["violations"] = violations;
        nlohmann::ordered_json log;
        log["lines"] = r.log.lines;
        log["accepted"] = r.log.accepted();
        if (!r.log.accepted()) {
            log["refused_line"] = r.log.refused;
            log["why"] = r.log.why;
        }
        if (r.log.lines != 0) run["event_log"] = log;
        run["story"] = r.story;
        if (!r.heard.empty()) {
            nlohmann::ordered_json answers = nlohmann::ordered_json::array();
            for (const real::RealWorld::Heard& heard : r.heard)
                answers.push_back(nlohmann::ordered_json{{"step", heard.step}, {"text", heard.text}});
            run["answers"] = answers;
        }
        if (!r.work.empty()) run["work_directory"] = r.work;
        runs.push_back(run);
    }
    nlohmann::ordered_json out;
    out["tool"] = "fogreal";
    out["schema"] = 1;
    out["exit_code"] = static_cast<int>(verdict);
    out["runs"] = runs;
    if (sightings != nullptr) out["known_faults"] = sightings->to_json();
    return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string to_junit(const std::vector<Result>& results, const Sightings* sightings, bool gone_fails) {
    std::size_t failures = 0, errors = 0, skipped = 0;
    std::string cases;
    double seconds = 0;
    for (const Result& r : results) {
        const double took = static_cast<double>(ms(r.total)) / 1000;
        seconds += took;
        cases += fmt::format("  <testcase classname=\"fogreal\" name=\"{} seed {}\" time=\"{:.3f}\">\n",
                             escaped(r.scenario), r.seed, took);
        if (!r.skipped.empty()) {
            ++skipped;
            cases += fmt::format("    <skipped message=\"{}\"/>\n", escaped(r.skipped));
        } else if (!r.violations.empty() && r.known.empty()) {
            ++failures;
            cases += fmt::format("    <failure message=\"{}\">{}</failure>\n", escaped(summary(r)),
                                 escaped(explanation(r)));
        } else if (const Verdict verdict = conclusion_of(r).verdict; verdict != Verdict::held) {
            ++errors;
            cases += fmt::format("    <error message=\"{}\">{}</error>\n",
                                 escaped(engine::check::name(verdict)), escaped(explanation(r)));
        }
        cases += fmt::format("    <system-out>{}</system-out>\n  </testcase>\n", escaped(summary(r)));
    }
    const std::string suite =
        fmt::format("<testsuite name=\"fogreal\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
                    "time=\"{:.3f}\">\n{}</testsuite>\n",
                    results.size(), failures, errors, skipped, seconds, cases);
    const std::string begin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    if (sightings == nullptr) return begin + suite;
    return begin + "<testsuites>\n" + suite + sightings->junit_suite("known faults", gone_fails, false) +
           "</testsuites>\n";
}

} // namespace tools::fogreal
