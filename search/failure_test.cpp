#include "search/failure.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/chain/testing/mutation.hpp"
#include "engine/stream_site.hpp"
#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"
#include "scenarios/lag/words.hpp"
#include "search/shrink.hpp"
#include "search/story.hpp"
#include "sim/defect_catalogue.hpp"

namespace search {
namespace {

using scenarios::lag::Plan;

/// The first failure of a sweep with one defect on.
struct Found {
    const engine::Scenario* scenario = scenarios::find("lag");
    sim::Options options{};
    sim::RunResult result{};
};

Found find_failure(const char* defect, std::uint64_t runs = 2000) {
    Found found;
    sim::SweepOptions options;
    options.run.strategy = sim::Strategy::parse("portfolio");
    options.run.defects.switch_on(sim::find_defect(defect)->defect);
    options.runs = runs;
    sim::SweepProgress progress;
    sim::SweepResult result = sim::sweep(*found.scenario, options, progress);
    EXPECT_TRUE(result.failed_seed) << defect;
    found.options = options.run;
    found.options.seed = result.failed_seed.value_or(1);
    found.result = std::move(*result.failure);
    return found;
}

Failure investigated(const char* defect) {
    const Found found = find_failure(defect);
    return investigate(*found.scenario, nullptr, found.options, found.result);
}

TEST(Shrink, nothing_can_be_taken_away_from_the_result) {
    for (const char* defect :
         {"wallet-counts-newer-outputs", "images-spent-one-block-late", "wallet-overlooks-change"}) {
        const Failure failure = investigated(defect);
        ASSERT_TRUE(failure.minimal) << defect;
        EXPECT_LE(failure.steps_after, failure.steps_before);
        const auto wanted = class_of(failure.told);
        const Case& small = failure.smallest;
        // By hand, without the shrinker's own list of what is simpler.
        for (std::size_t i = 0; i < small.plan->steps.size(); ++i) {
            Case candidate = small;
            candidate.plan->steps.erase(candidate.plan->steps.begin() + static_cast<std::ptrdiff_t>(i));
            EXPECT_NE(class_of(run(candidate)), wanted) << defect << ": step " << i << " is not needed";
        }
        for (std::size_t i = 0; i < small.plan->steps.size(); ++i)
            for (auto field : {&scenarios::lag::PlannedStep::node, &scenarios::lag::PlannedStep::other}) {
                Case candidate = small;
                std::uint32_t& number = candidate.plan->steps[i].*field;
                if (number == 0) continue;
                --number;
                EXPECT_NE(class_of(run(candidate)), wanted) << defect << ": a number of step " << i;
            }
        for (std::size_t i = 0; i < small.recording.fixed.size(); ++i) {
            Case candidate = small;
            candidate.recording.fixed.erase(candidate.recording.fixed.begin() +
                                            static_cast<std::ptrdiff_t>(i));
            EXPECT_NE(class_of(run(candidate)), wanted) << defect << ": decision " << i << " is not needed";
            candidate = small;
            if (candidate.recording.fixed[i].value == 1) continue;
            --candidate.recording.fixed[i].value;
            EXPECT_NE(class_of(run(candidate)), wanted) << defect << ": decision " << i << " can be lowered";
        }
        // And everything else that counts as simpler.
        std::size_t tried = 0;
        for_each_simpler(small, [&](const Case& candidate) {
            ++tried;
            EXPECT_NE(class_of(run(candidate)), wanted) << defect;
            return false;
        });
        EXPECT_GT(tried, small.plan->steps.size());
    }
}

TEST(Shrink, same_failure_gives_the_same_result_every_time) {
    const Failure first = investigated("wallet-takes-off-later-spends");
    const Failure second = investigated("wallet-takes-off-later-spends");
    EXPECT_EQ(first.blob, second.blob);
    EXPECT_EQ(first.shrink_runs, second.shrink_runs);
}

TEST(Shrink, budget_ends_it_with_a_case_that_still_fails) {
    const Found found = find_failure("wallet-counts-newer-outputs");
    InvestigateOptions wishes;
    wishes.budget.most_runs = 5;
    const Failure failure = investigate(*found.scenario, nullptr, found.options, found.result, wishes);
    EXPECT_FALSE(failure.minimal);
    EXPECT_LE(failure.shrink_runs, 7u) << "the budget, and what it takes to begin";
    EXPECT_EQ(class_of(failure.told), class_of(found.result));
}

TEST(Shrink, long_stories_end_by_steps) {
    const Found found = find_failure("wallet-counts-newer-outputs");
    InvestigateOptions wishes;
    wishes.budget.most_steps = 1; // the first candidate has more
    const Failure failure = investigate(*found.scenario, nullptr, found.options, found.result, wishes);
    EXPECT_FALSE(failure.minimal);
    EXPECT_LE(failure.shrink_runs, 4u) << "one candidate, and what it takes to begin";
    EXPECT_EQ(class_of(failure.told), class_of(found.result));
}

TEST(Shrink, seed_is_told_when_the_budget_leaves_thousands_of_decisions) {
    const engine::Scenario& story = *scenarios::find("conformance");
    sim::Options options;
    options.topology = story.topology;
    options.defects.switch_on(sim::find_defect("wallet-takes-off-later-spends")->defect);
    const sim::RunResult result = sim::run(story, options);
    ASSERT_FALSE(result.violations.empty());
    InvestigateOptions wishes;
    wishes.budget.most_runs = 1; // not even enough to take all decisions away
    const Failure failure = investigate(story, nullptr, options, result, wishes);
    EXPECT_FALSE(failure.minimal);
    EXPECT_TRUE(failure.smallest.recording.fixed.empty());
    EXPECT_LE(failure.blob.size(), longest_to_paste);
    EXPECT_EQ(run(from_blob(failure.blob).what).digest, result.digest);
}

TEST(Shrink, guilty_defect_is_found_among_others) {
    Found found = find_failure("wallet-counts-newer-outputs");
    found.options.defects.switch_on(sim::find_defect("wallet-adds-in-64-bits")->defect);
    const sim::RunResult result = sim::run(*found.scenario, found.options);
    ASSERT_FALSE(result.violations.empty());
    const Failure failure = investigate(*found.scenario, nullptr, found.options, result);
    EXPECT_TRUE(failure.smallest.defects.has(sim::find_defect("wallet-counts-newer-outputs")->defect));
    EXPECT_FALSE(failure.smallest.defects.has(sim::find_defect("wallet-adds-in-64-bits")->defect));
}

TEST(Replay, blob_plays_the_failure_back_to_the_digest) {
    const Failure failure = investigated("wallet-takes-off-later-spends");
    EXPECT_LT(failure.blob.size(), longest_to_paste);
    const Replay back = from_blob(failure.blob);
    EXPECT_EQ(back.what.plan, failure.smallest.plan);
    const sim::RunResult again = run(back.what);
    EXPECT_EQ(again.digest, failure.told.digest);
    EXPECT_EQ(engine::tell::in_words(again.violations.front()),
              engine::tell::in_words(failure.told.violations.front()));
    EXPECT_EQ(again.departure.kind, engine::Departure::Kind::none);
    Case clean = back.what;
    clean.defects = {};
    EXPECT_EQ(run(clean).verdict, sim::Verdict::held)
        << "the identical plan and decisions without the defect";
}

TEST(Replay, unshrunk_failure_of_any_strategy_plays_back) {
    const Found found = find_failure("wallet-counts-newer-outputs");
    InvestigateOptions wishes;
    wishes.shrink = false;
    for (const char* strategy : {"random", "swarm", "pct:3", "pos+swarm", "urw"}) {
        sim::Options options = found.options;
        options.strategy = sim::Strategy::parse(strategy);
        sim::RunResult result;
        for (options.seed = 1; result.violations.empty() && options.seed < 400; ++options.seed)
            result = sim::run(*found.scenario, options);
        --options.seed;
        ASSERT_FALSE(result.violations.empty()) << strategy;
        const Failure failure = investigate(*found.scenario, nullptr, options, result, wishes);
        EXPECT_EQ(run(from_blob(failure.blob).what).digest, result.digest) << strategy;
    }
}

TEST(Replay, departure_is_named_when_the_code_has_other_possibilities) {
    const Failure failure = investigated("wallet-takes-off-later-spends");
    Case changed = failure.smallest;
    if (changed.recording.fixed.empty())
        changed.recording.fixed.push_back({{engine::Domain::pause, 1, 0}, 0, 64, 1});
    changed.recording.fixed.front().bound += 1000;
    const sim::RunResult result = run(changed);
    EXPECT_NE(engine::describe(result.departure).find("recorded as one of"), std::string::npos);
}

TEST(Replay, catalogued_scenario_goes_into_a_blob_too) {
    Replay replay;
    replay.what.scenario = "sandwich";
    replay.what.topology.view_shards = 3;
    replay.what.recording.fixed = {{{engine::Domain::network, 3, 1}, 7, 1024, 1000}};
    replay.digest = 0xfeedface;
    EXPECT_EQ(from_blob(to_blob(replay)), replay);
    EXPECT_LT(to_blob(replay).size(), 80u);
}

TEST(Replay, damaged_blobs_are_refused_with_one_line) {
    Replay replay;
    replay.what.scenario = "sandwich";
    const std::string good = to_blob(replay);
    engine::chain::Mutator mutate(1);
    std::size_t refused = 0;
    for (int i = 0; i < 4000; ++i) {
        const engine::chain::Bytes changed = mutate(engine::chain::Bytes(good.begin(), good.end()));
        const std::string text(changed.begin(), changed.end());
        try {
            EXPECT_EQ(from_blob(text), replay) << "accepted although changed";
        } catch (const engine::UsageError& error) {
            ++refused;
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
            EXPECT_TRUE(std::string(error.what()).starts_with("not a replay blob: "));
        }
    }
    EXPECT_GT(refused, 3000u);
    for (const char* text : {"", "F", "F1", "F2AAAA", "F1AAAAAAAA", "nonsense", "F1=*"})
        EXPECT_THROW(from_blob(text), engine::UsageError) << text;
    EXPECT_THROW(read_replay("/nowhere/at/all"), engine::UsageError);
}

TEST(Story, tells_heights_answers_and_where_the_number_comes_from) {
    const Failure failure = investigated("wallet-takes-off-later-spends");
    std::string story;
    for (const std::string& sentence : story_of(failure.smallest, failure.told)) story += sentence + "\n";
    for (const char* part :
         {"the operator activates ingest0", "The chain gets block 1: account 0 gets 1",
          "hears: view_router answers", "hears: ledger_router answers", "Block counts are now: tip",
          "The wallet also knows that block", "check balance fails"})
        EXPECT_NE(story.find(part), std::string::npos) << part << " is not in:\n" << story;
}

Plan plan_with(scenarios::lag::Action action, std::uint32_t node, const char* topology) {
    Plan plan;
    EXPECT_EQ(engine::apply(topology, plan.topology), "");
    plan.steps.emplace_back();
    plan.steps.back().action = action;
    plan.steps.back().node = node;
    return plan;
}

// With fewer stores in front of it a router has another number: a smaller world is one in which the same
// router is paused.
TEST(Shrink, a_smaller_world_has_the_plan_do_the_same_to_the_same_parts) {
    Case what;
    what.scenario = "lag";
    const char* large = "ingest=1,view-shards=1,view-replicas=1,image-shards=3,image-replicas=2";
    what.plan = plan_with(scenarios::lag::Action::pause, 9, large);
    const auto paused = [](const Case& c) { return scenarios::lag::Words(*c.plan, c.plan->topology).of(0); };
    ASSERT_EQ(paused(what), "ledger_router is stopped in its tracks");
    what.recording.base = engine::Recording::Base::tame;
    // The ledger router is node 10 there, and node 5 where one image store is left; 9 is an image store's.
    what.recording.fixed.push_back({name_of(engine::StreamSite::process_hold, 10), 0, 64, 7});
    what.recording.fixed.push_back({name_of(engine::StreamSite::process_hold, 9), 0, 64, 7});
    bool found = false;
    for (bool more = true; more;) {
        more = false;
        more = for_each_simpler(Case(what), [&](const Case& simpler) {
            if (simpler.plan->topology == what.plan->topology || paused(simpler) != paused(what))
                return false;
            if (simpler.plan->topology.ingest_nodes != 1) return false;
            what = simpler;
            return true;
        });
        found = found || more;
    }
    EXPECT_TRUE(found);
    EXPECT_EQ(what.plan->topology.image_shards * what.plan->topology.image_replicas, 1U);
    ASSERT_EQ(what.recording.fixed.size(), 1U) << "a store that is gone decides nothing";
    EXPECT_EQ(what.recording.fixed[0].stream.actor, 5);
}

TEST(Story, a_step_says_only_what_has_come_about) {
    Plan plan = plan_with(scenarios::lag::Action::put_back_state, 0, "ingest=2");
    EXPECT_EQ(scenarios::lag::Words(plan, plan.topology).of(0),
              "ingest0 would get an old state file back, but none was kept");
    plan.steps.insert(plan.steps.begin(), plan_with(scenarios::lag::Action::save_state, 2, "").steps.front());
    EXPECT_EQ(scenarios::lag::Words(plan, plan.topology).of(1), "the kept state file of ingest0 is put back")
        << "2 is node 0 of two";
    Plan block = plan_with(scenarios::lag::Action::block, 0, "ingest=1");
    block.steps[0].at = scenarios::lag::Boundary::missed_start;
    const scenarios::lag::Words words(block, block.topology);
    EXPECT_EQ(words.of(0, 0), "a block is appended") << "nothing is missed";
    EXPECT_EQ(words.of(0, 1),
              "a block is appended, after 1 empty block up to the first block of a missed range");
}

TEST(Story, every_kind_of_action_has_words) {
    for (std::size_t a = 0; a < scenarios::lag::action_count; ++a) {
        Plan plan;
        scenarios::lag::PlannedStep step;
        step.action = static_cast<scenarios::lag::Action>(a);
        plan.steps.push_back(step);
        const std::string words = scenarios::lag::Words(plan, plan.topology).of(0);
        EXPECT_NE(words, scenarios::lag::name(step.action));
        EXPECT_NE(words.find(' '), std::string::npos) << words;
    }
}

} // namespace
} // namespace search
