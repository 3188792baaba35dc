#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/world/world_body.hpp"
#include "sim/foreign_wallets.hpp"
#include "sim/nodes.hpp"

namespace sim {

class SimWorld;

/// A wallet in a process of its own, reaching fog over the simulated network.
class SimWallet final : public engine::WalletDevice, public Endpoint {
public:
    SimWallet(SimWorld& world, NodeId id, engine::AccountId account);

    Task<Result<engine::fog::BalanceReport>> check() override;
    std::optional<engine::fog::BalanceReport> stored() const override { return wallet_->report(); }
    void forget() override;
    Task<Result<engine::fog::Wallet::Landing>> landing(engine::chain::PublicKey output,
                                                       BlockIndex tombstone) override {
        return wallet_->landing(output, tombstone);
    }
    engine::fog::LedgerApi& ledger() override { return ledger_; }
    Task<> look_inside() override;
    std::string debug_text() const override { return wallet_->debug_text(); }

    NodeId endpoint() const override { return id_; }
    bool is_listening() const override { return false; }

private:
    SimWorld& world_;
    NodeId id_;
    engine::AccountId account_;
    const engine::chain::AccountKey& key_;
    bool abort_wish_ = false;
    SimHost host_;
    RemoteView view_;
    RemoteLedger ledger_;
    std::optional<engine::fog::Wallet> wallet_;
};

/// What a simulated world runs on.
class SimMachinery {
protected:
    explicit SimMachinery(const Options& options)
        : core_(options), network_(core_), db_(core_, recovery_), operator_db_(db_, NodeId{}),
          store_(core_, recovery_, db_) {}
    engine::WorldBody::Parts parts() {
        engine::WorldBody::Parts parts{core_.scheduler, core_.choices, *core_.options.crypto, store_,
                                       core_.faults};
        parts.probe = core_.probe();
        if (ForeignWalletsInstalled::current() != nullptr) parts.reported_tokens.emplace({std::uint64_t{0}});
        return parts;
    }

    Core core_;
    engine::model::RecoveryModel recovery_;
    Network network_;
    SimDb db_;
    SimDbClient operator_db_; // for tools that are no node
    SimBlockStore store_;
};

/// One simulated world: built from options, run by a scenario, judged by the checkers.
class SimWorld final : private SimMachinery, public engine::WorldBody {
public:
    explicit SimWorld(const Options& options);
    ~SimWorld() override;

    bool can(engine::Capability capability) const override;
    Task<> sleep(Duration duration) override;

    // The devices.
    Task<Result<engine::Hint>> ask_report() override;
    std::unique_ptr<engine::WalletDevice> make_wallet(NodeId id, engine::AccountId account) override;
    std::shared_ptr<engine::fog::RecoveryDb> operator_db() override;
    std::int64_t wall_clock_s() const override { return core_.wall_clock_s(NodeId{}); }
    Task<bool> wait_for(std::function<bool()> holds, Instant deadline) override;
    std::uint64_t step_number() const override { return core_.scheduler.steps(); }
    void on_fault(FaultId id, const Fault& fault, bool begins) override;
    void on_step(const std::string& text) override;
    void on_poll(const engine::JudgedWallet& wallet,
                 const Result<engine::fog::BalanceReport>& result) override;
    void on_report(const engine::JudgedWallet& wallet, const engine::fog::BalanceReport& report) override;
    void on_landing(const engine::JudgedWallet& wallet, const engine::chain::PublicKey& output,
                    BlockIndex tombstone, const engine::fog::Wallet::Landing& landing) override;

    Core& core() { return core_; }
    /// Runs the story until it has ended, something was violated, or the world is stuck.
    void run(Task<> story);
    /// Why that was before the story had ended.
    CutShort cut_short() const { return cut_short_; }

private:
    friend class SimWallet;
    friend class ForeignWallet;
    using SimMachinery::store_;

    /// A condition somebody waits for; lives in the waiting coroutine's frame.
    struct Waiting {
        explicit Waiting(SimWorld& w) : world(w) { world.waiting_.push_back(this); }
        ~Waiting() { std::erase(world.waiting_, this); }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        SimWorld& world;
        std::function<bool()> holds;
        engine::Waiter waiter{};
        bool met = false;
    };

    void build();
    std::unique_ptr<Process> make_node(const engine::Roster::Service& who);
    void after_step();
    void cut_short(CutShort why);
    /// Notes where a wallet's wrong number comes from: what it knows, beside what is true.
    void explain(NodeId wallet, engine::AccountId account, const engine::fog::WalletKnowledge& knows);
    void judge_giving_up(const SimIngestNode& node);
    /// Nodes that come back with a state file that says active: each is judged when it has decided.
    void watch_resuming();
    void judge_unresumed();
    Surroundings surroundings() { return {core_, network_, db_, checks(), responses_}; }

    engine::check::ResponseChecker responses_;
    std::vector<std::unique_ptr<Process>> nodes_; // by number
    std::vector<Process*> processes_;             // in the order in which they are started
    std::vector<SimIngestNode*> ingest_;
    std::vector<SimViewStore*> view_stores_;
    std::vector<SimImageStore*> image_stores_;
    SimViewRouter* view_ = nullptr;
    SimLedgerRouter* ledger_ = nullptr;
    SimReportServer* report_ = nullptr;
    std::vector<Waiting*> waiting_;
    Telling telling_;
    CutShort cut_short_ = CutShort::no;
};

} // namespace sim
