#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/capability.hpp"
#include "engine/check/checks.hpp"
#include "engine/choice.hpp"
#include "engine/fault.hpp"
#include "engine/fog/ports.hpp"
#include "engine/fog/wallet.hpp"
#include "engine/model/chain_model.hpp"
#include "engine/task.hpp"
#include "engine/topology.hpp"
#include "engine/trace.hpp"
#include "engine/world/roster.hpp"

namespace engine {

using check::CheckId;
using model::AccountId;

/// A process of the world.  Crash loses everything in memory; the recovery database and state files stay.
class Node {
public:
    virtual ~Node() = default;
    virtual NodeId id() const = 0;
    virtual NodeKind kind() const = 0;
    virtual const std::string& name() const = 0;
    virtual bool is_up() const = 0;
    /// Starts it; no effect when it runs.
    virtual Task<> start() = 0;
    /// Ends it in order (upstream servers know only SIGTERM, which loses no less than a crash).
    virtual Task<> stop() = 0;
    /// Ends it at once, wherever it is.
    virtual Task<> crash() = 0;
    virtual void pause() = 0;
    virtual void resume() = 0;
};

class IngestNode : public Node {
public:
    /// The operator's commands, over the wire.
    virtual fog::IngestApi& api() = 0;
    virtual const std::string& responder_id() const = 0;
    /// As the process itself sees it, without a call; idle when it is down.
    virtual fog::IngestMode mode() const = 0;
    virtual void delete_state_file() = 0;
    /// Remembers the state file, and puts that old content back.
    virtual void save_state_file() = 0;
    virtual void put_back_state_file() = 0;
};

/// One replica of a shard: loads what it can get, and answers for its range.
class StoreNode : public Node {
public:
    virtual BlockRange range() const = 0;
    /// Blocks it answers for: 0 (a view store) or the start of its range (a key image store) when it is down.
    virtual BlockCount count() const = 0;
    /// Stops loading once its count is at or past `at`, with data in that no count includes yet; goes on
    /// answering.  A batch it has begun is taken whole.  Holds over a restart.
    virtual void hold(BlockCount at) = 0;
    /// Loads on.  No effect when it is not held.
    virtual void release() = 0;
};

class ViewStoreNode : public StoreNode {
public:
    /// Everything known has been loaded.
    virtual bool is_ready() const = 0;
};

class ImageStoreNode : public StoreNode {};

/// One lagging copy of the chain.  It follows the tip on its own while released.
class ChainCopy {
public:
    virtual ~ChainCopy() = default;
    virtual const std::string& name() const = 0;
    virtual BlockCount count() const = 0;
    /// Stays where it is until advanced or released.
    virtual void hold() = 0;
    virtual void release() = 0;
    /// Moves a held copy forward at once, block times included.  @pre not beyond the tip
    virtual void advance_to(BlockCount count) = 0;
};

/// An output of the chain that belongs to an account, to be spent later.
struct CoinRef {
    std::size_t index = 0;
};

struct Credit {
    AccountId to;
    std::uint64_t amount = 0;
    std::uint64_t token_id = 0;
    std::uint64_t subaddress = chain::default_subaddress;
    /// Ingress key of the hint; nothing: what the report server says, as a sender would do it.
    std::optional<chain::PublicKey> hint_key{};
};

struct BlockPlan {
    std::vector<Credit> credits{};
    std::vector<CoinRef> spends{};
};

struct AppendedBlock {
    BlockIndex index;
    std::vector<CoinRef> credits; ///< in the order of the plan; those that did not land are left out
};

/// An output a sender has built and the chain may or may not take.
struct PreparedPayment {
    AccountId to;
    chain::Amount amount;
    chain::TxOut output;
    chain::PublicKey hint_key;
    BlockIndex tombstone; ///< first block it may not appear in
};

/// The canonical chain, written by the scenario in the place of consensus.
class Chain {
public:
    virtual ~Chain() = default;
    virtual BlockCount height() const = 0;
    /// Appends a block.  Asks the report server for a hint key where a credit names none and the known one
    /// has expired. A credit for which there is no unexpired key does not land.
    virtual Task<AppendedBlock> append(BlockPlan plan) = 0;
    /// Builds a payment with what the report server says now.  @errors not_found (no report)
    virtual Task<Result<PreparedPayment>> prepare(AccountId to, std::uint64_t amount,
                                                  std::uint64_t tombstone_blocks) = 0;
    /// Appends a block with those payments whose tombstone allows it.  @return the ones that landed
    virtual Task<std::vector<CoinRef>> submit(std::vector<PreparedPayment> payments) = 0;
    /// The hint key of the next credits, until it expires.
    virtual void set_hint_key(chain::PublicKey key, BlockIndex expiry) = 0;
    /// Asks the report server.  @errors not_found (no report), unavailable
    virtual Task<Result<chain::PublicKey>> refresh_hint_key() = 0;
    virtual const model::ChainModel& model() const = 0;
};

/// A balance-checking client of one account.
class Wallet {
public:
    virtual ~Wallet() = default;
    virtual AccountId account() const = 0;
    /// Its process, for faults on the way to the services.
    virtual NodeId id() const = 0;
    /// One balance check, judged by the checkers.
    virtual Task<Result<fog::BalanceReport>> poll() = 0;
    /// Starts a check and kills the wallet's process in the middle of it; the wallet is fresh afterwards.
    virtual Task<> poll_and_kill() = 0;
    /// The last report of this living wallet.
    virtual const std::optional<fog::BalanceReport>& last() const = 0;
    /// Forgets everything: the next check recomputes from scratch.
    virtual void restart() = 0;
    virtual std::string debug_text() const = 0;
    /// States that the last report is the whole truth (`final`).
    virtual void judge_final() = 0;
    /// Asks the ledger what became of a payment; judged by the `sender` check.
    virtual Task<Result<fog::Wallet::Landing>> landing(const PreparedPayment& payment) = 0;
    /// Asks the ledger about several things at once, some of which there are not: outputs with their proofs,
    /// what became of outputs, ranges of blocks, key images.  What it is answered is judged; a call that
    /// fails is nobody's business.
    /// @param from  where in the chain it begins; taken modulo what there is
    virtual Task<> inquire(std::uint64_t from) = 0;
};

/// Everything a scenario may touch, and what this world can do.
class World {
public:
    virtual ~World() = default;

    virtual const Topology& topology() const = 0;
    virtual const Roster& roster() const = 0;
    virtual bool can(Capability capability) const = 0;
    virtual Loop& loop() = 0;
    virtual Instant now() const = 0;
    virtual check::Checks& checks() = 0;
    virtual Faults& faults() = 0;
    virtual Chain& chain() = 0;

    /// In the roster's order.
    virtual std::vector<ChainCopy*> copies() = 0;
    /// "ingest" and "ledger", or "ingest0", "images0.1", "ledger" where each service has its own.
    /// @throws UsageError  when the topology has none of that name
    virtual ChainCopy& copy(const std::string& name) = 0;
    virtual std::vector<IngestNode*> ingest_nodes() = 0;
    virtual std::vector<ViewStoreNode*> view_stores() = 0;
    virtual std::vector<ImageStoreNode*> image_stores() = 0;
    /// All services of a kind, in order.
    virtual const std::vector<Node*>& of(NodeKind kind) const = 0;
    virtual Node& view_router() = 0;
    virtual Node& ledger_router() = 0;
    virtual Node& report_server() = 0;
    /// @throws UsageError  when the topology has fewer
    IngestNode& ingest(std::size_t i);
    ViewStoreNode& view_store(std::size_t i);
    ImageStoreNode& image_store(std::size_t i);
    /// View stores and then key image stores, shard by shard, replica by replica.
    std::vector<StoreNode*> stores();
    /// All services, in the order in which plans number them.
    std::vector<Node*> nodes();

    /// Runs the recovery database's cleanup tool once: closes invocations that no node has written to for
    /// `age`.
    /// @return how many it closed
    virtual Task<Result<std::size_t>> clean_up(std::chrono::seconds age) = 0;

    /// A new wallet with no memory.  Lives as long as the world.
    virtual Wallet& new_wallet(AccountId account) = 0;
    virtual std::vector<Wallet*> wallets() = 0;

    /// A named stream of the scenario's own decisions.
    virtual Stream plan(std::uint16_t site) = 0;
    /// Suspends until the condition holds.  It is looked at after every step that changed something.
    /// @param what  names who must reach what
    /// Not within `budget` of virtual time: a `liveness` violation, and the run ends.
    virtual Task<> until(std::string what, std::function<bool()> holds, Duration budget) = 0;
    Task<> until(std::string what, std::function<bool()> holds);
    virtual Task<> sleep(Duration duration) = 0;
    /// A pause for something that needs no longer than `at_most`.  Where time is free it takes all of it, so
    /// that nothing depends on how fast the condition is seen; where somebody waits it ends as soon as it
    /// holds.
    virtual Task<> sleep_unless(std::function<bool()> holds, Duration at_most);
    /// Whether wallets are asked again at later steps; a user may have ruled that out.
    virtual bool follows_up() const { return true; }
    /// A numbered step of the story, for traces and failure reports.
    virtual void step(std::string text) = 0;
};

/// States what must hold; a violation of `check` when it does not.
void expect(World& world, CheckId check, bool holds, const std::string& text);

} // namespace engine
