#pragma once

#include <boost/system/result.hpp>

#include <cstdint>

#include "engine/cause.hpp"
#include "engine/ensure.hpp"

namespace engine {

/// Why a call did not give what was asked for.  A code exists only if some caller reacts to it in its own
/// way.
enum class Code : std::uint8_t {
    not_found,           ///< the thing does not exist (yet)
    not_ready,           ///< the server is loading; ask again
    unavailable,         ///< not sent, or refused before anything happened: safe to repeat
    unknown,             ///< sent, no answer seen: it may have happened
    invalid_argument,    ///< the request can never succeed
    failed_precondition, ///< not in the present state (ingest: not idle, another active peer, window may not
                         ///< shrink)
    permission_denied,   ///< no or wrong session
    conflict,            ///< somebody else was first (unique violation by another writer)
    lost,                ///< the ingress key was reported lost
    retired,             ///< the ingress key was retired and is past its expiry
    decommissioned,      ///< the ingest invocation was closed
    disk_full,           ///< nothing was written
    internal,            ///< the server failed
};

const char* name(Code code);

/// An answer that is not the value.  `origin` names the call and lives for ever.
struct Error {
    Code code = Code::internal;
    const char* origin = "";
    Cause cause{}; ///< what of the harness struck the call; empty: the error is its maker's own

    bool injected() const { return bool(cause); }
    friend bool operator==(const Error& a, const Error& b) { return a.code == b.code; }
};

/// A write over a wire ends in ok, failed or unknown; only `unknown` may have taken effect.
inline bool may_have_happened(const Error& error) { return error.code == Code::unknown; }
/// The same request may succeed later.
inline bool is_transient(const Error& error) {
    return error.code == Code::unavailable || error.code == Code::unknown || error.code == Code::not_ready ||
           error.code == Code::internal;
}

[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw InternalError(std::string("value of a failed result: ") + error.origin + ": " + name(error.code));
}

template <class T>
using Result = boost::system::result<T, Error>;

} // namespace engine
