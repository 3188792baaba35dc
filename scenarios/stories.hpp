#pragma once

#include "engine/scenario.hpp"

// One story per file; the catalogue lists them.

namespace scenarios {

engine::Task<> conformance(engine::World& world);
engine::Task<> sandwich(engine::World& world);
engine::Task<> fresh_wallet_at_every_height(engine::World& world);
engine::Task<> second_device_spends(engine::World& world);
engine::Task<> sender_around_the_tombstone(engine::World& world);

// ingest/
engine::Task<> live_invocation_cleaned_up(engine::World& world);

} // namespace scenarios
