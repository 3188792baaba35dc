// What is written is read back as it was: the forms in which blocks, outputs, records, plans and topologies
// leave the program.
#include <gtest/gtest.h>

#include <array>

#include "engine/chain/block.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/topology.hpp"
#include "property_tests/property.hpp"
#include "property_tests/rapid_draw.hpp"
#include "scenarios/lag/plan.hpp"
#include "search/replay.hpp"

namespace property_tests {
namespace {

using namespace engine;
using namespace engine::chain;

/// Values with a liking for the edges: zero, all ones and lengths around the next byte of a varint.
class Any {
public:
    std::uint32_t below(std::uint32_t bound) { return draw_.below(bound); }
    bool maybe() { return draw_.below(2) == 1; }

    std::uint64_t number() {
        const std::uint64_t high = draw_.below(1u << 31);
        const std::uint64_t low = draw_.below(1u << 31);
        switch (draw_.below(4)) {
        case 0:
            return draw_.below(300);
        case 1:
            return ~std::uint64_t{0} - draw_.below(2);
        default:
            return high << 33 ^ low;
        }
    }
    std::uint32_t number32() { return static_cast<std::uint32_t>(number()); }
    Bytes bytes(std::uint32_t most) {
        Bytes out(draw_.below(most + 1));
        for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(draw_.below(256));
        return out;
    }
    std::string text() {
        std::string out(draw_.below(12), 'a');
        for (char& c : out) c = static_cast<char>('!' + draw_.below(90));
        if (maybe()) out += "\xc3\xa4"; // a character of two bytes
        return out;
    }
    template <class Fixed>
    Fixed fixed() {
        Fixed out;
        const std::uint32_t like = draw_.below(4);
        if (like == 0) return out;
        for (std::uint8_t& byte : out.bytes)
            byte = like == 1 ? 0xff : static_cast<std::uint8_t>(draw_.below(256));
        return out;
    }
    template <class T, class Make>
    std::vector<T> several(std::uint32_t most, Make make) {
        std::vector<T> out;
        const std::uint32_t count = draw_.below(most + 1);
        for (std::uint32_t i = 0; i < count; ++i) out.push_back(make());
        return out;
    }

private:
    RapidDraw draw_;
};

TxOut any_output(Any& any) {
    TxOut out;
    if (any.maybe()) {
        MaskedAmount amount;
        amount.version = any.maybe() ? MaskedAmount::Version::v1 : MaskedAmount::Version::v2;
        amount.commitment = any.fixed<Commitment>();
        amount.masked_value = any.number();
        amount.masked_token_id = any.bytes(8);
        out.masked_amount = amount;
    }
    out.target_key = any.fixed<PublicKey>();
    out.public_key = any.fixed<PublicKey>();
    out.fog_hint = any.fixed<FogHint>();
    if (any.maybe()) out.memo = any.fixed<EncryptedMemo>();
    return out;
}

QuorumSet any_quorum_set(Any& any, int depth) {
    QuorumSet set;
    set.threshold = any.number32();
    set.members = any.several<QuorumSetMember>(3, [&] {
        QuorumSetMember member;
        switch (any.below(depth > 0 ? 3 : 2)) {
        case 0:
            break;
        case 1: {
            QuorumNode node;
            node.responder_id = any.text();
            node.public_key = any.fixed<Ed25519PublicKey>();
            member.node = node;
            break;
        }
        default:
            member.inner_set.push_back(any_quorum_set(any, depth - 1));
            break;
        }
        return member;
    });
    return set;
}

BlockData any_block(Any& any) {
    BlockData data;
    data.block.id = any.fixed<BlockId>();
    data.block.version = any.number32();
    data.block.parent_id = any.fixed<BlockId>();
    data.block.index = BlockIndex{any.number()};
    data.block.cumulative_txo_count = any.number();
    data.block.root_element.range.from = any.number();
    data.block.root_element.range.to = any.number();
    data.block.root_element.hash = any.fixed<decltype(data.block.root_element.hash)>();
    data.block.contents_hash = any.fixed<BlockContentsHash>();
    data.contents.key_images = any.several<KeyImage>(3, [&] { return any.fixed<KeyImage>(); });
    data.contents.outputs = any.several<TxOut>(3, [&] { return any_output(any); });
    if (any.maybe()) {
        BlockSignature signature;
        signature.signature = any.fixed<Ed25519Signature>();
        signature.signer = any.fixed<Ed25519PublicKey>();
        signature.signed_at = any.number();
        data.signature = signature;
    }
    if (any.maybe()) {
        BlockMetadata metadata;
        metadata.contents.block_id = any.fixed<BlockId>();
        metadata.contents.quorum_set = any_quorum_set(any, 2);
        metadata.contents.responder_id = any.text();
        if (any.maybe()) {
            VerificationReport report;
            report.signature = any.bytes(70);
            report.chain = any.several<Bytes>(2, [&] { return any.bytes(200); });
            report.http_body = any.text();
            metadata.contents.evidence = report;
        }
        metadata.node_key = any.fixed<Ed25519PublicKey>();
        metadata.signature = any.fixed<Ed25519Signature>();
        data.metadata = metadata;
    }
    return data;
}

TxOutRecord any_record(Any& any) {
    TxOutRecord record;
    if (any.maybe()) record.commitment = any.fixed<Commitment>();
    if (!record.commitment) record.commitment_crc32 = any.number32();
    record.masked_value = any.number();
    record.masked_version = any.maybe() ? MaskedAmount::Version::v1 : MaskedAmount::Version::v2;
    const bool older = record.masked_version == MaskedAmount::Version::v1;
    record.masked_token_id.assign(older && any.maybe() ? 0 : 8, static_cast<std::uint8_t>(any.below(256)));
    record.target_key = any.fixed<PublicKey>();
    record.public_key = any.fixed<PublicKey>();
    record.global_index = GlobalIndex{any.number()};
    record.block = BlockIndex{any.number()};
    record.timestamp_s = any.number();
    if (any.maybe()) record.memo = any.fixed<EncryptedMemo>();
    return record;
}

TEST(CodecProperty, outputs_survive) {
    check_property("codec: outputs", 500, [] {
        Any any;
        const TxOut output = any_output(any);
        const auto again = decode_tx_out(encode(output));
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == output);
    });
}

TEST(CodecProperty, records_survive) {
    check_property("codec: records", 500, [] {
        Any any;
        const TxOutRecord record = any_record(any);
        const auto again = decode_tx_out_record(encode(record));
        RC_ASSERT(again.has_value());
        // The old form's checksum takes the place of the field.
        if (!record.commitment) RC_ASSERT(*again == record);
        RC_ASSERT(again->commitment == record.commitment);
        RC_ASSERT(decode_tx_out_record(encode(*again)) == again);
        RC_ASSERT(again->masked_value == record.masked_value);
        RC_ASSERT(again->public_key == record.public_key);
        RC_ASSERT(again->global_index == record.global_index);
        RC_ASSERT(again->block == record.block);
    });
}

TEST(CodecProperty, blocks_survive) {
    check_property("codec: blocks", 300, [] {
        Any any;
        const BlockData data = any_block(any);
        const auto again = decode_block_data(encode(data));
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == data);
    });
}

// A truncated or damaged message gives nothing or something that can be written again, never a crash.
TEST(CodecProperty, damaged_blocks_are_refused_or_read) {
    check_property("codec: damaged blocks", 300, [] {
        Any any;
        Bytes bytes = encode(any_block(any));
        if (any.maybe()) bytes.resize(any.below(static_cast<std::uint32_t>(bytes.size() + 1)));
        const std::uint32_t flips = any.below(3);
        for (std::uint32_t f = 0; f < flips && !bytes.empty(); ++f)
            bytes[any.below(static_cast<std::uint32_t>(bytes.size()))] ^=
                static_cast<std::uint8_t>(1 << any.below(8));
        const auto read = decode_block_data(bytes);
        if (!read) return;
        const auto again = decode_block_data(encode(*read));
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == *read);
    });
}

TEST(CodecProperty, plans_survive) {
    check_property("codec: plans", 300, [] {
        RapidDraw draw;
        const scenarios::lag::Plan plan = scenarios::lag::generate(draw, draw);
        RC_ASSERT(scenarios::lag::from_json(scenarios::lag::to_json(plan)) == plan);
    });
}

// What a damaged plan gets is a reason, or a plan that is written and read alike.
TEST(CodecProperty, damaged_plans_are_refused_with_a_reason_or_read) {
    check_property("codec: damaged plans", 300, [] {
        RapidDraw draw;
        std::string text = scenarios::lag::to_json(scenarios::lag::generate(draw, draw));
        const std::uint32_t changes = 1 + draw.below(3);
        for (std::uint32_t c = 0; c < changes; ++c) {
            const std::size_t at = draw.below(static_cast<std::uint32_t>(text.size()));
            switch (draw.below(3)) {
            case 0:
                text[at] = static_cast<char>(draw.below(256));
                break;
            case 1:
                text.erase(at, 1 + draw.below(8));
                break;
            default:
                text.insert(at, 1, "0\"{}[],-e"[draw.below(9)]);
                break;
            }
            if (text.empty()) text = " ";
        }
        try {
            const scenarios::lag::Plan plan = scenarios::lag::from_json(text);
            RC_ASSERT(scenarios::lag::from_json(scenarios::lag::to_json(plan)) == plan);
        } catch (const UsageError& error) {
            const std::string reason = error.what();
            RC_ASSERT(!reason.empty());
            RC_ASSERT(reason.find('\n') == std::string::npos);
        }
    });
}

TEST(CodecProperty, replay_blobs_survive) {
    check_property("codec: replay blobs", 200, [] {
        RapidDraw draw;
        search::Replay replay;
        replay.what.scenario = "lag";
        replay.what.plan = scenarios::lag::generate(draw, draw);
        replay.digest = draw.below(1u << 31);
        const std::string blob = search::to_blob(replay);
        RC_ASSERT(search::looks_like_blob(blob));
        const search::Replay again = search::from_blob(blob);
        RC_ASSERT(again.what.plan == replay.what.plan);
        RC_ASSERT(again == replay);
    });
}

} // namespace
} // namespace property_tests
