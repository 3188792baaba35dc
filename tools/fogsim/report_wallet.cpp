#include "tools/fogsim/report_wallet.hpp"

#include <fmt/format.h>

#include "engine/tell/words.hpp"
#include "tools/build_facts.hpp"
#include "tools/fogsim/page_parts.hpp"
#include "tools/fogsim/wallet_diagnosis.hpp"
#include "tools/markup.hpp"

namespace tools::fogsim {
namespace {

using engine::check::CheckId;
using engine::check::Violation;
using sim::Verdict;
using namespace engine::tell;

std::string blocks(engine::BlockCount count) {
    if (count.value == 0) return "no block yet";
    if (count.value == 1) return "block 0";
    return fmt::format("blocks 0 to {}", count.value - 1);
}

// What went wrong, for who has never heard of the checks.
std::string what_is_wrong(const Violation& v) {
    const std::string shown = v.shown ? engine::check::to_text(*v.shown) : "?";
    const std::string truth = v.truth ? engine::check::to_text(*v.truth) : "?";
    const std::string count = v.count ? std::to_string(v.count->value) : "?";
    switch (v.check) {
    case CheckId::balance:
    case CheckId::final:
    case CheckId::conservation:
        if (!v.shown || !v.truth) break;
        return fmt::format("Your wallet showed {} picoMOB at block count {}. True is {}: what the account's "
                           "outputs in the first {} blocks come to, less what was spent in them.",
                           shown, count, truth, count);
    case CheckId::monotone:
        return fmt::format(
            "The block count of your wallet went back, to {}. A wallet that is alive may stand "
            "still, and never forget.",
            count);
    case CheckId::liveness:
        return fmt::format(
            "With everything healed and quiet, your wallet does not reach the chain's height: {}.",
            engine::tell::in_words(v));
    case CheckId::crash:
        return fmt::format(
            "A balance check failed though nothing was wrong with fog that could explain it: {}.",
            engine::tell::in_words(v));
    case CheckId::response:
    case CheckId::sender:
        break;
    }
    return fmt::format("{}.", engine::tell::in_words(v));
}

const char* heading(Verdict verdict) {
    switch (verdict) {
    case Verdict::held:
    case Verdict::mark_missed:
        return "held";
    case Verdict::violated:
        return "wrong";
    case Verdict::liveness:
        return "does not catch up";
    case Verdict::nondeterministic:
        return "not the same twice";
    case Verdict::usage:
    case Verdict::inconclusive:
    case Verdict::internal_error:
        break;
    }
    return "not judged";
}

const char* colour(Verdict verdict) {
    if (verdict == Verdict::held || verdict == Verdict::mark_missed) return "verdict held";
    return verdict == Verdict::inconclusive ? "verdict open" : "verdict";
}

std::string no_answer(const NoAnswer& none) {
    return fmt::format("an error: {}{}", name(none.code), none.by_fault ? ", made on purpose" : "");
}

// Who is past all events asks for none.
constexpr std::int64_t no_events = std::int64_t{1} << 62;

struct Exchange {
    std::string who;
    std::string asked;
    std::string answered;
};

Exchange exchange_of(const Note& note) {
    Exchange out;
    if (const auto* view = note.as<AskedView>()) {
        out.who = "fog-view";
        const bool wants_events = view->events_after.value < no_events;
        if (view->keys > 0) out.asked = counted(view->keys, "search key");
        if (wants_events)
            out.asked +=
                fmt::format("{}events after {}", out.asked.empty() ? "" : ", ", view->events_after.value);
        if (const auto* answer = std::get_if<ViewAnswered>(&view->answer)) {
            out.answered = fmt::format("block count {}", answer->count.value);
            if (view->keys > 0) out.answered += fmt::format(", {} of the keys found", answer->found);
            if (answer->rngs > 0) out.answered += ", " + counted(answer->rngs, "new RNG");
            if (answer->ended_rngs > 0)
                out.answered += fmt::format(", {} ended", counted(answer->ended_rngs, "RNG"));
            for (const engine::BlockRange& range : answer->missed)
                out.answered +=
                    fmt::format(", missed block range [{}, {})", range.start.value, range.end.value);
        } else {
            out.answered = no_answer(std::get<NoAnswer>(view->answer));
        }
    } else if (const auto* images = note.as<AskedImages>()) {
        out.who = "fog-ledger";
        out.asked = fmt::format("whether {} spent", images->outputs == 1
                                                        ? std::string("1 output is")
                                                        : fmt::format("{} outputs are", images->outputs));
        if (const auto* answer = std::get_if<ImagesAnswered>(&images->answer)) {
            out.answered = fmt::format("block count {}", answer->count.value);
            for (const engine::BlockIndex block : answer->spent_in)
                out.answered += fmt::format(", one spent in block {}", block.value);
            if (answer->spent_in.empty()) out.answered += ", none spent";
        } else {
            out.answered = no_answer(std::get<NoAnswer>(images->answer));
        }
    } else if (const auto* blocks_asked = note.as<AskedBlocks>()) {
        out.who = "fog-ledger";
        out.asked = "the content of missed blocks";
        if (const auto* answer = std::get_if<BlocksAnswered>(&blocks_asked->answer)) {
            out.answered = fmt::format("block count {}", answer->count.value);
            for (const engine::BlockIndex block : answer->blocks)
                out.answered += fmt::format(", block {}", block.value);
            if (answer->blocks.empty()) out.answered += ", none of them";
        } else {
            out.answered = no_answer(std::get<NoAnswer>(blocks_asked->answer));
        }
    }
    return out;
}

std::string told(const FailedCheck& check) {
    std::string out = "<h2>What your wallet asked in that check, and was told</h2>\n";
    if (check.answers.empty()) return out + "<p>It asked nobody.</p>\n";
    out += "<table>\n<tr><th>at</th><th>who</th><th>asked for</th><th>answered</th></tr>\n";
    for (const Note* note : check.answers) {
        const Exchange exchange = exchange_of(*note);
        if (exchange.who.empty()) continue;
        out += fmt::format("<tr><td>{} ms</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", note->at.ms(),
                           exchange.who, escaped(exchange.asked), escaped(exchange.answered));
    }
    return out + "</table>\n";
}

std::string stood(const FailedCheck& check) {
    std::string out =
        fmt::format("<h2>Where everything stood at {} ms, when the check ended</h2>\n<table>\n<tr><th></th>"
                    "<th>block count</th><th>that is</th></tr>\n",
                    check.report->at.ms());
    const auto row = [&out](const char* who, std::optional<engine::BlockCount> count, const char* none) {
        out += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n", who,
                           count ? std::to_string(count->value) : "", count ? blocks(*count) : none);
    };
    row("the chain", check.tip, "");
    row("fog-view, as it told your wallet", check.view, "not heard in this check");
    row("fog-ledger, as it told your wallet", check.ledger, "not asked about spends in this check");
    const auto* shown = std::get_if<Shown>(&check.report->as<Reported>()->result);
    row("your wallet's answer", shown != nullptr ? std::optional(shown->count) : std::nullopt, "it failed");
    return out + "</table>\n";
}

std::string rule(const sim::RunResult& run, const FailedCheck& check) {
    const Diagnosis diagnosis = diagnose(run, check);
    std::string out = "<h2>What is probably wrong</h2>\n";
    if (!diagnosis.because.empty()) out += fmt::format("<p>{}</p>\n", escaped(diagnosis.because));
    if (diagnosis.mistake != nullptr)
        return out +
               fmt::format("<p>The rule: <a href=\"docs/your-wallet.md#{}\">{}</a>, under \"Mistakes to "
                           "expect\" in docs/your-wallet.md.</p>\n",
                           diagnosis.mistake->anchor, escaped(diagnosis.mistake->heading));
    return out + "<p>None of the usual mistakes (<a "
                 "href=\"docs/your-wallet.md#mistakes-to-expect\">docs/your-wallet.md"
                 "</a>) explains it. The story below tells all that the wallet was told.</p>\n";
}

std::string orderings(const Report& report) {
    const bool held = !report.result.failed_seed;
    if (!held && report.options.keep_going) return {}; // which of the runs held is not kept
    const Situations::Counts survived = report.wallet->met ? report.wallet->met(held) : Situations::Counts();
    Situations::Met failing;
    if (report.failure) {
        Situations of_failure;
        for (const Note& note : report.failure->told.notes) of_failure.take(note.node.value, note.fact);
        failing = of_failure.met_in_run();
    }
    std::string out = "<h2>Orderings</h2>\n";
    if (!report.is_replay)
        out +=
            fmt::format("<p>Before that your wallet was right, or failed where fog did, in all of {} and {}. "
                        "What it met in them:</p>\n",
                        counted(survived.runs, "run"), counted(survived.checks, "balance check"));
    if (held && !report.is_replay) out.replace(out.find("Before that your"), 16, "Your");
    const char* const survived_heading = report.is_replay ? "" : "<th>survived, checks</th>";
    out += fmt::format("<table>\n<tr><th>what happened</th>{}<th>in the failing run</th></tr>\n",
                       survived_heading);
    for (std::size_t i = 0; i < situation_count; ++i) {
        const auto situation = static_cast<Situation>(i);
        const bool in_failing = failing.contains(situation);
        const char* style = in_failing ? " class=\"missed\"" : survived.met[i] == 0 ? " class=\"never\"" : "";
        const std::string times = survived.met[i] == 0 ? "never met" : std::to_string(survived.met[i]);
        const std::string cell = report.is_replay ? "" : fmt::format("<td class=\"n\">{}</td>", times);
        out += fmt::format("<tr{}><td>{}</td>{}<td>{}</td></tr>\n", style, escaped(meaning(situation)), cell,
                           in_failing ? "yes" : "");
    }
    return out + "</table>\n";
}

std::string first_sentence(const Report& report) {
    const sim::SweepResult& result = report.result;
    if (!report.broken.empty()) return "The harness has a bug of its own; nothing is said of your wallet.";
    if (report.failure && !report.failure->difference)
        return what_is_wrong(report.failure->told.violations.front());
    if (result.failure && !result.failure->violations.empty())
        return what_is_wrong(result.failure->violations.front());
    if (difference_of(report) != nullptr) return "Your wallet did not do the same when the run was repeated.";
    if (result.failed_seed) return fmt::format("A run came to no end: {}.", result.failure->skipped);
    if (report.interrupted) return "The sweep was ended before it was through, and had found nothing wrong.";
    return fmt::format("Every balance that your wallet showed was right: {} of them, in {}.", result.checks,
                       counted(report.result.runs, "run"));
}

constexpr const char* what_this_is =
    "<p>Your wallet ran as it is. What it saw of the world was simulated: fog-view and fog-ledger were as "
    "far as the "
    "schedule had them be, and their answers came when it said so. Times are virtual.</p>\n";

} // namespace

std::string to_wallet_html(const Report& report) {
    const Verdict verdict = verdict_of(report);
    const bool has_story = report.failure && !report.failure->difference;
    std::string out = page_head(fmt::format("Wallet at {}: {}", report.wallet->address, heading(verdict)));
    out += fmt::format("<h1><span class=\"{}\">{}</span> the wallet at {}</h1>\n<p class=\"first\">{}</p>\n",
                       colour(verdict), heading(verdict), escaped(report.wallet->address),
                       escaped(first_sentence(report)));
    out += what_this_is;
    if (has_story) {
        const sim::RunResult& run = report.failure->told;
        if (const auto check = failed_check_of(run)) {
            out += told(*check);
            out += stood(*check);
            out += rule(run, *check);
        }
    }
    if (report.result.failed_seed) {
        out += fmt::format("<h2>The same again</h2>\n<pre>{}</pre>\n", escaped(repeat_command(report)));
        if (report.fails_again)
            out += fmt::format(
                "<p>In ten more runs of this seed the wallet failed {} times in this way{}.</p>\n",
                *report.fails_again, *report.fails_again == 10 ? "" : ": it does not always do the same");
    }
    if (has_story) {
        const search::Case& what = report.failure->smallest;
        out += story_list(*report.failure);
        out += picture_of(report.failure->told, what.plan ? &*what.plan : nullptr);
    }
    out += orderings(report);
    if (report.broken.empty()) out += fmt::format("<pre>{}</pre>\n", escaped(result_line(report)));
    return out + search_settings(report) + "</body>\n</html>\n";
}

std::string to_wallet_html(const std::string& address, const std::vector<std::string>& said) {
    std::string out = page_head(fmt::format("Wallet at {}: not judged", address));
    out += fmt::format("<h1><span class=\"verdict open\">not judged</span> the wallet at {}</h1>\n"
                       "<p class=\"first\">A short conversation with your wallet has shown that it cannot be "
                       "judged yet.</p>\n<ul>\n",
                       escaped(address));
    for (const std::string& text : said) out += fmt::format("<li>{}.</li>\n", escaped(text));
    return out +
           fmt::format(
               "</ul>\n<p>What your program has to do: <a href=\"docs/your-wallet.md\">docs/your-wallet.md"
               "</a>. fogsim {}, commit {} of {}.</p>\n</body>\n</html>\n",
               build_facts().version, build_facts().commit, build_facts().date);
}

} // namespace tools::fogsim
