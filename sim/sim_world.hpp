#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/world.hpp"
#include "sim/nodes.hpp"

namespace sim {

class SimWorld;

/// A wallet in a process of its own, reaching fog over the simulated network.
class SimWallet final : public engine::Wallet, public Endpoint {
public:
    SimWallet(SimWorld& world, NodeId id, engine::AccountId account, std::uint32_t number);

    engine::AccountId account() const override { return account_; }
    /// For stories: "wallet 1 of account 0".
    std::string described() const;
    NodeId id() const override { return id_; }
    Task<Result<engine::fog::BalanceReport>> poll() override;
    Task<> poll_and_kill() override;
    const std::optional<engine::fog::BalanceReport>& last() const override { return last_; }
    void restart() override;
    std::string debug_text() const override { return wallet_->debug_text(); }
    void judge_final() override;
    Task<Result<engine::fog::Wallet::Landing>> landing(const engine::PreparedPayment& payment) override;

    NodeId endpoint() const override { return id_; }
    bool is_listening() const override { return false; }

private:
    Task<> check_once();
    void note_report(const Result<engine::fog::BalanceReport>& result);
    Task<> ask_for_proof(engine::chain::PublicKey output);

    SimWorld& world_;
    NodeId id_;
    engine::AccountId account_;
    std::uint32_t number_;
    std::uint32_t life_; // number of this wallet's present memory among all of the world
    bool abort_wish_ = false;
    SimHost host_;
    RemoteView view_;
    RemoteLedger ledger_;
    engine::Stream kills_;
    std::optional<engine::fog::Wallet> wallet_;
    std::optional<engine::fog::BalanceReport> last_;
};

/// The canonical chain, in the place of consensus.
class SimChain final : public engine::Chain {
public:
    SimChain(SimWorld& world);

    BlockCount height() const override { return model_.height(); }
    Task<engine::AppendedBlock> append(engine::BlockPlan plan) override;
    Task<Result<engine::PreparedPayment>> prepare(engine::AccountId to, std::uint64_t amount,
                                                  std::uint64_t tombstone_blocks) override;
    Task<std::vector<engine::CreditRef>> submit(std::vector<engine::PreparedPayment> payments) override;
    void set_hint_key(engine::chain::PublicKey key, BlockIndex expiry) override;
    Task<Result<engine::chain::PublicKey>> refresh_hint_key() override;
    const engine::model::ChainModel& model() const override { return model_; }

    /// Block 0: outputs to every account with hints nobody opens.  Fog never scans it.
    void make_origin();

private:
    struct Hint {
        engine::chain::PublicKey key;
        BlockIndex expiry;
    };
    Task<Result<Hint>> ask_report();
    void mark_place(BlockIndex block, const engine::chain::PublicKey& hint_key);
    std::vector<engine::CreditRef> append_block(std::vector<engine::chain::TxOut> outputs,
                                                std::vector<engine::model::Credit> credits,
                                                std::vector<engine::chain::KeyImage> images);
    engine::chain::TxOut build(engine::AccountId to, engine::chain::Amount amount, std::uint64_t subaddress,
                               const engine::chain::PublicKey& hint_key);
    engine::model::Credit credit_for(engine::AccountId to, engine::chain::Amount amount,
                                     const engine::chain::TxOut& output,
                                     const engine::chain::PublicKey& hint_key);

    SimWorld& world_;
    engine::model::ChainModel model_;
    engine::StreamBytes bytes_;
    std::optional<Hint> hint_;
};

class SimFaults final : public engine::Faults {
public:
    explicit SimFaults(SimWorld& world) : world_(world) {}
    FaultId begin(Fault fault) override;
    void heal(FaultId fault) override;
    void heal_all() override;
    bool any() const override;

private:
    SimWorld& world_;
};

/// One simulated world: built from options, run by a scenario, judged by the checkers.
class SimWorld final : public engine::World {
public:
    explicit SimWorld(const Options& options);
    ~SimWorld() override;

    const engine::Topology& topology() const override { return core_.options.topology; }
    const engine::Roster& roster() const override { return roster_; }
    bool can(engine::Capability capability) const override;
    bool has(engine::Defect defect) const override { return core_.options.defects.has(defect); }
    engine::Loop& loop() override { return core_.scheduler; }
    Instant now() const override { return core_.scheduler.now(); }
    engine::check::Checks& checks() override { return checks_; }
    engine::Faults& faults() override { return faults_; }
    engine::Chain& chain() override { return chain_; }

    std::vector<engine::ChainCopy*> copies() override;
    engine::ChainCopy& copy(const std::string& name) override;
    std::vector<engine::IngestNode*> ingest_nodes() override;
    std::vector<engine::ViewStoreNode*> view_stores() override;
    std::vector<engine::ImageStoreNode*> image_stores() override;
    engine::Node& view_router() override { return *view_router_; }
    engine::Node& ledger_router() override { return *ledger_router_; }
    engine::Node& report_server() override { return *report_server_; }

    Task<Result<std::size_t>> clean_up(std::chrono::seconds age) override;
    engine::Wallet& new_wallet(engine::AccountId account) override;
    std::vector<engine::Wallet*> wallets() override;

    engine::Stream plan(std::uint16_t site) override {
        return {core_.choices, engine::Domain::plan, 0, site};
    }
    Task<> until(std::string what, std::function<bool()> holds, Duration budget) override;
    Task<> sleep(Duration duration) override;
    void step(std::string text) override;

    Core& core() { return core_; }
    const std::vector<std::string>& steps() const { return steps_; }
    std::string node_name(NodeId node) const;
    /// Runs the story until it has ended, something was violated, or the world is stuck.
    void run(Task<> story);

private:
    friend class SimWallet;
    friend class SimChain;
    friend class SimFaults;

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
    engine::fog::WalletConfig wallet_config() const;
    /// @throws UsageError  when the topology has fewer accounts
    const engine::chain::AccountKey& account_key(engine::AccountId account) const;
    void after_step();
    engine::tell::Heights heights() const;
    /// Notes where a wallet's wrong number comes from: what it knows, beside what is true.
    void explain(NodeId wallet, engine::AccountId account, const engine::fog::WalletKnowledge& knows);
    void judge_giving_up(const SimIngestNode& node);
    /// No fault is in force and every service is up: a failed call has no excuse.
    bool is_calm() const;
    Task<> tell(Task<> story);

    Core core_;
    engine::Roster roster_;
    engine::model::RecoveryModel recovery_;
    Network network_;
    SimDb db_;
    SimDbClient operator_db_; // for tools that are no node
    engine::check::Checks checks_;
    SimChain chain_;
    engine::check::ReportChecker reports_;
    engine::check::ResponseChecker responses_;
    SimFaults faults_;
    std::vector<engine::chain::AccountKey> accounts_;
    std::vector<engine::chain::PublicAddress> addresses_;
    std::vector<engine::chain::SubaddressTable> subaddresses_;
    std::vector<std::unique_ptr<SimCopy>> copies_;
    std::vector<std::unique_ptr<SimIngestNode>> ingest_;
    std::vector<std::unique_ptr<SimViewStore>> view_stores_;
    std::vector<std::unique_ptr<SimImageStore>> image_stores_;
    std::unique_ptr<SimViewRouter> view_router_;
    std::unique_ptr<SimLedgerRouter> ledger_router_;
    std::unique_ptr<SimReportServer> report_server_;
    std::vector<Process*> processes_;
    std::vector<std::unique_ptr<SimWallet>> wallets_;
    std::uint32_t wallet_lives_ = 0;
    std::vector<Waiting*> waiting_;
    std::vector<std::string> steps_;
    bool story_ended_ = false;
    std::exception_ptr story_error_;

    Surroundings surroundings() { return {core_, network_, db_, checks_, responses_}; }
};

} // namespace sim
