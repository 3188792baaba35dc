#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include "engine/chain/base64.hpp"
#include "engine/chain/block.hpp"
#include "engine/chain/tx/tx_wire.hpp"
#include "real/consensus/testing/payments.hpp"
#include "real/grpc/consensus.hpp"
#include "real/grpc/health.hpp"
#include "tools/fog_node/testing/pipeline.hpp"

// consensus-service as its users meet it: three of them as processes, over ledgers on the disk.

namespace fog_node::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using engine::chain::Ed25519KeyPair;
using engine::chain::tx::TxCode;
using nlohmann::json;
using real::grpc::Outcome;
using real::grpc::Proposed;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

Ed25519KeyPair keys(std::uint8_t number) {
    engine::chain::Ed25519Seed seed;
    seed.bytes.fill(number);
    return Ed25519KeyPair(seed);
}

void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

/// Three nodes that need one of the two others each.
struct ConsensusServiceTest : ::testing::Test {
    static constexpr unsigned nodes = 3;

    ConsensusServiceTest() {
        real::consensus::testing::make_origin_ledger(work.path() / "origin", world);
        for (unsigned i = 0; i < nodes; ++i) {
            client_ports.push_back(ports.reserve());
            peer_ports.push_back(ports.reserve());
        }
        for (unsigned i = 0; i < nodes; ++i) write(file("network", i), network(i).dump());
    }

    fs::path file(const std::string& name, unsigned node) const {
        return work.path() / (name + std::to_string(node));
    }
    std::string peer_id(unsigned node) const { return "localhost:" + std::to_string(peer_ports[node]); }
    std::string peer_uri(unsigned node) const {
        std::string key = engine::chain::to_base64(
            engine::chain::ed25519_spki(keys(static_cast<std::uint8_t>(node + 1)).public_key()));
        std::replace(key.begin(), key.end(), '+', '-');
        std::replace(key.begin(), key.end(), '/', '_');
        return "insecure-mcp://" + peer_id(node) + "/?consensus-msg-key=" + key +
               "&broadcast-consensus-msgs=1";
    }
    json network(unsigned node) const {
        json out = {{"quorum_set", {{"threshold", 1}, {"members", json::array()}}},
                    {"broadcast_peers", json::array()},
                    {"known_peers", json::array()},
                    {"tx_source_urls", json::array()}};
        for (unsigned other = 0; other < nodes; ++other) {
            if (other == node) continue;
            out["quorum_set"]["members"].push_back({{"type", "Node"}, {"args", peer_id(other)}});
            out["broadcast_peers"].push_back(peer_uri(other));
            out["tx_source_urls"].push_back("file://" + file("archive", other).string());
        }
        return out;
    }
    Words arguments(unsigned node) const {
        const auto key = engine::chain::ed25519_pkcs8(keys(static_cast<std::uint8_t>(node + 1)).seed());
        return {"--chain-id",
                "local",
                "--client-responder-id",
                "localhost:" + std::to_string(client_ports[node]),
                "--peer-responder-id",
                peer_id(node),
                "--msg-signer-key",
                engine::chain::to_base64(key),
                "--network",
                file("network", node).string(),
                "--ledger-path",
                file("ledger", node).string(),
                "--origin-block-path",
                (work.path() / "origin").string(),
                "--block-version",
                "4",
                "--client-listen-uri",
                "insecure-mc://127.0.0.1:" + std::to_string(client_ports[node]) + "/",
                "--peer-listen-uri",
                "insecure-mcp://127.0.0.1:" + std::to_string(peer_ports[node]) + "/",
                "--sealed-block-signing-key",
                file("key", node).string()};
    }
    void start(unsigned node) {
        const std::string name = "node" + std::to_string(node);
        real::Child* child = supervisor.find(name);
        if (child == nullptr) {
            real::Launch launch;
            launch.name = name;
            launch.program = fs::path(FOG_PROGRAM_DIR) / "consensus-service";
            launch.arguments = arguments(node);
            child = &supervisor.add(std::move(launch));
        }
        child->start();
    }
    template <class T>
    T run(Task<T> task) {
        return real::postgres::run_task(loop, std::move(task));
    }
    /// The condition may run the loop.
    void until(const std::string& what, const std::function<bool()>& holds) {
        const engine::Instant due = loop.now() + 60s;
        while (!holds()) {
            ASSERT_LT(loop.now(), due) << what;
            loop.run([](real::IoLoop* l) -> Task<> { co_await engine::sleep_until(l->now() + 10ms); }(&loop));
        }
    }
    real::grpc::Channel& channel(unsigned node) {
        auto& found = channels[node];
        if (!found) {
            real::grpc::ChannelOptions to("127.0.0.1:" + std::to_string(client_ports[node]));
            to.chain_id = "local";
            to.deadline = 30s;
            to.wait_for_ready = true;
            to.reconnect_min = 50ms;
            to.reconnect_max = 200ms;
            found = std::make_unique<real::grpc::Channel>(runtime, std::move(to));
        }
        return *found;
    }
    void until_serving(unsigned node) {
        real::grpc::HealthClient health(channel(node));
        loop.run([](real::IoLoop* l, real::grpc::HealthClient* client, unsigned number) -> Task<> {
            const engine::Instant due = l->now() + 60s;
            for (;;) {
                const auto status = co_await client->check();
                if (status && *status == real::grpc::Serving::serving) co_return;
                if (l->now() >= due) break;
                co_await engine::sleep_until(l->now() + 20ms);
            }
            ADD_FAILURE() << "node " << number << " does not serve";
        }(&loop, &health, node));
    }
    Outcome<Proposed> propose(unsigned node, const engine::chain::tx::Tx& tx) {
        real::grpc::ClientAttestation attestation;
        attestation.signer = std::make_shared<const real::attest::Signer>();
        attestation.responder_id = "localhost:" + std::to_string(client_ports[node]);
        real::grpc::ConsensusClient client(channel(node), attestation);
        const engine::chain::Bytes bytes = engine::chain::tx::encode(tx);
        return run(client.propose_tx(std::string(bytes.begin(), bytes.end())));
    }
    std::uint64_t last_index(unsigned node) {
        real::grpc::ConsensusClient client(channel(node), {});
        const auto last = run(client.last_block());
        return last ? last->index : 0;
    }
    std::vector<std::string> headers(unsigned node) {
        real::grpc::ConsensusClient client(channel(node), {});
        const auto found = run(client.headers(0, 5000));
        return found ? *found : std::vector<std::string>{};
    }
    std::string verdict(unsigned node) const {
        const auto result = run_program("ledger-verify", {"--ledger-db", file("ledger", node).string()});
        return std::to_string(result.code) + " " + result.out + result.err;
    }

    real::WorkDirectory work{"consensus-service-test-"};
    engine::chain::test::TxWorld world{engine::chain::tx::ristretto_tx_crypto(), 4};
    real::PortPool ports;
    std::vector<std::uint16_t> client_ports, peer_ports;
    real::IoLoop loop;
    real::grpc::ClientRuntime runtime{loop};
    real::Supervisor supervisor{loop, work.path()};
    std::map<unsigned, std::unique_ptr<real::grpc::Channel>> channels;
};

TEST_F(ConsensusServiceTest, PaymentsLandEverywhereAndAKilledNodeCatchesUp) {
    for (unsigned i = 0; i < nodes; ++i) start(i);
    for (unsigned i = 0; i < nodes; ++i) until_serving(i);
    const auto first = real::consensus::testing::payment(world, 0);
    const auto answer = propose(0, first);
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(answer->result, 0u) << answer->text;
    EXPECT_EQ(answer->block_count, 1u);
    EXPECT_EQ(answer->block_version, 4u);
    for (unsigned i = 0; i < nodes; ++i) until("block 1", [&] { return last_index(i) == 1; });
    const auto again = propose(1, first);
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(again->result, static_cast<std::uint32_t>(TxCode::contains_spent_key_image));
    EXPECT_NE(again->text, "");

    real::Child& third = *supervisor.find("node2");
    loop.run(third.kill());
    const auto other = propose(1, real::consensus::testing::payment(world, 1));
    ASSERT_TRUE(other) << other.error().text;
    EXPECT_EQ(other->result, 0u) << other->text;
    for (unsigned i = 0; i < 2; ++i) until("block 2", [&] { return last_index(i) == 2; });
    start(2);
    until_serving(2);
    until("block 2", [&] { return last_index(2) == 2; });
    const auto last = propose(2, real::consensus::testing::payment(world, 2));
    ASSERT_TRUE(last) << last.error().text;
    EXPECT_EQ(last->result, 0u) << last->text;
    for (unsigned i = 0; i < nodes; ++i) until("block 3", [&] { return last_index(i) == 3; });

    const auto chain = headers(0);
    ASSERT_EQ(chain.size(), 4u);
    for (unsigned i = 1; i < nodes; ++i) EXPECT_EQ(headers(i), chain);
    loop.run(supervisor.stop_all(5s));
    for (unsigned i = 0; i < nodes; ++i)
        EXPECT_EQ(verdict(i), "0 ledger-verify: OK blocks=4 outputs=76 key_images=3\n");
}

TEST_F(ConsensusServiceTest, WhoComesWithoutAHandshakeOrFromAnotherChainIsRefused) {
    start(0);
    until_serving(0); // alone it serves and decides nothing
    const auto raw = run(channel(0).exchange("/consensus_client.ConsensusClientAPI/ClientTxPropose", "", {}));
    ASSERT_FALSE(raw);
    EXPECT_EQ(raw.error().code, real::grpc::StatusCode::permission_denied) << raw.error().text;
    real::grpc::ChannelOptions to("127.0.0.1:" + std::to_string(client_ports[0]));
    to.chain_id = "main";
    to.deadline = 30s;
    real::grpc::Channel foreign(runtime, std::move(to));
    const auto greeting = run(foreign.exchange("/attest.AttestedApi/Auth", "", {}));
    ASSERT_FALSE(greeting);
    EXPECT_EQ(greeting.error().code, real::grpc::StatusCode::failed_precondition);
    EXPECT_THAT(greeting.error().text, HasSubstr("chain-id mismatch"));
    // An enclave of another signer is not what this client expects.
    real::grpc::ClientAttestation expectation;
    expectation.signer = std::make_shared<const real::attest::Signer>();
    expectation.responder_id = "localhost:1";
    real::grpc::ConsensusClient client(channel(0), expectation);
    std::string nothing;
    const auto refused = run(client.propose_tx(std::move(nothing)));
    EXPECT_FALSE(refused);
}

TEST_F(ConsensusServiceTest, BadInputIsOneLineAndCodeTwo) {
    const auto refused = [&](Words words, const std::string& text) {
        const auto result = run_program("consensus-service", words);
        EXPECT_EQ(result.code, 2) << text << "\n" << result.err;
        std::string last = result.err;
        while (!last.empty() && last.back() == '\n') last.pop_back();
        last = last.substr(last.rfind('\n') + 1);
        EXPECT_THAT(last, HasSubstr(text));
        EXPECT_FALSE(fs::exists(file("key", 0))) << text;
    };
    const auto with = [&](const std::string& flag, const std::string& value) {
        Words words = arguments(0);
        const auto at = std::find(words.begin(), words.end(), flag);
        if (at == words.end())
            words.insert(words.end(), {flag, value});
        else
            *(at + 1) = value;
        return words;
    };
    const auto with_network = [&](const json& changed) {
        write(work.path() / "changed", changed.dump());
        return with("--network", (work.path() / "changed").string());
    };
    refused({}, "--chain-id");
    refused(with("--block-version", "5"), "--block-version: at most 4, got 5");
    refused(with("--msg-signer-key", "abc"), "--msg-signer-key");
    refused(with("--network", "/nowhere"), "--network: ");
    write(work.path() / "garbage", "{");
    refused(with("--network", (work.path() / "garbage").string()), "garbage: is not JSON");
    refused(with("--origin-block-path", "/nowhere"), "--origin-block-path: /nowhere/data.mdb");
    refused(with("--client-listen-uri", "insecure-mcp://127.0.0.1:1/"), "--client-listen-uri");

    json changed = network(0);
    changed["quorum_set"]["threshold"] = 3;
    refused(with_network(changed), "quorum_set: 3 of 2 members can never be met");
    changed = network(0);
    changed["quorum_set"]["members"].push_back({{"type", "Node"}, {"args", "localhost:7"}});
    changed["quorum_set"]["members"].push_back({{"type", "Node"}, {"args", "localhost:8"}});
    refused(with_network(changed), "quorum_set: no peer is localhost:7, localhost:8");
    changed = network(0);
    changed["quorum_set"]["members"][0]["type"] = "Tribe";
    refused(with_network(changed), "'Tribe', which is neither Node nor InnerSet");
    changed = network(0);
    changed["broadcast_peers"].push_back(peer_uri(0));
    refused(with_network(changed), "broadcast_peers: " + peer_id(0) + " is this node itself");
    changed = network(0);
    changed["known_peers"].push_back(peer_uri(1));
    refused(with_network(changed), "have one key");
    changed = network(0);
    changed["broadcast_peers"][0] = "insecure-mcp://" + peer_id(1) + "/";
    refused(with_network(changed), "consensus-msg-key is missing");
    changed = network(0);
    changed["tx_source_urls"] = json::array();
    refused(with_network(changed), "tx_source_urls is empty");
    changed = network(0);
    changed.erase("quorum_set");
    refused(with_network(changed), "quorum_set is missing");

    const auto with_tokens = [&](const json& tokens) {
        write(work.path() / "tokens", json{{"tokens", tokens}}.dump());
        return with("--tokens", (work.path() / "tokens").string());
    };
    refused(with_tokens(json::array()), "--tokens: ");
    refused(with_tokens({{{"token_id", 0}, {"minimum_fee", 1}}}), "token 0: minimum_fee");
    refused(with_tokens({{{"token_id", 0}, {"minimum_fee", 400000000}},
                         {{"token_id", 0}, {"minimum_fee", 500000000}}}),
            "token 0 is there twice");
    refused(with_tokens({{{"token_id", 0}, {"minimum_fee", 400000000}},
                         {{"token_id", 1}, {"minimum_fee", 1024}, {"governors", {{"threshold", 1}}}}}),
            "token 1: governors: minting is not offered");
    EXPECT_FALSE(fs::exists(file("ledger", 0)));
}

} // namespace
} // namespace fog_node::testing
