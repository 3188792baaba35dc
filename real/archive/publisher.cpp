#include "real/archive/publisher.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ensure.hpp"

namespace real::archive {

Publisher::Publisher(const lmdb::LedgerDb& ledger, Folder folder, std::vector<std::uint64_t> merge_sizes)
    : ledger_(ledger), folder_(std::move(folder)), merge_sizes_(std::move(merge_sizes)) {
    std::sort(merge_sizes_.begin(), merge_sizes_.end());
    merge_sizes_.erase(std::unique(merge_sizes_.begin(), merge_sizes_.end()), merge_sizes_.end());
    for (const std::uint64_t size : merge_sizes_) ENSURE(size >= 2);
    for (BlockIndex index{ledger_.num_blocks().value}; index.value > 0;) {
        index = BlockIndex{index.value - 1};
        if (!folder_.has(index)) continue;
        const auto there = folder_.read(index);
        if (!there) continue; // half a file, of whoever wrote in place
        if (there->block != ledger_.block(index))
            throw engine::UsageError(
                fmt::format("{}: block {} there is of another chain", folder_.root().string(), index.value));
        next_ = index.next();
        break;
    }
}

std::uint64_t Publisher::publish(const std::function<bool()>& stop) {
    std::uint64_t written = 0;
    while (!stop()) {
        // A moment of its own for each block: readers who hold one back let the ledger's file grow.
        const lmdb::LedgerDb::Snapshot snapshot = ledger_.snapshot();
        const auto block = snapshot->block_data(next_);
        if (!block) break;
        for (const std::uint64_t size : merge_sizes_)
            if ((next_.value + 1) % size == 0) merge(*snapshot, size);
        folder_.write(*block);
        next_ = next_.next();
        ++written;
    }
    return written;
}

void Publisher::merge(const lmdb::LedgerView& view, std::uint64_t size) const {
    std::vector<BlockData> blocks;
    for (BlockIndex index{next_.value + 1 - size}; index <= next_; index = index.next())
        blocks.push_back(view.block_data(index).value());
    folder_.write_merged(blocks);
}

} // namespace real::archive
