#include "real/lmdb/ledger_db.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "engine/chain/hex.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/test_blocks.hpp"
#include "real/lmdb/cheap_blocks.hpp"
#include "real/lmdb/ledger_check.hpp"
#include "real/lmdb/test_support.hpp"

namespace real::lmdb {
namespace {

using namespace engine::chain;
using Access = EnvironmentOptions::Access;

struct LedgerDbTest : testing::Test {
    ScratchDir scratch;
    std::filesystem::path directory = scratch / "ledger";
    Hc128 rng{Hc128::Seed{9}};

    /// A ledger of an origin block with two outputs, and what follows.
    LedgerDb make(std::size_t more = 0) {
        LedgerDb ledger = LedgerDb::create(directory);
        BlockData data = cheap_block(rng, nullptr, 2, 0);
        EXPECT_FALSE(ledger.append_block(data));
        for (std::size_t i = 0; i < more; ++i) {
            data = cheap_block(rng, &data.block, 3, 2);
            EXPECT_FALSE(ledger.append_block(data));
        }
        return ledger;
    }
    static Block last(const LedgerDb& ledger) {
        return ledger.block(BlockIndex{ledger.num_blocks().value - 1}).value();
    }
    /// Fills in what follows from the other fields after a change.
    static void seal(BlockData& data) {
        data.block.contents_hash = contents_hash(data.contents);
        data.block.id = compute_id(data.block);
    }
    static ErrorCode error_of(const std::function<void()>& body) {
        try {
            body();
        } catch (const Error& error) {
            return error.code;
        }
        ADD_FAILURE() << "nothing was thrown";
        return ErrorCode::other;
    }
    static void expect_whole(const LedgerDb& ledger) {
        LedgerSummary summary;
        const auto fault = check_ledger(*ledger.snapshot(), summary);
        EXPECT_FALSE(fault) << fault->place << ": " << fault->what;
    }
};

TEST_F(LedgerDbTest, an_empty_ledger_has_nothing) {
    const LedgerDb ledger = LedgerDb::create(directory);
    EXPECT_EQ(ledger.num_blocks().value, 0u);
    EXPECT_EQ(ledger.num_tx_outs(), 0u);
    EXPECT_FALSE(ledger.block(BlockIndex{0}));
    EXPECT_FALSE(ledger.block_data(BlockIndex{0}));
    EXPECT_FALSE(ledger.membership_proof(GlobalIndex{0}));
    EXPECT_FALSE(ledger.snapshot()->merkle_root());
    expect_whole(ledger);
}

TEST_F(LedgerDbTest, what_is_appended_is_found_again_by_every_key) {
    LedgerDb ledger = make(1);
    const Block parent = last(ledger);
    const BlockData data = draw_signatures(rng, parent, cheap_block(rng, nullptr, 0, 0).contents);
    BlockData next = cheap_block(rng, &parent, 4, 3);
    next.signature = data.signature;
    next.metadata = data.metadata;
    ASSERT_FALSE(ledger.append_block(next));
    EXPECT_EQ(ledger.block_data(next.block.index), next);
    EXPECT_FALSE(ledger.block(next.block.index.next()));

    const LedgerDb::Snapshot now = ledger.snapshot();
    EXPECT_EQ(now->num_tx_outs(), 9u);
    EXPECT_EQ(now->tx_outs_of(next.block.index), (TxOutRange{GlobalIndex{5}, 4}));
    for (std::uint64_t i = 0; i < 4; ++i) {
        const TxOut& output = next.contents.outputs[i];
        const GlobalIndex index{5 + i};
        EXPECT_EQ(now->tx_out(index), output);
        EXPECT_EQ(now->find_by_hash(hash(output)), index);
        EXPECT_EQ(now->find_by_public_key(output.public_key), index);
        EXPECT_EQ(now->block_of(index), next.block.index);
        EXPECT_TRUE(merkle_verify(hash(output), *now->membership_proof(index), now->merkle_root()->hash));
    }
    for (const KeyImage& image : next.contents.key_images) EXPECT_EQ(now->spent_in(image), next.block.index);
    EXPECT_EQ(now->key_images(next.block.index), next.contents.key_images);
    EXPECT_FALSE(now->spent_in(KeyImage{}));
    EXPECT_FALSE(now->tx_out(GlobalIndex{9}));
    EXPECT_FALSE(now->find_by_hash(Hash32{}));
}

TEST_F(LedgerDbTest, origin_blocks_are_checked_in_upstreams_order) {
    LedgerDb ledger = LedgerDb::create(directory);
    BlockData bad = cheap_block(rng, nullptr, 2, 0);
    bad.block.version = 1;
    bad.block.index = BlockIndex{5};
    bad.block.parent_id.bytes[0] = 1;
    EXPECT_EQ(ledger.append_block(bad), AppendFault::invalid_block_version);
    bad.block.version = 0;
    EXPECT_EQ(ledger.append_block(bad), AppendFault::invalid_block_index);
    bad.block.index = BlockIndex{0};
    EXPECT_EQ(ledger.append_block(bad), AppendFault::invalid_parent_block_id);
    bad.block.parent_id = {};
    BlockData empty = bad;
    empty.contents.outputs.clear();
    EXPECT_EQ(ledger.append_block(empty), AppendFault::no_outputs);
    EXPECT_FALSE(ledger.append_block(bad)) << "an origin block needs no key images";
}

// One block that breaks every rule; mending one after the other shows the order of the checks.
TEST_F(LedgerDbTest, later_blocks_are_checked_in_upstreams_order) {
    LedgerDb ledger = make(1);
    const Block parent = last(ledger);
    const BlockData known = ledger.block_data(parent.index).value();
    BlockData bad = cheap_block(rng, &parent, 1, 0);
    const TxOut good_output = bad.contents.outputs[0];
    bad.block.version = 5;
    bad.block.index = BlockIndex{9};
    bad.block.parent_id.bytes[0] ^= 1;
    bad.block.id = {};
    bad.block.contents_hash = {};
    bad.contents.outputs.clear();
    bad.contents.mint_txs.resize(1);
    EXPECT_EQ(ledger.append_block(bad), AppendFault::invalid_block_version);
    bad.block.version = 3;
    EXPECT_EQ(ledger.append_block(bad), AppendFault::invalid_block_index);
    bad.block.index = parent.index.next();
    EXPECT_EQ(ledger.append_block(bad), AppendFault::invalid_parent_block_id);
    bad.block.parent_id = parent.id;
    EXPECT_EQ(ledger.append_block(bad), AppendFault::no_outputs);
    bad.contents.outputs = {good_output};
    bad.contents.mint_txs.resize(2);
    EXPECT_EQ(ledger.append_block(bad), AppendFault::too_few_outputs);
    bad.contents.mint_txs.clear();
    EXPECT_EQ(ledger.append_block(bad), AppendFault::no_key_images);
    bad.contents.key_images = known.contents.key_images;
    EXPECT_EQ(ledger.append_block(bad), AppendFault::invalid_block_contents);
    bad.contents.outputs[0].masked_amount.reset();
    bad.contents.outputs[0].public_key = known.contents.outputs[0].public_key;
    bad.block.contents_hash = contents_hash(bad.contents);
    EXPECT_EQ(ledger.append_block(bad), AppendFault::missing_masked_amount);
    bad.contents.outputs[0].masked_amount = MaskedAmount{};
    bad.block.contents_hash = contents_hash(bad.contents);
    EXPECT_EQ(ledger.append_block(bad), AppendFault::key_image_already_spent);
    bad.contents.key_images[0].bytes[0] ^= 1;
    bad.contents.key_images[1].bytes[0] ^= 1;
    bad.block.contents_hash = contents_hash(bad.contents);
    EXPECT_EQ(ledger.append_block(bad), AppendFault::duplicate_output_public_key);
    bad.contents.outputs[0].public_key.bytes[0] ^= 1;
    bad.block.contents_hash = contents_hash(bad.contents);
    EXPECT_EQ(ledger.append_block(bad), AppendFault::invalid_block_id);
    seal(bad);
    EXPECT_EQ(ledger.append_block(bad), AppendFault::block_metadata_required);
    bad.metadata = draw_metadata(rng, bad.block.id);
    bad.block.cumulative_txo_count += 7; // not checked, as upstream
    seal(bad);
    EXPECT_FALSE(ledger.append_block(bad));
    BlockData older = cheap_block(rng, &bad.block, 1, 1);
    older.block.version = 2;
    seal(older);
    EXPECT_EQ(ledger.append_block(older), AppendFault::invalid_block_version);
}

TEST_F(LedgerDbTest, a_refused_block_leaves_every_record_as_it_was) {
    LedgerDb ledger = make(2);
    const Block parent = last(ledger);
    const Dump before = dump_with_lmdb_tool(directory);
    // Found out only while writing: the same output key twice in one block.
    BlockData twice = cheap_block(rng, &parent, 3, 1);
    twice.contents.outputs[2].public_key = twice.contents.outputs[0].public_key;
    seal(twice);
    EXPECT_EQ(ledger.append_block(twice), AppendFault::key_exists);
    EXPECT_EQ(difference(dump_with_lmdb_tool(directory), before), "");
    EXPECT_FALSE(ledger.append_block(cheap_block(rng, &parent, 1, 1)));
}

TEST_F(LedgerDbTest, one_key_image_twice_in_a_block_is_a_double_spend) {
    LedgerDb ledger = make();
    const Block parent = last(ledger);
    BlockData data = cheap_block(rng, &parent, 1, 2);
    data.contents.key_images[1] = data.contents.key_images[0];
    seal(data);
    EXPECT_EQ(ledger.append_block(data), AppendFault::key_image_already_spent);
    EXPECT_FALSE(ledger.block(data.block.index));
    expect_whole(ledger);
}

TEST_F(LedgerDbTest, minting_is_charged_to_the_config_that_was_signed_for) {
    LedgerDb ledger = make();
    const Ed25519KeyPair governor{Ed25519Seed{{1}}};
    const SignerSet signers{
        .individual_signers = {governor.public_key()}, .multi_signers = {}, .threshold = 1};
    const auto mint_block = [&](std::uint64_t amount, std::uint8_t nonce) {
        BlockData data = cheap_block(rng, nullptr, 1, 0);
        const Block parent = last(ledger);
        MintTx tx;
        tx.prefix.token_id = 7;
        tx.prefix.amount = amount;
        tx.prefix.nonce = Bytes(64, nonce);
        tx.signature.signatures = {governor.sign(mint_prefix_hash(tx.prefix).view())};
        data.contents.mint_txs = {tx};
        data.block = next_block(parent.version, parent, data.contents);
        return data;
    };
    EXPECT_EQ(ledger.append_block(mint_block(1, 1)), AppendFault::no_active_mint_config);

    ValidatedMintConfigTx config;
    config.mint_config_tx.prefix = {.token_id = 7,
                                    .configs = {{.token_id = 7, .signer_set = signers, .mint_limit = 100}},
                                    .nonce = Bytes(64, 9),
                                    .tombstone_block = 5,
                                    .total_mint_limit = 80};
    BlockData data;
    data.contents.validated_mint_config_txs = {config};
    data.block = next_block(0, last(ledger), data.contents);
    ASSERT_FALSE(ledger.append_block(data)) << "a config block needs neither outputs nor key images";
    BlockData again = data;
    again.block = next_block(0, data.block, again.contents);
    EXPECT_EQ(ledger.append_block(again), AppendFault::duplicate_mint_config_tx);

    EXPECT_FALSE(ledger.append_block(mint_block(50, 1)));
    EXPECT_EQ(ledger.append_block(mint_block(50, 1)), AppendFault::duplicate_mint_tx);
    EXPECT_EQ(ledger.append_block(mint_block(51, 2)), AppendFault::mint_limit_exceeded);
    EXPECT_EQ(ledger.append_block(mint_block(31, 2)), AppendFault::total_mint_limit_exceeded);
    EXPECT_FALSE(ledger.append_block(mint_block(30, 2)));
    EXPECT_EQ(ledger.snapshot()->active_mint_configs(7)->configs[0].total_minted, 80u);
    BlockData unsigned_mint = mint_block(0, 3);
    unsigned_mint.contents.mint_txs[0].signature.signatures[0].bytes[0] ^= 1;
    unsigned_mint.block = next_block(0, last(ledger), unsigned_mint.contents);
    EXPECT_EQ(ledger.append_block(unsigned_mint), AppendFault::no_active_mint_config);
    expect_whole(ledger);
}

TEST_F(LedgerDbTest, wrong_or_foreign_databases_are_refused_and_left_alone) {
    EXPECT_EQ(error_of([&] { LedgerDb::open(scratch / "nowhere"); }), ErrorCode::missing);
    make(1);
    EXPECT_EQ(error_of([&] { LedgerDb::create(directory); }), ErrorCode::exists);
    EXPECT_EQ(LedgerDb::open(directory).num_blocks().value, 2u);
    {
        // A future format.
        const auto environment = Environment::open(directory, {.access = Access::write});
        const Database table = environment->database("ledger_db_metadata").value();
        environment->write([&](WriteTransaction& transaction) {
            transaction.put(table, as_bytes("version"), *from_hex("08ff97d209"));
        });
        environment->release_writer();
    }
    const Dump before = dump_with_lmdb_tool(directory);
    for (const Access access : {Access::read, Access::write}) {
        EXPECT_EQ(error_of([&] { LedgerDb::open(directory, {.access = access}); }), ErrorCode::wrong_version);
    }
    EXPECT_EQ(difference(dump_with_lmdb_tool(directory), before), "");
    // Some other program's LMDB database.
    Environment::open(scratch / "other", {.access = Access::create})->create_databases({{"things"}});
    EXPECT_EQ(error_of([&] { LedgerDb::open(scratch / "other"); }), ErrorCode::wrong_version);
}

TEST_F(LedgerDbTest, a_ledger_without_the_metadata_table_reads_and_gets_it_from_its_writer) {
    make(1);
    {
        const auto environment = Environment::open(directory, {.access = Access::write});
        const Database table = environment->database("ledger_db:block_metadata").value();
        environment->write(
            [&](WriteTransaction& transaction) { mdb_drop(transaction.native(), table.handle, 1); });
        environment->release_writer();
    }
    {
        const LedgerDb reader = LedgerDb::open(directory);
        EXPECT_TRUE(reader.block_data(BlockIndex{1}));
        EXPECT_FALSE(reader.tables().block_metadata);
    }
    LedgerDb writer = LedgerDb::open(directory, {.access = Access::write});
    EXPECT_TRUE(writer.tables().block_metadata);
    expect_whole(writer);
}

TEST_F(LedgerDbTest, a_copy_of_the_data_file_alone_is_a_ledger) {
    const LedgerDb ledger = make(3);
    std::filesystem::create_directory(scratch / "copy");
    std::filesystem::copy_file(directory / "data.mdb", scratch / "copy" / "data.mdb");
    EXPECT_EQ(LedgerDb::open(scratch / "copy").block_data(BlockIndex{3}), ledger.block_data(BlockIndex{3}));
}

TEST_F(LedgerDbTest, a_map_that_fills_up_grows_and_at_its_limit_the_block_is_not_there) {
    EnvironmentOptions small;
    small.map_bytes = 1 << 20;
    small.map_bytes_max = 4 << 20;
    LedgerDb ledger = LedgerDb::create(directory, small);
    BlockData data = cheap_block(rng, nullptr, 2, 0);
    std::optional<ErrorCode> code;
    while (!code) {
        const std::uint64_t blocks = ledger.num_blocks().value;
        try {
            ASSERT_FALSE(ledger.append_block(data));
            data = cheap_block(rng, &data.block, 40, 5);
        } catch (const Error& error) {
            code = error.code;
            EXPECT_EQ(ledger.num_blocks().value, blocks);
        }
    }
    EXPECT_EQ(code, ErrorCode::map_full);
    EXPECT_GT(ledger.environment().map_bytes(), std::size_t{2 << 20});
    expect_whole(ledger);
}

/// What a ledger should be, kept as plain lists.
struct Model {
    std::vector<BlockData> blocks;
    std::set<KeyImage> spent;
    std::set<PublicKey> keys;
};

RC_GTEST_PROP(LedgerDbProperty, random_appends_good_and_bad_match_a_plain_model, ()) {
    const ScratchDir scratch;
    const auto seed = *rc::gen::arbitrary<std::uint8_t>();
    Hc128 rng(Hc128::Seed{seed});
    LedgerDb ledger = LedgerDb::create(scratch / "ledger");
    Model model;
    const auto steps = *rc::gen::inRange(1, 25);
    for (int step = 0; step < steps; ++step) {
        const Block* parent = model.blocks.empty() ? nullptr : &model.blocks.back().block;
        const auto outputs = *rc::gen::inRange<std::size_t>(0, 6);
        const auto images = *rc::gen::inRange<std::size_t>(0, 4);
        BlockData data = cheap_block(rng, parent, outputs, images);
        const bool reuse_image = *rc::gen::inRange(0, 6) == 0 && !model.spent.empty() && images > 0;
        const bool reuse_key = *rc::gen::inRange(0, 6) == 0 && !model.keys.empty() && outputs > 0;
        if (reuse_image && parent) data.contents.key_images[0] = *model.spent.begin();
        if (reuse_key) data.contents.outputs[0].public_key = *model.keys.begin();
        data.block =
            parent ? next_block(parent->version, *parent, data.contents) : origin_block(data.contents);

        std::optional<AppendFault> expected;
        if (outputs == 0)
            expected = AppendFault::no_outputs;
        else if (parent && images == 0)
            expected = AppendFault::no_key_images;
        else if (reuse_image && parent)
            expected = AppendFault::key_image_already_spent;
        else if (reuse_key)
            expected = AppendFault::duplicate_output_public_key;
        RC_ASSERT(ledger.append_block(data) == expected);
        if (!expected) {
            for (const KeyImage& image : data.contents.key_images) model.spent.insert(image);
            for (const TxOut& output : data.contents.outputs) model.keys.insert(output.public_key);
            model.blocks.push_back(std::move(data));
        }
    }
    RC_ASSERT(ledger.num_blocks().value == model.blocks.size());
    RC_ASSERT(ledger.num_tx_outs() == model.keys.size());
    for (std::size_t i = 0; i < model.blocks.size(); ++i)
        RC_ASSERT(ledger.block_data(BlockIndex{i}) == model.blocks[i]);
    LedgerSummary summary;
    RC_ASSERT(!check_ledger(*ledger.snapshot(), summary).has_value());
}

} // namespace
} // namespace real::lmdb
