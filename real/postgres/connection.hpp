#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/task.hpp"
#include "real/loop/io_loop.hpp"
#include "real/postgres/sql.hpp"
#include "real/postgres/url.hpp"

struct pg_conn; // libpq's; its header stays out of ours

namespace real::postgres {

/// One connection to a server, through libpq's non-blocking calls.
///
/// Rules
/// 1. One call at a time.
/// 2. A call that does not end in order (killed, out of time, connection ended) leaves the connection closed,
///    never half used: is_usable() is false from then on.
/// 3. The server ends a transaction that was left open for 10 s without a statement, so that a stopped client
///    holds no lock for long.
/// 4. Names of hosts are looked up blocking, by libpq.
class Connection {
public:
    /// Suspends until connected, refused or due.
    static Task<PgResult<std::unique_ptr<Connection>>> open(IoLoop& loop, ConnectUrl url, Instant due);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Sends all statements at once and collects the answers.  The first error ends the batch: nothing after
    /// it is executed, and a transaction it leaves is rolled back.
    /// @param batch  with a transaction's BEGIN and COMMIT among its statements, where there is to be one;
    ///               without, the batch is a transaction of its own
    /// @return one answer a statement
    /// @errors lost also when nothing was answered until `due`
    /// @cancel closes the connection; what was sent may still happen
    Task<PgResult<std::vector<Rows>>> run(std::vector<Statement> batch, Instant due);
    /// A batch of one.
    Task<PgResult<Rows>> query(Statement statement, Instant due);
    /// Several statements in one text, separated by semicolons, without parameters; answers are dropped.
    Task<PgResult<void>> script(std::string sql, Instant due);

    bool is_usable() const { return connection_ != nullptr; }
    /// Usable, outside any transaction, and the server has not hung up meanwhile.  Does not suspend.
    bool is_idle();
    /// The server's process that serves this connection.
    int backend_pid() const;
    void close() noexcept;

private:
    class Call;
    class Descriptor;
    struct Expected {
        std::size_t statement = 0;
        const char* prepared = nullptr; // the SQL text this answer says is prepared now
    };
    struct Answer {
        Rows rows; // empty of a result at the end of a statement's answers
        bool is_end = false;
        bool is_sync = false;
        std::optional<PgError> error;
        bool is_aborted = false; // an earlier statement failed
    };

    Connection(IoLoop& loop, ConnectUrl url);
    Task<std::optional<PgError>> connect(Instant due);
    void watch_socket();
    /// @return false when the time is up
    Task<bool> wait(bool read, bool write, Instant due);
    Task<Answer> next_answer(Instant due);
    bool send(const Statement& statement, std::size_t index, std::vector<Expected>& expected);
    PgError broken(PgError::Kind kind, std::string fallback);
    std::string message(const char* text, std::string fallback) const;

    IoLoop& loop_;
    ConnectUrl url_;
    pg_conn* connection_ = nullptr; // null once closed
    std::unique_ptr<Descriptor> descriptor_;
    std::map<const char*, std::string> prepared_; // by the address of the SQL text; only looked up
    std::size_t next_name_ = 0;
    bool is_flushing_ = false;
    bool has_ended_ = false; // the socket is gone; libpq may still have answers that came before
};

} // namespace real::postgres
