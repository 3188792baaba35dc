#include "real/grpc/session.hpp"

#include <gtest/gtest.h>

#include "proto/ledger.pb.h"
#include "proto/view.pb.h"
#include "real/grpc/ledger.hpp"
#include "real/grpc/message.hpp"
#include "real/grpc/testing/scripted_services.hpp"
#include "real/grpc/testing/test_bed.hpp"
#include "real/grpc/view.hpp"

namespace real::grpc {
namespace {

using namespace testing;
using engine::Code;
using engine::Error;

std::string open(Sessions& sessions) {
    return channel_id_from(sessions.open(clear_text_greeting).value()).value();
}

TEST(SessionsTest, OnlyClearTextOpensOne) {
    Sessions sessions(3);
    for (const std::string& data :
         {std::string(), std::string(32, 'e'), std::string(clear_text_greeting) + "x",
          std::string("attestation: clear text 2\n")}) {
        const Outcome<std::string> reply = sessions.open(data);
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().code, StatusCode::permission_denied);
    }
    EXPECT_EQ(sessions.size(), 0u);
    const std::string id = open(sessions);
    EXPECT_EQ(id.size(), channel_id_size);
    EXPECT_TRUE(sessions.knows(id));
    EXPECT_NE(open(sessions), id);
}

TEST(SessionsTest, TheOneUnusedForLongestGoes) {
    Sessions sessions(2);
    const std::string first = open(sessions);
    const std::string second = open(sessions);
    EXPECT_TRUE(sessions.knows(first));
    const std::string third = open(sessions);
    EXPECT_FALSE(sessions.knows(second));
    EXPECT_TRUE(sessions.knows(first));
    EXPECT_TRUE(sessions.knows(third));
    EXPECT_EQ(sessions.size(), 2u);
}

TEST(SessionsTest, ACounterComesOnceAndNotTooLate) {
    Sessions sessions(2);
    const std::string id = open(sessions);
    EXPECT_FALSE(sessions.accepts("unknown", 0));
    EXPECT_TRUE(sessions.accepts(id, 0));
    EXPECT_FALSE(sessions.accepts(id, 0));
    EXPECT_TRUE(sessions.accepts(id, 5)); // the receiver jumps
    EXPECT_TRUE(sessions.accepts(id, 3)); // overtaken on the way
    EXPECT_FALSE(sessions.accepts(id, 3));
    EXPECT_FALSE(sessions.accepts(id, 5));
    EXPECT_TRUE(sessions.accepts(id, 1000));
    EXPECT_TRUE(sessions.accepts(id, 745)); // 255 behind
    EXPECT_FALSE(sessions.accepts(id, 744));
    EXPECT_FALSE(sessions.accepts(id, 4));
    EXPECT_TRUE(sessions.accepts(id, ~std::uint64_t{0} - 1));
    EXPECT_FALSE(sessions.accepts(id, ~std::uint64_t{0}));
    EXPECT_FALSE(sessions.accepts(id, 1000));
}

// ------------------------------------------------------------------------------------------ against services

struct AttestedTest : Bed {
    template <class Reply>
    Outcome<Reply> ask(Channel& channel, const char* path, const google::protobuf::MessageLite& request) {
        std::optional<Outcome<Reply>> reply;
        run(keep(call<Reply>(channel, path, request), &reply));
        return std::move(*reply);
    }
    template <class T>
    static Task<> keep(Task<T> question, std::optional<T>* answer) {
        T got = co_await std::move(question);
        answer->emplace(std::move(got));
    }
    std::string authenticate(Channel& channel, const char* path) {
        ::attest::AuthMessage greeting;
        greeting.set_data(std::string(clear_text_greeting));
        return channel_id_from(ask<::attest::AuthMessage>(channel, path, greeting).value().data()).value();
    }
};

constexpr const char* view_auth = "/fog_view.FogViewAPI/Auth";
constexpr const char* view_query = "/fog_view.FogViewAPI/Query";
constexpr const char* store_auth = "/fog_view.FogViewStoreAPI/Auth";
constexpr const char* store_query = "/fog_view.FogViewStoreAPI/MultiViewStoreQuery";

TEST_F(AttestedTest, AQueryBeforeAuthIsDenied) {
    ScriptedView api;
    Server server(loop, {}, {});
    serve_view(server, api, ViewProtocol::unary);
    server.start();
    Channel channel(runtime, to(server));
    ::attest::Message message;
    EXPECT_EQ(ask<::attest::Message>(channel, view_query, message).error().code,
              StatusCode::permission_denied);
    message.set_channel_id(std::string(channel_id_size, 'x'));
    EXPECT_EQ(ask<::attest::Message>(channel, view_query, message).error().code,
              StatusCode::permission_denied);
    EXPECT_FALSE(api.asked);
    message.set_channel_id(authenticate(channel, view_auth));
    EXPECT_TRUE(ask<::attest::Message>(channel, view_query, message));
    message.set_data("\xff\xff");
    EXPECT_EQ(ask<::attest::Message>(channel, view_query, message).error().code,
              StatusCode::invalid_argument);
    message.clear_data();
    message.set_aad("\xff\xff");
    EXPECT_EQ(ask<::attest::Message>(channel, view_query, message).error().code,
              StatusCode::invalid_argument);
}

// Every answer takes the same room, found or not, and says so in both lists.
TEST_F(AttestedTest, ResultsOfARouterFillBothListsToAFixedSize) {
    ScriptedView api;
    fog::ViewAnswer answer;
    answer.results.resize(2);
    answer.results[0].code = fog::SearchCode::found;
    answer.results[0].payload = std::make_shared<const chain::Bytes>(chain::Bytes{1, 2, 3});
    api.answer = answer;
    Server server(loop, {}, {});
    serve_view(server, api, ViewProtocol::unary);
    server.start();
    Channel channel(runtime, to(server));
    fog_view::QueryRequest request;
    request.add_get_txos(std::string(15, 'a')); // wrong length
    request.add_get_txos(std::string(16, 'b'));
    request.add_get_txos(std::string(16, 'c'));
    request.add_get_txos(std::string(16, '\0')); // nobody's
    fog_view::QueryRequestAAD aad;
    aad.set_start_from_user_event_id(4);
    ::attest::Message message;
    message.set_channel_id(authenticate(channel, view_auth));
    message.set_aad(aad.SerializeAsString());
    message.set_data(request.SerializeAsString());
    const Outcome<::attest::Message> reply = ask<::attest::Message>(channel, view_query, message);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->aad(), message.aad());
    EXPECT_EQ(api.asked->events_after.value, 4);
    EXPECT_EQ(api.asked->keys.size(), 2u);
    fog_view::QueryResponse response;
    ASSERT_TRUE(response.ParseFromString(reply->data()));
    ASSERT_EQ(response.tx_out_search_results_size(), 4);
    ASSERT_EQ(response.fixed_tx_out_search_results_size(), 4);
    const std::vector<std::pair<std::uint32_t, std::uint32_t>> expected{{fog_view::BadSearchKey, 0},
                                                                        {fog_view::Found, 3},
                                                                        {fog_view::NotFound, 0},
                                                                        {fog_view::BadSearchKey, 239}};
    for (int i = 0; i < 4; ++i) {
        const auto& old = response.tx_out_search_results(i);
        const auto& fixed = response.fixed_tx_out_search_results(i);
        EXPECT_EQ(old.search_key(), request.get_txos(i));
        EXPECT_EQ(fixed.search_key(), request.get_txos(i));
        EXPECT_EQ(old.result_code(), expected[static_cast<std::size_t>(i)].first);
        EXPECT_EQ(fixed.result_code(), expected[static_cast<std::size_t>(i)].first);
        EXPECT_EQ(fixed.payload_length(), expected[static_cast<std::size_t>(i)].second);
        EXPECT_EQ(fixed.ciphertext().size(), 255u);
        EXPECT_EQ(old.ciphertext(), fixed.ciphertext().substr(0, fixed.payload_length()));
        EXPECT_EQ(old.ciphertext().size() + old.padding().size(), 255u);
    }
    EXPECT_EQ(response.fixed_tx_out_search_results(1).ciphertext().substr(0, 4), std::string("\1\2\3\0", 4));
}

TEST_F(AttestedTest, AStoreAnswersTheQueryOfItsSession) {
    ScriptedViewStore api;
    fog::ViewStoreAnswer answer;
    answer.range = {engine::BlockIndex{5}, engine::BlockIndex{9}};
    api.answer = answer;
    Server server(loop, {}, {});
    serve_view_store(server, api, {"insecure-fog-view-store://localhost:5600/", answer.range});
    server.start();
    Channel channel(runtime, to(server));
    fog_view::MultiViewStoreQueryRequest request;
    request.add_queries()->set_channel_id(std::string(channel_id_size, 'x'));
    auto reply = ask<fog_view::MultiViewStoreQueryResponse>(channel, store_query, request);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status(), fog_view::AUTHENTICATION_ERROR);
    EXPECT_EQ(reply->store_uri(), "insecure-fog-view-store://localhost:5600/");
    EXPECT_EQ(reply->block_range().start_block(), 5u);
    EXPECT_EQ(reply->block_range().end_block(), 9u);

    ::attest::NonceMessage& ours = *request.add_queries();
    ours.set_channel_id(authenticate(channel, store_auth));
    ours.set_nonce(0);
    reply = ask<fog_view::MultiViewStoreQueryResponse>(channel, store_query, request);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status(), fog_view::SUCCESS);
    EXPECT_EQ(reply->query_response().channel_id(), ours.channel_id());
    fog_view::QueryResponse response;
    ASSERT_TRUE(response.ParseFromString(reply->query_response().data()));

    // The counter is used up.
    reply = ask<fog_view::MultiViewStoreQueryResponse>(channel, store_query, request);
    EXPECT_EQ(reply->status(), fog_view::AUTHENTICATION_ERROR);

    ours.set_nonce(1);
    ours.set_data("\xff\xff");
    reply = ask<fog_view::MultiViewStoreQueryResponse>(channel, store_query, request);
    EXPECT_EQ(reply->status(), fog_view::AUTHENTICATION_ERROR);

    ours.set_nonce(2);
    ours.clear_data();
    api.answer = Error{Code::not_ready, "loading"};
    reply = ask<fog_view::MultiViewStoreQueryResponse>(channel, store_query, request);
    EXPECT_EQ(reply->status(), fog_view::NOT_READY);
    EXPECT_EQ(reply->block_range().end_block(), 9u);
}

// A wallet outlives the router it talks to.
TEST_F(AttestedTest, ClientsAuthenticateAgainAfterARestart) {
    ScriptedView view;
    ScriptedViewStore store;
    ScriptedLedger ledger;
    ScriptedKeyImageStore images;
    ServerOptions options;
    const auto start = [&] {
        auto server = std::make_unique<Server>(loop, NodeId{}, options);
        serve_view(*server, view, ViewProtocol::unary);
        serve_view_store(*server, store, {"", engine::BlockRange::all()});
        serve_ledger(*server, ledger, {});
        serve_key_image_store(*server, images, "", {});
        server->start();
        options.port = server->port();
        return server;
    };
    auto server = start();
    ChannelOptions patient = to(*server);
    patient.wait_for_ready = true;
    patient.reconnect_min = 1ms;
    patient.reconnect_max = 10ms;
    Channel channel(runtime, patient);
    ViewClient view_client(channel, ViewProtocol::unary);
    ViewStoreClient store_client(channel);
    LedgerClient ledger_client(channel);
    KeyImageStoreClient images_client(channel);
    for (int restart = 0; restart < 3; ++restart) {
        std::optional<Result<fog::ViewAnswer>> view_answer;
        std::optional<Result<fog::ViewStoreAnswer>> store_answer;
        std::optional<Result<fog::KeyImagesAnswer>> ledger_answer;
        std::optional<Result<fog::OutputsAnswer>> outputs_answer;
        std::optional<Result<fog::KeyImageStoreAnswer>> images_answer;
        run(keep(view_client.query({}), &view_answer));
        run(keep(store_client.query({}), &store_answer));
        run(keep(ledger_client.key_images({}), &ledger_answer));
        run(keep(ledger_client.outputs({}), &outputs_answer));
        run(keep(images_client.key_images({}), &images_answer));
        EXPECT_TRUE(*view_answer && *store_answer && *ledger_answer && *outputs_answer && *images_answer)
            << channel.last_failure().text;
        server.reset();
        server = start();
    }
}

Task<> talk(Channel& channel, const char* path, std::vector<std::string> messages,
            std::vector<std::string>* replies, Status* end) {
    const auto stream = channel.open(path);
    for (std::string& message : messages) {
        const bool written = co_await stream->write(std::move(message));
        if (!written) break;
        std::optional<std::string> reply = co_await stream->read();
        if (!reply) {
            *end = co_await stream->finish();
            co_return;
        }
        replies->push_back(std::move(*reply));
    }
    co_await stream->writes_done();
    const std::optional<std::string> rest = co_await stream->read();
    EXPECT_FALSE(rest);
    *end = co_await stream->finish();
}

struct StreamTest : AttestedTest, ::testing::WithParamInterface<const char*> {
    StreamTest() {
        serve_view(server, view, ViewProtocol::streaming);
        serve_ledger(server, ledger, {});
        server.start();
        channel.emplace(runtime, to(server));
    }
    Status talk_to(std::vector<std::string> messages) {
        replies.clear();
        Status end;
        run(talk(*channel, GetParam(), std::move(messages), &replies, &end));
        return end;
    }
    static std::string greeting() {
        fog_view::FogViewRouterRequest request;
        request.mutable_auth()->set_data(std::string(clear_text_greeting));
        return request.SerializeAsString();
    }
    ScriptedView view;
    ScriptedLedger ledger;
    Server server{loop, {}, {}};
    std::optional<Channel> channel;
    std::vector<std::string> replies;
};
INSTANTIATE_TEST_SUITE_P(Routers, StreamTest,
                         ::testing::Values("/fog_view.FogViewRouterAPI/request",
                                           "/fog_ledger.LedgerAPI/Request"),
                         [](const auto& value) {
                             return std::string(value.param).find("view") != std::string::npos ? "view"
                                                                                               : "ledger";
                         });

TEST_P(StreamTest, ClosesWellWhenTheClientHasNoMore) {
    EXPECT_EQ(talk_to({}).code, StatusCode::ok);
    EXPECT_EQ(talk_to({greeting(), greeting()}).code, StatusCode::ok);
    EXPECT_EQ(replies.size(), 2u);
}

TEST_P(StreamTest, OutOfOrderAndMalformedRequestsEndIt) {
    fog_view::FogViewRouterRequest query;
    query.mutable_query()->set_channel_id("unknown");
    EXPECT_EQ(talk_to({query.SerializeAsString()}).code, StatusCode::permission_denied);
    EXPECT_EQ(talk_to({greeting(), query.SerializeAsString()}).code, StatusCode::permission_denied);
    EXPECT_EQ(replies.size(), 1u);
    EXPECT_EQ(talk_to({""}).code, StatusCode::invalid_argument); // neither
    EXPECT_EQ(talk_to({"\xff"}).code, StatusCode::internal);
    query.mutable_auth()->set_data("Noise_NX_25519_AESGCM_SHA512");
    EXPECT_EQ(talk_to({query.SerializeAsString()}).code, StatusCode::permission_denied);
}

TEST_P(StreamTest, AMessageOverTheLimitEndsIt) {
    EXPECT_EQ(talk_to({std::string(4 * 1024 * 1024 + 1, '\n')}).code, StatusCode::resource_exhausted);
}

struct HangingView final : fog::ViewApi {
    bool hangs = true;
    Task<Result<fog::ViewAnswer>> query(fog::ViewQuery) override { return answer(this); }
    static Task<Result<fog::ViewAnswer>> answer(HangingView* self) {
        if (self->hangs) co_await engine::park("nothing", engine::Instant::never());
        co_return fog::ViewAnswer{};
    }
};

Task<> outlive_the_deadline(IoLoop& loop, ViewClient& client, Duration deadline) {
    const fog::ViewQuery nothing;
    const Result<fog::ViewAnswer> first = co_await client.query(nothing);
    EXPECT_TRUE(first);
    co_await engine::sleep_until(loop.now() + 2 * deadline);
    const Result<fog::ViewAnswer> second = co_await client.query(nothing);
    EXPECT_TRUE(second) << engine::name(second.error().code);
}

// The deadline is that of each request; the stream itself may last.
TEST_F(AttestedTest, AStreamedRequestHasADeadlineOfItsOwn) {
    HangingView api;
    Server server(loop, {}, {});
    serve_view(server, api, ViewProtocol::streaming);
    server.start();
    ChannelOptions options = to(server);
    options.deadline = 200ms;
    Channel channel(runtime, options);
    ViewClient client(channel, ViewProtocol::streaming);
    std::optional<Result<fog::ViewAnswer>> answer;
    run(keep(client.query({}), &answer));
    ASSERT_TRUE(answer && !*answer);
    EXPECT_EQ(answer->error().code, Code::unknown);
    EXPECT_EQ(channel.last_failure().code, StatusCode::deadline_exceeded);
    api.hangs = false;
    options.deadline = 1s;
    Channel patient(runtime, options);
    ViewClient another(patient, ViewProtocol::streaming);
    run(outlive_the_deadline(loop, another, *options.deadline));
}

} // namespace
} // namespace real::grpc
