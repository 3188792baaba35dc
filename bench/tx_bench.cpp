#include <benchmark/benchmark.h>

#include "engine/chain/testing/tx_world.hpp"
#include "engine/chain/tx/multiscalar.hpp"
#include "engine/chain/tx/tx_wire.hpp"

// What transactions cost, with either cryptography: made (outputs, signatures and proofs) and judged (all
// that a node does, the ledger's part included), on one core.
//
//     build/release/bin/tx_bench --benchmark_min_time=2

namespace {

using namespace engine::chain;
using engine::chain::test::TxWorld;

const tx::TxCrypto& crypto_of(const benchmark::State& state) {
    return state.range(0) != 0 ? tx::ristretto_tx_crypto() : tx::fast_tx_crypto();
}

void make_transaction(benchmark::State& state) {
    TxWorld world(crypto_of(state), 4);
    const auto inputs = static_cast<std::size_t>(state.range(1));
    const auto outputs = static_cast<std::size_t>(state.range(2));
    for (auto _ : state) benchmark::DoNotOptimize(world.sign(world.parts(inputs, outputs)));
}
void judge_transaction(benchmark::State& state) {
    TxWorld world(crypto_of(state), 4);
    const tx::Tx transaction = world.sign(
        world.parts(static_cast<std::size_t>(state.range(1)), static_cast<std::size_t>(state.range(2))));
    for (auto _ : state)
        if (!world.judge(transaction).accepted()) state.SkipWithError("refused");
}
void sizes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"ristretto", "in", "out"})->Unit(benchmark::kMicrosecond);
    for (const std::int64_t real : {1, 0})
        for (const auto& [in, out] : {std::pair{1, 2}, std::pair{2, 3}, std::pair{6, 10}})
            bench->Args({real, in, out});
}
BENCHMARK(make_transaction)->Apply(sizes);
BENCHMARK(judge_transaction)->Apply(sizes);

void read_transaction(benchmark::State& state) {
    TxWorld world(tx::fast_tx_crypto(), 4);
    const Bytes bytes = tx::encode(world.sign(world.parts(1, 2)));
    for (auto _ : state) benchmark::DoNotOptimize(tx::decode_tx(bytes));
}
BENCHMARK(read_transaction)->Unit(benchmark::kMicrosecond);

void sum_of_multiples(benchmark::State& state) {
    test::SeededBytes rng(1);
    std::vector<Scalar> scalars;
    std::vector<tx::AffineElement> elements;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        scalars.push_back(Scalar::random(rng));
        elements.emplace_back(tx::GroupElement::from(Point::random(rng)));
    }
    for (auto _ : state) benchmark::DoNotOptimize(tx::multiscalar(scalars, elements));
}
BENCHMARK(sum_of_multiples)->Arg(2)->Arg(64)->Arg(538)->Arg(4136)->Unit(benchmark::kMicrosecond);

} // namespace

BENCHMARK_MAIN();
