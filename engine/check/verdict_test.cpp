#include "engine/check/verdict.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace engine::check {
namespace {

Ending good() {
    Ending ending;
    ending.reports = 1;
    return ending;
}

TEST(Verdict, run_that_judged_something_and_found_nothing_is_held) {
    const Conclusion conclusion = conclude(good());
    EXPECT_EQ(conclusion.verdict, Verdict::held);
    EXPECT_STREQ(conclusion.word, "PASS");
}

TEST(Verdict, violation_is_never_covered) {
    Violation violation;
    violation.check = CheckId::balance;
    const std::function<void(Ending&)> covers[] = {[](Ending& e) { e.internal = "an exception"; },
                                                   [](Ending& e) { e.usage = "a wish"; },
                                                   [](Ending& e) { e.broken = "the database is gone"; },
                                                   [](Ending& e) { e.interrupted = true; },
                                                   [](Ending& e) { e.reports = 0; },
                                                   [](Ending& e) { e.marks_missed = true; },
                                                   [](Ending& e) { e.unjudged = {CheckId::final}; }};
    for (const auto& cover : covers) {
        Ending ending = good();
        cover(ending);
        EXPECT_NE(conclude(ending).verdict, Verdict::held);
        ending.violation = &violation;
        EXPECT_EQ(conclude(ending).verdict, Verdict::violated);
        EXPECT_STREQ(conclude(ending).word, "FAIL");
        violation.check = CheckId::liveness;
        EXPECT_EQ(conclude(ending).verdict, Verdict::liveness);
        violation.check = CheckId::balance;
    }
}

TEST(Verdict, nothing_judged_is_no_pass) {
    const Conclusion nothing = conclude(Ending{});
    EXPECT_EQ(nothing.verdict, Verdict::inconclusive);
    EXPECT_STREQ(nothing.word, "INCONCLUSIVE");
    EXPECT_EQ(nothing.reason, "no balance was judged");

    Ending one_is_missing = good();
    one_is_missing.unjudged = {CheckId::sender, CheckId::final};
    EXPECT_EQ(conclude(one_is_missing).verdict, Verdict::inconclusive);
    EXPECT_EQ(conclude(one_is_missing).reason, "never judged: sender final");
}

TEST(Verdict, each_other_end_has_its_own_code_and_word) {
    Ending ending = good();
    ending.skipped = "needs clocks";
    EXPECT_STREQ(conclude(ending).word, "SKIP");
    EXPECT_EQ(conclude(ending).verdict, Verdict::inconclusive);
    ending.internal = "a bug";
    EXPECT_EQ(conclude(ending).verdict, Verdict::internal_error) << "a bug of ours says so";
    ending = good();
    ending.usage = "no such account";
    EXPECT_EQ(conclude(ending).verdict, Verdict::usage);
    ending = good();
    ending.marks_missed = true;
    EXPECT_EQ(conclude(ending).verdict, Verdict::mark_missed);
    EXPECT_STREQ(conclude(ending).word, "FAIL");
    ending.differs = true;
    EXPECT_EQ(conclude(ending).verdict, Verdict::nondeterministic);
}

TEST(Verdict, check_that_has_to_judge_and_did_not_is_named) {
    Checks checks;
    checks.held(CheckId::balance);
    EXPECT_EQ(unjudged({CheckId::balance, CheckId::final}, checks), (std::vector<CheckId>{CheckId::final}));
    Violation violation;
    violation.check = CheckId::final;
    checks.violated(std::move(violation));
    EXPECT_TRUE(unjudged({CheckId::balance, CheckId::final}, checks).empty()) << "a violation is a judgement";
}

} // namespace
} // namespace engine::check
