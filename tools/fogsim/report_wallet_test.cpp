// The page for whoever has written a wallet: what it recognises, and what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tools/fogsim/report_wallet.hpp"
#include "tools/fogsim/wallet_diagnosis.hpp"
#include "tools/fogsim/wallet_situations.hpp"

namespace tools::fogsim {
namespace {

using engine::BlockCount;
using engine::BlockIndex;
using engine::check::CheckId;
using namespace engine::tell;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

AskedView view(std::uint64_t count, std::size_t keys = 0, std::vector<engine::BlockRange> missed = {}) {
    ViewAnswered answer;
    answer.count = BlockCount{count};
    answer.missed = std::move(missed);
    AskedView asked;
    asked.keys = keys;
    asked.answer = answer;
    return asked;
}
AskedImages images(std::uint64_t count, std::vector<std::uint64_t> spent_in = {}) {
    ImagesAnswered answer;
    answer.count = BlockCount{count};
    for (const std::uint64_t block : spent_in) answer.spent_in.push_back(BlockIndex{block});
    AskedImages asked;
    asked.outputs = 1;
    asked.answer = answer;
    return asked;
}
AskedBlocks blocks(std::uint64_t count, std::vector<std::uint64_t> given) {
    BlocksAnswered answer;
    answer.count = BlockCount{count};
    for (const std::uint64_t block : given) answer.blocks.push_back(BlockIndex{block});
    AskedBlocks asked;
    asked.answer = answer;
    return asked;
}
Reported report(std::uint64_t balance, std::uint64_t count) { return {Shown{balance, BlockCount{count}}}; }
engine::BlockRange range(std::uint64_t start, std::uint64_t end) {
    return {BlockIndex{start}, BlockIndex{end}};
}
Appended block(std::uint64_t index, std::optional<std::uint64_t> pays,
               std::optional<std::pair<std::uint64_t, std::uint64_t>> spends = {}) {
    Appended appended;
    appended.block = BlockIndex{index};
    const auto coin = [](std::uint64_t amount, std::uint64_t in) {
        Coin made;
        made.amount.value = amount;
        made.block = BlockIndex{in};
        return made;
    };
    if (pays) appended.paid.push_back(coin(*pays, index));
    if (spends) appended.spent.push_back(coin(spends->first, spends->second));
    return appended;
}

// ---------------------------------------------------------------------------------------------- situations

Situations::Met met(const std::vector<std::vector<Fact>>& checks) {
    Situations situations;
    for (const std::vector<Fact>& check : checks) {
        for (const Fact& fact : check) situations.take(0, fact);
        situations.take(0, report(1, 1));
    }
    return situations.met_in_run();
}

TEST(SituationsTest, NothingIsToldOfACheckInWhichAllAgree) {
    EXPECT_THAT(met({{view(2), images(2)}}), IsEmpty());
}
TEST(SituationsTest, WhoIsAhead) {
    EXPECT_THAT(met({{view(2), images(1)}}), UnorderedElementsAre(Situation::view_ahead));
    EXPECT_THAT(met({{view(2), images(4, {1})}}), UnorderedElementsAre(Situation::ledger_ahead));
    EXPECT_THAT(met({{view(2), images(4, {2})}}),
                UnorderedElementsAre(Situation::ledger_ahead, Situation::spent_beyond_view));
}
TEST(SituationsTest, MissedRanges) {
    EXPECT_THAT(met({{view(2, 0, {range(1, 2)}), blocks(2, {1})}}),
                UnorderedElementsAre(Situation::missed_range));
    EXPECT_THAT(met({{view(2)}, {view(2, 0, {range(1, 2)}), blocks(2, {1})}}),
                UnorderedElementsAre(Situation::missed_range, Situation::missed_range_at_an_old_count));
    EXPECT_THAT(met({{view(2, 0, {range(1, 4)}), blocks(2, {1})}}),
                UnorderedElementsAre(Situation::missed_range, Situation::missed_range_beyond_ledger,
                                     Situation::missed_range_outstanding));
}
TEST(SituationsTest, CountsThatGoBackAndDiffer) {
    EXPECT_THAT(met({{view(2), images(2)}, {view(1), images(2)}}),
                UnorderedElementsAre(Situation::view_goes_back, Situation::ledger_ahead));
    EXPECT_THAT(met({{view(2), images(2)}, {view(2), images(1)}}),
                UnorderedElementsAre(Situation::ledger_goes_back, Situation::view_ahead));
    EXPECT_THAT(met({{view(2), view(1, 2), images(2)}}),
                UnorderedElementsAre(Situation::view_answers_differ));
    EXPECT_THAT(met({{view(2), images(2), images(1)}}),
                UnorderedElementsAre(Situation::ledger_answers_differ));
    EXPECT_THAT(met({{view(3), images(3)}}), UnorderedElementsAre(Situation::begins_late));
}
TEST(SituationsTest, ARunThatFailsIsNotAmongThoseThatHeld) {
    Situations situations;
    const auto run = [&situations] {
        situations.next_run();
        for (const Fact& fact : std::vector<Fact>{view(2), images(1), report(1, 1)}) situations.take(0, fact);
    };
    run();
    EXPECT_EQ(situations.counts(false).runs, 0u);
    EXPECT_EQ(situations.counts(true).runs, 1u);
    run();
    EXPECT_EQ(situations.counts(false).runs, 1u);
    EXPECT_EQ(situations.counts(false).checks, 1u);
    EXPECT_EQ(situations.counts(true).met[static_cast<std::size_t>(Situation::view_ahead)], 2u);
}
TEST(SituationsTest, ANewWalletRemembersNothing) {
    Situations situations;
    for (const Fact& fact : std::vector<Fact>{view(2), report(1, 1)}) situations.take(0, fact);
    situations.forget(0);
    for (const Fact& fact : std::vector<Fact>{view(1), report(1, 1)}) situations.take(0, fact);
    EXPECT_THAT(situations.met_in_run(), IsEmpty());
}

// ----------------------------------------------------------------------------------------------- diagnosis

sim::RunResult wrong(const std::vector<Appended>& chain, const std::vector<Fact>& facts, std::uint64_t shown,
                     std::uint64_t truth, std::uint64_t count, CheckId check = CheckId::balance) {
    sim::RunResult run;
    const auto add = [&run](Fact fact) {
        Note note;
        note.node = engine::NodeId{7};
        note.fact = std::move(fact);
        run.notes.push_back(std::move(note));
    };
    for (const Appended& one : chain) add(one);
    for (const Fact& fact : facts) add(fact);
    add(report(shown, count));
    engine::check::Violation violation;
    violation.check = check;
    violation.account = engine::AccountId{0};
    violation.count = BlockCount{count};
    violation.shown = shown;
    violation.truth = truth;
    run.violations.push_back(violation);
    return run;
}

std::string heading_of(const sim::RunResult& run) {
    const auto check = failed_check_of(run);
    if (!check) return "no check";
    const Diagnosis diagnosis = diagnose(run, *check);
    return diagnosis.mistake == nullptr ? "none" : diagnosis.mistake->heading;
}

const std::vector<Appended> paid{block(1, 5)};
const std::vector<Appended> spent{block(1, 5), block(2, {}, std::pair{5, 1})};

TEST(DiagnosisTest, EachMistakeFromWhatTheWalletWasTold) {
    // Spent in block 2; the ledger knew blocks 0 and 1.
    EXPECT_EQ(heading_of(wrong(spent, {view(3), images(2)}, 5, 0, 3)), "The count is view's alone");
    EXPECT_EQ(heading_of(wrong(spent, {view(3), images(3, {2})}, 5, 0, 3)),
              "A spend that fog-ledger has told");
    EXPECT_EQ(heading_of(wrong(spent, {view(2), images(3, {2})}, 0, 5, 2)), "A spend beyond the count");
    EXPECT_EQ(heading_of(wrong(paid, {view(2, 0, {range(1, 2)}), images(2)}, 0, 5, 2)),
              "The limit one block too far");
    EXPECT_EQ(heading_of(wrong(paid, {view(2), report(0, 1), view(2, 0, {range(1, 2)})}, 0, 5, 2)),
              "A missed range that comes while the count stands still");
    EXPECT_EQ(heading_of(wrong(paid, {view(2), view(1, 2)}, 0, 5, 2)), "Several answers, one count");
    EXPECT_EQ(heading_of(wrong(paid, {view(1)}, 0, 5, 2)), "A count that fog-view has not told");
    EXPECT_EQ(heading_of(wrong(paid, {view(2), view(2, 2)}, 0, 5, 2)), "The search ends too early");
    EXPECT_EQ(heading_of(wrong(paid, {view(2), images(2)}, 5, 0, 1)), "An output beyond the count");
    EXPECT_EQ(heading_of(wrong(paid, {view(1)}, 0, 0, 1, CheckId::monotone)), "The count goes back");
    EXPECT_EQ(heading_of(wrong(paid, {view(1)}, 0, 0, 1, CheckId::liveness)), "The wallet falls behind");
    EXPECT_EQ(heading_of(wrong(paid, {view(1)}, 0, 0, 1, CheckId::crash)),
              "A check that fails though fog answered");
    EXPECT_EQ(heading_of(wrong(paid, {view(2), images(2)}, 3, 5, 2)), "none") << "no output is worth 2";
}

TEST(DiagnosisTest, WhatItSaysOfTheMoment) {
    const sim::RunResult run = wrong(spent, {view(1), report(0, 1), view(3), images(2)}, 5, 0, 3);
    const auto check = failed_check_of(run);
    ASSERT_TRUE(check);
    EXPECT_EQ(check->answers.size(), 2u);
    EXPECT_EQ(check->earlier.size(), 1u);
    EXPECT_EQ(check->view, BlockCount{3});
    EXPECT_EQ(check->ledger, BlockCount{2});
    EXPECT_EQ(check->view_before, BlockCount{1});
    EXPECT_EQ(check->tip, BlockCount{3});
    EXPECT_EQ(diagnose(run, *check).because,
              "The output of 5 picoMOB in block 1 was spent in block 2, so it is not in the balance at block "
              "count 3; the wallet still counts it. fog-ledger had told it only of the first 2 blocks, so "
              "nobody has said that the output is unspent as of 3.");
}

std::string anchor_of(const std::string& heading) {
    std::string anchor;
    for (const char c : heading)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else if (c == ' ' || c == '-')
            anchor += '-';
    return anchor;
}

TEST(DiagnosisTest, EveryRuleStandsInTheGuide) {
    std::ifstream in(FOG_SOURCE_DIR "/docs/your-wallet.md");
    std::stringstream text;
    text << in.rdbuf();
    const std::string guide = text.str();
    ASSERT_THAT(guide, HasSubstr("## Mistakes to expect\n"));
    EXPECT_EQ(mistakes().size(), 12u);
    for (const Mistake& mistake : mistakes()) {
        EXPECT_THAT(guide, HasSubstr(std::string("\n### ") + mistake.heading + "\n"));
        EXPECT_EQ(anchor_of(mistake.heading), mistake.anchor);
    }
}

// ---------------------------------------------------------------------------------------------------- page

TEST(WalletPageTest, SaysWhatItShowedWhatWasTrueAndWhichRuleThatBreaks) {
    engine::Scenario scenario;
    scenario.name = "lag";
    Situations survived;
    survived.next_run();
    for (const Fact& fact : std::vector<Fact>{view(2), images(3), report(1, 2)}) survived.take(0, fact);
    survived.next_run();
    Report page;
    page.scenario = &scenario;
    page.wallet = WalletUnderTest{"127.0.0.1:9090", [&](bool held) { return survived.counts(held); }};
    page.options.runs = 100;
    page.result.runs = 1;
    page.result.failed_seed = 2;
    page.result.failures = 1;
    sim::RunResult run = wrong(spent, {view(3), images(2)}, 5, 0, 3);
    run.verdict = sim::Verdict::violated;
    run.node_names.assign(16, "a node");
    run.copy_names.assign(4, "a copy");
    page.result.failure = run;
    page.failure.emplace();
    page.failure->told = run;
    const std::string html = to_html(page);
    EXPECT_THAT(html, HasSubstr("Your wallet showed 5 picoMOB at block count 3. True is 0"));
    EXPECT_THAT(html, HasSubstr("<td>fog-ledger</td><td>whether 1 output is spent</td>"
                                "<td>block count 2, none spent</td>"));
    EXPECT_THAT(html, HasSubstr("<td>fog-view, as it told your wallet</td><td class=\"n\">3</td>"
                                "<td>blocks 0 to 2</td>"));
    EXPECT_THAT(html, HasSubstr("href=\"docs/your-wallet.md#the-count-is-views-alone\""));
    EXPECT_THAT(html, HasSubstr("in all of 1 run and 1 balance check"));
    EXPECT_THAT(html, HasSubstr("before the change they pay</td><td class=\"n\">1</td><td></td>"));
    EXPECT_THAT(html, HasSubstr("whose spends are not</td><td class=\"n\">never met</td><td>yes</td>"));
    page.wallet.reset();
    EXPECT_THAT(to_html(page), Not(HasSubstr("Your wallet")));
}

TEST(WalletPageTest, OfAWalletThatCannotBeJudged) {
    const std::string html = to_wallet_html("127.0.0.1:9090", {"your wallet has contacted <nobody>"});
    EXPECT_THAT(html, HasSubstr("<li>your wallet has contacted &lt;nobody&gt;.</li>"));
    EXPECT_THAT(html, HasSubstr("not judged"));
}

} // namespace
} // namespace tools::fogsim
