#pragma once

#include <cstdint>
#include <map>

#include "engine/model/chain_model.hpp"

namespace engine::model {

using Totals = std::map<std::uint64_t, fog::Value>; ///< of all accounts together, by token

/// Takes one more block into the totals: its outputs come, what its key images spend goes.  Nothing for the
/// origin block, which fog never scans.
/// @pre the totals are those of the blocks before it
void add_block(const ChainModel& chain, BlockIndex block, Totals& totals);

} // namespace engine::model
