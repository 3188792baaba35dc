#include "sim/defect_catalogue.hpp"

#include <array>

namespace sim {

using engine::Defect;
using engine::check::CheckId;

namespace {

constexpr std::array<DefectInfo, engine::defect_count> catalogue{{
    {Defect::wallet_missed_limit_off_by_one, "wallet-missed-limit-off-by-one", "wallet",
     "A block that is still missing limits the count to one more than it may be.", CheckId::balance, "U2",
     true},
}};

} // namespace

std::span<const DefectInfo> defect_catalogue() { return catalogue; }

const DefectInfo* find_defect(std::string_view name) {
    for (const DefectInfo& info : catalogue)
        if (info.name == name) return &info;
    return nullptr;
}

} // namespace sim
