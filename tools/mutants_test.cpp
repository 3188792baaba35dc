#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <nlohmann/json.hpp>

// fogsim mutants as its users meet it: run as a program, judged by output, file and exit code.

namespace {

namespace fs = std::filesystem;

struct Outcome {
    int exit_code = -1;
    std::string out; ///< both streams
};

class MutantsTest : public testing::Test {
protected:
    MutantsTest() {
        std::string pattern = (fs::temp_directory_path() / "fog-mutants-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
    }
    ~MutantsTest() override { fs::remove_all(folder_); }

    Outcome run(const std::string& arguments) const {
        const std::string command =
            "cd '" + folder_.string() + "' && '" FOG_PROGRAM_DIR "/fogsim' mutants " + arguments + " 2>&1";
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
    nlohmann::json json(const char* name) const {
        std::ifstream in(folder_ / name);
        return nlohmann::json::parse(in);
    }

    fs::path folder_;
};

// One of every component, all of them seen within few runs.
TEST_F(MutantsTest, defects_of_every_component_are_seen_by_the_default_search) {
    const char* names[] = {
        "wallet-counts-newer-outputs",          "wallet-ignores-missed-ranges",
        "wallet-drops-early-missed-ranges",     "view-store-reads-count-after-records",
        "view-store-cuts-events-short",         "view-router-takes-the-lowest-count",
        "view-router-keeps-the-first-result",   "images-stop-one-block-early",
        "ledger-router-empty-store-means-zero", "ledger-blocks-end-one-early",
        "ingest-records-the-next-block",        "ingest-counts-users-anew-each-block",
        "db-missed-range-starts-one-late",      "operator-overlooks-unscanned-keys",
    };
    std::string wish = "--time-limit 100 --json table.json";
    for (const char* name : names) wish += std::string(" --only ") + name;
    const Outcome outcome = run(wish);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
    const nlohmann::json table = json("table.json");
    EXPECT_EQ(table.at("schema"), "fogsim-mutants/1");
    ASSERT_EQ(table.at("defects").size(), std::size(names));
    for (const nlohmann::json& entry : table.at("defects")) {
        EXPECT_TRUE(entry.at("killed").get<bool>()) << entry;
        EXPECT_TRUE(entry.at("clean_holds").get<bool>()) << entry;
        EXPECT_GE(entry.at("runs").get<std::uint64_t>(), 1u);
        EXPECT_NE(outcome.out.find(entry.at("name").get<std::string>()), std::string::npos);
    }
}

TEST_F(MutantsTest, explained_survivor_is_no_failure) {
    const Outcome outcome = run("--time-limit 1 --only wallet-updates-one-of-equal-images");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
    EXPECT_NE(outcome.out.find("Equivalent: "), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("0 of 1 defects seen, 1 explained, 0 not seen"), std::string::npos)
        << outcome.out;
}

TEST_F(MutantsTest, same_seed_finds_the_same_run_whatever_the_jobs) {
    const std::string wish = "--only view-router-takes-the-lowest-count --seed 77 --json ";
    ASSERT_EQ(run(wish + "one.json --jobs 1").exit_code, 0);
    ASSERT_EQ(run(wish + "three.json --jobs 3").exit_code, 0);
    for (const char* field : {"seed", "runs", "check", "text", "strategy"})
        EXPECT_EQ(json("one.json").at("defects")[0].at(field), json("three.json").at("defects")[0].at(field))
            << field;
}

TEST_F(MutantsTest, wrong_wishes_are_refused_in_one_line) {
    for (const char* wish : {"--only nothing-of-the-kind", "--time-limit 0", "--seed x", "--jobs none",
                             "--strategy luck", "--json /nowhere/at/all", "--what"}) {
        const Outcome outcome = run(wish);
        EXPECT_EQ(outcome.exit_code, 2) << wish;
        EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
    }
}

} // namespace
