#include "real/postgres/sql.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <cstring>

#include "engine/ensure.hpp"

namespace real::postgres {
namespace {

// Postgres' catalogue numbers of the types; they never change.
constexpr unsigned type_bool = 16;
constexpr unsigned type_bytea = 17;
constexpr unsigned type_int8 = 20;
constexpr unsigned type_int4 = 23;
constexpr unsigned type_text = 25;
constexpr unsigned type_timestamp = 1114;

template <class Int>
std::string big_endian(Int value) {
    std::string out(sizeof value, '\0');
    for (std::size_t i = 0; i < sizeof value; ++i)
        out[sizeof value - 1 - i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
    return out;
}

std::uint64_t from_big_endian(ByteView bytes) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
}

} // namespace

Params& Params::add(unsigned type, std::string data, bool is_null) {
    Value value;
    value.type = type;
    value.data = std::move(data);
    value.is_null = is_null;
    values_.push_back(std::move(value));
    return *this;
}

Params& Params::number(std::int64_t value) { return add(type_int8, big_endian(value)); }
Params& Params::small(std::int32_t value) { return add(type_int4, big_endian(value)); }
Params& Params::maybe(std::optional<std::int64_t> value) {
    return value ? number(*value) : add(type_int8, {}, true);
}
Params& Params::bytes(ByteView value) {
    return add(type_bytea, std::string(reinterpret_cast<const char*>(value.data()), value.size()));
}
Params& Params::text(std::string_view value) { return add(type_text, std::string(value)); }
Params& Params::flag(bool value) { return add(type_bool, std::string(1, value ? '\1' : '\0')); }
Params& Params::time(std::chrono::sys_time<std::chrono::microseconds> value) {
    using namespace std::chrono;
    constexpr sys_days epoch = 2000y / January / 1; // where Postgres counts from
    return add(type_timestamp, big_endian((value - epoch).count()));
}

Rows& Rows::operator=(Rows&& other) noexcept {
    if (this != &other) {
        PQclear(result_);
        result_ = std::exchange(other.result_, nullptr);
    }
    return *this;
}

Rows::~Rows() { PQclear(result_); }

std::size_t Rows::size() const { return static_cast<std::size_t>(PQntuples(result_)); }

bool Rows::is_null(std::size_t row, std::size_t column) const {
    ENSURE(row < size() && column < static_cast<std::size_t>(PQnfields(result_)));
    return PQgetisnull(result_, static_cast<int>(row), static_cast<int>(column)) != 0;
}

ByteView Rows::field(std::size_t row, std::size_t column) const {
    ENSURE(!is_null(row, column));
    const int r = static_cast<int>(row);
    const int c = static_cast<int>(column);
    return {reinterpret_cast<const std::uint8_t*>(PQgetvalue(result_, r, c)),
            static_cast<std::size_t>(PQgetlength(result_, r, c))};
}

std::int64_t Rows::number(std::size_t row, std::size_t column) const {
    const ByteView value = field(row, column);
    ENSURE(value.size() == 8);
    return static_cast<std::int64_t>(from_big_endian(value));
}

std::int32_t Rows::small(std::size_t row, std::size_t column) const {
    const ByteView value = field(row, column);
    ENSURE(value.size() == 4);
    return static_cast<std::int32_t>(from_big_endian(value));
}

bool Rows::flag(std::size_t row, std::size_t column) const {
    const ByteView value = field(row, column);
    ENSURE(value.size() == 1);
    return value[0] != 0;
}

ByteView Rows::bytes(std::size_t row, std::size_t column) const { return field(row, column); }

std::string Rows::text(std::size_t row, std::size_t column) const {
    const ByteView value = field(row, column);
    return {reinterpret_cast<const char*>(value.data()), value.size()};
}

std::uint64_t Rows::changed() const { return std::strtoull(PQcmdTuples(result_), nullptr, 10); }

std::string PgError::to_string() const {
    const char* word = kind == Kind::unreachable ? "unreachable" : kind == Kind::lost ? "lost" : "refused";
    std::string out = word;
    if (!state.empty()) out += " " + state;
    return out + ": " + text;
}

} // namespace real::postgres
