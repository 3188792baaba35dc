#include "sim/mark_catalogue.hpp"

namespace sim {

using engine::Mark;

namespace {

constexpr std::array<MarkInfo, engine::mark_count> catalogue{{
    {Mark::wallet_limited_by_missed_block, "wallet-limited-by-missed-block", "wallet",
     "A missed block that has not been fetched yet is what limits a reported count.", 10'000},
}};

} // namespace

std::span<const MarkInfo> mark_catalogue() { return catalogue; }

} // namespace sim
