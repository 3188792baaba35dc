#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "engine/consensus/pool.hpp"
#include "engine/consensus/scp_node.hpp"

namespace engine::consensus {

/// Another node that this one has a way to.
struct Peer {
    NodeKey key;
    bool broadcast = true; ///< false: messages come from it, and none are sent to it
};

/// One consensus node: takes submissions and messages of peers, agrees, and appends blocks to its ledger.
///
///  1. Acts only when called, and waits for nothing.
///  2. A message counts when a known node signed it, about the chain as it is here, and the content of all
///     that it names is known.  Until that has come it waits; what is of later slots waits for its slot.
///  3. What counted is passed on, once, to everybody but its author and the peer it came from.
///  4. What is said is stored before it is sent, and a block before the next slot says anything.
///
/// @source mobilecoin 7.0.0 consensus/service/src/byzantine_ledger/worker.rs
class Worker {
public:
    /// How long peers may be ahead before this node says that it is behind.
    static constexpr Duration grace = 10s;
    /// Messages that wait for their slot or for content.
    static constexpr std::size_t most_waiting = 1000;
    static constexpr std::size_t most_remembered = 10'000;

    struct Settings {
        Membership membership;
        std::vector<Peer> peers;
        chain::Ed25519KeyPair message_key; ///< its public half is the membership's
        chain::Ed25519KeyPair block_key;
    };
    /// Why a submission is not looked at.
    enum class Refusal : std::uint8_t { over_capacity, not_serving };

    /// All references outlive this.
    Worker(Settings settings, const chain::tx::TxCrypto& crypto, const NetworkRules& rules,
           NodeLedger& ledger, PeerLinks& links);

    std::variant<chain::tx::Verdict, Refusal> submit(const chain::tx::Tx& tx, Instant now);
    std::variant<std::optional<chain::MintFault>, Refusal> submit(const chain::MintConfigTx& tx, Instant now);
    std::variant<std::optional<chain::MintFault>, Refusal> submit(const chain::MintTx& tx, Instant now);

    /// A peer's client submitted these there.
    void submit_from_peer(const Contents& contents, Instant now);
    /// @param from  the peer that it came from, which need not be its author
    void receive(const NodeKey& from, const Envelope& envelope, Instant now);
    /// Answers to what was asked.
    void learn(const Contents& contents, Instant now);
    /// Goes on after a restart with what was stored last.  Before anything else.
    /// @param contents  of what it names; without all of it nothing is restored
    /// @return whether it was
    bool restore(const Message& last, const Contents& contents, Instant now);
    /// @param unix_s  wall time, for the block's signature
    void tick(Instant now, std::uint64_t unix_s);
    /// Blocks came from elsewhere.
    void ledger_grew(Instant now);

    /// When `tick` has something to do at the latest.
    Instant next_timer() const;
    /// Peers have gone on without this node: it neither serves nor takes part until its ledger has grown.
    bool is_behind() const { return behind_; }
    const Pool& pool() const { return pool_; }
    const ScpNode& node() const { return node_; }
    /// For peers who ask.
    std::optional<Envelope> last_envelope() const { return last_envelope_; }

private:
    struct Waiting {
        NodeKey from;
        Envelope envelope;
    };

    std::optional<Refusal> refusal() const;
    void submitted(const Value& name, Instant now);
    void consider(const NodeKey& from, const Envelope& envelope, Instant now);
    void consider_waiting(Instant now);
    bool is_about_this_chain(const Envelope& envelope) const;
    void wait(const NodeKey& from, const Envelope& envelope);
    bool remember(const chain::Hash32& digest);
    void broadcast(const Envelope& envelope, const std::set<NodeKey>& but_not);
    void propose(Instant now);
    void act(Instant now);
    void append(const Decision& decision);
    bool peers_are_ahead() const;

    Settings settings_;
    NodeLedger& ledger_;
    PeerLinks& links_;
    Pool pool_;
    ScpNode node_;
    NodeKeys known_;
    std::vector<Waiting> waiting_;
    std::set<chain::Hash32> remembered_;
    std::deque<chain::Hash32> remembered_order_;
    std::map<NodeKey, std::uint64_t> slots_of_peers_;
    std::optional<Envelope> last_envelope_;
    std::optional<Instant> ahead_since_;
    bool behind_ = false;
    std::uint64_t unix_s_ = 0;
};

} // namespace engine::consensus
