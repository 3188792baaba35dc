#pragma once

#include "engine/scenario.hpp"

// Waits and small steps that several stories share.  Each wait names who must reach what.

namespace scenarios {

/// Every view store has processed what its range has of the first `count` blocks.
engine::Task<> until_view(engine::World& world, engine::BlockCount count);
/// Every key image store has loaded what its range has of the first `count` blocks.
engine::Task<> until_images(engine::World& world, engine::BlockCount count);
engine::Task<> until_mode(engine::World& world, engine::IngestNode& node, engine::fog::IngestMode mode);
/// The ingress key a sender would use now.  A `crash` violation when the report server has none.
engine::Task<engine::chain::PublicKey> report_key(engine::World& world);

} // namespace scenarios
