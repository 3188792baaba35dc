#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/chain/block.hpp"
#include "engine/chain/tx/validate.hpp"

// From agreed transactions to a block.
// @source consensus/enclave/impl/src/lib.rs (form_block, mint_output)

namespace engine::chain::tx {

struct BlockInputs {
    std::vector<Tx> transactions; ///< in the order agreed upon
    std::vector<ValidatedMintConfigTx> mint_config_txs;
    std::vector<MintTx> mint_txs; ///< checked beforehand
};

struct FormedBlock {
    Block block;
    BlockContents contents;
};

/// The address all fees go to.  Its view key is public in tests of upstream; nobody knows a spend key.
PublicAddress fee_recipient();

/// What is left to be said is the signature.  Transactions must have been judged well formed at this height.
/// @param root  of the ledger before this block
/// @return what forbids the block
std::variant<FormedBlock, std::string> form_block(const TxCrypto& crypto, const ChainRules& rules,
                                                  const Block& parent, const BlockInputs& inputs,
                                                  const TxOutMembershipElement& root);

} // namespace engine::chain::tx
