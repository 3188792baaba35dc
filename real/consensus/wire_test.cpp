#include "real/consensus/wire.hpp"

#include <gtest/gtest.h>

#include "engine/chain/test_support.hpp"
#include "engine/chain/testing/tx_world.hpp"

namespace real::consensus {
namespace {

using namespace engine::consensus;

Value value(std::uint8_t number, Value::Kind kind = Value::Kind::transaction) {
    Value out;
    out.kind = kind;
    out.hash.bytes.fill(number);
    return out;
}

/// One of every topic, with everything that may be absent once there and once not.
std::vector<Topic> topics() {
    const Ballot low{1, {value(1)}};
    const Ballot high{infinite, {value(1), value(2, Value::Kind::mint_config), value(3, Value::Kind::mint)}};
    const Nominate nominate{{value(4)}, {value(1), value(2)}};
    const Prepare bare{low, std::nullopt, std::nullopt, 0, 0};
    const Prepare full{high, high, low, 3, 9};
    return {Nominate{}, nominate, NominatePrepare{nominate, bare}, NominatePrepare{nominate, full},
            bare,       full,     Commit{high, 1, 2, 3},           Externalize{low, infinite}};
}

std::vector<Envelope> envelopes() {
    QuorumSet inner;
    inner.threshold = 1;
    inner.members.push_back({QuorumNode{"b:1", {}}, {}});
    auto set = std::make_shared<QuorumSet>();
    set->threshold = 2;
    set->members.push_back({QuorumNode{"a:1", {}}, {}});
    set->members.push_back({std::nullopt, {inner}});
    std::vector<Envelope> out;
    for (Topic& topic : topics()) {
        Envelope envelope;
        envelope.message.sender.responder_id = "self:1";
        envelope.message.sender.public_key.bytes.fill(9);
        envelope.message.slot = out.size();
        envelope.message.quorum_set = set;
        envelope.message.topic = std::move(topic);
        envelope.previous.bytes.fill(7);
        envelope.signature.bytes.fill(8);
        out.push_back(std::move(envelope));
    }
    return out;
}

TEST(ConsensusWire, MessagesComeBackAsTheyWent) {
    for (const Envelope& envelope : envelopes()) {
        const auto back = decode_envelope(encode(envelope));
        ASSERT_TRUE(back) << envelope.message.topic.index();
        EXPECT_TRUE(back->message == envelope.message) << envelope.message.topic.index();
        EXPECT_EQ(back->previous, envelope.previous);
        EXPECT_EQ(back->signature, envelope.signature);
    }
}

TEST(ConsensusWire, ContentsAndWordsComeBackAsTheyWent) {
    engine::chain::test::TxWorld world(engine::chain::tx::fast_tx_crypto(), 4);
    Contents contents;
    contents.transactions.push_back(world.sign(world.parts(1, 2)));
    contents.mint_txs.emplace_back();
    contents.mint_config_txs.emplace_back();
    const auto back = decode_contents(encode(contents));
    ASSERT_TRUE(back);
    EXPECT_EQ(encode(*back), encode(contents));
    ASSERT_EQ(back->transactions.size(), 1u);
    EXPECT_EQ(world.crypto().hash(back->transactions[0]), world.crypto().hash(contents.transactions[0]));
    const LastWord word{envelopes()[1].message, contents};
    const auto heard = decode_last_word(encode(word));
    ASSERT_TRUE(heard);
    EXPECT_TRUE(heard->message == word.message);
    EXPECT_EQ(encode(heard->contents), encode(contents));
    const Values names{value(1), value(2, Value::Kind::mint)};
    EXPECT_EQ(decode_values(encode_values(names)), names);
}

TEST(ConsensusWire, AMessageNeedsItsQuorumSetAndItsTopic) {
    EXPECT_FALSE(decode_message({}));
    EXPECT_FALSE(decode_envelope({}));
    EXPECT_FALSE(decode_last_word({}));
    EXPECT_TRUE(decode_values({}));
    EXPECT_TRUE(decode_contents({}));
}

// Whatever the bytes: nothing, or something that can be written and read again.
TEST(ConsensusWire, SeededMutationsCrashNothing) {
    engine::chain::test::SeededBytes rng(5);
    std::vector<Bytes> inputs;
    for (const Envelope& envelope : envelopes()) inputs.push_back(encode(envelope));
    for (int round = 0; round < 20'000; ++round) {
        Bytes bytes = inputs[rng.below(static_cast<std::uint32_t>(inputs.size()))];
        const std::uint32_t changes = 1 + rng.below(4);
        for (std::uint32_t i = 0; i < changes; ++i) {
            const std::size_t at = rng.below(static_cast<std::uint32_t>(bytes.size()));
            switch (rng.below(3)) {
            case 0:
                bytes[at] = static_cast<std::uint8_t>(rng.below(256));
                break;
            case 1:
                bytes.resize(at + 1);
                break;
            default:
                bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                             static_cast<std::uint8_t>(rng.below(256)));
            }
        }
        if (const auto envelope = decode_envelope(bytes)) {
            const auto again = decode_envelope(encode(*envelope));
            ASSERT_TRUE(again && again->message == envelope->message);
            fault_of(envelope->message);
        }
        if (const auto contents = decode_contents(bytes)) {
            ASSERT_TRUE(decode_contents(encode(*contents)));
        }
        if (const auto values = decode_values(bytes)) {
            ASSERT_EQ(decode_values(encode_values(*values)), values);
        }
    }
}

} // namespace
} // namespace real::consensus
