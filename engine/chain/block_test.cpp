#include "engine/chain/block.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/chain/account.hpp"
#include "engine/chain/box.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/test_blocks.hpp"
#include "engine/chain/testing/mutation.hpp"

namespace engine::chain {
namespace {

using nlohmann::json;

Hc128::Seed seed_of(std::uint8_t byte) {
    Hc128::Seed seed;
    seed.fill(byte);
    return seed;
}

template <class Fixed>
std::string text(const Fixed& value) {
    return to_hex(value.view());
}

json known(const char* section) {
    std::ifstream file(FOG_SOURCE_DIR "/engine/chain/testdata/blocks.json");
    return json::parse(file)[section];
}

BlockData sample() {
    Hc128 rng(seed_of(1));
    const AccountKey account = random_account(rng);
    std::vector<BlockData> blocks;
    EXPECT_TRUE(draw_chain(rng, 0, 2, {make_subaddress(account, 0)}, 3, 50, 0, [&](const BlockData& data) {
        blocks.push_back(data);
        return true;
    }));
    return blocks.back();
}

// Three rounds over one stream; what is hashed in round 2 checks that rounds 1 and 2 drew exactly as upstream
// does.
TEST(BlockTest, ids_and_contents_hashes_of_upstreams_unit_test) {
    const json expected = known("rounds");
    Hc128 rng(seed_of(7));
    for (int round = 1; round <= 3; ++round) {
        const AccountKey account = random_account(rng);
        const PublicAddress address = make_subaddress(account, 0);
        BlockContents contents;
        for (int i = 0; i < 8; ++i) {
            const std::uint64_t value = rng.next_u64();
            contents.outputs.push_back(draw_output(rng, 1, {.value = value, .token_id = 0}, address).value());
        }
        for (int i = 0; i < 3; ++i) contents.key_images.push_back(draw_key_image(rng));
        if (round == 3)
            for (TxOut& output : contents.outputs) output.memo.reset();
        Block block;
        block.version = 1;
        block.parent_id.bytes.fill(0x0e);
        block.index = BlockIndex{3};
        block.cumulative_txo_count = 400;
        block.root_element.range = {0, 15};
        block.contents_hash = contents_hash(contents);
        block.id = compute_id(block);
        if (round == 1) {
            EXPECT_EQ(text(block.id), expected["block_id_1"].get<std::string>());
            EXPECT_EQ(text(block.contents_hash), expected["contents_hash_1"].get<std::string>());
            for (std::size_t i = 0; i < 3; ++i)
                EXPECT_EQ(text(contents.key_images[i]), expected["key_images_1"][i].get<std::string>());
            for (std::size_t i = 0; i < 8; ++i)
                EXPECT_EQ(to_hex(encode(contents.outputs[i])), expected["outputs_1"][i].get<std::string>());
        } else if (round == 2) {
            EXPECT_EQ(text(block.contents_hash), expected["contents_hash_2"].get<std::string>());
        } else {
            EXPECT_EQ(text(block.id), expected["block_id_3_without_memos"].get<std::string>());
            EXPECT_EQ(text(block.contents_hash),
                      expected["contents_hash_3_without_memos"].get<std::string>());
        }
    }
}

TEST(BlockTest, test_block_builder_draws_as_upstreams) {
    const json expected = known("builder");
    Hc128 account_rng(seed_of(0x0c));
    std::vector<PublicAddress> recipients;
    for (const json& each : expected["accounts"]) {
        const AccountKey account = random_account(account_rng);
        EXPECT_EQ(text(account.view_private), each["view_private"].get<std::string>());
        EXPECT_EQ(text(account.spend_private), each["spend_private"].get<std::string>());
        recipients.push_back(make_subaddress(account, 0));
    }
    Hc128 origin_rng(seed_of(0x0b));
    BlockContents contents;
    for (std::size_t i = 0; i < recipients.size(); ++i) {
        const Amount amount{.value = origin_rng.next_u32(), .token_id = 0};
        contents.outputs.push_back(draw_output(origin_rng, 0, amount, recipients[i]).value());
        const json& output = expected["origin_outputs"][i];
        EXPECT_EQ(amount.value, output["value"].get<std::uint64_t>());
        EXPECT_EQ(to_hex(encode(contents.outputs.back())), output["bytes"].get<std::string>());
        EXPECT_EQ(text(hash(contents.outputs.back())), output["hash"].get<std::string>());
    }
    const Block origin = origin_block(contents);
    EXPECT_EQ(text(origin.contents_hash), expected["origin_contents_hash"].get<std::string>());
    EXPECT_EQ(text(origin.id), expected["origin_block_id"].get<std::string>());

    for (const std::uint32_t version : {0u, 1u}) {
        Hc128 rng(seed_of(0x0a));
        Block last = origin;
        for (const json& hash : expected["contents_hashes"][std::to_string(version)]) {
            BlockContents next;
            next.outputs = draw_outputs(rng, version, recipients, 5, 50).value();
            next.key_images = {draw_key_image(rng)};
            const BlockData data = draw_signatures(rng, next_block(version, last, next), next);
            EXPECT_EQ(text(data.block.contents_hash), hash.get<std::string>());
            last = data.block;
        }
    }
}

TEST(BlockTest, signatures_cover_what_they_should) {
    const BlockData data = sample();
    ASSERT_TRUE(verify(data.block, *data.signature));
    EXPECT_EQ(data.signature->signed_at, 1u);
    BlockSignature later = *data.signature;
    later.signed_at = 99;
    EXPECT_TRUE(verify(data.block, later)) << "the time is not signed";
    Block other = data.block;
    other.cumulative_txo_count += 1;
    EXPECT_FALSE(verify(other, *data.signature));
    BlockSignature wrong = *data.signature;
    wrong.signature.bytes[5] ^= 1;
    EXPECT_FALSE(verify(data.block, wrong));

    ASSERT_EQ(verify(*data.metadata), true);
    BlockMetadata metadata = *data.metadata;
    metadata.contents.responder_id += "x";
    EXPECT_EQ(verify(metadata), false);
    metadata = *data.metadata;
    metadata.contents.evidence = {};
    EXPECT_EQ(verify(metadata), false);
    metadata.contents.evidence = DcapEvidence{};
    EXPECT_EQ(verify(metadata), std::nullopt) << "cannot be told, which is not the same as good";
}

TEST(BlockTest, every_field_changes_the_id_and_the_contents_hash) {
    const BlockData data = sample();
    const auto changed = [&](auto change) {
        Block block = data.block;
        change(block);
        return compute_id(block) != data.block.id;
    };
    EXPECT_TRUE(changed([](Block& b) { b.version += 1; }));
    EXPECT_TRUE(changed([](Block& b) { b.parent_id.bytes[0] ^= 1; }));
    EXPECT_TRUE(changed([](Block& b) { b.index = b.index.next(); }));
    EXPECT_TRUE(changed([](Block& b) { b.cumulative_txo_count += 1; }));
    EXPECT_TRUE(changed([](Block& b) { b.root_element.range.to = 1; }));
    EXPECT_TRUE(changed([](Block& b) { b.root_element.hash.bytes[0] ^= 1; }));
    EXPECT_TRUE(changed([](Block& b) { b.contents_hash.bytes[0] ^= 1; }));
    EXPECT_FALSE(changed([](Block& b) { b.id.bytes[0] ^= 1; }));

    const auto changed_contents = [&](auto change) {
        BlockContents contents = data.contents;
        change(contents);
        return contents_hash(contents) != data.block.contents_hash;
    };
    EXPECT_TRUE(changed_contents([](BlockContents& c) { c.key_images.clear(); }));
    EXPECT_TRUE(changed_contents([](BlockContents& c) { std::swap(c.outputs[0], c.outputs[1]); }));
    EXPECT_TRUE(changed_contents([](BlockContents& c) { c.outputs[0].fog_hint.bytes[3] ^= 1; }));
    EXPECT_TRUE(changed_contents([](BlockContents& c) { c.outputs[0].memo = EncryptedMemo{}; }));
    EXPECT_TRUE(changed_contents(
        [](BlockContents& c) { c.outputs[0].masked_amount->version = MaskedAmount::Version::v2; }));
    EXPECT_TRUE(
        changed_contents([](BlockContents& c) { c.outputs[0].masked_amount->masked_token_id = Bytes(8); }));
}

TEST(BlockTest, bytes_round_trip) {
    BlockData data = sample();
    EXPECT_EQ(decode_block_data(encode(data)), data);
    EXPECT_EQ(decode_block(encode(data.block)), data.block);
    EXPECT_EQ(decode_block_contents(encode(data.contents)), data.contents);
    EXPECT_EQ(decode_block_signature(encode(*data.signature)), data.signature);
    EXPECT_EQ(decode_block_metadata(encode(*data.metadata)), data.metadata);

    data.metadata->contents.evidence = DcapEvidence{{1, 2, 3}};
    data.metadata->contents.quorum_set.members[0] =
        QuorumSetMember{.node = std::nullopt, .inner_set = {QuorumSet{.threshold = 0, .members = {{}}}}};
    EXPECT_EQ(decode_block_data(encode(data)), data);
    data.metadata->contents.evidence = {};
    data.metadata->contents.responder_id.clear();
    data.signature.reset();
    EXPECT_EQ(decode_block_data(encode(data)), data);
}

TEST(BlockTest, required_fields_are_written_though_empty) {
    EXPECT_EQ(to_hex(encode(TxOutMembershipElement{})), "0a0012220a20" + std::string(64, '0'));
    const std::string zeros(64, '0');
    EXPECT_EQ(to_hex(encode(Block{})),
              "0a220a20" + zeros + "1a220a20" + zeros + "32260a0012220a20" + zeros + "3a220a20" + zeros);
    EXPECT_TRUE(encode(BlockContents{}).empty());
}

TEST(BlockTest, reading_tolerates_unknown_fields_and_refuses_wrong_lengths) {
    const BlockData data = sample();
    Bytes bytes = encode(data.block);
    append(bytes, *from_hex("a2060361626398067bad0600000000")); // fields 100, 99 and 101 of three wire types
    EXPECT_EQ(decode_block(bytes), data.block);
    EXPECT_FALSE(decode_block(*from_hex("0a03"
                                        "0a0100")))
        << "a block id of one byte";
    EXPECT_FALSE(decode_block(*from_hex("0a05"))) << "cut short";
    EXPECT_FALSE(decode_block(*from_hex("1001"
                                        "1202"
                                        "0000")))
        << "version as bytes";
    EXPECT_EQ(decode_block(*from_hex("0a00")), Block{}) << "an empty wrapper keeps its zeros";
    // A quorum set nested deeper than upstream's decoder goes.
    Bytes nested = *from_hex("0801");
    for (int i = 0; i < 200; ++i) {
        const Bytes member = WireWriter().bytes(2, nested).take();
        nested = WireWriter().varint(1, 1).bytes(2, member).take();
    }
    const Bytes contents = WireWriter().bytes(2, nested).take();
    EXPECT_FALSE(decode_block_metadata(WireWriter().bytes(1, contents).data()));
}

TEST(BlockTest, hostile_bytes_do_no_harm) {
    const BlockData data = sample();
    const Bytes good = encode(data);
    Mutator mutate(2);
    int read = 0;
    for (int i = 0; i < 20000; ++i) {
        const auto decoded = decode_block_data(mutate(good));
        if (!decoded) continue;
        ++read;
        EXPECT_EQ(decode_block_data(encode(*decoded)), decoded);
    }
    EXPECT_GT(read, 1000) << "the mutations should be mild enough to reach the inner parsers";
}

} // namespace
} // namespace engine::chain
