#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/fog_node/testing/pipeline.hpp"

// Balances through separate processes: ledgers, ingest, Postgres, view, key images, front, wallet.

namespace fog_node::testing {
namespace {

using real::grpc::BalanceCheck;
using real::grpc::RemoteWalletClient;

/// A balance as the wallet process reports it.
class Wallets {
public:
    explicit Wallets(Pipeline& pipeline)
        : pipeline_(pipeline), client_(pipeline.channel("sample_paykit_remote_wallet")) {}

    BalanceCheck fresh(unsigned account) {
        const auto check = pipeline_.run(client_.fresh_balance_check(fresh_request(pipeline_, account)));
        if (!check) throw engine::BrokenSurroundings("fresh check: " + check.error().text);
        return *check;
    }
    BalanceCheck followup(std::uint32_t id) {
        const auto check = pipeline_.run(client_.followup_balance_check(id));
        if (!check) throw engine::BrokenSurroundings("follow-up: " + check.error().text);
        return *check;
    }
    /// Follows up until the wallet has reached a block count.
    BalanceCheck at(std::uint32_t id, std::uint64_t count) {
        BalanceCheck check;
        pipeline_.until("block count " + std::to_string(count), [&] {
            check = followup(id);
            return check.block_count >= count;
        });
        EXPECT_EQ(check.block_count, count);
        return check;
    }
    RemoteWalletClient& client() { return client_; }

private:
    Pipeline& pipeline_;
    RemoteWalletClient client_;
};

void activate(Pipeline& pipeline, unsigned node) {
    const Outcome activated = pipeline.ingest(node, {"activate"});
    ASSERT_EQ(activated.code, 0) << activated.err;
    EXPECT_EQ(nlohmann::json::parse(activated.out)["mode"], "Active");
}

TEST(PipelineTest, ABalanceComesThroughTheWholePipeline) {
    Pipeline pipeline;
    pipeline.start_all();
    Wallets wallets(pipeline);
    const BalanceCheck empty = wallets.fresh(0);
    EXPECT_EQ(empty.balance, 0u);

    activate(pipeline, 0);
    const std::string key = pipeline.ingress_key(0);
    const auto images = pipeline.add_block(1, key, R"({"account":0,"amount":15},{"account":0,"amount":4})");
    EXPECT_EQ(wallets.at(empty.client_id, 2).balance, 19u);

    // Spent on the ledger side and not yet seen by ingest: still there at the count both know.
    (void)pipeline.add_block_to("ledger", 2, key, R"({"account":1,"amount":15})", {images[0]});
    EXPECT_EQ(wallets.at(empty.client_id, 2).balance, 19u);
    (void)pipeline.add_block_to("ingest", 2, key, R"({"account":1,"amount":15})", {images[0]});
    EXPECT_EQ(wallets.at(empty.client_id, 3).balance, 4u);
    const BalanceCheck other = wallets.fresh(1);
    EXPECT_EQ(wallets.at(other.client_id, 3).balance, 15u);
    EXPECT_THAT(pipeline.deaths, ::testing::IsEmpty());
}

TEST(PipelineTest, KeysRotateRestartAndGetLost) {
    Pipeline pipeline;
    pipeline.start_all();
    Wallets wallets(pipeline);
    EXPECT_EQ(pipeline.ingest(0, {"set-pubkey-expiry-window", "1"}).code, 0);
    activate(pipeline, 0);
    const std::string first = pipeline.ingress_key(0);
    (void)pipeline.add_block(1, first, R"({"account":0,"amount":1})");
    const BalanceCheck alice = wallets.fresh(0);
    EXPECT_EQ(wallets.at(alice.client_id, 2).balance, 1u);

    // A new key, the old one retired: the old node goes idle by itself.
    activate(pipeline, 1);
    const Outcome retired = pipeline.ingest(0, {"retire"});
    EXPECT_EQ(nlohmann::json::parse(retired.out)["mode"], "Active");
    const std::string second = pipeline.ingress_key(1);
    ASSERT_NE(first, second);
    (void)pipeline.add_block(2, second, R"({"account":0,"amount":2})");
    (void)pipeline.add_block(3, second, R"({"account":0,"amount":4})");
    EXPECT_EQ(wallets.at(alice.client_id, 4).balance, 7u);
    pipeline.until("node 0 to be idle", [&] { return pipeline.gauge("ingest0", "mode_is_idle") == 1; });

    // A kill loses nothing: the node comes back active with its key.
    pipeline.kill("ingest1");
    (void)pipeline.add_block(4, second, R"({"account":0,"amount":8})");
    pipeline.start("ingest1");
    EXPECT_EQ(pipeline.ingress_key(1), second);
    EXPECT_EQ(wallets.at(alice.client_id, 5).balance, 15u);

    // Its state is gone: a new key, and the old one is reported lost.  The missed block comes from the
    // ledger.
    pipeline.stop("ingest1");
    std::filesystem::remove(pipeline.deployment().the(engine::NodeKind::ingest, 1).state_file);
    pipeline.start("ingest1");
    const std::string third = pipeline.ingress_key(1);
    ASSERT_NE(second, third);
    (void)pipeline.add_block_to("ledger", 5, second, R"({"account":0,"amount":16})");
    activate(pipeline, 1);
    EXPECT_EQ(pipeline.ingest(0, {"report-lost-ingress-key", "--key", second}).code, 0);
    (void)pipeline.add_block_to("ingest", 5, second, R"({"account":0,"amount":16})");
    EXPECT_EQ(wallets.at(alice.client_id, 6).balance, 31u);
    const BalanceCheck fresh = wallets.fresh(0);
    EXPECT_EQ(wallets.at(fresh.client_id, 6).balance, 31u);

    const auto missed = nlohmann::json::parse(pipeline.ingest(1, {"get-missed-block-ranges"}).out);
    ASSERT_EQ(missed.size(), 1u);
    EXPECT_EQ(missed[0]["start_block"], 5);
    const auto records = nlohmann::json::parse(
        pipeline.ingest(1, {"get-ingress-public-key-records", "--include-lost", "--include-retired"}).out);
    ASSERT_EQ(records.size(), 3u);
    const auto living = nlohmann::json::parse(pipeline.ingest(1, {"get-ingress-public-key-records"}).out);
    ASSERT_EQ(living.size(), 1u);
    EXPECT_EQ(living[0]["ingress_public_key"], third);
    EXPECT_THAT(pipeline.deaths, ::testing::IsEmpty());
}

TEST(PipelineTest, PeersShareAKey) {
    Pipeline pipeline;
    pipeline.start_all();
    const auto peer = [&](unsigned i) {
        return "insecure-igp://" +
               pipeline.target(pipeline.deployment().the(engine::NodeKind::ingest, i).name, "peer") + "/";
    };
    for (unsigned node : {0u, 1u}) {
        const Outcome met = pipeline.ingest(node, {"set-peers", peer(0), peer(1)});
        ASSERT_EQ(met.code, 0) << met.err;
        EXPECT_EQ(nlohmann::json::parse(met.out)["peers"], (std::vector<std::string>{peer(0), peer(1)}));
    }
    ASSERT_NE(pipeline.ingress_key(0), pipeline.ingress_key(1));
    activate(pipeline, 0);
    EXPECT_EQ(pipeline.ingress_key(0), pipeline.ingress_key(1)) << "the standby has the key";
    const Outcome second = pipeline.ingest(1, {"activate"});
    EXPECT_EQ(second.code, 101);
    EXPECT_THAT(second.err, ::testing::HasSubstr("FAILED_PRECONDITION"));
    EXPECT_EQ(pipeline.ingest(0, {"new-keys"}).code, 101) << "not idle";

    // The standby takes over without a gap.
    Wallets wallets(pipeline);
    const std::string key = pipeline.ingress_key(0);
    (void)pipeline.add_block(1, key, R"({"account":0,"amount":1})");
    const BalanceCheck alice = wallets.fresh(0);
    EXPECT_EQ(wallets.at(alice.client_id, 2).balance, 1u);
    pipeline.kill("ingest0");
    (void)pipeline.add_block(2, key, R"({"account":0,"amount":2})");
    const Outcome alone = pipeline.ingest(1, {"activate"});
    EXPECT_THAT(alone.err, ::testing::HasSubstr("UNAVAILABLE")) << "a peer that is down may be active";
    EXPECT_EQ(pipeline.ingest(1, {"set-peers", peer(1)}).code, 0);
    activate(pipeline, 1);
    EXPECT_EQ(wallets.at(alice.client_id, 3).balance, 3u);
}

TEST(PipelineTest, ShardsReplicasAndRestartsOfEveryService) {
    PipelineShape shape;
    shape.topology.ingest_nodes = 1;
    shape.topology.view_shards = 2;
    shape.topology.view_replicas = 2;
    shape.topology.image_shards = 2;
    shape.topology.image_replicas = 2;
    shape.topology.shard_blocks = 3;
    Pipeline pipeline(shape);
    pipeline.start_all();
    Wallets wallets(pipeline);
    activate(pipeline, 0);
    const std::string key = pipeline.ingress_key(0);
    std::vector<std::string> images;
    std::uint64_t expected = 0;
    const BalanceCheck alice = wallets.fresh(0);
    for (unsigned n = 1; n <= 6; ++n) {
        // Each block pays 2^n and spends what the block before paid: the balance is that of the newest coin.
        images =
            pipeline.add_block(n, key, R"({"account":0,"amount":)" + std::to_string(1u << n) + "}", images);
        expected = 1u << n;
        EXPECT_EQ(wallets.at(alice.client_id, n + 1).balance, expected);
    }
    for (const std::string& name : pipeline.names()) {
        if (name == "sample_paykit_remote_wallet") continue;
        SCOPED_TRACE(name);
        pipeline.kill(name);
        pipeline.start(name);
        const BalanceCheck fresh = wallets.fresh(0);
        EXPECT_EQ(wallets.at(fresh.client_id, 7).balance, expected);
        EXPECT_EQ(wallets.at(alice.client_id, 7).balance, expected);
    }
}

} // namespace
} // namespace fog_node::testing
