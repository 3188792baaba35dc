#pragma once

#include <span>
#include <string_view>

#include "engine/scenario.hpp"

namespace scenarios {

/// All stories, in the order they are listed.
std::span<const engine::Scenario> all();
/// @return null when there is none of that name
const engine::Scenario* find(std::string_view name);

} // namespace scenarios
