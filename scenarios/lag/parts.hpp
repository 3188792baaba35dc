#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/lag/plan.hpp"

namespace scenarios::lag {

/// A part of a world, as plans number them.
struct Part {
    std::string name{};    ///< no other part of a list has it
    std::uint32_t kin = 0; ///< the same for parts of one kind
};

/// The parts of a world of some topology, each list in the order in which plans (or the simulator) number it.
struct Parts {
    std::vector<Part> ingest{};
    std::vector<Part> stores{}; ///< view, then key image stores
    std::vector<Part> copies{};
    std::vector<Part> nodes{}; ///< all services
    std::vector<Part> wallets{};
    std::vector<Part> ends{};  ///< of links: nodes, then wallets
    std::vector<Part> by_id{}; ///< the part of NodeId n is at n - 1

    Parts(const engine::Topology& topology, std::uint32_t wallets_per_account);
};

/// The number in `to` of what is number `at` (modulo the size) in `from`, or of the first of its kind.
std::uint32_t renumbered(std::uint64_t at, const std::vector<Part>& from, const std::vector<Part>& to);
/// The number of the very same part; nothing: it is gone.
std::optional<std::uint32_t> same_part(const Part& part, const std::vector<Part>& in);

/// A plan whose steps mean in another world what they mean in its own, as far as the parts are there.
Plan in_world(const Plan& plan, const engine::Topology& topology);

} // namespace scenarios::lag
