#include "engine/world/wallet.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/check/excuse.hpp"
#include "engine/stream_site.hpp"
#include "engine/world/world_body.hpp"

namespace engine {

using fog::BalanceReport;

std::string WalletDevice::why_failed(const Error& error) const {
    return fmt::format("{}: {}", error.origin, name(error.code));
}

JudgedWallet::JudgedWallet(WorldBody& world, AccountId account, std::uint32_t number)
    : world_(world), id_(world.roster().wallet(number)), account_(account), number_(number),
      life_(world.new_life()), device_(world.make_wallet(id_, account)),
      kills_(open_stream(world.choices(), StreamSite::wallet_death, static_cast<std::uint16_t>(id_.value))) {}

Task<Result<BalanceReport>> JudgedWallet::poll() {
    const Instant begun = world_.now();
    const std::uint32_t life = life_;
    Result<BalanceReport> result = co_await device_->check();
    world_.on_poll(*this, result);
    if (!result) co_return co_await judge_failure(result.error(), begun);
    world_.checks().held(CheckId::crash);
    if (life != life_) co_return Error{Code::unknown, "a wallet that was restarted meanwhile"};
    last_ = *result;
    world_.on_report(*this, *result);
    world_.reports().on_report(life_, account_, *result);
    if (world_.checks().any_violation()) co_await device_->look_inside();
    // To a wallet a view outage is no error but a count that stays where it is.
    if (world_.pause_after_trouble() != Duration::zero() && result->count < world_.chain().height() &&
        world_.is_level() && world_.is_troubled(begun))
        co_await world_.sleep(world_.pause_after_trouble());
    co_return result;
}

Task<Result<BalanceReport>> JudgedWallet::judge_failure(Error error, Instant begun) {
    // What it would show now, from what it has stored, is true all the same.
    if (const std::optional<BalanceReport> stored = device_->stored())
        world_.reports().on_report(life_, account_, *stored);
    check::FailedCheck failed{id_, account_, error, device_->why_failed(error), begun};
    // Whoever polls again at once would poll a thousand times before the connections are back.
    if (check::judge_failed_check(world_.checks(), std::move(failed)) &&
        world_.pause_after_trouble() != Duration::zero())
        co_await world_.sleep(world_.pause_after_trouble());
    co_return error;
}

Task<> JudgedWallet::poll_in_vain() { (void)co_await poll(); }

// The process dies wherever it is after a drawn time; what it knew is gone.
Task<> JudgedWallet::poll_and_kill() {
    Nursery nursery(world_.loop(), id_);
    nursery.spawn("doomed check", poll_in_vain());
    const std::uint32_t life_us = kills_.below(20'000);
    co_await sleep_until(world_.now() + std::chrono::microseconds(life_us), "a wallet's death");
    nursery.kill_all();
    co_await device_->bury();
    restart();
}

void JudgedWallet::restart() {
    life_ = world_.new_life();
    last_.reset();
    device_->forget();
}

void JudgedWallet::judge_final() {
    if (!last_) return;
    world_.on_final(*this, *last_);
    world_.reports().on_final(life_, account_, *last_);
}

// What an owner needs to spend an output; where answers are judged, this one is on its way.
Task<> JudgedWallet::ask_for_proof(chain::PublicKey output) {
    const auto place = world_.chain().model().place_of(output);
    if (!place) co_return;
    std::vector<GlobalIndex> indices(1, place->index);
    const Result<fog::OutputsAnswer> proofs = co_await device_->ledger().outputs(std::move(indices));
    (void)proofs; // an outage is the caller's business
}

Task<Result<fog::Wallet::Landing>> JudgedWallet::landing(const PreparedPayment& payment) {
    const chain::PublicKey key = payment.output.public_key;
    const BlockIndex tombstone = payment.tombstone;
    Result<fog::Wallet::Landing> result = co_await device_->landing(key, tombstone);
    if (!result) co_return result;
    world_.on_landing(*this, key, tombstone, *result);
    check::judge_landing(world_.checks(), world_.chain().model(), key, tombstone, *result);
    if (result->verdict == fog::Wallet::Landing::Verdict::landed) co_await ask_for_proof(key);
    co_return result;
}

// As a wallet does that builds a payment: rings of several outputs, one of them not there yet, and so on.
Task<> JudgedWallet::inquire(std::uint64_t from) {
    const model::ChainModel& chain = world_.chain().model();
    fog::LedgerApi& ledger = device_->ledger();
    const std::uint64_t outputs = chain.txo_count(chain.height());
    const std::uint64_t first = from % outputs;

    const std::vector<GlobalIndex> indices{GlobalIndex{first}, GlobalIndex{outputs - 1},
                                           GlobalIndex{outputs / 2}, GlobalIndex{outputs + 1}};
    const Result<fog::OutputsAnswer> proofs = co_await ledger.outputs(indices);
    (void)proofs; // judged where it is given or arrives; an outage is nobody's business

    std::vector<chain::PublicKey> keys;
    std::vector<chain::KeyImage> images;
    const std::vector<model::Coin>& coins = chain.coins();
    const std::size_t some = std::min<std::size_t>({coins.size(), 3, world_.topology().wallet_images});
    for (std::size_t i = 0; i < some; ++i) {
        const model::Coin& coin = coins[coins.size() - 1 - i];
        keys.push_back(coin.public_key);
        images.push_back(coin.image);
    }
    keys.push_back(account_of(world_.accounts(), account_).address.view_public); // of no output
    const Result<fog::TxOutStatusAnswer> status = co_await ledger.tx_outs(keys);
    (void)status; // judged where it is given or arrives; an outage is nobody's business

    std::vector<BlockRange> ranges;
    const std::uint64_t block = from % chain.height().value;
    ranges.push_back({BlockIndex{block}, BlockIndex{block + 1}});
    if (world_.topology().wallet_blocks >= 3) // what one message holds
        ranges.push_back({BlockIndex{block + 2}, BlockIndex{block + 4}});
    const Result<fog::BlocksAnswer> blocks = co_await ledger.blocks(ranges);
    (void)blocks; // judged where it is given or arrives; an outage is nobody's business

    const Result<fog::KeyImagesAnswer> spent = co_await ledger.key_images(images);
    (void)spent; // judged where it is given or arrives; an outage is nobody's business
}

} // namespace engine
