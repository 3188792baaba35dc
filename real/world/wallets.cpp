#include "real/world/wallets.hpp"

#include <fmt/format.h>

#include "real/world/real_world.hpp"

namespace real {

using namespace engine;
using engine::check::CheckId;
using engine::check::Violation;
using engine::fog::BalanceReport;

namespace {

/// How long a wallet may show no block before the services are asked what they have told it.
constexpr Duration patience_with_the_blind = 3s;

/// After a check that failed or showed less than it could while something is wrong: whoever polls again at
/// once would poll a thousand times before the connections are back.
constexpr Duration pause_after_failure = 500ms;

} // namespace

RealWallet::RealWallet(RealWorld& world, AccountId account, std::uint32_t number)
    : world_(world), id_(world.roster().wallet(number)), account_(account), number_(number),
      life_(world.lives_++) {
    if (account.value >= world.accounts_.size())
        throw UsageError(fmt::format("the scenario needs account {}, the topology has {}", account.value,
                                     world.accounts_.size()));
}

Task<grpc::Outcome<grpc::BalanceCheck>> RealWallet::ask() {
    grpc::RemoteWalletClient& client = *world_.wallet_client_;
    if (client_id_) co_return co_await client.followup_balance_check(*client_id_);
    grpc::FreshBalanceRequest request;
    const Account& account = world_.accounts_[account_.value];
    request.mnemonic = account.mnemonic;
    request.account_index = account.account_index;
    request.fog_uri =
        world_.options_.fog_uri.empty() ? world_.deployment_.fog_uri() : world_.options_.fog_uri;
    co_return co_await client.fresh_balance_check(std::move(request));
}

Task<Result<BalanceReport>> RealWallet::poll() {
    const RealWorld::Stopwatch watch(world_, Phase::checks);
    std::string excuse = world_.excuse_of_wallets();
    const std::uint64_t disturbances_before = world_.disturbances_;
    const std::uint32_t life = life_;
    const grpc::Outcome<grpc::BalanceCheck> answer = co_await ask();
    if (!answer) {
        const Error error{answer.error().reason, "remote_wallet.RemoteWalletApi"};
        if (excuse.empty()) excuse = world_.excuse_of_wallets();
        if (excuse.empty() && disturbances_before != world_.disturbances_)
            excuse = "something was done to a service meanwhile";
        const std::string text = fmt::format("a balance check of account {} fails: {}: {}", account_.value,
                                             grpc::name(answer.error().code), answer.error().text);
        if (!excuse.empty()) {
            world_.excuses_.push_back(fmt::format("{} ({})", text, excuse));
            co_await world_.sleep(pause_after_failure);
            co_return error;
        }
        if (!world_.some_wallet_works_) {
            const std::optional<std::string> refusal = co_await world_.refusal_of_wallets();
            if (refusal) throw BrokenSurroundings(fmt::format("{}; {}", *refusal, text));
        }
        Violation violation;
        violation.check = CheckId::crash;
        violation.account = account_;
        violation.text = text + ", without a fault";
        world_.checks_.violated(std::move(violation));
        co_return error;
    }
    world_.checks_.held(CheckId::crash);
    if (life != life_) co_return Error{Code::unknown, "a wallet that was restarted meanwhile"};
    client_id_ = answer->client_id;
    BalanceReport report;
    report.count = BlockCount{answer->block_count};
    report.by_token[0] = answer->balance;
    last_ = report;
    world_.log_.report(life_, account_, report);
    if (report.count > BlockCount{}) world_.some_wallet_works_ = true;
    if (!world_.some_wallet_works_ && excuse.empty() && world_.is_level()) {
        if (!world_.wallets_blind_since_) world_.wallets_blind_since_ = world_.now();
        if (world_.now() - *world_.wallets_blind_since_ > patience_with_the_blind) {
            const std::optional<std::string> refusal = co_await world_.refusal_of_wallets();
            if (refusal) throw BrokenSurroundings(*refusal);
        }
    }
    const bool clean_before = !world_.checks_.any_violation();
    if (report.count > world_.chain_->height()) {
        Violation violation;
        violation.check = CheckId::balance;
        violation.account = account_;
        violation.count = report.count;
        violation.shown = report.value();
        violation.text =
            fmt::format("account {} shows {} at block count {}, and the chain has {} blocks", account_.value,
                        answer->balance, answer->block_count, world_.chain_->height().value);
        world_.checks_.violated(std::move(violation));
    } else {
        world_.reports_->on_report(life_, account_, report);
    }
    if (clean_before && world_.checks_.any_violation()) co_await fetch_debug();
    // To a wallet a view outage is no error but a count that stays where it is.
    if (report.count < world_.chain_->height() && world_.is_level() &&
        (!excuse.empty() || !world_.excuse_of_wallets().empty()))
        co_await world_.sleep(pause_after_failure);
    co_return report;
}

Task<> RealWallet::fetch_debug() {
    if (!client_id_) co_return;
    const grpc::Outcome<std::string> text = co_await world_.wallet_client_->debug(*client_id_);
    debug_ = text ? *text : "Debug failed: " + text.error().text;
    world_.options_.progress(fmt::format("the wallet says of itself: {}", debug_));
}

Task<> RealWallet::ask_in_vain() {
    const grpc::Outcome<grpc::BalanceCheck> answer = co_await ask();
    if (answer && !client_id_) client_id_ = answer->client_id;
}

// The call is cancelled wherever it is, and the wallet is never asked again.
Task<> RealWallet::poll_and_kill() {
    world_.disturbed();
    {
        engine::Nursery nursery(world_.loop_, NodeId{});
        nursery.spawn("doomed check", ask_in_vain());
        Stream kills(world_.choices_, Domain::fault, static_cast<std::uint16_t>(number_), 1000);
        const std::uint32_t life_us = kills.below(20'000);
        co_await engine::sleep_until(world_.now() + std::chrono::microseconds(life_us), "a wallet's death");
        nursery.kill_all();
    }
    if (client_id_) {
        const std::uint32_t id = *client_id_;
        (void)co_await world_.wallet_client_->stop(id);
    }
    restart();
}

void RealWallet::restart() {
    life_ = world_.lives_++;
    last_.reset();
    client_id_.reset();
}

std::string RealWallet::debug_text() const {
    return debug_.empty() ? "ask the wallet itself: Debug was not called" : debug_;
}

void RealWallet::judge_final() {
    if (!last_) return;
    world_.log_.final_report(life_, account_, *last_);
    world_.reports_->on_final(life_, account_, *last_);
}

// A wallet in another process cannot be asked this, so the harness asks the ledger as a sender would.
Task<Result<fog::Wallet::Landing>> RealWallet::landing(const PreparedPayment& payment) {
    const chain::PublicKey key = payment.output.public_key;
    const BlockIndex tombstone = payment.tombstone;
    fog::Wallet sender(world_.host_, world_.accounts_[account_.value].keys, *world_.view_client_,
                       *world_.ledger_client_);
    Result<fog::Wallet::Landing> result = co_await sender.landing(key, tombstone);
    if (!result) co_return result;
    world_.log_.landing(key, tombstone, *result);
    check::judge_landing(world_.checks_, world_.chain_->model(), key, tombstone, *result);
    co_return result;
}

} // namespace real
