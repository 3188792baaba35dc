#include "real/world/real_chain.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

#include "engine/chain/account.hpp"
#include "engine/chain/account_file.hpp"
#include "engine/chain/crypto.hpp"
#include "engine/chain/hc128.hpp"
#include "engine/chain/test_blocks.hpp"
#include "real/lmdb/test_ledger.hpp"
#include "real/process/supervisor.hpp"

namespace real {

using namespace engine;
using chain::BlockContents;
using chain::BlockData;
using chain::TxOut;

// ------------------------------------------------------------------------------------------------ accounts

std::vector<KeyFile> read_accounts(const std::filesystem::path& folder, std::uint32_t count) {
    std::vector<KeyFile> out;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::filesystem::path path = folder / fmt::format("account_keys_{}.json", i);
        std::ifstream in(path);
        std::stringstream text;
        text << in.rdbuf();
        auto broken = [&](const std::string& why) {
            return engine::BrokenSurroundings(fmt::format("{}: {}", path.string(), why));
        };
        if (!in) throw broken("cannot be read");
        std::string why;
        const std::optional<chain::AccountKey> keys = chain::account_from_json(text.str(), why);
        if (!keys) throw broken(why);
        const nlohmann::json json = nlohmann::json::parse(text.str(), nullptr, false);
        if (!json.is_object() || !json.contains("mnemonic")) throw broken("no mnemonic");
        KeyFile file;
        file.mnemonic = json["mnemonic"].get<std::string>();
        file.account_index = json.value("account_index", 0U);
        file.account = make_account(chain::ristretto_crypto(), *keys);
        out.push_back(std::move(file));
    }
    return out;
}

// ------------------------------------------------------------------------------------------------ copies

namespace {

lmdb::EnvironmentOptions writer() {
    lmdb::EnvironmentOptions options;
    options.access = lmdb::EnvironmentOptions::Access::write;
    options.check_pages = false; // we have just made it
    return options;
}

} // namespace

DiskCopy::DiskCopy(std::string name, const std::filesystem::path& ledger,
                   const std::filesystem::path& watcher, const BlockLog& log, EventLog& events)
    : name_(std::move(name)), log_(log), events_(events), ledger_(lmdb::LedgerDb::open(ledger, writer())),
      watcher_(lmdb::WatcherDb::open_writer(watcher, {lmdb::test_block_url}, writer())),
      count_(ledger_.num_blocks()), timed_(count_) {}

void DiskCopy::release() {
    held_ = false;
    advance_to(BlockCount{log_.size()});
}

void DiskCopy::advance_to(BlockCount count) {
    ENSURE(count.value <= log_.size());
    while (count_ < count) {
        const BlockData& data = log_[count_.value];
        events_.copy(name_, BlockCount{count_.value + 1});
        if (const auto fault = ledger_.append_block(data))
            throw engine::InternalError(
                fmt::format("{}: block {} is refused: {}", name_, count_.value, lmdb::to_text(*fault)));
        ++count_.value;
        if (!times_held_) write_times();
    }
}

BlockData DiskCopy::block_data(BlockIndex index) const {
    std::optional<BlockData> data = ledger_.block_data(index);
    ENSURE(data.has_value());
    return std::move(*data);
}

void DiskCopy::write_times() {
    for (; timed_ < count_; ++timed_.value) {
        const BlockData& data = log_[timed_.value];
        watcher_.add_block_data(lmdb::test_block_url, data);
        watcher_.add_block_signature(lmdb::test_block_url, data.block.index, *data.signature, "archive");
    }
}

void DiskCopy::on_append() {
    if (!held_) advance_to(BlockCount{log_.size()});
}

void DiskCopy::release_times() {
    times_held_ = false;
    write_times();
}

// ------------------------------------------------------------------------------------------------ blocks

namespace {

// A ledger needs 16 outputs in its origin block, and an origin has as many per address as there are
// addresses.
constexpr std::size_t origin_addresses_min = 4;

std::shared_ptr<fog::LedgerBlock> as_others_see_it(const BlockData& data) {
    auto block = std::make_shared<fog::LedgerBlock>();
    block->index = data.block.index;
    block->version = data.block.version;
    block->cumulative_txo_count = data.block.cumulative_txo_count;
    block->outputs = data.contents.outputs;
    block->key_images = data.contents.key_images;
    if (data.signature && data.block.index.value > 0) block->signed_at_s = data.signature->signed_at;
    return block;
}

} // namespace

OriginBlock DiskStore::make_origin(const std::vector<Account>& accounts, chain::ByteSource& bytes) {
    const chain::Crypto& crypto = chain::ristretto_crypto();
    std::array<std::uint8_t, 32> entropy{};
    bytes.fill(entropy);
    stranger_ = crypto.subaddress(crypto.account_from_entropy(entropy), chain::default_subaddress);
    std::vector<chain::PublicAddress> addresses;
    for (const Account& account : accounts) addresses.push_back(account.address);
    while (addresses.size() < origin_addresses_min) addresses.push_back(stranger_);
    const std::filesystem::path& first = places_.at(0).second;
    std::filesystem::create_directories(first);
    lmdb::init_test_ledger(first / "ledger-db", first / "watcher-db", addresses, 0);
    for (std::size_t i = 1; i < places_.size(); ++i)
        for (const char* part : {"ledger-db", "watcher-db"}) {
            std::filesystem::create_directories(places_[i].second / part);
            std::filesystem::copy_file(first / part / "data.mdb", places_[i].second / part / "data.mdb");
        }
    for (const auto& [name, folder] : places_)
        copies_.push_back(
            std::make_unique<DiskCopy>(name, folder / "ledger-db", folder / "watcher-db", log_, events_));
    log_.push_back(copies_.front()->block_data(BlockIndex{}));
    return {as_others_see_it(log_.back()), addresses.size()};
}

std::shared_ptr<fog::LedgerBlock> DiskStore::make_block(std::vector<TxOut> outputs,
                                                        std::vector<chain::KeyImage> images,
                                                        chain::ByteSource& bytes) {
    const std::uint64_t number = log_.size();
    BlockContents contents;
    contents.outputs = std::move(outputs);
    if (contents.outputs.empty()) {
        // A block has an output; this one is nobody's in the story.
        const chain::FogHint hint = chain::ristretto_crypto().fake_hint(bytes);
        chain::Amount amount;
        amount.value = 1;
        contents.outputs.push_back(chain::ristretto_crypto().create_output(bytes, amount, stranger_, hint));
    }
    contents.key_images = std::move(images);
    if (contents.key_images.empty()) {
        // And it burns something.  Block 1 of the stock test burns 32 zero bytes.
        contents.key_images.emplace_back();
        if (number > 1) bytes.fill(contents.key_images.back().bytes);
    }
    const chain::Block& last = log_.back().block;
    chain::Hc128 rng(chain::seed_from_number(number)); // as add_test_block: seed n for block n
    const chain::Block block = chain::next_block(last.version, last, contents);
    log_.push_back(chain::draw_signatures(rng, block, std::move(contents)));
    return as_others_see_it(log_.back());
}

void DiskStore::on_block(const fog::LedgerBlock& block, const std::vector<model::Coin>& coins) {
    events_.block(block, coins);
}

void DiskStore::publish() {
    if (log_.size() == 1)
        for (const auto& copy : copies_) events_.copy(copy->name(), copy->count()); // made with it
    for (const auto& copy : copies_) copy->on_append();
}

std::vector<ChainCopy*> DiskStore::copies() {
    std::vector<ChainCopy*> all;
    for (const auto& copy : copies_) all.push_back(copy.get());
    return all;
}

} // namespace real
