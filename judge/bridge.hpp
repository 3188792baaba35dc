#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/time.hpp"
#include "real/attest/session.hpp"
#include "sim/foreign_wallets.hpp"

namespace judge {

struct BridgeOptions {
    std::string wallet;                                 ///< "host:port" of the program under judgement
    std::shared_ptr<const real::attest::Signer> signer; ///< of the enclaves shown to it; null: clear text
    engine::Duration limit = std::chrono::seconds(10);  ///< real time that it may compute without a word
    bool one_check_at_a_time = false;                   ///< see ForeignWallets
    std::string fog_host = "localhost"; ///< as which the program reaches this machine's loopback
};

/// How often a service answered the program in one way.
struct Answered {
    std::string method; ///< "/fog_view.FogViewAPI/Query"
    std::string status; ///< "OK", "PERMISSION_DENIED"
    std::uint64_t times = 0;
};

/// A program behind remote_wallet.proto, and the fog that it sees: one loopback port for each wallet of a
/// world, on which fog-view, fog-ledger and the fog reports are served over the real wire and answered by the
/// simulation.
///
///      simulating thread                       thread of the wire
///      ForeignWallet --begin_check-----------> FreshBalanceCheck ----> the program
///        next() blocks <----ForeignRequest---- FogViewAPI.Query <----- (its request)
///        network, schedule
///        answer() -------ForeignAnswer-------> (the answer) ---------> the program
///        next() blocks <----ForeignCheck------ its report <----------- the program
///
/// Rules
/// 1. What is outside the simulation runs on a thread of its own with its own loop; the two meet at a queue
///    and a condition variable, and the simulating thread never reads a clock.
/// 2. A request that comes while no check of its wallet is under way is UNAVAILABLE.
/// 3. A program that says nothing for the limit while the simulation waits for it is given up: WalletGone.
class Bridge final : public sim::ForeignWallets {
public:
    explicit Bridge(BridgeOptions options);
    ~Bridge() override;
    Bridge(const Bridge&) = delete;
    Bridge& operator=(const Bridge&) = delete;

    const engine::chain::AccountKey& keys(engine::model::AccountId account) override;
    void begin_check(std::uint32_t wallet, engine::model::AccountId account) override;
    sim::ForeignEvent next(std::uint32_t wallet) override;
    std::optional<sim::ForeignEvent> look(std::uint32_t wallet) override;
    void answer(std::uint32_t wallet, std::uint64_t request, sim::ForeignAnswer answer) override;
    void end_life(std::uint32_t wallet) noexcept override;
    bool one_check_at_a_time() const override;
    std::string debug(std::uint32_t wallet) override;

    /// Forgets all wallets of the program.  @return why not, in words; empty: done
    std::string reset();
    /// What the services have answered to the program so far, in order of method and status.
    std::vector<Answered> answered() const;
    std::uint64_t checks() const; ///< that ended with a report or a failure
    bool is_given_up() const;     ///< no check will be made any more
    /// Whether a wallet has made a request while another of its own was under way.
    bool asks_at_once() const;

private:
    struct State;
    struct Place;
    std::unique_ptr<State> state_;
};

} // namespace judge
