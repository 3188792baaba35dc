#include "real/postgres/connection.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>

#include <fmt/format.h>

#include "real/postgres/test_database.hpp"

namespace {

using namespace std::chrono_literals;
using engine::Instant;
using engine::Task;
using real::IoLoop;
using namespace real::postgres;

using Opened = std::unique_ptr<Connection>;

struct ConnectionTest : ::testing::Test {
    IoLoop loop;
    TestDatabase database{false};

    Instant due() { return loop.now() + 30s; }
    Opened open(ConnectUrl url) {
        PgResult<Opened> opened = run_task(loop, Connection::open(loop, std::move(url), due()));
        return std::move(opened.value());
    }
    Opened open() { return open(database.url()); }
    PgResult<std::vector<Rows>> run(Connection& connection, std::vector<Statement> batch) {
        return run_task(loop, connection.run(std::move(batch), due()));
    }
    PgResult<Rows> query(Connection& connection, Statement statement) {
        return run_task(loop, connection.query(std::move(statement), due()));
    }
};

// A stock server compiles the queries of view stores anew each time, 0.3 s a query.
TEST_F(ConnectionTest, NoQueryIsCompiled) {
    const Opened connection = open();
    const PgResult<Rows> jit = query(*connection, Statement("SHOW jit"));
    ASSERT_TRUE(jit);
    EXPECT_EQ(jit->text(0, 0), "off");
}

// Only superusers may set some parameters (lc_messages).
TEST_F(ConnectionTest, OrdinaryRoleThatOwnsItsDatabaseIsServed) {
    const std::string role = "plain_" + std::to_string(::getpid());
    database.sql("CREATE ROLE " + role + " LOGIN");
    database.sql("ALTER DATABASE " + database.url().database() + " OWNER TO " + role);
    {
        const Opened connection = open(database.url().with("user", role));
        const PgResult<Rows> one = query(*connection, Statement("SELECT current_user::text"));
        ASSERT_TRUE(one) << one.error().text;
        EXPECT_EQ(one->text(0, 0), role);
    }
    database.sql("ALTER DATABASE " + database.url().database() + " OWNER TO postgres");
    database.sql("DROP ROLE " + role);
}

TEST_F(ConnectionTest, ValuesGoThereAndBackUnchanged) {
    const Opened connection = open();
    const engine::chain::Bytes bytes{0, 1, 255, 0};
    Params params;
    params.number(-5)
        .word(~std::uint64_t{0})
        .small(-7)
        .flag(true)
        .bytes(bytes)
        .text("grün'\\")
        .maybe({})
        .maybe(9);
    params.time(std::chrono::sys_days(std::chrono::year(2020) / 11 / 3) + 20h + 30min + 17s + 5us);
    const PgResult<Rows> rows =
        query(*connection,
              Statement("SELECT $1::int8, $2::int8, $3::int4, $4::bool, $5::bytea, $6::text, $7::int8, "
                        "$8::int8, $9::timestamp::text, $9::timestamp",
                        std::move(params)));
    ASSERT_TRUE(rows) << rows.error().to_string();
    ASSERT_EQ(rows->size(), 1u);
    EXPECT_EQ(rows->number(0, 0), -5);
    EXPECT_EQ(rows->word(0, 1), ~std::uint64_t{0});
    EXPECT_EQ(rows->number(0, 1), -1) << "as upstream stores it";
    EXPECT_EQ(rows->small(0, 2), -7);
    EXPECT_TRUE(rows->flag(0, 3));
    EXPECT_TRUE(std::ranges::equal(rows->bytes(0, 4), bytes));
    EXPECT_EQ(rows->text(0, 5), "grün'\\");
    EXPECT_TRUE(rows->is_null(0, 6));
    EXPECT_EQ(rows->number(0, 7), 9);
    EXPECT_EQ(rows->text(0, 8), "2020-11-03 20:30:17.000005");
    EXPECT_THROW((void)rows->number(0, 2), engine::InternalError) << "an int4";
    EXPECT_THROW((void)rows->number(0, 6), engine::InternalError) << "NULL";
    EXPECT_THROW((void)rows->number(1, 0), engine::InternalError) << "no such row";
}

TEST_F(ConnectionTest, ValuesLargerThanTheSocketTakes) {
    const Opened connection = open();
    std::string text(20'000'000, 'x');
    text[19'999'999] = 'y';
    Params params;
    params.text(text);
    const PgResult<Rows> rows = query(*connection, Statement("SELECT $1::text", std::move(params)));
    ASSERT_TRUE(rows) << rows.error().to_string();
    EXPECT_EQ(rows->text(0, 0), text);
}

TEST_F(ConnectionTest, BatchAnswersInOrderAndIsOneTransaction) {
    const Opened connection = open();
    database.sql("CREATE TABLE t (n INT)");
    const PgResult<std::vector<Rows>> answers =
        run(*connection, {Statement("INSERT INTO t VALUES (1), (2)"), Statement("SELECT count(*) FROM t"),
                          Statement("UPDATE t SET n = 3")});
    ASSERT_TRUE(answers) << answers.error().to_string();
    ASSERT_EQ(answers->size(), 3u);
    EXPECT_EQ((*answers)[0].changed(), 2u);
    EXPECT_EQ((*answers)[1].number(0, 0), 2);
    EXPECT_EQ((*answers)[2].changed(), 2u);

    const auto failed = run(*connection, {Statement("INSERT INTO t VALUES (4)"), Statement("SELECT 1 / 0"),
                                          Statement("INSERT INTO t VALUES (5)")});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, PgError::Kind::refused);
    EXPECT_EQ(failed.error().state, "22012");
    EXPECT_EQ(failed.error().statement, 1u);
    EXPECT_EQ(database.sql("SELECT max(n) FROM t"), "3") << "nothing of the failed batch";
    EXPECT_TRUE(connection->is_idle());
    EXPECT_TRUE(query(*connection, Statement("SELECT 1"))) << "and the connection goes on";
}

TEST_F(ConnectionTest, FailedTransactionIsRolledBack) {
    const Opened connection = open();
    database.sql("CREATE TABLE t (n INT)");
    const auto failed = run(*connection, {Statement("BEGIN"), Statement("INSERT INTO t VALUES (1)"),
                                          Statement("SELECT 1 / 0"), Statement("COMMIT")});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().statement, 2u);
    EXPECT_TRUE(connection->is_idle());
    EXPECT_EQ(database.sql("SELECT count(*) FROM t"), "0");
}

TEST_F(ConnectionTest, StatementsArePreparedOnce) {
    const Opened connection = open();
    static constexpr const char* sql = "SELECT $1::int8 + 1";
    for (std::int64_t i = 0; i < 3; ++i) {
        Params params;
        params.number(i);
        const PgResult<Rows> rows = query(*connection, Statement(sql, std::move(params)));
        ASSERT_TRUE(rows);
        EXPECT_EQ(rows->number(0, 0), i + 1);
    }
    const PgResult<Rows> prepared =
        query(*connection,
              Statement("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1%'"));
    EXPECT_EQ(prepared->number(0, 0), 1);
}

TEST_F(ConnectionTest, StatementThatCouldNotBePreparedIsTriedAgain) {
    const Opened connection = open();
    static constexpr const char* sql = "SELECT count(*) FROM later";
    EXPECT_EQ(query(*connection, Statement(sql)).error().state, "42P01");
    const auto after_error =
        run(*connection, {Statement("SELECT 1 / 0"), Statement("SELECT 'never prepared'")});
    EXPECT_EQ(after_error.error().state, "22012");
    database.sql("CREATE TABLE later (n INT)");
    EXPECT_TRUE(query(*connection, Statement(sql)));
}

TEST_F(ConnectionTest, TerminatedByTheServer) {
    const Opened connection = open();
    EXPECT_TRUE(connection->is_idle());
    database.sql(fmt::format("SELECT pg_terminate_backend({}, 10000)", connection->backend_pid()));
    EXPECT_FALSE(connection->is_idle()) << "noticed without asking";
    const PgResult<Rows> rows = query(*connection, Statement("SELECT 1"));
    ASSERT_FALSE(rows);
    EXPECT_FALSE(connection->is_usable());
    EXPECT_EQ(query(*connection, Statement("SELECT 1")).error().kind, PgError::Kind::unreachable);
}

Task<> terminate_when_it_waits(IoLoop& loop, ConnectUrl url, int backend) {
    PgResult<Opened> opened = co_await Connection::open(loop, std::move(url), loop.now() + 30s);
    Connection& other = *opened.value();
    for (;;) {
        Params params;
        params.small(backend);
        Statement look("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1::int4 AND "
                       "wait_event = 'PgSleep'",
                       std::move(params));
        const PgResult<Rows> done = co_await other.query(std::move(look), loop.now() + 30s);
        if (!done.value().empty()) co_return;
    }
}

Task<> ask(IoLoop& loop, Connection& connection, std::vector<Statement> batch,
           std::optional<PgResult<std::vector<Rows>>>* out, Instant due) {
    (void)loop;
    out->emplace(co_await connection.run(std::move(batch), due));
}

Task<> both(IoLoop& loop, Task<> a, Task<> b) {
    engine::Nursery nursery(loop, {});
    nursery.spawn("one", std::move(a));
    nursery.spawn("two", std::move(b));
    co_await nursery.join();
}

TEST_F(ConnectionTest, TerminatedInTheMiddleOfATransaction) {
    const Opened connection = open();
    database.sql("CREATE TABLE t (n INT)");
    std::vector<Statement> batch{Statement("BEGIN"), Statement("INSERT INTO t VALUES (1)"),
                                 Statement("SELECT pg_sleep(1000)"), Statement("COMMIT")};
    std::optional<PgResult<std::vector<Rows>>> answers;
    Task<> asking = ask(loop, *connection, std::move(batch), &answers, due());
    Task<> killing = terminate_when_it_waits(loop, database.url(), connection->backend_pid());
    loop.run(both(loop, std::move(asking), std::move(killing)));
    ASSERT_FALSE(*answers);
    EXPECT_EQ(answers->error().kind, PgError::Kind::refused)
        << "the server said farewell: nothing was committed";
    EXPECT_EQ(answers->error().state, "57P01");
    EXPECT_EQ(answers->error().statement, 2u);
    EXPECT_FALSE(connection->is_usable());
    EXPECT_EQ(database.sql("SELECT count(*) FROM t"), "0");
}

Task<> ask_and_be_killed(IoLoop& loop, Connection& connection) {
    engine::Nursery nursery(loop, {});
    std::optional<PgResult<std::vector<Rows>>> answers;
    std::vector<Statement> batch{Statement("SELECT pg_sleep(1000)")};
    nursery.spawn("a call", ask(loop, connection, std::move(batch), &answers, Instant::never()));
    co_await engine::sleep_until(loop.now() + 1ms); // it has been sent by then, or not: the end is the same
    nursery.kill_all();
    EXPECT_FALSE(answers);
}

TEST_F(ConnectionTest, KilledCallClosesTheConnection) {
    const Opened connection = open();
    const int backend = connection->backend_pid();
    loop.run(ask_and_be_killed(loop, *connection));
    EXPECT_FALSE(connection->is_usable());
    EXPECT_FALSE(connection->is_idle());
    // The server notices within its check interval of a second, though the statement would take longer.
    const std::string still_there =
        fmt::format("SELECT count(*) FROM pg_stat_activity WHERE pid = {}", backend);
    const auto begun = std::chrono::steady_clock::now();
    while (database.sql(still_there) != "0") ASSERT_LT(std::chrono::steady_clock::now() - begun, 30s);
}

TEST_F(ConnectionTest, NoAnswerInTimeIsLost) {
    const Opened connection = open();
    std::vector<Statement> batch{Statement("SELECT pg_sleep(1000)")};
    const PgResult<std::vector<Rows>> answers =
        run_task(loop, connection->run(std::move(batch), loop.now() + 50ms));
    ASSERT_FALSE(answers);
    EXPECT_EQ(answers.error().kind, PgError::Kind::lost);
    EXPECT_FALSE(connection->is_usable());
}

TEST_F(ConnectionTest, UnreachableServers) {
    const auto error_of = [&](ConnectUrl url) {
        PgResult<Opened> opened = run_task(loop, Connection::open(loop, std::move(url), loop.now() + 10s));
        EXPECT_FALSE(opened);
        return opened ? PgError() : opened.error();
    };
    const ConnectUrl tcp = test_cluster().tcp_url();
    const PgError refused = error_of(tcp.with("port", "1"));
    EXPECT_EQ(refused.kind, PgError::Kind::unreachable);
    EXPECT_NE(refused.text.find("refused"), std::string::npos) << refused.text;
    const PgError wrong = error_of(tcp.with("password", "geheim"));
    EXPECT_EQ(wrong.kind, PgError::Kind::unreachable);
    EXPECT_NE(wrong.text.find("password authentication failed"), std::string::npos) << wrong.text;
    EXPECT_EQ(wrong.text.find("geheim"), std::string::npos) << wrong.text;
    EXPECT_EQ(wrong.text.find('\n'), std::string::npos) << wrong.text;
    const PgError absent = error_of(tcp.with_database("absent"));
    EXPECT_NE(absent.text.find("does not exist"), std::string::npos) << absent.text;
    EXPECT_EQ(error_of(ConnectUrl().with("host", "/nowhere")).kind, PgError::Kind::unreachable);
}

TEST_F(ConnectionTest, SilentServerIsGivenUp) {
    // Accepts connections (the kernel does) and never says a word.
    boost::asio::io_context quiet;
    boost::asio::ip::tcp::acceptor acceptor(quiet, {boost::asio::ip::make_address("127.0.0.1"), 0});
    const ConnectUrl url =
        test_cluster().tcp_url().with("port", std::to_string(acceptor.local_endpoint().port()));
    PgResult<Opened> opened = run_task(loop, Connection::open(loop, url, loop.now() + 50ms));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, PgError::Kind::unreachable);
    EXPECT_EQ(opened.error().text, "no connection in time");
}

TEST_F(ConnectionTest, ServerEndsTransactionsThatAStoppedClientLeavesOpen) {
    const Opened connection = open();
    const PgResult<Rows> limit = query(*connection, Statement("SHOW idle_in_transaction_session_timeout"));
    EXPECT_EQ(limit->text(0, 0), "10s");
    ASSERT_TRUE(query(*connection, Statement("BEGIN")));
    EXPECT_FALSE(connection->is_idle());
}

} // namespace
