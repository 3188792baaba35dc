#include <benchmark/benchmark.h>

#include <memory>

#include "real/postgres/cluster.hpp"
#include "real/postgres/migrations.hpp"
#include "real/postgres/recovery_db.hpp"
#include "real/postgres/temporary_database.hpp"

// The recovery database on a private server with its fast settings: blocks written and read, and the server's
// start.

namespace {

using namespace std::chrono_literals;
using namespace engine::fog;
using namespace real::postgres;
using engine::BlockIndex;
using engine::InvocationId;
using engine::Task;
using engine::chain::Bytes;
using engine::chain::PublicKey;
using real::IoLoop;

PublicKey key_of(std::uint8_t number) {
    PublicKey key;
    key.bytes.fill(number);
    return key;
}

std::shared_ptr<const std::vector<Row>> rows_of(std::int64_t count) {
    constexpr std::size_t record_bytes = 225; // about what an encrypted TxOutRecord takes
    std::vector<Row> rows(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].search_key.bytes[0] = static_cast<std::uint8_t>(i);
        rows[i].payload = std::make_shared<const Bytes>(record_bytes, static_cast<std::uint8_t>(i));
    }
    return std::make_shared<const std::vector<Row>>(std::move(rows));
}

Task<> prepare(IoLoop& loop, ConnectUrl url, PgRecoveryDb& db, InvocationId* id) {
    PgResult<std::unique_ptr<Connection>> opened =
        co_await Connection::open(loop, std::move(url), loop.now() + 30s);
    const auto applied = co_await migrate(*opened.value(), loop.now() + 30s);
    (void)applied.value();
    const auto start = co_await db.new_ingress_key(key_of(1), BlockIndex{0});
    (void)start.value();
    const auto opened_id =
        co_await db.new_ingest_invocation(std::nullopt, key_of(1), key_of(2), BlockIndex{0});
    *id = opened_id.value();
}

Task<> write_blocks(PgRecoveryDb& db, InvocationId id, std::uint64_t& next, std::uint64_t count,
                    std::shared_ptr<const std::vector<Row>> rows) {
    for (std::uint64_t i = 0; i < count; ++i) {
        IngestedBlock block;
        block.block = BlockIndex{next++};
        block.rows = rows;
        const auto added = co_await db.add_block(id, std::move(block));
        (void)added.value();
    }
}

Task<> read_blocks(PgRecoveryDb& db, std::uint64_t first, std::size_t limit, std::size_t* rows) {
    const auto found = co_await db.blocks(key_of(1), BlockIndex{first}, limit);
    for (const IngestedBlock& block : found.value().blocks) *rows += block.rows->size();
}

/// A server for all benchmarks; each has a database of its own.
struct Bed {
    static Cluster& cluster() {
        static const std::unique_ptr<Cluster> one = Cluster::start();
        return *one;
    }
    /// As Debian configures it.
    static Cluster& stock_cluster() {
        Cluster::Options options;
        options.settings = {"jit=on", "fsync=on", "shared_buffers=128MB"};
        static const std::unique_ptr<Cluster> one = Cluster::start(options);
        return *one;
    }
    explicit Bed(Cluster& server = cluster()) : database(server.url()) {
        loop.run(prepare(loop, database.url(), db, &id));
    }
    TemporaryDatabase database;
    IoLoop loop;
    Pool pool{loop, database.url()};
    PgRecoveryDb db{pool};
    InvocationId id;
    std::uint64_t next = 0;
};

void add_block(benchmark::State& state) {
    Bed bed;
    const auto rows = rows_of(state.range(0));
    constexpr std::uint64_t at_once = 10;
    for (auto _ : state) bed.loop.run(write_blocks(bed.db, bed.id, bed.next, at_once, rows));
    const auto blocks = state.iterations() * static_cast<std::int64_t>(at_once);
    state.counters["blocks/s"] = benchmark::Counter(static_cast<double>(blocks), benchmark::Counter::kIsRate);
    state.counters["rows/s"] =
        benchmark::Counter(static_cast<double>(blocks * state.range(0)), benchmark::Counter::kIsRate);
}
BENCHMARK(add_block)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond)->UseRealTime();

void blocks(benchmark::State& state) {
    Bed bed;
    constexpr std::int64_t rows_per_block = 10;
    const auto limit = static_cast<std::size_t>(state.range(0));
    bed.loop.run(write_blocks(bed.db, bed.id, bed.next, limit, rows_of(rows_per_block)));
    std::size_t rows = 0;
    for (auto _ : state) bed.loop.run(read_blocks(bed.db, 0, limit, &rows));
    state.counters["rows/s"] = benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
}
BENCHMARK(blocks)->Arg(1)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond)->UseRealTime();

// What a view store asks each time, on a server that nobody has tuned.
Task<> poll(PgRecoveryDb& db, std::uint64_t next) {
    const auto keys = co_await db.ingress_keys();
    const auto events = co_await db.user_events(engine::UserEventId{0});
    const auto news = co_await db.blocks(key_of(1), BlockIndex{next}, 100);
    benchmark::DoNotOptimize(keys.value().records.size() + events.value().events.size() +
                             news.value().blocks.size());
}

void poll_of_a_view_store(benchmark::State& state) {
    Bed bed(state.range(0) != 0 ? Bed::stock_cluster() : Bed::cluster());
    bed.loop.run(write_blocks(bed.db, bed.id, bed.next, 20, rows_of(10)));
    for (auto _ : state) bed.loop.run(poll(bed.db, bed.next));
}
BENCHMARK(poll_of_a_view_store)
    ->ArgName("stock")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void start_a_server(benchmark::State& state) {
    Cluster::Options options;
    options.use_cache = state.range(0) != 0;
    Bed::cluster(); // makes the cache
    for (auto _ : state) {
        auto cluster = Cluster::start(options);
        state.PauseTiming();
        cluster.reset();
        state.ResumeTiming();
    }
}
BENCHMARK(start_a_server)
    ->ArgName("cache")
    ->Arg(1)
    ->Arg(0)
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

} // namespace

BENCHMARK_MAIN();
