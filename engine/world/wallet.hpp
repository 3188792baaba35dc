#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/world.hpp"

namespace engine {

class WorldBody;

/// How a wallet's checks are really made: by logic in this process over a simulated network, or by a program
/// in whatever language behind a wire.  The device of a JudgedWallet.
class WalletDevice {
public:
    virtual ~WalletDevice() = default;
    /// One balance check of the present life.  Suspends.
    /// @errors  with the cause that struck one of its calls, where there was one
    virtual Task<Result<fog::BalanceReport>> check() = 0;
    /// Why the last check failed, for people.
    virtual std::string why_failed(const Error& error) const;
    /// What it would show from what it has stored; nothing when only the wallet itself knows.
    virtual std::optional<fog::BalanceReport> stored() const { return std::nullopt; }
    /// A new life: the next check recomputes from scratch.
    virtual void forget() = 0;
    /// Its process has died in the middle of a check; clears away what the check has left elsewhere.
    virtual Task<> bury() { co_return; }
    /// Asks the ledger what became of an output, as its sender would.
    virtual Task<Result<fog::Wallet::Landing>> landing(chain::PublicKey output, BlockIndex tombstone) = 0;
    /// The ledger as this wallet reaches it.
    virtual fog::LedgerApi& ledger() = 0;
    /// Something has been judged wrong: learns or writes down what this wallet knows.
    virtual Task<> look_inside() { co_return; }
    virtual std::string debug_text() const = 0;
};

/// A wallet of a world: asked by the story, judged by the checkers, excused by what is wrong on purpose.
///
/// Rules
/// 1. A check that fails is a `crash` violation unless its error says what struck it on the way
///    (check::excuses); excuses are kept with their cause.
/// 2. A restarted wallet is judged as a new one: a number of its own among all lives of the world.
class JudgedWallet final : public Wallet {
public:
    /// @param world   outlives the wallet
    /// @param number  among the wallets of the world
    /// @throws UsageError  when the topology has no such account
    JudgedWallet(WorldBody& world, AccountId account, std::uint32_t number);

    AccountId account() const override { return account_; }
    NodeId id() const override { return id_; }
    std::uint32_t number() const { return number_; }
    std::uint32_t life() const { return life_; }
    std::string described() const { return Roster::wallet_name(number_, account_.value); }
    Task<Result<fog::BalanceReport>> poll() override;
    Task<> poll_and_kill() override;
    const std::optional<fog::BalanceReport>& last() const override { return last_; }
    void restart() override;
    std::string debug_text() const override { return device_->debug_text(); }
    void judge_final() override;
    Task<Result<fog::Wallet::Landing>> landing(const PreparedPayment& payment) override;
    Task<> inquire(std::uint64_t from) override;

private:
    Task<Result<fog::BalanceReport>> judge_failure(Error error, Instant begun);
    Task<> poll_in_vain();
    Task<> ask_for_proof(chain::PublicKey output);

    WorldBody& world_;
    NodeId id_;
    AccountId account_;
    std::uint32_t number_;
    std::uint32_t life_;
    std::unique_ptr<WalletDevice> device_;
    Stream kills_;
    std::optional<fog::BalanceReport> last_;
};

} // namespace engine
