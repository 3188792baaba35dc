#include "real/world/wallets.hpp"

#include <fmt/format.h>

#include "real/world/real_world.hpp"

namespace real {

using namespace engine;
using engine::fog::BalanceReport;

namespace {

/// How long a wallet may show no block before the services are asked what they have told it.
constexpr Duration patience_with_the_blind = 3s;

} // namespace

RealWallet::RealWallet(RealWorld& world, AccountId account) : world_(world), account_(account) {
    (void)account_of(world.accounts(), account);
}

Task<grpc::Outcome<grpc::BalanceCheck>> RealWallet::ask() {
    grpc::RemoteWalletClient& client = *world_.wallet_client_;
    if (client_id_) co_return co_await client.followup_balance_check(*client_id_);
    grpc::FreshBalanceRequest request;
    const KeyFile& account = world_.key_files_.at(account_.value);
    request.mnemonic = account.mnemonic;
    request.account_index = account.account_index;
    request.fog_uri =
        world_.options_.fog_uri.empty() ? world_.deployment_.fog_uri() : world_.options_.fog_uri;
    co_return co_await client.fresh_balance_check(std::move(request));
}

Task<bool> RealWallet::ask_into(std::optional<grpc::Outcome<grpc::BalanceCheck>>* answer) {
    grpc::Outcome<grpc::BalanceCheck> got = co_await ask();
    answer->emplace(std::move(got));
    co_return true;
}

Task<bool> RealWallet::tell_while_it_hangs() {
    const Instant begun = world_.now();
    for (;;) {
        co_await sleep_until(world_.now() + 10s, "a wallet's answer");
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(world_.now() - begun).count();
        world_.options_.progress(fmt::format(
            "the wallet has not answered a balance check of account {} for {} s", account_.value, seconds));
    }
}

Task<Result<BalanceReport>> RealWallet::check() {
    const RealWorld::Stopwatch watch(world_, Phase::checks);
    const Waits::One wait(world_.waits_, fmt::format("a balance check of account {}", account_.value));
    const std::uint32_t life = life_;
    const Instant begun = world_.now();
    std::optional<grpc::Outcome<grpc::BalanceCheck>> answered;
    Task<bool> asks = ask_into(&answered);
    Task<bool> tells = tell_while_it_hangs();
    (void)co_await race(world_.loop_, NodeId{}, std::move(asks), std::move(tells));
    const grpc::Outcome<grpc::BalanceCheck>& answer = answered.value();
    if (!answer) {
        const std::string why = fmt::format("{}: {}", grpc::name(answer.error().code), answer.error().text);
        // A wallet in whatever language names the service that failed it, or does not.
        RealWorld::Side side = RealWorld::Side::either;
        const bool names_view = answer.error().text.find("fog_view") != std::string::npos;
        const bool names_ledger = answer.error().text.find("fog_ledger") != std::string::npos;
        if (names_view != names_ledger) side = names_view ? RealWorld::Side::view : RealWorld::Side::ledger;
        Error error{answer.error().reason, "remote_wallet.RemoteWalletApi"};
        error.cause = world_.cause_on_the_way(side, begun);
        if (!world_.some_wallet_works_ && !error.injected()) {
            const std::optional<std::string> refusal = co_await world_.refusal_of_wallets();
            if (refusal)
                throw BrokenSurroundings(fmt::format("{}; a balance check of account {} fails: {}", *refusal,
                                                     account_.value, why));
        }
        why_failed_ = why;
        co_return error;
    }
    if (life == life_) client_id_ = answer->client_id;
    BalanceReport report;
    report.count = BlockCount{answer->block_count};
    report.by_token[0] = answer->balance;
    if (report.count > BlockCount{}) world_.some_wallet_works_ = true;
    if (!world_.some_wallet_works_ && !world_.is_troubled(begun) && world_.is_level()) {
        if (!world_.wallets_blind_since_) world_.wallets_blind_since_ = world_.now();
        if (world_.now() - *world_.wallets_blind_since_ > patience_with_the_blind) {
            const std::optional<std::string> refusal = co_await world_.refusal_of_wallets();
            if (refusal) throw BrokenSurroundings(*refusal);
        }
    }
    co_return report;
}

void RealWallet::forget() {
    ++life_;
    client_id_.reset();
}

// The call was cancelled wherever it was, and the wallet is never asked again.
Task<> RealWallet::bury() {
    if (!client_id_) co_return;
    const std::uint32_t id = *client_id_;
    (void)co_await world_.wallet_client_->stop(id);
}

Task<> RealWallet::look_inside() {
    if (!client_id_) co_return;
    const grpc::Outcome<std::string> text = co_await world_.wallet_client_->debug(*client_id_);
    debug_ = text ? *text : "Debug failed: " + text.error().text;
    world_.options_.progress(fmt::format("the wallet says of itself: {}", debug_));
}

std::string RealWallet::debug_text() const {
    return debug_.empty() ? "ask the wallet itself: Debug was not called" : debug_;
}

fog::LedgerApi& RealWallet::ledger() { return *world_.judged_ledger_; }

// A wallet in another process cannot be asked this, so the harness asks the ledger as a sender would.
Task<Result<fog::Wallet::Landing>> RealWallet::landing(chain::PublicKey output, BlockIndex tombstone) {
    fog::Wallet sender(world_.host_, account_of(world_.accounts(), account_).keys, *world_.judged_view_,
                       *world_.judged_ledger_);
    co_return co_await sender.landing(output, tombstone);
}

} // namespace real
