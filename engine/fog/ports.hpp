#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/chain/types.hpp"
#include "engine/ids.hpp"
#include "engine/result.hpp"
#include "engine/task.hpp"

// What Fog's logic asks of the world around it, and what its services say to each other.  The simulator and
// the real processes implement the same classes; nothing here knows which.
//
// Requests are passed by value: the callee may run longer than the caller lives.

namespace engine::fog {

// ------------------------------------------------------------------------------------------------ the chain

/// A block as the Fog services read it.  Immutable and shared by all copies of the chain.
struct LedgerBlock {
    BlockIndex index;
    std::uint32_t version = 3;
    std::uint64_t cumulative_txo_count = 0; ///< including this block
    std::vector<chain::TxOut> outputs;
    std::vector<chain::KeyImage> key_images;
    /// When consensus signed it, in seconds since 1970, for who judges: services learn it from the watcher.
    std::optional<std::uint64_t> signed_at_s{};

    GlobalIndex first_output() const { return GlobalIndex{cumulative_txo_count - outputs.size()}; }
};
using BlockPtr = std::shared_ptr<const LedgerBlock>;

inline constexpr std::uint64_t unknown_timestamp = ~std::uint64_t{0};

/// A block's time as the watcher has it.
struct BlockTime {
    enum class Code : std::uint8_t { found = 1, behind = 2, unavailable = 3 };
    Code code = Code::behind;
    std::uint64_t timestamp_s = unknown_timestamp;
};

struct OutputPlace {
    GlobalIndex index;
    BlockIndex block;
};

/// One node's own lagging copy of the chain (ledger_db and watcher_db).  Reads are local and do not suspend;
/// two reads in different steps may see different heights.
class BlockSource {
public:
    virtual ~BlockSource() = default;
    virtual BlockCount count() const = 0;
    /// @return null when this copy does not have the block yet
    virtual BlockPtr block(BlockIndex index) const = 0;
    /// The origin block has no time: found, unknown.
    virtual BlockTime time(BlockIndex index) const = 0;
    virtual std::optional<OutputPlace> find_output(const chain::PublicKey& public_key) const = 0;
    /// The block that holds an output.  @return null when this copy does not have it
    virtual BlockPtr block_of_output(GlobalIndex index) const = 0;
};

// ----------------------------------------------------------------------------------------- recovery database

/// How far a database node has applied commits.  A later read of the same node never gives a smaller one.
struct DbPosition : Id<struct DbPositionTag> {
    using Id::Id;
    friend constexpr auto operator<=>(DbPosition, DbPosition) = default;
};

struct IngressKeyRecord {
    chain::PublicKey key;
    BlockIndex start;
    BlockIndex expiry; ///< first block in which an output with a hint to this key may not appear
    bool retired = false;
    bool lost = false;
    std::optional<BlockIndex> last_scanned;

    /// Whether this key promises (or has delivered) the records of a block.
    /// @source fog/recovery_db_iface/src/types.rs
    bool covers(BlockIndex block) const {
        if (block < start) return false;
        // What was delivered counts whatever became of the key: with a window of no blocks a key delivers a
        // block at its expiry, and once it is retired nothing else would make view wait for it.
        if (last_scanned && block <= *last_scanned) return true;
        if (lost) return false;
        if (retired) return block < expiry;
        return true;
    }
    friend bool operator==(const IngressKeyRecord&, const IngressKeyRecord&) = default;
};

struct IngressKeys {
    std::vector<IngressKeyRecord> records; ///< by key
    DbPosition as_of;
};

/// One record of an ingested block.
struct Row {
    chain::SearchKey search_key;
    std::shared_ptr<const chain::Bytes> payload;
};

struct IngestedBlock {
    BlockIndex block;
    InvocationId invocation;
    std::uint64_t cumulative_txo_count = 0;
    std::uint64_t timestamp_s = unknown_timestamp;
    std::shared_ptr<const std::vector<Row>> rows;
};

struct IngestedBlocks {
    std::vector<IngestedBlock> blocks; ///< consecutive, ascending
    DbPosition as_of;
};

/// Tells a wallet which RNG to search from which block on.
struct RngRecord {
    InvocationId invocation;
    chain::PublicKey egress_key;
    std::uint32_t rng_version = 0;
    BlockIndex start;
    friend bool operator==(const RngRecord&, const RngRecord&) = default;
};
/// The invocation will never have records after `last_ingested`; 0 also when it never had any.
struct Decommission {
    InvocationId invocation;
    BlockIndex last_ingested;
    friend bool operator==(const Decommission&, const Decommission&) = default;
};
using MissedBlocks = BlockRange;

struct UserEvent {
    UserEventId id;
    std::variant<RngRecord, Decommission, MissedBlocks> what;
};

struct UserEvents {
    std::vector<UserEvent> events; ///< by id
    UserEventId next;              ///< the cursor to ask with next time
    DbPosition as_of;
};

struct KeyStatus {
    BlockIndex expiry;
    bool retired = false;
    bool lost = false;
};

struct ReportRow {
    std::string fog_report_id;
    chain::PublicKey ingress_key;
    BlockIndex expiry;
    chain::Bytes evidence; ///< clear-text mode: empty
};

/// The shared store between ingest and view.  Every call suspends.
///
/// Rules
/// 1. Each write is one transaction, and writers are serialised: event ids become visible in order, and a
///    key's start is decided against every block that will ever be visible before it.
/// 2. A write may end in `unknown`; repeating it is safe, because a repeat by the same writer succeeds.
/// 3. Codes common to all: unavailable, unknown, internal (serialization failure; nothing happened).
/// @source fog/recovery_db_iface, fog/sql_recovery_db
class RecoveryDb {
public:
    virtual ~RecoveryDb() = default;

    virtual Task<Result<std::optional<IngressKeyRecord>>> ingress_key(chain::PublicKey key) = 0;
    virtual Task<Result<IngressKeys>> ingress_keys() = 0;
    virtual Task<Result<std::optional<BlockIndex>>> highest_known_block() = 0;
    /// Stores the key with start = max(requested, 1 + highest known block of any key).
    /// @return the stored start; that of the first call when the same key comes again with nothing scanned
    /// @errors conflict (the key exists and has been scanned, retired or lost)
    virtual Task<Result<BlockIndex>> new_ingress_key(chain::PublicKey key, BlockIndex requested_start) = 0;
    /// @errors not_found; retired (unretiring a key when a block at or past its expiry is known: view may
    /// have passed
    ///         that block without it)
    virtual Task<Result<void>> retire_ingress_key(chain::PublicKey key, bool retired) = 0;
    /// Marks the key lost and announces [max(start, last scanned + 1), expiry) as missed when not empty.  Two
    /// keys may miss the same range: it is announced once.
    /// @return whether a range was announced by this or an earlier call
    /// @errors not_found
    virtual Task<Result<bool>> report_lost_ingress_key(chain::PublicKey key) = 0;
    /// Opens an invocation and announces its RNG; closes `previous` in the same transaction.
    /// @errors not_found (no such ingress key or previous invocation), lost, conflict (egress key taken by
    /// another
    ///         ingress key)
    virtual Task<Result<InvocationId>> new_ingest_invocation(std::optional<InvocationId> previous,
                                                             chain::PublicKey ingress,
                                                             chain::PublicKey egress, BlockIndex start) = 0;
    /// A second call succeeds.  @errors not_found
    virtual Task<Result<void>> decommission_ingest_invocation(InvocationId invocation) = 0;
    /// Stores a block's rows.  It succeeds also when this invocation stored the same block before.
    /// @errors conflict (another invocation has scanned this block with the key), lost, decommissioned,
    /// not_found
    virtual Task<Result<void>> add_block(InvocationId invocation, IngestedBlock block) = 0;
    /// Raises the key's expiry and replaces the report under the id.  A retired or lost key changes nothing.
    /// @errors not_found
    virtual Task<Result<KeyStatus>> set_report(chain::PublicKey key, ReportRow report) = 0;
    /// Invocations that are open and were last written to before then, by the writers' own wall clocks: what
    /// the cleanup tool closes.  @param before_s  seconds since 1970
    virtual Task<Result<std::vector<InvocationId>>> expired_invocations(std::int64_t before_s) = 0;
    virtual Task<Result<std::vector<ReportRow>>> reports() = 0;
    /// All events after the cursor; UserEventId::none() asks for none and is echoed.
    virtual Task<Result<UserEvents>> user_events(UserEventId after) = 0;
    virtual Task<Result<std::vector<BlockRange>>> missed_block_ranges() = 0;
    /// Up to `limit` blocks of a key, consecutive from `first` on; ends before the first gap.
    virtual Task<Result<IngestedBlocks>> blocks(chain::PublicKey key, BlockIndex first,
                                                std::size_t limit) = 0;
};

// ------------------------------------------------------------------------------------------------ view

enum class SearchCode : std::uint8_t {
    found = 1,
    not_found = 2,
    bad_search_key = 3,
    internal_error = 4,
    rate_limited = 5
};

struct SearchResult {
    chain::SearchKey key;
    SearchCode code = SearchCode::not_found;
    std::shared_ptr<const chain::Bytes> payload; ///< null unless found
};

struct ViewQuery {
    UserEventId events_after;
    std::vector<chain::SearchKey> keys;
};

/// @source fog/api/proto/view.proto QueryResponse
struct ViewAnswer {
    BlockCount count;      ///< highest processed block count: every result is true at least up to here
    BlockCount last_known; ///< may be ahead of count; never for balances
    UserEventId next_event;
    std::vector<RngRecord> rngs;
    std::vector<Decommission> decommissions;
    std::vector<BlockRange> missed;
    std::vector<SearchResult> results; ///< one per requested key, in request order
};

/// fog_view.FogViewAPI, what a wallet talks to.
class ViewApi {
public:
    virtual ~ViewApi() = default;
    virtual Task<Result<ViewAnswer>> query(ViewQuery query) = 0;
};

struct ViewStoreAnswer {
    BlockRange range; ///< the shard's own idea of its range
    ViewAnswer view;
};

/// fog_view.FogViewStoreAPI, what a router talks to.
class ViewStoreApi {
public:
    virtual ~ViewStoreApi() = default;
    /// @errors not_ready (nothing loaded in this range yet)
    virtual Task<Result<ViewStoreAnswer>> query(ViewQuery query) = 0;
};

// ------------------------------------------------------------------------------------------------ ledger

enum class KeyImageCode : std::uint8_t { spent = 1, not_spent = 2, error = 3 };

struct KeyImageResult {
    chain::KeyImage image;
    KeyImageCode code = KeyImageCode::not_spent;
    BlockIndex spent_at; ///< meaningless unless spent
};

struct KeyImagesAnswer {
    BlockCount count; ///< NotSpent is true up to here; spent_at may lie beyond
    std::uint64_t global_txo_count = 0;
    std::uint32_t latest_block_version = 0;
    std::vector<KeyImageResult> results;
};

struct KeyImageStoreAnswer {
    BlockRange processed; ///< [shard start, first block not loaded)
    KeyImagesAnswer images;
};

struct FoundBlock {
    BlockPtr block;
    BlockTime time;
};
struct BlocksAnswer {
    std::vector<FoundBlock> blocks; ///< those of the asked ranges that exist, ascending
    BlockCount count;
    std::uint64_t global_txo_count = 0;
};

struct OutputResult {
    enum class Code : std::uint8_t { does_not_exist = 1, exists = 2, database_error = 3 };
    GlobalIndex index;
    Code code = Code::does_not_exist;
    std::optional<chain::TxOut> output;
    std::uint64_t proof_highest_index = 0; ///< the last output the membership proof is about
};
struct OutputsAnswer {
    BlockCount count;
    std::uint64_t global_txo_count = 0;
    std::uint32_t latest_block_version = 0;
    std::vector<OutputResult> results;
};

struct TxOutStatus {
    enum class Code : std::uint8_t { not_found = 0, found = 1, malformed = 2, database_error = 3 };
    chain::PublicKey public_key;
    Code code = Code::not_found;
    OutputPlace place;
    BlockTime time;
};
struct TxOutStatusAnswer {
    std::vector<TxOutStatus> results;
    BlockCount count; ///< not_found is true up to here
    std::uint64_t global_txo_count = 0;
};

/// fog_ledger.FogKeyImageAPI, FogBlockAPI, FogMerkleProofAPI and FogUntrustedTxOutApi: four services with
/// three clocks.
class LedgerApi {
public:
    virtual ~LedgerApi() = default;
    virtual Task<Result<KeyImagesAnswer>> key_images(std::vector<chain::KeyImage> images) = 0;
    virtual Task<Result<BlocksAnswer>> blocks(std::vector<BlockRange> ranges) = 0;
    /// @errors invalid_argument (more than 2000 indices)
    virtual Task<Result<OutputsAnswer>> outputs(std::vector<GlobalIndex> indices) = 0;
    virtual Task<Result<TxOutStatusAnswer>> tx_outs(std::vector<chain::PublicKey> public_keys) = 0;
};

/// fog_ledger.KeyImageStoreAPI.
class KeyImageStoreApi {
public:
    virtual ~KeyImageStoreApi() = default;
    virtual Task<Result<KeyImageStoreAnswer>> key_images(std::vector<chain::KeyImage> images) = 0;
};

// ------------------------------------------------------------------------------------------------ report

/// report.ReportAPI: who is willing to scan, and until when.
class ReportApi {
public:
    virtual ~ReportApi() = default;
    virtual Task<Result<std::vector<ReportRow>>> reports() = 0;
};

// ------------------------------------------------------------------------------------------------ ingest

enum class IngestMode : std::uint8_t { idle = 0, active = 1 };

/// @source fog/api/proto/ingest_common.proto IngestSummary
struct IngestSummary {
    IngestMode mode = IngestMode::idle;
    BlockIndex next_block;
    std::uint64_t pubkey_expiry_window = 0;
    chain::PublicKey ingress_key;
    chain::PublicKey egress_key;
    std::vector<std::string> peers; ///< responder ids, this node's included
    std::optional<InvocationId> invocation;
};

/// ingest_peer.AccountIngestPeerAPI as seen from another node.
class IngestPeer {
public:
    virtual ~IngestPeer() = default;
    virtual const std::string& responder_id() const = 0;
    virtual Task<Result<IngestSummary>> status() = 0;
    /// Installs the ingress key when the peer is idle and has another.  @errors failed_precondition (not
    /// idle)
    virtual Task<Result<IngestSummary>> set_ingress_key(chain::KeyPair key) = 0;
    virtual Task<Result<chain::KeyPair>> get_ingress_key() = 0;
    virtual Task<Result<IngestSummary>> set_peers(std::vector<std::string> peers) = 0;
};

/// Finds the peer API behind a responder id.
class PeerDirectory {
public:
    virtual ~PeerDirectory() = default;
    /// @return null when no such peer can be addressed
    virtual IngestPeer* find(const std::string& responder_id) = 0;
};

/// What survives a restart of an ingest node.  The ingress key is sealed upstream; here it is in the clear.
struct IngestState {
    IngestMode mode = IngestMode::idle;
    BlockIndex next_block;
    std::uint64_t pubkey_expiry_window = 0;
    chain::KeyPair ingress_key;
    std::vector<std::string> peers;
    /// Invocations that were opened and are not known to be closed.  Their egress keys died with the process,
    /// so whoever starts from this state closes them.
    std::vector<InvocationId> open_invocations;
};

/// A file that is replaced as a whole or not at all.
class StateFile {
public:
    virtual ~StateFile() = default;
    /// @return nothing when there is no file.  @errors internal (not a state file: it was moved aside)
    virtual Result<std::optional<IngestState>> read() = 0;
    /// @errors disk_full (the old content is still there)
    virtual Result<void> write(const IngestState& state) = 0;
};

/// account_ingest.AccountIngestAPI: what an operator says to an ingest node.
class IngestApi {
public:
    virtual ~IngestApi() = default;
    virtual Task<Result<IngestSummary>> get_status() = 0;
    /// @errors unavailable (a peer or the database cannot be reached), failed_precondition (a peer is
    /// active),
    ///         lost, retired (this key is past use), disk_full (the key would not survive a restart)
    virtual Task<Result<IngestSummary>> activate() = 0;
    /// @errors not_found (the key was never activated)
    virtual Task<Result<IngestSummary>> retire() = 0;
    virtual Task<Result<IngestSummary>> unretire() = 0;
    /// @errors failed_precondition (active, and the window would shrink)
    virtual Task<Result<IngestSummary>> set_pubkey_expiry_window(std::uint64_t blocks) = 0;
    /// An id that is named twice counts once.  @errors invalid_argument (own id missing)
    virtual Task<Result<IngestSummary>> set_peers(std::vector<std::string> peers) = 0;
    /// @errors failed_precondition (not idle)
    virtual Task<Result<IngestSummary>> new_keys() = 0;
    /// @errors failed_precondition (not idle), permission_denied (itself), unavailable
    virtual Task<Result<IngestSummary>> sync_keys_from_remote(std::string responder_id) = 0;
    virtual Task<Result<bool>> report_lost_ingress_key(chain::PublicKey key) = 0;
    virtual Task<Result<std::vector<BlockRange>>> get_missed_block_ranges() = 0;
    virtual Task<Result<std::vector<IngressKeyRecord>>>
    get_ingress_key_records(BlockIndex start_at_least, bool include_lost, bool include_retired) = 0;
};

} // namespace engine::fog
