#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/task.hpp"
#include "sim/foreign_wallets.hpp"
#include "sim/sim_world.hpp"

namespace sim {

/// A wallet of ForeignWallets as a node of the simulated network.
///
/// Rules
/// 1. Each request enters the network as a message of the wallet's node; its answer leaves for the program
///    when the schedule says so.
/// 2. While a check is under way and none of its requests is in the network, virtual time stands still.
///    Where the program works on one check at a time, the other wallets' checks wait in virtual time.
/// 3. What struck one of a check's requests excuses the check when it fails; where nothing has, an answer of
///    fog's own to one of them that was an error, or held one: a program need not repeat what it asks.
class ForeignWallet final : public engine::WalletDevice, public Endpoint {
public:
    /// @param number   among the wallets of the world
    /// @param wallets  outlives it
    ForeignWallet(SimWorld& world, NodeId id, std::uint32_t number, engine::AccountId account,
                  ForeignWallets& wallets);
    ~ForeignWallet() override;

    Task<Result<engine::fog::BalanceReport>> check() override;
    std::string why_failed(const engine::Error&) const override { return why_failed_; }
    void forget() override;
    Task<> bury() override;
    Task<Result<engine::fog::Wallet::Landing>> landing(engine::chain::PublicKey output,
                                                       BlockIndex tombstone) override;
    engine::fog::LedgerApi& ledger() override { return ledger_; }
    Task<> look_inside() override;
    std::string debug_text() const override { return debug_; }

    NodeId endpoint() const override { return id_; }
    bool is_listening() const override { return false; }

private:
    Task<> carry(ForeignRequest request);
    Task<Result<std::vector<engine::fog::ReportRow>>> ask_for_reports();
    template <class Call>
    auto unless_gone(Call call);
    Result<engine::fog::BalanceReport> conclude(ForeignCheck check);
    template <class Answer>
    void remember(const Result<Answer>& answer, NodeId service);

    SimWorld& world_;
    NodeId id_;
    std::uint32_t number_;
    engine::AccountId account_;
    ForeignWallets& wallets_;
    bool abort_wish_ = false;
    SimHost host_;
    RemoteView view_;
    RemoteLedger ledger_;
    std::optional<engine::fog::Wallet> sender_; ///< asks what only a sender asks: the program is not asked it
    engine::Mutex one_check_;
    std::shared_ptr<engine::Mutex> turn_; ///< of all wallets in the world; null: they need none
    std::uint32_t life_ = 0;
    Cause struck_{};   ///< one of the present check's requests, first
    Cause answered_{}; ///< fog's own first answer to the present check that holds an error nobody has made
    std::string why_failed_;
    std::string debug_ = "not asked yet";
};

} // namespace sim
