#pragma once

#include <optional>
#include <string>

#include "engine/world/wallet.hpp"
#include "real/grpc/remote_wallet.hpp"

namespace real {

class RealWorld;

/// A wallet behind remote_wallet.proto, in whatever process and language.
///
/// Rules
/// 1. The first check of a life makes a fresh wallet there, later ones are follow-ups.
/// 2. A check whose answer never came counts as failed; the next one asks the same wallet again.
/// 3. All wallets reach fog through the front: a fault of one is a fault of all.
class RealWallet final : public engine::WalletDevice {
public:
    /// @throws engine::UsageError  when the topology has no such account
    RealWallet(RealWorld& world, engine::AccountId account);

    Task<engine::Result<engine::fog::BalanceReport>> check() override;
    std::string why_failed(const engine::Error&) const override { return why_failed_; }
    void forget() override;
    Task<> bury() override;
    Task<engine::Result<engine::fog::Wallet::Landing>> landing(engine::chain::PublicKey output,
                                                               engine::BlockIndex tombstone) override;
    engine::fog::LedgerApi& ledger() override;
    /// What the wallet says about itself, fetched when something is wrong with it.
    Task<> look_inside() override;
    std::string debug_text() const override;

private:
    Task<grpc::Outcome<grpc::BalanceCheck>> ask();
    Task<bool> ask_into(std::optional<grpc::Outcome<grpc::BalanceCheck>>* answer);
    /// Says so every ten seconds; ends only by being cancelled.
    Task<bool> tell_while_it_hangs();

    RealWorld& world_;
    engine::AccountId account_;
    std::uint32_t life_ = 0;
    std::optional<std::uint32_t> client_id_;
    std::string why_failed_;
    std::string debug_;
};

} // namespace real
