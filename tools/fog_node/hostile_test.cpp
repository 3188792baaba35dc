#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "proto/attest.pb.h"
#include "proto/ingest.pb.h"
#include "proto/ledger.pb.h"
#include "proto/view.pb.h"
#include "real/grpc/health.hpp"
#include "real/grpc/session.hpp"
#include "tools/fog_node/testing/pipeline.hpp"

// Malformed, oversized and out-of-order requests at every service: a status, never a crash.

namespace fog_node::testing {
namespace {

using real::grpc::Channel;
using real::grpc::StatusCode;

class HostileTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        pipeline_ = std::make_unique<Pipeline>();
        pipeline_->start_all();
    }
    static void TearDownTestSuite() { pipeline_.reset(); }

    StatusCode send(const std::string& process, const char* method, const std::string& bytes,
                    const std::string& kind = "client") {
        const auto outcome = pipeline_->run(pipeline_->channel(process, kind).exchange(method, bytes, {}));
        return outcome ? StatusCode::ok : outcome.error().code;
    }
    /// Everybody is alive and answers.
    void TearDown() override {
        EXPECT_THAT(pipeline_->deaths, ::testing::IsEmpty());
        for (const auto& [process, methods] : unary_methods()) {
            real::grpc::HealthClient health(pipeline_->channel(process));
            EXPECT_TRUE(pipeline_->run(health.check())) << process;
        }
    }

    /// Every unary method of every port that strangers can reach.
    static const std::map<std::string, std::vector<const char*>>& unary_methods() {
        static const std::map<std::string, std::vector<const char*>> methods = {
            {"ingest0",
             {"/account_ingest.AccountIngestAPI/SetPubkeyExpiryWindow",
              "/account_ingest.AccountIngestAPI/SetPeers",
              "/account_ingest.AccountIngestAPI/ReportLostIngressKey",
              "/account_ingest.AccountIngestAPI/SyncKeysFromRemote",
              "/account_ingest.AccountIngestAPI/GetIngressKeyRecords"}},
            {"view0.0", {"/fog_view.FogViewStoreAPI/Auth", "/fog_view.FogViewStoreAPI/MultiViewStoreQuery"}},
            {"view_router", {"/fog_view.FogViewAPI/Auth", "/fog_view.FogViewAPI/Query"}},
            {"images0.0",
             {"/fog_ledger.KeyImageStoreAPI/Auth", "/fog_ledger.KeyImageStoreAPI/MultiKeyImageStoreQuery"}},
            {"ledger_router",
             {"/fog_ledger.FogKeyImageAPI/Auth", "/fog_ledger.FogKeyImageAPI/CheckKeyImages",
              "/fog_ledger.FogMerkleProofAPI/GetOutputs", "/fog_ledger.FogBlockAPI/GetBlocks",
              "/fog_ledger.FogUntrustedTxOutApi/GetTxOuts"}},
            {"report_server", {"/report.ReportAPI/GetReports"}},
            {"sample_paykit_remote_wallet",
             {"/remote_wallet.RemoteWalletApi/FreshBalanceCheck",
              "/remote_wallet.RemoteWalletApi/FollowupBalanceCheck", "/remote_wallet.RemoteWalletApi/Stop",
              "/remote_wallet.RemoteWalletApi/Debug"}},
        };
        return methods;
    }

    static std::unique_ptr<Pipeline> pipeline_;
};
std::unique_ptr<Pipeline> HostileTest::pipeline_;

TEST_F(HostileTest, BytesThatAreNoMessageAreInternal) {
    for (const auto& [process, methods] : unary_methods())
        for (const char* method : methods)
            EXPECT_EQ(send(process, method, "\x0a\xff"), StatusCode::internal) << method;
}

TEST_F(HostileTest, RandomBytesNeverEndAProcess) {
    std::mt19937 random(7);
    for (const auto& [process, methods] : unary_methods())
        for (const char* method : methods)
            for (int round = 0; round < 40; ++round) {
                std::string bytes(random() % 200, '\0');
                for (char& c : bytes) c = static_cast<char>(random());
                if (round % 2 == 0 &&
                    bytes.size() > 2) { // a length-delimited first field, so that more is read
                    bytes[0] = static_cast<char>(8 * (1 + random() % 6) + 2);
                    bytes[1] = static_cast<char>(bytes.size() - 2);
                }
                (void)send(process, method, bytes);
            }
}

TEST_F(HostileTest, MethodsNobodyHasAreUnimplemented) {
    for (const auto& [process, methods] : unary_methods()) {
        EXPECT_EQ(send(process, "/fog_toaster.Toaster/Toast", ""), StatusCode::unimplemented) << process;
        EXPECT_EQ(send(process, "/grpc.health.v1.Health/Watch", ""), StatusCode::unimplemented) << process;
    }
    EXPECT_EQ(send("view_router", "/fog_view.FogViewRouterAPI/request", ""), StatusCode::unimplemented)
        << "the scheme of the listen URI says which service there is";
    EXPECT_EQ(send("ingest0", "/ingest_peer.AccountIngestPeerAPI/GetStatus", ""), StatusCode::unimplemented)
        << "peers have a port of their own";
}

TEST_F(HostileTest, MessagesOverFourMegabytesAreRefused) {
    const std::string large(5u << 20, 'x');
    for (const auto& [process, methods] : unary_methods())
        EXPECT_EQ(send(process, methods.front(), large), StatusCode::resource_exhausted) << process;
}

TEST_F(HostileTest, QueriesWithoutASessionAreRefused) {
    attest::Message message;
    message.set_channel_id(std::string(real::grpc::channel_id_size, 'x'));
    for (const auto& [process, method] :
         std::map<std::string, const char*>{{"view_router", "/fog_view.FogViewAPI/Query"},
                                            {"ledger_router", "/fog_ledger.FogKeyImageAPI/CheckKeyImages"}})
        EXPECT_EQ(send(process, method, message.SerializeAsString()), StatusCode::permission_denied)
            << method;
    EXPECT_EQ(send("ledger_router", "/fog_ledger.FogMerkleProofAPI/GetOutputs", message.SerializeAsString()),
              StatusCode::permission_denied);
    attest::AuthMessage noise;
    noise.set_data(std::string(31, '\x42')); // a Noise handshake's first message is a key of 32 bytes
    EXPECT_EQ(send("view_router", "/fog_view.FogViewAPI/Auth", noise.SerializeAsString()),
              StatusCode::permission_denied);
}

TEST_F(HostileTest, AStoreWithoutSessionsAsksToAuthenticate) {
    fog_view::MultiViewStoreQueryRequest request;
    request.add_queries()->set_channel_id("stranger");
    const auto reply = pipeline_->run(pipeline_->channel("view0.0").exchange(
        "/fog_view.FogViewStoreAPI/MultiViewStoreQuery", request.SerializeAsString(), {}));
    ASSERT_TRUE(reply);
    fog_view::MultiViewStoreQueryResponse response;
    ASSERT_TRUE(response.ParseFromString(*reply));
    EXPECT_EQ(response.status(), fog_view::AUTHENTICATION_ERROR);
    EXPECT_THAT(response.store_uri(), ::testing::StartsWith("insecure-fog-view-store://127.0.0.1:"));
}

TEST_F(HostileTest, AnotherChainIsRefusedAndNoneIsAccepted) {
    const auto with_chain = [this](const std::string& process, const char* method,
                                   const std::string& chain_id) {
        real::grpc::ChannelOptions options(pipeline_->target(process));
        options.chain_id = chain_id;
        Channel channel(pipeline_->runtime(), options);
        const auto outcome = pipeline_->run(channel.exchange(method, std::string(), {}));
        if (outcome) return std::string("ok");
        return std::string(real::grpc::name(outcome.error().code)) + " " + outcome.error().text;
    };
    for (const auto& [process, method] :
         std::map<std::string, const char*>{{"report_server", "/report.ReportAPI/GetReports"},
                                            {"ledger_router", "/fog_ledger.FogBlockAPI/GetBlocks"}}) {
        EXPECT_EQ(with_chain(process, method, ""), "ok");
        EXPECT_EQ(with_chain(process, method, "local"), "ok");
        EXPECT_THAT(with_chain(process, method, "main"),
                    ::testing::AllOf(::testing::StartsWith("FAILED_PRECONDITION chain-id mismatch:"),
                                     ::testing::HasSubstr("local")));
    }
}

TEST_F(HostileTest, AbsurdRangesOfBlocksAreCutToTheChain) {
    const char* method = "/fog_ledger.FogBlockAPI/GetBlocks";
    fog_ledger::BlockRequest request;
    request.add_ranges()->set_end_block(~0ull);
    const auto reply =
        pipeline_->run(pipeline_->channel("ledger_router").exchange(method, request.SerializeAsString(), {}));
    ASSERT_TRUE(reply);
    fog_ledger::BlockResponse response;
    ASSERT_TRUE(response.ParseFromString(*reply));
    EXPECT_EQ(response.blocks_size(), 1) << "the origin block is all there is";
    for (int i = 0; i < 20'000; ++i) *request.add_ranges() = request.ranges(0);
    const auto many =
        pipeline_->run(pipeline_->channel("ledger_router").exchange(method, request.SerializeAsString(), {}));
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().code, StatusCode::invalid_argument) << many.error().text;
}

TEST_F(HostileTest, CommandsAnIngestNodeCannotObeyHaveUpstreamsStatus) {
    ingest_common::SetPeersRequest peers;
    peers.add_ingest_peer_uris("http://x");
    EXPECT_EQ(send("ingest0", "/account_ingest.AccountIngestAPI/SetPeers", peers.SerializeAsString()),
              StatusCode::invalid_argument);
    account_ingest::ReportLostIngressKeyRequest lost;
    lost.mutable_key()->set_data(std::string(32, '\x01'));
    EXPECT_EQ(
        send("ingest0", "/account_ingest.AccountIngestAPI/ReportLostIngressKey", lost.SerializeAsString()),
        StatusCode::internal)
        << "a key nobody knows";
    account_ingest::SyncKeysFromRemoteRequest sync;
    sync.set_peer_uri("insecure-igp://127.0.0.1:1/"); // nobody listens there
    EXPECT_EQ(
        send("ingest0", "/account_ingest.AccountIngestAPI/SyncKeysFromRemote", sync.SerializeAsString()),
        StatusCode::unavailable);
}

} // namespace
} // namespace fog_node::testing
