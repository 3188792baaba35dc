#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace engine {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

/// A point on the world's own clock: nanoseconds since the run began.  Virtual in the simulation.
struct Instant {
    std::int64_t ns = 0;

    static constexpr Instant never() { return Instant{std::numeric_limits<std::int64_t>::max()}; }
    constexpr Instant operator+(Duration d) const { return Instant{ns + d.count()}; }
    constexpr Duration operator-(Instant other) const { return Duration{ns - other.ns}; }
    constexpr std::int64_t ms() const { return ns / 1'000'000; }
    friend constexpr auto operator<=>(Instant, Instant) = default;
};

} // namespace engine
