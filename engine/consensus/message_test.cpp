#include "engine/consensus/message.hpp"

#include <gtest/gtest.h>

#include "engine/chain/hex.hpp"
#include "engine/chain/testing/upstream_vectors.hpp"
#include "engine/consensus/testing/scp_network.hpp"

namespace engine::consensus {
namespace {

using namespace test;
using chain::test::Json;

Message message(Topic topic) {
    return {.sender = node(1),
            .slot = 4,
            .quorum_set = std::make_shared<const QuorumSet>(quorum_set(2, {1, 2, 3})),
            .topic = std::move(topic)};
}
bool is_malformed(Topic topic) { return fault_of(message(std::move(topic))).has_value(); }

TEST(MessageTest, NominationsAreDisjointSortedSets) {
    EXPECT_FALSE(is_malformed(Nominate{values({1, 2}), values({3})}));
    EXPECT_TRUE(is_malformed(Nominate{values({1, 2}), values({2})}));
    EXPECT_TRUE(is_malformed(Nominate{values({2, 1}), {}}));
    EXPECT_TRUE(is_malformed(Nominate{values({1, 1}), {}}));
}

TEST(MessageTest, PreparedBallotsDescend) {
    const Ballot low{1, values({1})}, middle{2, values({2})}, high{3, values({3})};
    EXPECT_FALSE(is_malformed(Prepare{high, middle, low, 0, 0}));
    EXPECT_TRUE(is_malformed(Prepare{middle, high, low, 0, 0})) << "P above B";
    EXPECT_TRUE(is_malformed(Prepare{high, low, middle, 0, 0})) << "P' above P";
    EXPECT_TRUE(is_malformed(Prepare{high, std::nullopt, low, 0, 0})) << "P' without P";
    EXPECT_FALSE(is_malformed(Prepare{high, middle, low, 2, 3}));
    EXPECT_TRUE(is_malformed(Prepare{high, middle, low, 3, 2})) << "C above H";
    EXPECT_TRUE(is_malformed(Prepare{high, middle, low, 2, 4})) << "H above B";
    EXPECT_TRUE(is_malformed(Commit{high, 3, 3, 2}));
    EXPECT_TRUE(is_malformed(Externalize{high, 2}));
    Message bad = message(Nominate{});
    bad.quorum_set = std::make_shared<const QuorumSet>(quorum_set(4, {1, 2, 3}));
    EXPECT_TRUE(fault_of(bad));
}

TEST(MessageTest, TopicsAscendAndSoDoTheirFields) {
    const Ballot one{1, values({1})}, two{2, values({1})};
    // Each is above the one before.
    const std::vector<Topic> ascending{
        Nominate{values({9}), {}},
        Nominate{values({1, 2}), {}},
        Nominate{values({1}), values({2})},
        NominatePrepare{{}, {one, std::nullopt, std::nullopt, 0, 0}},
        NominatePrepare{{values({1}), {}}, {one, std::nullopt, std::nullopt, 0, 0}},
        NominatePrepare{{}, {one, one, std::nullopt, 0, 0}},
        Prepare{one, std::nullopt, std::nullopt, 0, 0},
        Prepare{one, one, std::nullopt, 0, 0},
        Prepare{one, one, std::nullopt, 0, 1},
        Prepare{two, std::nullopt, std::nullopt, 0, 0},
        Commit{one, 1, 1, 1},
        Commit{one, 2, 1, 1},
        Commit{two, 1, 1, 1},
        Externalize{one, 1},
        Externalize{one, 2},
    };
    for (std::size_t a = 0; a < ascending.size(); ++a)
        for (std::size_t b = 0; b < ascending.size(); ++b)
            EXPECT_TRUE(compare(ascending[a], ascending[b]) == (a <=> b)) << a << ", " << b;
    EXPECT_TRUE(compare(Prepare{one, one, std::nullopt, 0, 1}, Prepare{one, one, std::nullopt, 1, 1}) == 0);
}

TEST(MessageTest, StatementsThatMessagesImply) {
    const Values a = values({1}), b = values({2});
    const Topic prepare = Prepare{{5, a}, Ballot{4, a}, Ballot{3, b}, 2, 4};
    EXPECT_TRUE(votes_prepared(prepare, {5, a}));
    EXPECT_FALSE(votes_prepared(prepare, {6, a}));
    EXPECT_TRUE(votes_prepared(prepare, {3, b})) << "accepting is more than voting";
    EXPECT_FALSE(accepts_prepared(prepare, {5, a}));
    EXPECT_TRUE(accepts_prepared(prepare, {4, a}));
    EXPECT_FALSE(accepts_prepared(prepare, {4, b}));
    EXPECT_TRUE(votes_committed(prepare, a, {2, 4}));
    EXPECT_FALSE(votes_committed(prepare, a, {2, 5}));
    EXPECT_FALSE(votes_committed(prepare, a, {1, 4}));
    EXPECT_FALSE(accepts_committed(prepare, a, {2, 4}));

    const Topic commit = Commit{{5, a}, 5, 3, 4};
    EXPECT_TRUE(votes_prepared(commit, {infinite, a}));
    EXPECT_FALSE(accepts_prepared(commit, {6, a}));
    EXPECT_TRUE(votes_committed(commit, a, {3, infinite}));
    EXPECT_FALSE(accepts_committed(commit, a, {3, 5}));
    EXPECT_TRUE(accepts_committed(commit, a, {3, 4}));
    EXPECT_FALSE(votes_committed(commit, b, {3, 4}));

    const Topic externalize = Externalize{{3, a}, 4};
    EXPECT_TRUE(accepts_prepared(externalize, {infinite, a}));
    EXPECT_TRUE(accepts_committed(externalize, a, {3, infinite}));
    EXPECT_FALSE(accepts_committed(externalize, a, {2, 4}));
    EXPECT_EQ(ballot_counter_of(externalize), infinite);
    EXPECT_EQ(ballot_counter_of(Nominate{}), 0u);
}

// Messages of MobileCoin's own peer code, restated: digests and signatures of those whose every field is
// known.
class PeerMessageTest : public testing::Test {
protected:
    static QuorumNode upstream_node(std::uint8_t number) {
        QuorumNode out = node(number);
        out.public_key = keys(number).public_key();
        return out;
    }
    static chain::Ed25519KeyPair keys(std::uint8_t number) {
        chain::Ed25519Seed seed;
        seed.bytes.fill(number);
        return chain::Ed25519KeyPair(seed);
    }
    static QuorumSetMember upstream_member(std::uint8_t number) {
        QuorumSetMember out;
        out.node = upstream_node(number);
        return out;
    }
    static QuorumSet flat() {
        return {.threshold = 2, .members = {upstream_member(1), upstream_member(2), upstream_member(3)}};
    }
    static QuorumSet nested() {
        return {.threshold = 2,
                .members = {upstream_member(4), member(flat()),
                            member(QuorumSet{.threshold = 1, .members = {upstream_member(5)}})}};
    }
    static Value transaction(std::uint8_t number) {
        Value out;
        out.hash.bytes.fill(number);
        return out;
    }
    static std::map<std::string, Topic> topics() {
        const Value config{.kind = Value::Kind::mint_config, .hash = {}};
        const Value mint{.kind = Value::Kind::mint, .hash = {}};
        const Values many{transaction(1), transaction(3), config, mint};
        const Ballot seven{7, many}, one{1, {transaction(1)}};
        return {
            {"nominate empty", Nominate{}},
            {"nominate X all, Y two", Nominate{many, {transaction(1), transaction(2)}}},
            {"nominate and prepare",
             NominatePrepare{{{transaction(1)}, {}}, {seven, one, std::nullopt, 0, 0}}},
            {"prepare none", Prepare{one, std::nullopt, std::nullopt, 0, 0}},
            {"commit", Commit{seven, 77, 55, 66}},
            {"externalize", Externalize{one, 9}},
        };
    }
};

TEST_F(PeerMessageTest, DigestsAndSignaturesAreUpstreams) {
    const Json facts = Json::parse(chain::test::read_file(std::filesystem::path(FOG_SOURCE_DIR) /
                                                          "engine/chain/testing/facts/scp.json"));
    const auto bytes = [](const Json& text) { return chain::from_hex(text.get<std::string>()).value(); };
    const chain::MintConfigTx config = chain::decode_mint_config_tx(bytes(facts["mint_config_tx"])).value();
    const chain::MintTx mint = chain::decode_mint_tx(bytes(facts["mint_tx"])).value();
    const ValueContents contents{.mint_config = [&](const chain::Hash32&) { return &config; },
                                 .mint = [&](const chain::Hash32&) { return &mint; }};
    const chain::BlockId previous = chain::BlockId::from(bytes(facts["prev_block_id"])).value();
    const std::map<std::string, Topic> known = topics();
    ASSERT_EQ(facts["messages"].size(), 12u);
    for (const Json& fact : facts["messages"]) {
        const bool is_nested = fact["quorum_set"] == "nested";
        SCOPED_TRACE(fact["topic"].get<std::string>() + (is_nested ? ", nested" : ", flat"));
        const Message said{.sender = upstream_node(1),
                           .slot = 4,
                           .quorum_set = std::make_shared<const QuorumSet>(is_nested ? nested() : flat()),
                           .topic = known.at(fact["topic"].get<std::string>())};
        EXPECT_EQ(chain::to_hex(digest(said, contents).view()),
                  fact["msg_digest_context_empty"].get<std::string>());
        const chain::Hash32 to_sign = signed_digest(said, previous, contents);
        EXPECT_EQ(chain::to_hex(to_sign.view()), fact["signed_digest"].get<std::string>());
        EXPECT_EQ(chain::to_hex(keys(1).sign(to_sign.view()).view()), fact["signature"].get<std::string>());
    }
}

} // namespace
} // namespace engine::consensus
