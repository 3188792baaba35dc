#pragma once

#include <string>

#include "engine/chain/block.hpp"

namespace tools {

/// Appends a block as upstream's serde derives write it, two blanks a level: fields in declaration order
/// under their Rust names.  Mint transactions and DCAP evidence are written by the same rules, but no known
/// answer covers them.
/// @param depth  levels that it already stands in; the first line is not moved
void append_json(std::string& out, const engine::chain::BlockData& data, std::size_t depth);

} // namespace tools
