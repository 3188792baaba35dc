#pragma once

// What PgRecoveryDb says to Postgres.  Each write is one statement that looks, decides and writes; its one
// row says what it saw, and the caller tells from that how it ended.  All its parts see the state before it.

// Bits of an unsigned number in a BIGINT, made comparable: the order of the signed results is the unsigned
// one.
#define FOG_UNSIGNED(x) "((" x ") # '-9223372036854775808'::bigint)"
// Raises the position when the write changes something.
#define FOG_MOVE(condition)                                                                                  \
    "moved AS (UPDATE fog_recovery_db_position SET position = position + 1 WHERE EXISTS (SELECT "            \
    "FROM " condition "))"

namespace real::postgres::sql {

// The isolation is said, because a default of another one would take the snapshot before the lock.
inline constexpr const char* begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
// A number that only this project's writers use.
inline constexpr const char* lock_writers = "SELECT pg_advisory_xact_lock(5126107043902)";
inline constexpr const char* commit = "COMMIT";

/// $1 key, $2 requested start.  start, whether it was there already, whether it is used
inline constexpr const char* new_ingress_key = R"sql(
WITH old AS (
    SELECT start_block, retired OR lost OR EXISTS (
        SELECT FROM ingested_blocks b WHERE b.ingress_public_key = k.ingress_public_key) AS used
    FROM ingress_keys k WHERE ingress_public_key = $1
), highest AS (
    SELECT max(block_number) AS block FROM ingested_blocks
), inserted AS (
    INSERT INTO ingress_keys (ingress_public_key, start_block, pubkey_expiry, retired, lost)
    SELECT $1, CASE WHEN $2 >= 0 AND block >= $2 THEN block + 1 ELSE $2 END, 0, FALSE, FALSE
    FROM highest WHERE NOT EXISTS (SELECT FROM old)
    RETURNING start_block
), )sql" FOG_MOVE("inserted") R"sql(
SELECT start_block, FALSE, FALSE FROM inserted UNION ALL SELECT start_block, TRUE, used FROM old
)sql";

/// $1 key, $2 retired.  whether that is refused; no row: no such key
inline constexpr const char* retire_ingress_key = R"sql(
WITH old AS (
    SELECT retired, NOT $2 AND retired AND pubkey_expiry >= 0 AND EXISTS (
        SELECT FROM ingested_blocks WHERE block_number >= pubkey_expiry) AS refused
    FROM ingress_keys WHERE ingress_public_key = $1
), changed AS (
    UPDATE ingress_keys SET retired = $2 FROM old
    WHERE ingress_public_key = $1 AND NOT refused AND old.retired <> $2
    RETURNING 1
), )sql" FOG_MOVE("changed") R"sql(
SELECT refused FROM old
)sql";

/// $1 key.  whether a range is announced; no row: no such key
inline constexpr const char* report_lost_ingress_key = R"sql(
WITH old AS (
    SELECT start_block, pubkey_expiry, lost, (
        SELECT max(block_number) FROM ingested_blocks b WHERE b.ingress_public_key = k.ingress_public_key) AS last
    FROM ingress_keys k WHERE ingress_public_key = $1
), missed AS (
    SELECT CASE WHEN start_block >= 0 AND last >= start_block THEN last + 1 ELSE start_block END AS first,
        pubkey_expiry AS stop, lost FROM old
), owed AS (
    SELECT first, stop, lost FROM missed WHERE )sql" FOG_UNSIGNED("first") " < " FOG_UNSIGNED("stop") R"sql(
), known AS (
    SELECT FROM user_events, owed WHERE missing_blocks_start = first AND missing_blocks_end = stop
), changed AS (
    UPDATE ingress_keys SET lost = TRUE WHERE ingress_public_key = $1 AND NOT lost RETURNING 1
), announced AS (
    INSERT INTO user_events (event_type, missing_blocks_start, missing_blocks_end)
    SELECT 'missing_blocks', first, stop FROM owed WHERE NOT lost AND NOT EXISTS (SELECT FROM known)
    RETURNING 1
), )sql" FOG_MOVE("changed") R"sql(
SELECT EXISTS (SELECT FROM announced) OR EXISTS (SELECT FROM known) FROM old
)sql";

/// $1 previous or NULL, $2 ingress key, $3 egress key, $4 start, $5 now, $6 RNG version.
/// lost, invocation of the egress key, whether that is of the same ingress key, whether the previous one
/// exists, the new invocation; no row: no such ingress key
inline constexpr const char* new_ingest_invocation = R"sql(
WITH key AS (
    SELECT lost FROM ingress_keys WHERE ingress_public_key = $2
), taken AS (
    SELECT id, ingress_public_key = $2 AS ours FROM ingest_invocations WHERE egress_public_key = $3
), previous AS (
    SELECT id, decommissioned FROM ingest_invocations WHERE id = $1
), allowed AS (
    SELECT TRUE FROM key WHERE NOT lost AND NOT EXISTS (SELECT FROM taken)
        AND ($1 IS NULL OR EXISTS (SELECT FROM previous))
), closed AS (
    UPDATE ingest_invocations i SET decommissioned = TRUE, last_active_at = $5 FROM previous, allowed
    WHERE i.id = previous.id AND NOT previous.decommissioned
    RETURNING i.id
), opened AS (
    INSERT INTO ingest_invocations
        (ingress_public_key, egress_public_key, last_active_at, start_block, decommissioned, rng_version)
    SELECT $2, $3, $5, $4, FALSE, $6 FROM allowed
    RETURNING id
), announced AS (
    INSERT INTO user_events (event_type, new_ingest_invocation_id, decommission_ingest_invocation_id)
    SELECT type::user_event_type, new_id, old_id FROM (
        SELECT 1 AS turn, 'decommission_ingest_invocation' AS type, NULL::bigint AS new_id, id AS old_id FROM closed
        UNION ALL
        SELECT 2, 'new_ingest_invocation', id, NULL FROM opened
    ) events ORDER BY turn
    RETURNING 1
), )sql" FOG_MOVE("opened") R"sql(
SELECT lost, (SELECT id FROM taken), (SELECT ours FROM taken), EXISTS (SELECT FROM previous), (SELECT id FROM opened)
FROM key
)sql";

/// $1 invocation, $2 now.  whether it was closed already; no row: no such invocation
inline constexpr const char* decommission_ingest_invocation = R"sql(
WITH old AS (
    SELECT decommissioned FROM ingest_invocations WHERE id = $1
), changed AS (
    UPDATE ingest_invocations SET decommissioned = TRUE, last_active_at = $2 WHERE id = $1 AND NOT decommissioned
    RETURNING id
), announced AS (
    INSERT INTO user_events (event_type, decommission_ingest_invocation_id)
    SELECT 'decommission_ingest_invocation', id FROM changed
    RETURNING 1
), )sql" FOG_MOVE("changed") R"sql(
SELECT decommissioned FROM old
)sql";

/// $1 invocation, $2 block, $3 outputs so far, $4 time, $5 rows, $6 now.
/// who scanned the block with this key, lost, closed; no row: no such invocation
inline constexpr const char* add_block = R"sql(
WITH owner AS (
    SELECT ingress_public_key, decommissioned, lost
    FROM ingest_invocations JOIN ingress_keys USING (ingress_public_key) WHERE id = $1
), there AS (
    SELECT b.ingest_invocation_id FROM ingested_blocks b JOIN owner USING (ingress_public_key)
    WHERE b.block_number = $2
), inserted AS (
    INSERT INTO ingested_blocks (ingest_invocation_id, ingress_public_key, block_number, cumulative_txo_count,
        block_signature_timestamp, proto_ingested_block_data)
    SELECT $1, ingress_public_key, $2, $3, $4, $5 FROM owner
    WHERE NOT decommissioned AND NOT lost AND NOT EXISTS (SELECT FROM there)
    RETURNING 1
), active AS (
    UPDATE ingest_invocations SET last_active_at = $6 WHERE id = $1 AND EXISTS (SELECT FROM inserted)
), )sql" FOG_MOVE("inserted") R"sql(
SELECT (SELECT ingest_invocation_id FROM there), lost, decommissioned FROM owner
)sql";

/// $1 key, $2 expiry, $3 report id, $4 key in the report, $5 evidence.
/// the expiry before, retired, lost; no row: no such key
inline constexpr const char* set_report = R"sql(
WITH old AS (
    SELECT pubkey_expiry, retired, lost FROM ingress_keys WHERE ingress_public_key = $1
), live AS (
    SELECT TRUE FROM old WHERE NOT retired AND NOT lost
), raised AS (
    UPDATE ingress_keys k SET pubkey_expiry = $2 FROM live
    WHERE ingress_public_key = $1 AND )sql" FOG_UNSIGNED("k.pubkey_expiry") " < " FOG_UNSIGNED(
    "$2::bigint") R"sql(
), published AS (
    INSERT INTO reports (ingress_public_key, ingest_invocation_id, fog_report_id, report, pubkey_expiry)
    SELECT $4, (SELECT max(id) FROM ingest_invocations WHERE ingress_public_key = $4 AND NOT decommissioned),
        $3, $5, $2 FROM live
    ON CONFLICT (fog_report_id) DO UPDATE SET ingress_public_key = EXCLUDED.ingress_public_key,
        ingest_invocation_id = EXCLUDED.ingest_invocation_id, report = EXCLUDED.report,
        pubkey_expiry = EXCLUDED.pubkey_expiry
    RETURNING 1
), )sql" FOG_MOVE("published") R"sql(
SELECT pubkey_expiry, retired, lost FROM old
)sql";

// Reads.  Those that say how far the database is have the position in column 0 of every row, and one row of
// NULLs behind it when there is nothing else.

inline constexpr const char* ingress_key = R"sql(
SELECT ingress_public_key, start_block, pubkey_expiry, retired, lost, (
    SELECT max(block_number) FROM ingested_blocks b WHERE b.ingress_public_key = k.ingress_public_key)
FROM ingress_keys k WHERE ingress_public_key = $1
)sql";

inline constexpr const char* ingress_keys = R"sql(
SELECT position, ingress_public_key, start_block, pubkey_expiry, retired, lost, (
    SELECT max(block_number) FROM ingested_blocks b WHERE b.ingress_public_key = k.ingress_public_key)
FROM fog_recovery_db_position LEFT JOIN ingress_keys k ON TRUE ORDER BY ingress_public_key
)sql";

inline constexpr const char* highest_known_block = "SELECT max(block_number) FROM ingested_blocks";

/// $1 the moment
inline constexpr const char* expired_invocations =
    "SELECT id FROM ingest_invocations WHERE NOT decommissioned AND last_active_at < $1 ORDER BY id";

inline constexpr const char* reports =
    "SELECT fog_report_id, ingress_public_key, pubkey_expiry, report FROM reports ORDER BY id";

/// $1 cursor
inline constexpr const char* user_events = R"sql(
SELECT position, e.id, event_type::text, new_ingest_invocation_id, egress_public_key, rng_version, start_block,
    decommission_ingest_invocation_id, (
        SELECT max(block_number) FROM ingested_blocks b
        WHERE b.ingest_invocation_id = e.decommission_ingest_invocation_id),
    missing_blocks_start, missing_blocks_end
FROM fog_recovery_db_position LEFT JOIN user_events e ON e.id > $1
    LEFT JOIN ingest_invocations i ON i.id = new_ingest_invocation_id
ORDER BY e.id
)sql";

inline constexpr const char* missed_block_ranges =
    "SELECT missing_blocks_start, missing_blocks_end FROM user_events WHERE event_type = 'missing_blocks' "
    "ORDER BY id";

/// $1 key, $2 first, $3 limit
inline constexpr const char* blocks = R"sql(
SELECT position, ingest_invocation_id, block_number, cumulative_txo_count, block_signature_timestamp,
    proto_ingested_block_data
FROM fog_recovery_db_position LEFT JOIN LATERAL (
    SELECT * FROM ingested_blocks WHERE ingress_public_key = $1 AND block_number >= $2
    ORDER BY block_number LIMIT $3
) found ON TRUE ORDER BY block_number
)sql";

} // namespace real::postgres::sql
