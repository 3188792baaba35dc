// Cost of one scheduler step (resume, random pick, digest, recording) and of virtual timers.
#include <benchmark/benchmark.h>

#include "engine/task.hpp"
#include "sim/scheduler.hpp"

namespace {

using namespace engine;

Task<> spin() {
    for (;;) co_await yield();
}

void scheduler_step(benchmark::State& state) {
    Choices choices(1);
    choices.reserve(1 << 24);
    Trace trace;
    sim::Scheduler scheduler(choices, trace);
    for (int i = 0; i < state.range(0); ++i) spawn(scheduler, NodeId{1}, "spinner", spin());
    for (auto _ : state) scheduler.step();
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(scheduler_step)->Arg(5)->Arg(1024)->Iterations(8'000'000);

// The same with a strategist in the seed's place.
void strategist_step(benchmark::State& state, const char* strategy) {
    Choices choices(1);
    choices.reserve(1 << 24);
    Trace trace;
    const auto strategist = sim::make_strategist(sim::Strategy::parse(strategy), 1);
    sim::Scheduler scheduler(choices, trace);
    scheduler.set_strategist(strategist.get());
    for (int i = 0; i < state.range(0); ++i) spawn(scheduler, NodeId{1}, "spinner", spin());
    for (auto _ : state) scheduler.step();
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(strategist_step, pct, "pct:3")->Arg(5)->Arg(32)->Iterations(2'000'000);
BENCHMARK_CAPTURE(strategist_step, pos, "pos")->Arg(5)->Arg(32)->Iterations(2'000'000);
BENCHMARK_CAPTURE(strategist_step, urw, "urw")->Arg(5)->Arg(32)->Iterations(2'000'000);

Task<> tick(sim::Scheduler* scheduler, Stream delays) {
    for (;;) {
        const std::uint32_t delay_us = delays.between(1, 1'000'000);
        co_await sleep_until(scheduler->now() + std::chrono::microseconds(delay_us));
    }
}

void virtual_timer(benchmark::State& state) {
    Choices choices(1);
    choices.reserve(1 << 24);
    Trace trace;
    sim::Scheduler scheduler(choices, trace);
    for (int i = 0; i < state.range(0); ++i)
        spawn(scheduler, NodeId{1}, "actor",
              tick(&scheduler, Stream(choices, Domain::data, static_cast<std::uint16_t>(i % 65536),
                                      static_cast<std::uint16_t>(i / 65536))));
    for (int i = 0; i < state.range(0); ++i) scheduler.step();
    for (auto _ : state) scheduler.step();
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(virtual_timer)->Arg(1000)->Arg(100'000)->Iterations(8'000'000);

} // namespace

BENCHMARK_MAIN();
