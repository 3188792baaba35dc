#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "tools/testing/fogsim_in_a_folder.hpp"

// A sweep in parts, as its users meet it: run as a program, judged by output, files and exit code.

namespace {

namespace fs = std::filesystem;

class ShardTest : public tools::testing::FogsimInAFolder {
protected:
    Outcome run(const std::string& arguments, const char* errors = "2>/dev/null") const {
        return FogsimInAFolder::run(arguments, errors);
    }
    std::string content(const fs::path& file) const {
        std::ifstream in(folder_ / file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    /// Makes the parts of a sweep, the last first.
    void make_parts(const std::string& sweep, int parts, const std::string& prefix = "part") const {
        for (int i = parts; i >= 1; --i)
            (void)run(sweep + " --shard " + std::to_string(i) + "/" + std::to_string(parts) +
                      " --shard-out " + prefix + std::to_string(i) + ".json");
    }
    static std::string without_times(std::string junit) {
        for (std::size_t at = 0; (at = junit.find("time=\"", at)) != std::string::npos; at += 6)
            junit.erase(at + 6, junit.find('"', at + 6) - at - 6);
        return junit;
    }
    std::string corpus(const char* folder) const {
        std::string all;
        if (!fs::exists(folder_ / folder)) return all;
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(folder_ / folder)) files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        for (const fs::path& file : files) all += file.filename().string() + "\n" + content(file);
        return all;
    }
    /// That the parts, in some order, make the report of the one machine.
    void expect_the_same(const std::string& sweep, int exit_code) const {
        const std::string outputs = "--json J --junit X --report H --corpus C ";
        const auto named = [&](const std::string& suffix) {
            std::string text;
            for (const char c : outputs) {
                text += c;
                if (std::isupper(static_cast<unsigned char>(c)) != 0) text += suffix;
            }
            return text;
        };
        const Outcome one = run(sweep + " " + named("1"));
        EXPECT_EQ(one.exit_code, exit_code) << one.out;
        EXPECT_FALSE(content("J1").empty());
        for (const char* parts : {"3", "2"}) { // 2 stands for one part only
            const bool is_one = *parts == '2';
            make_parts(sweep, is_one ? 1 : 3);
            const Outcome merged = run(
                (is_one ? "merge part1.json " : "merge part2.json part3.json part1.json ") + named(parts));
            EXPECT_EQ(merged.exit_code, exit_code) << merged.out;
            EXPECT_EQ(merged.out, one.out);
            EXPECT_EQ(content(std::string("J") + parts), content("J1"));
            EXPECT_EQ(without_times(content(std::string("X") + parts)), without_times(content("X1")));
            EXPECT_EQ(content(std::string("H") + parts), content("H1"));
            EXPECT_EQ(corpus((std::string("C") + parts).c_str()), corpus("C1"));
        }
    }
};

TEST_F(ShardTest, a_sweep_that_holds_is_reported_as_by_one_machine) {
    expect_the_same("--scenario lag --runs 101 --seed 5 --jobs 1", 0);
}

TEST_F(ShardTest, a_sweep_that_fails_is_reported_as_by_one_machine) {
    expect_the_same("--scenario lag --runs 200 --defect wallet-counts-newer-outputs --jobs 1", 1);
}

TEST_F(ShardTest, all_failures_are_counted_as_by_one_machine) {
    expect_the_same("--scenario lag --runs 120 --defect wallet-counts-newer-outputs --keep-going --jobs 1",
                    1);
}

TEST_F(ShardTest, parts_that_do_not_belong_are_named) {
    const std::string sweep = "--scenario lag --runs 40 --jobs 1";
    make_parts(sweep, 3);
    make_parts("--scenario lag --runs 41 --jobs 1", 3, "other");
    std::ofstream(folder_ / "noise.json") << "{}";
    const auto refused = [&](const std::string& files, const std::string& why) {
        const Outcome outcome = run("merge " + files, "2>&1");
        EXPECT_EQ(outcome.exit_code, 2) << files;
        EXPECT_NE(outcome.out.find(why), std::string::npos) << outcome.out;
        EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
    };
    refused("part1.json part3.json", "of 3 parts, there is none with number 2");
    refused("part1.json part2.json part3.json part2.json", "part 2/3 is there already");
    refused("part1.json other2.json part3.json",
            "'other2.json': it is part of something else than 'part1.json'");
    refused("part1.json part2.json part3.json --junit /nowhere/at/all", "--junit");
    // Made by another program, or cut off.
    std::string text = content("part3.json");
    std::ofstream(folder_ / "older.json")
        << std::regex_replace(text, std::regex("(\"commit\":\")[^\"]*"), "$010123");
    std::ofstream(folder_ / "short.json") << text.substr(0, text.size() / 2);
    refused("part1.json part2.json older.json", "'older.json': made by commit 0123");
    refused("part1.json part2.json short.json", "'short.json': it is no result of --shard-out");
    refused("part1.json part2.json noise.json", "'noise.json': it is no result of --shard-out");
    refused("part1.json part2.json nowhere.json", "nowhere.json");
}

// A part that was killed leaves no file, and made again completes the sweep.
TEST_F(ShardTest, a_lost_part_is_lost_alone) {
    const std::string sweep = "--scenario lag --runs 100 --jobs 1";
    make_parts(sweep, 2);
    const std::string whole = run("merge part1.json part2.json").out;
    fs::remove(folder_ / "part2.json");
    const Outcome killed =
        run(sweep + " --shard 2/2 --shard-out part2.json & sleep 0.01; kill -9 $!; wait $!");
    EXPECT_FALSE(fs::exists(folder_ / "part2.json"));
    EXPECT_EQ(run("merge part1.json part2.json", "2>&1").exit_code, 2);
    (void)run(sweep + " --shard 2/2 --shard-out part2.json");
    EXPECT_EQ(run("merge part1.json part2.json").out, whole);
}

TEST_F(ShardTest, wrong_wishes_are_refused_in_one_line) {
    for (const char* wish :
         {"--runs 4 --shard 1/2", "--runs 4 --shard 3/2 --shard-out f", "--shard-out f",
          "--runs 4 --shard half --shard-out f", "--runs 2 --shard 1/3 --shard-out f",
          "--runs 4 --shard 0/2 --shard-out f", "--runs 4 --shard 1/2 --shard-out f --corpus c"}) {
        const Outcome outcome = run(std::string("--scenario lag ") + wish, "2>&1");
        EXPECT_EQ(outcome.exit_code, 2) << wish;
        EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
    }
}

// A part that ran out of time is no part.
TEST_F(ShardTest, an_incomplete_part_leaves_no_file) {
    const Outcome outcome = run(
        "--scenario lag --runs 100000000 --jobs 1 --time-limit 1 --shard 1/2 --shard-out part.json", "2>&1");
    EXPECT_EQ(outcome.exit_code, 6) << outcome.out;
    EXPECT_NE(outcome.out.find("--shard-out: not written"), std::string::npos) << outcome.out;
    EXPECT_FALSE(fs::exists(folder_ / "part.json"));
}

TEST_F(ShardTest, an_exhaustive_search_is_certified_as_by_one_machine) {
    for (const char* wish :
         {"--view 2 --ledger 2 --polls 2 --shards 2", "--view 3 --ledger 3 --polls 2 --preemptions 3",
          "--view 2 --ledger 2 --polls 2 --defect wallet-counts-newer-outputs",
          "--view 2 --ledger 2 --polls 2 --defect wallet-counts-newer-outputs --keep-going"}) {
        const std::string search = std::string("exhaustive --no-reduction --jobs 1 ") + wish;
        const Outcome one = run(search + " --json one.json");
        make_parts(search, 3);
        const Outcome merged = run("merge part3.json part1.json part2.json --json merged.json");
        EXPECT_EQ(merged.exit_code, one.exit_code) << wish;
        EXPECT_EQ(merged.out, one.out) << wish;
        nlohmann::json expected = json("one.json");
        nlohmann::json found = json("merged.json");
        expected.erase("work"); // parts find out some things twice
        found.erase("work");
        EXPECT_EQ(found, expected) << wish;
    }
    const Outcome missing = run("merge part3.json part1.json", "2>&1");
    EXPECT_EQ(missing.exit_code, 2);
    EXPECT_NE(missing.out.find("of 3 parts, there is none with number 2"), std::string::npos) << missing.out;
    const Outcome junit = run("merge part1.json part2.json part3.json --junit x.xml", "2>&1");
    EXPECT_EQ(junit.exit_code, 2);
    EXPECT_NE(junit.out.find("--junit: not for parts of fogsim exhaustive"), std::string::npos) << junit.out;
}

TEST_F(ShardTest, a_table_of_mutants_is_that_of_one_machine) {
    const std::string search =
        "mutants --jobs 1 --only wallet-counts-newer-outputs --only images-publish-before-insert "
        "--only wallet-follows-a-lower-count --only view-store-publishes-before-insert";
    const auto without_seconds = [](nlohmann::json table) {
        for (auto& entry : table.at("defects")) entry.erase("seconds");
        return table;
    };
    const Outcome one = run(search + " --json one.json");
    EXPECT_EQ(one.exit_code, 0) << one.out;
    make_parts(search, 3);
    const Outcome merged = run("merge part2.json part3.json part1.json --json merged.json");
    EXPECT_EQ(merged.exit_code, 0) << merged.out;
    EXPECT_EQ(without_seconds(json("merged.json")), without_seconds(json("one.json")));
    const std::regex seconds(" +[0-9]+\\.[0-9] ");
    EXPECT_EQ(std::regex_replace(merged.out, seconds, ""), std::regex_replace(one.out, seconds, ""));
    EXPECT_NE(merged.out.find("fogsim mutants: 4 of 4 defects seen"), std::string::npos) << merged.out;
}

} // namespace
