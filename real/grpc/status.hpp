#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/result.hpp"

namespace real::grpc {

/// gRPC's own numbers, so that nobody needs its headers.
enum class StatusCode : std::uint8_t {
    ok = 0,
    cancelled = 1,
    unknown = 2,
    invalid_argument = 3,
    deadline_exceeded = 4,
    not_found = 5,
    already_exists = 6,
    permission_denied = 7,
    resource_exhausted = 8,
    failed_precondition = 9,
    aborted = 10,
    out_of_range = 11,
    unimplemented = 12,
    internal = 13,
    unavailable = 14,
    data_loss = 15,
    unauthenticated = 16,
};
/// As gRPC spells it: "FAILED_PRECONDITION".
const char* name(StatusCode code);

/// How a call ended when not with an answer.
///
/// The engine's code is finer than gRPC's; our servers send it along in the trailing metadata `fog-error`,
/// which everybody else ignores.
struct Status {
    StatusCode code = StatusCode::internal;
    std::string text;
    engine::Code reason = engine::Code::internal;

    Status() = default;
    Status(StatusCode c, std::string t);
    Status(StatusCode c, std::string t, engine::Code r);
};

/// The engine's code for a status that came without one.
/// @param sent  whether the request may have reached the server
engine::Code reason_of(StatusCode code, bool sent);
/// @return nothing for an unknown name
std::optional<engine::Code> reason_from_name(std::string_view name);

/// The status upstream gives for a service's error: a database in trouble is INTERNAL, a peer out of reach
/// UNAVAILABLE, and so on (util/grpc).
Status status_of(const engine::Error& error);

template <class T>
using Outcome = boost::system::result<T, Status>;

[[noreturn]] void throw_exception_from_error(const Status& status, const boost::source_location&);

} // namespace real::grpc
