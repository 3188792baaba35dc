#pragma once

#include <filesystem>
#include <optional>

#include "engine/ids.hpp"

// Making one copy of a chain lag behind another: blocks are appended to it one by one, when somebody says so.

namespace real::lmdb {

struct CopyReport {
    std::uint64_t copied = 0;    ///< blocks appended by this call
    engine::BlockCount blocks{}; ///< of the copy, afterwards
};

/// Brings the ledger in `to` up to block `last` of the one in `from`, both included; it is made when absent.
/// Each block is one transaction, so that a copy cut short is a shorter copy.
/// @param last  the source's newest block when not given
/// @throws TestLedgerError when `from` has no such block or `to` is not a beginning of it; Error
CopyReport copy_ledger(const std::filesystem::path& from, const std::filesystem::path& to,
                       std::optional<engine::BlockIndex> last);

/// The same for the watcher's records: blocks, signatures and evidence up to `last`.  The copy gets the
/// sources of the original.
/// @return how many block records the copy did not have before
std::uint64_t copy_watcher(const std::filesystem::path& from, const std::filesystem::path& to,
                           engine::BlockIndex last);

} // namespace real::lmdb
