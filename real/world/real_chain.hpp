#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/chain/block.hpp"
#include "engine/world.hpp"
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

/// What a report server says a sender should use.
struct Hint {
    engine::chain::PublicKey key;
    BlockIndex expiry; ///< first block it is not good for
};

/// An account of the run, as its wallet is told and as the harness knows it.
struct Account {
    std::string mnemonic;
    std::uint32_t account_index = 0;
    engine::chain::AccountKey keys;
    engine::chain::PublicAddress address;
    engine::chain::SubaddressTable subaddresses;
};
/// Reads the files that sample-keys has written.  @throws engine::BrokenSurroundings
std::vector<Account> read_accounts(const std::filesystem::path& folder, std::uint32_t count);

/// The canonical chain in the place of consensus, in MobileCoin's own cryptography and formats.
class DiskChain final : public engine::Chain {
public:
    using AskReport = std::function<Task<Result<Hint>>()>;

    /// @param accounts    outlive the chain
    /// @param ask_report  how a sender learns the ingress key
    /// @param choices     source of all keys: the same seed gives the same blocks
    /// @param events      outlives the chain
    DiskChain(const std::vector<Account>& accounts, AskReport ask_report, engine::Choices& choices,
              EventLog& events);

    /// Makes the origin block and writes it into new databases, one pair for each copy.
    void begin(const std::vector<std::pair<std::string, std::filesystem::path>>& copies);
    const std::vector<std::unique_ptr<DiskCopy>>& copies() const { return copies_; }
    const BlockLog& log() const { return log_; }

    BlockCount height() const override { return model_.height(); }
    Task<engine::AppendedBlock> append(engine::BlockPlan plan) override;
    Task<Result<engine::PreparedPayment>> prepare(engine::AccountId to, std::uint64_t amount,
                                                  std::uint64_t tombstone_blocks) override;
    Task<std::vector<engine::CreditRef>> submit(std::vector<engine::PreparedPayment> payments) override;
    void set_hint_key(engine::chain::PublicKey key, BlockIndex expiry) override;
    Task<Result<engine::chain::PublicKey>> refresh_hint_key() override;
    const engine::model::ChainModel& model() const override { return model_; }

private:
    engine::chain::TxOut build(engine::AccountId to, engine::chain::Amount amount, std::uint64_t subaddress,
                               const engine::chain::PublicKey& hint_key);
    engine::model::Credit credit_for(engine::AccountId to, engine::chain::Amount amount,
                                     const engine::chain::TxOut& output,
                                     const engine::chain::PublicKey& hint_key);
    std::vector<engine::CreditRef> append_block(std::vector<engine::chain::TxOut> outputs,
                                                std::vector<engine::model::Credit> credits,
                                                std::vector<engine::chain::KeyImage> images);
    void add_to_model(const engine::chain::BlockData& data, std::vector<engine::model::Credit> credits);

    const std::vector<Account>& accounts_;
    AskReport ask_report_;
    EventLog& events_;
    engine::StreamBytes bytes_;
    engine::model::ChainModel model_;
    BlockLog log_;
    std::vector<std::unique_ptr<DiskCopy>> copies_;
    std::optional<Hint> hint_;
    engine::chain::PublicAddress stranger_; // owns what nobody in the story owns
};

} // namespace real
