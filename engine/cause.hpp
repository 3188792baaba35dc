#pragma once

#include <cstdint>

#include "engine/ids.hpp"
#include "engine/time.hpp"

namespace engine {

enum class FaultKind : std::uint8_t; // engine/fault.hpp

/// What was done on purpose and struck a call: what, where and when.
///
/// The devices of a world make it, where they do it; services only pass it on with their errors.  So an error
/// without a cause is its maker's own.
struct Cause {
    enum class What : std::uint8_t {
        nothing,  ///< nobody has done anything
        fault,    ///< a fault was in force
        down,     ///< a process was not running
        ended,    ///< a process was ended with the call
        paused,   ///< a process stood still
        started,  ///< a process had been started or resumed a moment before
        answered, ///< nobody has done anything; the system itself has answered so to a program of somebody
                  ///< else
    };
    enum class Place : std::uint8_t { node, link, database };

    What what = What::nothing;
    FaultKind fault{}; ///< of a fault
    Place place = Place::node;
    NodeId from{};   ///< the caller of a link, or who used the database
    NodeId to{};     ///< the server of a link, or the node
    Instant since{}; ///< when it began
    Instant until{}; ///< when it was in force last, as far as is known

    explicit operator bool() const { return what != What::nothing; }
    friend bool operator==(const Cause&, const Cause&) = default;
};

/// "reset_connections", "down": for sums.
const char* name(const Cause& cause);

} // namespace engine
