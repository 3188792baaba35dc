#include "search/failure.hpp"

#include "engine/ensure.hpp"
#include "scenarios/catalogue.hpp"

namespace search {
namespace {

// The seed alone often says it all: decisions need fixing only where a strategy made them.
Case with_least_recording(const Case& full, std::uint64_t digest) {
    Case bare = full;
    bare.recording.fixed.clear();
    return run(bare).digest == digest ? bare : full;
}

std::string blob_of(const Case& what, const sim::RunResult& result) {
    Replay replay;
    replay.what = what;
    replay.digest = result.digest;
    return to_blob(replay);
}

// A budget may end before a long story has lost most of its decisions.  Then the seed it was found with says
// the same in a line, where no step of a plan was saved either.
bool is_easier_from_the_seed(const Case& original, const Shrunk& shrunk) {
    return !shrunk.minimal && plan_steps(shrunk.smallest) == plan_steps(original) &&
           blob_of(shrunk.smallest, shrunk.result).size() > longest_to_paste &&
           blob_of(original, shrunk.result).size() <= longest_to_paste;
}

} // namespace

Failure investigate(const engine::Scenario& scenario, const scenarios::lag::Plan* plan,
                    const sim::Options& options, const sim::RunResult& failed,
                    const InvestigateOptions& wishes) {
    Failure out;
    sim::Options again = options;
    again.keep_events = true;
    again.keep_choices = true;
    const sim::RunResult repeated = sim::run(scenario, again);
    if (repeated.digest != failed.digest || repeated.verdict != failed.verdict) {
        // Where they part can only be seen in two runs that kept their events.
        const sim::RunResult third = sim::run(scenario, again);
        out.difference = sim::first_difference(repeated, third);
        if (!out.difference) out.difference.emplace();
        out.difference->seed = options.seed;
        return out;
    }
    out.story = repeated.story;
    const Case full = case_of(scenario, plan, options, repeated);
    out.original = with_least_recording(full, failed.digest);
    out.smallest = out.original;
    out.steps_before = plan_steps(full);
    if (wishes.shrink) {
        Shrunk shrunk = shrink(full, class_of(repeated.violations.front()), wishes.budget);
        if (!is_easier_from_the_seed(out.original, shrunk)) out.smallest = std::move(shrunk.smallest);
        out.shrink_runs = shrunk.runs;
        out.minimal = shrunk.minimal;
        out.shrunk = true;
    }
    out.steps_after = plan_steps(out.smallest);
    Manner manner;
    manner.events = true;
    out.told = run(out.smallest, manner);
    ENSURE(!out.told.violations.empty()); // it failed when it was shrunk
    out.replay.what = out.smallest;
    out.replay.check = out.told.violations.front().check;
    out.replay.digest = out.told.digest;
    out.replay.found_by = repeated.strategy;
    out.blob = to_blob(out.replay);
    return out;
}

Failure investigate(const Case& failing, const sim::Options& options, const InvestigateOptions& wishes) {
    engine::Scenario scenario;
    if (failing.plan)
        scenario = scenarios::lag::scenario_of(*failing.plan);
    else if (const engine::Scenario* listed = scenarios::find(failing.scenario))
        scenario = *listed;
    ENSURE(scenario.story != nullptr);
    sim::Options failed = options;
    failed.seed = failing.recording.seed;
    failed.strategy = {};
    failed.topology = failing.world();
    failed.topology_changes.clear();
    failed.follow = &failing.recording;
    const sim::RunResult again = sim::run(scenario, failed);
    if (again.violations.empty())
        throw engine::InternalError("a run that failed holds when its decisions are made again");
    return investigate(scenario, failing.plan ? &*failing.plan : nullptr, failed, again, wishes);
}

} // namespace search
