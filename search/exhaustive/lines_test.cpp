#include "search/exhaustive/lines.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "search/exhaustive/departures.hpp"
#include "search/failure.hpp"
#include "sim/defect_catalogue.hpp"

namespace search::exhaustive {
namespace {

Bounds bounds(std::uint32_t view, std::uint32_t ledger, std::uint32_t polls, std::uint32_t shards = 1) {
    Bounds out;
    out.view = view;
    out.ledger = ledger;
    out.polls = polls;
    out.shards = shards;
    return out;
}

sim::DefectSet with(const char* defect) {
    sim::DefectSet defects;
    defects.switch_on(sim::find_defect(defect)->defect);
    return defects;
}

struct Explored {
    Counts counts{};
    std::set<std::uint64_t> ends{};
    std::set<std::uint64_t> violated{};
    std::vector<Line> first_violated{};
};

Explored explore(Lines& lines, bool reduce) {
    Explored out;
    ExploreOptions options;
    options.reduce = reduce;
    Explorer* at = nullptr;
    Explorer explorer(lines, options, [&] {
        out.ends.insert(lines.outcome());
        if (lines.violation() == nullptr) return;
        if (out.violated.empty()) out.first_violated = at->ordering();
        out.violated.insert(lines.outcome());
    });
    at = &explorer;
    EXPECT_TRUE(explorer.explore());
    out.counts = explorer.counts();
    return out;
}

TEST(Lines, formulas) {
    EXPECT_EQ(orderings({6, 6, 6}), 17'153'136u);
    EXPECT_EQ(classes({6, 6, 6}), 853'776u);
    EXPECT_EQ(orderings({2, 2, 2, 2, 3}), 415'800u);
    EXPECT_EQ(classes({2, 2, 2, 2, 3}), 10'000u);
    EXPECT_EQ(orderings({0, 0, 0}), 1u);
    EXPECT_FALSE(orderings({16, 16, 16, 16, 16, 16, 16}));
}

TEST(Lines, counts_are_those_of_the_formulas_and_ends_those_of_the_full_search) {
    for (const Bounds& b : {bounds(1, 1, 1), bounds(3, 2, 2), bounds(3, 3, 3), bounds(2, 4, 2),
                            bounds(0, 3, 2), bounds(2, 2, 2, 2), bounds(4, 4, 1, 2)}) {
        Lines lines(b, {});
        const Explored all = explore(lines, false);
        const Explored reduced = explore(lines, true);
        EXPECT_EQ(all.counts.runs, orderings(lines.lengths()));
        EXPECT_EQ(reduced.counts.runs, classes(lines.lengths()));
        EXPECT_EQ(reduced.counts.blocked, 0u);
        EXPECT_EQ(all.ends, reduced.ends);
        EXPECT_TRUE(all.violated.empty());
        EXPECT_EQ(lines.check_footprints(), "");
    }
}

// What tells points apart is enough: whole runs meet the points that were found piece by piece.
TEST(Lines, whole_orderings_meet_the_known_points) {
    for (const std::uint32_t shards : {1u, 2u}) {
        Lines lines(bounds(4, 4, 3, shards), {});
        std::vector<std::vector<Line>> some;
        ExploreOptions options;
        Explorer* at = nullptr;
        Explorer explorer(lines, options, [&] {
            if (at->counts().runs % 97 == 1 && some.size() < 60) some.push_back(at->ordering());
        });
        at = &explorer;
        ASSERT_TRUE(explorer.explore());
        ASSERT_GT(some.size(), 10u);
        for (const auto& ordering : some) EXPECT_EQ(lines.check_points(ordering), "");
        EXPECT_LT(lines.work().events, explorer.counts().events);
    }
}

TEST(Lines, a_wrong_footprint_is_noticed) {
    Lines lines(bounds(2, 2, 2), {});
    lines.lie_about(2); // that a check of the balance reads nothing
    const Explored reduced = explore(lines, true);
    EXPECT_LT(reduced.counts.runs, classes(lines.lengths()));
    EXPECT_NE(lines.check_footprints().find("are declared independent"), std::string::npos);
}

// The violations are those of the full search, and an ordering that fails does so as a plan.
TEST(Lines, a_defect_is_found_as_by_the_full_search_and_its_ordering_is_a_plan) {
    Lines lines(bounds(3, 3, 2), with("wallet-counts-newer-outputs"));
    const Explored all = explore(lines, false);
    const Explored reduced = explore(lines, true);
    ASSERT_FALSE(all.violated.empty());
    EXPECT_EQ(all.violated, reduced.violated);
    EXPECT_EQ(all.ends, reduced.ends);

    Case failing;
    failing.plan = lines.plan_of(reduced.first_violated);
    failing.defects = with("wallet-counts-newer-outputs");
    failing.recording.base = engine::Recording::Base::tame;
    const sim::RunResult told = run(failing);
    ASSERT_FALSE(told.violations.empty());
    EXPECT_EQ(told.violations.front().check, engine::check::CheckId::balance);
    failing.defects = {};
    EXPECT_EQ(run(failing).verdict, sim::Verdict::held);
}

TEST(Lines, wrong_bounds_are_refused) {
    EXPECT_THROW(Lines(bounds(17, 1, 1), {}), engine::UsageError);
    EXPECT_THROW(Lines(bounds(1, 1, 1, 3), {}), engine::UsageError);
}

// ------------------------------------------------------------------------------------------------ departures

Case small_plan() {
    Case out;
    scenarios::lag::Plan plan;
    plan.topology.accounts = 1;
    plan.topology.ingest_nodes = 1;
    plan.wallets_per_account = 1;
    scenarios::lag::PlannedStep step;
    step.action = scenarios::lag::Action::activate;
    plan.steps.push_back(step);
    step.action = scenarios::lag::Action::block;
    step.credits.push_back({});
    step.credits.front().amount = 1;
    plan.steps.push_back(step);
    step = {};
    step.action = scenarios::lag::Action::poll;
    plan.steps.push_back(step);
    out.plan = plan;
    return out;
}

TEST(Departures, one_departure_is_counted_by_formula) {
    DepartureOptions options;
    options.most = 1;
    std::set<std::vector<std::uint32_t>> different;
    std::uint64_t tame_digest = 0;
    std::uint64_t others = 0;
    Departures departures(small_plan(), options, [&](const Case& what, const sim::RunResult& result) {
        EXPECT_EQ(result.verdict, sim::Verdict::held);
        if (what.recording.fixed.empty())
            tame_digest = result.digest;
        else
            others += result.digest != tame_digest ? 1 : 0;
        return true;
    });
    EXPECT_TRUE(departures.explore());
    EXPECT_EQ(departures.runs(), departures.by_formula());
    EXPECT_GT(departures.runs(), 50u);
    EXPECT_GT(others, departures.runs() / 2); // departures are no empty words
    EXPECT_LE(departures.classes(), departures.runs());
}

TEST(Departures, none_is_the_tame_run) {
    DepartureOptions options;
    options.most = 0;
    Departures departures(small_plan(), options, [](const Case&, const sim::RunResult&) { return true; });
    EXPECT_TRUE(departures.explore());
    EXPECT_EQ(departures.runs(), 1u);
}

} // namespace
} // namespace search::exhaustive
