#pragma once

#include <variant>

#include "engine/chain/mint_validation.hpp"
#include "engine/consensus/ports.hpp"

namespace engine::consensus {

/// Whether a mint configuration may enter the next block.
std::optional<chain::MintFault> judge(const NetworkRules& rules, const NodeLedger& ledger,
                                      const chain::MintConfigTx& tx);

/// Whether a mint may enter the next block.
/// @return the place, among the token's active configs, of the one it mints under
std::variant<std::size_t, chain::MintFault> judge(const NetworkRules& rules, const NodeLedger& ledger,
                                                  const chain::MintTx& tx);

} // namespace engine::consensus
