// Known faults are told from new ones.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "tools/fogreal/testing/fogreal_bed.hpp"

namespace tools::fogreal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class KnownFaultTest : public FogrealTest {
protected:
    /// A file with one fault, of this sign.
    std::string known(const std::string& sign) {
        const fs::path path = work_.path() / "known.json";
        std::ofstream(path)
            << R"({"schema": 1, "release": "R 1", "faults": [{"name": "F9", "says": "It gives up.",
 "why": "w", "since": "1", "source": "s.rs", "signs": [)" +
                   sign + "]}]}";
        return path.string();
    }
    Child& run_failing(const std::string& known_file, std::vector<std::string> more = {}) {
        const fs::path plan = work_.path() / "plan.json";
        std::ofstream(plan) << plan_that_ends_ingest;
        std::vector<std::string> arguments{"--plan", plan.string(),  "--known", known_file,
                                           "--json", json_.string(), "--junit", junit_.string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(std::move(arguments));
    }
    nlohmann::json json() { return nlohmann::json::parse(read_file(json_)); }

    const fs::path json_ = work_.path() / "result.json";
    const fs::path junit_ = work_.path() / "result.xml";
};

TEST_F(KnownFaultTest, OneThatIsKnownIsToldAndNoFailure) {
    Child& child = run_failing(
        known(R"({"scenario": "lag", "check": "crash", "words": "ingest0 has ended with exit code 13"})"),
        {"--runs", "2", "--known-must-show"});
    EXPECT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    const std::string& text = child.standard_output();
    EXPECT_THAT(text, HasSubstr("fogreal: KNOWN fault=F9 check=crash scenario=lag seed=2"));
    EXPECT_THAT(text, HasSubstr("Known fault F9 of R 1: It gives up.\n  2 runs, first lag seed 1; since 1"));
    EXPECT_THAT(text, HasSubstr("    the operator activates ingest0\n")) << "its story";
    EXPECT_THAT(text,
                HasSubstr("fogreal: PASS scenario=lag seeds=1..2 runs=2 failed=0 skipped=0 known=1 new=0 "
                          "gone=0\n"));
    EXPECT_EQ(json()["exit_code"], 0);
    EXPECT_EQ(json()["runs"][1]["verdict"], "known");
    EXPECT_EQ(json()["runs"][1]["known"][0], "F9");
    EXPECT_EQ(json()["known_faults"]["known"][0]["runs"], 2);
    EXPECT_THAT(read_file(junit_), HasSubstr("tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\""));
    EXPECT_THAT(read_file(junit_), HasSubstr("name=\"known fault F9\"><system-out>It gives up."));
}

TEST_F(KnownFaultTest, OneThatNobodyKnowsIsAFailure) {
    Child& child = run_failing(known(R"({"scenario": "lag", "check": "crash", "words": "exit code 14"})"));
    EXPECT_EQ(code(child), 1) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("fogreal: FAIL check=crash scenario=lag seed=1"));
    EXPECT_THAT(child.standard_output(),
                HasSubstr("New, nobody knows it: lag seed 1: check crash: ingest0 has"));
    EXPECT_THAT(child.standard_output(), HasSubstr(" known=0 new=1 gone=0\n"));
    EXPECT_EQ(json()["exit_code"], 1);
    EXPECT_THAT(json()["known_faults"]["new"][0]["what"].get<std::string>(), HasSubstr("exit code 13"));
    EXPECT_THAT(read_file(junit_), HasSubstr("failures=\"1\""));
}

TEST_F(KnownFaultTest, OneThatHasGoneIsAFailureOnDemand) {
    const std::string file = known(R"({"scenario": "sandwich", "check": "balance"})");
    Child& told = run({"--scenario", "sandwich", "--known", file});
    EXPECT_EQ(code(told), 0) << log_of(told) << told.standard_output();
    EXPECT_THAT(told.standard_output(), HasSubstr("Known fault F9 did not show: It gives up."));
    EXPECT_THAT(told.standard_output(),
                HasSubstr("fogreal: PASS scenario=sandwich seeds=1..1 runs=1 failed=0 "
                          "skipped=0 known=0 new=0 gone=1\n"));
    Child& demanded = run({"--scenario", "sandwich", "--known", file, "--known-must-show", "--json",
                           json_.string(), "--junit", junit_.string()});
    EXPECT_EQ(code(demanded), 1) << log_of(demanded) << demanded.standard_output();
    EXPECT_THAT(demanded.standard_output(), HasSubstr("fogreal: FAIL scenario=sandwich seeds=1..1"));
    EXPECT_EQ(json()["exit_code"], 1);
    EXPECT_EQ(json()["runs"][0]["verdict"], "held");
    EXPECT_EQ(json()["known_faults"]["gone"][0], "F9");
    EXPECT_THAT(read_file(junit_), HasSubstr("<failure message=\"did not show: It gives up.\"/>"));
}

TEST_F(KnownFaultTest, ABadFileIsOneLineAndExitCode2) {
    const std::pair<std::string, const char*> cases[] = {
        {R"({"scenario": "sandwhich", "check": "balance"})",
         "known.json': fault F9: there is no story 'sandwhich'"},
        {R"({"scenario": "lag", "check": "charm"})", "known.json': fault 1: there is no check 'charm'"}};
    for (const auto& [sign, why] : cases) {
        Child& child = run({"--known", known(sign)});
        EXPECT_EQ(code(child), 2) << log_of(child);
        EXPECT_THAT(log_of(child), HasSubstr("fogreal: --known: '"));
        EXPECT_THAT(log_of(child), HasSubstr(why));
        EXPECT_EQ(child.standard_output(), "");
    }
    EXPECT_TRUE(fs::is_empty(runs_)) << "nothing was started";
}

} // namespace
} // namespace tools::fogreal
