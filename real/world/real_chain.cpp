#include "real/world/real_chain.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
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
using chain::PublicKey;
using chain::TxOut;

// ------------------------------------------------------------------------------------------------ accounts

std::vector<Account> read_accounts(const std::filesystem::path& folder, std::uint32_t count) {
    std::vector<Account> out;
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
        Account account;
        account.mnemonic = json["mnemonic"].get<std::string>();
        account.account_index = json.value("account_index", 0U);
        account.keys = *keys;
        const chain::Crypto& crypto = chain::ristretto_crypto();
        account.address = crypto.subaddress(account.keys, chain::default_subaddress);
        account.subaddresses = crypto.default_subaddresses(account.keys);
        out.push_back(std::move(account));
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

// ------------------------------------------------------------------------------------------------ chain

namespace {

// A ledger needs 16 outputs in its origin block, and an origin has as many per address as there are
// addresses.
constexpr std::size_t origin_addresses_min = 4;

} // namespace

DiskChain::DiskChain(const std::vector<Account>& accounts, AskReport ask_report, Choices& choices,
                     EventLog& events)
    : accounts_(accounts), ask_report_(std::move(ask_report)), events_(events),
      bytes_(Stream(choices, Domain::data, 0, 0)) {
    const chain::Crypto& crypto = chain::ristretto_crypto();
    std::array<std::uint8_t, 32> entropy{};
    bytes_.fill(entropy);
    stranger_ = crypto.subaddress(crypto.account_from_entropy(entropy), chain::default_subaddress);
}

void DiskChain::begin(const std::vector<std::pair<std::string, std::filesystem::path>>& copies) {
    std::vector<chain::PublicAddress> addresses;
    for (const Account& account : accounts_) addresses.push_back(account.address);
    while (addresses.size() < origin_addresses_min) addresses.push_back(stranger_);
    const std::filesystem::path& first = copies.at(0).second;
    std::filesystem::create_directories(first);
    lmdb::init_test_ledger(first / "ledger-db", first / "watcher-db", addresses, 0);
    for (std::size_t i = 1; i < copies.size(); ++i)
        for (const char* part : {"ledger-db", "watcher-db"}) {
            std::filesystem::create_directories(copies[i].second / part);
            std::filesystem::copy_file(first / part / "data.mdb", copies[i].second / part / "data.mdb");
        }
    for (const auto& [name, folder] : copies)
        copies_.push_back(
            std::make_unique<DiskCopy>(name, folder / "ledger-db", folder / "watcher-db", log_, events_));

    BlockData origin = copies_.front()->block_data(BlockIndex{});
    std::vector<model::Credit> credits;
    for (std::size_t i = 0; i < origin.contents.outputs.size(); ++i) {
        const std::size_t owner =
            i / addresses.size(); // so many outputs for each address, one address after another
        if (owner >= accounts_.size()) break;
        const TxOut& output = origin.contents.outputs[i];
        const auto record = chain::ristretto_crypto().make_record(output, GlobalIndex{i}, BlockIndex{}, 0);
        const auto opened = chain::ristretto_crypto().open_output(accounts_[owner].keys,
                                                                  accounts_[owner].subaddresses, record);
        ENSURE(opened.has_value());
        model::Credit credit;
        credit.account = AccountId{static_cast<std::uint32_t>(owner)};
        credit.amount = opened->amount;
        credit.public_key = output.public_key;
        credit.image = opened->key_image;
        credits.push_back(std::move(credit));
    }
    add_to_model(origin, std::move(credits));
    log_.push_back(std::move(origin));
    for (const auto& copy : copies_) events_.copy(copy->name(), copy->count());
}

void DiskChain::add_to_model(const BlockData& data, std::vector<model::Credit> credits) {
    auto block = std::make_shared<fog::LedgerBlock>();
    block->index = data.block.index;
    block->version = data.block.version;
    block->cumulative_txo_count = data.block.cumulative_txo_count;
    block->outputs = data.contents.outputs;
    block->key_images = data.contents.key_images;
    const std::uint64_t first = block->first_output().value;
    for (std::size_t i = 0; i < credits.size(); ++i) {
        credits[i].block = block->index;
        credits[i].index = GlobalIndex{first + i};
    }
    events_.block(*block, credits);
    model_.append(std::move(block), std::move(credits));
}

TxOut DiskChain::build(AccountId to, chain::Amount amount, std::uint64_t subaddress,
                       const PublicKey& hint_key) {
    const chain::Crypto& crypto = chain::ristretto_crypto();
    const Account& account = accounts_.at(to.value);
    const auto hint = crypto.encrypt_hint(bytes_, hint_key, account.address.view_public);
    ENSURE(hint.has_value());
    if (subaddress == chain::default_subaddress)
        return crypto.create_output(bytes_, amount, account.address, *hint);
    return crypto.create_output(bytes_, amount, crypto.subaddress(account.keys, subaddress), *hint);
}

model::Credit DiskChain::credit_for(AccountId to, chain::Amount amount, const TxOut& output,
                                    const PublicKey& hint_key) {
    const chain::Crypto& crypto = chain::ristretto_crypto();
    const Account& account = accounts_.at(to.value);
    const auto record = crypto.make_record(output, GlobalIndex{}, BlockIndex{}, 0);
    const auto opened = crypto.open_output(account.keys, account.subaddresses, record);
    ENSURE(opened && opened->amount == amount);
    model::Credit credit;
    credit.account = to;
    credit.amount = amount;
    credit.public_key = output.public_key;
    credit.image = opened->key_image;
    credit.hint_key = hint_key;
    return credit;
}

std::vector<CreditRef> DiskChain::append_block(std::vector<TxOut> outputs, std::vector<model::Credit> credits,
                                               std::vector<chain::KeyImage> images) {
    BlockContents contents;
    contents.outputs = std::move(outputs);
    if (contents.outputs.empty()) {
        // A block has an output; this one is nobody's in the story.
        const chain::FogHint hint = chain::ristretto_crypto().fake_hint(bytes_);
        chain::Amount amount;
        amount.value = 1;
        contents.outputs.push_back(chain::ristretto_crypto().create_output(bytes_, amount, stranger_, hint));
    }
    contents.key_images = std::move(images);
    if (contents.key_images.empty()) {
        // And it burns something.  Block 1 of the stock test burns 32 zero bytes.
        contents.key_images.emplace_back();
        if (height().value > 1) bytes_.fill(contents.key_images.back().bytes);
    }
    const chain::Block& last = log_.back().block;
    chain::Hc128 rng(chain::seed_from_number(height().value)); // as add_test_block: seed n for block n
    const chain::Block block = chain::next_block(last.version, last, contents);
    BlockData data = chain::draw_signatures(rng, block, std::move(contents));
    const std::size_t before = model_.credits().size();
    std::vector<CreditRef> refs;
    for (std::size_t i = 0; i < credits.size(); ++i) refs.push_back({before + i});
    add_to_model(data, std::move(credits));
    log_.push_back(std::move(data));
    for (const auto& copy : copies_) copy->on_append();
    return refs;
}

void DiskChain::set_hint_key(PublicKey key, BlockIndex expiry) { hint_ = Hint{key, expiry}; }

Task<Result<PublicKey>> DiskChain::refresh_hint_key() {
    const Result<Hint> hint = co_await ask_report_();
    if (!hint) co_return hint.error();
    hint_ = *hint;
    co_return hint->key;
}

Task<AppendedBlock> DiskChain::append(BlockPlan plan) {
    const bool needs_report = std::any_of(plan.credits.begin(), plan.credits.end(),
                                          [](const Credit& credit) { return !credit.hint_key; });
    if (needs_report && (!hint_ || hint_->expiry <= height().end())) {
        const Result<PublicKey> refreshed = co_await refresh_hint_key();
        if (!refreshed) hint_.reset();
    }
    AppendedBlock appended;
    appended.index = height().end();
    std::vector<TxOut> outputs;
    std::vector<model::Credit> credits;
    for (const Credit& credit : plan.credits) {
        PublicKey key;
        if (credit.hint_key) {
            key = *credit.hint_key;
        } else {
            if (!hint_ || hint_->expiry <= appended.index) continue; // consensus: tombstone block exceeded
            key = hint_->key;
        }
        chain::Amount amount;
        amount.value = credit.amount;
        amount.token_id = credit.token_id;
        outputs.push_back(build(credit.to, amount, credit.subaddress, key));
        credits.push_back(credit_for(credit.to, amount, outputs.back(), key));
    }
    std::vector<chain::KeyImage> images;
    for (const CreditRef spend : plan.spends) images.push_back(model_.credits().at(spend.index).image);
    appended.credits = append_block(std::move(outputs), std::move(credits), std::move(images));
    co_return appended;
}

Task<Result<PreparedPayment>> DiskChain::prepare(AccountId to, std::uint64_t amount,
                                                 std::uint64_t tombstone_blocks) {
    const Result<Hint> hint = co_await ask_report_();
    if (!hint) co_return hint.error();
    PreparedPayment payment;
    payment.to = to;
    payment.amount.value = amount;
    payment.hint_key = hint->key;
    payment.output = build(to, payment.amount, chain::default_subaddress, hint->key);
    // The smaller of what the sender asked for and what the report allows.
    payment.tombstone = std::min(BlockIndex{height().value + tombstone_blocks}, hint->expiry);
    co_return payment;
}

Task<std::vector<CreditRef>> DiskChain::submit(std::vector<PreparedPayment> payments) {
    std::vector<TxOut> outputs;
    std::vector<model::Credit> credits;
    for (PreparedPayment& payment : payments) {
        if (height().end() >= payment.tombstone) continue;
        credits.push_back(credit_for(payment.to, payment.amount, payment.output, payment.hint_key));
        outputs.push_back(std::move(payment.output));
    }
    co_return append_block(std::move(outputs), std::move(credits), {});
}

} // namespace real
