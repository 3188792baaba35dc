#pragma once

#include <map>

#include "sim/foreign_wallets.hpp"
#include "tools/fogsim/wallet_situations.hpp"

namespace tools::fogsim {

/// Wallets of somebody else, with a look at what they are told.
class ObservedWallets final : public sim::ForeignWallets {
public:
    /// @param inner, met  outlive it
    ObservedWallets(sim::ForeignWallets& inner, Situations& met) : inner_(inner), met_(met) {}

    const engine::chain::AccountKey& keys(engine::model::AccountId account) override {
        return inner_.keys(account);
    }
    void begin_check(std::uint32_t wallet, engine::model::AccountId account) override {
        inner_.begin_check(wallet, account);
    }
    sim::ForeignEvent next(std::uint32_t wallet) override;
    std::optional<sim::ForeignEvent> look(std::uint32_t wallet) override;
    void answer(std::uint32_t wallet, std::uint64_t request, sim::ForeignAnswer answer) override;
    void end_life(std::uint32_t wallet) noexcept override;
    bool one_check_at_a_time() const override { return inner_.one_check_at_a_time(); }
    std::string debug(std::uint32_t wallet) override { return inner_.debug(wallet); }

private:
    struct Asked {
        engine::UserEventId events_after{};
        std::size_t things = 0; ///< search keys or outputs
    };
    void see(std::uint32_t wallet, const sim::ForeignEvent& event);

    sim::ForeignWallets& inner_;
    Situations& met_;
    std::map<std::uint32_t, std::map<std::uint64_t, Asked>> asked_; ///< by wallet and number of the request
};

} // namespace tools::fogsim
