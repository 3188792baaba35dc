#pragma once

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

} // namespace engine

/// Holds in every build type; never with side effects.
#define ENSURE(expression)                                                                                   \
    (static_cast<bool>(expression) ? void() : ::engine::ensure_failed(#expression, __FILE__, __LINE__))
