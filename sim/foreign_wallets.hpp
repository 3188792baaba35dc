#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/ensure.hpp"
#include "engine/fog/ports.hpp"
#include "engine/fog/wallet.hpp"
#include "engine/model/chain_model.hpp"

namespace sim {

/// Who is willing to scan, and until when.
struct ForeignReports {};
/// What a wallet's program asks of fog-view, fog-ledger or the report server.
using ForeignQuestion = std::variant<engine::fog::ViewQuery, std::vector<engine::chain::KeyImage>,
                                     std::vector<engine::BlockRange>, std::vector<engine::GlobalIndex>,
                                     std::vector<engine::chain::PublicKey>, ForeignReports>;
/// The alternative of the same number answers a question.
using ForeignAnswer =
    std::variant<engine::Result<engine::fog::ViewAnswer>, engine::Result<engine::fog::KeyImagesAnswer>,
                 engine::Result<engine::fog::BlocksAnswer>, engine::Result<engine::fog::OutputsAnswer>,
                 engine::Result<engine::fog::TxOutStatusAnswer>,
                 engine::Result<std::vector<engine::fog::ReportRow>>>;

struct ForeignRequest {
    std::uint64_t number = 0; ///< among all requests of the program
    ForeignQuestion question{};
};
/// How a balance check ended.
struct ForeignCheck {
    std::optional<engine::fog::BalanceReport> report; ///< nothing: it failed
    engine::Code code = engine::Code::internal;       ///< of a failed one
    std::string why{};                                ///< in the program's own words
};
using ForeignEvent = std::variant<ForeignRequest, ForeignCheck>;

/// The program with the wallets does not answer any more: no verdict on an ordering, and no run can go on.
/// It passes through a run and a sweep as a wish that cannot be met.
class WalletGone : public engine::UsageError {
    using engine::UsageError::UsageError;
};

/// Wallets in a program of somebody else, each an actor of the simulated world in the place of the
/// simulator's own.
///
/// Rules
/// 1. One thread calls it: the one that runs the world.  Virtual time stands still while it blocks.
/// 2. A wallet has one check at a time.  It ends with a ForeignCheck, or with end_life().
/// 3. Nothing here reads a clock on the caller's thread (guard.hpp): the other side keeps the time limit.
class ForeignWallets {
public:
    virtual ~ForeignWallets() = default;
    /// The account's keys, the same in every run: the program is told the phrase that they follow from.
    virtual const engine::chain::AccountKey& keys(engine::model::AccountId account) = 0;
    /// Begins a balance check: from scratch when it is the first of a life.
    /// @param wallet  counts from 0 in every world
    virtual void begin_check(std::uint32_t wallet, engine::model::AccountId account) = 0;
    /// What the wallet does next.  Blocks until it does something.  @pre a check is under way
    /// @throws WalletGone
    virtual ForeignEvent next(std::uint32_t wallet) = 0;
    /// The same when it has done something already.
    virtual std::optional<ForeignEvent> look(std::uint32_t wallet) = 0;
    /// No effect when nobody waits for it any more.
    virtual void answer(std::uint32_t wallet, std::uint64_t request, ForeignAnswer answer) = 0;
    /// The wallet's process is taken to be dead: its check, if any, hears nothing but UNAVAILABLE and is
    /// waited for; then the wallet is stopped.  The next check begins a new life.
    virtual void end_life(std::uint32_t wallet) noexcept = 0;
    /// The program works on one balance check at a time, of all its wallets: another one that it is asked for
    /// meanwhile would wait for the first, and the first for virtual time, which stands still.
    virtual bool one_check_at_a_time() const { return false; }
    /// What the wallet says about itself, or why it does not.
    virtual std::string debug(std::uint32_t wallet) = 0;
};

/// While one lives, the worlds that this thread makes have these wallets: those of a sweep, of shrinking and
/// of a replay alike, whoever wrote their options.
class ForeignWalletsInstalled {
public:
    /// @param wallets  outlives it and every world
    explicit ForeignWalletsInstalled(ForeignWallets& wallets) noexcept;
    ~ForeignWalletsInstalled();
    ForeignWalletsInstalled(const ForeignWalletsInstalled&) = delete;
    ForeignWalletsInstalled& operator=(const ForeignWalletsInstalled&) = delete;

    /// @return null: the simulator's own
    static ForeignWallets* current() noexcept;

private:
    ForeignWallets* before_;
};

} // namespace sim
