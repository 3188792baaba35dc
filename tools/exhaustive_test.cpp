#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "tools/testing/fogsim_in_a_folder.hpp"

// fogsim exhaustive: counts that a formula gives, certificates, and how a search ends.

namespace {

class ExhaustiveTest : public tools::testing::FogsimInAFolder {
protected:
    Outcome run(const std::string& arguments, const char* errors = "2>/dev/null") const {
        return FogsimInAFolder::run(arguments, errors); // on stderr it says how far it is
    }
    static std::string last_line(const std::string& text) {
        const std::size_t end = text.find_last_not_of('\n');
        const std::size_t begin = text.find_last_of('\n', end);
        return text.substr(begin + 1, end - begin);
    }
};

// Goals of the search: the numbers of the formulas.  (How long it takes is measured by hand:
// docs/exhaustive.md.)
TEST_F(ExhaustiveTest, six_by_six_by_six_is_the_number_of_the_formula) {
    const Outcome outcome = run("exhaustive --json r.json");
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(json("r.json").at("runs"), 853'776);
    EXPECT_EQ(json("r.json").at("by_formula"), 853'776);
    EXPECT_EQ(json("r.json").at("violated"), 0);
    EXPECT_NE(outcome.out.find(
                  "Every ordering of 6 blocks of the view stores, 6 blocks of the key image stores and "
                  "6 balance checks, one shard of each: 853776 classes, 0 of them violated"),
              std::string::npos)
        << outcome.out;
}

TEST_F(ExhaustiveTest, result_is_the_same_for_any_jobs_and_with_two_shards) {
    const std::string wish = "exhaustive --view 2 --ledger 3 --polls 3 --shards 2 --no-reduction --json ";
    const Outcome one = run(wish + "one.json --jobs 1");
    const Outcome three = run(wish + "three.json --jobs 3");
    EXPECT_EQ(one.exit_code, 0);
    EXPECT_EQ(one.out, three.out);
    for (const char* field : {"runs", "by_formula", "ends", "certificate"})
        EXPECT_EQ(json("one.json").at(field), json("three.json").at(field)) << field;
    EXPECT_EQ(json("one.json").at("runs"), json("one.json").at("by_formula"));
    const Outcome reduced = run("exhaustive --view 2 --ledger 3 --polls 3 --shards 2 --json reduced.json");
    EXPECT_EQ(json("reduced.json").at("ends"), json("one.json").at("ends"));
    EXPECT_LT(json("reduced.json").at("runs"), json("one.json").at("runs"));
}

TEST_F(ExhaustiveTest, a_failure_is_shrunk_and_its_recording_plays_back) {
    const Outcome outcome =
        run("exhaustive --view 3 --ledger 3 --polls 2 --defect wallet-counts-newer-outputs --json r.json");
    EXPECT_EQ(outcome.exit_code, 1) << outcome.out;
    const std::string line = last_line(outcome.out);
    EXPECT_TRUE(line.starts_with("fogsim: FAIL check=balance")) << line;
    const std::size_t at = line.find("replay=");
    ASSERT_NE(at, std::string::npos) << line;
    const Outcome again = run("--replay " + line.substr(at + 7));
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_NE(again.out.find("check=balance"), std::string::npos) << again.out;
    EXPECT_EQ(json("r.json").at("exit_code"), 1);
}

TEST_F(ExhaustiveTest, a_search_is_resumed_where_it_was_stopped) {
#if defined(__SANITIZE_ADDRESS__)
    const std::string wish = "exhaustive --view 5 --ledger 5 --polls 5 --resume state.json --json r.json ";
    constexpr int classes = 252 * 252; // C(10, 5)^2
#else
    const std::string wish = "exhaustive --resume state.json --json r.json ";
    constexpr int classes = 924 * 924; // C(12, 6)^2
#endif
    const Outcome begun = run(wish + "--time-limit 0.2");
    EXPECT_EQ(begun.exit_code, 6) << begun.out;
    EXPECT_NE(begun.out.find("reason=time limit"), std::string::npos) << begun.out;
    EXPECT_GT(json("r.json").at("runs"), 0);
    EXPECT_LT(json("r.json").at("runs"), classes);
    EXPECT_GT(json("r.json").at("estimate").get<double>(), json("r.json").at("runs").get<double>());
    const Outcome ended = run(wish);
    EXPECT_EQ(ended.exit_code, 0) << ended.out;
    EXPECT_EQ(json("r.json").at("runs"), classes);
    // Another search's state is refused.
    const Outcome other = run("exhaustive --view 4 --resume state.json", "2>&1");
    EXPECT_EQ(other.exit_code, 2);
    EXPECT_NE(other.out.find("--resume: 'state.json': it is the state of another search"), std::string::npos)
        << other.out;
}

TEST_F(ExhaustiveTest, a_shard_certifies_its_part_only) {
    std::uint64_t runs = 0;
    for (const char* shard : {"1/2", "2/2"}) {
        const Outcome outcome =
            run("exhaustive --view 2 --ledger 2 --polls 2 --no-reduction --json part.json --shard " +
                std::string(shard));
        EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
        EXPECT_EQ(outcome.out.rfind("Part " + std::string(1, shard[0]) + " of 2 of the orderings of ", 0), 0U)
            << outcome.out;
        runs += json("part.json").at("runs").get<std::uint64_t>();
    }
    EXPECT_EQ(runs, 90U);
}

// Named one by one in docs/exhaustive.md: that these need no more than a small world.
TEST_F(ExhaustiveTest, defects_are_found_in_small_worlds_and_nothing_without_one) {
    const std::vector<std::array<const char*, 3>> expected = {
        {"wallet-counts-newer-outputs", "balance", "balance"},
        {"wallet-asks-about-an-output-once", "liveness", "liveness"}, // by what comes after the last event
        {"view-store-publishes-before-insert", "response", "response"},
        {"images-spent-one-block-late", "response", "response"},
        {"wallet-takes-older-image-answers", "", "monotone"}, // two shards that differ
        {"view-router-takes-the-lowest-count", "", "liveness"},
        {"ingest-records-the-next-block", "response", "response"},
        {"ingest-retires-one-block-early", "", ""}, // no key rotates in so small a world
    };
    std::string wish = "exhaustive --all-defects --time-limit 60 --json r.json";
    for (const auto& defect : expected) wish += std::string(" --defect ") + defect[0];
    const Outcome outcome = run(wish);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
    EXPECT_EQ(last_line(outcome.out),
              "fogsim exhaustive: 7 of 8 defects found in small worlds of view=3 ledger=3 "
              "polls=3; none fails without a defect");
    const auto result = json("r.json");
    for (const char* shards : {"one_shard", "two_shards"}) {
        EXPECT_FALSE(result.at("none").at(shards).at("found"));
        EXPECT_TRUE(result.at("none").at(shards).at("complete"));
    }
    ASSERT_EQ(result.at("defects").size(), expected.size());
    for (const auto& defect : expected) {
        bool is_there = false;
        for (const auto& entry : result.at("defects")) {
            if (entry.at("name") != defect[0]) continue;
            is_there = true;
            EXPECT_EQ(entry.at("one_shard").value("check", ""), defect[1]) << defect[0];
            EXPECT_EQ(entry.at("two_shards").value("check", ""), defect[2]) << defect[0];
            EXPECT_EQ(entry.at("two_shards").value("clean_holds", false), *defect[2] != 0) << defect[0];
        }
        EXPECT_TRUE(is_there) << defect[0];
    }
}

TEST_F(ExhaustiveTest, holds_are_bounded) {
    const Outcome outcome = run("exhaustive --view 2 --ledger 2 --polls 2 --preemptions 0 --json none.json");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
    EXPECT_EQ(json("none.json").at("runs"), 6); // one line after the other
    EXPECT_NE(outcome.out.find("with at most 0 holds"), std::string::npos) << outcome.out;
    EXPECT_EQ(run("exhaustive --view 2 --ledger 2 --polls 2 --preemptions 9 --json all.json").exit_code, 0);
    EXPECT_EQ(json("all.json").at("runs"), 90);
}

TEST_F(ExhaustiveTest, schedules_of_a_plan_are_explored) {
    std::ofstream(folder_ / "plan.json")
        << R"({"schema": 1, "topology": "accounts=1,ingest=1", "wallets_per_account": 1,
        "steps": [{"action": "activate"}, {"action": "block", "credits": [{"account": 0, "amount": 1}]}, {"action": "poll"}]})";
    const Outcome outcome = run("exhaustive --plan plan.json --json r.json", "2>&1");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
    EXPECT_EQ(json("r.json").at("runs"), json("r.json").at("one_decision_by_formula"));
    const Outcome missing = run("exhaustive --plan nowhere.json", "2>&1");
    EXPECT_EQ(missing.exit_code, 2);
}

TEST_F(ExhaustiveTest, wrong_wishes_are_refused_in_one_line) {
    for (const char* wish :
         {"--view 17", "--polls x", "--shards 3", "--defect nothing-of-the-kind", "--shard 1",
          "--shard 3/2 --no-reduction", "--shard 1/2", "--plan p.json --view 2", "--all-defects --shards 2",
          "--json /nowhere/at/all", "--what"}) {
        const Outcome outcome = run(std::string("exhaustive ") + wish, "2>&1");
        EXPECT_EQ(outcome.exit_code, 2) << wish;
        EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
    }
}

} // namespace
