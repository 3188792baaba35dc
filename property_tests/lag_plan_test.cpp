#include <gtest/gtest.h>

#include <algorithm>

#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"
#include "scenarios/lag/plan.hpp"
#include "sim/run.hpp"

namespace scenarios::lag {
namespace {

TEST(LagPlan, survives_its_json_form) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        const Plan plan = generate({seed});
        EXPECT_EQ(from_json(to_json(plan)), plan) << "seed " << seed;
    }
}

TEST(LagPlan, generator_reaches_every_action) {
    std::vector<bool> seen(action_count, false);
    for (std::uint64_t seed = 0; seed < 500; ++seed)
        for (const PlannedStep& step : generate({seed}).steps)
            seen[static_cast<std::size_t>(step.action)] = true;
    for (std::size_t a = 0; a < action_count; ++a)
        EXPECT_TRUE(seen[a]) << name(static_cast<Action>(a)) << " is never drawn";
}

TEST(LagPlan, generator_reaches_every_boundary_and_fault) {
    std::vector<bool> boundaries(boundary_count, false);
    std::vector<bool> faults(static_cast<std::size_t>(engine::last_fault_kind) + 1, false);
    faults[0] = true; // there is no fault of that number
    for (std::uint64_t seed = 0; seed < 2000; ++seed)
        for (const PlannedStep& step : generate({seed}).steps) {
            boundaries[static_cast<std::size_t>(step.at)] = true;
            if (step.action == Action::fault) faults[static_cast<std::size_t>(step.fault)] = true;
        }
    for (std::size_t b = 0; b < boundary_count; ++b)
        EXPECT_TRUE(boundaries[b]) << name(static_cast<Boundary>(b));
    for (std::size_t k = 0; k < faults.size(); ++k)
        EXPECT_TRUE(faults[k]) << engine::name(static_cast<engine::FaultKind>(k));
}

// Runs of small plans are fast and their failures are readable; a share of long ones reaches what takes long.
TEST(LagPlan, most_plans_are_small) {
    std::size_t steps = 0;
    std::size_t longest = 0;
    constexpr std::size_t plans = 2000;
    for (std::uint64_t seed = 0; seed < plans; ++seed) {
        const std::size_t length = generate({seed}).steps.size();
        steps += length;
        longest = std::max(longest, length);
    }
    EXPECT_GE(steps, 8 * plans);
    EXPECT_LE(steps, 20 * plans);
    EXPECT_GE(longest, 30u);
    EXPECT_LE(longest, 64u);
}

TEST(LagPlan, swarm_leaves_things_out) {
    std::size_t without_faults = 0;
    std::size_t most_actions = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        std::vector<bool> seen(action_count, false);
        for (const PlannedStep& step : generate({seed, true}).steps)
            seen[static_cast<std::size_t>(step.action)] = true;
        const auto kinds = static_cast<std::size_t>(std::count(seen.begin(), seen.end(), true));
        most_actions = std::max(most_actions, kinds);
        if (!seen[static_cast<std::size_t>(Action::fault)]) ++without_faults;
        engine::Choices choices(seed);
        StreamDraw draw(engine::Stream(choices, engine::Domain::plan, 0, 1));
        const PlanShape shape = swarm_shape(draw);
        for (const PlannedStep& step : generate({seed, true}).steps)
            EXPECT_TRUE(shape.has(step.action)) << name(step.action);
    }
    EXPECT_GT(without_faults, 50u);
    EXPECT_GT(most_actions, 5u);
}

TEST(LagPlan, mistakes_are_named_with_their_place) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "line 1, byte 1: not JSON"},
        {"[]", "line 1: plan: not an object"},
        {R"({"schema":2})", "line 1: plan.schema: not 1"},
        {R"({"schema":1,"stops":[]})",
         "line 1: plan: unknown field 'stops'; did you mean 'steps'? known: schema, topology, "
         "wallets_per_account, steps"},
        {R"({"schema":1,"topology":"view-shards=99"})",
         "line 1: plan.topology: view-shards is a number from 1 to 8, not '99'"},
        {R"({"schema":1,"steps":{}})", "line 1: plan.steps: not an array"},
        {R"({"schema":1,"steps":[{"action":"dance"}]})",
         "line 1: plan.steps[0].action: there is no action 'dance'; known: block, advance"},
        {R"({"schema":1,"steps":[{"action":"wait","amount":-1}]})",
         "line 1: plan.steps[0].amount: not a number from 0 to 86400000"},
        {R"({"schema":1,"steps":[{"action":"fault","fault":"rain"}]})",
         "line 1: plan.steps[0].fault: there is no fault 'rain'; known: partition, cut"},
        {R"({"schema":1,"steps":[{"action":"block","spends":["x"]}]})",
         "line 1: plan.steps[0].spends[0]: not the number of an output"},
        {R"({"schema":1,"steps":[{"action":"block","credits":[{"acount":1}]}]})",
         "line 1: plan.steps[0].credits[0]: unknown field 'acount'; did you mean 'account'? known: account"},
        {R"({"schema":1,"steps":[{"action":"block","at":"noon"}]})",
         "line 1: plan.steps[0].at: there is no boundary 'noon'; known: none"},
        {R"({"schema":1,"steps":[{"action":"prepare"}]})",
         "line 1: plan.steps[0].credits: a payment needs one"},
        {R"({"schema":1,"steps":[{"action":"block","credits":[{"subaddress":2}]}]})",
         "line 1: plan.steps[0].credits[0].subaddress: not a number from 0 to 1"},
        {R"({"schema":1,"steps":[{"action":"wait","amount":10000000000000}]})",
         "line 1: plan.steps[0].amount: not a number from 0 to 86400000"},
        {R"({"schema":1,"steps":[{"action":"settle","amount":18446744073709551615}]})",
         "line 1: plan.steps[0].amount: not a number from 0 to 86400000"},
        {R"({"schema":1,"steps":[{"action":"block","credits":[{"amount":1e999}]}]})",
         "plan: a number that is too large"},
        {R"({"schema":1,"steps":[],"steps":[]})", "plan: a field 'steps' twice in one object"},
        {"{\"schema\":1,\n\"wallets_per_account\":0}",
         "line 2: plan.wallets_per_account: a plan needs a wallet"},
        {R"({"schema":1,"steps":[{"action":"block","credits":[{"newest_key":1}]}]})",
         "line 1: plan.steps[0].credits[0].newest_key: not true or false"},
        {R"({"schema":1,"wallets_per_account":0})",
         "line 1: plan.wallets_per_account: a plan needs a wallet"},
    };
    for (const auto& [text, reason] : cases) {
        try {
            from_json(text);
            ADD_FAILURE() << text << " was taken";
        } catch (const engine::UsageError& error) {
            EXPECT_EQ(std::string(error.what()).rfind(reason, 0), 0u) << error.what();
        }
    }
}

TEST(LagPlan, text_behind_a_zero_byte_is_refused) {
    const std::string text = std::string(R"({"schema":1})") + '\0' + "and more";
    try {
        from_json(text);
        ADD_FAILURE() << "was taken";
    } catch (const engine::UsageError& error) {
        EXPECT_STREQ(error.what(), "line 1, byte 13: a zero byte");
    }
}

TEST(LagPlan, plan_from_a_file_runs_as_the_seed_that_drew_it) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        sim::Options options;
        options.seed = seed;
        const sim::RunResult drawn = sim::run(*find("lag"), options);
        const engine::Scenario again = scenario_of(from_json(to_json(generate({seed}))));
        options.topology = again.topology;
        const sim::RunResult read = sim::run(again, options);
        EXPECT_EQ(drawn.digest, read.digest) << "seed " << seed;
        EXPECT_EQ(drawn.verdict, sim::Verdict::held) << "seed " << seed;
    }
}

TEST(LagPlan, random_plans_hold) {
    for (std::uint64_t seed = 1000; seed < 1200; ++seed) {
        sim::Options options;
        options.seed = seed;
        const sim::RunResult result = sim::run(*find("lag"), options);
        EXPECT_EQ(result.verdict, sim::Verdict::held)
            << "./run fogsim --scenario lag --seed " << seed
            << (result.violations.empty() ? "" : "\n" + engine::tell::in_words(result.violations.front()));
    }
}

} // namespace
} // namespace scenarios::lag
