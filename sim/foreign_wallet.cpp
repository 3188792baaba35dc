#include "sim/foreign_wallet.hpp"

#include <utility>

namespace sim {

using engine::fog::BalanceReport;

namespace {

thread_local ForeignWallets* installed = nullptr;

} // namespace

ForeignWalletsInstalled::ForeignWalletsInstalled(ForeignWallets& wallets) noexcept
    : before_(std::exchange(installed, &wallets)) {}
ForeignWalletsInstalled::~ForeignWalletsInstalled() { installed = before_; }
ForeignWallets* ForeignWalletsInstalled::current() noexcept { return installed; }

ForeignWallet::ForeignWallet(SimWorld& world, NodeId id, std::uint32_t number, engine::AccountId account,
                             ForeignWallets& wallets)
    : world_(world), id_(id), number_(number), account_(account), wallets_(wallets),
      host_(world.core(), id, &abort_wish_), view_(world.surroundings(), id, *world.view_),
      ledger_(world.surroundings(), id, *world.ledger_), one_check_(world.core().scheduler) {
    sender_.emplace(host_, engine::account_of(world.accounts(), account).keys, view_, ledger_,
                    engine::fog::WalletConfig());
}

ForeignWallet::~ForeignWallet() { wallets_.end_life(number_); }

void ForeignWallet::remember(const std::optional<engine::Error>& error) {
    if (error && error->injected() && !struck_) struck_ = error->cause;
}

Task<> ForeignWallet::carry(ForeignRequest request) {
    const std::uint64_t number = request.number;
    std::optional<ForeignAnswer> answer;
    std::optional<engine::Error> error;
    // One branch for each alternative: a generic visitor would be a coroutine lambda.
    if (auto* query = std::get_if<0>(&request.question)) {
        Result<engine::fog::ViewAnswer> got = co_await view_.query(std::move(*query));
        if (!got) error = got.error();
        answer.emplace(std::in_place_index<0>, std::move(got));
    } else if (auto* images = std::get_if<1>(&request.question)) {
        Result<engine::fog::KeyImagesAnswer> got = co_await ledger_.key_images(std::move(*images));
        if (!got) error = got.error();
        answer.emplace(std::in_place_index<1>, std::move(got));
    } else if (auto* ranges = std::get_if<2>(&request.question)) {
        Result<engine::fog::BlocksAnswer> got = co_await ledger_.blocks(std::move(*ranges));
        if (!got) error = got.error();
        answer.emplace(std::in_place_index<2>, std::move(got));
    } else if (auto* indices = std::get_if<3>(&request.question)) {
        Result<engine::fog::OutputsAnswer> got = co_await ledger_.outputs(std::move(*indices));
        if (!got) error = got.error();
        answer.emplace(std::in_place_index<3>, std::move(got));
    } else {
        Result<engine::fog::TxOutStatusAnswer> got =
            co_await ledger_.tx_outs(std::move(std::get<4>(request.question)));
        if (!got) error = got.error();
        answer.emplace(std::in_place_index<4>, std::move(got));
    }
    remember(error);
    wallets_.answer(number_, number, std::move(*answer));
}

Result<BalanceReport> ForeignWallet::conclude(ForeignCheck check) {
    if (check.report) return std::move(*check.report);
    why_failed_ = std::move(check.why);
    return engine::Error{check.code, "remote_wallet.RemoteWalletApi", struck_};
}

// A wallet that is too old for what it is told may say so; whose answers are as they should be is excused by
// the fault, as the simulator's own is.
Task<Result<BalanceReport>> ForeignWallet::check() {
    const engine::Mutex::Lock lock = co_await one_check_.lock("another check of the same wallet");
    const FaultTable& faults = world_.core().faults;
    const std::uint32_t life = life_;
    struck_ = faults.strike<faults::OutdatedWallet>(id_);
    engine::Nursery requests(world_.core().scheduler, id_);
    wallets_.begin_check(number_, account_);
    for (;;) {
        std::optional<ForeignEvent> event;
        if (requests.running() == 0)
            event = wallets_.next(number_);
        else
            event = wallets_.look(number_);
        if (event) {
            if (auto* ended = std::get_if<ForeignCheck>(&*event)) {
                if (!struck_) struck_ = faults.strike<faults::OutdatedWallet>(id_);
                co_return conclude(std::move(*ended));
            }
            Task<> carrying = carry(std::move(std::get<ForeignRequest>(*event)));
            requests.spawn("a foreign wallet's request", std::move(carrying));
            continue; // there may be more of them
        }
        co_await requests.any_ended();
        if (life != life_) co_return engine::Error{engine::Code::unknown, "a wallet that was restarted"};
    }
}

void ForeignWallet::forget() {
    ++life_;
    wallets_.end_life(number_);
}

Task<> ForeignWallet::bury() {
    wallets_.end_life(number_);
    co_return;
}

Task<> ForeignWallet::look_inside() {
    if (world_.core().takes_notes()) debug_ = wallets_.debug(number_);
    co_return;
}

} // namespace sim
