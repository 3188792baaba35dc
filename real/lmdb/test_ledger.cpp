#include "real/lmdb/test_ledger.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "engine/chain/account.hpp"
#include "engine/chain/box.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/test_blocks.hpp"

namespace real::lmdb {

using namespace engine::chain;

namespace {

/// The version whose output format test blocks carry, whatever version the blocks themselves have.
constexpr std::uint32_t test_output_version = 4;

std::uint64_t product(std::initializer_list<std::uint64_t> factors) {
    std::uint64_t out = 1;
    for (const std::uint64_t factor : factors)
        if (__builtin_mul_overflow(out, factor, &out)) return ~std::uint64_t{0};
    return out;
}

std::uint64_t share_of_all(std::uint64_t outputs) {
    if (outputs < fewest_outputs)
        throw TestLedgerError(
            fmt::format("{} outputs are too few, a test ledger needs {}", outputs, fewest_outputs));
    const std::uint64_t mob = total_mob / outputs;
    if (mob == 0)
        throw TestLedgerError(fmt::format("{} outputs are more than there are MOB to share out", outputs));
    return mob * pico_mob;
}

void append_or_throw(LedgerDb& ledger, const BlockData& data) {
    if (const auto fault = ledger.append_block(data))
        throw TestLedgerError(
            fmt::format("block {} is refused: {}", data.block.index.value, to_text(*fault)));
}

void build_chain(const std::filesystem::path& directory, Hc128& rng, std::uint32_t version,
                 std::uint64_t blocks, const std::vector<PublicAddress>& addresses, std::uint64_t repeats,
                 std::uint64_t value, std::uint64_t max_token_id) {
    EnvironmentOptions options;
    options.check_pages = false;
    LedgerDb ledger = LedgerDb::create(directory, options);
    const bool drawn =
        draw_chain(rng, version, blocks, addresses, repeats, value, max_token_id, [&](const BlockData& data) {
            append_or_throw(ledger, data);
            return true;
        });
    if (!drawn)
        throw TestLedgerError("an address has keys that are no points, or a token block version 0 lacks");
}

} // namespace

StagedDatabase::StagedDatabase(std::filesystem::path directory) : directory_(std::move(directory)) {
    if (std::filesystem::exists(directory_ / "data.mdb"))
        throw Error(ErrorCode::exists, fmt::format("{}: there is a database already", directory_.string()));
    std::error_code failed;
    made_directory_ = std::filesystem::create_directories(directory_, failed);
    if (!failed) {
        std::string name = (directory_ / ".building-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            failed = std::error_code(errno, std::generic_category());
        else
            staging_ = name;
    }
    if (failed)
        throw Error(ErrorCode::refused,
                    fmt::format("{}: cannot write here: {}", directory_.string(), failed.message()),
                    failed.value());
}

StagedDatabase::~StagedDatabase() {
    std::error_code ignored;
    std::filesystem::remove_all(staging_, ignored);
    if (made_directory_ && !published_) std::filesystem::remove(directory_, ignored); // only when empty
}

void StagedDatabase::publish() {
    // A link refuses to replace what somebody else put there meanwhile; a rename would not.
    std::error_code failed;
    std::filesystem::create_hard_link(staging_ / "data.mdb", directory_ / "data.mdb", failed);
    if (failed == std::errc::operation_not_permitted || failed == std::errc::operation_not_supported) {
        failed.clear();
        std::filesystem::rename(staging_ / "data.mdb", directory_ / "data.mdb", failed);
    }
    if (failed)
        throw Error(failed == std::errc::file_exists ? ErrorCode::exists : ErrorCode::refused,
                    fmt::format("{}: cannot put data.mdb here: {}", directory_.string(), failed.message()),
                    failed.value());
    published_ = true;
}

void StagedDatabase::withdraw() {
    std::error_code ignored;
    std::filesystem::remove(directory_ / "data.mdb", ignored);
    published_ = false;
}

void init_test_ledger(const std::filesystem::path& ledger_dir, const std::filesystem::path& watcher_dir,
                      const std::vector<PublicAddress>& addresses, std::uint64_t seed) {
    const std::uint64_t count = addresses.size();
    const std::uint64_t value = share_of_all(product({count, count}));
    StagedDatabase ledger(ledger_dir);
    StagedDatabase watcher(watcher_dir);
    Hc128 rng(seed_from_number(seed));
    build_chain(ledger.staging(), rng, 0, 1, addresses, count, value, 0);
    WatcherDb::create(watcher.staging());
    watcher.publish();
    try {
        ledger.publish();
    } catch (...) {
        watcher.withdraw();
        throw;
    }
}

std::vector<KeyImage> add_test_block(const std::filesystem::path& ledger_dir,
                                     const std::filesystem::path& watcher_dir, const Point& fog_key,
                                     const std::vector<TestCredit>& credits,
                                     const std::vector<KeyImage>& key_images, std::uint64_t seed) {
    Hc128 rng(seed_from_number(seed));
    BlockContents contents{
        .key_images = key_images, .outputs = {}, .validated_mint_config_txs = {}, .mint_txs = {}};
    std::vector<KeyImage> own_images;
    for (const TestCredit& credit : credits) {
        const PublicAddress address = make_subaddress(credit.account, default_subaddress);
        const FogHint hint = make_hint(rng, fog_key, address.view_public);
        const Scalar tx_private = Scalar::random(rng);
        auto sent = make_output(test_output_version, {.value = credit.amount, .token_id = 0}, address,
                                tx_private, hint);
        if (!sent) throw TestLedgerError("an account has keys that are no points");
        own_images.push_back(key_image(
            onetime_private_key(*sent->secret, subaddress_spend_scalar(credit.account, default_subaddress))));
        contents.outputs.push_back(std::move(sent->output));
    }

    EnvironmentOptions options;
    options.access = EnvironmentOptions::Access::write;
    LedgerDb ledger = LedgerDb::open(ledger_dir, options);
    const BlockCount blocks = ledger.num_blocks();
    if (blocks.value == 0) throw TestLedgerError(ledger_dir.string() + ": the ledger has no origin block");
    const Block last = ledger.block(BlockIndex{blocks.value - 1}).value();
    const BlockData data = draw_signatures(rng, next_block(last.version, last, contents), contents);

    // The watcher first, so that one which cannot be written keeps the ledger from growing; its records last,
    // as upstream does: a reader may see the block before its timestamp.
    WatcherDb watcher = WatcherDb::open_writer(watcher_dir, {test_block_url});
    append_or_throw(ledger, data);
    watcher.add_block_data(test_block_url, data);
    watcher.add_block_signature(test_block_url, data.block.index, *data.signature, "archive");
    return own_images;
}

std::uint64_t sample_value(const SampleLedger& sample, std::uint64_t addresses) {
    if (sample.max_token_id == ~std::uint64_t{0}) throw TestLedgerError("the token id is too large");
    return share_of_all(product({addresses, sample.txs, sample.blocks, sample.max_token_id + 1}));
}

void generate_sample_ledger(const std::filesystem::path& ledger_dir,
                            const std::vector<PublicAddress>& addresses, const SampleLedger& sample) {
    const std::uint64_t value = sample_value(sample, addresses.size());
    StagedDatabase ledger(ledger_dir);
    Hc128 rng(sample.seed);
    const std::uint32_t version = sample.max_token_id > 0 ? 3 : 0;
    build_chain(ledger.staging(), rng, version, sample.blocks, addresses, sample.txs, value,
                sample.max_token_id);
    ledger.publish();
}

} // namespace real::lmdb
