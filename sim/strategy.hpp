#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/ensure.hpp"

namespace sim {

/// How the decisions of a run are made: docs/strategies.md.
struct Strategy {
    enum class Kind : std::uint8_t {
        random,    ///< uniform among the ready tasks, mild weather
        pct,       ///< priorities with `depth` - 1 change points
        pos,       ///< random priorities, drawn anew for what conflicts with the step taken
        urw,       ///< random walk weighted by the steps each task has left
        portfolio, ///< one of the others, by seed
    };
    Kind kind = Kind::random;
    std::uint32_t depth = 0; ///< of pct, 1..max_depth
    bool swarm = false; ///< each seed draws its weather, and which kinds of events a generated plan may use

    static constexpr std::uint32_t max_depth = 16;

    /// `random`, `pct:D`, `pos`, `urw`, `portfolio`, `swarm` (random decisions), or `NAME+swarm`.
    /// @throws engine::UsageError  what is wrong with the text and what is possible; names no flag
    static Strategy parse(std::string_view text);
    /// What a seed runs under: a portfolio's choice, and otherwise itself.
    Strategy for_seed(std::uint64_t seed) const;

    friend bool operator==(const Strategy&, const Strategy&) = default;
};

/// Understood by parse.
std::string describe(const Strategy& strategy);

} // namespace sim
