#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace engine {

/// A bug of ours, not of the system under test: ends the run with exit code 70.
class InternalError : public std::logic_error {
    using std::logic_error::logic_error;
};

/// The surroundings broke (port taken, child gone, file unreadable): the verdict is inconclusive.
class BrokenSurroundings : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The user asked for something that cannot be: exit code 2.
class UsageError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] inline void ensure_failed(const char* expression, const char* file, int line) {
    throw InternalError(std::string(file) + ":" + std::to_string(line) + ": " + expression);
}

/// Where nothing may be thrown: the reason on stderr, and the end of the process as an internal error.
[[noreturn]] inline void ensure_failed_in_noexcept(const char* expression, const char* file,
                                                   int line) noexcept {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, expression);
    std::_Exit(70);
}

} // namespace engine

/// Holds in every build type; never with side effects.
#define ENSURE(expression)                                                                                   \
    (static_cast<bool>(expression) ? void() : ::engine::ensure_failed(#expression, __FILE__, __LINE__))
/// The same in a function that is noexcept, where an exception would end the process without a reason.
#define ENSURE_IN_NOEXCEPT(expression)                                                                       \
    (static_cast<bool>(expression) ? void()                                                                  \
                                   : ::engine::ensure_failed_in_noexcept(#expression, __FILE__, __LINE__))
