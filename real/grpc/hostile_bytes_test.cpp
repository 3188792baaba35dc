#include <gtest/gtest.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/testing/mutation.hpp"
#include "proto/attest.pb.h"
#include "real/grpc/ingest_messages.hpp"
#include "real/grpc/ledger_messages.hpp"
#include "real/grpc/session.hpp"
#include "real/grpc/testing/all_services.hpp"
#include "real/grpc/testing/test_bed.hpp"
#include "real/grpc/view_messages.hpp"

// The fuzz targets, fed with seeded mutations of good inputs: the same ones on every machine and in every
// build.

int fuzz_grpc_messages(const std::uint8_t* data, std::size_t size);
int fuzz_grpc_handlers(const std::uint8_t* data, std::size_t size);

namespace real::grpc {
namespace {

using namespace testing;
using chain::Bytes;

Bytes of(const std::string& text) { return {text.begin(), text.end()}; }

template <class Fixed>
Fixed filled(std::uint8_t value) {
    Fixed out;
    out.bytes.fill(value);
    return out;
}

fog::ViewAnswer some_view_answer() {
    fog::ViewAnswer answer;
    answer.count = engine::BlockCount{300};
    answer.last_known = engine::BlockCount{301};
    answer.next_event = engine::UserEventId{7};
    fog::RngRecord rng;
    rng.invocation = engine::InvocationId{3};
    rng.egress_key = filled<chain::PublicKey>(9);
    answer.rngs.push_back(rng);
    answer.decommissions.push_back({engine::InvocationId{2}, engine::BlockIndex{100}});
    answer.missed.push_back({engine::BlockIndex{5}, engine::BlockIndex{8}});
    answer.results.resize(2);
    answer.results[0].code = fog::SearchCode::found;
    answer.results[0].payload = std::make_shared<const Bytes>(Bytes(100, 5));
    return answer;
}

chain::TxOut some_output() {
    chain::TxOut output;
    output.masked_amount.emplace().masked_token_id = Bytes(8, 1);
    output.target_key = filled<chain::PublicKey>(2);
    output.memo = filled<chain::EncryptedMemo>(3);
    return output;
}

/// Inputs that one of the readers accepts.
std::vector<Bytes> good_inputs() {
    std::vector<Bytes> inputs;
    const auto add = [&inputs](const std::string& bytes) { inputs.push_back(of(bytes)); };
    fog::ViewQuery query;
    query.events_after = engine::UserEventId{4};
    query.keys.resize(2);
    for (auto& key : query.keys) key.bytes.fill(7); // that of zeros is left out
    const auto [aad, plaintext] = to_messages(query);
    add(aad + std::string(plaintext.size() - aad.size(), '\0') + plaintext);
    add(to_message(some_view_answer(), {std::string(16, '\7'), std::string(16, '\7')}, true));
    add(key_images_request({filled<chain::KeyImage>(1), filled<chain::KeyImage>(2)}));
    fog::KeyImageStoreAnswer images;
    images.processed = {engine::BlockIndex{0}, engine::BlockIndex{70'000}};
    images.images.global_txo_count = 5'000'000'000;
    images.images.latest_block_version = 3;
    images.images.results.resize(3);
    images.images.results[0].code = fog::KeyImageCode::spent;
    images.images.results[0].spent_at = engine::BlockIndex{300};
    add(key_images_response(images.images, {}));
    add(key_image_store_response(images, {}));
    add(outputs_request({engine::GlobalIndex{1}, engine::GlobalIndex{500}}));
    fog::OutputsAnswer outputs;
    outputs.results.resize(1);
    outputs.results[0].code = fog::OutputResult::Code::exists;
    outputs.results[0].output = some_output();
    add(outputs_response(outputs, {}));
    fog::BlocksAnswer blocks;
    auto block = std::make_shared<fog::LedgerBlock>();
    block->cumulative_txo_count = 30;
    block->outputs = {some_output(), some_output()};
    blocks.blocks.resize(1);
    blocks.blocks[0].block = block;
    add(blocks_response(blocks).SerializeAsString());
    add(blocks_request(
            {{engine::BlockIndex{3}, engine::BlockIndex{9}}, {engine::BlockIndex{5}, engine::BlockIndex{12}}})
            .SerializeAsString());
    fog::TxOutStatusAnswer statuses;
    statuses.results.resize(2);
    add(tx_outs_response(statuses).SerializeAsString());
    add(tx_outs_request({filled<chain::PublicKey>(1)}).SerializeAsString());
    fog::IngestSummary summary;
    summary.peers = {"localhost:4300", "[::1]:4301"};
    summary.invocation = engine::InvocationId{5};
    add(to_message(summary, insecure_peer_names()).SerializeAsString());
    fog::IngressKeyRecord record;
    record.last_scanned = engine::BlockIndex{9};
    add(to_message({record, record}, false).SerializeAsString());
    add("insecure-igp://localhost:4300/?responder-id=a");
    add(std::string(clear_text_greeting));
    add(R"({"secret":"x","uri":"postgres://a:b@c/","n":[1,{"token":null}]})");
    add(basic_authorization("u", make_token({}, "u", 0)));
    return inputs;
}

TEST(HostileBytesTest, ReadersSurviveSeededMutations) {
    const std::vector<Bytes> inputs = good_inputs();
    chain::Mutator mutate(5);
    fuzz_grpc_messages(nullptr, 0);
    for (const Bytes& input : inputs) fuzz_grpc_messages(input.data(), input.size());
    for (int round = 0; round < 20'000; ++round) {
        const Bytes mutant = mutate(inputs[mutate.below(inputs.size())]);
        fuzz_grpc_messages(mutant.data(), mutant.size());
    }
}

TEST(HostileBytesTest, HandlersSurviveSeededMutations) {
    const std::vector<Bytes> inputs = good_inputs();
    IoLoop loop;
    const std::size_t methods = AllServices(loop).server.paths().size();
    chain::Mutator mutate(6);
    for (int round = 0; round < 20'000; ++round) {
        Bytes mutant = inputs[mutate.below(inputs.size())];
        if (mutate.below(4) != 0) mutant = mutate(std::move(mutant));
        mutant.insert(mutant.begin(), {static_cast<std::uint8_t>(mutate.below(methods)),
                                       static_cast<std::uint8_t>(mutate.below(2) * mutate.below(20))});
        fuzz_grpc_handlers(mutant.data(), mutant.size());
    }
}

// Nesting without end, and counts that promise more than there is.
TEST(HostileBytesTest, CborBombsAreRefusedAtOnce) {
    for (const std::string& bomb :
         {std::string(1'000'000, '\x81'), std::string(1'000'000, '\xa1'), std::string(1'000'000, '\x5f'),
          std::string(1'000'000, '\x7f'), std::string(1'000'000, '\xc0'),
          std::string("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
          std::string("\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
          std::string("\x5b\xff\xff\xff\xff\xff\xff\xff\xff")}) {
        EXPECT_FALSE(key_image_store_answer_from(bomb));
        EXPECT_FALSE(key_image_store_answer_from("\xa1\x61x" + bomb));
    }
}

// ------------------------------------------------------------------------------------------ over the network

Task<> send_all(IoLoop& loop, Channel& channel, std::vector<std::string> paths, std::string bytes,
                int* answered) {
    (void)loop;
    for (const std::string& path : paths) {
        const Outcome<std::string> reply = co_await channel.exchange(path.c_str(), bytes, {});
        const bool ended_well = reply || (reply.error().code != StatusCode::unavailable &&
                                          reply.error().code != StatusCode::unknown &&
                                          reply.error().code != StatusCode::deadline_exceeded);
        EXPECT_TRUE(ended_well) << path << ": " << name(reply.error().code) << ": " << reply.error().text;
        *answered += ended_well;
    }
}

// Every method, whatever it gets, ends with an answer or a status of its own, and the server serves on.
struct HostileServerTest : Bed {};

TEST_F(HostileServerTest, EveryMethodAnswersEverything) {
    AllServices services(loop);
    services.server.start();
    Channel channel(runtime, to(services.server));
    const std::vector<std::string> paths = services.server.paths();
    int answered = 0;
    int sent = 0;
    for (const std::string& bytes : {std::string(), std::string("\xff"), std::string(1000, '\0'),
                                     std::string("\x0a\xff\xff\xff\xff\x0f"), std::string(100'000, '\x0a')}) {
        run(send_all(loop, channel, paths, bytes, &answered));
        sent += static_cast<int>(paths.size());
    }
    EXPECT_EQ(answered, sent);
    EXPECT_EQ(services.server.running(), 0u);
}

// Upstream's paths, case by case; Watch is not among them.
TEST(PathsTest, AreUpstreams) {
    IoLoop loop;
    const std::vector<std::string> expected{
        "/account_ingest.AccountIngestAPI/Activate",
        "/account_ingest.AccountIngestAPI/GetIngressKeyRecords",
        "/account_ingest.AccountIngestAPI/GetMissedBlockRanges",
        "/account_ingest.AccountIngestAPI/GetStatus",
        "/account_ingest.AccountIngestAPI/NewKeys",
        "/account_ingest.AccountIngestAPI/ReportLostIngressKey",
        "/account_ingest.AccountIngestAPI/Retire",
        "/account_ingest.AccountIngestAPI/SetPeers",
        "/account_ingest.AccountIngestAPI/SetPubkeyExpiryWindow",
        "/account_ingest.AccountIngestAPI/SyncKeysFromRemote",
        "/account_ingest.AccountIngestAPI/Unretire",
        "/admin.AdminAPI/GetInfo",
        "/admin.AdminAPI/GetPrometheusMetrics",
        "/admin.AdminAPI/SetRustLog",
        "/admin.AdminAPI/TestLogError",
        "/attest.AttestedApi/Auth",
        "/build_info.BuildInfoApi/GetBuildInfo",
        "/fog_ledger.FogBlockAPI/GetBlocks",
        "/fog_ledger.FogKeyImageAPI/Auth",
        "/fog_ledger.FogKeyImageAPI/CheckKeyImages",
        "/fog_ledger.FogMerkleProofAPI/Auth",
        "/fog_ledger.FogMerkleProofAPI/GetOutputs",
        "/fog_ledger.FogUntrustedTxOutApi/GetTxOuts",
        "/fog_ledger.KeyImageStoreAPI/Auth",
        "/fog_ledger.KeyImageStoreAPI/MultiKeyImageStoreQuery",
        "/fog_ledger.LedgerAPI/Request",
        "/fog_ledger.LedgerRouterAdminAPI/AddShard",
        "/fog_view.FogViewAPI/Auth",
        "/fog_view.FogViewAPI/Query",
        "/fog_view.FogViewRouterAPI/request",
        "/fog_view.FogViewRouterAdminAPI/addShard",
        "/fog_view.FogViewStoreAPI/Auth",
        "/fog_view.FogViewStoreAPI/MultiViewStoreQuery",
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Ping",
        "/ingest_peer.AccountIngestPeerAPI/GetIngressPrivateKey",
        "/ingest_peer.AccountIngestPeerAPI/GetStatus",
        "/ingest_peer.AccountIngestPeerAPI/SetIngressPrivateKey",
        "/ingest_peer.AccountIngestPeerAPI/SetPeers",
        "/remote_wallet.RemoteWalletApi/Debug",
        "/remote_wallet.RemoteWalletApi/FollowupBalanceCheck",
        "/remote_wallet.RemoteWalletApi/FreshBalanceCheck",
        "/remote_wallet.RemoteWalletApi/Reset",
        "/remote_wallet.RemoteWalletApi/Stop",
        "/report.ReportAPI/GetReports",
    };
    EXPECT_EQ(AllServices(loop).server.paths(), expected);
}

} // namespace
} // namespace real::grpc
