#include "search/grafts.hpp"

#include <gtest/gtest.h>

#include "engine/hash.hpp"

namespace search {
namespace {

using engine::Mark;
using engine::MarkCounts;
using scenarios::lag::Action;
using scenarios::lag::Plan;
using scenarios::lag::PlannedStep;

// Situations by number; which ones does not matter here.
constexpr auto common = static_cast<Mark>(0);
constexpr auto first_rare = static_cast<Mark>(1);
constexpr auto second_rare = static_cast<Mark>(2);

/// A world of two independent situations, which are in the plan: the wait of 77 ms is one, that of 88 ms the
/// other; a fresh plan has each once in `rare_in` runs.
class Synthetic {
public:
    explicit Synthetic(std::uint64_t seed, std::uint64_t in) : grafts_(seed), rare_in_(in) {}

    /// @return in which run both were there, 0: in none
    int hunt(int most_runs) {
        for (int run = 1; run <= most_runs; ++run) {
            const Grafts::Wish wish = grafts_.next();
            const Plan plan = wish.plan ? *wish.plan : fresh(wish.seed);
            if (wish.plan) ++grafted_;
            MarkCounts marks;
            marks.hit(common);
            Grafts::Steps steps;
            for (std::size_t i = 0; i < plan.steps.size(); ++i) {
                if (plan.steps[i].action != Action::wait) continue;
                if (plan.steps[i].amount == 77) steps.emplace(first_rare, i + 1);
                if (plan.steps[i].amount == 88) steps.emplace(second_rare, i + 1);
            }
            for (const auto& [mark, step] : steps) marks.hit(mark);
            if (steps.size() == 2) return run;
            if (grafts_.ran(wish, marks)) grafts_.keep(plan, steps);
        }
        return 0;
    }
    int grafted() const { return grafted_; }
    const Grafts& grafts() const { return grafts_; }

private:
    Plan fresh(std::uint64_t seed) const {
        Plan plan;
        for (std::uint64_t i = 0; i < 8; ++i) {
            PlannedStep step;
            step.action = Action::wait;
            step.amount = i;
            plan.steps.push_back(step);
        }
        if (engine::mix64(seed) % rare_in_ == 0) plan.steps[2].amount = 77;
        if (engine::mix64(~seed) % rare_in_ == 0) plan.steps[5].amount = 88;
        return plan;
    }

    Grafts grafts_;
    std::uint64_t rare_in_;
    int grafted_ = 0;
};

// Prediction: each alone is there after some 1,000 runs, and the first graft of the pair has both; two seeds
// that have both take a million.
TEST(Grafts, two_situations_of_a_thousand_meet_within_ten_thousand_runs) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Synthetic world(seed * 1'000'000, 1000);
        found += world.hunt(10'000) != 0 ? 1 : 0;
    }
    EXPECT_EQ(found, 100);
}

TEST(Grafts, nothing_is_grafted_while_much_is_unseen) {
    Synthetic world(5, 300);
    (void)world.hunt(1000);
    EXPECT_EQ(world.grafted(), 0) << "not in the first 1,000 runs";
    // Six marks that one run each has hit: of 1,199 runs that is more than one in 200.
    Grafts grafts(1);
    for (int run = 0; run < 1199; ++run) {
        const Grafts::Wish wish = grafts.next();
        ASSERT_FALSE(wish.plan) << run;
        MarkCounts marks;
        if (run < 6) marks.hit(static_cast<Mark>(run));
        if (grafts.ran(wish, marks)) grafts.keep(Plan{}, {});
        EXPECT_FALSE(grafts.have_marks_saturated()) << run;
    }
    (void)grafts.ran(grafts.next(), {});
    EXPECT_TRUE(grafts.have_marks_saturated());
}

TEST(Grafts, a_graft_begins_with_the_steps_up_to_the_rare_one) {
    Grafts grafts(1);
    Plan stem;
    for (std::uint64_t i = 0; i < 6; ++i) stem.steps.push_back({.action = Action::block, .amount = 100 + i});
    for (int run = 0; run < 1100; ++run) {
        const Grafts::Wish wish = grafts.next();
        MarkCounts marks;
        marks.hit(common);
        if (run == 1050) marks.hit(first_rare);
        if (run == 1051) marks.hit(first_rare);
        const bool is_wanted = grafts.ran(wish, marks);
        EXPECT_EQ(is_wanted, run == 1050 || run == 1051) << run;
        if (is_wanted) grafts.keep(stem, {{common, 1}, {first_rare, 4}});
    }
    EXPECT_EQ(grafts.stocks(), 1u) << "what is common is nothing to go on from";
    int seen = 0;
    for (int turn = 0; turn < 20; ++turn) {
        const Grafts::Wish wish = grafts.next();
        if (!wish.plan) continue;
        ++seen;
        ASSERT_GT(wish.plan->steps.size(), 4u);
        for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(wish.plan->steps[i], stem.steps[i]);
        EXPECT_FALSE(wish.plan->steps[4] == stem.steps[4]) << "the rest is another plan's";
    }
    EXPECT_EQ(seen, 10) << "every other run";
}

TEST(Grafts, the_same_seed_gives_the_same_runs) {
    for (const std::uint64_t seed : {1u, 2u})
        EXPECT_EQ(Synthetic(seed, 1000).hunt(10'000), Synthetic(seed, 1000).hunt(10'000));
}

} // namespace
} // namespace search
