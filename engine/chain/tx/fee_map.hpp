#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/chain/types.hpp"

namespace engine::chain::tx {

/// The tokens a network knows, and the least fee in each.
/// @source transaction/core/src/fee_map.rs
class FeeMap {
public:
    /// Token 0 alone, at 400,000,000.
    FeeMap() = default;
    explicit FeeMap(std::map<std::uint64_t, std::uint64_t> fees) : fees_(std::move(fees)) {}

    /// @return what is wrong with it: a fee below 128 or not a multiple of it, or no token 0
    std::optional<std::string> fault() const;
    std::optional<std::uint64_t> minimum(std::uint64_t token_id) const;
    bool contains(std::uint64_t token_id) const { return fees_.count(token_id) != 0; }
    Hash32 digest() const;
    /// @param fee  of a token that the map has
    std::uint64_t priority(Amount fee) const;
    /// Ascending by token id.
    const std::map<std::uint64_t, std::uint64_t>& fees() const { return fees_; }

private:
    std::map<std::uint64_t, std::uint64_t> fees_{{0, 400'000'000}};
};

} // namespace engine::chain::tx
