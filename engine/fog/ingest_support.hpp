#pragma once

#include <algorithm>
#include <chrono>

#include "engine/fog/ingest.hpp"

// What an ingest node's life and its commands share; nobody else includes it.

namespace engine::fog {

inline constexpr int command_tries = 5; // 1 + 2 + 3 + 4 s of pauses

inline Error because(Code code, const char* origin, const Error& cause) {
    return Error{code, origin, cause.cause};
}

// A peer or database that did not answer; every other code is passed on.
inline Error unreachable(const char* origin, const Error& cause) {
    if (is_transient(cause)) return because(Code::unavailable, origin, cause);
    return because(cause.code, origin, cause);
}

// The first block of a key that is not stored yet.
inline BlockIndex next_to_scan(const IngressKeyRecord& key) {
    if (key.last_scanned) return key.last_scanned->next();
    return key.start;
}

// Senders were told that outputs may appear before block `expiry`.  The view asks for [start, expiry) only,
// the node scans block `expiry` too, should it come.
bool is_past_use(bool retired, BlockIndex expiry, BlockIndex next, const Host& host);
template <class Key>
bool is_past_use(const Key& key, BlockIndex next, const Host& host) {
    return is_past_use(key.retired, key.expiry, next, host);
}

// The answers are moved out: direct initialization of a Result<bool> from one that is not const takes its
// explicit conversion to bool for a value (Boost 1.81).
template <class T, class Call>
Task<Result<T>> IngestNode::repeat(Call call) {
    for (int attempt = 1;; ++attempt) {
        Result<T> answer = co_await call();
        if (answer || !is_transient(answer.error()) || attempt == command_tries) co_return std::move(answer);
        co_await host_.sleep(std::chrono::seconds(attempt), "the database");
    }
}

} // namespace engine::fog
