#include "engine/world/chain.hpp"

#include <algorithm>

#include "engine/stream_site.hpp"

namespace engine {

CanonicalChain::CanonicalChain(const std::vector<Account>& accounts, const chain::Crypto& crypto,
                               Choices& choices, BlockStore& store, AskReport ask_report, Probe probe)
    : accounts_(accounts), crypto_(crypto), store_(store), ask_report_(std::move(ask_report)), probe_(probe),
      bytes_(open_stream(choices, StreamSite::node_bytes, 0)) {}

chain::TxOut CanonicalChain::build(AccountId to, chain::Amount amount, std::uint64_t subaddress,
                                   const chain::PublicKey& hint_key) {
    const Account& account = account_of(accounts_, to);
    // A hint names the default address, also for change.
    const auto hint = crypto_.encrypt_hint(bytes_, hint_key, account.address.view_public);
    ENSURE(hint.has_value());
    if (subaddress == chain::default_subaddress)
        return crypto_.create_output(bytes_, amount, account.address, *hint);
    return crypto_.create_output(bytes_, amount, crypto_.subaddress(account.keys, subaddress), *hint);
}

model::Coin CanonicalChain::coin_for(AccountId to, const chain::TxOut& output,
                                     const chain::PublicKey& hint_key) const {
    const Account& account = account_of(accounts_, to);
    const auto record = crypto_.make_record(output, GlobalIndex{}, BlockIndex{}, 0);
    const auto opened = crypto_.open_output(account.keys, account.subaddresses, record);
    ENSURE(opened.has_value());
    model::Coin coin;
    coin.account = to;
    coin.amount = opened->amount;
    coin.public_key = output.public_key;
    coin.image = opened->key_image;
    coin.hint_key = hint_key;
    return coin;
}

std::vector<CoinRef> CanonicalChain::append_block(std::shared_ptr<fog::LedgerBlock> block,
                                                  std::vector<model::Coin> coins) {
    ENSURE(block->index == height().end());
    const std::uint64_t first = block->first_output().value;
    std::vector<CoinRef> refs;
    for (std::size_t i = 0; i < coins.size(); ++i) {
        coins[i].block = block->index;
        coins[i].index = GlobalIndex{first + i};
        refs.push_back({model_.coins().size() + i});
    }
    store_.on_block(*block, coins);
    model_.append(std::move(block), std::move(coins));
    store_.publish();
    return refs;
}

void CanonicalChain::begin() {
    OriginBlock origin = store_.make_origin(accounts_, bytes_);
    std::vector<model::Coin> coins;
    for (std::size_t i = 0; i < origin.block->outputs.size(); ++i) {
        const std::size_t owner = i / origin.outputs_each;
        if (owner >= accounts_.size()) break;
        coins.push_back(coin_for(AccountId{static_cast<std::uint32_t>(owner)}, origin.block->outputs[i], {}));
    }
    (void)append_block(std::move(origin.block), std::move(coins));
}

Task<Result<chain::PublicKey>> CanonicalChain::refresh_hint_key() {
    const Result<Hint> hint = co_await ask_report_();
    if (!hint) co_return hint.error();
    hint_ = *hint;
    co_return hint->key;
}

Task<AppendedBlock> CanonicalChain::append(BlockPlan plan) {
    const bool needs_report = std::any_of(plan.credits.begin(), plan.credits.end(),
                                          [](const Credit& credit) { return !credit.hint_key; });
    if (needs_report && (!hint_ || hint_->expiry <= height().end())) {
        const Result<chain::PublicKey> refreshed = co_await refresh_hint_key();
        if (!refreshed) hint_.reset();
    }
    AppendedBlock appended;
    appended.index = height().end();
    std::vector<chain::TxOut> outputs;
    std::vector<model::Coin> coins;
    for (const Credit& credit : plan.credits) {
        chain::PublicKey key;
        if (credit.hint_key) {
            key = *credit.hint_key;
        } else {
            if (!hint_ || hint_->expiry <= appended.index) continue; // consensus: tombstone block exceeded
            key = hint_->key;
        }
        chain::Amount amount;
        amount.value = credit.amount;
        amount.token_id = credit.token_id;
        outputs.push_back(build(credit.to, amount, credit.subaddress, key));
        coins.push_back(coin_for(credit.to, outputs.back(), key));
        ENSURE(coins.back().amount == amount);
    }
    std::vector<chain::KeyImage> images;
    for (const CoinRef spend : plan.spends) {
        const model::Coin& spent = model_.coins().at(spend.index);
        probe_.mark_if(spent.block.next() == appended.index, Mark::chain_coin_spent_in_the_next_block);
        images.push_back(spent.image);
    }
    auto block = store_.make_block(std::move(outputs), std::move(images), bytes_);
    appended.credits = append_block(std::move(block), std::move(coins));
    co_return appended;
}

Task<Result<PreparedPayment>> CanonicalChain::prepare(AccountId to, std::uint64_t amount,
                                                      std::uint64_t tombstone_blocks) {
    const Result<Hint> hint = co_await ask_report_();
    if (!hint) co_return hint.error();
    PreparedPayment payment;
    payment.to = to;
    payment.amount.value = amount;
    payment.hint_key = hint->key;
    payment.output = build(to, payment.amount, chain::default_subaddress, hint->key);
    // The smaller of what the sender asked for and what the report allows.
    payment.tombstone = std::min(BlockIndex{height().value + tombstone_blocks}, hint->expiry);
    co_return payment;
}

Task<std::vector<CoinRef>> CanonicalChain::submit(std::vector<PreparedPayment> payments) {
    std::vector<chain::TxOut> outputs;
    std::vector<model::Coin> coins;
    for (PreparedPayment& payment : payments) {
        if (height().end() >= payment.tombstone) continue;
        coins.push_back(coin_for(payment.to, payment.output, payment.hint_key));
        ENSURE(coins.back().amount == payment.amount);
        outputs.push_back(std::move(payment.output));
    }
    auto block = store_.make_block(std::move(outputs), {}, bytes_);
    co_return append_block(std::move(block), std::move(coins));
}

} // namespace engine
