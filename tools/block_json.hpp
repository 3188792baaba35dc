#pragma once

#include <nlohmann/json.hpp>

#include "engine/chain/block.hpp"

namespace tools {

/// A block as upstream's serde derives write it: fields in declaration order under their Rust names.
/// Mint transactions and DCAP evidence are written by the same rules, but no known answer covers them.
nlohmann::ordered_json block_to_json(const engine::chain::BlockData& data);

} // namespace tools
