#pragma once

#include <map>
#include <set>
#include <variant>
#include <vector>

#include "engine/chain/tx/form_block.hpp"
#include "engine/chain/tx/pending.hpp"
#include "engine/consensus/mint_rules.hpp"
#include "engine/consensus/slot.hpp"

namespace engine::consensus {

/// What waits to enter a block, and what names in messages stand for.
///
///  1. A transaction is judged well formed once, when its content comes; against the ledger at submission,
///     after every block, and whenever it is named as a value.
///  2. The pending list is in order of arrival.  A slot is offered the first hundred that are valid now.
///  3. Combining depends on content only, so all nodes that hold the same content combine alike.
///
/// @source mobilecoin 7.0.0 consensus/service/src/byzantine_ledger, tx_manager, mint_tx_manager
class Pool final : public ValueRules {
public:
    static constexpr std::size_t most_proposed = 100; ///< values a slot is offered
    static constexpr std::size_t most_pending = 500;  ///< from there on clients are refused
    static constexpr std::size_t most_mint_config_txs = 10;
    static constexpr std::size_t most_mint_txs = 10;

    /// All live longer than this.
    Pool(const chain::tx::TxCrypto& crypto, const NetworkRules& rules, const NodeLedger& ledger)
        : crypto_(crypto), rules_(rules), ledger_(ledger) {}

    Value name_of(const chain::tx::Tx& tx) const { return {Value::Kind::transaction, crypto_.hash(tx)}; }
    static Value name_of(const chain::MintConfigTx& tx);
    static Value name_of(const chain::MintTx& tx);

    /// From a client or for a peer's client: pending when it is accepted.  Twice is once.
    chain::tx::Verdict submit(const chain::tx::Tx& tx);
    std::optional<chain::MintFault> submit(const chain::MintConfigTx& tx);
    std::optional<chain::MintFault> submit(const chain::MintTx& tx);
    /// Clients are to be told to come later.
    bool is_full() const { return pending_.size() >= most_pending; }

    /// Content of a name that somebody else put forward; what is not well formed is not kept.
    void learn(const Contents& contents);
    Values missing(const Values& names) const;
    /// What is known of these.
    Contents contents_of(const Values& names) const;

    bool is_valid(const Value& value) override;
    Values combine(const Values& candidates) override;

    /// For the slot under way.
    Values to_propose();
    std::size_t pending() const { return pending_.size(); }

    /// The next block, of what was decided.
    /// @return what forbids it
    std::variant<chain::tx::FormedBlock, std::string> form(const Values& decided) const;
    /// Call when the ledger has grown: what is in it or can no longer be is dropped.
    /// @param decided  what the block was made of; empty when it came from elsewhere
    void finish(const Values& decided);

private:
    struct Known {
        chain::tx::Tx tx;
        chain::tx::TxContext context;
    };

    chain::tx::Verdict keep(const chain::tx::Tx& tx);
    void push(const Value& value);

    const chain::tx::TxCrypto& crypto_;
    const NetworkRules& rules_;
    const NodeLedger& ledger_;
    std::map<chain::Hash32, Known> transactions_;
    std::map<chain::Hash32, chain::MintConfigTx> mint_config_txs_;
    std::map<chain::Hash32, chain::MintTx> mint_txs_;
    /// In order of arrival, each once.
    std::vector<Value> pending_;
    std::set<Value> is_pending_;
};

} // namespace engine::consensus
