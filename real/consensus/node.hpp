#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/consensus/worker.hpp"
#include "real/consensus/node_ledger.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

namespace real::consensus {

using engine::Task;

struct NodeConfig {
    engine::consensus::Worker::Settings settings;
    std::map<engine::consensus::NodeKey, std::string>
        addresses; ///< "host:port" of each peer's port for peers
    engine::consensus::NetworkRules rules;
    std::string chain_id;
    std::filesystem::path last_word;         ///< file of what was said last; made when absent
    std::function<std::uint64_t()> unix_s{}; ///< wall time, for signatures; empty: the machine's
};

/// A consensus node of a real network: a Worker with its ledger, its peers over gRPC, and the clock.
///
///     Node node(loop, runtime, std::move(ledger), ristretto_tx_crypto(), std::move(config));
///     node.serve_peers(server);   // before it starts
///     server.start();
///     co_await node.run();        // for ever
///
/// Rules
/// 1. What a peer did not hear is not kept for it: when there is nothing new to say, the last word is said
/// again.
/// 2. What is said is in the file, synced, before it is sent; after a restart the node goes on from there.
/// 3. A node that is behind asks its peers for blocks, and takes one that a blocking set of its quorum set,
/// which is
///    also a slice, has in the same form.  So does a node that begins.
/// 4. Until `run` has begun, and while it is behind, it takes no submissions.
/// 5. A ledger or file that cannot be written ends `run` with what was wrong.
/// @differs  MobileCoin's nodes talk through enclaves and fetch blocks from archives
class Node {
public:
    /// @param loop, runtime, crypto  outlive it
    Node(IoLoop& loop, grpc::ClientRuntime& runtime, lmdb::LedgerDb ledger,
         const engine::chain::tx::TxCrypto& crypto, NodeConfig config);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Handlers for peers.  @pre the server outlives no call of this node, and has not started
    void serve_peers(grpc::Server& server);
    /// Suspends until it is killed.
    /// @throws engine::BrokenSurroundings, engine::InternalError
    Task<> run();

    using Refusal = engine::consensus::Worker::Refusal;
    std::variant<engine::chain::tx::Verdict, Refusal> submit(const engine::chain::tx::Tx& tx);
    std::variant<std::optional<engine::chain::MintFault>, Refusal>
    submit(const engine::chain::MintConfigTx& tx);
    std::variant<std::optional<engine::chain::MintFault>, Refusal> submit(const engine::chain::MintTx& tx);

    bool is_serving() const;
    const LmdbNodeLedger& ledger() const;
    const engine::consensus::Worker& worker() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace real::consensus
