#pragma once

#include <deque>
#include <map>
#include <unordered_map>

#include "engine/fog/ports.hpp"
#include "engine/host.hpp"

namespace engine::fog {

struct ViewStoreConfig {
    BlockRange range = BlockRange::all(); ///< sharding strategy: the blocks this store answers for
    std::size_t batch_blocks = 1000;      ///< blocks of one key in one database read
    Duration poll_interval = 250ms;
};

/// One shard of fog-view: loads ingested blocks from the recovery database and answers searches.
///
/// Rules
/// 1. Count first: a query reads the published count, then the events, then the records (R1).
/// 2. Data first: records are in before the count that includes them is published (R2).
/// 3. The count passes a block only on a key list that was read after that block's records were fetched,
///    and from a database node that was not behind them (R7).
/// 4. Nothing is kept: a restarted store begins at count 0.
/// @source fog/view/server/src/{db_fetcher,block_tracker,fog_view_service}.rs
class ViewStore final : public ViewStoreApi {
public:
    ViewStore(Host& host, RecoveryDb& db, ViewStoreConfig config);

    /// Fetcher and worker, until killed.
    Task<> run();
    Task<Result<ViewStoreAnswer>> query(ViewQuery query) override;

    /// Everything known at start has been loaded (health SERVING).
    bool is_ready() const { return ready_; }
    BlockCount count() const { return published_.count; }
    BlockCount last_known() const { return published_.last_known; }
    /// Of the newest key list the count rests on.
    DbPosition as_of() const { return published_.as_of; }

private:
    struct KeyHash {
        std::size_t operator()(const chain::SearchKey& key) const noexcept;
    };
    /// What one round of the fetcher found, with a key list at least as new as every block in it.
    struct Batch {
        std::vector<std::pair<chain::PublicKey, IngestedBlock>> blocks;
        IngressKeys keys;
        bool complete = false; ///< nothing more was there to fetch
    };
    struct Published {
        BlockCount count;
        BlockCount last_known;
        DbPosition as_of; ///< of the key list the count rests on
    };

    Task<> fetch();
    Task<> load();
    Task<bool> fetch_blocks(const IngressKeyRecord& record,
                            std::vector<std::pair<chain::PublicKey, IngestedBlock>>& into,
                            DbPosition& newest);
    bool has_unfetched(const IngressKeyRecord& record) const;
    void insert(const IngestedBlock& block);
    void publish(const IngressKeys& keys);
    bool may_pass(BlockIndex block, const IngressKeys& keys) const;
    void mark_passed(BlockIndex block, const IngressKeys& keys) const;

    Host& host_;
    RecoveryDb& db_;
    ViewStoreConfig config_;
    // fetcher
    std::map<chain::PublicKey, BlockIndex> next_fetch_;
    std::deque<Batch> queue_;
    Signal queued_;
    // worker
    std::map<chain::PublicKey, BlockIndex> processed_; // last block of each key whose records are in
    std::unordered_map<chain::SearchKey, std::shared_ptr<const chain::Bytes>, KeyHash>
        records_; // looked up only
    Published published_;
    bool ready_ = false;
    bool inserting_ = false; ///< records are in that no published count includes
};

} // namespace engine::fog
