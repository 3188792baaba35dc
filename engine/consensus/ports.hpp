#pragma once

#include <map>
#include <optional>

#include "engine/chain/block.hpp"
#include "engine/chain/tx/validate.hpp"
#include "engine/consensus/message.hpp"

// What a consensus node needs of its surroundings.

namespace engine::consensus {

/// The node's own copy of the chain.  Calls are immediate.
class NodeLedger : public chain::tx::TxLedger {
public:
    virtual chain::Block last_block() const = 0;
    /// Of the tree of all outputs.
    virtual chain::TxOutMembershipElement root() const = 0;
    /// @return nothing when the token never had any
    virtual std::optional<chain::ActiveMintConfigs> active_mint_configs(std::uint64_t token_id) const = 0;
    virtual bool contains_mint_config_nonce(std::uint64_t token_id, const chain::Bytes& nonce) const = 0;
    virtual bool contains_mint_nonce(std::uint64_t token_id, const chain::Bytes& nonce) const = 0;
    /// The next block.  Lasting when this returns; a failure ends the node.
    virtual void append(const chain::BlockData& block) = 0;
};

/// What all nodes of a network have to be configured with alike.
struct NetworkRules {
    chain::tx::ChainRules chain;
    /// Who may say who mints, of each token that is minted.
    std::map<std::uint64_t, chain::SignerSet> governors;
};

/// A message as it travels.
struct Envelope {
    Message message;
    chain::BlockId previous; ///< last block of the sender's chain when it was said
    chain::Ed25519Signature signature;
};

/// What stands behind names.
struct Contents {
    std::vector<chain::tx::Tx> transactions;
    std::vector<chain::MintConfigTx> mint_config_txs;
    std::vector<chain::MintTx> mint_txs;
    bool empty() const { return transactions.empty() && mint_config_txs.empty() && mint_txs.empty(); }
};

/// Ways to other nodes.  Calls do not wait; what does not arrive is not told.
class PeerLinks {
public:
    virtual ~PeerLinks() = default;
    virtual void send(const NodeKey& to, const Envelope& envelope) = 0;
    /// Submitted by a client here: for the peer's pending list.
    virtual void send_contents(const NodeKey& to, const Contents& contents) = 0;
    /// The answer comes by Worker::learn.
    virtual void ask_contents(const NodeKey& from, const Values& names) = 0;
    /// Keeps what was said last, before it is sent: see docs/consensus.md.
    virtual void store(const Message& last) = 0;
};

} // namespace engine::consensus
