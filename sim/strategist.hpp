#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/ids.hpp"
#include "sim/strategy.hpp"

namespace sim {

/// What a step read and wrote, one bit a thing: nodes' memories, chain copies, the chain, the recovery
/// database. Several nodes may share a bit, so that independence is never claimed wrongly.
struct Footprint {
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;

    static constexpr std::uint64_t database = 1ULL << 63;
    static constexpr std::uint64_t chain = 1ULL << 62;
    static constexpr std::uint64_t memory(engine::NodeId node) { return 1ULL << (node.value % 46); }
    static constexpr std::uint64_t copy(std::uint32_t number) { return 1ULL << (46 + number % 16); }

    /// Whether the order of two steps may matter.
    bool conflicts_with(const Footprint& other) const {
        return (writes & (other.reads | other.writes)) != 0 || (reads & other.writes) != 0;
    }
};

/// What a strategy knows before the run begins.
struct Foresight {
    std::uint32_t steps = 0;                    ///< of the run; 0: unknown, a power of two is drawn
    std::vector<std::uint32_t> steps_of_task{}; ///< in order of creation; empty: estimated as the run goes
    bool task_priorities = false;               ///< pct: every task has a priority of its own
};

/// A strategy at work in one run: who goes first, and who is made to wait.  It draws unrecorded bits that
/// follow from the seed; what it decides is recorded by the caller, who may also have been told otherwise by
/// a recording.
class Strategist {
public:
    /// Longest of the delays it can ask for; 0 is none.
    static constexpr std::uint32_t longest_delay = 63;

    virtual ~Strategist() = default;

    /// A task was made in a step of `creator`; slot 0: outside of every step.
    /// @param name  lives for ever
    virtual void created(std::uint32_t slot, engine::NodeId node, const char* name,
                         std::uint32_t creator) = 0;
    virtual void ended(std::uint32_t slot) = 0;
    /// @return position of the task that goes first.  @pre more than one is ready
    virtual std::uint32_t pick(std::span<const std::uint32_t> ready) = 0;
    /// A task has made a step and may be gone by now.
    virtual void ran(std::uint32_t slot, const Footprint& footprint) = 0;
    /// How long a message or pause of the running task is to take: 0..longest_delay.
    virtual std::uint32_t delay(std::uint32_t slot) = 0;
};

/// @return null for random decisions, which need nobody.  @pre not a portfolio
std::unique_ptr<Strategist> make_strategist(const Strategy& strategy, std::uint64_t seed,
                                            const Foresight& foresight = {});

} // namespace sim
