#pragma once

#include <functional>
#include <optional>
#include <string>

#include "real/lmdb/ledger_db.hpp"
#include "real/lmdb/watcher_db.hpp"

// Holds a whole ledger against what its blocks imply: every hash, id, signature, index and Merkle node, and
// that there is nothing besides.

namespace real::lmdb {

/// The first thing that is wrong.
struct LedgerFault {
    std::string place; ///< for instance "block 7, output 3 (global index 52)"
    std::string what;
};

struct LedgerSummary {
    std::uint64_t blocks = 0;
    std::uint64_t tx_outs = 0;
    std::uint64_t key_images = 0;
    /// Blocks whose metadata holds DCAP evidence: their metadata signature was not checked.
    std::uint64_t unchecked_metadata = 0;
};

/// Walks the ledger once, block by block; what it keeps in memory does not grow with the ledger, but for the
/// mint configs of each token.
/// @param progress  called after each block, may be empty
/// @return the first fault; nothing when all is well, and `summary` then tells what was found
std::optional<LedgerFault> check_ledger(const LedgerView& ledger, LedgerSummary& summary,
                                        const std::function<void(BlockIndex)>& progress = {});

/// Holds a watcher database against itself and the ledger: hashes, signatures, and that both know the same
/// blocks. The watcher may lag behind the ledger.
/// @param transaction  of the watcher's environment, begun *before* the ledger's: writers append to the
/// ledger first,
///                     so that what is looked at earlier is never ahead, also while they are at work
std::optional<LedgerFault> check_watcher(const WatcherDb& watcher, const Transaction& transaction,
                                         const LedgerView& ledger);

} // namespace real::lmdb
