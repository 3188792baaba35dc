#include "real/consensus/node.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <deque>

#include "real/consensus/testing/payments.hpp"
#include "real/lmdb/ledger_check.hpp"
#include "real/lmdb/test_support.hpp"

namespace real::consensus {
namespace {

using namespace engine::consensus;
using namespace std::chrono_literals;
using engine::chain::test::TxWorld;
using engine::chain::tx::TxCode;

engine::chain::Ed25519KeyPair keys(std::uint8_t number) {
    engine::chain::Ed25519Seed seed;
    seed.bytes.fill(number);
    return engine::chain::Ed25519KeyPair(seed);
}

std::uint16_t free_port(IoLoop& loop) {
    boost::asio::ip::tcp::acceptor acceptor(loop.context(), {boost::asio::ip::address_v4::loopback(), 0});
    return acceptor.local_endpoint().port();
}

/// Three nodes that need one of the two others each, on loopback, with a ledger of their own on the disk.
struct NodeTest : ::testing::Test {
    static constexpr std::uint8_t nodes = 3;

    struct Place {
        std::uint8_t number = 0;
        std::uint16_t port = 0;
        std::unique_ptr<Node> node{};
        std::unique_ptr<grpc::Server> server{};
        std::unique_ptr<engine::Nursery> life{};
        std::string ended{}; ///< with what
    };

    NodeTest() {
        for (std::uint8_t i = 0; i < nodes; ++i) {
            Place& place = places.emplace_back();
            place.number = static_cast<std::uint8_t>(i + 1);
            place.port = free_port(loop);
            testing::make_origin_ledger(directory(place), world);
        }
    }
    ~NodeTest() override {
        for (Place& place : places) kill(place);
    }

    std::filesystem::path directory(const Place& place) const {
        return scratch / ("ledger" + std::to_string(place.number));
    }
    std::filesystem::path last_word(const Place& place) const {
        return scratch.path() / words / ("said" + std::to_string(place.number));
    }
    QuorumNode name(std::uint8_t number) const {
        return {"node" + std::to_string(number), keys(number).public_key()};
    }
    NodeConfig config(const Place& place) const {
        QuorumSet set;
        set.threshold = 1;
        std::vector<Peer> peers;
        std::map<NodeKey, std::string> addresses;
        for (const Place& other : places) {
            if (other.number == place.number) continue;
            QuorumSetMember member;
            member.node = name(other.number);
            set.members.push_back(member);
            peers.push_back({member.node->public_key, true});
            addresses[member.node->public_key] = "127.0.0.1:" + std::to_string(other.port);
        }
        Worker::Settings settings{
            .membership = {.self = name(place.number), .quorum_set = std::make_shared<const QuorumSet>(set)},
            .peers = std::move(peers),
            .message_key = keys(place.number),
            .block_key = keys(static_cast<std::uint8_t>(100 + place.number))};
        return NodeConfig{.settings = std::move(settings),
                          .addresses = std::move(addresses),
                          .rules = {.chain = rules, .governors = {}},
                          .chain_id = "local",
                          .last_word = last_word(place),
                          .unix_s = [] { return std::uint64_t{1'700'000'000}; }};
    }
    static Task<> live(Node* node, std::string* ended) {
        try {
            co_await node->run();
        } catch (const std::exception& error) {
            *ended = error.what();
        }
    }
    void start(Place& place) {
        lmdb::EnvironmentOptions options;
        options.access = lmdb::EnvironmentOptions::Access::write;
        place.node = std::make_unique<Node>(loop, runtime, lmdb::LedgerDb::open(directory(place), options),
                                            world.crypto(), config(place));
        grpc::ServerOptions listen;
        listen.port = place.port;
        listen.chain_id = "local";
        place.server = std::make_unique<grpc::Server>(loop, engine::NodeId{}, std::move(listen));
        place.node->serve_peers(*place.server);
        place.server->start();
        place.life = std::make_unique<engine::Nursery>(loop, engine::NodeId{});
        place.life->spawn("a node", live(place.node.get(), &place.ended));
    }
    /// As kill -9 would, but for the database's lock: nothing is said or written any more.
    void kill(Place& place) {
        place.life.reset();
        place.server.reset();
        place.node.reset();
    }

    /// Runs the loop until it holds; a minute at most.
    void until(const std::function<bool()>& holds, const char* what) {
        bool held = false;
        loop.run([](IoLoop* l, const std::function<bool()>* condition, bool* out) -> Task<> {
            const engine::Instant due = l->now() + 60s;
            while (!(*out = (*condition)()) && l->now() < due) co_await engine::sleep_until(l->now() + 2ms);
        }(&loop, &holds, &held));
        EXPECT_TRUE(held) << what;
    }
    std::uint64_t blocks(const Place& place) const { return place.node->ledger().num_blocks(); }
    void until_blocks(std::uint64_t count) {
        until(
            [&] {
                return std::ranges::all_of(places,
                                           [&](const Place& p) { return !p.node || blocks(p) >= count; });
            },
            "blocks");
    }
    void until_serving() {
        until(
            [&] {
                return std::ranges::all_of(places,
                                           [](const Place& p) { return !p.node || p.node->is_serving(); });
            },
            "nodes that serve");
    }

    engine::chain::tx::Tx payment(std::uint64_t n) { return testing::payment(world, n); }
    static std::optional<TxCode> code(const std::variant<engine::chain::tx::Verdict, Node::Refusal>& answer) {
        return std::get<engine::chain::tx::Verdict>(answer).code;
    }
    static bool accepted(const std::variant<engine::chain::tx::Verdict, Node::Refusal>& answer) {
        const auto* verdict = std::get_if<engine::chain::tx::Verdict>(&answer);
        return verdict != nullptr && verdict->accepted();
    }
    /// Same blocks in every ledger, and nothing wrong with any.
    void expect_equal_and_whole() const {
        const lmdb::LedgerDb& first = places[0].node->ledger().database();
        for (const Place& place : places) {
            const lmdb::LedgerDb& ledger = place.node->ledger().database();
            ASSERT_EQ(ledger.num_blocks(), first.num_blocks());
            for (engine::BlockIndex b{0}; first.num_blocks().includes(b); b = b.next())
                EXPECT_EQ(ledger.block(b), first.block(b)) << b.value;
            lmdb::LedgerSummary summary;
            const auto fault = lmdb::check_ledger(*ledger.snapshot(), summary);
            EXPECT_FALSE(fault) << fault->place << ": " << fault->what;
        }
    }

    lmdb::ScratchDir scratch;
    std::string words; ///< folder of what is said, below the scratch folder
    TxWorld world{engine::chain::tx::ristretto_tx_crypto(), 4};
    engine::chain::tx::ChainRules rules = world.rules();
    IoLoop loop;
    grpc::ClientRuntime runtime{loop};
    std::deque<Place> places;
};

TEST_F(NodeTest, APaymentIsInEveryLedgerAndItsCoinIsSpentOnce) {
    for (Place& place : places) start(place);
    until_serving();
    const auto tx = payment(0);
    EXPECT_TRUE(accepted(places[0].node->submit(tx)));
    until_blocks(2);
    expect_equal_and_whole();
    const auto data = places[1].node->ledger().database().block_data(engine::BlockIndex{1});
    ASSERT_EQ(data->contents.key_images.size(), 1u);
    EXPECT_EQ(data->contents.outputs.size(), 2u) << "what was paid, and the fee";
    EXPECT_EQ(data->block.version, 4u);
    EXPECT_EQ(data->signature->signer, keys(102).public_key());
    EXPECT_EQ(data->signature->signed_at, 1'700'000'000u);
    for (Place& place : places) EXPECT_EQ(code(place.node->submit(tx)), TxCode::contains_spent_key_image);
}

TEST_F(NodeTest, TwoGoOnWithoutTheThirdWhichCatchesUpWhenItIsBack) {
    for (Place& place : places) start(place);
    until_serving();
    kill(places[2]);
    for (std::uint64_t n = 0; n < 3; ++n) {
        EXPECT_TRUE(accepted(places[n % 2].node->submit(payment(n))));
        until_blocks(2 + n);
    }
    start(places[2]);
    until_serving();
    EXPECT_EQ(blocks(places[2]), 4u) << "before it serves";
    EXPECT_TRUE(accepted(places[2].node->submit(payment(3))));
    until_blocks(5);
    expect_equal_and_whole();
}

TEST_F(NodeTest, WhatWasSaidIsKeptOverADeath) {
    start(places[0]);
    until_serving();
    EXPECT_TRUE(accepted(places[0].node->submit(payment(0))));
    until([&] { return std::filesystem::exists(last_word(places[0])); }, "a word");
    kill(places[0]); // alone it decides nothing
    for (Place& place : places) start(place);
    until_serving();
    EXPECT_TRUE(places[0].node->worker().last_envelope()) << "it goes on where it was";
    until_blocks(2);
    expect_equal_and_whole();
}

TEST_F(NodeTest, AWordThatIsNoneEndsTheNode) {
    lmdb::write_file(last_word(places[0]), "garbage");
    start(places[0]);
    until([&] { return !places[0].ended.empty(); }, "an end");
    EXPECT_EQ(places[0].ended, last_word(places[0]).string() + ": is not what a node has said last");
    EXPECT_FALSE(places[0].node->is_serving());
    std::filesystem::create_directories(last_word(places[1])); // a folder where the file should be
    start(places[1]);
    until([&] { return !places[1].ended.empty(); }, "an end");
    EXPECT_EQ(places[1].ended, "cannot read " + last_word(places[1]).string());
}

TEST_F(NodeTest, AWordThatCannotBeKeptIsNotSaid) {
    words = "nowhere"; // a folder that does not exist
    start(places[0]);
    until_serving();
    places[0].node->submit(payment(0));
    until([&] { return !places[0].ended.empty(); }, "an end");
    EXPECT_NE(places[0].ended.find(last_word(places[0]).string()), std::string::npos) << places[0].ended;
    EXPECT_FALSE(places[0].node->worker().last_envelope());
}

} // namespace
} // namespace real::consensus
