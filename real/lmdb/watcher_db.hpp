#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/chain/block.hpp"
#include "engine/ids.hpp"
#include "real/lmdb/environment.hpp"

// MobileCoin's watcher_db: block signatures with their times, as fog services read timestamps from.
// @source mobilecoin 7.0.0 watcher/src/watcher_db.rs, watcher/src/block_data_store.rs

namespace real::lmdb {

using engine::BlockIndex;

inline constexpr std::uint64_t watcher_db_version = 20210127;
inline constexpr std::uint64_t no_timestamp = ~std::uint64_t{0};

/// The form in which the watcher keys its sources: scheme and host in lower case, no default port, a path.
/// @return nothing when `text` is no absolute URL with a host
std::optional<std::string> normalize_url(std::string_view text);

/// Numbers as they go over the wire.
enum class TimestampCode : std::uint32_t {
    found = 1,
    watcher_behind = 2,
    unavailable = 3,
    database_error = 4,
    out_of_bounds = 5,
};
struct BlockTimestamp {
    std::uint64_t seconds = no_timestamp;
    TimestampCode code = TimestampCode::unavailable;
    friend bool operator==(const BlockTimestamp&, const BlockTimestamp&) = default;
};

/// A block signature and where it was found.
struct SourcedSignature {
    std::string url;
    std::string archive_file;
    engine::chain::BlockSignature signature;
    friend bool operator==(const SourcedSignature&, const SourcedSignature&) = default;
};
engine::chain::Bytes encode(const SourcedSignature& value);
std::optional<SourcedSignature> decode_sourced_signature(ByteView bytes);

/// What the watcher keeps of a block from one source; block and contents lie under their hashes.
struct StoredBlockData {
    engine::chain::Bytes block_hash;
    engine::chain::Bytes contents_hash;
    std::optional<engine::chain::BlockSignature> signature;
    std::optional<engine::chain::BlockMetadata> metadata;
    friend bool operator==(const StoredBlockData&, const StoredBlockData&) = default;
};
engine::chain::Bytes encode(const StoredBlockData& value);
std::optional<StoredBlockData> decode_stored_block_data(ByteView bytes);

/// Handles of the ten databases.
struct WatcherTables {
    Database metadata, block_signatures, reports_by_block_signer, reports_by_hash, reports_poll_queue;
    Database last_synced, config, blocks_datas_by_index, blocks_by_hash, block_contents_by_hash;
};

/// An open watcher database.
///
/// Rules
/// 1. Nothing is cached: every call sees the newest commit.
/// 2. A writer serves the sources it was opened with; others are an error.
/// 3. URLs are normalised by the caller.
class WatcherDb {
public:
    using Options = EnvironmentOptions;

    /// @throws Error
    static WatcherDb open(const std::filesystem::path& directory, const Options& options = {});
    /// Opens as the only writer and replaces the list of sources.
    static WatcherDb open_writer(const std::filesystem::path& directory, const std::vector<std::string>& urls,
                                 Options options = {});
    /// Makes an empty watcher database and opens it as its writer, with no sources.
    /// @throws Error exists when there is one, which stays as it is
    static WatcherDb create(const std::filesystem::path& directory, Options options = {});

    WatcherDb(WatcherDb&&) = default;
    WatcherDb& operator=(WatcherDb&&) = delete;
    ~WatcherDb();

    /// The configured sources, sorted.
    std::vector<std::string> urls() const;
    BlockTimestamp block_timestamp(BlockIndex index) const;
    std::vector<SourcedSignature> block_signatures(BlockIndex index) const;
    /// The last block synced from each configured source, if any.
    std::vector<std::pair<std::string, std::optional<BlockIndex>>> last_synced() const;
    /// The same, as of a transaction of environment().
    std::vector<std::pair<std::string, std::optional<BlockIndex>>>
    last_synced(const Transaction& transaction) const;
    /// The smallest of those, absent ones counting as 0; 0 without sources.
    BlockIndex highest_common_block() const;
    /// The block as the source gave it.  @throws Error corrupt when its parts are missing
    std::optional<engine::chain::BlockData> block_data(const std::string& url, BlockIndex index) const;
    /// Sources that have this block.
    std::vector<std::string> sources_of(BlockIndex index) const;
    /// Signers whose attestation evidence is still to be asked for.
    std::vector<std::pair<std::string, engine::chain::Ed25519PublicKey>> poll_queue() const;
    /// @return per stored record its bytes, empty ones meaning that there is none
    std::vector<engine::chain::Bytes> evidence(const engine::chain::Ed25519PublicKey& signer,
                                               const std::string& url) const;

    /// Keeps a block; an index that is there already stays as it is and makes the answer false.
    bool add_block_data(const std::string& url, const engine::chain::BlockData& data);
    /// Keeps a signature, notes the block as synced, and queues the signer unless its evidence is known.
    void add_block_signature(const std::string& url, BlockIndex index,
                             const engine::chain::BlockSignature& signature, const std::string& archive_file);
    void update_last_synced(const std::string& url, BlockIndex index);
    /// Keeps a signer's evidence, or that it has none, and takes it off the queue.
    void add_evidence(const std::string& url, const engine::chain::Ed25519PublicKey& signer,
                      const std::optional<engine::chain::Bytes>& evidence);

    const std::filesystem::path& directory() const { return environment_->directory(); }
    Environment& environment() const { return *environment_; }
    const WatcherTables& tables() const { return *tables_; }

private:
    WatcherDb(std::shared_ptr<Environment> environment, std::shared_ptr<const WatcherTables> tables,
              bool writer)
        : environment_(std::move(environment)), tables_(std::move(tables)), writer_(writer) {}

    std::vector<std::string> urls(const Transaction& transaction) const;
    std::optional<BlockIndex> last_synced(const Transaction& transaction, const std::string& url) const;
    BlockIndex highest_common_block(const Transaction& transaction) const;
    std::vector<SourcedSignature> block_signatures(const Transaction& transaction, BlockIndex index) const;
    void need_source(const Transaction& transaction, const std::string& url) const;
    [[noreturn]] void corrupt(const std::string& what) const;

    std::shared_ptr<Environment> environment_;
    std::shared_ptr<const WatcherTables> tables_;
    bool writer_;
};

} // namespace real::lmdb
