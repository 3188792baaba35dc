// Safety and liveness over plans that RapidCheck draws and shrinks.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/tell/words.hpp"
#include "property_tests/property.hpp"
#include "property_tests/rapid_draw.hpp"
#include "scenarios/lag/plan.hpp"
#include "search/failure.hpp"
#include "sim/run.hpp"

namespace property_tests {
namespace {

using scenarios::lag::Plan;
using scenarios::lag::PlanShape;

rc::Gen<Plan> plans(const PlanShape& shape = {}) {
    return rc::gen::exec([shape] {
        RapidDraw draw;
        return scenarios::lag::generate(draw, draw, shape);
    });
}

/// A failure says how to see it again in three ways: the plan, a blob to replay, and RapidCheck's own seed.
void must_hold(const Plan& plan, const sim::Options& wanted) {
    const engine::Scenario scenario = scenarios::lag::scenario_of(plan);
    sim::Options options = wanted;
    options.topology = plan.topology;
    const sim::RunResult result = sim::run(scenario, options);
    if (result.verdict == sim::Verdict::held) return;
    // RapidCheck shrinks: here the case is only written down.
    search::InvestigateOptions wishes;
    wishes.shrink = false;
    const search::Failure failure = search::investigate(scenario, &plan, options, result, wishes);
    for (const auto& violation : result.violations)
        RC_LOG() << engine::check::name(violation.check) << ": " << engine::tell::in_words(violation) << "\n";
    RC_LOG() << "Write the plan to a file and repeat with:  ./run fogsim --plan FILE --seed " << options.seed
             << " --strategy " << sim::describe(options.strategy) << "\n"
             << scenarios::lag::to_json(plan);
    if (failure.difference)
        RC_LOG() << "The run went otherwise when it was repeated: it is not deterministic\n";
    else
        RC_LOG() << "Or repeat with:  ./run fogsim --replay " << failure.blob << "\n";
    RC_FAIL("a balance, an answer or a promise is wrong");
}

TEST(LagProperty, every_plan_under_every_strategy_holds) {
    check_property("lag plans hold", 300, [] {
        const Plan plan = *plans();
        sim::Options options;
        options.seed = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint64_t>(1, 1'000'000));
        sim::Strategy portfolio;
        portfolio.kind = sim::Strategy::Kind::portfolio;
        options.strategy = portfolio.for_seed(options.seed);
        must_hold(plan, options);
    });
}

// The property can fail, and its failure can be seen again: a wallet with a defect is caught, and the blob
// that the message ends with shows the same check.
TEST(LagProperty, a_defect_is_caught_and_its_blob_shows_it_again) {
    sim::Options options;
    options.defects.switch_on(sim::Defect::wallet_missed_limit_off_by_one);
    for (options.seed = 1; options.seed < 20'000; ++options.seed) {
        engine::StorySeed seed;
        seed.seed = options.seed;
        const Plan plan = scenarios::lag::generate(seed);
        options.topology = plan.topology;
        const engine::Scenario scenario = scenarios::lag::scenario_of(plan);
        const sim::RunResult result = sim::run(scenario, options);
        if (result.verdict == sim::Verdict::held) continue;
        search::InvestigateOptions wishes;
        wishes.shrink = false;
        const search::Failure failure = search::investigate(scenario, &plan, options, result, wishes);
        ASSERT_FALSE(failure.difference);
        const search::Replay read = search::from_blob(failure.blob);
        const sim::RunResult again = search::run(read.what);
        EXPECT_EQ(again.digest, result.digest);
        ASSERT_FALSE(again.violations.empty());
        EXPECT_EQ(again.violations.front().check, result.violations.front().check);
        return;
    }
    FAIL() << "no plan shows a count that passes a missing block";
}

} // namespace
} // namespace property_tests
