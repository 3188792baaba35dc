// Whole runs: the stock scenario, and what a growing number of wallets, blocks and shards costs.
#include <benchmark/benchmark.h>

#include "scenarios/catalogue.hpp"
#include "scenarios/support.hpp"
#include "sim/run.hpp"

namespace {

using namespace engine;

void report(benchmark::State& state, std::uint64_t steps, std::uint64_t checks) {
    state.counters["steps"] = benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
    state.counters["checks"] = benchmark::Counter(static_cast<double>(checks), benchmark::Counter::kIsRate);
}

void conformance_run(benchmark::State& state) {
    const Scenario& scenario = *scenarios::find("conformance");
    sim::Options options;
    options.topology = scenario.topology;
    std::uint64_t steps = 0;
    std::uint64_t checks = 0;
    for (auto _ : state) {
        const sim::RunResult result = sim::run(scenario, options);
        if (result.verdict != sim::Verdict::held) state.SkipWithError("the scenario failed");
        ++options.seed;
        steps += result.steps;
        checks += result.checks;
    }
    report(state, steps, checks);
}
BENCHMARK(conformance_run)->Unit(benchmark::kMillisecond);

// What the growing scenario is to build; a benchmark runs one world at a time.
struct Growth {
    std::uint32_t wallets = 5;
    std::uint32_t blocks = 20;
} growth;

// Every block pays every account; every wallet polls after every tenth block.
Task<> grow(World& world) {
    (void)co_await world.ingest(0).api().activate();
    std::vector<Wallet*> wallets;
    for (std::uint32_t w = 0; w < growth.wallets; ++w)
        wallets.push_back(&world.new_wallet(AccountId{w % world.topology().accounts}));
    for (std::uint32_t b = 1; b <= growth.blocks; ++b) {
        BlockPlan plan;
        for (std::uint32_t a = 0; a < world.topology().accounts; ++a) {
            Credit credit;
            credit.to = AccountId{a};
            credit.amount = b;
            plan.credits.push_back(credit);
        }
        const AppendedBlock block = co_await world.chain().append(std::move(plan));
        co_await scenarios::until_view(world, block.index.count_through());
        if (b % 10 != 0) continue;
        for (Wallet* wallet : wallets) (void)co_await wallet->poll();
    }
}

void growing_run(benchmark::State& state) {
    growth.wallets = static_cast<std::uint32_t>(state.range(0));
    growth.blocks = static_cast<std::uint32_t>(state.range(1));
    Scenario scenario;
    scenario.name = "grow";
    scenario.story = grow;
    scenario.closes = false;
    sim::Options options;
    options.topology.view_shards = options.topology.image_shards = static_cast<std::uint32_t>(state.range(2));
    std::uint64_t steps = 0;
    std::uint64_t checks = 0;
    for (auto _ : state) {
        const sim::RunResult result = sim::run(scenario, options);
        if (result.verdict != sim::Verdict::held) state.SkipWithError("the scenario failed");
        ++options.seed;
        steps += result.steps;
        checks += result.checks;
    }
    report(state, steps, checks);
}
BENCHMARK(growing_run)
    ->ArgNames({"wallets", "blocks", "shards"})
    ->Args({5, 20, 1})
    ->Args({50, 20, 1})
    ->Args({500, 20, 1})
    ->Args({5, 200, 1})
    ->Args({5, 1000, 1})
    ->Args({5, 20, 3})
    ->Args({5, 20, 8})
    ->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
