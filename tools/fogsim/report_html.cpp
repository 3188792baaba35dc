#include <fmt/format.h>

#include <cctype>
#include <map>

#include "engine/tell/words.hpp"
#include "search/story.hpp"
#include "sim/defect_catalogue.hpp"
#include "sim/mark_catalogue.hpp"
#include "tools/build_facts.hpp"
#include "tools/fogsim/page_parts.hpp"
#include "tools/fogsim/report.hpp"
#include "tools/fogsim/report_wallet.hpp"
#include "tools/fogsim/timeline.hpp"
#include "tools/markup.hpp"

namespace tools::fogsim {
namespace {

using engine::check::Violation;
using sim::Verdict;

// Nothing may be loaded, and the page says so to the browser.
constexpr const char* head = R"(<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>{}</title>
<style>
body {{ --paper: #fff; --ink: #222; --faint: #555; --soft: #f6f6f6; --line: #ccc; --grid: #eee; --blue: #1a5fb4;
  --red: #c01c28; --green: #2e7d32; --brown: #7a5200; --active: #e3f4e1; --down: #d8d8d8; --paused: #e6e0f0;
  --fault: #fbe3b5; --poll: #9ec5ee; background: var(--paper); color: var(--ink);
  font: 15px/1.45 sans-serif; margin: 1.5em; }}
@media (prefers-color-scheme: dark) {{
  body {{ --paper: #1b1b1d; --ink: #e4e4e4; --faint: #a8a8a8; --soft: #262629; --line: #4a4a4e; --grid: #2c2c30;
    --blue: #7db3f0; --red: #ff7b80; --green: #79c77d; --brown: #e8c27a; --active: #203c24; --down: #3d3d42;
    --paused: #3a3150; --fault: #5a4413; --poll: #2f5c8f; }}
}}
h1 {{ font-size: 1.5em; }}
h2 {{ font-size: 1.15em; margin-top: 1.6em; }}
.verdict {{ padding: 0.1em 0.5em; border-radius: 4px; color: #fff; background: #c01c28; }}
.held {{ background: #2e7d32; }}
.open {{ background: #8a6d00; }}
.first {{ font-size: 1.1em; max-width: 50em; }}
pre {{ background: var(--soft); padding: 0.6em; white-space: pre-wrap; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; padding: 0.15em 0.8em 0.15em 0; vertical-align: top;
  border-bottom: 1px solid var(--grid); overflow-wrap: anywhere; }}
td.n {{ text-align: right; }}
tr.never td {{ color: var(--brown); }}
tr.missed td {{ color: var(--red); font-weight: bold; }}
li.fails {{ color: var(--red); font-weight: bold; }}
@media (max-width: 45em) {{
  body {{ margin: 0.6em; }}
  table {{ display: block; overflow-x: auto; }}
  ol {{ padding-left: 1.6em; }}
  .timeline .names {{ width: 110px; }}
}}
{}</style>
</head>
<body>
)";

const char* heading(Verdict verdict) {
    switch (verdict) {
    case Verdict::held:
        return "held";
    case Verdict::violated:
        return "violated";
    case Verdict::liveness:
        return "liveness violated";
    case Verdict::nondeterministic:
        return "nondeterminism";
    case Verdict::mark_missed:
        return "a situation never came about";
    case Verdict::usage:
    case Verdict::inconclusive:
    case Verdict::internal_error:
        break;
    }
    return "inconclusive";
}

const char* colour(Verdict verdict) {
    if (verdict == Verdict::held) return "verdict held";
    return verdict == Verdict::inconclusive || verdict == Verdict::mark_missed ? "verdict open" : "verdict";
}

std::string row(std::string_view name, std::string_view value) {
    return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(name), escaped(value));
}
std::string row(std::string_view name, std::uint64_t value) {
    return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(name), value);
}

std::string violations(const std::vector<Violation>& all) {
    std::string out = "<h2>What is wrong</h2>\n<table>\n<tr><th>check</th><th>at</th><th>account</th>"
                      "<th>block count</th><th>shown</th><th>true</th><th></th></tr>\n";
    for (const Violation& v : all)
        out += fmt::format(
            "<tr><td>{}</td><td>{} ms</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            name(v.check), v.at.ms(), v.account ? std::to_string(v.account->value) : "",
            v.count ? std::to_string(v.count->value) : "", v.shown ? engine::check::to_text(*v.shown) : "",
            v.truth ? engine::check::to_text(*v.truth) : "", escaped(engine::tell::in_words(v)));
    out += "</table>\n";
    const engine::check::CheckId check = all.front().check;
    if (all.front().stated) return out + "<p>It is a statement of the story itself.</p>\n";
    return out + fmt::format("<p>Of {} it must hold that {}.</p>\n", name(check), escaped(holds_when(check)));
}

std::string failed(const search::Failure& failure) {
    const search::Case& what = failure.smallest;
    std::string out = violations(failure.told.violations);
    out += picture_of(failure.told, what.plan ? &*what.plan : nullptr);
    out += story_list(failure);
    out += "<h2>As data</h2>\n<table>\n";
    out += row("topology", engine::describe(what.world()));
    out += row("decisions that are not tame", what.recording.fixed.size());
    out += row("trace", engine::hex_digest(failure.told.digest));
    out += "</table>\n";
    if (what.plan)
        out += fmt::format("<p>The plan, as --plan takes it:</p>\n<pre>{}</pre>\n",
                           escaped(scenarios::lag::to_json(*what.plan)));
    return out;
}

std::string lower_first(std::string text) {
    if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

// What an outsider wants to know first: what is wrong, and why.
std::string what_is_wrong(const sim::RunResult& run) {
    const Violation& first = run.violations.front();
    if (first.stated)
        return fmt::format("The story states, and it does not hold: {}.", engine::tell::in_words(first));
    std::string text = fmt::format("Check {} fails: {}.", name(first.check), engine::tell::in_words(first));
    if (first.account && first.shown && first.truth)
        text = fmt::format("Account {} is shown {}, true is {}", first.account->value,
                           engine::check::to_text(*first.shown), engine::check::to_text(*first.truth));
    else
        return text;
    const engine::tell::Names names{run.node_names, run.copy_names};
    for (const engine::tell::Note& note : run.notes)
        if (note.is_why())
            return text + ", because " + lower_first(why_in_words(note, run.notes, names)) + ".";
    return text + ".";
}

std::string first_sentence(const Report& report) {
    const sim::SweepResult& result = report.result;
    const bool told = report.failure && !report.failure->difference;
    if (!report.broken.empty())
        return "The program or the story has a bug of its own; nothing is said of the system.";
    if (difference_of(report) != nullptr)
        return "Two runs of one seed were not the same: the simulation itself is wrong.";
    if (told) return what_is_wrong(report.failure->told);
    if (result.failure && !result.failure->violations.empty()) return what_is_wrong(*result.failure);
    if (result.failed_seed)
        return fmt::format("This world cannot tell the story: {}.", result.failure->skipped);
    if (report.interrupted) return "The search was ended before it was through, and had found nothing wrong.";
    return fmt::format(
        "Every balance that a wallet showed was right: {} of them, in {} of the simulated system.",
        result.checks, report.options.runs == 1 ? "one run" : fmt::format("{} runs", result.runs));
}

} // namespace

std::string page_head(const std::string& title) {
    return fmt::format(fmt::runtime(head), escaped(title), timeline_style());
}

std::string picture_of(const sim::RunResult& run, const scenarios::lag::Plan* plan) {
    return "<h2>The run</h2>\n" + timeline_legend() + timeline(run, plan);
}

std::string story_list(const search::Failure& failure) {
    const search::Case& what = failure.smallest;
    std::string out = fmt::format("<h2>What happened</h2>\n<p>In a world of {}:</p>\n<ol>\n",
                                  escaped(engine::tell::in_words(what.world())));
    const std::vector<std::string> story = search::story_of(what, failure.told);
    const std::size_t told = story.size() - std::min(story.size(), failure.told.violations.size());
    for (std::size_t i = 0; i < story.size(); ++i)
        out += fmt::format("<li{}>{}</li>\n", i < told ? "" : " class=\"fails\"", escaped(story[i]));
    out += "</ol>\n";
    if (failure.shrunk)
        out += fmt::format("<p>Made small in {} runs: {}.</p>\n", failure.shrink_runs,
                           failure.minimal ? "nothing in it can be removed or lowered"
                                           : "the budget ended before nothing more could be removed");
    return out;
}

std::string search_settings(const Report& report) {
    const sim::SweepOptions& options = report.options;
    const sim::SweepResult& result = report.result;
    std::string out = "<h2>The search</h2>\n<table>\n";
    out += row("scenario", report.scenario->name);
    if (!options.plan.empty()) out += row("plan", options.plan);
    out += row(options.runs == 1 ? "seed" : "first seed", options.run.seed);
    if (options.runs > 1) {
        out += row("runs wanted", options.runs);
        out += row("runs done", result.runs);
        out += row("different runs", result.distinct);
    }
    out += row("strategy", sim::describe(options.run.strategy));
    out += row("cryptography", options.run.crypto->name());
    std::string defects;
    for (const sim::DefectInfo& info : sim::defect_catalogue())
        if (options.run.defects.has(info.defect))
            defects += (defects.empty() ? "" : ", ") + std::string(info.name);
    out += row("defects switched on", defects.empty() ? "none" : defects);
    out += row("scheduler steps", result.steps);
    out += row("balances judged", result.checks);
    out += row("judgements of all checks", result.judgements);
    out += row("fogsim", fmt::format("{}, commit {} of {}", build_facts().version, build_facts().commit,
                                     build_facts().date));
    if (report.kept_hold) out += row("kept failures that hold now", *report.kept_hold);
    if (result.failures > 1) out += row("seeds that failed", result.failures);
    out += row("trace", engine::hex_digest(result.digest));
    return out + "</table>\n";
}

namespace {

// A portfolio gives each seed a strategy: how many got which.
std::string strategies(const Report& report) {
    std::map<std::string, std::uint64_t> seeds;
    for (std::uint64_t i = 0; i < report.result.runs; ++i)
        ++seeds[sim::describe(report.options.run.strategy.for_seed(report.options.run.seed + i))];
    std::string out = "<h2>Strategies</h2>\n<table>\n<tr><th>strategy</th><th>runs</th></tr>\n";
    for (const auto& [strategy, runs] : seeds)
        out += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td></tr>\n", escaped(strategy), runs);
    return out + "</table>\n";
}

// In integers, so that it is the same everywhere: "0.04 %".
std::string share(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0 || part == 0) return "";
    const auto hundredths =
        static_cast<std::uint64_t>(static_cast<engine::fog::Value>(part) * 10'000 / whole);
    if (hundredths == 0) return "&lt; 0.01 %";
    return fmt::format("{}.{:02} %", hundredths / 100, hundredths % 100);
}

std::string marks(const Report& report) {
    const sim::SweepResult& result = report.result;
    const std::vector<std::string> missed = missed_marks(report);
    std::string out = fmt::format(
        "<h2>Rare situations</h2>\n<p>{} of {} came about.</p>\n<table>\n<tr><th>mark</th><th>component</th>"
        "<th>times</th><th>share of runs</th><th>meaning</th><th>required within</th></tr>\n",
        marks_hit(result.marks), engine::mark_count);
    if (const std::string unseen = unseen_sentence(report); !unseen.empty())
        out.insert(out.find("<table>"), fmt::format("<p>{}</p>\n", escaped(unseen)));
    for (const sim::MarkInfo& info : sim::mark_catalogue()) {
        const std::uint64_t times = result.marks.of(info.mark);
        const bool is_missed = std::find(missed.begin(), missed.end(), info.name) != missed.end();
        const char* style = is_missed ? " class=\"missed\"" : times == 0 ? " class=\"never\"" : "";
        out += fmt::format("<tr{}><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
                           "<td>{}</td><td>{}</td></tr>\n",
                           style, escaped(info.name), escaped(info.component), times,
                           share(result.runs_with_mark.of(info.mark), result.runs), escaped(info.meaning),
                           info.required_within_runs != 0 ? fmt::format("{} runs", info.required_within_runs)
                                                          : "");
    }
    return out + "</table>\n";
}

} // namespace

std::string to_html(const Report& report) {
    if (report.wallet) return to_wallet_html(report);
    const sim::SweepResult& result = report.result;
    const Verdict verdict = verdict_of(report);
    const bool told = report.failure && !report.failure->difference;
    std::string title = fmt::format("fogsim: {}", heading(verdict));
    if (told) title += fmt::format(", {}", name(report.failure->told.violations.front().check));
    std::string out = page_head(title);
    out += fmt::format("<h1><span class=\"{}\">{}</span> {}</h1>\n", colour(verdict), heading(verdict),
                       escaped(report.scenario->name));
    out += fmt::format("<p class=\"first\">{}</p>\n<p>Scenario {}, by fogsim {}, commit {} of {}.</p>\n",
                       escaped(first_sentence(report)), escaped(report.scenario->name), build_facts().version,
                       build_facts().commit, build_facts().date);
    if (report.broken.empty()) out += fmt::format("<pre>{}</pre>\n", escaped(result_line(report)));
    for (const std::string& mark : missed_marks(report))
        out +=
            fmt::format("<p>A situation that this sweep must have been through never came about: {}.</p>\n",
                        escaped(mark));
    if (result.failed_seed || report.options.runs == 1)
        out += fmt::format("<h2>Repeat with</h2>\n<pre>{}</pre>\n", escaped(repeat_command(report)));
    if (const sim::Difference* d = difference_of(report))
        out += fmt::format("<h2>Two runs of seed {} differ first at event {}</h2>\n<pre>{}\n{}</pre>\n",
                           d->seed, d->event, escaped(d->first.empty() ? "(had ended)" : d->first),
                           escaped(d->second.empty() ? "(had ended)" : d->second));
    if (!report.broken.empty())
        out += fmt::format("<h2>Internal error</h2>\n<pre>{}</pre>\n", escaped(report.broken));
    if (!told && result.failure && !result.failure->violations.empty())
        out += violations(result.failure->violations);
    if (told)
        out += failed(*report.failure);
    else if (result.failure && !result.failure->events.empty() && !result.difference)
        out += picture_of(*result.failure, nullptr);
    out += search_settings(report);
    if (report.options.runs > 1) out += strategies(report);
    out += marks(report);
    return out + "</body>\n</html>\n";
}

} // namespace tools::fogsim
