#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "tools/testing/fogsim_in_a_folder.hpp"

// fogsim mutants: are the defects seen, and told as documented?

namespace {

class MutantsTest : public tools::testing::FogsimInAFolder {
protected:
    Outcome run(const std::string& arguments) const { return FogsimInAFolder::run("mutants " + arguments); }
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

// From this seed on the portfolio needs 11,748 runs.
// Thousands of runs, which take minutes under the sanitizer.
#if !defined(__SANITIZE_ADDRESS__)
TEST_F(MutantsTest, novelty_sees_a_rare_defect_sooner_and_without_it_the_run_holds) {
    const Outcome outcome = run("--only wallet-takes-image-error-for-unspent --strategy novelty --no-shrink "
                                "--time-limit 200 --json novelty.json");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
    const nlohmann::json entry = json("novelty.json").at("defects").at(0);
    EXPECT_TRUE(entry.at("killed").get<bool>()) << entry;
    EXPECT_TRUE(entry.at("repeats").get<bool>()) << entry;
    EXPECT_TRUE(entry.at("clean_holds").get<bool>()) << entry;
    EXPECT_LT(entry.at("runs").get<std::uint64_t>(), 6'000u);
}
#endif

TEST_F(MutantsTest, wrong_wishes_are_refused_in_one_line) {
    for (const char* wish : {"--only nothing-of-the-kind", "--time-limit 0", "--seed x", "--jobs none",
                             "--strategy luck", "--json /nowhere/at/all", "--what"}) {
        const Outcome outcome = run(wish);
        EXPECT_EQ(outcome.exit_code, 2) << wish;
        EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
    }
}

} // namespace
