#include "real/grpc/status.hpp"

#include <array>

#include <fmt/format.h>

namespace real::grpc {

using engine::Code;

const char* name(StatusCode code) {
    static constexpr std::array<const char*, 17> names{
        "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED"};
    const auto index = static_cast<std::size_t>(code);
    return index < names.size() ? names[index] : "?";
}

Status::Status(StatusCode c, std::string t) : code(c), text(std::move(t)), reason(reason_of(c, true)) {}
Status::Status(StatusCode c, std::string t, Code r) : code(c), text(std::move(t)), reason(r) {}

// A call that ended without a word of the server's logic may have done its work, unless it never left.  The
// rest is the server's own word.
Code reason_of(StatusCode code, bool sent) {
    switch (code) {
    case StatusCode::cancelled:
    case StatusCode::unknown:
    case StatusCode::deadline_exceeded:
    case StatusCode::unavailable:
    case StatusCode::data_loss:
        return sent ? Code::unknown : Code::unavailable;
    case StatusCode::invalid_argument:
    case StatusCode::out_of_range:
    case StatusCode::unimplemented:
    case StatusCode::resource_exhausted: // no client repeats it
        return Code::invalid_argument;
    case StatusCode::not_found:
        return Code::not_found;
    case StatusCode::already_exists:
        return Code::conflict;
    case StatusCode::permission_denied:
    case StatusCode::unauthenticated:
        return Code::permission_denied;
    case StatusCode::failed_precondition:
        return Code::failed_precondition;
    case StatusCode::ok:
    case StatusCode::aborted:
    case StatusCode::internal:
        return Code::internal;
    }
    return Code::internal;
}

std::optional<Code> reason_from_name(std::string_view text) {
    for (int i = 0; i <= static_cast<int>(Code::internal); ++i)
        if (text == engine::name(static_cast<Code>(i))) return static_cast<Code>(i);
    return std::nullopt;
}

Status status_of(const engine::Error& error) {
    const auto code = [&error] {
        switch (error.code) {
        case Code::unavailable:
        case Code::not_ready:
            return StatusCode::unavailable;
        case Code::invalid_argument:
            return StatusCode::invalid_argument;
        case Code::failed_precondition:
        case Code::lost:
        case Code::decommissioned:
            return StatusCode::failed_precondition;
        case Code::permission_denied:
            return StatusCode::permission_denied;
        case Code::not_found:
        case Code::unknown:
        case Code::conflict:
        case Code::retired:
        case Code::disk_full:
        case Code::internal:
            return StatusCode::internal;
        }
        return StatusCode::internal;
    }();
    return {code, fmt::format("{}: {}", error.origin, engine::name(error.code)), error.code};
}

void throw_exception_from_error(const Status& status, const boost::source_location&) {
    throw engine::InternalError(
        fmt::format("value of a failed call: {}: {}", name(status.code), status.text));
}

} // namespace real::grpc
