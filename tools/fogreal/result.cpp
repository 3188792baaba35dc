#include "tools/fogreal/result.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

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

} // namespace

const char* name(Verdict verdict) {
    switch (verdict) {
    case Verdict::held:
        return "held";
    case Verdict::violated:
    case Verdict::liveness:
        return "violated";
    case Verdict::usage:
        return "usage";
    case Verdict::inconclusive:
        return "inconclusive";
    case Verdict::internal_error:
        return "internal error";
    }
    return "?";
}

std::string summary(const Result& r) {
    const std::string run =
        fmt::format("scenario={} seed={} wallet={} programs={}", r.scenario, r.seed, r.wallet, r.programs);
    if (!r.skipped.empty()) return fmt::format("fogreal: SKIP scenario={} why={}", r.scenario, r.skipped);
    if (r.verdict == Verdict::held)
        return fmt::format("fogreal: PASS {} steps={} checks={} excused={} ms={}", run, r.steps, r.checks,
                           r.excuses.size(), ms(r.total));
    if (!r.violations.empty()) {
        const engine::check::Violation& v = r.violations.front();
        return fmt::format("fogreal: FAIL check={} scenario={} seed={}{} at_ms={} step={}",
                           engine::check::name(v.check), r.scenario, r.seed, account_text(v), v.at.ms(),
                           v.step);
    }
    return fmt::format("fogreal: INCONCLUSIVE {} steps={} checks={} ms={}", run, r.steps, r.checks,
                       ms(r.total));
}

std::string explanation(const Result& r) {
    std::string out;
    if (!r.reason.empty()) out += fmt::format("The run is inconclusive: {}\n", r.reason);
    if (!r.violations.empty()) {
        const engine::check::Violation& v = r.violations.front();
        out += fmt::format("What happened, in {} steps:\n", r.story.size());
        const std::size_t from = r.story.size() > 12 ? r.story.size() - 12 : 0;
        for (std::size_t i = from; i < r.story.size(); ++i)
            out += fmt::format("  {}. {}\n", i + 1, r.story[i]);
        out += fmt::format("At {} ms, check {}: {}\n", v.at.ms(), engine::check::name(v.check), v.text);
        out += fmt::format("It must hold that {}.\n", engine::check::holds_when(v.check));
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

std::string to_json(const std::vector<Result>& results) {
    nlohmann::ordered_json runs = nlohmann::ordered_json::array();
    int exit_code = 0;
    for (const Result& r : results) {
        nlohmann::ordered_json run;
        run["scenario"] = r.scenario;
        run["seed"] = r.seed;
        run["wallet"] = r.wallet;
        run["programs"] = r.programs;
        run["verdict"] = r.skipped.empty() ? name(r.verdict) : "skipped";
        run["exit_code"] = static_cast<int>(r.verdict);
        if (!r.skipped.empty()) run["skipped"] = r.skipped;
        if (!r.reason.empty()) run["reason"] = r.reason;
        run["steps"] = r.steps;
        run["checks"] = r.checks;
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
            one["text"] = v.text;
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
        if (!r.work.empty()) run["work_directory"] = r.work;
        if (r.skipped.empty() && r.verdict != Verdict::held && exit_code == 0)
            exit_code = static_cast<int>(r.verdict);
        runs.push_back(run);
    }
    nlohmann::ordered_json out;
    out["tool"] = "fogreal";
    out["schema"] = 1;
    out["exit_code"] = exit_code;
    out["runs"] = runs;
    return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string to_junit(const std::vector<Result>& results) {
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
        } else if (!r.violations.empty()) {
            ++failures;
            cases += fmt::format("    <failure message=\"{}\">{}</failure>\n", escaped(summary(r)),
                                 escaped(explanation(r)));
        } else if (r.verdict != Verdict::held) {
            ++errors;
            cases += fmt::format("    <error message=\"{}\">{}</error>\n", escaped(name(r.verdict)),
                                 escaped(explanation(r)));
        }
        cases += fmt::format("    <system-out>{}</system-out>\n  </testcase>\n", escaped(summary(r)));
    }
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"fogreal\" tests=\"{}\" "
                       "failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n{}</testsuite>\n",
                       results.size(), failures, errors, skipped, seconds, cases);
}

} // namespace tools::fogreal
