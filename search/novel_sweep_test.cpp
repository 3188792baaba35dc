#include "search/novel_sweep.hpp"

#include <gtest/gtest.h>

#include "scenarios/catalogue.hpp"
#include "sim/defect_catalogue.hpp"

namespace search {
namespace {

NovelSweep sweep(std::uint64_t runs, const char* defect = nullptr) {
    const engine::Scenario& lag = *scenarios::find("lag");
    sim::SweepOptions options;
    options.run.topology = lag.topology;
    options.run.seed = 1;
    options.run.strategy = sim::Strategy::parse("portfolio");
    options.runs = runs;
    if (defect != nullptr) options.run.defects.switch_on(sim::find_defect(defect)->defect);
    sim::SweepProgress progress;
    return novel_sweep(lag, nullptr, options, progress);
}

TEST(NovelSweep, the_same_runs_each_time_and_branches_among_them) {
    const NovelSweep first = sweep(150);
    EXPECT_FALSE(first.failing);
    EXPECT_EQ(first.result.runs, 150u);
    EXPECT_GT(first.result.distinct, 130u); // a branch late in a run may have little left to draw
    EXPECT_EQ(first.result.digest, sweep(150).result.digest);
    // Runs of the first hundred begin anew; what comes after them is not what a sweep of seeds would be.
    sim::SweepOptions options;
    options.run.topology = scenarios::find("lag")->topology;
    options.run.strategy = sim::Strategy::parse("portfolio");
    options.runs = 150;
    sim::SweepProgress progress;
    EXPECT_NE(sim::sweep(*scenarios::find("lag"), options, progress).choices, first.result.choices);
}

TEST(NovelSweep, what_fails_is_a_case_that_fails_and_holds_without_the_defect) {
    const char* defect = "wallet-passes-over-newer-rngs";
    const NovelSweep found = sweep(20'000, defect);
    ASSERT_TRUE(found.failing);
    ASSERT_TRUE(found.result.failure);
    Case what = *found.failing;
    const sim::RunResult again = run(what);
    ASSERT_FALSE(again.violations.empty());
    EXPECT_EQ(again.digest, found.result.failure->digest);
    what.defects = {};
    EXPECT_EQ(run(what).verdict, sim::Verdict::held);
}

} // namespace
} // namespace search
