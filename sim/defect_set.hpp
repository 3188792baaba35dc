#pragma once

#include <any>
#include <bitset>
#include <map>
#include <utility>

#include "engine/host.hpp"
#include "sim/defect.hpp" // made by tools/weave

namespace sim {

/// Mistakes that are switched on.
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

/// What one world has planted in its copy of the logic: which mistakes are on, and what those remember.
struct Planted : engine::Switches {
    explicit Planted(const DefectSet& defects) : on(defects) {}

    const DefectSet on;
    std::map<std::pair<Defect, const void*>, std::any> memory{}; ///< looked up only, never walked
};

/// Whether a mistake is on: what the woven code asks at each site.
inline bool is_on(const engine::Probe& probe, Defect defect) {
    const auto* planted = static_cast<const Planted*>(probe.switches());
    return planted != nullptr && planted->on.has(defect);
}
inline bool is_on(const engine::Host& host, Defect defect) { return is_on(host.probe(), defect); }

/// What a mistake keeps from one call to the next, where the right code has no member for it: a `T{}` at
/// first.  It outlives the object, so the constructor's edit sets it back.
/// @param of  the object whose memory it is
/// @pre the mistake is on
template <class T>
T& remembered(const engine::Host& host, Defect defect, const void* of) {
    std::any& place = static_cast<Planted*>(host.probe().switches())->memory[{defect, of}];
    if (!place.has_value()) place = T{};
    return *std::any_cast<T>(&place);
}

} // namespace sim
