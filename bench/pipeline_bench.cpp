// Whole runs: the stock scenario, random plans, and what a growing number of wallets, blocks and shards
// costs.
#include <benchmark/benchmark.h>

#include "scenarios/catalogue.hpp"
#include "scenarios/support.hpp"
#include "sim/sweep.hpp"

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
    std::uint32_t kept = 0; ///< blocks after which a coin is spent; 0: never
} growth;

// Every block pays every account; every wallet polls after every tenth block.
Task<> grow(World& world) {
    (void)co_await world.ingest(0).api().activate();
    std::vector<Wallet*> wallets;
    for (std::uint32_t w = 0; w < growth.wallets; ++w)
        wallets.push_back(&world.new_wallet(AccountId{w % world.topology().accounts}));
    std::vector<std::vector<CoinRef>> paid;
    for (std::uint32_t b = 1; b <= growth.blocks; ++b) {
        BlockPlan plan;
        if (growth.kept != 0 && b > growth.kept) plan.spends = paid.at(b - growth.kept - 1);
        for (std::uint32_t a = 0; a < world.topology().accounts; ++a) {
            Credit credit;
            credit.to = AccountId{a};
            credit.amount = b;
            plan.credits.push_back(credit);
        }
        const AppendedBlock block = co_await world.chain().append(std::move(plan));
        paid.push_back(block.credits);
        co_await scenarios::until_view(world, block.index.count_through());
        if (b % 10 != 0) continue;
        for (Wallet* wallet : wallets) (void)co_await wallet->poll();
    }
}

void growing_run(benchmark::State& state, std::uint32_t kept) {
    growth.wallets = static_cast<std::uint32_t>(state.range(0));
    growth.blocks = static_cast<std::uint32_t>(state.range(1));
    growth.kept = kept;
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
// Coins that nobody spends: a wallet asks about each of them at every check, as it must.
BENCHMARK_CAPTURE(growing_run, hoard, 0)
    ->ArgNames({"wallets", "blocks", "shards"})
    ->Args({5, 20, 1})
    ->Args({50, 20, 1})
    ->Args({500, 20, 1})
    ->Args({5, 200, 1})
    ->Args({5, 1000, 1})
    ->Args({5, 20, 3})
    ->Args({5, 20, 8})
    ->Unit(benchmark::kMillisecond);
// Coins that are spent after ten blocks: what a chain costs that only grows older.
BENCHMARK_CAPTURE(growing_run, spend, 10)
    ->ArgNames({"wallets", "blocks", "shards"})
    ->Args({5, 20, 1})
    ->Args({5, 200, 1})
    ->Args({5, 1000, 1})
    ->Args({5, 2000, 1})
    ->Args({500, 20, 1})
    ->Unit(benchmark::kMillisecond);

// Random plans of about ten steps and three accounts, all checks on: what a sweep costs, by strategy and
// threads. Seeds go on from iteration to iteration, so that no plan is measured twice.
void lag_sweep(benchmark::State& state, const char* strategy, unsigned jobs) {
    constexpr std::uint64_t runs = 1000;
    const Scenario& scenario = *scenarios::find("lag");
    sim::SweepOptions options;
    options.run.topology = scenario.topology;
    options.run.strategy = sim::Strategy::parse(strategy);
    options.runs = runs;
    options.jobs = jobs;
    std::uint64_t steps = 0;
    std::uint64_t checks = 0;
    for (auto _ : state) {
        sim::SweepProgress progress;
        const sim::SweepResult result = sim::sweep(scenario, options, progress);
        if (result.failed_seed) state.SkipWithError("a run failed");
        options.run.seed += runs;
        steps += result.steps;
        checks += result.checks;
    }
    report(state, steps, checks);
    state.counters["runs"] = benchmark::Counter(
        static_cast<double>(state.iterations()) * static_cast<double>(runs), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(lag_sweep, random_one_job, "random", 1)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(lag_sweep, random_two_jobs, "random", 2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(lag_sweep, swarm, "swarm", 1)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(lag_sweep, pct_3, "pct:3", 1)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(lag_sweep, pos, "pos", 1)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(lag_sweep, urw, "urw", 1)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(lag_sweep, portfolio_one_job, "portfolio", 1)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(lag_sweep, portfolio_two_jobs, "portfolio", 2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

} // namespace

BENCHMARK_MAIN();
