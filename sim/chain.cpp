#include "sim/chain.hpp"

#include <algorithm>

#include "sim/recovery_db.hpp"
#include "sim/too_many_blocks.hpp"

namespace sim {

using namespace engine::fog;

SimCopy::SimCopy(Core& core, const engine::model::ChainModel& chain, std::string name, std::uint16_t number)
    : core_(core), chain_(chain), name_(std::move(name)), number_(number),
      delays_(open_stream(core.choices, StreamSite::block_delay, number)), moved_(core.scheduler) {}

void SimCopy::release() {
    held_ = false;
    moved_.notify_all();
}

void SimCopy::move(BlockCount count) {
    if (timed_ == count_ && !core_.faults.has<faults::WatcherBehind>(faults::CopyNumber{number_}))
        timed_ = count;
    count_ = count;
    core_.scheduler.touch({Footprint::chain, Footprint::copy(number_)});
    core_.record(NodeId{}, EventKind::copy_advanced, number_, count.value);
}

void SimCopy::release_times() {
    if (!core_.faults.has<faults::WatcherBehind>(faults::CopyNumber{number_})) timed_ = count_;
}

void SimCopy::advance_to(BlockCount count) {
    ENSURE(count <= chain_.height());
    if (count > count_) move(count);
}

Task<> SimCopy::follow() {
    for (;;) {
        while (held_ || count_ >= chain_.height()) co_await moved_.wait("the chain to grow");
        const std::uint32_t delay_ms = 1 + core_.draw_wait(delays_, 64, 0);
        co_await engine::sleep_until(core_.scheduler.now() + std::chrono::milliseconds(delay_ms),
                                     "the next block");
        if (!held_ && count_ < chain_.height()) move(count_.end().count_through());
    }
}

void SimCopy::touch() const { core_.scheduler.touch({Footprint::copy(number_), 0}); }

BlockPtr SimCopy::block(BlockIndex index) const {
    touch();
    if (!count_.includes(index)) return nullptr;
    return chain_.block(index);
}

namespace {

/// A fixed function: arrival is the event.
std::uint64_t signed_at_s(BlockIndex block) { return 1'600'000'000 + 10 * block.value; }

/// Consensus begins with one version and agrees on a newer one after a few blocks.
std::uint32_t version_of(BlockIndex block) { return block.value < 4 ? 3 : 4; }

} // namespace

BlockTime SimCopy::time(BlockIndex index) const {
    touch();
    BlockTime time;
    if (index.value == 0) {
        time.code = BlockTime::Code::found;
    } else if (timed_.includes(index)) {
        time.code = BlockTime::Code::found;
        time.timestamp_s = signed_at_s(index);
    }
    return time;
}

std::optional<OutputPlace> SimCopy::find_output(const engine::chain::PublicKey& public_key) const {
    touch();
    const auto place = chain_.place_of(public_key);
    if (!place || !count_.includes(place->block)) return std::nullopt;
    return place;
}

BlockPtr SimCopy::block_of_output(engine::GlobalIndex index) const {
    touch();
    for (BlockIndex b; count_.includes(b); b = b.next())
        if (index.value < chain_.block(b)->cumulative_txo_count) return chain_.block(b);
    return nullptr;
}

// ------------------------------------------------------------------------------------------------ blocks

namespace {

engine::tell::Coin coin_of(const engine::model::Coin& coin) {
    return {coin.account, coin.amount, coin.block};
}

engine::tell::Appended appended(const LedgerBlock& block, const std::vector<engine::model::Coin>& coins,
                                const engine::model::ChainModel& chain) {
    engine::tell::Appended out;
    out.block = block.index;
    out.outputs = block.outputs.size();
    if (block.index.value == 0) return out; // its coins are nobody's business
    for (const engine::model::Coin& coin : coins) out.paid.push_back(coin_of(coin));
    for (const engine::chain::KeyImage& image : block.key_images)
        if (const auto* spent = chain.coins_with(image))
            for (const std::size_t at : *spent) out.spent.push_back(coin_of(chain.coins().at(at)));
    return out;
}

} // namespace

void SimBlockStore::make_copies(const engine::Roster& roster, const engine::model::ChainModel& chain) {
    chain_ = &chain;
    for (const engine::Roster::Copy& copy : roster.copies())
        copies_.push_back(
            std::make_unique<SimCopy>(core_, chain, copy.name, static_cast<std::uint16_t>(copies_.size())));
}

engine::OriginBlock SimBlockStore::make_origin(const std::vector<engine::Account>& accounts,
                                               engine::chain::ByteSource& bytes) {
    constexpr std::uint64_t picomob = 10'000'000'000'000'000'000ULL; // as init_test_ledger writes it
    const auto& crypto = *core_.options.crypto;
    engine::OriginBlock origin;
    origin.outputs_each = 5;
    origin.block = std::make_shared<LedgerBlock>();
    for (const engine::Account& account : accounts)
        for (std::size_t i = 0; i < origin.outputs_each; ++i) {
            engine::chain::Amount amount;
            amount.value = picomob;
            const auto hint = crypto.fake_hint(bytes);
            origin.block->outputs.push_back(crypto.create_output(bytes, amount, account.address, hint));
        }
    origin.block->cumulative_txo_count = origin.block->outputs.size();
    return origin;
}

std::shared_ptr<LedgerBlock> SimBlockStore::make_block(std::vector<engine::chain::TxOut> outputs,
                                                       std::vector<engine::chain::KeyImage> images,
                                                       engine::chain::ByteSource& bytes) {
    auto block = std::make_shared<LedgerBlock>();
    block->index = chain_->height().end();
    block->version = version_of(block->index);
    block->signed_at_s = signed_at_s(block->index);
    block->cumulative_txo_count = chain_->txo_count(chain_->height()) + outputs.size();
    block->outputs = std::move(outputs);
    if (images.empty()) bytes.fill(images.emplace_back().bytes); // a block burns something
    block->key_images = std::move(images);
    return block;
}

void SimBlockStore::on_block(const LedgerBlock& block, const std::vector<engine::model::Coin>& coins) {
    for (const engine::model::Coin& coin : coins) mark_place(block.index, coin.hint_key);
    core_.probe().mark_if(block.index.value > 0 && std::any_of(coins.begin(), coins.end(),
                                                               [&coins](const engine::model::Coin& coin) {
                                                                   return coin.hint_key !=
                                                                          coins.front().hint_key;
                                                               }),
                          engine::Mark::chain_block_with_hints_to_two_keys);
    core_.record(NodeId{}, EventKind::block_appended, 0, block.index.value, block.outputs.size());
    core_.scheduler.touch({0, Footprint::chain});
    if (core_.takes_notes()) core_.note(NodeId{}, appended(block, coins, *chain_));
    if (block.index.value >= core_.options.block_budget) throw TooManyBlocks();
}

void SimBlockStore::publish() {
    for (const auto& copy : copies_) copy->on_append();
}

std::vector<engine::ChainCopy*> SimBlockStore::copies() {
    std::vector<engine::ChainCopy*> all;
    for (const auto& copy : copies_) all.push_back(copy.get());
    return all;
}

// Where an output is at an edge of something.
void SimBlockStore::mark_place(BlockIndex block, const engine::chain::PublicKey& hint_key) {
    using engine::Mark;
    const engine::Probe probe = core_.probe();
    const engine::Topology& t = core_.options.topology;
    const std::uint64_t next = block.value + 1;
    probe.mark_if(next % t.shard_blocks == 0 && next / t.shard_blocks < t.view_shards,
                  Mark::chain_output_in_the_last_block_of_a_shard);
    probe.mark_if(block.value > 0 && block.value % t.shard_blocks == 0 &&
                      block.value / t.shard_blocks < t.view_shards,
                  Mark::chain_output_in_the_first_block_of_a_shard);
    probe.mark_if(recovery_.is_missed(block), Mark::chain_output_in_a_block_announced_as_missed);
    const auto key = db_.state().keys.find(hint_key);
    if (key == db_.state().keys.end()) return;
    probe.mark_if(key->second.record.expiry == block.next(), Mark::chain_output_in_the_last_block_of_a_key);
    probe.mark_if(key->second.record.lost, Mark::chain_output_for_a_lost_key);
    probe.mark_if(key->second.record.retired, Mark::chain_output_for_a_retired_key);
    for (const ReportRow& report : db_.state().reports)
        probe.mark_if(report.ingress_key == hint_key && report.expiry <= block &&
                          block < key->second.record.expiry,
                      Mark::chain_output_beyond_the_newest_report);
}

} // namespace sim
