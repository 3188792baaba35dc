#pragma once

#include <filesystem>
#include <map>

#include "engine/fog/ports.hpp"
#include "real/lmdb/ledger_db.hpp"
#include "real/lmdb/watcher_db.hpp"

namespace real::service {

/// A node's copy of the chain: MobileCoin's ledger_db and watcher_db, opened to read while other processes
/// write.
///
/// Rules
/// 1. Every call sees the newest commit; its LMDB transaction ends before it returns.
/// 2. A block never changes, so the last blocks read are kept and shared.
class LmdbBlockSource final : public engine::fog::BlockSource {
public:
    /// Both must exist.
    /// @throws lmdb::Error
    LmdbBlockSource(const std::filesystem::path& ledger_dir, const std::filesystem::path& watcher_dir);

    // BlockSource.  All throw lmdb::Error when the databases are damaged.
    engine::BlockCount count() const override;
    engine::fog::BlockPtr block(engine::BlockIndex index) const override;
    engine::fog::BlockTime time(engine::BlockIndex index) const override;
    std::optional<engine::fog::OutputPlace>
    find_output(const engine::chain::PublicKey& public_key) const override;
    engine::fog::BlockPtr block_of_output(engine::GlobalIndex index) const override;

    /// For proofs and the like, which the port does not offer.
    const lmdb::LedgerDb& ledger() const { return ledger_; }

private:
    engine::fog::BlockPtr read(const lmdb::LedgerView& view, engine::BlockIndex index) const;

    static constexpr std::size_t kept_blocks = 64;

    lmdb::LedgerDb ledger_;
    lmdb::WatcherDb watcher_;
    mutable std::map<engine::BlockIndex, engine::fog::BlockPtr> kept_; ///< at most kept_blocks
};

} // namespace real::service
