#pragma once

#include <optional>

#include "engine/chain/tx/tx_crypto.hpp"
#include "engine/chain/tx/verdict.hpp"

namespace engine::chain::tx {

/// Whether a transaction keeps to what the signer of one of its inputs demanded (MCIP 31 and 42).
/// @source transaction/core/src/input_rules.rs
std::optional<Fault> check_rules(const TxCrypto& crypto, const InputRules& rules, const TxPrefix& prefix);

} // namespace engine::chain::tx
