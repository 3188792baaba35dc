#pragma once

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/tell/note.hpp"
#include "engine/tell/words.hpp"
#include "engine/world/chain.hpp"
#include "engine/world/faults.hpp"
#include "engine/world/wallet.hpp"

namespace engine {

/// What a world is, whatever it is made of: who is in it, the chain in the place of consensus, wallets and
/// how they are judged, waiting for conditions, cleaning up.  It knows neither a simulator nor processes; a
/// backend derives from it and supplies the devices at the end of this class, its nodes, and a BlockStore.
///
/// Rules
/// 1. Nodes are those of the roster, one each, added in its order before the story begins.
/// 2. Everything that is judged is judged here, the same way in every world.
class WorldBody : public World {
public:
    const Topology& topology() const final { return topology_; }
    const Roster& roster() const final { return roster_; }
    Loop& loop() final { return loop_; }
    Instant now() const final { return loop_.now(); }
    check::Checks& checks() final { return checks_; }
    WorldFaults& faults() final { return faults_; }
    CanonicalChain& chain() final { return chain_; }
    std::vector<ChainCopy*> copies() final { return store_.copies(); }
    ChainCopy& copy(const std::string& name) final;
    std::vector<IngestNode*> ingest_nodes() final { return all<IngestNode>(NodeKind::ingest); }
    std::vector<ViewStoreNode*> view_stores() final { return all<ViewStoreNode>(NodeKind::view_store); }
    std::vector<ImageStoreNode*> image_stores() final { return all<ImageStoreNode>(NodeKind::image_store); }
    const std::vector<Node*>& of(NodeKind kind) const final {
        return by_kind_[static_cast<std::size_t>(kind)];
    }
    Node& view_router() final { return *of(NodeKind::view_router).at(0); }
    Node& ledger_router() final { return *of(NodeKind::ledger_router).at(0); }
    Node& report_server() final { return *of(NodeKind::report_server).at(0); }
    Task<Result<std::size_t>> clean_up(std::chrono::seconds age) final;
    Wallet& new_wallet(AccountId account) final;
    std::vector<Wallet*> wallets() final;
    Stream plan(std::uint16_t site) final { return {choices_, Domain::plan, 0, site}; }
    Task<> until(std::string what, std::function<bool()> holds, Duration budget) final;
    void step(std::string text) final;

    const std::vector<std::string>& steps() const { return steps_; }
    /// "the scenario" for 0 and for numbers nobody has.
    std::string node_name(NodeId node) const;
    /// How everybody is called.
    tell::Names names();
    /// How far everything is that has a height.
    tell::Heights heights();
    /// Every store has the whole chain, as far as is known.
    bool is_level();

    // For the parts of a world.
    Choices& choices() { return choices_; }
    const std::vector<Account>& accounts() const { return accounts_; }
    check::ReportChecker& reports() { return reports_; }
    /// Number of a wallet's new memory among all of the world.
    std::uint32_t new_life() { return lives_++; }

    /// References outlive the world.
    struct Parts {
        Loop& loop;
        Choices& choices;
        const chain::Crypto& crypto;
        BlockStore& store;
        FaultTable& faults;
        Probe probe{};
        std::optional<std::set<std::uint64_t>> reported_tokens{}; ///< nothing: wallets report every token
    };

protected:
    WorldBody(const Topology& topology, Parts parts);

    /// @pre they are as many as the topology says, and there were none
    void set_accounts(std::vector<Account> accounts) { accounts_ = std::move(accounts); }
    /// @pre the next of its kind
    void add(Node& node) { by_kind_[static_cast<std::size_t>(node.kind())].push_back(&node); }
    const std::vector<std::unique_ptr<JudgedWallet>>& judged_wallets() const { return wallets_; }
    void drop_wallets() { wallets_.clear(); }

    /// How the story ends.
    struct Telling {
        bool ended = false;
        std::exception_ptr error;
    };
    /// Runs the story to its end.  @param telling  outlives the task
    static Task<> tell(Task<> story, Telling& telling);

    // ------------------------------------------------------------------------------------------ the devices
public:
    /// How a sender learns the ingress key.  @errors not_found (no report), unavailable
    virtual Task<Result<Hint>> ask_report() = 0;
    /// @throws UsageError  when the topology has no such account
    virtual std::unique_ptr<WalletDevice> make_wallet(NodeId id, AccountId account) = 0;
    /// The recovery database as a tool of the operator reaches it.
    virtual std::shared_ptr<fog::RecoveryDb> operator_db() = 0;
    /// Seconds since 1970, as that tool reads them.
    virtual std::int64_t wall_clock_s() const = 0;
    /// Suspends until the condition holds or it is time.  @return whether it holds
    virtual Task<bool> wait_for(std::function<bool()> holds, Instant deadline) = 0;
    /// Number of the present step, for violations.
    virtual std::uint64_t step_number() const { return steps_.size(); }
    /// Why this world, or this run of it, cannot have a fault of a kind; empty when it can.
    virtual std::string why_no_fault(FaultKind kind) const;
    /// A fault is in the table now, or no longer: what does not read it there is told, and it is written
    /// down.
    virtual void on_fault(FaultId, const Fault&, bool /*begins*/) {}
    /// Whether something on the way of wallets' calls is wrong on purpose, or was when a check began.
    virtual bool is_troubled(Instant /*begun*/) const { return false; }
    /// Where somebody waits for it: what a wallet's user leaves between two checks while something is wrong.
    virtual Duration pause_after_trouble() const { return Duration::zero(); }

    // What happens, for the trace or the event log.
    virtual void on_step(const std::string&) {}
    virtual void on_poll(const JudgedWallet&, const Result<fog::BalanceReport>&) {}
    virtual void on_report(const JudgedWallet&, const fog::BalanceReport&) {}
    virtual void on_final(const JudgedWallet&, const fog::BalanceReport&) {}
    virtual void on_landing(const JudgedWallet&, const chain::PublicKey&, BlockIndex /*tombstone*/,
                            const fog::Wallet::Landing&) {}

private:
    template <class T>
    std::vector<T*> all(NodeKind kind) const {
        std::vector<T*> found;
        found.reserve(of(kind).size());
        for (Node* node : of(kind)) found.push_back(static_cast<T*>(node)); // its kind says what it is
        return found;
    }

    Topology topology_;
    Roster roster_;
    Loop& loop_;
    Choices& choices_;
    BlockStore& store_;
    std::vector<Account> accounts_;
    check::Checks checks_;
    WorldFaults faults_;
    CanonicalChain chain_;
    check::ReportChecker reports_;
    std::array<std::vector<Node*>, node_kind_count> by_kind_;
    std::vector<std::unique_ptr<JudgedWallet>> wallets_;
    std::uint32_t lives_ = 0;
    std::vector<std::string> steps_;
};

} // namespace engine
