#pragma once

#include <optional>
#include <string>
#include <utility>

#include "engine/check/checks.hpp"

namespace engine::check {

/// Counts one judgement of something that has a place: held, or what is wrong with it.
inline void judge(Checks& checks, CheckId check, const std::string& place, std::optional<Finding> wrong) {
    if (!wrong) {
        checks.held(check);
        return;
    }
    Violation violation;
    violation.check = check;
    violation.what = std::move(*wrong);
    violation.place = place;
    checks.violated(std::move(violation));
}

} // namespace engine::check
