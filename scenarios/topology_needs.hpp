#pragma once

#include <string>

#include "engine/scenario.hpp"

namespace scenarios {

/// Why a story cannot be told in a world of this topology; empty when it can.  A story is written for
/// particular situations: two devices need an account, a key that takes over another node, a payment a window
/// that reaches the block it lands in.
std::string refusal(const engine::Scenario& scenario, const engine::Topology& topology);
/// Why MobileCoin's own programs cannot serve a world of this topology; empty when they can.
std::string refusal_by_upstream(const engine::Topology& topology);

} // namespace scenarios
