#include "engine/consensus/pool.hpp"

#include <algorithm>

#include "engine/ensure.hpp"

namespace engine::consensus {

Value Pool::name_of(const chain::MintConfigTx& tx) {
    return {Value::Kind::mint_config, chain::digest32("mint_config_tx", tx)};
}
Value Pool::name_of(const chain::MintTx& tx) { return {Value::Kind::mint, chain::digest32("mint_tx", tx)}; }

chain::tx::Verdict Pool::keep(const chain::tx::Tx& tx) {
    const chain::Hash32 hash = crypto_.hash(tx);
    if (transactions_.contains(hash)) return {};
    // `judge` ends with the ledger's opinion, which counts for pending values only.
    chain::tx::Verdict verdict = chain::tx::judge(crypto_, rules_.chain, ledger_, tx);
    if (verdict.accepted() || verdict.stage == chain::tx::Stage::ledger)
        transactions_.emplace(hash, Known{tx, chain::tx::TxContext::of(crypto_, rules_.chain.fees, tx)});
    return verdict;
}

void Pool::push(const Value& value) {
    if (is_pending_.insert(value).second) pending_.push_back(value);
}

chain::tx::Verdict Pool::submit(const chain::tx::Tx& tx) {
    if (chain::tx::Verdict verdict = keep(tx); !verdict.accepted()) return verdict;
    // It may have been known for long.
    if (const auto fault = chain::tx::check_against_ledger(ledger_, tx))
        return {.stage = chain::tx::Stage::ledger, .code = fault->code, .text = fault->text};
    push(name_of(tx));
    return {};
}

std::optional<chain::MintFault> Pool::submit(const chain::MintConfigTx& tx) {
    if (auto fault = judge(rules_, ledger_, tx)) return fault;
    const Value name = name_of(tx);
    mint_config_txs_.emplace(name.hash, tx);
    push(name);
    return std::nullopt;
}

std::optional<chain::MintFault> Pool::submit(const chain::MintTx& tx) {
    const auto judged = judge(rules_, ledger_, tx);
    if (const auto* fault = std::get_if<chain::MintFault>(&judged)) return *fault;
    const Value name = name_of(tx);
    mint_txs_.emplace(name.hash, tx);
    push(name);
    return std::nullopt;
}

void Pool::learn(const Contents& contents) {
    for (const chain::tx::Tx& tx : contents.transactions) keep(tx);
    for (const chain::MintConfigTx& tx : contents.mint_config_txs)
        mint_config_txs_.emplace(name_of(tx).hash, tx);
    for (const chain::MintTx& tx : contents.mint_txs) mint_txs_.emplace(name_of(tx).hash, tx);
}

Values Pool::missing(const Values& names) const {
    Values out;
    for (const Value& name : names) {
        const bool known = name.kind == Value::Kind::transaction   ? transactions_.contains(name.hash)
                           : name.kind == Value::Kind::mint_config ? mint_config_txs_.contains(name.hash)
                                                                   : mint_txs_.contains(name.hash);
        if (!known) out.push_back(name);
    }
    return out;
}

Contents Pool::contents_of(const Values& names) const {
    Contents out;
    for (const Value& name : names) {
        if (const auto tx = transactions_.find(name.hash); name.kind == Value::Kind::transaction) {
            if (tx != transactions_.end()) out.transactions.push_back(tx->second.tx);
        } else if (const auto config = mint_config_txs_.find(name.hash);
                   name.kind == Value::Kind::mint_config) {
            if (config != mint_config_txs_.end()) out.mint_config_txs.push_back(config->second);
        } else if (const auto mint = mint_txs_.find(name.hash); mint != mint_txs_.end()) {
            out.mint_txs.push_back(mint->second);
        }
    }
    return out;
}

bool Pool::is_valid(const Value& value) {
    switch (value.kind) {
    case Value::Kind::transaction: {
        const auto known = transactions_.find(value.hash);
        return known != transactions_.end() && !chain::tx::check_against_ledger(ledger_, known->second.tx);
    }
    case Value::Kind::mint_config: {
        const auto known = mint_config_txs_.find(value.hash);
        return known != mint_config_txs_.end() && !judge(rules_, ledger_, known->second);
    }
    case Value::Kind::mint: {
        const auto known = mint_txs_.find(value.hash);
        return known != mint_txs_.end() &&
               std::holds_alternative<std::size_t>(judge(rules_, ledger_, known->second));
    }
    }
    return false;
}

Values Pool::combine(const Values& candidates) {
    Values out;
    std::vector<chain::tx::TxContext> contexts;
    for (const Value& value : candidates)
        if (value.kind == Value::Kind::transaction) contexts.push_back(transactions_.at(value.hash).context);
    for (const chain::Hash32& hash : chain::tx::combine(std::move(contexts)))
        out.push_back({Value::Kind::transaction, hash});

    std::set<std::pair<std::uint64_t, chain::Bytes>> nonces;
    std::size_t taken = 0;
    for (const Value& value : candidates) {
        if (value.kind != Value::Kind::mint_config || taken == most_mint_config_txs) continue;
        const chain::MintConfigTxPrefix& prefix = mint_config_txs_.at(value.hash).prefix;
        if (!nonces.emplace(prefix.token_id, prefix.nonce).second) continue;
        out.push_back(value);
        ++taken;
    }
    nonces.clear();
    taken = 0;
    // Limits are judged before the block: one mint of each config keeps them true after it.
    std::set<std::pair<std::uint64_t, std::size_t>> used;
    for (const Value& value : candidates) {
        if (value.kind != Value::Kind::mint || taken == most_mint_txs) continue;
        const chain::MintTx& tx = mint_txs_.at(value.hash);
        const auto judged = judge(rules_, ledger_, tx);
        const std::size_t* const config = std::get_if<std::size_t>(&judged);
        if (config == nullptr || used.contains({tx.prefix.token_id, *config})) continue;
        if (!nonces.emplace(tx.prefix.token_id, tx.prefix.nonce).second) continue;
        used.emplace(tx.prefix.token_id, *config);
        out.push_back(value);
        ++taken;
    }
    return out;
}

Values Pool::to_propose() {
    Values out;
    for (const Value& value : pending_) {
        if (out.size() == most_proposed) break;
        if (is_valid(value)) out.push_back(value);
    }
    return out;
}

std::variant<chain::tx::FormedBlock, std::string> Pool::form(const Values& decided) const {
    chain::tx::BlockInputs inputs;
    for (const Value& value : decided) {
        switch (value.kind) {
        case Value::Kind::transaction:
            inputs.transactions.push_back(transactions_.at(value.hash).tx);
            break;
        case Value::Kind::mint_config: {
            const chain::MintConfigTx& tx = mint_config_txs_.at(value.hash);
            inputs.mint_config_txs.push_back({tx, rules_.governors.at(tx.prefix.token_id)});
            break;
        }
        case Value::Kind::mint:
            inputs.mint_txs.push_back(mint_txs_.at(value.hash));
            break;
        }
    }
    for (const chain::tx::Tx& tx : inputs.transactions)
        if (const chain::tx::Verdict verdict = chain::tx::judge(crypto_, rules_.chain, ledger_, tx);
            !verdict.accepted())
            return verdict.text;
    return chain::tx::form_block(crypto_, rules_.chain, ledger_.last_block(), inputs, ledger_.root());
}

void Pool::finish(const Values& decided) {
    const std::uint64_t blocks = ledger_.num_blocks();
    std::erase_if(transactions_,
                  [&](const auto& known) { return known.second.context.tombstone_block < blocks; });
    std::erase_if(mint_config_txs_,
                  [&](const auto& known) { return known.second.prefix.tombstone_block < blocks; });
    std::erase_if(mint_txs_, [&](const auto& known) { return known.second.prefix.tombstone_block < blocks; });
    const std::set<Value> done(decided.begin(), decided.end());
    std::erase_if(pending_, [&](const Value& value) { return done.contains(value) || !is_valid(value); });
    is_pending_ = {pending_.begin(), pending_.end()};
}

} // namespace engine::consensus
