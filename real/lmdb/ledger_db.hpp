#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/chain/block.hpp"
#include "engine/ids.hpp"
#include "real/lmdb/environment.hpp"

// MobileCoin's ledger_db: the chain as every service of a node reads it.
// @source mobilecoin 7.0.0 ledger/db

namespace real::lmdb {

using engine::BlockCount;
using engine::BlockIndex;
using engine::GlobalIndex;

/// Number and text in the version record.
inline constexpr std::uint64_t ledger_db_version = 20220921;
inline constexpr const char* upstream_crate_version = "7.0.0";

/// Why a block may not be appended, in the order of the checks.
enum class AppendFault {
    invalid_block_version,
    invalid_block_index,
    invalid_parent_block_id,
    no_outputs,
    too_few_outputs,
    no_key_images,
    invalid_block_contents,
    missing_masked_amount,
    key_image_already_spent,
    duplicate_output_public_key,
    invalid_block_id,
    duplicate_mint_tx,
    duplicate_mint_config_tx,
    block_metadata_required,
    // What upstream meets only while it writes:
    key_exists, ///< the same output key, output or nonce twice within the block
    no_active_mint_config,
    mint_limit_exceeded,
    total_mint_limit_exceeded,
};
/// Upstream's name of the error, for instance "KeyImageAlreadySpent".
const char* to_text(AppendFault fault);

/// Handles of the 18 databases.
struct LedgerTables {
    Database counts, blocks, block_signatures, key_images, key_images_by_block, tx_outs_by_block;
    Database block_number_by_tx_out_index, metadata, tx_out_counts, tx_out_index_by_hash,
        tx_out_index_by_public_key;
    Database tx_out_by_index, merkle_hash_by_range, active_mint_configs, mint_config_nonces,
        mint_config_txs_by_block;
    Database mint_txs_by_block, mint_nonces;
    std::optional<Database> block_metadata; ///< absent in ledgers older than block version 3
};

/// Which outputs a block added.
struct TxOutRange {
    GlobalIndex first;
    std::uint64_t count = 0;
    friend bool operator==(const TxOutRange&, const TxOutRange&) = default;
};

/// Reads one state of a ledger.  What lies beyond its end is answered with nothing.
/// @throws Error corrupt when a record that must be there is missing or does not parse
class LedgerView {
public:
    /// @param transaction, tables  used as long as the view is
    LedgerView(const Transaction& transaction, const LedgerTables& tables)
        : transaction_(transaction), tables_(tables) {}

    BlockCount num_blocks() const;
    std::uint64_t num_tx_outs() const;

    std::optional<engine::chain::Block> block(BlockIndex index) const;
    std::optional<engine::chain::BlockContents> block_contents(BlockIndex index) const;
    std::optional<engine::chain::BlockSignature> block_signature(BlockIndex index) const;
    std::optional<engine::chain::BlockMetadata> block_metadata(BlockIndex index) const;
    std::optional<engine::chain::BlockData> block_data(BlockIndex index) const;

    std::optional<std::vector<engine::chain::KeyImage>> key_images(BlockIndex index) const;
    /// The block that spent it.
    std::optional<BlockIndex> spent_in(const engine::chain::KeyImage& image) const;

    std::optional<TxOutRange> tx_outs_of(BlockIndex index) const;
    std::optional<engine::chain::TxOut> tx_out(GlobalIndex index) const;
    std::optional<BlockIndex> block_of(GlobalIndex index) const;
    std::optional<GlobalIndex> find_by_hash(const engine::chain::Hash32& tx_out_hash) const;
    std::optional<GlobalIndex> find_by_public_key(const engine::chain::PublicKey& public_key) const;

    std::optional<engine::chain::Hash32> merkle_node(const engine::chain::LeafRange& range) const;
    /// Nothing while there are no outputs.
    std::optional<engine::chain::TxOutMembershipElement> merkle_root() const;
    std::optional<engine::chain::TxOutMembershipProof> membership_proof(GlobalIndex index) const;

    std::optional<engine::chain::ActiveMintConfigs> active_mint_configs(std::uint64_t token_id) const;
    std::optional<BlockIndex> block_of_mint_nonce(ByteView nonce, std::uint64_t token_id) const;
    std::optional<BlockIndex> block_of_mint_config_nonce(ByteView nonce, std::uint64_t token_id) const;

    const Transaction& transaction() const { return transaction_; }
    const LedgerTables& tables() const { return tables_; }

private:
    [[noreturn]] void corrupt(const std::string& what) const;
    ByteView need(Database database, ByteView key, const std::string& what) const;
    std::optional<std::uint64_t> big_endian_at(Database database, ByteView key,
                                               const std::string& what) const;
    bool has(BlockIndex index) const { return num_blocks().includes(index); }

    const Transaction& transaction_;
    const LedgerTables& tables_;
};

/// An open ledger.
///
/// Rules
/// 1. Nothing is cached: every reading call sees the newest commit, also of other processes.
/// 2. Several reads that belong together take one `snapshot()`, which must not live across an await.
/// 3. append_block writes a block in one transaction, all or nothing.
/// @differs  opening to read makes no missing database; creating over a ledger is refused instead of
/// resetting
///           its counters; a second writer is refused instead of waiting
class LedgerDb {
public:
    using Options = EnvironmentOptions;

    /// Opens an existing ledger: to read, or with Access::write as its only writer.
    /// @throws Error
    static LedgerDb open(const std::filesystem::path& directory, const Options& options = {});
    /// Makes an empty ledger and opens it as its writer.
    /// @throws Error exists when there is one, which stays as it is
    static LedgerDb create(const std::filesystem::path& directory, Options options = {});

    LedgerDb(LedgerDb&&) = default;
    LedgerDb& operator=(LedgerDb&&) = delete;
    ~LedgerDb();

    class Snapshot;
    /// Holds back the reuse of pages while it lives.
    Snapshot snapshot() const;

    BlockCount num_blocks() const;
    std::uint64_t num_tx_outs() const;
    std::optional<engine::chain::Block> block(BlockIndex index) const;
    std::optional<engine::chain::BlockData> block_data(BlockIndex index) const;
    std::optional<engine::chain::TxOut> tx_out(GlobalIndex index) const;
    std::optional<BlockIndex> spent_in(const engine::chain::KeyImage& image) const;
    std::optional<engine::chain::TxOutMembershipProof> membership_proof(GlobalIndex index) const;

    /// Checks and appends one block.  Signatures, root element, output order and cumulative count are not
    /// checked, as upstream does not.
    /// @return nothing when the block is in the ledger; else why it is not
    /// @throws Error map_full, no_space, refused; nothing is kept then
    std::optional<AppendFault> append_block(const engine::chain::BlockData& data);

    const std::filesystem::path& directory() const { return environment_->directory(); }
    Environment& environment() const { return *environment_; }
    const LedgerTables& tables() const { return *tables_; }

private:
    LedgerDb(std::shared_ptr<Environment> environment, std::shared_ptr<const LedgerTables> tables,
             bool writer)
        : environment_(std::move(environment)), tables_(std::move(tables)), writer_(writer) {}

    std::shared_ptr<Environment> environment_;
    std::shared_ptr<const LedgerTables> tables_;
    bool writer_;
};

/// One state of the ledger, held until destroyed.
class LedgerDb::Snapshot {
public:
    explicit Snapshot(const LedgerDb& ledger)
        : environment_(ledger.environment_), tables_(ledger.tables_), transaction_(*environment_),
          view_(transaction_, *tables_) {}
    const LedgerView& operator*() const { return view_; }
    const LedgerView* operator->() const { return &view_; }

private:
    std::shared_ptr<Environment> environment_;
    std::shared_ptr<const LedgerTables> tables_;
    ReadTransaction transaction_;
    LedgerView view_;
};

inline LedgerDb::Snapshot LedgerDb::snapshot() const { return Snapshot(*this); }

} // namespace real::lmdb
