#pragma once

#include <optional>
#include <vector>

#include "engine/scenario.hpp"

// Waits, operator's commands and wallets that several stories share.  Each wait names who must reach what.

namespace scenarios {

// ------------------------------------------------------------------------------------------------ waits

/// Every view store has processed what its range has of the first `count` blocks.
engine::Task<> until_view(engine::World& world, engine::BlockCount count);
/// Every key image store has loaded what its range has of the first `count` blocks.
engine::Task<> until_images(engine::World& world, engine::BlockCount count);
/// Every chain copy has the first `count` blocks.
engine::Task<> until_copies(engine::World& world, engine::BlockCount count);
/// All three.
engine::Task<> until_level(engine::World& world, engine::BlockCount count);
engine::Task<> until_mode(engine::World& world, engine::IngestNode& node, engine::fog::IngestMode mode);

// ------------------------------------------------------------------------------------------------ the chain

/// Amounts that name the coin in a wrong sum: 1, 2, 4, ...
class Amounts {
public:
    std::uint64_t next() {
        ENSURE(next_ != 0);
        const std::uint64_t amount = next_;
        next_ *= 2;
        return amount;
    }

private:
    std::uint64_t next_ = 1;
};

/// Coins on the chain that nobody has spent, oldest first.
class Purse {
public:
    void add(const engine::AppendedBlock& block) {
        coins_.insert(coins_.end(), block.credits.begin(), block.credits.end());
    }
    std::size_t size() const { return coins_.size(); }
    /// Moves the oldest coin into the block's spends; nothing when there is none.
    void spend_oldest(engine::BlockPlan& plan) {
        if (coins_.empty()) return;
        plan.spends.push_back(coins_.front());
        coins_.erase(coins_.begin());
    }

private:
    std::vector<engine::CoinRef> coins_;
};

/// A credit whose hint is what the report server tells a sender.
engine::Credit coin(engine::AccountId to, std::uint64_t amount);
/// A credit of a sender who holds on to an earlier report.
engine::Credit coin(engine::AccountId to, std::uint64_t amount, engine::chain::PublicKey hint_key);
/// A block with one coin.
engine::Task<engine::AppendedBlock> pay(engine::World& world, engine::AccountId to, std::uint64_t amount);
engine::Task<engine::AppendedBlock> pay(engine::World& world, engine::AccountId to, std::uint64_t amount,
                                        engine::chain::PublicKey hint_key);
/// A block without a coin for anybody.
engine::Task<engine::AppendedBlock> empty_block(engine::World& world);

// ------------------------------------------------------------------------------------------------ operators

/// The ingress key a sender would use now.  A `crash` violation when the report server has none.
engine::Task<engine::chain::PublicKey> report_key(engine::World& world);
/// A command that must succeed: a `crash` violation when it does not.
engine::Task<engine::fog::IngestSummary>
command(engine::World& world, engine::Task<engine::Result<engine::fog::IngestSummary>> call,
        const char* what);
/// Activates a node; the command must succeed.  @return its ingress key
engine::Task<engine::chain::PublicKey> activate(engine::World& world, engine::IngestNode& node);
/// Tells every node that all of them are peers.
engine::Task<> make_peers(engine::World& world, std::vector<engine::IngestNode*> nodes);
/// Operator's fail-over: the standby forgets its peers, which do not answer, and is activated.  Asks again
/// while a fault keeps it from answering.  @return its ingress key
engine::Task<engine::chain::PublicKey> take_over(engine::World& world, engine::IngestNode& standby);
/// The process dies and its state file with it: nobody has its ingress key any more.
engine::Task<> lose_key(engine::IngestNode& node);
/// The command must succeed.
engine::Task<> report_lost(engine::World& world, engine::IngestNode& any, engine::chain::PublicKey key);
/// What the recovery database says of a key.  A `crash` violation when it has none.
engine::Task<engine::fog::IngressKeyRecord> key_record(engine::World& world, engine::IngestNode& any,
                                                       engine::chain::PublicKey key);

// ------------------------------------------------------------------------------------------------ wallets

/// One fresh wallet of every account.
std::vector<engine::Wallet*> new_wallets(engine::World& world);
/// Each checks its balance once.  A failed check is judged by the checkers.
engine::Task<> poll_each(std::vector<engine::Wallet*> wallets);
/// Fresh wallets of every account check once.
engine::Task<> poll_fresh(engine::World& world);

/// Wallets that go on checking beside the story, at drawn moments.
///
/// Rules
/// 1. A wallet given here is polled by nobody else until stop() has returned.
/// 2. The world outlives this; it is not moved, because its tasks point to it.
class Pollers {
public:
    explicit Pollers(engine::World& world) : world_(world), nursery_(world.loop(), engine::NodeId{}) {}
    Pollers(const Pollers&) = delete;
    Pollers& operator=(const Pollers&) = delete;

    void add(engine::Wallet& wallet) { begin(wallet, false); }
    /// Its process is killed in the middle of every second check or so.
    void add_doomed(engine::Wallet& wallet) { begin(wallet, true); }
    /// One old wallet of every account.
    void add_each() {
        for (engine::Wallet* wallet : new_wallets(world_)) add(*wallet);
    }
    /// Suspends until the checks on their way have ended.
    engine::Task<> stop();

private:
    void begin(engine::Wallet& wallet, bool doomed);
    static engine::Task<> go_on(Pollers* self, engine::Wallet* wallet, bool doomed, engine::Stream pace);

    engine::World& world_;
    bool stopping_ = false;
    std::uint16_t next_site_ = 1000; // streams of the pollers' own
    engine::Nursery nursery_;
};

} // namespace scenarios
