#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

// fogsim stories as its users meet it: run as a program, judged by output, file and exit code.

namespace {

namespace fs = std::filesystem;

struct Outcome {
    int exit_code = -1;
    std::string out; ///< both streams
};

class StoriesTest : public testing::Test {
protected:
    StoriesTest() {
        std::string pattern = (fs::temp_directory_path() / "fog-stories-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
    }
    ~StoriesTest() override { fs::remove_all(folder_); }

    Outcome run(const std::string& arguments) const {
        const std::string command =
            "cd '" + folder_.string() + "' && '" FOG_PROGRAM_DIR "/fogsim' " + arguments + " 2>&1";
        Outcome outcome;
        std::FILE* pipe = ::popen(command.c_str(), "r");
        if (pipe == nullptr) throw std::runtime_error("popen");
        char buffer[4096];
        for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
            outcome.out.append(buffer, n);
        const int status = ::pclose(pipe);
        if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
        return outcome;
    }
    void expect_said(const Outcome& outcome, const std::string& part) const {
        EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.out;
    }

    fs::path folder_;
};

TEST_F(StoriesTest, every_story_holds_under_every_strategy) {
    const Outcome outcome = run("stories --runs 3 --json all.json");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
    expect_said(outcome, "fogsim stories: PASS seeds ");
    std::ifstream in(folder_ / "all.json");
    const nlohmann::json json = nlohmann::json::parse(in);
    EXPECT_EQ(json["schema"], "fogsim-stories/1");
    EXPECT_GT(json["stories"].size(), 100u) << "stories by strategies";
    for (const nlohmann::json& entry : json["stories"]) {
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
    std::ifstream in(folder_ / "other.json");
    const nlohmann::json json = nlohmann::json::parse(in);
    std::size_t refused = 0;
    for (const nlohmann::json& entry : json["stories"]) refused += entry.contains("refused") ? 1 : 0;
    EXPECT_GT(refused, 0u);
    EXPECT_LT(refused, json["stories"].size() / 2);
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
