#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace engine {

/// A known way to get Fog wrong, that can be switched on in the simulator.  Each is one visible branch at its
/// site: `if (host_.has(Defect::...))`.  What each breaks stands in sim/defect_catalogue.cpp.
enum class Defect : std::uint16_t {
    wallet_missed_limit_off_by_one, ///< U2
    count_,
};
inline constexpr std::size_t defect_count = static_cast<std::size_t>(Defect::count_);

class DefectSet {
public:
    bool has(Defect defect) const { return on_[static_cast<std::size_t>(defect)]; }
    void switch_on(Defect defect) { on_.set(static_cast<std::size_t>(defect)); }
    void switch_off(Defect defect) { on_.reset(static_cast<std::size_t>(defect)); }
    bool any() const { return on_.any(); }
    friend bool operator==(const DefectSet&, const DefectSet&) = default;

private:
    std::bitset<defect_count> on_;
};

} // namespace engine
