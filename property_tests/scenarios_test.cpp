// Every story of the catalogue over a few seeds, and what makes a pass worth something: a story whose
// checkers never judged anything would pass, too.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"
#include "sim/run.hpp"

namespace {

using engine::Scenario;
using engine::check::CheckId;

constexpr std::uint64_t seeds = 20;

sim::RunResult tell(const Scenario& scenario, std::uint64_t seed) {
    sim::Options options;
    options.seed = seed;
    options.topology = scenario.topology;
    return sim::run(scenario, options);
}

std::string complaint(const Scenario& scenario, const sim::RunResult& result) {
    std::string text;
    for (const engine::check::Violation& violation : result.violations)
        text += fmt::format("\n  {}: {} (at {} ms)", engine::check::name(violation.check),
                            engine::tell::in_words(violation), violation.at.ms());
    return fmt::format("{}; steps of the story: {}{}", scenario.name, result.story.size(), text);
}

class Stories : public testing::TestWithParam<const Scenario*> {};

TEST_P(Stories, hold_for_every_seed_and_are_judged) {
    const Scenario& scenario = *GetParam();
    std::array<std::uint64_t, engine::check::check_count> total{};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        SCOPED_TRACE(fmt::format("replay: ./run fogsim --scenario {} --seed {}", scenario.name, seed));
        const sim::RunResult result = tell(scenario, seed);
        ASSERT_EQ(result.skipped, "");
        ASSERT_EQ(result.verdict, sim::Verdict::held) << complaint(scenario, result);
        EXPECT_GT(result.checks, 0u) << "no balance was reported";
        EXPECT_GT(result.judgements, result.checks);
        for (std::size_t c = 0; c < total.size(); ++c) total[c] += result.judged[c];
    }
    // What no story may do without; the other checkers judge only where there is something for them.
    for (const CheckId check :
         {CheckId::balance, CheckId::monotone, CheckId::response, CheckId::final, CheckId::crash})
        EXPECT_GT(total[static_cast<std::size_t>(check)], 0u) << engine::check::name(check);
    if (scenario.closes) {
        EXPECT_GT(total[static_cast<std::size_t>(CheckId::liveness)], 0u);
    }
}

std::vector<const Scenario*> catalogue() {
    std::vector<const Scenario*> stories;
    for (const Scenario& scenario : scenarios::all()) stories.push_back(&scenario);
    return stories;
}

std::string name_of(const testing::TestParamInfo<const Scenario*>& info) { return info.param->name; }

INSTANTIATE_TEST_SUITE_P(Catalogue, Stories, testing::ValuesIn(catalogue()), name_of);

TEST(Catalogue, names_are_unique_and_found) {
    std::set<std::string> names;
    for (const Scenario& scenario : scenarios::all()) {
        EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
        EXPECT_EQ(scenarios::find(scenario.name), &scenario);
        EXPECT_STRNE(scenario.summary, "") << scenario.name;
        EXPECT_TRUE(scenario.story || scenario.generate) << scenario.name;
    }
    EXPECT_EQ(scenarios::find("no such story"), nullptr);
}

TEST(Catalogue, every_checker_judges_somewhere) {
    std::array<std::uint64_t, engine::check::check_count> total{};
    for (const Scenario& scenario : scenarios::all()) {
        const sim::RunResult result = tell(scenario, 1);
        for (std::size_t c = 0; c < total.size(); ++c) total[c] += result.judged[c];
    }
    for (std::size_t c = 0; c < total.size(); ++c)
        EXPECT_GT(total[c], 0u) << engine::check::name(static_cast<CheckId>(c));
}

TEST(Catalogue, a_seed_tells_the_same_story_twice) {
    for (const Scenario& scenario : scenarios::all()) {
        const sim::RunResult first = tell(scenario, 7);
        const sim::RunResult second = tell(scenario, 7);
        EXPECT_EQ(first.digest, second.digest) << scenario.name;
        EXPECT_EQ(first.steps, second.steps) << scenario.name;
        EXPECT_NE(tell(scenario, 8).digest, first.digest) << scenario.name;
    }
}

engine::Task<> lie(engine::World& world) {
    engine::expect(world, CheckId::balance, false, "bob has 199");
    co_return;
}

// A broken rule must show: the checkers of a run that ends early with a violation say so.
TEST(Catalogue, a_story_that_states_something_false_is_violated) {
    Scenario liar;
    liar.name = "liar";
    liar.story = lie;
    const sim::RunResult result = tell(liar, 1);
    EXPECT_EQ(result.verdict, sim::Verdict::violated);
    ASSERT_EQ(result.violations.size(), 1u);
    EXPECT_EQ(engine::tell::in_words(result.violations[0]), "bob has 199");
}

} // namespace
