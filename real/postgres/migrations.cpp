#include "real/postgres/migrations.hpp"

#include <array>

namespace real::postgres {
namespace {

// Any number nobody else uses; one migration at a time.
constexpr const char* begin_script = R"sql(
BEGIN;
SELECT pg_advisory_xact_lock(5126107043901);
CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
    version VARCHAR(50) PRIMARY KEY NOT NULL,
    run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
)sql";

struct Migration {
    const char* version; // as the migration tool derives it from the folder's name
    const char* script;
};

// The migration tool's own first one: helpers that keep a column `updated_at` true.  Nothing uses them.
constexpr Migration diesel_setup{"00000000000000", R"sql(
CREATE OR REPLACE FUNCTION diesel_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW IS DISTINCT FROM OLD AND NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
        NEW.updated_at := current_timestamp;
    END IF;
    RETURN NEW;
END
$body$;
CREATE OR REPLACE FUNCTION diesel_manage_updated_at(_tbl regclass) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    EXECUTE format('CREATE TRIGGER set_updated_at BEFORE UPDATE ON %s FOR EACH ROW '
                   'EXECUTE PROCEDURE diesel_set_updated_at()', _tbl);
END
$body$;
)sql"};

// The order of the columns is part of the schema: tools copy whole rows.
constexpr Migration initial_db{"20201103203017", R"sql(
CREATE TABLE ingress_keys (
    ingress_public_key BYTEA PRIMARY KEY,
    start_block BIGINT NOT NULL,
    pubkey_expiry BIGINT NOT NULL DEFAULT 0,
    retired BOOLEAN NOT NULL DEFAULT FALSE,
    lost BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE ingest_invocations (
    id BIGSERIAL PRIMARY KEY,
    ingress_public_key BYTEA NOT NULL,
    egress_public_key BYTEA NOT NULL UNIQUE,
    last_active_at TIMESTAMP NOT NULL,
    start_block BIGINT NOT NULL,
    decommissioned BOOLEAN NOT NULL DEFAULT FALSE,
    rng_version INT NOT NULL,
    CONSTRAINT ingest_invocations__fk_ingress_keys
        FOREIGN KEY (ingress_public_key) REFERENCES ingress_keys (ingress_public_key)
);

CREATE TABLE ingested_blocks (
    id BIGSERIAL PRIMARY KEY,
    ingest_invocation_id BIGINT NOT NULL,
    ingress_public_key BYTEA NOT NULL,
    block_number BIGINT NOT NULL,
    cumulative_txo_count BIGINT NOT NULL,
    block_signature_timestamp BIGINT NOT NULL,
    proto_ingested_block_data BYTEA NOT NULL,
    CONSTRAINT ingested_blocks__fk_ingest_invocation
        FOREIGN KEY (ingest_invocation_id) REFERENCES ingest_invocations (id),
    CONSTRAINT ingest_invocations__fk_ingress_keys
        FOREIGN KEY (ingress_public_key) REFERENCES ingress_keys (ingress_public_key),
    UNIQUE (ingest_invocation_id, block_number),
    UNIQUE (ingress_public_key, block_number)
);
CREATE INDEX idx_ingested_blocks__block_number ON ingested_blocks (block_number);

CREATE TYPE user_event_type AS ENUM ('new_ingest_invocation', 'decommission_ingest_invocation', 'missing_blocks');
CREATE TABLE user_events (
    id BIGSERIAL PRIMARY KEY,
    event_type user_event_type NOT NULL,
    new_ingest_invocation_id BIGINT UNIQUE,
    decommission_ingest_invocation_id BIGINT UNIQUE,
    missing_blocks_start BIGINT,
    missing_blocks_end BIGINT,
    CONSTRAINT user_events__fk_new_ingest_invocation
        FOREIGN KEY (new_ingest_invocation_id) REFERENCES ingest_invocations (id),
    CONSTRAINT user_events__fk_decommissioned_ingest_invocation
        FOREIGN KEY (decommission_ingest_invocation_id) REFERENCES ingest_invocations (id),
    UNIQUE (missing_blocks_start, missing_blocks_end)
);
CREATE INDEX idx_user_events__event_type__id ON user_events (event_type, id);

CREATE TABLE reports (
    id BIGSERIAL PRIMARY KEY,
    ingress_public_key BYTEA NOT NULL,
    ingest_invocation_id BIGINT,
    fog_report_id VARCHAR(64) NOT NULL UNIQUE,
    report BYTEA NOT NULL,
    pubkey_expiry BIGINT NOT NULL,
    CONSTRAINT reports__fk_ingress_key
        FOREIGN KEY (ingress_public_key) REFERENCES ingress_keys (ingress_public_key),
    CONSTRAINT reports__fk_ingest_invocation
        FOREIGN KEY (ingest_invocation_id) REFERENCES ingest_invocations (id)
);

ALTER TABLE user_events SET (autovacuum_enabled = FALSE);
ALTER TABLE ingested_blocks SET (autovacuum_enabled = FALSE);
)sql"};

constexpr std::array migrations{diesel_setup, initial_db};

// Ours, and not listed among upstream's: how many commits of ours this database has applied.  One row.
constexpr const char* position_script = R"sql(
CREATE TABLE IF NOT EXISTS fog_recovery_db_position (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    position BIGINT NOT NULL
);
INSERT INTO fog_recovery_db_position (position) VALUES (1) ON CONFLICT DO NOTHING;
)sql";

constexpr const char* is_applied =
    "SELECT EXISTS (SELECT FROM __diesel_schema_migrations WHERE version = $1)";
constexpr const char* note_applied = "INSERT INTO __diesel_schema_migrations (version) VALUES ($1)";

} // namespace

Task<PgResult<std::vector<std::string>>> migrate(Connection& connection, Instant due) {
    std::vector<std::string> applied;
    // An error leaves the transaction open and failed: the caller's connection is closed then.
    struct Guard {
        explicit Guard(Connection& c) : connection(c) {}
        ~Guard() {
            if (!committed) connection.close();
        }
        Connection& connection;
        bool committed = false;
    } guard(connection);
    const PgResult<void> begun = co_await connection.script(begin_script, due);
    if (!begun) co_return begun.error();
    for (const Migration& migration : migrations) {
        Params version;
        version.text(migration.version);
        const PgResult<Rows> known = co_await connection.query(Statement(is_applied, version), due);
        if (!known) co_return known.error();
        if (known->flag(0, 0)) continue;
        const PgResult<void> done = co_await connection.script(migration.script, due);
        if (!done) co_return done.error();
        const PgResult<Rows> noted = co_await connection.query(Statement(note_applied, version), due);
        if (!noted) co_return noted.error();
        applied.push_back(migration.version);
    }
    const PgResult<void> positioned = co_await connection.script(position_script, due);
    if (!positioned) co_return positioned.error();
    const PgResult<void> committed = co_await connection.script("COMMIT", due);
    if (!committed) co_return committed.error();
    guard.committed = true;
    co_return std::move(applied);
}

} // namespace real::postgres
