#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "real/archive/folder.hpp"
#include "real/lmdb/ledger_db.hpp"

namespace real::archive {

/// Sizes of merged files that upstream's archives have.
inline const std::vector<std::uint64_t> usual_merge_sizes{100, 1000, 10000};

/// Brings a ledger into an archive, block by block, as the ledger grows.
///
/// Rules
/// 1. It goes on behind the highest block that is there; a file that is no block is written again.
/// 2. A merged file is written when the last of its blocks is due, and before that block's own file: whoever
/// goes
///    on after a kill writes it, too.
/// 3. An archive of another chain is left as it is.
class Publisher {
public:
    /// @param ledger  outlives it
    /// @param merge_sizes  blocks of a merged file, each at least 2
    /// @throws engine::UsageError  when the archive holds blocks of another chain
    Publisher(const lmdb::LedgerDb& ledger, Folder folder, std::vector<std::uint64_t> merge_sizes);

    /// The first block that is not in the archive yet.
    BlockIndex next() const { return next_; }
    /// Writes the blocks that the ledger has more.
    /// @param stop  asked before each
    /// @return how many
    std::uint64_t publish(const std::function<bool()>& stop);

private:
    void merge(const lmdb::LedgerView& view, std::uint64_t size) const;

    const lmdb::LedgerDb& ledger_;
    Folder folder_;
    std::vector<std::uint64_t> merge_sizes_;
    BlockIndex next_;
};

} // namespace real::archive
