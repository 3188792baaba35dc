#include "real/postgres/recovery_db.hpp"

#include <fmt/format.h>

#include <limits>

#include "real/postgres/block_rows.hpp"
#include "real/postgres/recovery_sql.hpp"

namespace real::postgres {

using namespace engine::fog;
using engine::BlockIndex;
using engine::BlockRange;
using engine::Code;
using engine::Error;
using engine::InvocationId;
using engine::UserEventId;

namespace {

using PublicKey = engine::chain::PublicKey;
template <class T>
using Result = engine::Result<T>;

// Place of each statement in a write's batch.
constexpr std::size_t write_statement = 2;
constexpr std::size_t commit_statement = 3;

/// How one try ended, for whoever has to decide whether to try again.
struct Failure {
    Code code = Code::internal;
    bool is_transient = false; // of the connection: another try may do better
};

bool is_class(const PgError& error, std::string_view prefix) { return error.state.starts_with(prefix); }

Failure judge(const PgError& error, bool is_write) {
    const Code unanswered = is_write ? Code::unknown : Code::unavailable;
    switch (error.kind) {
    case PgError::Kind::unreachable:
        return {Code::unavailable, true};
    case PgError::Kind::lost:
        return {unanswered, true};
    case PgError::Kind::refused:
        break;
    }
    // The server goes down, or ended this connection.  Said in answer to a commit, it may have been carried
    // out.
    if (is_class(error, "57P") || is_class(error, "08"))
        return {is_write && error.statement == commit_statement ? Code::unknown : Code::unavailable, true};
    if (error.is("23505")) return {Code::conflict};  // unique: a writer that does not take our lock
    if (error.is("23503")) return {Code::not_found}; // foreign key
    if (error.is("53100")) return {Code::disk_full};
    if (is_class(error, "22")) return {Code::invalid_argument}; // a report id that is too long or no text
    if (is_class(error, "53") || error.is("25006") || error.is("55P03") || error.is("57014"))
        return {Code::unavailable}; // no memory or place, a replica, waited too long
    return {Code::internal};
}

std::optional<BlockIndex> maybe_block(const Rows& rows, std::size_t row, std::size_t column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return BlockIndex{rows.word(row, column)};
}

std::optional<PublicKey> key_at(const Rows& rows, std::size_t row, std::size_t column) {
    return PublicKey::from(rows.bytes(row, column));
}

/// @return nothing when the key has not 32 bytes
std::optional<IngressKeyRecord> record_at(const Rows& rows, std::size_t row, std::size_t column) {
    const auto key = key_at(rows, row, column);
    if (!key) return std::nullopt;
    IngressKeyRecord record;
    record.key = *key;
    record.start = BlockIndex{rows.word(row, column + 1)};
    record.expiry = BlockIndex{rows.word(row, column + 2)};
    record.retired = rows.flag(row, column + 3);
    record.lost = rows.flag(row, column + 4);
    record.last_scanned = maybe_block(rows, row, column + 5);
    return record;
}

/// The first column of reads that say how far the database is: their rows are never none.
DbPosition position_of(const Rows& rows) { return DbPosition{rows.word(0, 0)}; }

} // namespace

PgRecoveryDb::PgRecoveryDb(Pool& pool, Options options)
    : pool_(pool), options_(std::move(options)), jitter_(std::random_device()()) {}

void PgRecoveryDb::note(const char* origin, const std::string& what) const {
    if (options_.log) options_.log(fmt::format("{}: {}", origin, what));
}

Task<PgResult<Rows>> PgRecoveryDb::attempt(Access access, Statement statement) {
    PgResult<Pool::Lease> lease = co_await pool_.acquire();
    if (!lease) co_return lease.error();
    Connection& connection = **lease;
    const Instant due = pool_.loop().now() + options_.answer_timeout;
    if (access != Access::write) {
        PgResult<Rows> rows = co_await connection.query(std::move(statement), due);
        co_return std::move(rows);
    }
    std::vector<Statement> batch;
    batch.reserve(4);
    batch.emplace_back(sql::begin);
    batch.emplace_back(sql::lock_writers);
    batch.push_back(std::move(statement));
    batch.emplace_back(sql::commit);
    PgResult<std::vector<Rows>> answers = co_await connection.run(std::move(batch), due);
    if (!answers) co_return answers.error();
    co_return std::move((*answers)[write_statement]);
}

Task<Result<Rows>> PgRecoveryDb::repeat(Access access, const char* origin, Statement statement) {
    bool may_have_happened = false;
    for (unsigned tried = 0;; ++tried) {
        PgResult<Rows> rows = co_await attempt(access, statement);
        if (rows && access == Access::read_with_position && rows->empty()) {
            note(origin, "fog_recovery_db_position is empty: run fog-sql-recovery-db-migrations");
            co_return Error{Code::internal, origin};
        }
        if (rows) co_return std::move(*rows);
        const Failure failure = judge(rows.error(), access == Access::write);
        note(origin, rows.error().to_string());
        if (rows.error().is("42P01")) note(origin, "a table is missing: run fog-sql-recovery-db-migrations");
        may_have_happened = may_have_happened || failure.code == Code::unknown;
        if (!failure.is_transient || tried == options_.retries) {
            const bool is_open = may_have_happened && failure.is_transient;
            co_return Error{is_open ? Code::unknown : failure.code, origin};
        }
        const auto pause_max = std::chrono::nanoseconds(options_.retry_pause_max).count();
        const auto pause = static_cast<std::int64_t>(jitter_()) % (pause_max + 1);
        co_await engine::sleep_until(pool_.loop().now() + engine::Duration(pause),
                                     "another try at the database");
    }
}

Task<Result<Rows>> PgRecoveryDb::read(const char* origin, const char* sql, Params params) {
    Statement statement(sql, std::move(params));
    return repeat(Access::read, origin, std::move(statement));
}

Task<Result<Rows>> PgRecoveryDb::read_with_position(const char* origin, const char* sql, Params params) {
    Statement statement(sql, std::move(params));
    return repeat(Access::read_with_position, origin, std::move(statement));
}

Task<Result<Rows>> PgRecoveryDb::write(const char* origin, const char* sql, Params params) {
    Statement statement(sql, std::move(params));
    return repeat(Access::write, origin, std::move(statement));
}

// ------------------------------------------------------------------------------------------------ writes

Task<Result<BlockIndex>> PgRecoveryDb::new_ingress_key(PublicKey key, BlockIndex requested_start) {
    constexpr const char* origin = "new ingress key";
    Params params;
    params.bytes(key.view()).word(requested_start.value);
    const Result<Rows> rows = co_await write(origin, sql::new_ingress_key, std::move(params));
    if (!rows) co_return rows.error();
    if (rows->flag(0, 2)) co_return Error{Code::conflict, origin};
    co_return BlockIndex{rows->word(0, 0)};
}

Task<Result<void>> PgRecoveryDb::retire_ingress_key(PublicKey key, bool retired) {
    constexpr const char* origin = "retire ingress key";
    Params params;
    params.bytes(key.view()).flag(retired);
    const Result<Rows> rows = co_await write(origin, sql::retire_ingress_key, std::move(params));
    if (!rows) co_return rows.error();
    if (rows->empty()) co_return Error{Code::not_found, origin};
    if (rows->flag(0, 0)) co_return Error{Code::retired, "unretire ingress key: past its expiry"};
    co_return Result<void>();
}

Task<Result<bool>> PgRecoveryDb::report_lost_ingress_key(PublicKey key) {
    constexpr const char* origin = "report lost ingress key";
    Params params;
    params.bytes(key.view());
    const Result<Rows> rows = co_await write(origin, sql::report_lost_ingress_key, std::move(params));
    if (!rows) co_return rows.error();
    if (rows->empty()) co_return Error{Code::not_found, origin};
    co_return rows->flag(0, 0);
}

Task<Result<InvocationId>> PgRecoveryDb::new_ingest_invocation(std::optional<InvocationId> previous,
                                                               PublicKey ingress, PublicKey egress,
                                                               BlockIndex start) {
    constexpr const char* origin = "new ingest invocation";
    std::optional<std::int64_t> previous_id;
    if (previous) previous_id = previous->value;
    Params params;
    params.maybe(previous_id).bytes(ingress.view()).bytes(egress.view()).word(start.value);
    params.time(options_.clock()).small(0);
    const Result<Rows> rows = co_await write(origin, sql::new_ingest_invocation, std::move(params));
    if (!rows) co_return rows.error();
    if (rows->empty()) co_return Error{Code::not_found, "new ingest invocation: ingress key"};
    if (rows->flag(0, 0)) co_return Error{Code::lost, origin};
    if (!rows->is_null(0, 1)) {
        if (!rows->flag(0, 2)) co_return Error{Code::conflict, "new ingest invocation: egress key"};
        co_return InvocationId{rows->number(0, 1)}; // our own first try
    }
    if (previous && !rows->flag(0, 3)) co_return Error{Code::not_found, "new ingest invocation: previous"};
    co_return InvocationId{rows->number(0, 4)};
}

Task<Result<void>> PgRecoveryDb::decommission_ingest_invocation(InvocationId invocation) {
    constexpr const char* origin = "decommission ingest invocation";
    Params params;
    params.number(invocation.value).time(options_.clock());
    const Result<Rows> rows = co_await write(origin, sql::decommission_ingest_invocation, std::move(params));
    if (!rows) co_return rows.error();
    if (rows->empty()) co_return Error{Code::not_found, origin};
    co_return Result<void>();
}

Task<Result<void>> PgRecoveryDb::add_block(InvocationId invocation, IngestedBlock block) {
    constexpr const char* origin = "add block";
    // The next block's index must have a place in a BIGINT too.
    if (block.block.value >= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        co_return Error{Code::invalid_argument, origin};
    Params params;
    params.number(invocation.value)
        .word(block.block.value)
        .word(block.cumulative_txo_count)
        .word(block.timestamp_s);
    params.bytes(block.rows ? encode_rows(*block.rows) : engine::chain::Bytes()).time(options_.clock());
    block.rows.reset();
    const Result<Rows> rows = co_await write(origin, sql::add_block, std::move(params));
    if (!rows) co_return rows.error();
    if (rows->empty()) co_return Error{Code::not_found, "add block: invocation"};
    if (!rows->is_null(0, 0)) {
        if (rows->number(0, 0) == invocation.value) co_return Result<void>(); // our own first try
        co_return Error{Code::conflict, "add block: already scanned with this key"};
    }
    if (rows->flag(0, 1)) co_return Error{Code::lost, origin};
    if (rows->flag(0, 2)) co_return Error{Code::decommissioned, origin};
    co_return Result<void>();
}

Task<Result<KeyStatus>> PgRecoveryDb::set_report(PublicKey key, ReportRow report) {
    constexpr const char* origin = "set report";
    if (report.evidence.empty() && options_.report_evidence)
        report.evidence = options_.report_evidence(report.ingress_key);
    Params params;
    params.bytes(key.view()).word(report.expiry.value).text(report.fog_report_id);
    params.bytes(report.ingress_key.view()).bytes(report.evidence);
    const Result<Rows> rows = co_await write(origin, sql::set_report, std::move(params));
    if (!rows) co_return rows.error();
    if (rows->empty()) co_return Error{Code::not_found, origin};
    KeyStatus status;
    status.expiry = BlockIndex{rows->word(0, 0)};
    status.retired = rows->flag(0, 1);
    status.lost = rows->flag(0, 2);
    if (!status.retired && !status.lost) status.expiry = std::max(status.expiry, report.expiry);
    co_return status;
}

// ------------------------------------------------------------------------------------------------ reads

Task<Result<std::optional<IngressKeyRecord>>> PgRecoveryDb::ingress_key(PublicKey key) {
    constexpr const char* origin = "ingress key";
    Params params;
    params.bytes(key.view());
    const Result<Rows> rows = co_await read(origin, sql::ingress_key, std::move(params));
    if (!rows) co_return rows.error();
    std::optional<IngressKeyRecord> record;
    if (!rows->empty()) record = record_at(*rows, 0, 0);
    co_return record;
}

Task<Result<IngressKeys>> PgRecoveryDb::ingress_keys() {
    constexpr const char* origin = "ingress keys";
    const Result<Rows> rows = co_await read_with_position(origin, sql::ingress_keys, Params());
    if (!rows) co_return rows.error();
    IngressKeys keys;
    keys.as_of = position_of(*rows);
    for (std::size_t row = 0; row < rows->size() && !rows->is_null(row, 1); ++row) {
        const auto record = record_at(*rows, row, 1);
        if (!record) {
            note(origin, "an ingress key has not 32 bytes");
            co_return Error{Code::internal, origin};
        }
        keys.records.push_back(*record);
    }
    co_return std::move(keys);
}

Task<Result<std::optional<BlockIndex>>> PgRecoveryDb::highest_known_block() {
    const Result<Rows> rows = co_await read("highest known block", sql::highest_known_block, Params());
    if (!rows) co_return rows.error();
    co_return maybe_block(*rows, 0, 0);
}

Task<Result<std::vector<InvocationId>>> PgRecoveryDb::expired_invocations(std::int64_t before_s) {
    Params params;
    params.time(std::chrono::sys_time<std::chrono::microseconds>(std::chrono::seconds(before_s)));
    const Result<Rows> rows =
        co_await read("expired invocations", sql::expired_invocations, std::move(params));
    if (!rows) co_return rows.error();
    std::vector<InvocationId> expired;
    for (std::size_t row = 0; row < rows->size(); ++row)
        expired.push_back(InvocationId{rows->number(row, 0)});
    co_return std::move(expired);
}

Task<Result<std::vector<ReportRow>>> PgRecoveryDb::reports() {
    constexpr const char* origin = "reports";
    const Result<Rows> rows = co_await read(origin, sql::reports, Params());
    if (!rows) co_return rows.error();
    std::vector<ReportRow> all;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        const auto key = key_at(*rows, row, 1);
        if (!key) {
            note(origin, "an ingress key has not 32 bytes");
            co_return Error{Code::internal, origin};
        }
        ReportRow report;
        report.fog_report_id = rows->text(row, 0);
        report.ingress_key = *key;
        report.expiry = BlockIndex{rows->word(row, 2)};
        const ByteView evidence = rows->bytes(row, 3);
        report.evidence.assign(evidence.begin(), evidence.end());
        all.push_back(std::move(report));
    }
    co_return std::move(all);
}

Task<Result<UserEvents>> PgRecoveryDb::user_events(UserEventId after) {
    constexpr const char* origin = "user events";
    UserEvents found;
    found.next = after;
    if (after == UserEventId::none()) co_return std::move(found);
    Params params;
    params.number(after.value);
    const Result<Rows> rows = co_await read_with_position(origin, sql::user_events, std::move(params));
    if (!rows) co_return rows.error();
    found.as_of = position_of(*rows);
    for (std::size_t row = 0; row < rows->size() && !rows->is_null(row, 1); ++row) {
        UserEvent event;
        event.id = UserEventId{rows->number(row, 1)};
        if (!rows->is_null(row, 3)) {
            const auto egress = rows->is_null(row, 4) ? std::nullopt : key_at(*rows, row, 4);
            if (!egress) {
                note(origin, "an egress key has not 32 bytes");
                co_return Error{Code::internal, origin};
            }
            RngRecord rng;
            rng.invocation = InvocationId{rows->number(row, 3)};
            rng.egress_key = *egress;
            rng.rng_version = static_cast<std::uint32_t>(rows->small(row, 5));
            rng.start = BlockIndex{rows->word(row, 6)};
            event.what = rng;
        } else if (!rows->is_null(row, 7)) {
            Decommission closed;
            closed.invocation = InvocationId{rows->number(row, 7)};
            closed.last_ingested = maybe_block(*rows, row, 8).value_or(BlockIndex{0});
            event.what = closed;
        } else {
            MissedBlocks missed;
            missed.start = BlockIndex{rows->word(row, 9)};
            missed.end = BlockIndex{rows->word(row, 10)};
            event.what = missed;
        }
        found.next = event.id;
        found.events.push_back(std::move(event));
    }
    co_return std::move(found);
}

Task<Result<std::vector<BlockRange>>> PgRecoveryDb::missed_block_ranges() {
    const Result<Rows> rows = co_await read("missed block ranges", sql::missed_block_ranges, Params());
    if (!rows) co_return rows.error();
    std::vector<BlockRange> ranges;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        BlockRange range;
        range.start = BlockIndex{rows->word(row, 0)};
        range.end = BlockIndex{rows->word(row, 1)};
        ranges.push_back(range);
    }
    co_return std::move(ranges);
}

Task<Result<IngestedBlocks>> PgRecoveryDb::blocks(PublicKey key, BlockIndex first, std::size_t limit) {
    constexpr const char* origin = "blocks";
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    Params params;
    params.bytes(key.view()).word(std::min(first.value, most)).word(std::min<std::uint64_t>(limit, most));
    const Result<Rows> rows = co_await read_with_position(origin, sql::blocks, std::move(params));
    if (!rows) co_return rows.error();
    IngestedBlocks found;
    found.as_of = position_of(*rows);
    BlockIndex expected = first;
    for (std::size_t row = 0; row < rows->size() && !rows->is_null(row, 1); ++row) {
        IngestedBlock block;
        block.block = BlockIndex{rows->word(row, 2)};
        if (block.block != expected) break;
        block.invocation = InvocationId{rows->number(row, 1)};
        block.cumulative_txo_count = rows->word(row, 3);
        block.timestamp_s = rows->word(row, 4);
        auto decoded = decode_rows(rows->bytes(row, 5));
        if (!decoded) {
            note(origin, fmt::format("the rows of block {} are no list of records", block.block.value));
            co_return Error{Code::internal, origin};
        }
        block.rows = std::make_shared<const std::vector<Row>>(std::move(*decoded));
        found.blocks.push_back(std::move(block));
        expected = expected.next();
    }
    co_return std::move(found);
}

} // namespace real::postgres
