// fogsim exhaustive --all-defects: which defects of the catalogue need no more than a small world.
#include "tools/fogsim/exhaustive_defects.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/ensure.hpp"
#include "search/case.hpp"
#include "sim/defect_catalogue.hpp"
#include "tools/fogsim/progress.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {
namespace {

using Json = nlohmann::ordered_json;
using sim::Verdict;

/// What one search has come to.
struct Finding {
    enum class Kind : std::uint8_t {
        nothing,    ///< every class of orderings holds
        found,      ///< one is violated, and is so as a plan
        unfinished, ///< the time was over
        unsuited,   ///< this kind of search cannot say: see `text`
    };
    Kind kind = Kind::nothing;
    std::string text{};       ///< the check that saw it, or why not
    std::uint64_t runs = 0;   ///< classes, as far as they were run
    bool clean_holds = false; ///< the same plan holds without the defect
};

Finding search_one(ExhaustiveWish wish, std::uint32_t shards, sim::DefectSet defects,
                   sim::SweepProgress& progress) {
    wish.bounds.shards = shards;
    wish.defects = defects;
    wish.jobs = 1;
    Finding finding;
    try {
        all::Lines lines(wish.bounds, wish.defects);
        std::vector<ExhaustivePart> parts = parts_of(wish, lines);
        (void)search_parts(wish, parts, progress);
        const ExhaustiveTotals totals = totals_of(parts, wish.keep_going);
        finding.runs = totals.counts.runs;
        if (totals.first_violated == nullptr) {
            finding.kind = totals.complete ? Finding::Kind::nothing : Finding::Kind::unfinished;
            finding.text = totals.complete ? "-" : "time limit";
            return finding;
        }
        search::Case failing;
        failing.plan = lines.plan_of(totals.first_violated->first_violated);
        failing.defects = wish.defects;
        failing.recording.base = engine::Recording::Base::tame;
        const sim::RunResult told = search::run(failing);
        if (told.violations.empty())
            throw engine::InternalError("an ordering that fails in the search holds as a plan: something is "
                                        "kept that points are not told apart by");
        finding.kind = Finding::Kind::found;
        finding.text = engine::check::name(told.violations.front().check);
        failing.defects = {};
        finding.clean_holds = search::run(failing).verdict == Verdict::held;
    } catch (const engine::InternalError& error) {
        // The order of a small world's events says nothing when a defect makes them something else.
        finding.kind = Finding::Kind::unsuited;
        finding.text = error.what();
    }
    return finding;
}

constexpr const char* row = "{:<46} {:<17} {:<12} {:<12} {}\n";

std::string remark_of(const std::vector<Finding>& findings, bool has_defect) {
    std::string text;
    const auto add = [&text](const std::string& what) {
        if (text.find(what) == std::string::npos) text += (text.empty() ? "" : "; ") + what;
    };
    for (const Finding& finding : findings) {
        if (finding.kind == Finding::Kind::unsuited) add(finding.text);
        if (finding.kind == Finding::Kind::found && has_defect && !finding.clean_holds)
            add("THE CLEAN BUILD FAILS, TOO");
    }
    return text;
}

std::string cell(const Finding& finding) {
    return finding.kind == Finding::Kind::unsuited ? "unsuited" : finding.text;
}

Json json_of(const Finding& finding) {
    Json out;
    out["found"] = finding.kind == Finding::Kind::found;
    out["complete"] = finding.kind == Finding::Kind::nothing;
    out["runs"] = finding.runs;
    if (finding.kind == Finding::Kind::found) {
        out["check"] = finding.text;
        out["clean_holds"] = finding.clean_holds;
    } else if (finding.kind != Finding::Kind::nothing) {
        out["reason"] = finding.text;
    }
    return out;
}

} // namespace

int search_defects(const ExhaustiveWish& wish, std::unique_ptr<OutputFile> json) {
    sim::SweepProgress progress;
    const Interruption interruption(progress);
    const auto both = [&](const char* what, sim::DefectSet defects) {
        std::vector<Finding> findings;
        for (const std::uint32_t shards : {1u, 2u}) {
            if (isatty(STDERR_FILENO)) tools::tell("\r\033[K{}, {} shards", what, shards);
            if (!Interruption::was_signalled())
                progress.stop = false; // the search before may have run out of time
            findings.push_back(search_one(wish, shards, defects, progress));
        }
        if (isatty(STDERR_FILENO)) tools::tell("\r\033[K");
        return findings;
    };
    const auto say = [](const char* name, const char* component, const std::vector<Finding>& f,
                        bool has_defect) {
        tools::say("{}", fmt::format(fmt::runtime(row), name, component, cell(f[0]), cell(f[1]),
                                     remark_of(f, has_defect)));
    };
    tools::say("{}", fmt::format(fmt::runtime(row), "defect", "component", "one shard", "two shards", ""));
    const std::vector<Finding> none = both("no defect", {});
    say("(none)", "", none, false);
    bool is_sound = true;
    for (const Finding& finding : none) is_sound = is_sound && finding.kind == Finding::Kind::nothing;

    Json out;
    out["schema"] = "fogsim-exhaustive-defects/1";
    out["view"] = wish.bounds.view;
    out["ledger"] = wish.bounds.ledger;
    out["polls"] = wish.bounds.polls;
    out["none"] = {{"one_shard", json_of(none[0])}, {"two_shards", json_of(none[1])}};
    out["defects"] = Json::array();
    std::size_t tried = 0;
    std::size_t found = 0;
    for (const sim::DefectInfo& defect : sim::defect_catalogue()) {
        if (Interruption::was_signalled()) break;
        if (wish.defects.any() && !wish.defects.has(defect.defect)) continue;
        sim::DefectSet defects;
        defects.switch_on(defect.defect);
        const std::vector<Finding> findings = both(defect.name, defects);
        if (Interruption::was_signalled()) break;
        ++tried;
        bool is_found = false;
        for (const Finding& finding : findings) {
            if (finding.kind != Finding::Kind::found) continue;
            is_found = true;
            is_sound = is_sound && finding.clean_holds;
        }
        found += is_found ? 1 : 0;
        say(defect.name, defect.component, findings, true);
        (void)tools::lost_output();
        out["defects"].push_back({{"name", defect.name},
                                  {"component", defect.component},
                                  {"found", is_found},
                                  {"one_shard", json_of(findings[0])},
                                  {"two_shards", json_of(findings[1])}});
    }
    const bool stopped = Interruption::was_signalled();
    tools::say(
        "fogsim exhaustive: {} of {} defects found in small worlds of view={} ledger={} polls={}; {}{}\n",
        found, tried, wish.bounds.view, wish.bounds.ledger, wish.bounds.polls,
        is_sound ? "none fails without a defect" : "SOMETHING FAILS WITHOUT A DEFECT",
        stopped ? "; stopped" : "");
    const bool is_written = !json || json->try_commit("fogsim exhaustive", out.dump(2) + "\n");
    if (!is_sound) return static_cast<int>(Verdict::violated);
    if (stopped) return static_cast<int>(Verdict::inconclusive);
    return static_cast<int>(is_written ? Verdict::held : Verdict::usage);
}

} // namespace tools::fogsim
