#include "real/lmdb/ledger_check.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "engine/chain/hex.hpp"
#include "engine/chain/output_wire.hpp"

namespace real::lmdb {

using namespace engine::chain;

namespace {

struct Found {
    LedgerFault fault;
};

template <class... Args>
[[noreturn]] void found(std::string place, fmt::format_string<Args...> what, Args&&... args) {
    throw Found{{std::move(place), fmt::format(what, std::forward<Args>(args)...)}};
}

bool same(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

std::string name(const LeafRange& range) { return fmt::format("Merkle node [{}, {}]", range.from, range.to); }

class LedgerWalk {
public:
    LedgerWalk(const LedgerView& ledger, LedgerSummary& summary) : ledger_(ledger), summary_(summary) {}

    void run(const std::function<void(BlockIndex)>& progress) {
        const BlockCount blocks = ledger_.num_blocks();
        for (BlockIndex index{0}; blocks.includes(index); index = index.next()) {
            check_block(index);
            if (progress) progress(index);
        }
        check_merkle_edge();
        check_totals();
    }

private:
    /// A subtree whose leaves all exist.
    using Subtree = TxOutMembershipElement;

    void check_block(BlockIndex index) {
        const std::string place = fmt::format("block {}", index.value);
        const auto data = ledger_.block_data(index);
        const Block& block = data->block;
        if (block.index != index) found(place, "says it is block {}", block.index.value);
        std::set<KeyImage> spent;
        for (const KeyImage& image : data->contents.key_images)
            if (!spent.insert(image).second) found(place, "spends key image {} twice", to_hex(image.view()));
        if (block.version > max_block_version) found(place, "has the unknown version {}", block.version);
        if (block.version < last_.version) found(place, "has a lower version than the block before");
        if (index.value == 0 ? !block.parent_id.is_zero() : block.parent_id != last_.id)
            found(place, "parent id {} is not the id of the block before", to_hex(block.parent_id.view()));
        const BlockContentsHash contents = contents_hash(data->contents);
        if (block.contents_hash != contents)
            found(place, "contents hash {} should be {}", to_hex(block.contents_hash.view()),
                  to_hex(contents.view()));
        const BlockId id = compute_id(block);
        if (block.id != id) found(place, "id {} should be {}", to_hex(block.id.view()), to_hex(id.view()));
        if (block.cumulative_txo_count != outputs_ + data->contents.outputs.size())
            found(place, "cumulative output count {} should be {}", block.cumulative_txo_count,
                  outputs_ + data->contents.outputs.size());
        if (data->signature) {
            ++signatures_;
            if (!verify(block, *data->signature)) found(place, "block signature does not verify");
        }
        check_metadata(place, *data);
        check_tx_outs(place, index, data->contents.outputs);
        check_key_images(place, index, data->contents.key_images);
        check_mints(place, index, data->contents);
        last_ = block;
        ++summary_.blocks;
    }

    void check_metadata(const std::string& place, const BlockData& data) {
        if (!data.metadata) {
            if (data.block.version >= block_version_with_metadata) found(place, "has no metadata");
            return;
        }
        ++metadata_;
        if (data.metadata->contents.block_id != data.block.id)
            found(place, "metadata belongs to another block");
        const auto verified = verify(*data.metadata);
        if (!verified)
            ++summary_.unchecked_metadata;
        else if (!*verified)
            found(place, "metadata signature does not verify");
    }

    void check_tx_outs(const std::string& block_place, BlockIndex block, const std::vector<TxOut>& outputs) {
        const TxOutRange range = ledger_.tx_outs_of(block).value();
        if (range.first.value != outputs_)
            found(block_place, "its outputs start at {} instead of {}", range.first.value, outputs_);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            const GlobalIndex index{outputs_};
            const std::string place =
                fmt::format("{}, output {} (global index {})", block_place, i, index.value);
            const Hash32 tx_out_hash = hash(outputs[i]);
            if (ledger_.find_by_hash(tx_out_hash) != index)
                found(place, "the index by hash does not lead to it");
            if (ledger_.find_by_public_key(outputs[i].public_key) != index)
                found(place, "the index by public key does not lead to it");
            if (ledger_.block_of(index) != block)
                found(place, "the index of blocks by output does not lead here");
            push_leaf(place, index.value, merkle_leaf(tx_out_hash));
            ++outputs_;
        }
        summary_.tx_outs = outputs_;
    }

    void push_leaf(const std::string& place, std::uint64_t index, const Hash32& leaf) {
        Subtree tree{{index, index}, leaf};
        check_node(place, tree);
        // Two neighbours of one size make a complete subtree, as carries do in counting.
        while (!complete_.empty() && complete_.back().range == tree.range.sibling()) {
            tree = {tree.range.parent(), merkle_node(complete_.back().hash, tree.hash)};
            complete_.pop_back();
            check_node(place, tree);
        }
        complete_.push_back(tree);
    }

    void check_node(const std::string& place, const Subtree& tree) {
        ++nodes_;
        const auto stored = ledger_.merkle_node(tree.range);
        if (!stored) found(place, "{} is missing", name(tree.range));
        if (*stored != tree.hash)
            found(place, "{} is {} and should be {}", name(tree.range), to_hex(stored->view()),
                  to_hex(tree.hash.view()));
    }

    /// The subtrees that reach beyond the last output.
    void check_merkle_edge() {
        if (complete_.empty()) return;
        const LeafRange root = merkle_root_range(outputs_);
        Subtree tree = complete_.back();
        complete_.pop_back();
        while (tree.range != root) {
            if (!complete_.empty() && complete_.back().range == tree.range.sibling()) {
                tree = {tree.range.parent(), merkle_node(complete_.back().hash, tree.hash)};
                complete_.pop_back();
            } else {
                tree = {tree.range.parent(), merkle_node(tree.hash, merkle_nil())};
            }
            check_node("Merkle tree", tree);
        }
    }

    void check_key_images(const std::string& place, BlockIndex block, const std::vector<KeyImage>& images) {
        for (const KeyImage& image : images)
            if (ledger_.spent_in(image) != block)
                found(place, "the index of key images does not lead {} here", to_hex(image.view()));
        summary_.key_images += images.size();
    }

    void check_mints(const std::string& place, BlockIndex block, const BlockContents& contents) {
        for (const MintTx& tx : contents.mint_txs) {
            ++mint_nonces_;
            if (ledger_.block_of_mint_nonce(tx.prefix.nonce, tx.prefix.token_id) != block)
                found(place, "the index of mint nonces does not lead here");
        }
        for (const ValidatedMintConfigTx& tx : contents.validated_mint_config_txs) {
            ++mint_config_nonces_;
            const MintConfigTxPrefix& prefix = tx.mint_config_tx.prefix;
            if (ledger_.block_of_mint_config_nonce(prefix.nonce, prefix.token_id) != block)
                found(place, "the index of mint config nonces does not lead here");
            newest_configs_[prefix.token_id] = tx.mint_config_tx;
        }
    }

    void check_totals() {
        if (ledger_.num_tx_outs() != outputs_)
            found("counts", "num_tx_outs is {}, the blocks have {}", ledger_.num_tx_outs(), outputs_);
        const LedgerTables& tables = ledger_.tables();
        const std::uint64_t blocks = summary_.blocks;
        total("ledger_db:blocks", tables.blocks, blocks);
        total("ledger_db:block_signatures", tables.block_signatures, signatures_);
        if (tables.block_metadata) total("ledger_db:block_metadata", *tables.block_metadata, metadata_);
        total("ledger_db:key_images", tables.key_images, summary_.key_images);
        total("ledger_db:key_images_by_block", tables.key_images_by_block, blocks);
        total("ledger_db:tx_outs_by_block", tables.tx_outs_by_block, blocks);
        total("ledger_db:block_number_by_tx_out_index", tables.block_number_by_tx_out_index, outputs_);
        total("tx_out_store:tx_out_index_by_hash", tables.tx_out_index_by_hash, outputs_);
        total("tx_out_store:tx_out_index_by_public_key", tables.tx_out_index_by_public_key, outputs_);
        total("tx_out_store:tx_out_by_index", tables.tx_out_by_index, outputs_);
        total("tx_out_store:merkle_hash_by_range", tables.merkle_hash_by_range, nodes_);
        total("mint_config_store:validated_mint_config_txs_by_block", tables.mint_config_txs_by_block,
              blocks);
        total("mint_config_store:block_index_by_mint_config_tx_nonce_and_token_id", tables.mint_config_nonces,
              mint_config_nonces_);
        total("mint_config_store:active_mint_configs_by_token_id", tables.active_mint_configs,
              newest_configs_.size());
        total("mint_tx_store:set_txs_by_block", tables.mint_txs_by_block, blocks);
        total("mint_tx_store:block_index_by_mint_tx_nonce_and_token_id", tables.mint_nonces, mint_nonces_);
        for (const auto& [token, tx] : newest_configs_) {
            const auto active = ledger_.active_mint_configs(token);
            if (!active || active->mint_config_tx != tx)
                found(fmt::format("token {}", token), "its active mint configs are not those last set");
        }
    }

    void total(const char* table, Database database, std::uint64_t wanted) {
        const std::uint64_t entries = ledger_.transaction().entries(database);
        if (entries != wanted) found(table, "has {} records, the blocks imply {}", entries, wanted);
    }

    const LedgerView& ledger_;
    LedgerSummary& summary_;
    Block last_;
    std::uint64_t outputs_ = 0;
    std::uint64_t nodes_ = 0;
    std::uint64_t signatures_ = 0;
    std::uint64_t metadata_ = 0;
    std::uint64_t mint_nonces_ = 0;
    std::uint64_t mint_config_nonces_ = 0;
    /// Complete subtrees left of the next leaf, largest first: at most one of each size.
    std::vector<Subtree> complete_;
    std::map<std::uint64_t, MintConfigTx> newest_configs_;
};

void walk_watcher(const WatcherDb& watcher, const Transaction& transaction, const LedgerView& ledger) {
    const WatcherTables& tables = watcher.tables();
    {
        Cursor cursor(transaction, tables.blocks_by_hash);
        for (auto pair = cursor.first(); pair; pair = cursor.next()) {
            const auto block = decode_block(pair->second);
            const std::string place = "watcher, block with hash " + to_hex(pair->first);
            if (!block) found(place, "does not parse");
            if (!same(pair->first, block_hash(*block).view())) found(place, "has another hash");
            if (block->id != compute_id(*block)) found(place, "its id does not follow from its fields");
        }
    }
    {
        Cursor cursor(transaction, tables.block_contents_by_hash);
        for (auto pair = cursor.first(); pair; pair = cursor.next()) {
            const auto contents = decode_block_contents(pair->second);
            const std::string place = "watcher, contents with hash " + to_hex(pair->first);
            if (!contents) found(place, "does not parse");
            if (!same(pair->first, contents_hash(*contents).view())) found(place, "has another hash");
        }
    }
    {
        Cursor cursor(transaction, tables.blocks_datas_by_index);
        for (auto pair = cursor.first(); pair; pair = cursor.next()) {
            if (pair->first.size() < 8)
                found("watcher, list of blocks", "has a key of {} bytes", pair->first.size());
            const BlockIndex index{load_big_endian<std::uint64_t>(pair->first.first(8))};
            const std::string url(as_text(pair->first.subspan(8)));
            const std::string place = fmt::format("watcher, block {} from {}", index.value, url);
            const auto data = watcher.block_data(url, index);
            if (!data || data->block.index != index) found(place, "is another block");
            if (data->signature && !verify(data->block, *data->signature))
                found(place, "block signature does not verify");
            if (data->metadata && verify(*data->metadata) == false)
                found(place, "metadata signature does not verify");
            if (const auto known = ledger.block(index); known && *known != data->block)
                found(place, "differs from the ledger's block");
        }
    }
    {
        Cursor cursor(transaction, tables.block_signatures);
        for (auto pair = cursor.first(); pair; pair = cursor.next()) {
            if (pair->first.size() != 8)
                found("watcher, signatures", "has a key of {} bytes", pair->first.size());
            const BlockIndex index{load_big_endian<std::uint64_t>(pair->first)};
            const std::string place = fmt::format("watcher, signature of block {}", index.value);
            const auto signature = decode_sourced_signature(pair->second);
            if (!signature) found(place, "does not parse");
            if (const auto block = ledger.block(index); block && !verify(*block, signature->signature))
                found(place, "does not verify");
        }
    }
    for (const auto& [url, synced] : watcher.last_synced(transaction)) {
        if (synced && *synced >= ledger.num_blocks().end() && ledger.num_blocks().value > 0)
            found("watcher, source " + url, "is synced up to block {}, which the ledger does not have",
                  synced->value);
    }
}

} // namespace

std::optional<LedgerFault> check_ledger(const LedgerView& ledger, LedgerSummary& summary,
                                        const std::function<void(BlockIndex)>& progress) {
    summary = {};
    try {
        LedgerWalk(ledger, summary).run(progress);
    } catch (const Found& found_fault) {
        return found_fault.fault;
    } catch (const Error& error) {
        if (error.code != ErrorCode::corrupt) throw;
        return LedgerFault{fmt::format("block {}", summary.blocks), error.what()};
    }
    return std::nullopt;
}

std::optional<LedgerFault> check_watcher(const WatcherDb& watcher, const Transaction& transaction,
                                         const LedgerView& ledger) {
    try {
        walk_watcher(watcher, transaction, ledger);
    } catch (const Found& found_fault) {
        return found_fault.fault;
    } catch (const Error& error) {
        if (error.code != ErrorCode::corrupt) throw;
        return LedgerFault{"watcher", error.what()};
    }
    return std::nullopt;
}

} // namespace real::lmdb
