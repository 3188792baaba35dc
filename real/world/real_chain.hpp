#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/chain/block.hpp"
#include "engine/world/chain.hpp"
#include "real/lmdb/ledger_db.hpp"
#include "real/lmdb/watcher_db.hpp"
#include "real/loop/io_loop.hpp"
#include "real/world/event_log.hpp"

namespace real {

using engine::BlockCount;
using engine::BlockIndex;
using engine::Result;

/// The canonical chain as it is kept for those who copy it.
using BlockLog = std::vector<engine::chain::BlockData>;

/// One copy of the chain on disk, a ledger_db and a watcher_db, that services read while it is written here.
///
/// Rules
/// 1. A block's time is written right after the block, as upstream's tools do; a reader may see the block
///    without.
/// 2. A released copy has every block as soon as it is appended.
class DiskCopy final : public engine::ChainCopy {
public:
    /// Opens both databases as their only writer.  @pre they hold the origin block
    /// @param log     outlives the copy
    /// @param events  told before a block is written; outlives the copy
    DiskCopy(std::string name, const std::filesystem::path& ledger, const std::filesystem::path& watcher,
             const BlockLog& log, EventLog& events);

    const std::string& name() const override { return name_; }
    BlockCount count() const override { return count_; }
    void hold() override { held_ = true; }
    void release() override;
    void advance_to(BlockCount count) override;

    void on_append();
    /// As it stands on disk.  @pre the copy has it
    engine::chain::BlockData block_data(BlockIndex index) const;
    /// The watcher stops hearing of blocks, and catches up.
    void hold_times() { times_held_ = true; }
    void release_times();

private:
    void write_times();

    std::string name_;
    const BlockLog& log_;
    EventLog& events_;
    lmdb::LedgerDb ledger_;
    lmdb::WatcherDb watcher_;
    BlockCount count_;
    BlockCount timed_;
    bool held_ = false;
    bool times_held_ = false;
};

/// An account of the run: as its wallet is told of it, and as the harness knows it.
struct KeyFile {
    std::string mnemonic;
    std::uint32_t account_index = 0;
    engine::Account account;
};
/// Reads the files that sample-keys has written.  @throws engine::BrokenSurroundings
std::vector<KeyFile> read_accounts(const std::filesystem::path& folder, std::uint32_t count);

/// The blocks of the canonical chain in MobileCoin's own formats, and copies of them on disk.
class DiskStore final : public engine::BlockStore {
public:
    /// @param events  told of blocks and copies; outlives the store
    explicit DiskStore(EventLog& events) : events_(events) {}

    /// Name and folder of each copy, in the roster's order.  @pre there is no block
    void set_places(std::vector<std::pair<std::string, std::filesystem::path>> copies) {
        places_ = std::move(copies);
    }
    const std::vector<std::unique_ptr<DiskCopy>>& on_disk() const { return copies_; }
    const BlockLog& log() const { return log_; }

    /// Writes it into new databases, one pair for each copy.
    engine::OriginBlock make_origin(const std::vector<engine::Account>& accounts,
                                    engine::chain::ByteSource& bytes) override;
    std::shared_ptr<engine::fog::LedgerBlock> make_block(std::vector<engine::chain::TxOut> outputs,
                                                         std::vector<engine::chain::KeyImage> images,
                                                         engine::chain::ByteSource& bytes) override;
    void on_block(const engine::fog::LedgerBlock& block,
                  const std::vector<engine::model::Coin>& coins) override;
    void publish() override;
    std::vector<engine::ChainCopy*> copies() override;

private:
    EventLog& events_;
    std::vector<std::pair<std::string, std::filesystem::path>> places_;
    BlockLog log_;
    std::vector<std::unique_ptr<DiskCopy>> copies_;
    engine::chain::PublicAddress stranger_; // owns what nobody in the story owns
};

} // namespace real
