#include "real/lmdb/watcher_db.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "engine/chain/bytes.hpp"
#include "engine/chain/wire_fields.hpp"
#include "real/lmdb/version_record.hpp"

namespace real::lmdb {

using namespace engine::chain;

namespace {

struct TableName {
    Database WatcherTables::*table;
    DatabaseName name;
};

constexpr TableName table_names[] = {
    {&WatcherTables::metadata, {"watcher_db_metadata"}},
    {&WatcherTables::block_signatures, {"watcher_db:block_signatures", MDB_DUPSORT}},
    {&WatcherTables::reports_by_block_signer,
     {"watcher_db:verification_reports_by_block_signer", MDB_DUPSORT}},
    {&WatcherTables::reports_by_hash, {"watcher_db:verification_reports_by_hash"}},
    {&WatcherTables::reports_poll_queue, {"watcher_db:verification_reports_poll_queue", MDB_DUPSORT}},
    {&WatcherTables::last_synced, {"watcher_db:last_synced"}},
    {&WatcherTables::config, {"watcher_db:config", MDB_DUPSORT}},
    {&WatcherTables::blocks_datas_by_index, {"watcher_db:block_data:blocks_datas_by_index"}},
    {&WatcherTables::blocks_by_hash, {"watcher_db:block_data:blocks_by_hash"}},
    {&WatcherTables::block_contents_by_hash, {"watcher_db:block_data:block_contents_by_hash"}},
};

const ByteView urls_key = as_bytes("tx_source_urls");
constexpr std::size_t longest_value_of_many = 511; // LMDB's limit for values in DUPSORT databases

Bytes indexed_key(BlockIndex index, const std::string& url) {
    Bytes out;
    append(out, big_endian(index.value));
    append(out, as_bytes(url));
    return out;
}

Bytes signer_key(const Ed25519PublicKey& signer, const std::string& url) {
    Bytes out(signer.bytes.begin(), signer.bytes.end());
    append(out, as_bytes(url));
    return out;
}

Bytes string_value(std::string_view text) { return WireWriter().text_or_omit(1, text).take(); }

std::optional<std::string> read_string_value(const WireField& field) {
    const auto content = field.wrapped();
    if (!content || !is_utf8(*content)) return std::nullopt;
    return std::string(content->begin(), content->end());
}

std::optional<Bytes> copied(const WireField& field) {
    const auto bytes = field.bytes();
    if (!bytes) return std::nullopt;
    return Bytes(bytes->begin(), bytes->end());
}

Hash32 evidence_hash(ByteView evidence) {
    DigestTranscript transcript;
    transcript.bytes("attestation_evidence", evidence);
    return transcript.digest32();
}

std::shared_ptr<const WatcherTables> open_tables(Environment& environment) {
    auto tables = std::make_shared<WatcherTables>();
    for (const TableName& entry : table_names) {
        const auto database = environment.database(entry.name.name);
        if (!database)
            throw Error(ErrorCode::corrupt,
                        fmt::format("{}: no watcher database: the database '{}' is missing",
                                    environment.data_file(), entry.name.name));
        (*tables).*entry.table = *database;
    }
    return tables;
}

/// Every value of one key.
template <class Each>
void each_value(const Transaction& transaction, Database database, ByteView key, Each each) {
    Cursor cursor(transaction, database);
    auto pair = cursor.seek(key);
    if (!pair || !std::equal(pair->first.begin(), pair->first.end(), key.begin(), key.end())) return;
    for (; pair; pair = cursor.next_duplicate()) each(pair->second);
}

} // namespace

std::optional<std::string> normalize_url(std::string_view text) {
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    const auto lower = [](std::string_view part) {
        std::string out(part);
        for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return out;
    };
    const std::string scheme = lower(text.substr(0, colon));
    if (!std::all_of(scheme.begin(), scheme.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        }))
        return std::nullopt;
    if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; }))
        return std::nullopt;
    std::string_view rest = text.substr(colon + 3);
    const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    std::string host = lower(rest.substr(0, end));
    if (const std::size_t port = host.rfind(':');
        port != std::string::npos && host.find(']', port) == std::string::npos) {
        const std::string_view digits = std::string_view(host).substr(port + 1);
        unsigned number = 0;
        const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (!digits.empty() &&
            (error != std::errc{} || stop != digits.data() + digits.size() || number > 65535))
            return std::nullopt;
        const bool usual = (scheme == "https" && number == 443) || (scheme == "http" && number == 80);
        if (digits.empty() || usual) host.resize(port);
    }
    if (host.empty()) return std::nullopt;
    std::string path(rest.substr(end));
    if (path.empty() || path.front() != '/') path.insert(path.begin(), '/');
    return scheme + "://" + host + path;
}

Bytes encode(const SourcedSignature& value) {
    return WireWriter()
        .bytes(1, string_value(value.url))
        .bytes(2, string_value(value.archive_file))
        .bytes(3, encode(value.signature))
        .take();
}

std::optional<SourcedSignature> decode_sourced_signature(ByteView bytes) {
    SourcedSignature out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.url, read_string_value(field));
        case 2:
            return take(out.archive_file, read_string_value(field));
        case 3:
            return take(out.signature, nested(field, decode_block_signature));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode(const StoredBlockData& value) {
    WireWriter out;
    out.bytes(1, value.block_hash).bytes(2, value.contents_hash);
    if (value.signature) out.bytes(3, encode(*value.signature));
    if (value.metadata) out.bytes(4, encode(*value.metadata));
    return out.take();
}

std::optional<StoredBlockData> decode_stored_block_data(ByteView bytes) {
    StoredBlockData out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.block_hash, copied(field));
        case 2:
            return take(out.contents_hash, copied(field));
        case 3:
            return take(out.signature, nested(field, decode_block_signature));
        case 4:
            return take(out.metadata, nested(field, decode_block_metadata));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

void WatcherDb::corrupt(const std::string& what) const {
    throw Error(ErrorCode::corrupt,
                fmt::format("{}: {} is missing or malformed", environment_->data_file(), what));
}

WatcherDb WatcherDb::open(const std::filesystem::path& directory, const Options& options) {
    const bool writer = options.access != Options::Access::read;
    auto environment = Environment::open(directory, options);
    try {
        check_version(*environment, "watcher_db_metadata", watcher_db_version);
        return {environment, open_tables(*environment), writer};
    } catch (...) {
        if (writer) environment->release_writer();
        throw;
    }
}

WatcherDb WatcherDb::open_writer(const std::filesystem::path& directory, const std::vector<std::string>& urls,
                                 Options options) {
    options.access = Options::Access::write;
    WatcherDb out = open(directory, options);
    out.environment_->write([&](WriteTransaction& transaction) {
        transaction.remove(out.tables_->config, urls_key);
        for (const std::string& url : urls) transaction.put(out.tables_->config, urls_key, as_bytes(url));
    });
    return out;
}

WatcherDb WatcherDb::create(const std::filesystem::path& directory, Options options) {
    options.access = Options::Access::create;
    auto environment = Environment::open(directory, options);
    try {
        if (environment->database("watcher_db_metadata"))
            throw Error(ErrorCode::exists,
                        fmt::format("{}: there is a watcher database already", directory.string()));
        std::vector<DatabaseName> names;
        for (const TableName& entry : table_names) names.push_back(entry.name);
        environment->create_databases(names, [&](WriteTransaction& transaction) {
            write_version(transaction, *environment->database("watcher_db_metadata"), watcher_db_version);
        });
        return {environment, open_tables(*environment), true};
    } catch (...) {
        environment->release_writer();
        throw;
    }
}

WatcherDb::~WatcherDb() {
    if (environment_ && writer_) environment_->release_writer();
}

std::vector<std::string> WatcherDb::urls(const Transaction& transaction) const {
    std::vector<std::string> out;
    each_value(transaction, tables_->config, urls_key, [&](ByteView url) { out.emplace_back(as_text(url)); });
    return out;
}

std::optional<BlockIndex> WatcherDb::last_synced(const Transaction& transaction,
                                                 const std::string& url) const {
    const auto value = transaction.get(tables_->last_synced, as_bytes(url));
    if (!value) return std::nullopt;
    if (value->size() != 8) corrupt("the last synced block of " + url);
    return BlockIndex{load_big_endian<std::uint64_t>(*value)};
}

BlockIndex WatcherDb::highest_common_block(const Transaction& transaction) const {
    std::optional<BlockIndex> lowest;
    for (const std::string& url : urls(transaction)) {
        const BlockIndex synced = last_synced(transaction, url).value_or(BlockIndex{0});
        lowest = lowest ? std::min(*lowest, synced) : synced;
    }
    return lowest.value_or(BlockIndex{0});
}

std::vector<SourcedSignature> WatcherDb::block_signatures(const Transaction& transaction,
                                                          BlockIndex index) const {
    std::vector<SourcedSignature> out;
    each_value(transaction, tables_->block_signatures, big_endian(index.value), [&](ByteView value) {
        auto signature = decode_sourced_signature(value);
        if (!signature) corrupt(fmt::format("a signature of block {}", index.value));
        out.push_back(std::move(*signature));
    });
    return out;
}

std::vector<std::string> WatcherDb::urls() const { return urls(ReadTransaction(*environment_)); }

BlockTimestamp WatcherDb::block_timestamp(BlockIndex index) const {
    if (index.value == 0 || index.value == ~std::uint64_t{0})
        return {.seconds = no_timestamp, .code = TimestampCode::out_of_bounds};
    const ReadTransaction transaction(*environment_);
    const auto signatures = block_signatures(transaction, index);
    if (signatures.empty()) {
        const bool behind = highest_common_block(transaction) < index;
        return {.seconds = no_timestamp,
                .code = behind ? TimestampCode::watcher_behind : TimestampCode::unavailable};
    }
    std::uint64_t earliest = no_timestamp;
    for (const SourcedSignature& each : signatures) earliest = std::min(earliest, each.signature.signed_at);
    return {.seconds = earliest, .code = TimestampCode::found};
}

std::vector<SourcedSignature> WatcherDb::block_signatures(BlockIndex index) const {
    return block_signatures(ReadTransaction(*environment_), index);
}

std::vector<std::pair<std::string, std::optional<BlockIndex>>> WatcherDb::last_synced() const {
    return last_synced(ReadTransaction(*environment_));
}

std::vector<std::pair<std::string, std::optional<BlockIndex>>>
WatcherDb::last_synced(const Transaction& transaction) const {
    std::vector<std::pair<std::string, std::optional<BlockIndex>>> out;
    for (std::string& url : urls(transaction)) {
        const auto synced = last_synced(transaction, url);
        out.emplace_back(std::move(url), synced);
    }
    return out;
}

BlockIndex WatcherDb::highest_common_block() const {
    return highest_common_block(ReadTransaction(*environment_));
}

std::optional<BlockData> WatcherDb::block_data(const std::string& url, BlockIndex index) const {
    const ReadTransaction transaction(*environment_);
    const auto value = transaction.get(tables_->blocks_datas_by_index, indexed_key(index, url));
    if (!value) return std::nullopt;
    const std::string what = fmt::format("block {} from {}", index.value, url);
    auto stored = decode_stored_block_data(*value);
    if (!stored) corrupt(what);
    const auto block_bytes = transaction.get(tables_->blocks_by_hash, stored->block_hash);
    const auto contents_bytes = transaction.get(tables_->block_contents_by_hash, stored->contents_hash);
    if (!block_bytes || !contents_bytes) corrupt(what);
    auto block = decode_block(*block_bytes);
    auto contents = decode_block_contents(*contents_bytes);
    if (!block || !contents) corrupt(what);
    return BlockData{.block = *block,
                     .contents = std::move(*contents),
                     .signature = stored->signature,
                     .metadata = std::move(stored->metadata)};
}

std::vector<std::string> WatcherDb::sources_of(BlockIndex index) const {
    const ReadTransaction transaction(*environment_);
    const auto prefix = big_endian(index.value);
    std::vector<std::string> out;
    Cursor cursor(transaction, tables_->blocks_datas_by_index);
    for (auto pair = cursor.seek(prefix); pair; pair = cursor.next()) {
        const ByteView key = pair->first;
        if (key.size() < 8 || !std::equal(prefix.begin(), prefix.end(), key.begin())) break;
        out.emplace_back(as_text(key.subspan(8)));
    }
    return out;
}

std::vector<std::pair<std::string, Ed25519PublicKey>> WatcherDb::poll_queue() const {
    const ReadTransaction transaction(*environment_);
    std::vector<std::pair<std::string, Ed25519PublicKey>> out;
    Cursor cursor(transaction, tables_->reports_poll_queue);
    for (auto pair = cursor.first(); pair; pair = cursor.next()) {
        const auto signer = Ed25519PublicKey::from(pair->second);
        if (!signer) corrupt("an entry of the poll queue");
        out.emplace_back(std::string(as_text(pair->first)), *signer);
    }
    return out;
}

std::vector<Bytes> WatcherDb::evidence(const Ed25519PublicKey& signer, const std::string& url) const {
    const ReadTransaction transaction(*environment_);
    std::vector<Bytes> out;
    each_value(transaction, tables_->reports_by_block_signer, signer_key(signer, url),
               [&](ByteView evidence_key) {
                   const auto evidence = transaction.get(tables_->reports_by_hash, evidence_key);
                   if (!evidence) corrupt("attestation evidence from " + url);
                   out.emplace_back(evidence->begin(), evidence->end());
               });
    return out;
}

void WatcherDb::need_source(const Transaction& transaction, const std::string& url) const {
    const auto known = urls(transaction);
    if (std::find(known.begin(), known.end(), url) == known.end())
        throw Error(ErrorCode::missing,
                    fmt::format("{}: {} is none of the configured sources", environment_->data_file(), url));
}

bool WatcherDb::add_block_data(const std::string& url, const BlockData& data) {
    bool added = false;
    environment_->write([&](WriteTransaction& transaction) {
        need_source(transaction, url);
        const Hash32 block_key = block_hash(data.block);
        transaction.put(tables_->blocks_by_hash, block_key.view(), encode(data.block), MDB_NOOVERWRITE);
        transaction.put(tables_->block_contents_by_hash, data.block.contents_hash.view(),
                        encode(data.contents), MDB_NOOVERWRITE);
        const StoredBlockData stored{
            .block_hash = {block_key.bytes.begin(), block_key.bytes.end()},
            .contents_hash = {data.block.contents_hash.bytes.begin(), data.block.contents_hash.bytes.end()},
            .signature = data.signature,
            .metadata = data.metadata};
        added = transaction.put(tables_->blocks_datas_by_index, indexed_key(data.block.index, url),
                                encode(stored), MDB_NOOVERWRITE);
    });
    return added;
}

void WatcherDb::add_block_signature(const std::string& url, BlockIndex index, const BlockSignature& signature,
                                    const std::string& archive_file) {
    const Bytes record = encode(SourcedSignature{url, archive_file, signature});
    if (record.size() > longest_value_of_many)
        throw Error(ErrorCode::other, fmt::format("{}: the URL {} is too long for a signature record",
                                                  environment_->data_file(), url));
    environment_->write([&](WriteTransaction& transaction) {
        need_source(transaction, url);
        transaction.put(tables_->block_signatures, big_endian(index.value), record);
        transaction.put(tables_->last_synced, as_bytes(url), big_endian(index.value));
        if (!transaction.get(tables_->reports_by_block_signer, signer_key(signature.signer, url)))
            transaction.put(tables_->reports_poll_queue, as_bytes(url), signature.signer.view(),
                            MDB_NODUPDATA);
    });
}

void WatcherDb::update_last_synced(const std::string& url, BlockIndex index) {
    environment_->write([&](WriteTransaction& transaction) {
        need_source(transaction, url);
        transaction.put(tables_->last_synced, as_bytes(url), big_endian(index.value));
    });
}

void WatcherDb::add_evidence(const std::string& url, const Ed25519PublicKey& signer,
                             const std::optional<Bytes>& evidence) {
    const Bytes stored = evidence.value_or(Bytes{});
    const Hash32 key = evidence_hash(stored);
    environment_->write([&](WriteTransaction& transaction) {
        need_source(transaction, url);
        transaction.put(tables_->reports_by_hash, key.view(), stored);
        transaction.put(tables_->reports_by_block_signer, signer_key(signer, url), key.view(), MDB_NODUPDATA);
        transaction.remove_pair(tables_->reports_poll_queue, as_bytes(url), signer.view());
    });
}

} // namespace real::lmdb
