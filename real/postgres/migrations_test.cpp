#include "real/postgres/migrations.hpp"

#include <gtest/gtest.h>

#include "real/postgres/test_database.hpp"

namespace {

using namespace std::chrono_literals;
using engine::Task;
using real::IoLoop;
using namespace real::postgres;

Task<std::vector<std::string>> migrate_once(IoLoop& loop, ConnectUrl url) {
    const engine::Instant due = loop.now() + 30s;
    PgResult<std::unique_ptr<Connection>> connection = co_await Connection::open(loop, std::move(url), due);
    PgResult<std::vector<std::string>> applied = co_await migrate(*connection.value(), due);
    co_return applied.value();
}

Task<> note(IoLoop& loop, ConnectUrl url, std::size_t* applied) {
    const std::vector<std::string> versions = co_await migrate_once(loop, std::move(url));
    *applied += versions.size();
}

Task<> migrate_many(IoLoop& loop, ConnectUrl url, int times, std::size_t* applied) {
    engine::Nursery nursery(loop, {});
    for (int i = 0; i < times; ++i) nursery.spawn("a migration", note(loop, url, applied));
    co_await nursery.join();
}

TEST(Migrations, EachIsAppliedOnce) {
    const TestDatabase database(false);
    IoLoop loop;
    EXPECT_EQ(run_task(loop, migrate_once(loop, database.url())),
              (std::vector<std::string>{"00000000000000", "20201103203017"}));
    EXPECT_EQ(run_task(loop, migrate_once(loop, database.url())), std::vector<std::string>{});
    EXPECT_EQ(
        database.sql("SELECT string_agg(version, ' ' ORDER BY version) FROM __diesel_schema_migrations"),
        "00000000000000 20201103203017");
}

TEST(Migrations, ManyAtOnceApplyEachOnce) {
    const TestDatabase database(false);
    IoLoop loop;
    std::size_t applied = 0;
    loop.run(migrate_many(loop, database.url(), 6, &applied));
    EXPECT_EQ(applied, 2u);
}

TEST(Migrations, DatabaseThatUpstreamsToolMadeGetsOnlyOurTable) {
    const TestDatabase database;
    database.sql("DROP TABLE fog_recovery_db_position");
    IoLoop loop;
    EXPECT_EQ(run_task(loop, migrate_once(loop, database.url())), std::vector<std::string>{});
    EXPECT_EQ(database.sql("SELECT count(*) FROM fog_recovery_db_position"), "1");
}

TEST(Migrations, AnInterruptedOneLeavesNothing) {
    const TestDatabase database(false);
    database.sql("CREATE TABLE reports (a INT)"); // in the way of the second migration
    IoLoop loop;
    EXPECT_THROW(run_task(loop, migrate_once(loop, database.url())), engine::BrokenSurroundings);
    EXPECT_EQ(database.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
    database.sql("DROP TABLE reports");
    EXPECT_EQ(run_task(loop, migrate_once(loop, database.url())).size(), 2u);
}

// The facts of upstream's schema, asked of Postgres' own catalogues.
TEST(Migrations, SchemaIsUpstreams) {
    const TestDatabase database;
    EXPECT_EQ(database.sql("SELECT string_agg(table_name || '.' || column_name || ' ' || data_type || "
                           "coalesce('(' || character_maximum_length || ')', '') || "
                           "CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END, E'\\n' "
                           "ORDER BY table_name, ordinal_position) "
                           "FROM information_schema.columns WHERE table_schema = 'public' "
                           "AND table_name NOT LIKE 'fog%'"),
              R"(__diesel_schema_migrations.version character varying(50) not null
__diesel_schema_migrations.run_on timestamp without time zone not null
ingest_invocations.id bigint not null
ingest_invocations.ingress_public_key bytea not null
ingest_invocations.egress_public_key bytea not null
ingest_invocations.last_active_at timestamp without time zone not null
ingest_invocations.start_block bigint not null
ingest_invocations.decommissioned boolean not null
ingest_invocations.rng_version integer not null
ingested_blocks.id bigint not null
ingested_blocks.ingest_invocation_id bigint not null
ingested_blocks.ingress_public_key bytea not null
ingested_blocks.block_number bigint not null
ingested_blocks.cumulative_txo_count bigint not null
ingested_blocks.block_signature_timestamp bigint not null
ingested_blocks.proto_ingested_block_data bytea not null
ingress_keys.ingress_public_key bytea not null
ingress_keys.start_block bigint not null
ingress_keys.pubkey_expiry bigint not null
ingress_keys.retired boolean not null
ingress_keys.lost boolean not null
reports.id bigint not null
reports.ingress_public_key bytea not null
reports.ingest_invocation_id bigint
reports.fog_report_id character varying(64) not null
reports.report bytea not null
reports.pubkey_expiry bigint not null
user_events.id bigint not null
user_events.event_type USER-DEFINED not null
user_events.new_ingest_invocation_id bigint
user_events.decommission_ingest_invocation_id bigint
user_events.missing_blocks_start bigint
user_events.missing_blocks_end bigint)");
    EXPECT_EQ(database.sql("SELECT string_agg(conrelid::regclass || ' ' || conname || ' ' || "
                           "pg_get_constraintdef(oid), E'\\n' ORDER BY conrelid::regclass::text, conname) "
                           "FROM pg_constraint WHERE contype IN ('p', 'u', 'f') AND connamespace = "
                           "'public'::regnamespace AND conrelid::regclass::text NOT LIKE 'fog%'"),
              R"(__diesel_schema_migrations __diesel_schema_migrations_pkey PRIMARY KEY (version)
ingest_invocations ingest_invocations__fk_ingress_keys FOREIGN KEY (ingress_public_key) REFERENCES ingress_keys(ingress_public_key)
ingest_invocations ingest_invocations_egress_public_key_key UNIQUE (egress_public_key)
ingest_invocations ingest_invocations_pkey PRIMARY KEY (id)
ingested_blocks ingest_invocations__fk_ingress_keys FOREIGN KEY (ingress_public_key) REFERENCES ingress_keys(ingress_public_key)
ingested_blocks ingested_blocks__fk_ingest_invocation FOREIGN KEY (ingest_invocation_id) REFERENCES ingest_invocations(id)
ingested_blocks ingested_blocks_ingest_invocation_id_block_number_key UNIQUE (ingest_invocation_id, block_number)
ingested_blocks ingested_blocks_ingress_public_key_block_number_key UNIQUE (ingress_public_key, block_number)
ingested_blocks ingested_blocks_pkey PRIMARY KEY (id)
ingress_keys ingress_keys_pkey PRIMARY KEY (ingress_public_key)
reports reports__fk_ingest_invocation FOREIGN KEY (ingest_invocation_id) REFERENCES ingest_invocations(id)
reports reports__fk_ingress_key FOREIGN KEY (ingress_public_key) REFERENCES ingress_keys(ingress_public_key)
reports reports_fog_report_id_key UNIQUE (fog_report_id)
reports reports_pkey PRIMARY KEY (id)
user_events user_events__fk_decommissioned_ingest_invocation FOREIGN KEY (decommission_ingest_invocation_id) REFERENCES ingest_invocations(id)
user_events user_events__fk_new_ingest_invocation FOREIGN KEY (new_ingest_invocation_id) REFERENCES ingest_invocations(id)
user_events user_events_decommission_ingest_invocation_id_key UNIQUE (decommission_ingest_invocation_id)
user_events user_events_missing_blocks_start_missing_blocks_end_key UNIQUE (missing_blocks_start, missing_blocks_end)
user_events user_events_new_ingest_invocation_id_key UNIQUE (new_ingest_invocation_id)
user_events user_events_pkey PRIMARY KEY (id))");
    EXPECT_EQ(
        database.sql("SELECT string_agg(indexdef, E'\\n' ORDER BY indexdef) FROM pg_indexes "
                     "WHERE indexname LIKE 'idx%'"),
        "CREATE INDEX idx_ingested_blocks__block_number ON public.ingested_blocks USING btree "
        "(block_number)\n"
        "CREATE INDEX idx_user_events__event_type__id ON public.user_events USING btree (event_type, id)");
    EXPECT_EQ(database.sql("SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_enum"),
              "new_ingest_invocation decommission_ingest_invocation missing_blocks");
    EXPECT_EQ(
        database.sql("SELECT string_agg(relname || ' ' || array_to_string(reloptions, ','), ' ' ORDER BY "
                     "relname) FROM pg_class WHERE reloptions IS NOT NULL AND relnamespace = "
                     "'public'::regnamespace"),
        "ingested_blocks autovacuum_enabled=false user_events autovacuum_enabled=false");
    EXPECT_EQ(
        database.sql("SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc WHERE pronamespace = "
                     "'public'::regnamespace"),
        "diesel_manage_updated_at diesel_set_updated_at");
    EXPECT_EQ(database.sql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"), "0");
}

TEST(Migrations, TheMigrationToolsHelpersWork) {
    const TestDatabase database;
    database.sql("CREATE TABLE t (a INT, updated_at TIMESTAMP DEFAULT '2000-01-01')");
    database.sql("SELECT diesel_manage_updated_at('t')");
    database.sql("INSERT INTO t VALUES (1)");
    database.sql("UPDATE t SET a = 1");
    EXPECT_EQ(database.sql("SELECT updated_at < '2001-01-01' FROM t"), "t") << "nothing changed";
    database.sql("UPDATE t SET a = 2");
    EXPECT_EQ(database.sql("SELECT updated_at > '2001-01-01' FROM t"), "t");
}

} // namespace
