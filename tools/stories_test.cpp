#include <gtest/gtest.h>

#include <string>

#include "tools/testing/fogsim_in_a_folder.hpp"

// fogsim stories: every story of the catalogue.

namespace {

class StoriesTest : public tools::testing::FogsimInAFolder {
protected:
    static void expect_said(const Outcome& outcome, const std::string& part) {
        EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.out;
    }
};

TEST_F(StoriesTest, every_story_holds_under_every_strategy) {
    const Outcome outcome = run("stories --runs 3 --json all.json");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
    expect_said(outcome, "fogsim stories: PASS seeds ");
    const nlohmann::json all = json("all.json");
    EXPECT_EQ(all["schema"], "fogsim-stories/1");
    EXPECT_GT(all["stories"].size(), 100u) << "stories by strategies";
    for (const nlohmann::json& entry : all["stories"]) {
        EXPECT_EQ(entry["runs"], 3) << entry;
        EXPECT_EQ(entry["failures"], 0) << entry;
    }
}

// A late commit of a dead node, the loser of the race that it wins, and nobody who scans.
TEST_F(StoriesTest, operator_of_commit_answer_lost_looks_whether_anybody_scans) {
    const Outcome outcome = run("--scenario commit_answer_lost --seed 272");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
}

TEST_F(StoriesTest, story_in_another_world_holds_or_says_what_it_needs) {
    const Outcome outcome = run("stories --topologies --runs 1 --pairs 3 --only sandwich --json other.json");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
    expect_said(outcome, "fogsim stories: PASS topologies stories=1 ");
    const nlohmann::json all = json("other.json");
    std::size_t refused = 0;
    for (const nlohmann::json& entry : all["stories"]) refused += entry.contains("refused") ? 1 : 0;
    EXPECT_GT(refused, 0u);
    EXPECT_LT(refused, all["stories"].size() / 2);
}

TEST_F(StoriesTest, mistakes_are_named_in_one_line) {
    const Outcome unknown = run("stories --only nonsense");
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_EQ(unknown.out, "fogsim: --only: there is no scenario 'nonsense'; --list-scenarios lists them\n");
    const Outcome pairs = run("stories --pairs 3");
    EXPECT_EQ(pairs.exit_code, 2);
    EXPECT_EQ(pairs.out, "fogsim: --pairs: needs --topologies\n");
}

} // namespace
