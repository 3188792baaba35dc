#include "tools/known_faults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/result.hpp"

namespace tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class KnownFaultsTest : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/known-faults-test-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& content) {
        const std::filesystem::path path = folder_ / "known.json";
        std::ofstream(path) << content;
        return path;
    }
    /// Why a file is refused; empty when it is not.
    std::string refusal(const std::string& content) {
        try {
            (void)KnownFaults::read("--known", file(content));
            return {};
        } catch (const engine::UsageError& error) {
            return error.what();
        }
    }
    static std::string with(const std::string& faults) {
        return R"({"schema": 1, "release": "R", "faults": [)" + faults + "]}";
    }
    static std::string fault(const std::string& name, const std::string& more) {
        return R"({"name": ")" + name +
               R"(", "says": "It is so.", "why": "w", "since": "1", "source": "s.rs")" + more + "}";
    }

    std::filesystem::path folder_;
};

TEST_F(KnownFaultsTest, ABadFileIsRefusedInOneLineThatNamesIt) {
    const std::string defect = R"(, "defect": "d")";
    const std::vector<std::pair<std::string, std::string>> bad{
        {"{", "is no JSON"},
        {"[]", "is no object"},
        {R"({"release": "R", "faults": []})", "needs \"schema\": 1"},
        {R"({"schema": 1, "release": "R"})", "needs a list \"faults\""},
        {with("1"), "fault 1: is no object"},
        {with(R"({"name": "A"})"), "fault 1: needs \"says\""},
        {with(fault("", defect)), "fault 1: \"name\" is empty"},
        {with(fault("A", defect) + "," + fault("A", defect)), "fault 2: 'A' is named twice"},
        {with(fault("A", "")), "nothing would show it"},
        {with(fault("A", defect + R"(, "color": "red")")), "does not know \"color\""},
        {with(fault("A", R"(, "signs": [{"scenario": "lag", "check": "charm"}])")),
         "there is no check 'charm'"},
        {with(fault("A", R"(, "signs": {})")), "\"signs\" is no list"},
        {with(fault("A", R"(, "signs": [{"scenario": "lag", "check": "balance", "seeds": 7}])")),
         "\"seeds\" is no list"},
        {with(fault("A", R"(, "signs": [{"scenario": "lag", "check": "balance", "seeds": [-7]}])")),
         "\"seeds\" holds what is no number"}};
    for (const auto& [content, why] : bad) {
        const std::string said = refusal(content);
        EXPECT_THAT(said, HasSubstr(why)) << content;
        EXPECT_THAT(said, testing::StartsWith("--known: '"));
        EXPECT_THAT(said, Not(HasSubstr("\n")));
    }
    EXPECT_EQ(refusal(with(fault("A", defect))), "");
    EXPECT_THROW((void)KnownFaults::read("--known", folder_ / "absent"), engine::UsageError);
}

TEST_F(KnownFaultsTest, TheShippedFileIsGood) {
    const KnownFaults known = KnownFaults::read("--known", FOG_SOURCE_DIR "/known/mobilecoin-7.0.0.json");
    EXPECT_EQ(known.release(), "MobileCoin 7.0.0");
    ASSERT_NE(known.of_defect("wallet-drops-early-missed-ranges"), nullptr);
    EXPECT_EQ(known.of_defect("wallet-drops-early-missed-ranges")->name, "U1");
    EXPECT_EQ(known.of_defect("nothing"), nullptr);
}

TEST_F(KnownFaultsTest, AViolationIsKnownByStoryCheckAndWords) {
    const KnownFaults known = KnownFaults::read(
        "--known",
        file(with(
            fault("A", R"(, "signs": [{"scenario": "lag", "check": "balance", "words": "of token 0"}])"))));
    EXPECT_NE(known.of_violation("lag", 1, "balance", "account 0 shows 1 of token 0"), nullptr);
    EXPECT_EQ(known.of_violation("lag", 1, "balance", "account 0 shows 1 of token 1"), nullptr);
    EXPECT_EQ(known.of_violation("lag", 1, "liveness", "of token 0"), nullptr);
    EXPECT_EQ(known.of_violation("sandwich", 1, "balance", "of token 0"), nullptr);
}

TEST_F(KnownFaultsTest, AStoryThatIsDrawnIsKnownSeedBySeed) {
    const KnownFaults known = KnownFaults::read(
        "--known",
        file(with(fault("A", R"(, "signs": [{"scenario": "lag", "check": "balance", "seeds": [118, 167]}])") +
                  "," + fault("B", R"(, "signs": [{"scenario": "sandwich", "check": "balance"}])"))));
    EXPECT_EQ(known.of_violation("lag", 117, "balance", ""), nullptr);
    EXPECT_NE(known.of_violation("lag", 167, "balance", ""), nullptr);
    EXPECT_TRUE(known.of_story("lag", 117).empty());
    EXPECT_THAT(known.of_story("lag", 118), ElementsAre(&known.all()[0]));
    EXPECT_THAT(known.of_story("sandwich", 5), ElementsAre(&known.all()[1]));
    EXPECT_NO_THROW(known.require_stories("--known", "f", [](const std::string&) { return true; }));
    try {
        known.require_stories("--known", "f", [](const std::string& name) { return name == "lag"; });
        FAIL() << "there is no sandwich";
    } catch (const engine::UsageError& error) {
        EXPECT_STREQ(error.what(), "--known: 'f': fault B: there is no story 'sandwich'");
    }
}

TEST_F(KnownFaultsTest, KnownNewAndGoneAreTold) {
    const std::string defect = R"(, "defect": "d")";
    const KnownFaults known = KnownFaults::read(
        "--known", file(with(fault("A", defect) + "," + fault("B", defect) + "," + fault("C", defect))));
    Sightings sightings(known);
    sightings.expect(known.all()[0]);
    sightings.expect(known.all()[1]); // C is not looked for
    sightings.saw(known.all()[0], "lag seed 3", {"one", "two"});
    sightings.saw(known.all()[0], "lag seed 9", {"one"});
    sightings.saw_new("lag seed 5", "shows 0 & true is 1");
    EXPECT_EQ(sightings.known_count(), 1u);
    EXPECT_EQ(sightings.new_count(), 1u);
    EXPECT_THAT(sightings.gone(), ElementsAre("B"));
    const std::string text = sightings.to_text();
    EXPECT_THAT(text, HasSubstr("Known fault A of R: It is so.\n  2 runs, first lag seed 3"));
    EXPECT_THAT(text, HasSubstr("    one\n"));
    EXPECT_THAT(text, Not(HasSubstr("    two\n"))) << "the shortest story";
    EXPECT_THAT(text, HasSubstr("New, nobody knows it: lag seed 5"));
    EXPECT_THAT(text, HasSubstr("Known fault B did not show"));
    const auto json = sightings.to_json();
    EXPECT_EQ(json["known"][0]["name"], "A");
    EXPECT_EQ(json["known"][0]["runs"], 2);
    EXPECT_EQ(json["new"][0]["where"], "lag seed 5");
    EXPECT_EQ(json["gone"], nlohmann::ordered_json({"B"}));
    EXPECT_THAT(sightings.to_junit("s", false),
                HasSubstr("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    EXPECT_THAT(sightings.to_junit("s", true),
                HasSubstr("tests=\"3\" failures=\"2\" errors=\"0\" skipped=\"0\""));
    EXPECT_THAT(sightings.to_junit("s", false), HasSubstr("shows 0 &amp; true is 1"));
    EXPECT_THAT(sightings.junit_suite("s", false, false),
                testing::StartsWith("<testsuite name=\"s\" tests=\"2\" failures=\"0\""));
}

} // namespace
} // namespace tools
