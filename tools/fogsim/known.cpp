#include "tools/fogsim/known.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"
#include "search/failure.hpp"
#include "search/story.hpp"
#include "sim/defect_catalogue.hpp"
#include "tools/known_faults.hpp"
#include "tools/output_file.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {
namespace {

using sim::DefectInfo;
using sim::DefectSet;
using sim::Verdict;

bool fails(const sim::RunResult& run) {
    return run.verdict == Verdict::violated || run.verdict == Verdict::liveness;
}

/// The defects that the failure of a seed needs: without any one of them the run holds.
/// @param options  of the failed run, its own seed included
DefectSet needed(const engine::Scenario& scenario, sim::Options options) {
    DefectSet needed = options.defects;
    for (const DefectInfo& defect : sim::defect_catalogue()) {
        if (!needed.has(defect.defect)) continue;
        options.defects = needed;
        options.defects.switch_off(defect.defect);
        if (fails(sim::run(scenario, options))) needed = options.defects;
    }
    return needed;
}

/// What the printed story of a failure says, without the numbers and the lines for machines.
std::vector<std::string> story_of(const engine::Scenario& scenario, const sim::Options& options,
                                  const sim::RunResult& run, bool shrink) {
    search::InvestigateOptions wishes;
    wishes.shrink = shrink;
    const search::Failure failure = search::investigate(scenario, nullptr, options, run, wishes);
    if (failure.difference) return {};
    return search::story_of(failure.smallest, failure.told);
}

void check_names(const KnownFaults& known, const std::string& file) {
    known.require_stories("--known", file, [](const std::string& name) {
        return name == "soak" || scenarios::find(name) != nullptr; // a soak is fogreal's
    });
    for (const KnownFault& fault : known.all())
        if (!fault.defect.empty() && sim::find_defect(fault.defect) == nullptr)
            throw engine::UsageError(fmt::format("--known: '{}': fault {}: there is no defect '{}'", file,
                                                 fault.name, fault.defect));
}

} // namespace

int run_known(const engine::Scenario& scenario, const sim::SweepOptions& options, const KnownRun& wishes,
              sim::SweepProgress& progress) {
    const KnownFaults known = KnownFaults::read("--known", wishes.file);
    check_names(known, wishes.file);
    std::optional<OutputFile> json, junit;
    if (!wishes.json.empty()) json.emplace("--json", wishes.json);
    if (!wishes.junit.empty()) junit.emplace("--junit", wishes.junit);

    Sightings sightings(known);
    for (const KnownFault& fault : known.all()) {
        const DefectInfo* defect = fault.defect.empty() ? nullptr : sim::find_defect(fault.defect);
        if (defect != nullptr && options.run.defects.has(defect->defect)) sightings.expect(fault);
    }
    Verdict verdict = Verdict::held;
    sim::SweepOptions rest = options;
    rest.keep_going = false;
    std::uint64_t runs = 0;
    while (runs < options.runs && !progress.stop) {
        rest.run.seed = options.run.seed + runs;
        rest.runs = options.runs - runs;
        const sim::SweepResult result = sim::sweep(scenario, rest, progress);
        if (!result.failed_seed || !result.failure) {
            runs += result.runs;
            break;
        }
        runs = *result.failed_seed - options.run.seed + 1;
        sim::Options failed = options.run;
        failed.seed = *result.failed_seed;
        failed.strategy = options.run.strategy.for_seed(failed.seed);
        const std::string where = fmt::format("{} seed {}", scenario.name, failed.seed);
        if (!fails(*result.failure)) { // skipped, or no judgement
            sightings.saw_new(where,
                              result.failure->skipped.empty() ? "inconclusive" : result.failure->skipped);
            if (verdict == Verdict::held) verdict = Verdict::inconclusive;
            continue;
        }
        failed.defects = needed(scenario, failed);
        bool all_known = failed.defects.any();
        std::vector<const KnownFault*> found;
        for (const DefectInfo& defect : sim::defect_catalogue()) {
            if (!failed.defects.has(defect.defect)) continue;
            const KnownFault* fault = known.of_defect(defect.name);
            all_known = all_known && fault != nullptr;
            if (fault != nullptr) found.push_back(fault);
        }
        const sim::RunResult alone = sim::run(scenario, failed);
        if (!all_known || alone.violations.empty()) {
            sightings.saw_new(where, engine::tell::in_words(result.failure->violations.front()));
            if (verdict == Verdict::held) verdict = result.failure->verdict;
            continue;
        }
        // One fault alone tells its own story best; one that takes several is counted for each.
        for (const KnownFault* fault : found) {
            std::vector<std::string> story;
            if (found.size() == 1 && !sightings.has_seen(*fault))
                story = story_of(scenario, failed, alone, wishes.shrink);
            sightings.saw(*fault, where, story);
        }
    }
    const std::size_t gone = sightings.gone().size();
    if (verdict == Verdict::held && wishes.gone_fails && gone > 0) verdict = Verdict::violated;
    if (verdict == Verdict::held && runs == 0) verdict = Verdict::inconclusive; // interrupted
    say_text(sightings.to_text());
    say("fogsim: {} scenario={} seeds={}..{} runs={} known={} new={} gone={}\n",
        verdict == Verdict::held ? "PASS" : "FAIL", scenario.name, options.run.seed,
        options.run.seed + (runs == 0 ? 0 : runs - 1), runs, sightings.known_count(), sightings.new_count(),
        gone);
    (void)lost_output();
    bool is_written = true;
    if (json) {
        nlohmann::ordered_json out;
        out["tool"] = "fogsim";
        out["schema"] = 1;
        out["exit_code"] = static_cast<int>(verdict);
        out["scenario"] = scenario.name;
        out["seed"] = options.run.seed;
        out["runs"] = runs;
        out["known_faults"] = sightings.to_json();
        is_written = json->try_commit(
            "fogsim", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
    }
    if (junit)
        is_written =
            junit->try_commit("fogsim", sightings.to_junit("fogsim", wishes.gone_fails)) && is_written;
    return static_cast<int>(verdict == Verdict::held && !is_written ? Verdict::usage : verdict);
}

} // namespace tools::fogsim
