#include "real/postgres/connection.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>

#include <fmt/format.h>

namespace real::postgres {
namespace {

/// The tail of libpq's message, as one line.
std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool is_blank = c == '\n' || c == '\t' || c == '\r' || c == ' ';
        if (!is_blank)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

// The server's remarks (a table exists already, ...) are nobody's business; libpq would print them.
void drop_notice(void*, const PGresult*) {}

} // namespace

/// The event loop's own handle of the connection's socket: libpq may close its one at any moment.
class Connection::Descriptor {
public:
    Descriptor(IoLoop& loop, int socket) : loop_(loop), stream_(loop.context()) {
        const int own = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
        if (own < 0) throw engine::BrokenSurroundings("no file descriptor left for a database connection");
        stream_.assign(own);
    }

    Task<bool> wait(bool read, bool write, Instant due) {
        auto watch = std::make_shared<Watch>(loop_);
        const auto fire = [watch](const boost::system::error_code&) {
            watch->fired = true;
            if (watch->waiter) watch->loop.wake(*watch->waiter, watch->loop.now());
        };
        if (read) stream_.async_wait(boost::asio::posix::stream_descriptor::wait_read, fire);
        if (write) stream_.async_wait(boost::asio::posix::stream_descriptor::wait_write, fire);
        while (!watch->fired && loop_.now() < due) {
            watch->waiter = loop_.next_park();
            co_await engine::park("the database", due);
        }
        boost::system::error_code ignored;
        stream_.cancel(ignored);
        co_return watch->fired;
    }

private:
    struct Watch {
        explicit Watch(engine::Loop& l) : loop(l) {}
        engine::Loop& loop;
        bool fired = false;
        std::optional<engine::Waiter> waiter;
    };

    IoLoop& loop_;
    boost::asio::posix::stream_descriptor stream_;
};

/// A call in progress: closes the connection unless it ended in order.
class Connection::Call {
public:
    explicit Call(Connection& connection) : connection_(connection) {}
    ~Call() {
        if (!ended_) connection_.close();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    void ended() { ended_ = true; }

private:
    Connection& connection_;
    bool ended_ = false;
};

Connection::Connection(IoLoop& loop, ConnectUrl url) : loop_(loop), url_(std::move(url)) {}

Connection::~Connection() { close(); }

void Connection::close() noexcept {
    descriptor_.reset();
    if (connection_ != nullptr) PQfinish(std::exchange(connection_, nullptr));
}

std::string Connection::message(const char* text, std::string fallback) const {
    std::string line = one_line(text == nullptr ? "" : text);
    if (line.empty()) line = std::move(fallback);
    return url_.redact(std::move(line));
}

PgError Connection::broken(PgError::Kind kind, std::string fallback) {
    PgError error;
    error.kind = kind;
    error.text = message(connection_ == nullptr ? nullptr : PQerrorMessage(connection_), std::move(fallback));
    return error;
}

void Connection::watch_socket() {
    descriptor_.reset();
    const int socket = PQsocket(connection_);
    if (socket >= 0) descriptor_ = std::make_unique<Descriptor>(loop_, socket);
}

Task<bool> Connection::wait(bool read, bool write, Instant due) {
    return descriptor_->wait(read, write, due);
}

Task<PgResult<std::unique_ptr<Connection>>> Connection::open(IoLoop& loop, ConnectUrl url, Instant due) {
    std::unique_ptr<Connection> opened(new Connection(loop, std::move(url)));
    std::optional<PgError> error = co_await opened->connect(due);
    if (error) co_return *error;
    co_return std::move(opened);
}

Task<std::optional<PgError>> Connection::connect(Instant due) {
    Call call(*this);
    std::map<std::string, std::string> settings = url_.settings();
    settings.insert({"application_name", "fog"});
    // A peer that vanished without a word is noticed within seconds, by either side.
    for (const auto& [key, value] :
         {std::pair("keepalives_idle", "5"), std::pair("keepalives_interval", "5"),
          std::pair("keepalives_count", "3"), std::pair("tcp_user_timeout", "15000")})
        settings.insert({key, value});
    std::string& options = settings["options"];
    options += " -c idle_in_transaction_session_timeout=10s -c client_connection_check_interval=1s"
               " -c TimeZone=UTC"
               // A stock server compiles the queries of view stores anew each time, 0.3 s a query: it
               // estimates that its tables of one row are large.
               " -c jit=off";
    std::vector<const char*> keys, values;
    for (const auto& [key, value] : settings) {
        keys.push_back(key.c_str());
        values.push_back(value.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    connection_ = PQconnectStartParams(keys.data(), values.data(), 0);
    if (connection_ == nullptr) throw std::bad_alloc();
    PostgresPollingStatusType status =
        PQstatus(connection_) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        watch_socket(); // it may be another one than before: the next address, or without encryption
        const bool in_time =
            co_await wait(status == PGRES_POLLING_READING, status == PGRES_POLLING_WRITING, due);
        if (!in_time) {
            PgError late;
            late.text = "no connection in time";
            co_return late;
        }
        status = PQconnectPoll(connection_);
    }
    if (status != PGRES_POLLING_OK) co_return broken(PgError::Kind::unreachable, "no connection");
    PQsetNoticeReceiver(connection_, &drop_notice, nullptr);
    if (PQsetnonblocking(connection_, 1) != 0) co_return broken(PgError::Kind::unreachable, "no connection");
    watch_socket();
    call.ended();
    co_return std::nullopt;
}

Task<Connection::Answer> Connection::next_answer(Instant due) {
    while (!has_ended_) {
        if (is_flushing_) {
            const int left = PQflush(connection_);
            if (left < 0) break; // libpq keeps the reason until the answers that came before are read
            is_flushing_ = left > 0;
        }
        if (PQisBusy(connection_) == 0) break;
        const bool in_time = co_await wait(true, is_flushing_, due);
        if (!in_time) {
            Answer late;
            late.error.emplace();
            late.error->kind = PgError::Kind::lost;
            late.error->text = "no answer in time";
            co_return late;
        }
        if (PQconsumeInput(connection_) == 0) has_ended_ = true;
    }
    // After the end of the connection this gives what came before it, then the error.  It does not block:
    // there is no socket any more.
    Answer answer;
    PGresult* result = PQgetResult(connection_);
    if (result == nullptr) {
        answer.is_end = true;
        if (has_ended_ || PQstatus(connection_) == CONNECTION_BAD)
            answer.error = broken(PgError::Kind::lost, "the connection ended");
        co_return answer;
    }
    answer.rows = Rows(result);
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        break;
    case PGRES_PIPELINE_SYNC:
        answer.is_sync = true;
        break;
    case PGRES_PIPELINE_ABORTED:
        answer.is_aborted = true;
        break;
    default: {
        const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        answer.error.emplace();
        // What libpq finds out by itself carries no SQLSTATE.
        answer.error->kind = state == nullptr ? PgError::Kind::lost : PgError::Kind::refused;
        answer.error->state = state == nullptr ? "" : state;
        const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        answer.error->text = message(primary == nullptr ? PQresultErrorMessage(result) : primary, "failed");
        const char* detail = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
        if (detail != nullptr) answer.error->text += fmt::format(" ({})", detail);
    }
    }
    co_return answer;
}

bool Connection::send(const Statement& statement, std::size_t index, std::vector<Expected>& expected) {
    const std::vector<Params::Value>& params = statement.params.values_;
    std::vector<Oid> types;
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const Params::Value& value : params) {
        types.push_back(value.type);
        values.push_back(value.is_null ? nullptr : value.data.data());
        lengths.push_back(static_cast<int>(value.data.size()));
    }
    const std::vector<int> formats(params.size(), 1);
    const int count = static_cast<int>(params.size());
    std::string name;
    if (const auto known = prepared_.find(statement.sql); known != prepared_.end()) {
        name = known->second;
    } else {
        name = "s" + std::to_string(next_name_++);
        if (PQsendPrepare(connection_, name.c_str(), statement.sql, count, types.data()) == 0) return false;
        expected.push_back({index, statement.sql});
        prepared_[statement.sql] = name; // taken back unless the answer is good
    }
    if (PQsendQueryPrepared(connection_, name.c_str(), count, values.data(), lengths.data(), formats.data(),
                            1) == 0)
        return false;
    expected.push_back({index, nullptr});
    return true;
}

Task<PgResult<std::vector<Rows>>> Connection::run(std::vector<Statement> batch, Instant due) {
    if (!is_usable()) {
        PgError closed;
        closed.text = "the connection is closed";
        co_return closed;
    }
    Call call(*this);
    std::vector<Expected> expected;
    bool is_sent = PQenterPipelineMode(connection_) == 1;
    for (std::size_t i = 0; is_sent && i < batch.size(); ++i) is_sent = send(batch[i], i, expected);
    is_sent = is_sent && PQpipelineSync(connection_) == 1;
    if (!is_sent) co_return broken(PgError::Kind::lost, "could not send");
    is_flushing_ = true;

    std::optional<PgError> error;
    std::vector<Rows> answers;
    for (const Expected& next : expected) {
        bool is_good = false;
        for (bool at_end = false; !at_end;) {
            Answer answer = co_await next_answer(due);
            at_end = answer.is_end;
            if (answer.error) {
                if (!error) {
                    error = std::move(answer.error);
                    error->statement = next.statement;
                }
                if (error->kind == PgError::Kind::lost || answer.is_end) co_return *error;
            } else if (!answer.is_end && !answer.is_aborted) {
                is_good = true;
                if (next.prepared == nullptr) answers.push_back(std::move(answer.rows));
            }
        }
        if (next.prepared != nullptr && !is_good) prepared_.erase(next.prepared);
    }
    Answer sync = co_await next_answer(due);
    if (!sync.is_sync || PQexitPipelineMode(connection_) == 0) {
        // The last answer said how it went; an end of the connection after it changes nothing.
        if (!error && answers.size() == batch.size()) co_return std::move(answers);
        if (!error) error = broken(PgError::Kind::lost, "the connection ended");
        co_return *error;
    }
    if (PQtransactionStatus(connection_) == PQTRANS_INERROR) {
        const PgResult<void> rolled_back = co_await script("ROLLBACK", due);
        if (!rolled_back) co_return *error;
    }
    call.ended();
    if (error) co_return *error;
    co_return std::move(answers);
}

Task<PgResult<Rows>> Connection::query(Statement statement, Instant due) {
    std::vector<Statement> batch;
    batch.push_back(std::move(statement));
    PgResult<std::vector<Rows>> answers = co_await run(std::move(batch), due);
    if (!answers) co_return answers.error();
    co_return std::move(answers->front());
}

Task<PgResult<void>> Connection::script(std::string sql, Instant due) {
    if (!is_usable()) {
        PgError closed;
        closed.text = "the connection is closed";
        co_return closed;
    }
    Call call(*this);
    if (PQsendQuery(connection_, sql.c_str()) == 0) co_return broken(PgError::Kind::lost, "could not send");
    is_flushing_ = true;
    std::optional<PgError> error;
    for (;;) {
        Answer answer = co_await next_answer(due);
        if (answer.error && !error) error = std::move(answer.error);
        if (error && error->kind == PgError::Kind::lost) co_return *error;
        if (answer.is_end) break;
    }
    if (PQstatus(connection_) == CONNECTION_OK) call.ended();
    if (error) co_return *error;
    co_return PgResult<void>();
}

bool Connection::is_idle() {
    if (!is_usable() || PQtransactionStatus(connection_) != PQTRANS_IDLE) return false;
    // Nobody has asked anything: what can be read is the server's farewell, or the end.
    pollfd watched{PQsocket(connection_), POLLIN, 0};
    return ::poll(&watched, 1, 0) == 0;
}

int Connection::backend_pid() const { return connection_ == nullptr ? 0 : PQbackendPID(connection_); }

} // namespace real::postgres
