#include "tools/fogsim/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"
#include "search/failure.hpp"
#include "sim/defect_catalogue.hpp"
#include "sim/mark_catalogue.hpp"
#include "tools/fogsim/timeline.hpp"
#include "tools/markup.hpp"

// Reports of results that no run of a right build gives.

namespace tools::fogsim {
namespace {

using sim::Verdict;
using ::testing::HasSubstr;
using ::testing::Not;

/// A sweep of `runs` that held and was never through anything rare.
Report dull_sweep(std::uint64_t runs) {
    Report report;
    report.scenario = scenarios::find("lag");
    report.options.run.strategy = sim::Strategy::parse("portfolio");
    report.options.runs = runs;
    report.result.runs = runs;
    report.result.distinct = runs;
    report.result.checks = runs;
    report.judges_marks = true;
    return report;
}

TEST(Report, required_marks_that_were_never_hit_are_named_everywhere_and_give_5) {
    const Report report = dull_sweep(1000);
    EXPECT_EQ(verdict_of(report), Verdict::mark_missed);
    EXPECT_EQ(static_cast<int>(verdict_of(report)), 5);
    EXPECT_THAT(result_line(report), HasSubstr("fogsim: FAIL check=marks scenario=lag seeds=1..1000"));
    const std::string story = failure_story(report);
    const std::string json = to_json(report);
    const std::string html = to_html(report);
    const std::string junit = to_junit(report);
    std::size_t required = 0;
    for (const sim::MarkInfo& mark : sim::mark_catalogue()) {
        if (mark.required_within_runs == 0 || mark.required_within_runs > 1000) continue;
        ++required;
        for (const std::string& text : {story, json, junit}) EXPECT_THAT(text, HasSubstr(mark.name));
        EXPECT_THAT(html, HasSubstr(std::string("<tr class=\"missed\"><td>") + mark.name + "<"));
    }
    EXPECT_GT(required, 10u);
    EXPECT_THAT(junit, HasSubstr("failures=\"1\""));
    EXPECT_THAT(json, HasSubstr("\"exit_code\": 5"));
}

TEST(Report, what_one_more_run_may_show_is_said_everywhere_and_never_as_nothing) {
    Report report = dull_sweep(1000);
    for (const sim::MarkInfo& mark : sim::mark_catalogue())
        if (mark.name != sim::mark_catalogue().front().name) report.result.runs_with_mark.hit(mark.mark);
    const std::vector<std::uint64_t> shapes(1000, 5);
    sim::judge_unseen(shapes, report.result);
    // One mark was never hit, all others once; no combination of marks was seen once only.
    const std::string expected = fmt::format(
        "One more run may show a mark that was not hit: about {} in 1000, at most 1 in 125; a combination "
        "of marks that no run had: at most 1 in 166 (bounds with 95 % confidence).",
        sim::mark_catalogue().size() - 1);
    EXPECT_EQ(unseen_sentence(report), expected);
    EXPECT_THAT(to_html(report), HasSubstr(expected));
    EXPECT_THAT(to_json(report), HasSubstr("\"unseen\": {"));
    EXPECT_THAT(to_json(report), HasSubstr("\"at_most\": 3,\n      \"of\": 500"));
    EXPECT_THAT(result_line(report), Not(HasSubstr("One more"))); // that line is fixed
    report.result.failed_seed = 7;
    EXPECT_EQ(unseen_sentence(report), "");
    report = dull_sweep(1);
    EXPECT_EQ(unseen_sentence(report), "");
}

TEST(Report, marks_are_required_only_of_sweeps_long_enough) {
    Report report = dull_sweep(999);
    EXPECT_EQ(verdict_of(report), Verdict::held) << "all are required within 1000 runs at the least";
    report = dull_sweep(1000);
    for (const sim::MarkInfo& mark : sim::mark_catalogue())
        if (mark.required_within_runs != 0 && mark.required_within_runs <= 1000)
            report.result.marks.hit(mark.mark);
    EXPECT_EQ(verdict_of(report), Verdict::held);
    report = dull_sweep(1000);
    report.judges_marks = false;
    EXPECT_EQ(verdict_of(report), Verdict::held) << "of another kind of sweep none is required";
}

TEST(Report, interrupted_sweep_leaves_the_question_open) {
    Report report = dull_sweep(1000);
    report.options.runs = 5000;
    report.interrupted = true;
    EXPECT_EQ(verdict_of(report), Verdict::inconclusive) << "not a missed mark: it was not given the time";
    EXPECT_THAT(result_line(report), HasSubstr("fogsim: INCONCLUSIVE scenario=lag seeds=1..1000 runs=1000"));
    EXPECT_THAT(result_line(report), Not(HasSubstr("PASS")));
    EXPECT_THAT(to_junit(report), HasSubstr("failures=\"0\" errors=\"0\" skipped=\"1\""));
    report.result = {};
    EXPECT_THAT(result_line(report), HasSubstr("runs=0")) << "before its first run ended, too";
    EXPECT_THAT(to_html(report), HasSubstr(">inconclusive<"));
}

TEST(Report, nondeterminism_gives_4_and_shows_both_events) {
    Report report = dull_sweep(1);
    report.result.failed_seed = 1;
    report.result.failure.emplace();
    report.result.difference.emplace();
    report.result.difference->seed = 1;
    report.result.difference->event = 42;
    report.result.difference->first = "one <thing>";
    EXPECT_EQ(static_cast<int>(verdict_of(report)), 4);
    EXPECT_THAT(result_line(report), HasSubstr("FAIL check=determinism scenario=lag seed=1 event=42"));
    EXPECT_THAT(failure_story(report), HasSubstr("first:  one <thing>\n  second: (had ended)"));
    EXPECT_THAT(to_html(report), HasSubstr("one &lt;thing&gt;\n(had ended)"));
    EXPECT_THAT(to_json(report), HasSubstr("\"verdict\": \"nondeterministic\""));
    EXPECT_THAT(to_junit(report), HasSubstr("failures=\"1\""));
}

TEST(Report, file_names_are_quoted_for_the_shell_and_do_not_break_json) {
    Report report = dull_sweep(1);
    report.judges_marks = false;
    report.options.plan = "my plan's \xff.json";
    report.result.failed_seed = 7;
    report.result.failure.emplace();
    report.result.failure->skipped = "needs \xff";
    EXPECT_EQ(repeat_command(report).substr(0, 52),
              "./run fogsim --plan 'my plan'\\''s \xff.json' --seed 7 -");
    EXPECT_THAT(to_json(report), HasSubstr("\xEF\xBF\xBD.json"));
    EXPECT_THAT(to_html(report), HasSubstr("\xEF\xBF\xBD.json"));
}

TEST(Markup, what_xml_does_not_allow_is_replaced) {
    EXPECT_EQ(escaped("a<b>&\"c'\n\t"), "a&lt;b&gt;&amp;&quot;c&#39;\n\t");
    EXPECT_EQ(escaped("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb8"), "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb8");
    const std::string r = "\xEF\xBF\xBD";
    EXPECT_EQ(escaped(std::string("\0\x1b[31m", 6)), r + r + "[31m");
    EXPECT_EQ(escaped("\xff"), r) << "no UTF-8";
    EXPECT_EQ(escaped("\xc3"), r) << "cut off";
    EXPECT_EQ(escaped("\xc0\xaf"), r + r) << "overlong";
    EXPECT_EQ(escaped("\xed\xa0\x80"), r + r + r) << "a surrogate";
    EXPECT_EQ(escaped("\xef\xbf\xbf"), r + r + r) << "U+FFFF";
    EXPECT_EQ(escaped("\xf4\x90\x80\x80"), r + r + r + r) << "above U+10FFFF";
}

// ------------------------------------------------------------------------------------------------ picture

sim::RunResult told(const scenarios::lag::Plan& plan, const char* defect = nullptr) {
    sim::Options options;
    options.topology = plan.topology;
    options.keep_events = true;
    if (defect != nullptr) options.defects.switch_on(sim::find_defect(defect)->defect);
    return sim::run(scenarios::lag::scenario_of(plan), options);
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

scenarios::lag::Plan eventful_plan() {
    return scenarios::lag::from_json(R"({"schema": 1,
      "topology": "accounts=2,ingest=1,view-shards=2,image-shards=2,image-replicas=2,copies=own",
      "wallets_per_account": 1, "steps": [
        {"action": "activate"},
        {"action": "block", "credits": [{"account": 0, "amount": 1}, {"account": 1, "amount": 2}]},
        {"action": "settle", "amount": 3000}, {"action": "poll"}, {"action": "poll", "node": 1},
        {"action": "join"},
        {"action": "crash", "node": 1}, {"action": "pause", "node": 2},
        {"action": "fault", "fault": "partition", "node": 0, "other": 3},
        {"action": "fault", "fault": "fail_commit", "node": 0, "amount": 1},
        {"action": "block", "credits": [{"account": 0, "amount": 4}]},
        {"action": "wait", "amount": 2000}, {"action": "start", "node": 1}, {"action": "heal"}]})");
}

TEST(Timeline, every_copy_service_and_wallet_has_a_lane) {
    const scenarios::lag::Plan plan = eventful_plan();
    const sim::RunResult run = told(plan);
    ASSERT_TRUE(run.violations.empty()) << engine::tell::in_words(run.violations.front());
    const std::string html = timeline(run, &plan);
    for (const char* lane :
         {"steps", "chain", "copy ingest0", "copy images0.0", "copy images1.1", "copy ledger", "ingest0",
          "view0.0", "view1.0", "images0.0", "images1.1", "view_router", "ledger_router", "report_server",
          "wallet 0 of account 0", "wallet 1 of account 1"})
        EXPECT_EQ(count(html, std::string(">") + lane + "</text>"), 1u) << lane;
    EXPECT_EQ(html.find("recovery database</text>"), html.npos) << "nothing is in that lane";
}

TEST(Timeline, crashes_pauses_and_faults_are_spans_that_end) {
    const scenarios::lag::Plan plan = eventful_plan();
    const sim::RunResult run = told(plan);
    const std::string html = timeline(run, &plan);
    EXPECT_EQ(count(html, "<rect class=\"down\""), 1u);
    EXPECT_EQ(count(html, "<rect class=\"paused\""), 1u);
    EXPECT_EQ(count(html, "<rect class=\"fault\""), 2u);
    EXPECT_THAT(html, HasSubstr("fault: no message passes between the two"));
    // One commit was to fail: the fault is over with it, long before everything is healed.
    const std::string failing = html.substr(html.find("fault: the next commits are rolled back"), 100);
    unsigned from = 0;
    unsigned to = 0;
    const char* pattern = "fault: the next commits are rolled back (serialization failure) (%u to %u ms)";
    ASSERT_EQ(std::sscanf(failing.c_str(), pattern, &from, &to), 2) << failing;
    EXPECT_LT(to, from + 1000);
    EXPECT_GE(count(html, "hears: view_router answers"), 4u);
    EXPECT_GE(count(html, "<path class=\"shown\""), 2u);
    EXPECT_THAT(html, HasSubstr(">1 @ 2</text>"));
    EXPECT_THAT(html, HasSubstr("the chain gets block 1: account 0 gets 1, account 1 gets 2"));
    EXPECT_EQ(html.find("class=\"failed\""), html.npos) << "nothing has failed";
}

TEST(Timeline, failing_observation_stands_out_against_the_truth) {
    scenarios::lag::Plan plan = scenarios::lag::from_json(R"({"schema": 1,
      "topology": "accounts=1,ingest=1", "wallets_per_account": 1, "steps": [
        {"action": "activate"}, {"action": "block", "credits": [{"account": 0, "amount": 1}]},
        {"action": "settle", "amount": 3000}, {"action": "poll"}, {"action": "join"},
        {"action": "hold", "node": 0}, {"action": "block", "spends": [0]},
        {"action": "settle", "amount": 3000}, {"action": "poll"}]})");
    const sim::RunResult run = told(plan, "wallet-takes-off-later-spends");
    ASSERT_FALSE(run.violations.empty());
    const std::string html = timeline(run, &plan);
    EXPECT_EQ(count(html, "<circle class=\"failed\""), 1u);
    EXPECT_THAT(html, HasSubstr(">shows 0, true is 1</text>"));
    EXPECT_EQ(count(html, "<line class=\"failure\""), 1u);
    const sim::RunResult again = told(plan, "wallet-takes-off-later-spends");
    EXPECT_EQ(timeline(again, &plan), html);
}

TEST(Timeline, service_that_answers_wrongly_stands_out) {
    scenarios::lag::Plan plan = scenarios::lag::from_json(R"({"schema": 1,
      "topology": "accounts=1,ingest=1", "wallets_per_account": 1, "steps": [
        {"action": "activate"}, {"action": "block", "credits": [{"account": 0, "amount": 1}]},
        {"action": "block", "spends": [0]}]})");
    const sim::RunResult run = told(plan, "images-spent-one-block-late");
    ASSERT_FALSE(run.violations.empty());
    const std::string html = timeline(run, &plan);
    EXPECT_THAT(html, HasSubstr(">response fails</text>"));
    // In the lane of that store: what is ringed is below its name's line and above the next one's.
    const std::size_t name = html.find(">images0.0</text>");
    unsigned name_y = 0;
    ASSERT_EQ(std::sscanf(html.c_str() + html.rfind("y=\"", name), "y=\"%u", &name_y), 1);
    unsigned ring_y = 0;
    const std::size_t ring = html.find("<circle class=\"failed\"");
    ASSERT_NE(ring, html.npos);
    ASSERT_EQ(std::sscanf(html.c_str() + html.find("cy=\"", ring), "cy=\"%u", &ring_y), 1);
    EXPECT_NEAR(ring_y, name_y, 22);
}

TEST(Timeline, longest_run_of_the_catalogue_keeps_within_bounds) {
    const engine::Scenario& scenario = *scenarios::find("conformance");
    sim::Options options;
    options.topology = scenario.topology;
    options.keep_events = true;
    const std::string html = timeline(sim::run(scenario, options), nullptr);
    EXPECT_LT(html.size(), 2'000'000u);
    EXPECT_EQ(count(html, ">19 wallets of account 4</text>"), 1u);
    EXPECT_EQ(count(html, ">wallet 94 of account 4</text>"), 0u) << "it is one of them";
}

} // namespace
} // namespace tools::fogsim
