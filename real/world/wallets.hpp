#pragma once

#include <optional>
#include <string>

#include "engine/world.hpp"
#include "real/grpc/remote_wallet.hpp"

namespace real {

class RealWorld;

/// A wallet behind remote_wallet.proto, in whatever process and language.
///
/// Rules
/// 1. The first check of a life makes a fresh wallet there, later ones are follow-ups.
/// 2. A check whose answer never came counts as failed; the next one asks the same wallet again.
class RealWallet final : public engine::Wallet {
public:
    /// @param number  of this wallet among all of the run
    RealWallet(RealWorld& world, engine::AccountId account, std::uint32_t number);

    engine::AccountId account() const override { return account_; }
    /// All wallets reach fog through the front: a fault of one is a fault of all.
    engine::NodeId id() const override { return id_; }
    Task<engine::Result<engine::fog::BalanceReport>> poll() override;
    Task<> poll_and_kill() override;
    const std::optional<engine::fog::BalanceReport>& last() const override { return last_; }
    void restart() override;
    std::string debug_text() const override;
    void judge_final() override;
    Task<engine::Result<engine::fog::Wallet::Landing>>
    landing(const engine::PreparedPayment& payment) override;

private:
    Task<grpc::Outcome<grpc::BalanceCheck>> ask();
    Task<> ask_in_vain();
    /// What the wallet says about itself, fetched when something is wrong with it.
    Task<> fetch_debug();

    RealWorld& world_;
    engine::NodeId id_;
    engine::AccountId account_;
    std::uint32_t number_;
    std::uint32_t life_;
    std::optional<std::uint32_t> client_id_;
    std::optional<engine::fog::BalanceReport> last_;
    std::string debug_;
};

} // namespace real
