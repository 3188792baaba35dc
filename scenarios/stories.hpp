#pragma once

#include "engine/scenario.hpp"

// One story per file; the catalogue lists them.

namespace scenarios {

// wallet/
engine::Task<> conformance(engine::World& world);
engine::Task<> live_invocation_cleaned_up(engine::World& world);

} // namespace scenarios
