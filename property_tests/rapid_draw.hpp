#pragma once

#include <rapidcheck.h>

#include "scenarios/lag/draw.hpp"

namespace property_tests {

/// RapidCheck's numbers.  To be used inside a property or rc::gen::exec; shrinks towards 0, which is tame.
class RapidDraw final : public scenarios::lag::Draw {
public:
    std::uint32_t below(std::uint32_t bound) override {
        return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint32_t>(0, bound));
    }
};

} // namespace property_tests
