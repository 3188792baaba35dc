#include "real/service/lmdb_block_source.hpp"

namespace real::service {

using engine::BlockCount;
using engine::BlockIndex;
using engine::GlobalIndex;
using engine::fog::BlockPtr;
using engine::fog::BlockTime;
using engine::fog::LedgerBlock;
using engine::fog::OutputPlace;

LmdbBlockSource::LmdbBlockSource(const std::filesystem::path& ledger_dir,
                                 const std::filesystem::path& watcher_dir)
    : ledger_(lmdb::LedgerDb::open(ledger_dir)), watcher_(lmdb::WatcherDb::open(watcher_dir)) {}

BlockCount LmdbBlockSource::count() const { return ledger_.num_blocks(); }

BlockPtr LmdbBlockSource::block(BlockIndex index) const {
    const auto kept = kept_.find(index);
    if (kept != kept_.end()) return kept->second;
    const lmdb::LedgerDb::Snapshot snapshot = ledger_.snapshot();
    return read(*snapshot, index);
}

BlockPtr LmdbBlockSource::read(const lmdb::LedgerView& view, BlockIndex index) const {
    const auto kept = kept_.find(index);
    if (kept != kept_.end()) return kept->second;
    auto header = view.block(index);
    if (!header) return nullptr;
    auto contents = view.block_contents(index);
    ENSURE(contents); // the same state of the ledger, and it has the block
    auto block = std::make_shared<LedgerBlock>();
    block->index = index;
    block->version = header->version;
    block->cumulative_txo_count = header->cumulative_txo_count;
    block->outputs = std::move(contents->outputs);
    block->key_images = std::move(contents->key_images);
    // The lowest goes first: services walk upwards, and routers ask about the tip.
    if (kept_.size() >= kept_blocks) kept_.erase(kept_.begin());
    kept_.emplace(index, block);
    return block;
}

// The origin block was signed by nobody, and the watcher answers so for ever: its time is known to be
// unknown.
BlockTime LmdbBlockSource::time(BlockIndex index) const {
    const lmdb::BlockTimestamp found = watcher_.block_timestamp(index);
    switch (found.code) {
    case lmdb::TimestampCode::found:
        return {BlockTime::Code::found, found.seconds};
    case lmdb::TimestampCode::out_of_bounds:
        return {BlockTime::Code::found, engine::fog::unknown_timestamp};
    case lmdb::TimestampCode::watcher_behind:
        return {BlockTime::Code::behind, engine::fog::unknown_timestamp};
    case lmdb::TimestampCode::unavailable:
    case lmdb::TimestampCode::database_error:
        break;
    }
    return {BlockTime::Code::unavailable, engine::fog::unknown_timestamp};
}

std::optional<OutputPlace> LmdbBlockSource::find_output(const engine::chain::PublicKey& public_key) const {
    const lmdb::LedgerDb::Snapshot snapshot = ledger_.snapshot();
    const auto index = snapshot->find_by_public_key(public_key);
    if (!index) return std::nullopt;
    const auto block = snapshot->block_of(*index);
    ENSURE(block);
    return OutputPlace{*index, *block};
}

BlockPtr LmdbBlockSource::block_of_output(GlobalIndex index) const {
    const lmdb::LedgerDb::Snapshot snapshot = ledger_.snapshot();
    const auto block = snapshot->block_of(index);
    if (!block) return nullptr;
    return read(*snapshot, *block);
}

} // namespace real::service
