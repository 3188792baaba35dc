#pragma once

#include <cstdint>
#include <string>

#include "engine/ids.hpp"
#include "engine/time.hpp"

namespace sim {

/// A sentence for the story of a run.  Notes are taken only while events are kept, and change nothing else.
struct Note {
    enum class Kind : std::uint8_t {
        step,    ///< the scenario goes on.  number: of the step
        heights, ///< of everything that has one, at that step
        chain,   ///< a block, with what it pays and spends
        told,    ///< node, a wallet, got an answer or none
        report,  ///< node, a wallet, has shown a balance, or that it cannot
        why,     ///< what only the judge sees: where a wrong number comes from
    };
    Kind kind = Kind::step;
    engine::Instant at{};
    std::uint64_t step = 0; ///< of the scheduler
    engine::NodeId node{};
    std::string text{};
    std::uint64_t number = 0;
};

} // namespace sim
