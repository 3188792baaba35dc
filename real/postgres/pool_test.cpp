#include "real/postgres/pool.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "real/postgres/test_database.hpp"

namespace {

using namespace std::chrono_literals;
using engine::Instant;
using engine::Task;
using real::IoLoop;
using namespace real::postgres;

struct PoolTest : ::testing::Test {
    IoLoop loop;
    TestDatabase database{false};

    std::string connections() {
        return database.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                            "application_name = 'fog'");
    }
    /// The server forgets a connection a moment after the client has closed it.
    void expect_connections(const std::string& count) {
        const auto begun = std::chrono::steady_clock::now();
        while (connections() != count && std::chrono::steady_clock::now() - begun < 30s) {
        }
        EXPECT_EQ(connections(), count);
    }
};

Task<int> use(Pool& pool) {
    PgResult<Pool::Lease> lease = co_await pool.acquire();
    Statement statement("SELECT pg_backend_pid()");
    const PgResult<Rows> rows = co_await lease.value()->query(std::move(statement), Instant::never());
    co_return rows.value().small(0, 0);
}

Task<std::string> why_not(Pool& pool) {
    PgResult<Pool::Lease> lease = co_await pool.acquire();
    co_return lease ? std::string() : lease.error().text;
}

Task<PgResult<Pool::Lease>> take(Pool& pool) { return pool.acquire(); }

TEST_F(PoolTest, AConnectionIsUsedAgain) {
    Pool pool(loop, database.url());
    EXPECT_EQ(pool.open_connections(), 0u) << "connects when somebody asks";
    const int first = run_task(loop, use(pool));
    EXPECT_EQ(run_task(loop, use(pool)), first);
    EXPECT_EQ(pool.open_connections(), 1u);
}

Task<> use_for_a_while(Pool& pool, int number, std::size_t& now, std::size_t& most, std::vector<int>& order) {
    PgResult<Pool::Lease> lease = co_await pool.acquire();
    order.push_back(number);
    most = std::max(most, ++now);
    Statement statement("SELECT pg_sleep(0.01)");
    const PgResult<Rows> rows = co_await lease.value()->query(std::move(statement), Instant::never());
    EXPECT_TRUE(rows);
    --now;
}

Task<> many(IoLoop& loop, Pool& pool, std::size_t& most, std::vector<int>& order) {
    std::size_t now = 0;
    engine::Nursery nursery(loop, {});
    for (int i = 0; i < 20; ++i) nursery.spawn("a user", use_for_a_while(pool, i, now, most, order));
    co_await nursery.join();
}

TEST_F(PoolTest, NeverMoreThanAllowedAndFirstComeFirstServed) {
    for (const std::size_t allowed : {std::size_t{1}, std::size_t{3}}) {
        PoolOptions options;
        options.connections_max = allowed;
        Pool pool(loop, database.url(), options);
        std::size_t most = 0;
        std::vector<int> order;
        loop.run(many(loop, pool, most, order));
        EXPECT_EQ(most, allowed);
        ASSERT_EQ(order.size(), 20u);
        if (allowed == 1) {
            EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
        }
        EXPECT_EQ(pool.open_connections(), allowed);
    }
    expect_connections("0");
}

TEST_F(PoolTest, WhoWaitsTooLongIsToldSo) {
    PoolOptions options;
    options.connection_timeout = 500ms;
    Pool pool(loop, database.url(), options);
    PgResult<Pool::Lease> held = run_task(loop, take(pool));
    ASSERT_TRUE(held);
    EXPECT_EQ(run_task(loop, why_not(pool)), "no connection became free within 500 ms (of 1)");
    { const Pool::Lease given_back = std::move(*held); }
    EXPECT_EQ(run_task(loop, why_not(pool)), "");
}

TEST_F(PoolTest, ConnectionsThatCannotBeTrustedAreReplaced) {
    Pool pool(loop, database.url());
    const int first = run_task(loop, use(pool));
    database.sql(fmt::format("SELECT pg_terminate_backend({}, 10000)", first));
    const int second = run_task(loop, use(pool));
    EXPECT_NE(second, first) << "its server process is gone";
    {
        PgResult<Pool::Lease> lease = run_task(loop, take(pool));
        const PgResult<Rows> begun = run_task(loop, (*lease)->query(Statement("BEGIN"), Instant::never()));
        ASSERT_TRUE(begun);
    }
    const int third = run_task(loop, use(pool));
    EXPECT_NE(third, second) << "it was inside a transaction";
    expect_connections("1");
}

Task<> kill_a_user(IoLoop& loop, Pool& pool) {
    engine::Nursery nursery(loop, {});
    std::size_t now = 0, most = 0;
    std::vector<int> order;
    nursery.spawn("a holder", use_for_a_while(pool, 0, now, most, order));
    nursery.spawn("a waiter", use_for_a_while(pool, 1, now, most, order));
    co_await engine::sleep_until(loop.now() + 1ms);
    nursery.kill_all();
}

TEST_F(PoolTest, KilledUsersGiveTheirPlacesBack) {
    Pool pool(loop, database.url());
    for (int i = 0; i < 5; ++i) loop.run(kill_a_user(loop, pool));
    EXPECT_GT(run_task(loop, use(pool)), 0);
    EXPECT_EQ(pool.open_connections(), 1u);
    expect_connections("1");
}

Task<> until_closed(IoLoop& loop, Pool& pool) {
    const Instant due = loop.now() + 30s;
    while (pool.open_connections() > 0 && loop.now() < due)
        co_await engine::sleep_until(loop.now() + 5ms, "the connection's end");
}

TEST_F(PoolTest, IdleAndOldConnectionsAreClosed) {
    {
        PoolOptions options;
        options.idle_timeout = 0s;
        Pool pool(loop, database.url(), options);
        run_task(loop, use(pool));
        loop.run(until_closed(loop, pool));
        EXPECT_EQ(pool.open_connections(), 0u);
    }
    PoolOptions options;
    options.lifetime_max = 0s;
    Pool pool(loop, database.url(), options);
    const int first = run_task(loop, use(pool));
    EXPECT_EQ(pool.open_connections(), 0u) << "too old when it came back";
    EXPECT_NE(run_task(loop, use(pool)), first);
}

TEST_F(PoolTest, LeaseMayOutliveThePool) {
    std::optional<PgResult<Pool::Lease>> lease;
    {
        Pool pool(loop, database.url());
        lease.emplace(run_task(loop, take(pool)));
    }
    const PgResult<Rows> rows = run_task(loop, (**lease)->query(Statement("SELECT 1"), Instant::never()));
    EXPECT_TRUE(rows);
    lease.reset();
    expect_connections("0");
}

TEST(Pool, WaitsForAServerThatStarts) {
    const auto cluster = Cluster::start();
    IoLoop loop;
    Pool pool(loop, cluster->url());
    EXPECT_GT(run_task(loop, use(pool)), 0);
    cluster->kill();
    cluster->start_again(); // and is not ready yet
    EXPECT_GT(run_task(loop, use(pool)), 0);
}

TEST(Pool, GivesUpOnAServerThatIsDown) {
    IoLoop loop;
    PoolOptions options;
    options.connection_timeout = 200ms;
    Pool pool(loop, test_cluster().tcp_url().with("port", "1"), options);
    const std::string why = run_task(loop, why_not(pool));
    EXPECT_NE(why.find("refused"), std::string::npos) << why;
    EXPECT_EQ(pool.open_connections(), 0u);
}

} // namespace
