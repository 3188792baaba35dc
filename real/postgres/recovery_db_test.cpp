#include "real/postgres/recovery_db.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "real/postgres/migrations.hpp"
#include "real/postgres/test_database.hpp"
#include "real/postgres/test_relay.hpp"

// What the contract suite (property_tests/postgres_contract_test.cpp) cannot see: the stored bytes, other
// writers, and everything that breaks.

namespace {

using namespace std::chrono_literals;
using namespace engine::fog;
using engine::BlockIndex;
using engine::Code;
using engine::InvocationId;
using engine::Task;
using engine::UserEventId;
using engine::chain::Bytes;
using engine::chain::PublicKey;
using real::IoLoop;
using namespace real::postgres;
template <class T>
using Result = engine::Result<T>;

PublicKey key_of(std::uint8_t number) {
    PublicKey key;
    key.bytes.fill(number);
    return key;
}

IngestedBlock block_of(std::uint64_t index, std::size_t payload_size = 1) {
    IngestedBlock block;
    block.block = BlockIndex{index};
    block.cumulative_txo_count = 10 * index;
    Row row;
    row.search_key.bytes[0] = static_cast<std::uint8_t>(index);
    row.payload = std::make_shared<const Bytes>(payload_size, 7);
    block.rows = std::make_shared<const std::vector<Row>>(1, row);
    return block;
}

ReportRow report_of(std::uint8_t key, std::uint64_t expiry, std::string id = "") {
    ReportRow report;
    report.fog_report_id = std::move(id);
    report.ingress_key = key_of(key);
    report.expiry = BlockIndex{expiry};
    report.evidence = {0xe0, 0};
    return report;
}

template <class T>
Code code_of(const Result<T>& result) {
    EXPECT_FALSE(result);
    return result ? Code::internal : result.error().code;
}

RecoveryDbOptions options_with(unsigned retries, std::vector<std::string>* log = nullptr) {
    RecoveryDbOptions options;
    options.retries = retries;
    options.clock = [] {
        return std::chrono::sys_days(std::chrono::year(2020) / 11 / 3) + 20h + 30min + 17s + 250ms;
    };
    if (log != nullptr) options.log = [log](const std::string& line) { log->push_back(line); };
    return options;
}

PoolOptions connections(std::size_t most) {
    PoolOptions options;
    options.connections_max = most;
    return options;
}

template <class T>
Task<> keep(Task<T> task, std::optional<T>* out) {
    out->emplace(co_await std::move(task));
}

/// Waits for a condition that a query of a connection of its own answers.
Task<> until(IoLoop& loop, ConnectUrl url, const char* condition) {
    PgResult<std::unique_ptr<Connection>> opened =
        co_await Connection::open(loop, std::move(url), loop.now() + 30s);
    for (const engine::Instant due = loop.now() + 30s; loop.now() < due;) {
        Statement statement(condition);
        const PgResult<Rows> rows = co_await opened.value()->query(std::move(statement), due);
        if (rows.value().flag(0, 0)) co_return;
    }
    throw engine::BrokenSurroundings(std::string("never came true: ") + condition);
}

struct PgRecoveryDbTest : ::testing::Test {
    IoLoop loop;
    TestDatabase database;
    std::vector<std::string> log;
    Pool pool{loop, database.url(), connections(4)};
    PgRecoveryDb db{pool, options_with(3, &log)};
    PgRecoveryDb impatient{pool, options_with(0, &log)};

    template <class T>
    T run(Task<T> task) {
        return run_task(loop, std::move(task));
    }
    InvocationId invoke(std::uint8_t key, std::uint8_t egress, std::optional<InvocationId> previous = {}) {
        return run(db.new_ingest_invocation(previous, key_of(key), key_of(egress), BlockIndex{1})).value();
    }
    void new_key(std::uint8_t key, std::uint64_t start) {
        ASSERT_TRUE(run(db.new_ingress_key(key_of(key), BlockIndex{start})));
    }
    Result<void> add(InvocationId invocation, std::uint64_t block) {
        return run(db.add_block(invocation, block_of(block)));
    }
    std::string position() { return database.sql("SELECT position FROM fog_recovery_db_position"); }
};

// -------------------------------------------------------------------------------------------- what is stored

TEST_F(PgRecoveryDbTest, RowsAreThoseOfUpstream) {
    new_key(1, 3);
    new_key(2, ~std::uint64_t{0});
    const InvocationId first = invoke(1, 11);
    ASSERT_TRUE(run(db.set_report(key_of(1), report_of(1, 9, "id"))));
    IngestedBlock block = block_of(3, 2);
    block.timestamp_s = unknown_timestamp;
    ASSERT_TRUE(run(db.add_block(first, block)));
    const InvocationId second = invoke(1, 12, first);
    ASSERT_TRUE(run(db.report_lost_ingress_key(key_of(1))));
    const auto dump = [&](const char* table) {
        return database.sql(
            fmt::format("SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM {} t", table));
    };
    const std::string one(64, '1');
    std::string k1, k2, e1, e2;
    for (int i = 0; i < 32; ++i) k1 += "01", k2 += "02", e1 += "0b", e2 += "0c";
    EXPECT_EQ(dump("ingress_keys"), fmt::format("(\"\\\\x{}\",3,9,f,t)\n(\"\\\\x{}\",-1,0,f,f)", k1, k2));
    EXPECT_EQ(dump("ingest_invocations"),
              fmt::format("(1,\"\\\\x{0}\",\"\\\\x{1}\",\"2020-11-03 20:30:17.25\",1,t,0)\n"
                          "(2,\"\\\\x{0}\",\"\\\\x{2}\",\"2020-11-03 20:30:17.25\",1,f,0)",
                          k1, e1, e2));
    EXPECT_EQ(dump("ingested_blocks"),
              fmt::format(
                  "(1,1,\"\\\\x{}\",3,30,-1,\"\\\\x0a160a100300000000000000000000000000000012020707\")", k1));
    EXPECT_EQ(dump("user_events"), "(1,new_ingest_invocation,1,,,)\n"
                                   "(2,decommission_ingest_invocation,,1,,)\n"
                                   "(3,new_ingest_invocation,2,,,)\n"
                                   "(4,missing_blocks,,,4,9)");
    EXPECT_EQ(dump("reports"), fmt::format("(1,\"\\\\x{}\",1,id,\"\\\\xe000\",9)", k1));
    EXPECT_EQ(second, InvocationId{2});
}

TEST_F(PgRecoveryDbTest, AReportHasEvidenceAndNamesTheInvocationItIsPublishedUnder) {
    RecoveryDbOptions options = options_with(0, &log);
    options.report_evidence = [](const engine::chain::PublicKey& key) {
        return engine::chain::Bytes{7, key.bytes[0]};
    };
    PgRecoveryDb vouching(pool, options);
    const auto row = [&] {
        return database.sql(
            "SELECT coalesce(ingest_invocation_id::text, 'none') || ' ' || report FROM reports");
    };
    new_key(1, 3);
    ReportRow bare = report_of(1, 9);
    bare.evidence.clear();
    ASSERT_TRUE(run(vouching.set_report(key_of(1), bare)));
    EXPECT_EQ(row(), "none \\x0701");
    const InvocationId first = invoke(1, 11);
    EXPECT_EQ(row(), "none \\x0701") << "from its second block on, as upstream";
    ASSERT_TRUE(run(vouching.set_report(key_of(1), bare)));
    EXPECT_EQ(row(), "1 \\x0701");
    invoke(1, 12, first);
    EXPECT_EQ(row(), "1 \\x0701");
    ASSERT_TRUE(run(vouching.set_report(key_of(1), report_of(1, 9)))); // evidence of its own stays
    EXPECT_EQ(row(), "2 \\xe000");
}

TEST_F(PgRecoveryDbTest, UnsignedNumbersAreComparedAsSuch) {
    constexpr std::uint64_t huge = ~std::uint64_t{0} - 1;
    new_key(1, 3);
    EXPECT_EQ(run(db.set_report(key_of(1), report_of(1, 9)))->expiry, BlockIndex{9});
    EXPECT_EQ(run(db.set_report(key_of(1), report_of(1, huge)))->expiry, BlockIndex{huge}) << "not -2";
    EXPECT_EQ(run(db.set_report(key_of(1), report_of(1, 10)))->expiry, BlockIndex{huge});
    EXPECT_EQ(run(db.ingress_key(key_of(1))).value()->expiry, BlockIndex{huge});
    ASSERT_TRUE(add(invoke(1, 11), 5));
    EXPECT_TRUE(run(db.retire_ingress_key(key_of(1), true)));
    EXPECT_TRUE(run(db.retire_ingress_key(key_of(1), false))) << "no block is past that expiry";
    EXPECT_EQ(run(db.new_ingress_key(key_of(2), BlockIndex{huge})).value(), BlockIndex{huge});
    EXPECT_EQ(run(db.report_lost_ingress_key(key_of(1))).value(), true);
    EXPECT_EQ(run(db.missed_block_ranges()).value(),
              (std::vector<engine::BlockRange>{{BlockIndex{6}, BlockIndex{huge}}}));
    EXPECT_EQ(run(db.report_lost_ingress_key(key_of(2))).value(), false) << "its expiry is 0";
    EXPECT_TRUE(run(db.blocks(key_of(1), BlockIndex{huge}, 5))->blocks.empty());
    EXPECT_TRUE(run(db.blocks(key_of(1), BlockIndex{5}, ~std::size_t{0}))->blocks.size() == 1);
}

TEST_F(PgRecoveryDbTest, WhatCanNeverBeStoredIsRefused) {
    new_key(1, 3);
    const InvocationId id = invoke(1, 11);
    const std::string before = position();
    EXPECT_EQ(code_of(add(id, ~std::uint64_t{0} >> 1)), Code::invalid_argument);
    EXPECT_EQ(code_of(run(db.set_report(key_of(1), report_of(1, 9, std::string(65, 'x'))))),
              Code::invalid_argument);
    EXPECT_EQ(code_of(run(db.set_report(key_of(1), report_of(1, 9, std::string("a\0b", 3))))),
              Code::invalid_argument);
    EXPECT_EQ(code_of(run(db.set_report(key_of(1), report_of(1, 9, "\xff")))), Code::invalid_argument);
    EXPECT_EQ(code_of(run(db.set_report(key_of(1), report_of(2, 9)))), Code::not_found)
        << "a key of the report";
    EXPECT_EQ(position(), before);
    EXPECT_TRUE(add(id, (~std::uint64_t{0} >> 1) - 1)) << "the last one there is room for";
    EXPECT_EQ(run(db.highest_known_block()).value(), BlockIndex{(~std::uint64_t{0} >> 1) - 1});
    EXPECT_TRUE(run(db.new_ingress_key(key_of(2), BlockIndex{0})));
}

TEST_F(PgRecoveryDbTest, PositionMovesWithEveryChangeAndWithNothingElse) {
    std::string last = position();
    const auto moved = [&] { return std::exchange(last, position()) != last; };
    new_key(1, 3);
    EXPECT_TRUE(moved());
    new_key(1, 3);
    EXPECT_FALSE(moved()) << "a repeat";
    const InvocationId id = invoke(1, 11);
    EXPECT_TRUE(moved());
    ASSERT_TRUE(add(id, 3));
    EXPECT_TRUE(moved());
    ASSERT_TRUE(add(id, 3));
    EXPECT_FALSE(moved());
    ASSERT_TRUE(run(db.set_report(key_of(1), report_of(1, 9))));
    EXPECT_TRUE(moved());
    ASSERT_TRUE(run(db.retire_ingress_key(key_of(1), true)));
    EXPECT_TRUE(moved());
    ASSERT_TRUE(run(db.decommission_ingest_invocation(id)));
    EXPECT_TRUE(moved());
    ASSERT_TRUE(run(db.report_lost_ingress_key(key_of(1))));
    EXPECT_TRUE(moved());
    ASSERT_TRUE(run(db.report_lost_ingress_key(key_of(1))));
    EXPECT_FALSE(moved());
    const std::string now = position();
    EXPECT_EQ(std::to_string(run(db.ingress_keys())->as_of.value), now);
    EXPECT_EQ(std::to_string(run(db.user_events(UserEventId{0}))->as_of.value), now);
    EXPECT_EQ(std::to_string(run(db.user_events(UserEventId{99}))->as_of.value), now)
        << "also without events";
    EXPECT_EQ(std::to_string(run(db.blocks(key_of(9), BlockIndex{0}, 1))->as_of.value), now);
}

TEST_F(PgRecoveryDbTest, GarbageInTheDatabaseIsAnErrorAndNotACrash) {
    new_key(1, 3);
    ASSERT_TRUE(add(invoke(1, 11), 3));
    database.sql("UPDATE ingested_blocks SET proto_ingested_block_data = '\\x0a18'");
    EXPECT_EQ(code_of(run(db.blocks(key_of(1), BlockIndex{3}, 1))), Code::internal);
    EXPECT_THAT(log.back(), testing::HasSubstr("block 3"));
    database.sql("INSERT INTO ingress_keys VALUES ('\\x01', 1)");
    EXPECT_EQ(code_of(run(db.ingress_keys())), Code::internal);
    database.sql("DELETE FROM fog_recovery_db_position");
    EXPECT_EQ(code_of(run(db.user_events(UserEventId{0}))), Code::internal);
    EXPECT_THAT(log.back(), testing::HasSubstr("fog-sql-recovery-db-migrations"));
}

TEST(PgRecoveryDb, DatabaseWithoutTablesNamesTheTool) {
    IoLoop loop;
    const TestDatabase database(false);
    Pool pool(loop, database.url());
    std::vector<std::string> log;
    PgRecoveryDb db(pool, options_with(3, &log));
    EXPECT_EQ(code_of(run_task(loop, db.ingress_keys())), Code::internal);
    EXPECT_EQ(code_of(run_task(loop, db.new_ingress_key(key_of(1), BlockIndex{0}))), Code::internal);
    EXPECT_THAT(log, testing::Contains(testing::HasSubstr("fog-sql-recovery-db-migrations")));
}

TEST_F(PgRecoveryDbTest, ClosedByAgeAsTheCleanupToolAsks) {
    new_key(1, 3);
    const InvocationId old = invoke(1, 11);
    const InvocationId closed = invoke(1, 12);
    ASSERT_TRUE(run(db.decommission_ingest_invocation(closed)));
    constexpr std::int64_t written_s = 1'604'435'417; // and a quarter
    EXPECT_EQ(run(db.expired_invocations(written_s)).value(), std::vector<InvocationId>{});
    EXPECT_EQ(run(db.expired_invocations(written_s + 1)).value(), std::vector<InvocationId>{old});
}

// --------------------------------------------------------------------------------------------- other writers

/// A transaction of somebody who does not take the writers' lock, or takes nothing else.
struct Foreign {
    Foreign(IoLoop& l, const ConnectUrl& url, const char* statement) : loop(l) {
        connection = std::move(run_task(loop, Connection::open(loop, url, loop.now() + 30s)).value());
        std::vector<Statement> batch{Statement("BEGIN"), Statement(statement)};
        (void)run_task(loop, connection->run(std::move(batch), loop.now() + 30s)).value();
    }
    Task<> commit() {
        Statement statement("COMMIT");
        const PgResult<Rows> done = co_await connection->query(std::move(statement), loop.now() + 30s);
        (void)done.value();
    }
    int pid() const { return connection->backend_pid(); }
    IoLoop& loop;
    std::unique_ptr<Connection> connection;
};

constexpr const char* take_lock = "SELECT pg_advisory_xact_lock(5126107043902)";
constexpr const char* somebody_waits_for_a_row = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE "
                                                 "wait_event_type = 'Lock' AND datname = current_database())";

Task<> release_once(IoLoop& loop, ConnectUrl url, const char* condition, Foreign& foreign) {
    co_await until(loop, std::move(url), condition);
    co_await foreign.commit();
}

Task<> together(IoLoop& loop, Task<> a, Task<> b) {
    engine::Nursery nursery(loop, {});
    nursery.spawn("one", std::move(a));
    nursery.spawn("two", std::move(b));
    co_await nursery.join();
}

TEST_F(PgRecoveryDbTest, BlockOfAWriterWithoutTheLockWins) {
    new_key(1, 3);
    const InvocationId id = invoke(1, 11);
    invoke(1, 12);
    Foreign foreign(loop, database.url(),
                    "INSERT INTO ingested_blocks SELECT 99, id, ingress_public_key, 3, 0, 0, '' FROM "
                    "ingest_invocations WHERE id = 2");
    std::optional<Result<void>> added;
    Task<> adding = keep(db.add_block(id, block_of(3)), &added);
    Task<> releasing = release_once(loop, database.url(), somebody_waits_for_a_row, foreign);
    loop.run(together(loop, std::move(adding), std::move(releasing)));
    EXPECT_EQ(code_of(*added), Code::conflict);
    EXPECT_EQ(database.sql("SELECT count(*) FROM ingested_blocks"), "1");
    EXPECT_TRUE(add(id, 4)) << "and the connection is good";
}

constexpr const char* one_waits =
    "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND "
    "database = (SELECT oid FROM pg_database WHERE datname = current_database())";
constexpr const char* two_wait =
    "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND "
    "database = (SELECT oid FROM pg_database WHERE datname = current_database())";

// A key's start is decided against every block that will ever be visible before it (BH-30): the block waits
// for the lock first, so the key must see it, though neither was visible when the key's request reached the
// server.
Task<> block_then_key(IoLoop& loop, ConnectUrl url, PgRecoveryDb& db, InvocationId id, Foreign& holder,
                      std::optional<Result<BlockIndex>>* start) {
    engine::Nursery nursery(loop, {});
    std::optional<Result<void>> added;
    nursery.spawn("a block", keep(db.add_block(id, block_of(10)), &added));
    co_await until(loop, url, one_waits);
    nursery.spawn("a key", keep(db.new_ingress_key(key_of(2), BlockIndex{5}), start));
    co_await until(loop, url, two_wait);
    co_await holder.commit();
    co_await nursery.join();
    EXPECT_TRUE(added->has_value());
}

TEST_F(PgRecoveryDbTest, KeysStartAboveABlockThatWasWaitingToBeWritten) {
    new_key(1, 3);
    const InvocationId id = invoke(1, 11);
    // Also where the database's owner chose another default: there the snapshot would be older than the lock.
    for (const char* level : {"read committed", "serializable"}) {
        database.sql(fmt::format("ALTER DATABASE {} SET default_transaction_isolation = '{}'",
                                 database.url().database(), level));
        Pool fresh(loop, database.url(), connections(4));
        PgRecoveryDb writer(fresh, options_with(0, &log));
        Foreign holder(loop, database.url(), take_lock);
        std::optional<Result<BlockIndex>> start;
        loop.run(block_then_key(loop, database.url(), writer, id, holder, &start));
        EXPECT_EQ(start->value(), BlockIndex{11}) << level;
        database.sql("DELETE FROM ingested_blocks");
        database.sql(fmt::format("DELETE FROM ingress_keys WHERE start_block = 11"));
    }
}

// ---------------------------------------------------------------------------------------------- many at once

/// Opens and closes invocations one after another.
Task<> churn(PgRecoveryDb& db, std::uint8_t writer, int times) {
    std::optional<InvocationId> previous;
    for (int i = 0; i < times; ++i) {
        PublicKey egress = key_of(static_cast<std::uint8_t>(100 + writer));
        egress.bytes[1] = static_cast<std::uint8_t>(i);
        const Result<InvocationId> id =
            co_await db.new_ingest_invocation(previous, key_of(1), egress, BlockIndex{1});
        previous = id.value();
    }
}

/// Follows the events by cursor until nothing has come after the writers' end.
Task<> follow(PgRecoveryDb& db, const bool& done, std::vector<UserEventId>& seen, std::uint64_t& polls) {
    UserEventId cursor{0};
    DbPosition last;
    for (;;) {
        const bool last_round = done;
        const Result<UserEvents> events = co_await db.user_events(cursor);
        for (const UserEvent& event : events.value().events) seen.push_back(event.id);
        cursor = events->next;
        EXPECT_GE(events->as_of, last);
        last = events->as_of;
        ++polls;
        if (last_round) co_return;
    }
}

Task<> churn_and_follow(IoLoop& loop, std::vector<std::unique_ptr<PgRecoveryDb>>& writers,
                        PgRecoveryDb& reader, std::vector<UserEventId>& seen, std::uint64_t& polls) {
    engine::Nursery readers(loop, {});
    bool done = false;
    readers.spawn("a reader", follow(reader, done, seen, polls));
    {
        engine::Nursery nursery(loop, {});
        std::uint8_t number = 0;
        for (const auto& writer : writers) nursery.spawn("a writer", churn(*writer, number++, 25));
        co_await nursery.join();
    }
    done = true;
    co_await readers.join();
}

TEST_F(PgRecoveryDbTest, ReaderWithACursorMissesNoEventOfManyWriters) { // T14
    // Between the assignment of an id and the commit passes some time: without the lock, later ones would
    // overtake.
    database.sql("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
                 "$$ BEGIN PERFORM pg_sleep(random() * 0.003); RETURN NEW; END $$");
    database.sql("CREATE TRIGGER slow BEFORE INSERT ON user_events FOR EACH ROW EXECUTE FUNCTION dawdle()");
    new_key(1, 3);
    std::vector<std::unique_ptr<Pool>> pools;
    std::vector<std::unique_ptr<PgRecoveryDb>> writers;
    for (int i = 0; i < 8; ++i) {
        pools.push_back(std::make_unique<Pool>(loop, database.url()));
        writers.push_back(std::make_unique<PgRecoveryDb>(*pools.back(), options_with(0)));
    }
    std::vector<UserEventId> seen;
    std::uint64_t polls = 0;
    loop.run(churn_and_follow(loop, writers, db, seen, polls));
    EXPECT_EQ(std::to_string(seen.size()), database.sql("SELECT count(*) FROM user_events"));
    EXPECT_EQ(seen.size(), 8u * (25 + 24));
    EXPECT_GT(polls, 10u) << "else nothing was watched";
}

/// Adds blocks with a key that others use too: each block has one winner.
Task<> race_for_blocks(PgRecoveryDb& db, InvocationId id, std::uint64_t last, int& won, int& lost) {
    for (std::uint64_t b = 1; b <= last; ++b) {
        const Result<void> added = co_await db.add_block(id, block_of(b));
        if (added)
            ++won;
        else if (added.error().code == Code::conflict)
            ++lost;
    }
}

TEST_F(PgRecoveryDbTest, BlockHasOneWinner) { // R9
    new_key(1, 1);
    int won = 0, lost = 0;
    std::vector<InvocationId> ids;
    for (std::uint8_t i = 0; i < 4; ++i) ids.push_back(invoke(1, static_cast<std::uint8_t>(11 + i)));
    const auto all = [&]() -> Task<> {
        engine::Nursery nursery(loop, {});
        for (const InvocationId id : ids) nursery.spawn("a scanner", race_for_blocks(db, id, 20, won, lost));
        co_await nursery.join();
    };
    loop.run(all());
    EXPECT_EQ(won, 20);
    EXPECT_EQ(lost, 60);
    EXPECT_EQ(database.sql("SELECT count(*) FROM ingested_blocks"), "20");
}

// ----------------------------------------------------------------------------------------------- what breaks

TEST_F(PgRecoveryDbTest, TerminatedWhileItWaitsForTheLockNothingHappened) {
    new_key(1, 3);
    const InvocationId id = invoke(1, 11);
    std::optional<Result<void>> added;
    {
        Foreign holder(loop, database.url(), take_lock);
        Task<> adding = keep(impatient.add_block(id, block_of(3)), &added);
        Task<> killing =
            until(loop, database.url(),
                  "SELECT count(pg_terminate_backend(pid)) = 1 FROM pg_locks WHERE locktype = 'advisory' "
                  "AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = "
                  "current_database())");
        loop.run(together(loop, std::move(adding), std::move(killing)));
    }
    EXPECT_EQ(code_of(*added), Code::unavailable) << "the server said so: not unknown";
    EXPECT_EQ(database.sql("SELECT count(*) FROM ingested_blocks"), "0");
    EXPECT_THAT(log.back(), testing::HasSubstr("57P01"));
    EXPECT_TRUE(add(id, 3));
}

TEST_F(PgRecoveryDbTest, PatientWriterTriesAgainAfterATermination) {
    new_key(1, 3);
    const InvocationId id = invoke(1, 11);
    Foreign holder(loop, database.url(), take_lock);
    std::optional<Result<void>> added;
    const auto disturb = [&]() -> Task<> {
        co_await until(
            loop, database.url(),
            "SELECT count(pg_terminate_backend(pid)) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT "
            "granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
        co_await until(loop, database.url(), one_waits);
        co_await holder.commit();
    };
    Task<> adding = keep(db.add_block(id, block_of(3)), &added);
    loop.run(together(loop, std::move(adding), disturb()));
    EXPECT_TRUE(added->has_value());
}

/// A writer behind a relay, and a look at the database around it.
struct RelayedTest : PgRecoveryDbTest {
    ConnectUrl tcp = test_cluster().tcp_url().with_database(database.url().database());
    TestRelay relay{loop, tcp};
    Pool far_pool{loop, relay.url(), connections(1)};
    PgRecoveryDb far{far_pool, options_with(3, &log)};
    PgRecoveryDb far_impatient{far_pool, options_with(0, &log)};

    /// Lets a write happen, and its answer get lost.
    Task<> lose_answer(const char* condition) {
        co_await until(loop, database.url(), condition);
        relay.cut();
    }
    template <class T>
    Result<T> call_and_lose(Task<Result<T>> call, const char* committed) {
        std::optional<Result<T>> result;
        Task<> calling = keep(std::move(call), &result);
        relay.swallow_answers();
        loop.run(together(loop, std::move(calling), lose_answer(committed)));
        return std::move(*result);
    }
};

TEST_F(RelayedTest, LostAcknowledgementIsUnknownAndTheRepeatSucceeds) {
    run(far.highest_known_block()).value(); // connected
    const auto key = call_and_lose(far_impatient.new_ingress_key(key_of(1), BlockIndex{3}),
                                   "SELECT count(*) = 1 FROM ingress_keys");
    EXPECT_EQ(code_of(key), Code::unknown);
    EXPECT_EQ(run(far.new_ingress_key(key_of(1), BlockIndex{5})).value(), BlockIndex{3});

    const auto opened =
        call_and_lose(far_impatient.new_ingest_invocation(std::nullopt, key_of(1), key_of(11), BlockIndex{3}),
                      "SELECT count(*) = 1 FROM ingest_invocations");
    EXPECT_EQ(code_of(opened), Code::unknown);
    const InvocationId id =
        run(far.new_ingest_invocation(std::nullopt, key_of(1), key_of(11), BlockIndex{3})).value();
    EXPECT_EQ(id, InvocationId{1});

    const auto added =
        call_and_lose(far_impatient.add_block(id, block_of(3)), "SELECT count(*) = 1 FROM ingested_blocks");
    EXPECT_EQ(code_of(added), Code::unknown);
    EXPECT_TRUE(run(far.add_block(id, block_of(3))));

    const auto reported = call_and_lose(far_impatient.set_report(key_of(1), report_of(1, 9)),
                                        "SELECT count(*) = 1 FROM reports");
    EXPECT_EQ(code_of(reported), Code::unknown);
    EXPECT_EQ(run(far.set_report(key_of(1), report_of(1, 9)))->expiry, BlockIndex{9});

    const auto closed = call_and_lose(far_impatient.decommission_ingest_invocation(id),
                                      "SELECT bool_and(decommissioned) FROM ingest_invocations");
    EXPECT_EQ(code_of(closed), Code::unknown);
    EXPECT_TRUE(run(far.decommission_ingest_invocation(id)));

    const auto retired = call_and_lose(far_impatient.retire_ingress_key(key_of(1), true),
                                       "SELECT bool_and(retired) FROM ingress_keys");
    EXPECT_EQ(code_of(retired), Code::unknown);
    EXPECT_TRUE(run(far.retire_ingress_key(key_of(1), true)));

    const auto gone = call_and_lose(far_impatient.report_lost_ingress_key(key_of(1)),
                                    "SELECT bool_and(lost) FROM ingress_keys");
    EXPECT_EQ(code_of(gone), Code::unknown);
    EXPECT_EQ(run(far.report_lost_ingress_key(key_of(1))).value(), true);
    EXPECT_EQ(database.sql("SELECT string_agg(event_type::text, ' ' ORDER BY id) FROM user_events"),
              "new_ingest_invocation decommission_ingest_invocation missing_blocks")
        << "each happened once";
}

TEST_F(RelayedTest, LostAcknowledgementIsCoveredByARepeatOfItsOwn) {
    new_key(1, 3);
    const InvocationId id = invoke(1, 11);
    run(far.highest_known_block()).value();
    const auto added =
        call_and_lose(far.add_block(id, block_of(3)), "SELECT count(*) = 1 FROM ingested_blocks");
    EXPECT_TRUE(added.has_value());
    EXPECT_THAT(log.back(), testing::HasSubstr("lost")) << "and was noted";
}

TEST_F(RelayedTest, LostAnswerOfAReadIsUnavailable) {
    run(far.highest_known_block()).value();
    std::optional<Result<IngressKeys>> keys;
    const auto cut_when_answered = [&]() -> Task<> {
        while (relay.swallowed() == 0) co_await engine::sleep_until(loop.now() + 1ms);
        relay.cut();
    };
    relay.swallow_answers();
    Task<> asking = keep(far_impatient.ingress_keys(), &keys);
    loop.run(together(loop, std::move(asking), cut_when_answered()));
    EXPECT_EQ(code_of(*keys), Code::unavailable);
}

TEST_F(RelayedTest, UnknownStaysUnknownWhenNoRepeatGetsThrough) {
    new_key(1, 3);
    const InvocationId id = invoke(1, 11);
    PoolOptions pool_options = connections(1);
    pool_options.connection_timeout = 1s; // time enough for the first, which connects
    Pool doomed(loop, relay.url(), pool_options);
    PgRecoveryDb writer(doomed, options_with(2, &log));
    run(writer.highest_known_block()).value();
    std::optional<Result<void>> added;
    const auto cut_and_stay_away = [&]() -> Task<> {
        co_await until(loop, database.url(), "SELECT count(*) = 1 FROM ingested_blocks");
        relay.cut();
        relay.swallow_answers(); // those who come back hear nothing
    };
    relay.swallow_answers();
    Task<> adding = keep(writer.add_block(id, block_of(3)), &added);
    loop.run(together(loop, std::move(adding), cut_and_stay_away()));
    EXPECT_EQ(code_of(*added), Code::unknown) << "though the last try was never sent";
}

TEST_F(RelayedTest, PasswordIsInNoLogLine) {
    Pool wrong(loop, tcp.with("password", "geheim"), connections(1));
    PoolOptions pool_options = connections(1);
    pool_options.connection_timeout = 300ms;
    Pool refused(loop, tcp.with("password", "geheim"), pool_options);
    PgRecoveryDb writer(refused, options_with(1, &log));
    EXPECT_EQ(code_of(run(writer.new_ingress_key(key_of(1), BlockIndex{0}))), Code::unavailable);
    EXPECT_EQ(log.size(), 2u);
    for (const std::string& line : log) EXPECT_EQ(line.find("geheim"), std::string::npos) << line;
}

// -------------------------------------------------------------------------------------------- killed clients

/// A client process that dies in the middle of a write, at any moment.
Task<> write_and_be_killed(IoLoop& loop, PgRecoveryDb& db, InvocationId id, std::uint64_t block,
                           engine::Duration after) {
    engine::Nursery nursery(loop, {});
    std::optional<Result<void>> added;
    nursery.spawn("a write", keep(db.add_block(id, block_of(block, 300'000)), &added));
    co_await engine::sleep_until(loop.now() + after);
    nursery.kill_all();
}

TEST_F(PgRecoveryDbTest, KilledWriterLeavesAWholeBlockOrNone) {
    new_key(1, 1);
    const InvocationId id = invoke(1, 11);
    for (std::uint64_t b = 1; b <= 12; ++b) {
        loop.run(write_and_be_killed(loop, db, id, b, b * 200us));
        EXPECT_TRUE(run(db.add_block(id, block_of(b, 300'000)))) << "whoever comes next may write";
    }
    EXPECT_EQ(database.sql("SELECT count(*) FROM ingested_blocks"), "12");
    EXPECT_EQ(
        database.sql("SELECT min(length(proto_ingested_block_data)) = max(length(proto_ingested_block_data)) "
                     "FROM ingested_blocks"),
        "t");
}

// -------------------------------------------------------------------------------------------- killed servers

/// Writes blocks through everything; notes what was acknowledged.
Task<> write_through(PgRecoveryDb& db, InvocationId id, std::uint64_t first, const bool& stop,
                     std::vector<std::uint64_t>& acknowledged, int& disturbed) {
    for (std::uint64_t b = first; !stop; ++b) {
        for (;;) {
            const Result<void> added = co_await db.add_block(id, block_of(b));
            if (added) break;
            EXPECT_TRUE(engine::is_transient(added.error())) << engine::name(added.error().code);
            ++disturbed;
        }
        acknowledged.push_back(b);
    }
}

TEST(PgRecoveryDb, WhatWasAcknowledgedSurvivesKillsOfTheServer) {
    const auto cluster = Cluster::start();
    IoLoop loop;
    loop.run([](IoLoop& l, ConnectUrl url) -> Task<> {
        PgResult<std::unique_ptr<Connection>> opened =
            co_await Connection::open(l, std::move(url), l.now() + 30s);
        const auto applied = co_await migrate(*opened.value(), l.now() + 30s);
        (void)applied.value();
    }(loop, cluster->url()));
    Pool pool(loop, cluster->url(), connections(3));
    PgRecoveryDb setup(pool, options_with(3));
    PgRecoveryDb db(pool, options_with(0)); // every disturbance shows
    std::vector<InvocationId> ids;
    for (std::uint8_t k = 1; k <= 3; ++k) {
        run_task(loop, setup.new_ingress_key(key_of(k), BlockIndex{0})).value();
        ids.push_back(run_task(loop, setup.new_ingest_invocation(std::nullopt, key_of(k),
                                                                 key_of(static_cast<std::uint8_t>(10 + k)),
                                                                 BlockIndex{0}))
                          .value());
    }
    bool stop = false;
    int disturbed = 0;
    std::vector<std::vector<std::uint64_t>> acknowledged(3);
    const auto disturb = [&]() -> Task<> {
        // An end that meets nobody at work is noticed by nobody.
        for (int i = 0; i < 3 || (disturbed == 0 && i < 30); ++i) {
            const std::size_t before = acknowledged[0].size();
            while (acknowledged[0].size() < before + 20) co_await engine::sleep_until(loop.now() + 1ms);
            if (i == 1)
                co_await cluster->stop(loop);
            else
                co_await cluster->kill(loop);
            cluster->start_again();
            co_await cluster->until_ready(loop);
        }
        stop = true;
    };
    const auto all = [&]() -> Task<> {
        engine::Nursery nursery(loop, {});
        for (std::size_t k = 0; k < 3; ++k)
            nursery.spawn("a writer", write_through(db, ids[k], 0, stop, acknowledged[k], disturbed));
        nursery.spawn("the disturber", disturb());
        co_await nursery.join();
    };
    loop.run(all());
    EXPECT_GT(disturbed, 0) << "else nobody noticed anything";
    for (std::uint8_t k = 1; k <= 3; ++k) {
        const auto& mine = acknowledged[static_cast<std::size_t>(k - 1)];
        ASSERT_FALSE(mine.empty());
        const Result<IngestedBlocks> found =
            run_task(loop, setup.blocks(key_of(k), BlockIndex{0}, mine.size() + 10));
        EXPECT_EQ(found->blocks.size(), mine.size()) << "each acknowledged block once, and no other";
    }
    EXPECT_EQ(run_sql(cluster->url(), "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
}

} // namespace
