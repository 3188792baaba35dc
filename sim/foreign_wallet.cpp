#include "sim/foreign_wallet.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace sim {

using engine::fog::BalanceReport;

namespace {

thread_local ForeignWallets* installed = nullptr;
// Of the world that the thread has now: gone with the last of its wallets.
thread_local std::weak_ptr<engine::Mutex> turn_of_world;

std::shared_ptr<engine::Mutex> turn_in(SimWorld& world, const ForeignWallets& wallets) {
    if (!wallets.one_check_at_a_time()) return nullptr;
    std::shared_ptr<engine::Mutex> turn = turn_of_world.lock();
    if (!turn) {
        turn = std::make_shared<engine::Mutex>(world.core().scheduler);
        turn_of_world = turn;
    }
    return turn;
}

// In the place of a result.
bool holds_an_error(const engine::fog::ViewAnswer& answer) {
    using engine::fog::SearchCode;
    return std::any_of(answer.results.begin(), answer.results.end(), [](const auto& result) {
        return result.code == SearchCode::internal_error || result.code == SearchCode::rate_limited;
    });
}
bool holds_an_error(const engine::fog::KeyImagesAnswer& answer) {
    return std::any_of(answer.results.begin(), answer.results.end(),
                       [](const auto& result) { return result.code == engine::fog::KeyImageCode::error; });
}
bool holds_an_error(const std::vector<engine::fog::ReportRow>&) { return false; }
// A block that cannot be read is left out.
bool holds_an_error(const engine::fog::BlocksAnswer&) { return false; }
bool holds_an_error(const engine::fog::OutputsAnswer& answer) {
    return std::any_of(answer.results.begin(), answer.results.end(), [](const auto& result) {
        return result.code == engine::fog::OutputResult::Code::database_error;
    });
}
bool holds_an_error(const engine::fog::TxOutStatusAnswer& answer) {
    return std::any_of(answer.results.begin(), answer.results.end(), [](const auto& result) {
        return result.code == engine::fog::TxOutStatus::Code::database_error;
    });
}

} // namespace

ForeignWalletsInstalled::ForeignWalletsInstalled(ForeignWallets& wallets) noexcept
    : before_(std::exchange(installed, &wallets)) {}
ForeignWalletsInstalled::~ForeignWalletsInstalled() { installed = before_; }
ForeignWallets* ForeignWalletsInstalled::current() noexcept { return installed; }

ForeignWallet::ForeignWallet(SimWorld& world, NodeId id, std::uint32_t number, engine::AccountId account,
                             ForeignWallets& wallets)
    : world_(world), id_(id), number_(number), account_(account), wallets_(wallets),
      host_(world.core(), id, &abort_wish_), view_(world.surroundings(), id, *world.view_),
      ledger_(world.surroundings(), id, *world.ledger_), one_check_(world.core().scheduler),
      turn_(turn_in(world, wallets)) {}

ForeignWallet::~ForeignWallet() { wallets_.end_life(number_); }

Task<Result<engine::fog::Wallet::Landing>> ForeignWallet::landing(engine::chain::PublicKey output,
                                                                  BlockIndex tombstone) {
    if (!sender_) // few wallets send, and its keys take their time
        sender_.emplace(host_, engine::account_of(world_.accounts(), account_).keys, view_, ledger_,
                        engine::fog::WalletConfig());
    co_return co_await sender_->landing(output, tombstone);
}

// What was done to fog comes first.  Where nobody has done anything, an answer that only asks to come again
// is fog's own; one that says that the request is wrong is the program's.
template <class Answer>
void ForeignWallet::remember(const Result<Answer>& answer, NodeId service) {
    if (!answer && answer.error().injected()) {
        if (!struck_) struck_ = answer.error().cause;
        return;
    }
    // Silence is no answer.
    const bool is_good =
        answer ? !holds_an_error(*answer)
               : !engine::is_transient(answer.error()) || answer.error().code == engine::Code::unknown;
    if (answered_ || is_good) return;
    answered_.what = Cause::What::answered;
    answered_.place = Cause::Place::link;
    answered_.from = id_;
    answered_.to = service;
    answered_.since = answered_.until = world_.core().scheduler.now();
}

Task<> ForeignWallet::carry(ForeignRequest request) {
    const std::uint64_t number = request.number;
    const NodeId view = world_.view_->id();
    const NodeId ledger = world_.ledger_->id();
    std::optional<ForeignAnswer> answer;
    // One branch for each alternative: a generic visitor would be a coroutine lambda.
    if (auto* query = std::get_if<0>(&request.question)) {
        Result<engine::fog::ViewAnswer> got = co_await view_.query(std::move(*query));
        remember(got, view);
        answer.emplace(std::in_place_index<0>, std::move(got));
    } else if (auto* images = std::get_if<1>(&request.question)) {
        Result<engine::fog::KeyImagesAnswer> got = co_await ledger_.key_images(std::move(*images));
        remember(got, ledger);
        answer.emplace(std::in_place_index<1>, std::move(got));
    } else if (auto* ranges = std::get_if<2>(&request.question)) {
        Result<engine::fog::BlocksAnswer> got = co_await ledger_.blocks(std::move(*ranges));
        remember(got, ledger);
        answer.emplace(std::in_place_index<2>, std::move(got));
    } else if (auto* indices = std::get_if<3>(&request.question)) {
        Result<engine::fog::OutputsAnswer> got = co_await ledger_.outputs(std::move(*indices));
        remember(got, ledger);
        answer.emplace(std::in_place_index<3>, std::move(got));
    } else if (auto* keys = std::get_if<4>(&request.question)) {
        Result<engine::fog::TxOutStatusAnswer> got = co_await ledger_.tx_outs(std::move(*keys));
        remember(got, ledger);
        answer.emplace(std::in_place_index<4>, std::move(got));
    } else {
        Result<std::vector<engine::fog::ReportRow>> got = co_await ask_for_reports();
        remember(got, world_.report_->id());
        answer.emplace(std::in_place_index<5>, std::move(got));
    }
    wallets_.answer(number_, number, std::move(*answer));
}

Task<Result<std::vector<engine::fog::ReportRow>>> ForeignWallet::ask_for_reports() {
    struct Nothing {};
    auto* invoke = +[](SimReportServer& server, Nothing) { return server.api()->reports(); };
    auto unobserved = [](const Nothing&, const std::vector<engine::fog::ReportRow>&) {};
    Network& network = world_.surroundings().network;
    co_return co_await network.call<std::vector<engine::fog::ReportRow>>(
        id_, *world_.report_, Method::get_reports, invoke, Nothing{}, unobserved);
}

Result<BalanceReport> ForeignWallet::conclude(ForeignCheck check) {
    if (check.report) return std::move(*check.report);
    why_failed_ = std::move(check.why);
    return engine::Error{check.code, "remote_wallet.RemoteWalletApi", struck_ ? struck_ : answered_};
}

// A check may run beside the story, which does not wait for it: when the program goes, the run ends here.
template <class Call>
auto ForeignWallet::unless_gone(Call call) {
    try {
        return call();
    } catch (const WalletGone&) {
        world_.telling_.error = std::current_exception();
        throw;
    }
}

// A wallet that is too old for what it is told may say so; whose answers are as they should be is excused by
// the fault, as the simulator's own is.
Task<Result<BalanceReport>> ForeignWallet::check() {
    const engine::Mutex::Lock lock = co_await one_check_.lock("another check of the same wallet");
    engine::Mutex::Lock turn;
    if (turn_) turn = co_await turn_->lock("a check of another wallet of the same program");
    const FaultTable& faults = world_.core().faults;
    const std::uint32_t life = life_;
    struck_ = faults.strike<faults::OutdatedWallet>(id_);
    answered_ = {};
    engine::Nursery requests(world_.core().scheduler, id_);
    unless_gone([this] { wallets_.begin_check(number_, account_); });
    for (;;) {
        std::optional<ForeignEvent> event;
        if (requests.running() == 0)
            event = unless_gone([this] { return wallets_.next(number_); });
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
