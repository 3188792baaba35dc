#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/host.hpp"
#include "engine/task.hpp"

namespace engine::fog {

struct IngestConfig {
    std::string responder_id;
    std::vector<std::string> peers; ///< responder ids, each once, this node's included
    std::string fog_report_id;
    std::uint64_t pubkey_expiry_window =
        10; ///< blocks; an existing state file overrides it, as it does the peers
    std::size_t max_transactions = 100'000; ///< outputs in one chunk
    std::size_t user_capacity = 0;          ///< users under one egress key; 0: unbounded
    Duration poll_interval = 250ms;
    Duration peer_checkup_period = 60s;
};

/// An ingest node: scans blocks with its ingress key and stores a record for every output.
///
///            boot, activate                    key lost, another node was first,
///     idle --------------------> active       retired and past its expiry
///      ^                            |
///      +----------------------------+   always with a new egress key; the old invocation is closed
///
/// Rules
/// 1. The database decides where to scan: the next block of a key is the one after its last stored block.
///    The state file only says whether to go on, and with which key.
/// 2. An RNG never has a hole: once rows were made, either they are stored under the egress key they were
///    made with, or that key is forgotten and its invocation closed.
/// 3. The state mutex is held by commands of several steps (activate, resume, key changes, retire).
///    Status, the peer list and the expiry window need one step and never wait for it; the block worker
///    does not hold it, but carries the number of its term and stops when that is over.
/// 4. No node waits for the mutex of another that is activating: a node that is about to be active
///    refuses a peer's key at once, so two activations cannot wait for each other.
/// 5. A crash is the destruction of all tasks that run inside the node, then of the node.
/// @source mobilecoin a2229c005 fog/ingest/server, fog/ingest/enclave
class IngestNode final : public IngestApi, public IngestPeer {
public:
    /// Reads the state file: afterwards the node is idle, or idle and about to resume.
    /// @param host, database, blocks, file, directory  outlive the node
    IngestNode(Host& host, RecoveryDb& database, const BlockSource& blocks, StateFile& file,
               PeerDirectory& directory, IngestConfig config);
    IngestNode(const IngestNode&) = delete;
    IngestNode& operator=(const IngestNode&) = delete;

    /// Resumes when the state file says so, then scans and looks after the peers.  Does not return.
    Task<> run();

    // IngestApi
    Task<Result<IngestSummary>> get_status() override;
    Task<Result<IngestSummary>> activate() override;
    Task<Result<IngestSummary>> retire() override;
    Task<Result<IngestSummary>> unretire() override;
    Task<Result<IngestSummary>> set_pubkey_expiry_window(std::uint64_t blocks) override;
    Task<Result<IngestSummary>> set_peers(std::vector<std::string> peers) override; // IngestPeer's, too
    Task<Result<IngestSummary>> new_keys() override;
    Task<Result<IngestSummary>> sync_keys_from_remote(std::string responder_id) override;
    Task<Result<bool>> report_lost_ingress_key(chain::PublicKey key) override;
    Task<Result<std::vector<BlockRange>>> get_missed_block_ranges() override;
    /// By key; a key that was never scanned is one of them.
    Task<Result<std::vector<IngressKeyRecord>>>
    get_ingress_key_records(BlockIndex start_at_least, bool include_lost, bool include_retired) override;

    // IngestPeer
    const std::string& responder_id() const override { return config_.responder_id; }
    Task<Result<IngestSummary>> status() override;
    Task<Result<IngestSummary>> set_ingress_key(chain::KeyPair key) override;
    Task<Result<chain::KeyPair>> get_ingress_key() override;

    // What observers may see at any time.
    IngestSummary summary() const;
    IngestMode mode() const { return mode_; }
    BlockIndex next_block() const { return next_block_; }
    /// Of the last report this process published.
    std::optional<BlockIndex> last_published_expiry() const { return last_published_expiry_; }
    /// The state file says active, and this node has not found out yet whether it may go on.
    bool is_resuming() const { return resuming_; }

private:
    /// Number of a stretch between two mode changes.
    using Term = std::uint64_t;
    enum class Scan : std::uint8_t { complete, overflow, superseded };
    struct User {
        chain::SharedSecret secret; ///< of the egress key and the user's view key
        std::uint64_t counter = 0;  ///< of the next RNG output
    };
    struct HashKey {
        std::size_t operator()(const chain::PublicKey& key) const {
            std::size_t h;
            std::memcpy(&h, key.bytes.data(), sizeof h);
            return h;
        }
    };

    bool is_current(Term term) const { return term_ == term; }
    bool is_valid_peer_list(const std::vector<std::string>& peers) const;
    BlockIndex expiry_for(BlockIndex next) const;
    ReportRow report_for(BlockIndex next) const;
    bool save();

    void enter_active(BlockIndex start);
    void leave_active();
    void abandon_invocation();
    Result<IngestSummary> install_key(chain::KeyPair key);

    Task<> resume();
    Task<bool> try_resume();
    Task<bool> is_key_active_elsewhere();
    Task<std::optional<Error>> prepare_peers();
    Task<std::optional<Error>> bring_in_line(std::string peer, IngestSummary theirs, chain::KeyPair key,
                                             std::vector<std::string> peers);
    Task<std::optional<Error>> close_own_past();
    Task<Result<BlockIndex>> claim_key();
    Task<Result<IngestSummary>> set_retired(bool retired);

    Task<> work();
    Task<> check_peers();
    Task<> process_block(BlockPtr block, Term term);
    Task<bool> publish_report(BlockIndex next, Term term);
    Task<std::optional<std::uint64_t>> block_time(BlockIndex block, Term term);
    Task<bool> open_invocation(BlockIndex start, Term term);
    Task<bool> close_abandoned(std::size_t keep, Term term);
    Task<Scan> scan(BlockPtr block, std::uint64_t timestamp_s, Term term, std::vector<Row>* rows);
    bool scan_output(const LedgerBlock& block, std::size_t number, std::uint64_t timestamp_s,
                     std::vector<Row>& rows);

    /// Repeats a database call until its answer is final, 1, 2, ... 30 s apart.
    /// @return nothing when the term ended before
    template <class T, class Call>
    Task<std::optional<Result<T>>> persist(Call call, Term term);
    /// The same for a command, which gives up after a few tries.
    template <class T, class Call>
    Task<Result<T>> repeat(Call call);

    Host& host_;
    RecoveryDb& database_;
    const BlockSource& blocks_;
    StateFile& file_;
    PeerDirectory& directory_;
    const IngestConfig config_;

    Mutex state_;
    Signal changed_; ///< the mode
    Term term_ = 0;  ///< counts mode changes

    IngestMode mode_ = IngestMode::idle;
    bool activating_ = false;
    bool resuming_ = false; ///< implies idle; the state file keeps saying active meanwhile
    BlockIndex next_block_;
    std::uint64_t window_;
    std::vector<std::string> peers_;
    std::optional<BlockIndex> last_published_expiry_;

    /// Changes only under the mutex, while idle.
    chain::KeyPair key_;
    bool key_is_saved_ = false;

    /// The egress key and the users' counters belong together, and to `invocation_` once that is open: they
    /// are renewed together.
    chain::KeyPair egress_;
    std::unordered_map<chain::PublicKey, User, HashKey> users_; ///< looked up only, never walked
    std::size_t users_records_ = 0; ///< made of the block that is being scanned, strangers' left out
    std::optional<InvocationId> invocation_;
    /// Invocations not known to be closed, oldest first; `invocation_` is one of them, the others wait to be
    /// closed.
    std::vector<InvocationId> open_;
};

} // namespace engine::fog
