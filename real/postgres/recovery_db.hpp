#pragma once

#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "real/postgres/pool.hpp"

namespace real::postgres {

struct RecoveryDbOptions {
    /// Further tries when there was no connection or it broke.  @source --postgres-retry-count
    unsigned retries = 3;
    /// Upper bound of the pause before one.  @source --postgres-retry-millis
    std::chrono::milliseconds retry_pause_max{20};
    /// How long the server may take; then the connection is given up.
    std::chrono::milliseconds answer_timeout{30'000};
    /// What last_active_at is taken from: the writer's clock, UTC.
    std::function<std::chrono::sys_time<std::chrono::microseconds>()> clock = [] {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    };
    /// Evidence of a report that comes without any, from its ingress key; null: it is stored empty.
    std::function<engine::chain::Bytes(const engine::chain::PublicKey& ingress_key)> report_evidence{};
    /// Told of every failed try, in one line without a password; null: nobody.
    std::function<void(const std::string& line)> log{};
};

/// The recovery database in Postgres, with upstream's schema.
///
/// Rules
/// 1. Every write is one transaction in one message: begin, the writers' lock, one statement that looks,
///    decides and writes, commit.  So a client that is stopped or dies holds nobody up, and may still
///    have written.
/// 2. The lock (an advisory one, for the length of the transaction) comes before the statement's snapshot: a
///    writer sees all that earlier ones did, and event ids become visible in order.
/// 3. DbPosition counts commits of this class, in a table of one row that each of them raises.  A
///    snapshot that contains a commit contains the position it set, so a node (primary or replica) never
///    goes back.  Writes of programs that do not know the table do not move it.
/// 4. A try that was sent and not answered may have happened.  It is repeated, because a repeat by the
///    same writer succeeds; when no repeat is answered either, the call ends in `unknown`, whatever the
///    last try ended in.
/// 5. Unsigned numbers are stored as the same bits in a BIGINT and compared as unsigned ones.  Blocks
///    from 2^63-1 on are refused (invalid_argument).
/// @source fog/sql_recovery_db
class PgRecoveryDb final : public engine::fog::RecoveryDb {
public:
    using Options = RecoveryDbOptions;
    using PublicKey = engine::chain::PublicKey;
    template <class T>
    using Result = engine::Result<T>;

    /// @param pool  outlives the database and its calls
    explicit PgRecoveryDb(Pool& pool, Options options = Options());

    Task<Result<std::optional<engine::fog::IngressKeyRecord>>> ingress_key(PublicKey key) override;
    Task<Result<engine::fog::IngressKeys>> ingress_keys() override;
    Task<Result<std::optional<engine::BlockIndex>>> highest_known_block() override;
    Task<Result<engine::BlockIndex>> new_ingress_key(PublicKey key,
                                                     engine::BlockIndex requested_start) override;
    Task<Result<void>> retire_ingress_key(PublicKey key, bool retired) override;
    Task<Result<bool>> report_lost_ingress_key(PublicKey key) override;
    Task<Result<engine::InvocationId>> new_ingest_invocation(std::optional<engine::InvocationId> previous,
                                                             PublicKey ingress, PublicKey egress,
                                                             engine::BlockIndex start) override;
    Task<Result<void>> decommission_ingest_invocation(engine::InvocationId invocation) override;
    Task<Result<void>> add_block(engine::InvocationId invocation, engine::fog::IngestedBlock block) override;
    Task<Result<engine::fog::KeyStatus>> set_report(PublicKey key, engine::fog::ReportRow report) override;
    Task<Result<std::vector<engine::InvocationId>>> expired_invocations(std::int64_t before_s) override;
    Task<Result<std::vector<engine::fog::ReportRow>>> reports() override;
    Task<Result<engine::fog::UserEvents>> user_events(engine::UserEventId after) override;
    Task<Result<std::vector<engine::BlockRange>>> missed_block_ranges() override;
    Task<Result<engine::fog::IngestedBlocks>> blocks(PublicKey key, engine::BlockIndex first,
                                                     std::size_t limit) override;

private:
    enum class Access { read, read_with_position, write };

    /// The rows of one statement.  @param origin  names the call and lives for ever
    Task<Result<Rows>> read(const char* origin, const char* sql, Params params);
    Task<Result<Rows>> read_with_position(const char* origin, const char* sql, Params params);
    Task<Result<Rows>> write(const char* origin, const char* sql, Params params);
    Task<Result<Rows>> repeat(Access access, const char* origin, Statement statement);
    Task<PgResult<Rows>> attempt(Access access, Statement statement);
    void note(const char* origin, const std::string& what) const;

    Pool& pool_;
    Options options_;
    std::minstd_rand jitter_;
};

} // namespace real::postgres
