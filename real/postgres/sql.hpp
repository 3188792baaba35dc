#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/chain/types.hpp"
#include "engine/result.hpp"

struct pg_result; // libpq's; its header stays out of ours

namespace real::postgres {

using engine::chain::ByteView;

/// Values of $1, $2, ... in Postgres' binary format; each is copied.
class Params {
public:
    Params& number(std::int64_t value);
    Params& small(std::int32_t value);
    /// As upstream stores unsigned numbers: the same 64 bits in a BIGINT.
    Params& word(std::uint64_t value) { return number(static_cast<std::int64_t>(value)); }
    /// A BIGINT that may be NULL.
    Params& maybe(std::optional<std::int64_t> value);
    Params& bytes(ByteView value);
    Params& text(std::string_view value);
    Params& flag(bool value);
    /// A TIMESTAMP without zone that is meant as UTC.
    Params& time(std::chrono::sys_time<std::chrono::microseconds> value);

    std::size_t size() const { return values_.size(); }

private:
    friend class Connection;
    struct Value {
        unsigned type = 0; // Postgres' object id of the type
        std::string data;
        bool is_null = false;
    };
    Params& add(unsigned type, std::string data, bool is_null = false);
    std::vector<Value> values_;
};

/// One statement of a batch.
struct Statement {
    /// @param statement  SQL text, lives for ever: it is prepared once a connection and known by its address
    explicit Statement(const char* statement) : sql(statement) {}
    Statement(const char* statement, Params values) : sql(statement), params(std::move(values)) {}

    const char* sql;
    Params params;
};

/// What one statement returned, in binary format.  Owns libpq's result; views into it live as long.
class Rows {
public:
    Rows() = default;
    explicit Rows(pg_result* result) : result_(result) {}
    Rows(Rows&& other) noexcept : result_(std::exchange(other.result_, nullptr)) {}
    Rows& operator=(Rows&& other) noexcept;
    ~Rows();

    std::size_t size() const;
    bool empty() const { return size() == 0; }
    bool is_null(std::size_t row, std::size_t column) const;
    // Each ends the program's run (ENSURE) when the column has another type or is NULL: our own mistake.
    std::int64_t number(std::size_t row, std::size_t column) const;
    std::uint64_t word(std::size_t row, std::size_t column) const {
        return static_cast<std::uint64_t>(number(row, column));
    }
    std::int32_t small(std::size_t row, std::size_t column) const;
    bool flag(std::size_t row, std::size_t column) const;
    ByteView bytes(std::size_t row, std::size_t column) const;
    std::string text(std::size_t row, std::size_t column) const;
    /// How many rows an INSERT, UPDATE or DELETE changed.
    std::uint64_t changed() const;

private:
    friend class Connection;
    ByteView field(std::size_t row, std::size_t column) const;
    pg_result* result_ = nullptr;
};

/// Why there was no answer to a statement.
struct PgError {
    enum class Kind : std::uint8_t {
        unreachable, ///< no connection: nothing was sent
        lost,        ///< sent, and the connection ended before the answer: it may have happened
        refused,     ///< the server answered with an error
    };
    Kind kind = Kind::unreachable;
    /// SQLSTATE, five characters; empty when libpq itself found the error.
    std::string state;
    /// One line, without a password.
    std::string text;
    /// Which statement of the batch it was about.
    std::size_t statement = 0;

    bool is(std::string_view sqlstate) const { return state == sqlstate; }
    /// "refused 23505: duplicate key ..."
    std::string to_string() const;
};

[[noreturn]] inline void throw_exception_from_error(const PgError& error, const boost::source_location&) {
    throw engine::BrokenSurroundings("database: " + error.to_string());
}

template <class T>
using PgResult = boost::system::result<T, PgError>;

} // namespace real::postgres
