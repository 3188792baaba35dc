#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "scenarios/lag/parts.hpp"

namespace scenarios::lag {

/// The sentences of a plan's steps, the same in both worlds.
class Words {
public:
    /// @param plan      outlives this
    /// @param topology  of the world in which it is told: what the parts are called
    Words(const Plan& plan, const engine::Topology& topology)
        : plan_(plan), parts_(topology, plan.wallets_per_account), accounts_(topology.accounts) {}

    /// Without a full stop: "the operator activates ingest0".
    /// @param at            number of the step, the first is 0
    /// @param empty_blocks  that came first, to get to the step's boundary; nothing: that is not known yet
    std::string of(std::size_t at, std::optional<std::size_t> empty_blocks = std::nullopt) const;

private:
    std::string fault(const PlannedStep& step) const;
    std::string payments(const PlannedStep& step) const;
    bool was_kept(std::size_t at) const;

    const Plan& plan_;
    Parts parts_;
    std::uint32_t accounts_;
};

} // namespace scenarios::lag
