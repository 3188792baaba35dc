#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "engine/chain/account.hpp"
#include "engine/chain/box.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/test_blocks.hpp"
#include "real/lmdb/cheap_blocks.hpp"
#include "real/lmdb/ledger_check.hpp"
#include "real/lmdb/ledger_db.hpp"

// What the chain layer costs: outputs, key images, digests, and a ledger's appends, reads and scans.
//
// Memory must not grow with the ledger: `anon_mb` is what the process itself holds; the pages of the file
// that LMDB maps are the kernel's and count apart (`mapped_mb`).

namespace {

using namespace engine::chain;
using namespace real::lmdb;

constexpr std::uint64_t long_ledger = 100'000;

AccountKey account() { return account_from_root_entropy({1}); }

void report_memory(benchmark::State& state) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        unsigned long long kilobytes = 0;
        if (std::sscanf(line.c_str(), "RssAnon: %llu", &kilobytes) == 1)
            state.counters["anon_mb"] = static_cast<double>(kilobytes) / 1024;
        if (std::sscanf(line.c_str(), "RssFile: %llu", &kilobytes) == 1)
            state.counters["mapped_mb"] = static_cast<double>(kilobytes) / 1024;
    }
}

class Scratch {
public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "chain-bench-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

void create_output(benchmark::State& state) {
    Hc128 rng(Hc128::Seed{1});
    const PublicAddress address = make_subaddress(account(), 0);
    for (auto _ : state) {
        const Scalar tx_private = Scalar::random(rng);
        const FogHint hint = make_fake_hint(rng);
        benchmark::DoNotOptimize(make_output(4, {.value = 5, .token_id = 0}, address, tx_private, hint));
    }
}
BENCHMARK(create_output)->Unit(benchmark::kMicrosecond);

void open_output(benchmark::State& state) {
    Hc128 rng(Hc128::Seed{1});
    const AccountKey owner = account();
    SubaddressTable table;
    table.entries = {{make_subaddress(owner, 0).spend_public, 0}};
    const TxOut output = draw_output(rng, 4, {.value = 5, .token_id = 0}, make_subaddress(owner, 0)).value();
    for (auto _ : state) benchmark::DoNotOptimize(open_tx_out(owner, table, output));
}
BENCHMARK(open_output)->Unit(benchmark::kMicrosecond);

void compute_key_image(benchmark::State& state) {
    std::uint64_t number = 1;
    for (auto _ : state) benchmark::DoNotOptimize(key_image(Scalar::from_u64(++number)));
}
BENCHMARK(compute_key_image)->Unit(benchmark::kMicrosecond);

void digest_output(benchmark::State& state) {
    Hc128 rng(Hc128::Seed{1});
    const TxOut output = cheap_output(rng);
    for (auto _ : state) benchmark::DoNotOptimize(hash(output));
}
BENCHMARK(digest_output)->Unit(benchmark::kMicrosecond);

void digest_contents_of_16_outputs(benchmark::State& state) {
    Hc128 rng(Hc128::Seed{1});
    BlockContents contents;
    for (int i = 0; i < 16; ++i) contents.outputs.push_back(cheap_output(rng));
    for (auto _ : state) benchmark::DoNotOptimize(contents_hash(contents));
}
BENCHMARK(digest_contents_of_16_outputs)->Unit(benchmark::kMicrosecond);

/// Blocks of three outputs and two key images, made beforehand in batches so that only appending is measured.
void append_block(benchmark::State& state) {
    const Scratch scratch;
    EnvironmentOptions options;
    options.sync = state.range(0) != 0;
    LedgerDb ledger = LedgerDb::create(scratch.path() / "ledger", options);
    Hc128 rng(Hc128::Seed{2});
    BlockData data = cheap_block(rng, nullptr, 3, 0);
    std::int64_t blocks = 0;
    for (auto _ : state) {
        if (ledger.append_block(data)) state.SkipWithError("refused");
        ++blocks;
        state.PauseTiming();
        data = cheap_block(rng, &data.block, 3, 2);
        state.ResumeTiming();
    }
    state.SetItemsProcessed(blocks);
    report_memory(state);
}
BENCHMARK(append_block)
    ->ArgName("sync")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond)
    ->MinTime(2.0)
    ->UseRealTime();

/// Made once for the benchmarks below.
const std::filesystem::path& long_ledger_path() {
    static const Scratch scratch;
    static const std::filesystem::path path = [] {
        const std::filesystem::path directory = scratch.path() / "ledger";
        LedgerDb ledger = LedgerDb::create(directory);
        Hc128 rng(Hc128::Seed{3});
        BlockData data = cheap_block(rng, nullptr, 3, 0);
        for (std::uint64_t i = 0; i < long_ledger; ++i) {
            if (ledger.append_block(data)) std::abort();
            data = cheap_block(rng, &data.block, 3, 2);
        }
        return directory;
    }();
    return path;
}

void open_with_page_check(benchmark::State& state) {
    const auto& path = long_ledger_path();
    for (auto _ : state) benchmark::DoNotOptimize(LedgerDb::open(path).num_blocks());
    state.counters["file_mb"] =
        static_cast<double>(std::filesystem::file_size(path / "data.mdb")) / (1 << 20);
    report_memory(state);
}
BENCHMARK(open_with_page_check)->Unit(benchmark::kMillisecond);

void read_random_block(benchmark::State& state) {
    const LedgerDb ledger = LedgerDb::open(long_ledger_path());
    std::mt19937_64 random(1);
    for (auto _ : state) benchmark::DoNotOptimize(ledger.block_data(BlockIndex{random() % long_ledger}));
    report_memory(state);
}
BENCHMARK(read_random_block)->Unit(benchmark::kMicrosecond);

void prove_random_membership(benchmark::State& state) {
    const LedgerDb ledger = LedgerDb::open(long_ledger_path());
    std::mt19937_64 random(2);
    for (auto _ : state)
        benchmark::DoNotOptimize(ledger.membership_proof(GlobalIndex{random() % (3 * long_ledger)}));
}
BENCHMARK(prove_random_membership)->Unit(benchmark::kMicrosecond);

/// The first `n` blocks, in chain order, one state.  `anon_mb` must be the same for 1,000 and 100,000.
void scan(benchmark::State& state) {
    const LedgerDb ledger = LedgerDb::open(long_ledger_path());
    const auto blocks = static_cast<std::uint64_t>(state.range(0));
    for (auto _ : state) {
        const LedgerDb::Snapshot snapshot = ledger.snapshot();
        std::uint64_t outputs = 0;
        for (BlockIndex index{0}; index.value < blocks; index = index.next())
            outputs += snapshot->block_data(index)->contents.outputs.size();
        if (outputs != 3 * blocks) state.SkipWithError("outputs are missing");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
    report_memory(state);
}
BENCHMARK(scan)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Arg(static_cast<std::int64_t>(long_ledger))
    ->Unit(benchmark::kMillisecond);

void verify_all(benchmark::State& state) {
    const LedgerDb ledger = LedgerDb::open(long_ledger_path());
    for (auto _ : state) {
        LedgerSummary summary;
        if (check_ledger(*ledger.snapshot(), summary)) state.SkipWithError("a fault");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(long_ledger));
    report_memory(state);
}
BENCHMARK(verify_all)->Unit(benchmark::kMillisecond)->Iterations(1);

} // namespace

BENCHMARK_MAIN();
