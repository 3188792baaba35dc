#include "real/lmdb/ledger_db.hpp"

#include <fmt/format.h>

#include <set>

#include "engine/chain/bytes.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/wire_fields.hpp"
#include "real/lmdb/version_record.hpp"

namespace real::lmdb {

using namespace engine::chain;

namespace {

struct TableName {
    Database LedgerTables::*table;
    const char* name;
};

// The name of the mint transactions by block is upstream's own slip ("set_txs").
constexpr TableName table_names[] = {
    {&LedgerTables::counts, "ledger_db:counts"},
    {&LedgerTables::blocks, "ledger_db:blocks"},
    {&LedgerTables::block_signatures, "ledger_db:block_signatures"},
    {&LedgerTables::key_images, "ledger_db:key_images"},
    {&LedgerTables::key_images_by_block, "ledger_db:key_images_by_block"},
    {&LedgerTables::tx_outs_by_block, "ledger_db:tx_outs_by_block"},
    {&LedgerTables::block_number_by_tx_out_index, "ledger_db:block_number_by_tx_out_index"},
    {&LedgerTables::metadata, "ledger_db_metadata"},
    {&LedgerTables::tx_out_counts, "tx_out_store:counts"},
    {&LedgerTables::tx_out_index_by_hash, "tx_out_store:tx_out_index_by_hash"},
    {&LedgerTables::tx_out_index_by_public_key, "tx_out_store:tx_out_index_by_public_key"},
    {&LedgerTables::tx_out_by_index, "tx_out_store:tx_out_by_index"},
    {&LedgerTables::merkle_hash_by_range, "tx_out_store:merkle_hash_by_range"},
    {&LedgerTables::active_mint_configs, "mint_config_store:active_mint_configs_by_token_id"},
    {&LedgerTables::mint_config_nonces, "mint_config_store:block_index_by_mint_config_tx_nonce_and_token_id"},
    {&LedgerTables::mint_config_txs_by_block, "mint_config_store:validated_mint_config_txs_by_block"},
    {&LedgerTables::mint_txs_by_block, "mint_tx_store:set_txs_by_block"},
    {&LedgerTables::mint_nonces, "mint_tx_store:block_index_by_mint_tx_nonce_and_token_id"},
};
constexpr const char* block_metadata_name = "ledger_db:block_metadata";

const ByteView num_blocks_key = as_bytes("num_blocks");
const ByteView num_tx_outs_key = as_bytes("num_tx_outs");

auto key_of(BlockIndex index) { return big_endian(index.value); }
auto key_of(GlobalIndex index) { return big_endian(index.value); }

std::array<std::uint8_t, 16> key_of(const LeafRange& range) {
    std::array<std::uint8_t, 16> out{};
    const auto from = big_endian(range.from);
    const auto to = big_endian(range.to);
    std::copy(from.begin(), from.end(), out.begin());
    std::copy(to.begin(), to.end(), out.begin() + 8);
    return out;
}

Bytes nonce_key(ByteView nonce, std::uint64_t token_id) {
    Bytes out(nonce.begin(), nonce.end());
    append(out, big_endian(token_id));
    return out;
}

Bytes encode_key_images(const std::vector<KeyImage>& images) {
    WireWriter out;
    for (const KeyImage& image : images) out.wrapped(1, image.view());
    return out.take();
}

template <class T>
Bytes encode_list(const std::vector<T>& list) {
    WireWriter out;
    for (const T& value : list) out.bytes(1, encode(value));
    return out.take();
}

/// A list {1: repeated}, each element read by `decode_one`.
template <class T, class DecodeOne>
std::optional<std::vector<T>> decode_list(ByteView bytes, DecodeOne decode_one) {
    std::vector<T> out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        return field.number != 1 || take_into(out, decode_one(field));
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<TxOutRange> decode_tx_out_range(ByteView bytes) {
    TxOutRange out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.first.value, field.varint());
        case 2:
            return take(out.count, field.varint());
        default:
            return true;
        }
    });
    return good ? std::optional(out) : std::nullopt;
}

/// Thrown out of a write transaction, so that nothing of it stays.
struct Refused {
    AppendFault fault;
};

void refuse_when(bool condition, AppendFault fault) {
    if (condition) throw Refused{fault};
}

/// Upstream's checks, in upstream's order.
void check_block(const LedgerView& ledger, const BlockData& data) {
    const Block& block = data.block;
    const BlockContents& contents = data.contents;
    const BlockCount blocks = ledger.num_blocks();
    if (blocks.value == 0) {
        refuse_when(block.version != 0, AppendFault::invalid_block_version);
        refuse_when(block.index.value != 0, AppendFault::invalid_block_index);
        refuse_when(!block.parent_id.is_zero(), AppendFault::invalid_parent_block_id);
    } else {
        const Block parent = ledger.block(BlockIndex{blocks.value - 1}).value();
        refuse_when(block.version < parent.version || block.version > max_block_version,
                    AppendFault::invalid_block_version);
        refuse_when(block.index != blocks.end(), AppendFault::invalid_block_index);
        refuse_when(block.parent_id != parent.id, AppendFault::invalid_parent_block_id);
    }
    refuse_when(contents.outputs.empty() && contents.validated_mint_config_txs.empty(),
                AppendFault::no_outputs);
    refuse_when(contents.outputs.size() < contents.mint_txs.size(), AppendFault::too_few_outputs);
    refuse_when(block.index.value != 0 && contents.key_images.empty() &&
                    contents.validated_mint_config_txs.empty() && contents.mint_txs.empty(),
                AppendFault::no_key_images);
    refuse_when(block.contents_hash != contents_hash(contents), AppendFault::invalid_block_contents);
    for (const TxOut& output : contents.outputs)
        refuse_when(!output.masked_amount, AppendFault::missing_masked_amount);
    std::set<KeyImage> spent_here;
    for (const KeyImage& image : contents.key_images)
        refuse_when(ledger.spent_in(image).has_value() || !spent_here.insert(image).second,
                    AppendFault::key_image_already_spent);
    for (const TxOut& output : contents.outputs)
        refuse_when(ledger.find_by_public_key(output.public_key).has_value(),
                    AppendFault::duplicate_output_public_key);
    refuse_when(block.id != compute_id(block), AppendFault::invalid_block_id);
    for (const MintTx& tx : contents.mint_txs)
        refuse_when(ledger.block_of_mint_nonce(tx.prefix.nonce, tx.prefix.token_id).has_value(),
                    AppendFault::duplicate_mint_tx);
    for (const ValidatedMintConfigTx& tx : contents.validated_mint_config_txs)
        refuse_when(
            ledger
                .block_of_mint_config_nonce(tx.mint_config_tx.prefix.nonce, tx.mint_config_tx.prefix.token_id)
                .has_value(),
            AppendFault::duplicate_mint_config_tx);
    refuse_when(block.version >= block_version_with_metadata && !data.metadata,
                AppendFault::block_metadata_required);
}

/// Charges a mint transaction to the first active config whose signers signed it.
void charge(ActiveMintConfigs& active, const MintTx& tx) {
    const Hash32 message = mint_prefix_hash(tx.prefix);
    std::optional<AppendFault> fault;
    for (ActiveMintConfigs::Entry& entry : active.configs) {
        if (!satisfied(entry.config.signer_set, message.view(), tx.signature)) continue;
        const std::uint64_t amount = tx.prefix.amount;
        if (entry.total_minted > entry.config.mint_limit ||
            amount > entry.config.mint_limit - entry.total_minted) {
            fault = AppendFault::mint_limit_exceeded;
            continue;
        }
        std::uint64_t total = amount;
        bool fits = true;
        for (const ActiveMintConfigs::Entry& each : active.configs)
            fits = fits && !__builtin_add_overflow(total, each.total_minted, &total);
        refuse_when(!fits || total > active.mint_config_tx.prefix.total_mint_limit,
                    AppendFault::total_mint_limit_exceeded);
        entry.total_minted += amount;
        return;
    }
    throw Refused{fault.value_or(AppendFault::no_active_mint_config)};
}

/// Writes what the checks let pass.
class BlockWriter {
public:
    BlockWriter(WriteTransaction& transaction, const LedgerTables& tables, const BlockData& data)
        : transaction_(transaction), tables_(tables), view_(transaction, tables), data_(data),
          block_key_(key_of(data.block.index)) {}

    void run() {
        write_key_images();
        write_tx_outs();
        write_mint_txs();
        write_mint_config_txs();
        write_block();
    }

private:
    void put(Database database, ByteView key, ByteView value) { transaction_.put(database, key, value); }
    void put_new(Database database, ByteView key, ByteView value) {
        refuse_when(!transaction_.put(database, key, value, MDB_NOOVERWRITE), AppendFault::key_exists);
    }

    void write_key_images() {
        // Little endian, alone among the integers of this database.
        const auto index = little_endian(data_.block.index.value);
        for (const KeyImage& image : data_.contents.key_images) put(tables_.key_images, image.view(), index);
        put(tables_.key_images_by_block, block_key_, encode_key_images(data_.contents.key_images));
    }

    void write_tx_outs() {
        const std::uint64_t first = view_.num_tx_outs();
        const std::vector<TxOut>& outputs = data_.contents.outputs;
        put(tables_.tx_outs_by_block, block_key_,
            WireWriter().varint_or_omit(1, first).varint_or_omit(2, outputs.size()).data());
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            const TxOut& output = outputs[i];
            const GlobalIndex index{first + i};
            const auto index_key = key_of(index);
            const Hash32 tx_out_hash = hash(output);
            put_new(tables_.tx_out_index_by_hash, tx_out_hash.view(), index_key);
            put_new(tables_.tx_out_index_by_public_key, output.public_key.view(), index_key);
            put_new(tables_.tx_out_by_index, index_key, encode(output));
            const auto path = merkle_push(index.value, merkle_leaf(tx_out_hash),
                                          [&](const LeafRange& range) { return view_.merkle_node(range); });
            if (!path)
                throw Error(ErrorCode::corrupt,
                            fmt::format("{}: a Merkle node left of output {} is missing",
                                        transaction_.environment().data_file(), index.value));
            for (const TxOutMembershipElement& node : *path)
                put(tables_.merkle_hash_by_range, key_of(node.range), node.hash.view());
            put_new(tables_.block_number_by_tx_out_index, index_key, block_key_);
        }
        put(tables_.tx_out_counts, num_tx_outs_key, big_endian(std::uint64_t{first + outputs.size()}));
    }

    void write_mint_txs() {
        put_new(tables_.mint_txs_by_block, block_key_, encode_list(data_.contents.mint_txs));
        for (const MintTx& tx : data_.contents.mint_txs) {
            auto active = view_.active_mint_configs(tx.prefix.token_id);
            refuse_when(!active, AppendFault::no_active_mint_config);
            charge(*active, tx);
            put(tables_.active_mint_configs, big_endian(tx.prefix.token_id), encode(*active));
            put_new(tables_.mint_nonces, nonce_key(tx.prefix.nonce, tx.prefix.token_id), block_key_);
        }
    }

    void write_mint_config_txs() {
        put_new(tables_.mint_config_txs_by_block, block_key_,
                encode_list(data_.contents.validated_mint_config_txs));
        for (const ValidatedMintConfigTx& tx : data_.contents.validated_mint_config_txs) {
            const MintConfigTxPrefix& prefix = tx.mint_config_tx.prefix;
            put_new(tables_.mint_config_nonces, nonce_key(prefix.nonce, prefix.token_id), block_key_);
            ActiveMintConfigs active{.configs = {}, .mint_config_tx = tx.mint_config_tx};
            for (const MintConfig& config : prefix.configs) active.configs.push_back({config, 0});
            put(tables_.active_mint_configs, big_endian(prefix.token_id), encode(active));
        }
    }

    void write_block() {
        put(tables_.counts, num_blocks_key, big_endian(std::uint64_t{data_.block.index.value + 1}));
        put(tables_.blocks, block_key_, encode(data_.block));
        if (data_.signature) put(tables_.block_signatures, block_key_, encode(*data_.signature));
        if (data_.metadata) put(tables_.block_metadata.value(), block_key_, encode(*data_.metadata));
    }

    WriteTransaction& transaction_;
    const LedgerTables& tables_;
    LedgerView view_;
    const BlockData& data_;
    std::array<std::uint8_t, 8> block_key_;
};

std::shared_ptr<const LedgerTables> open_tables(Environment& environment) {
    auto tables = std::make_shared<LedgerTables>();
    for (const TableName& entry : table_names) {
        const auto database = environment.database(entry.name);
        if (!database)
            throw Error(ErrorCode::corrupt, fmt::format("{}: no ledger: the database '{}' is missing",
                                                        environment.data_file(), entry.name));
        (*tables).*entry.table = *database;
    }
    tables->block_metadata = environment.database(block_metadata_name);
    return tables;
}

} // namespace

const char* to_text(AppendFault fault) {
    switch (fault) {
    case AppendFault::invalid_block_version:
        return "InvalidBlockVersion";
    case AppendFault::invalid_block_index:
        return "InvalidBlockIndex";
    case AppendFault::invalid_parent_block_id:
        return "InvalidParentBlockID";
    case AppendFault::no_outputs:
        return "NoOutputs";
    case AppendFault::too_few_outputs:
        return "TooFewOutputs";
    case AppendFault::no_key_images:
        return "NoKeyImages";
    case AppendFault::invalid_block_contents:
        return "InvalidBlockContents";
    case AppendFault::missing_masked_amount:
        return "MissingMaskedAmount";
    case AppendFault::key_image_already_spent:
        return "KeyImageAlreadySpent";
    case AppendFault::duplicate_output_public_key:
        return "DuplicateOutputPublicKey";
    case AppendFault::invalid_block_id:
        return "InvalidBlockID";
    case AppendFault::duplicate_mint_tx:
        return "DuplicateMintTx";
    case AppendFault::duplicate_mint_config_tx:
        return "DuplicateMintConfigTx";
    case AppendFault::block_metadata_required:
        return "BlockMetadataRequired";
    case AppendFault::key_exists:
        return "KeyExist";
    case AppendFault::no_active_mint_config:
        return "NoActiveMintConfig";
    case AppendFault::mint_limit_exceeded:
        return "MintLimitExceeded";
    case AppendFault::total_mint_limit_exceeded:
        return "TotalMintLimitExceeded";
    }
    return "Unknown";
}

// LedgerView
// ------------------------------------------------------------------------------------------------------

void LedgerView::corrupt(const std::string& what) const {
    throw Error(ErrorCode::corrupt,
                fmt::format("{}: {} is missing or malformed", transaction_.environment().data_file(), what));
}

ByteView LedgerView::need(Database database, ByteView key, const std::string& what) const {
    const auto value = transaction_.get(database, key);
    if (!value) corrupt(what);
    return *value;
}

std::optional<std::uint64_t> LedgerView::big_endian_at(Database database, ByteView key,
                                                       const std::string& what) const {
    const auto value = transaction_.get(database, key);
    if (!value) return std::nullopt;
    if (value->size() != 8) corrupt(what);
    return load_big_endian<std::uint64_t>(*value);
}

BlockCount LedgerView::num_blocks() const {
    const auto count = big_endian_at(tables_.counts, num_blocks_key, "num_blocks");
    if (!count) corrupt("num_blocks");
    return BlockCount{*count};
}

std::uint64_t LedgerView::num_tx_outs() const {
    const auto count = big_endian_at(tables_.tx_out_counts, num_tx_outs_key, "num_tx_outs");
    if (!count) corrupt("num_tx_outs");
    return *count;
}

std::optional<Block> LedgerView::block(BlockIndex index) const {
    if (!has(index)) return std::nullopt;
    const std::string what = fmt::format("block {}", index.value);
    const auto block = decode_block(need(tables_.blocks, key_of(index), what));
    if (!block) corrupt(what);
    return block;
}

std::optional<std::vector<KeyImage>> LedgerView::key_images(BlockIndex index) const {
    if (!has(index)) return std::nullopt;
    const std::string what = fmt::format("the list of key images of block {}", index.value);
    auto images =
        decode_list<KeyImage>(need(tables_.key_images_by_block, key_of(index), what),
                              [](const WireField& field) { return wrapped_fixed<KeyImage>(field); });
    if (!images) corrupt(what);
    return images;
}

std::optional<TxOutRange> LedgerView::tx_outs_of(BlockIndex index) const {
    if (!has(index)) return std::nullopt;
    const std::string what = fmt::format("the range of outputs of block {}", index.value);
    const auto range = decode_tx_out_range(need(tables_.tx_outs_by_block, key_of(index), what));
    const std::uint64_t outputs = num_tx_outs();
    if (!range || range->first.value > outputs || range->count > outputs - range->first.value) corrupt(what);
    return range;
}

std::optional<TxOut> LedgerView::tx_out(GlobalIndex index) const {
    if (index.value >= num_tx_outs()) return std::nullopt;
    const std::string what = fmt::format("output {}", index.value);
    auto output = decode_tx_out(need(tables_.tx_out_by_index, key_of(index), what));
    if (!output) corrupt(what);
    return output;
}

std::optional<BlockContents> LedgerView::block_contents(BlockIndex index) const {
    if (!has(index)) return std::nullopt;
    BlockContents out;
    out.key_images = key_images(index).value();
    const TxOutRange range = tx_outs_of(index).value();
    for (std::uint64_t i = 0; i < range.count; ++i)
        out.outputs.push_back(*tx_out(GlobalIndex{range.first.value + i}));

    const std::string configs_what = fmt::format("the list of mint configs of block {}", index.value);
    auto configs = decode_list<ValidatedMintConfigTx>(
        need(tables_.mint_config_txs_by_block, key_of(index), configs_what),
        [](const WireField& field) { return nested(field, decode_validated_mint_config_tx); });
    if (!configs) corrupt(configs_what);
    out.validated_mint_config_txs = std::move(*configs);

    const std::string mints_what = fmt::format("the list of mint transactions of block {}", index.value);
    auto mints = decode_list<MintTx>(need(tables_.mint_txs_by_block, key_of(index), mints_what),
                                     [](const WireField& field) { return nested(field, decode_mint_tx); });
    if (!mints) corrupt(mints_what);
    out.mint_txs = std::move(*mints);
    return out;
}

std::optional<BlockSignature> LedgerView::block_signature(BlockIndex index) const {
    if (!has(index)) return std::nullopt;
    const auto value = transaction_.get(tables_.block_signatures, key_of(index));
    if (!value) return std::nullopt;
    const auto signature = decode_block_signature(*value);
    if (!signature) corrupt(fmt::format("the signature of block {}", index.value));
    return signature;
}

std::optional<BlockMetadata> LedgerView::block_metadata(BlockIndex index) const {
    if (!has(index) || !tables_.block_metadata) return std::nullopt;
    const auto value = transaction_.get(*tables_.block_metadata, key_of(index));
    if (!value) return std::nullopt;
    auto metadata = decode_block_metadata(*value);
    if (!metadata) corrupt(fmt::format("the metadata of block {}", index.value));
    return metadata;
}

std::optional<BlockData> LedgerView::block_data(BlockIndex index) const {
    auto header = block(index);
    if (!header) return std::nullopt;
    return BlockData{.block = *header,
                     .contents = block_contents(index).value(),
                     .signature = block_signature(index),
                     .metadata = block_metadata(index)};
}

std::optional<BlockIndex> LedgerView::spent_in(const KeyImage& image) const {
    const auto value = transaction_.get(tables_.key_images, image.view());
    if (!value) return std::nullopt;
    if (value->size() != 8) corrupt("the block index of a key image");
    return BlockIndex{load_little_endian<std::uint64_t>(*value)};
}

std::optional<BlockIndex> LedgerView::block_of(GlobalIndex index) const {
    const auto block =
        big_endian_at(tables_.block_number_by_tx_out_index, key_of(index), "the block of an output");
    return block ? std::optional(BlockIndex{*block}) : std::nullopt;
}

std::optional<GlobalIndex> LedgerView::find_by_hash(const Hash32& tx_out_hash) const {
    const auto index =
        big_endian_at(tables_.tx_out_index_by_hash, tx_out_hash.view(), "the index of an output hash");
    return index ? std::optional(GlobalIndex{*index}) : std::nullopt;
}

std::optional<GlobalIndex> LedgerView::find_by_public_key(const PublicKey& public_key) const {
    const auto index = big_endian_at(tables_.tx_out_index_by_public_key, public_key.view(),
                                     "the index of an output's public key");
    return index ? std::optional(GlobalIndex{*index}) : std::nullopt;
}

std::optional<Hash32> LedgerView::merkle_node(const LeafRange& range) const {
    const auto value = transaction_.get(tables_.merkle_hash_by_range, key_of(range));
    if (!value) return std::nullopt;
    const auto node = Hash32::from(*value);
    if (!node) corrupt(fmt::format("the Merkle node of outputs {} to {}", range.from, range.to));
    return node;
}

std::optional<TxOutMembershipElement> LedgerView::merkle_root() const {
    const std::uint64_t outputs = num_tx_outs();
    if (outputs == 0) return std::nullopt;
    const LeafRange range = merkle_root_range(outputs);
    const auto root = merkle_node(range);
    if (!root) corrupt("the Merkle root");
    return TxOutMembershipElement{range, *root};
}

std::optional<TxOutMembershipProof> LedgerView::membership_proof(GlobalIndex index) const {
    const std::uint64_t outputs = num_tx_outs();
    if (index.value >= outputs) return std::nullopt;
    auto proof =
        merkle_prove(index.value, outputs, [&](const LeafRange& range) { return merkle_node(range); });
    if (!proof) corrupt(fmt::format("a Merkle node beside output {}", index.value));
    return proof;
}

std::optional<ActiveMintConfigs> LedgerView::active_mint_configs(std::uint64_t token_id) const {
    const auto value = transaction_.get(tables_.active_mint_configs, big_endian(token_id));
    if (!value) return std::nullopt;
    auto active = decode_active_mint_configs(*value);
    if (!active) corrupt(fmt::format("the active mint configs of token {}", token_id));
    return active;
}

std::optional<BlockIndex> LedgerView::block_of_mint_nonce(ByteView nonce, std::uint64_t token_id) const {
    const auto block =
        big_endian_at(tables_.mint_nonces, nonce_key(nonce, token_id), "the block of a mint nonce");
    return block ? std::optional(BlockIndex{*block}) : std::nullopt;
}

std::optional<BlockIndex> LedgerView::block_of_mint_config_nonce(ByteView nonce,
                                                                 std::uint64_t token_id) const {
    const auto block = big_endian_at(tables_.mint_config_nonces, nonce_key(nonce, token_id),
                                     "the block of a mint config nonce");
    return block ? std::optional(BlockIndex{*block}) : std::nullopt;
}

// LedgerDb
// --------------------------------------------------------------------------------------------------------

LedgerDb LedgerDb::open(const std::filesystem::path& directory, const Options& options) {
    const bool writer = options.access != Options::Access::read;
    auto environment = Environment::open(directory, options);
    try {
        check_version(*environment, "ledger_db_metadata", ledger_db_version);
        if (writer) environment->create_databases({{block_metadata_name}});
        return {environment, open_tables(*environment), writer};
    } catch (...) {
        if (writer) environment->release_writer();
        throw;
    }
}

LedgerDb LedgerDb::create(const std::filesystem::path& directory, Options options) {
    options.access = Options::Access::create;
    auto environment = Environment::open(directory, options);
    try {
        if (environment->database("ledger_db_metadata"))
            throw Error(ErrorCode::exists, fmt::format("{}: there is a ledger already", directory.string()));
        std::vector<DatabaseName> names;
        for (const TableName& entry : table_names) names.push_back({entry.name});
        names.push_back({block_metadata_name});
        environment->create_databases(names, [&](WriteTransaction& transaction) {
            const auto zero = big_endian(std::uint64_t{0});
            transaction.put(*environment->database("ledger_db:counts"), num_blocks_key, zero);
            transaction.put(*environment->database("tx_out_store:counts"), num_tx_outs_key, zero);
            write_version(transaction, *environment->database("ledger_db_metadata"), ledger_db_version);
        });
        return {environment, open_tables(*environment), true};
    } catch (...) {
        environment->release_writer();
        throw;
    }
}

LedgerDb::~LedgerDb() {
    if (environment_ && writer_) environment_->release_writer();
}

BlockCount LedgerDb::num_blocks() const { return snapshot()->num_blocks(); }
std::uint64_t LedgerDb::num_tx_outs() const { return snapshot()->num_tx_outs(); }
std::optional<Block> LedgerDb::block(BlockIndex index) const { return snapshot()->block(index); }
std::optional<BlockData> LedgerDb::block_data(BlockIndex index) const {
    return snapshot()->block_data(index);
}
std::optional<TxOut> LedgerDb::tx_out(GlobalIndex index) const { return snapshot()->tx_out(index); }
std::optional<BlockIndex> LedgerDb::spent_in(const KeyImage& image) const {
    return snapshot()->spent_in(image);
}
std::optional<TxOutMembershipProof> LedgerDb::membership_proof(GlobalIndex index) const {
    return snapshot()->membership_proof(index);
}

std::optional<AppendFault> LedgerDb::append_block(const BlockData& data) {
    try {
        environment_->write([&](WriteTransaction& transaction) {
            check_block(LedgerView(transaction, *tables_), data);
            BlockWriter(transaction, *tables_, data).run();
        });
        return std::nullopt;
    } catch (const Refused& refused) {
        return refused.fault;
    }
}

} // namespace real::lmdb
