#include "tools/fogreal/known.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"

namespace tools::fogreal {

using engine::check::Violation;

namespace {

KnownFaults read(const std::string& file) {
    KnownFaults faults = KnownFaults::read("--known", file);
    faults.require_stories("--known", file, [](const std::string& name) {
        return name == "soak" || scenarios::find(name) != nullptr;
    });
    return faults;
}

} // namespace

Known::Known(const std::string& file, bool gone_fails)
    : faults_(read(file)), sightings_(faults_), gone_fails_(gone_fails) {}

void Known::judge(Result& result) {
    if (result.violations.empty()) {
        if (conclusion_of(result).verdict != Verdict::held) return; // it might have shown anything
        for (const KnownFault* fault : faults_.of_story(result.scenario, result.seed))
            sightings_.expect(*fault);
        return;
    }
    const std::string where = fmt::format("{} seed {}", result.scenario, result.seed);
    std::vector<const KnownFault*> shown;
    bool all_known = true;
    for (const Violation& violation : result.violations) {
        const std::string check = engine::check::name(violation.check);
        const std::string words = engine::tell::in_words(violation);
        const KnownFault* fault = faults_.of_violation(result.scenario, result.seed, check, words);
        if (fault == nullptr) {
            all_known = false;
            sightings_.saw_new(where, fmt::format("check {}: {}", check, words));
        } else if (std::find(shown.begin(), shown.end(), fault) == shown.end()) {
            shown.push_back(fault);
        }
    }
    const std::vector<std::string> story = told(result);
    for (const KnownFault* fault : shown) {
        sightings_.saw(*fault, where, story);
        if (all_known) result.known.push_back(fault->name);
    }
}

engine::check::Conclusion Known::conclude(engine::check::Conclusion of_runs) const {
    const bool is_missing = gone_fails_ && !sightings_.gone().empty();
    if (of_runs.verdict != Verdict::held || !is_missing) return of_runs;
    return {Verdict::violated, "FAIL", "a known fault did not show"};
}

} // namespace tools::fogreal
