#include "engine/chain/tx/fee_map.hpp"

#include "engine/chain/tx/tx_digest.hpp"

namespace engine::chain::tx {
namespace {

/// Priorities are this fine.
constexpr std::uint64_t fee_unit = 128;

} // namespace

std::optional<std::string> FeeMap::fault() const {
    if (!contains(0)) return "Token `0` is missing from the fee map";
    for (const auto& [token_id, fee] : fees_) {
        const auto invalid = [&](const char* why) {
            return "Token `" + std::to_string(token_id) + "` has invalid fee (" + why + ") `" +
                   std::to_string(fee) + "`";
        };
        if (fee < fee_unit) return invalid("too small");
        if (fee % fee_unit != 0) return invalid("not divisible");
    }
    return std::nullopt;
}

std::optional<std::uint64_t> FeeMap::minimum(std::uint64_t token_id) const {
    const auto found = fees_.find(token_id);
    if (found == fees_.end()) return std::nullopt;
    return found->second;
}

Hash32 FeeMap::digest() const { return fee_map_digest({fees_.begin(), fees_.end()}); }

std::uint64_t FeeMap::priority(Amount fee) const { return fee.value / (fees_.at(fee.token_id) / fee_unit); }

} // namespace engine::chain::tx
