#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/test_support.hpp"
#include "engine/chain/testing/upstream_vectors.hpp"
#include "proto/ledger.pb.h"
#include "proto/view.pb.h"
#include "real/grpc/client_session.hpp"
#include "real/grpc/ledger.hpp"
#include "real/grpc/message.hpp"
#include "real/grpc/served_channels.hpp"
#include "real/grpc/testing/scripted_services.hpp"
#include "real/grpc/testing/test_bed.hpp"
#include "real/grpc/view.hpp"

// Sessions with simulated attestation: the two ends against each other and against what they must refuse.
// tools/outside_wallet is a third end, which shares no code with these.

namespace real::grpc {
namespace {

using namespace testing;
using engine::Code;

constexpr const char* responder_id = "fog.example:443";

std::shared_ptr<const attest::Signer> signer() { return std::make_shared<const attest::Signer>(); }

ServerAttestation served(attest::Enclave enclave = attest::Enclave::view) {
    return {std::make_shared<const attest::Responder>(enclave, attest::Signer{}, responder_id)};
}
ClientAttestation expected(std::string id = responder_id) { return {signer(), std::move(id)}; }

// ----------------------------------------------------------------------------------------- without a network

/// One client of a table of sessions.
struct ServedChannelsTest : ::testing::Test {
    ServedChannels channels{3, served()};
    ClientEnd client = end();

    static ClientEnd end() { return ClientEnd(expected(), attest::Enclave::view, "unused"); }
    void begin(ClientEnd& with) {
        const Outcome<std::string> reply = channels.open(with.greet());
        ASSERT_TRUE(reply);
        const auto fault = with.welcome(*reply);
        ASSERT_FALSE(fault) << fault->text;
    }
    ::attest::Message sealed(const std::string& text, const std::string& aad = "") {
        return client.seal(aad, text).value();
    }
    std::string refusal(::attest::Message message) {
        const Outcome<std::string> plaintext = channels.receive(message);
        if (plaintext) return "accepted";
        EXPECT_EQ(plaintext.error().code, StatusCode::permission_denied);
        return plaintext.error().text;
    }
    /// Question and answer.
    bool converse(const std::string& text) {
        ::attest::Message question = sealed(text, "aad");
        const std::string id = question.channel_id();
        const Outcome<std::string> plaintext = channels.receive(question);
        if (!plaintext || *plaintext != text) return false;
        const Outcome<::attest::Message> answer = channels.answer(id, "back", "answer to " + text);
        channels.end(id);
        return answer && client.open(*answer) == "answer to " + text;
    }
};

TEST_F(ServedChannelsTest, AHandshakeOpensAConversation) {
    begin(client);
    for (const char* text : {"", "first", "second"}) EXPECT_TRUE(converse(text)) << text;
    EXPECT_EQ(channels.size(), 1u);
}

TEST_F(ServedChannelsTest, OnlyAHandshakeOpensOne) {
    const auto why = [this](const std::string& data) {
        const Outcome<std::string> reply = channels.open(data);
        return reply ? std::string("accepted") : reply.error().text;
    };
    EXPECT_EQ(why(""), "attestation: the message is too short for a handshake");
    EXPECT_EQ(why(std::string(31, 'e')), "attestation: the message is too short for a handshake");
    EXPECT_EQ(why(std::string(clear_text_greeting)),
              "attestation: a greeting in clear text; this server speaks simulated attestation");
    EXPECT_EQ(channels.size(), 0u);
    EXPECT_EQ(why(std::string(40, 'e')),
              "accepted"); // anything of a key's length; its owner alone can read on
}

TEST_F(ServedChannelsTest, WhatIsNotTheNextMessageChangesNothing) {
    begin(client);
    ::attest::Message first = sealed("1");
    const ::attest::Message second = sealed("2");
    const std::string undecryptable = "attestation: the message does not decrypt, or is not the next one";
    EXPECT_EQ(refusal(second), undecryptable); // came too early
    ::attest::Message damaged = first;
    damaged.mutable_data()->back() = static_cast<char>(damaged.data().back() ^ 1);
    EXPECT_EQ(refusal(damaged), undecryptable);
    ::attest::Message readdressed = first;
    readdressed.set_aad("another");
    EXPECT_EQ(refusal(readdressed), undecryptable);
    ::attest::Message unknown = first;
    unknown.set_channel_id(std::string(64, 'x'));
    EXPECT_EQ(refusal(unknown), "attestation: unknown channel");
    unknown.clear_channel_id();
    EXPECT_EQ(refusal(unknown), "attestation: unknown channel");
    const std::string id = first.channel_id();
    EXPECT_EQ(refusal(first), "accepted");
    channels.end(id);
    EXPECT_EQ(refusal(first), undecryptable); // twice
    EXPECT_EQ(refusal(second), "accepted");
}

// Their answers could overtake each other, and a client that meets one too early is lost for good.
TEST_F(ServedChannelsTest, TwoRequestsAtOnceEndTheSession) {
    begin(client);
    ::attest::Message first = sealed("1");
    const ::attest::Message second = sealed("2");
    const std::string id = first.channel_id();
    EXPECT_EQ(refusal(first), "accepted");
    EXPECT_EQ(refusal(second), "attestation: two requests of one session at once");
    const Outcome<::attest::Message> answer = channels.answer(id, "", "late");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, StatusCode::permission_denied);
    EXPECT_EQ(refusal(sealed("3")), "attestation: unknown channel");
    begin(client);
    EXPECT_TRUE(converse("again"));
}

TEST_F(ServedChannelsTest, AStrangersNoiseDoesNotEndASession) {
    begin(client);
    ::attest::Message first = sealed("1");
    const std::string id = first.channel_id();
    EXPECT_EQ(refusal(first), "accepted");
    ::attest::Message noise;
    noise.set_channel_id(id);
    noise.set_data(std::string(40, 'x'));
    EXPECT_NE(refusal(noise), "accepted");
    EXPECT_TRUE(channels.answer(id, "", "answer"));
}

// Hostile messages on an open session: none is taken, and none costs its owner anything.
TEST_F(ServedChannelsTest, NoMutationOfAMessageIsAccepted) {
    begin(client);
    const ::attest::Message good = sealed("a question", "aad");
    const std::string bytes = good.SerializeAsString();
    chain::test::SeededBytes rng(5);
    const auto below = [&rng](std::size_t n) { return rng.below(static_cast<std::uint32_t>(n)); };
    for (int round = 0; round < 3000; ++round) {
        std::string mutant = bytes;
        for (std::uint32_t i = 0, n = 1 + rng.below(3); i < n; ++i) {
            const std::size_t at = below(mutant.size());
            switch (rng.below(3)) {
            case 0:
                mutant[at] = static_cast<char>(mutant[at] ^ (1 << rng.below(8)));
                break;
            case 1:
                mutant.insert(at, 1, static_cast<char>(rng.below(256)));
                break;
            default:
                mutant.erase(at, 1);
            }
        }
        auto message = parse<::attest::Message>(mutant);
        if (!message) continue;
        const bool is_same = message->data() == good.data() && message->aad() == good.aad() &&
                             message->channel_id() == good.channel_id();
        if (is_same) continue;
        EXPECT_NE(refusal(*message), "accepted") << round;
    }
    EXPECT_EQ(refusal(good), "accepted");
}

TEST_F(ServedChannelsTest, ARequestThatEndsInAStatusCostsNothing) {
    begin(client);
    ::attest::Message question = sealed("1");
    const std::string id = question.channel_id();
    EXPECT_EQ(refusal(question), "accepted");
    channels.end(id); // no answer: the client got a status, and may go on
    EXPECT_TRUE(converse("2"));
}

TEST_F(ServedChannelsTest, AnAnswerThatMayBeLostEndsTheSession) {
    begin(client);
    ::attest::Message question = sealed("1");
    const std::string id = question.channel_id();
    EXPECT_EQ(refusal(question), "accepted");
    EXPECT_TRUE(channels.answer(id, "", "lost"));
    channels.end(id);
    channels.forget(id);
    EXPECT_EQ(refusal(sealed("2")), "attestation: unknown channel");
}

TEST_F(ServedChannelsTest, TheSessionUnusedForLongestGoes) {
    begin(client);
    for (int i = 0; i < 3; ++i) {
        ClientEnd other = end();
        begin(other);
    }
    EXPECT_EQ(channels.size(), 3u);
    EXPECT_EQ(refusal(sealed("1")), "attestation: unknown channel");
}

TEST_F(ServedChannelsTest, AClientBelievesOnlyWhomItExpects) {
    const auto fault = [this](ClientAttestation attestation, attest::Enclave enclave) {
        ClientEnd stranger(std::move(attestation), enclave, "unused");
        const Outcome<std::string> reply = channels.open(stranger.greet());
        const auto why = stranger.welcome(*reply);
        EXPECT_EQ(stranger.is_open(), !why);
        return why.value_or(Status(StatusCode::ok, "accepted"));
    };
    EXPECT_EQ(fault(expected(), attest::Enclave::view).text, "accepted");
    const Status product = fault(expected(), attest::Enclave::ledger);
    EXPECT_EQ(product.code, StatusCode::permission_denied);
    EXPECT_EQ(product.text,
              "attestation: the evidence of fog.example:443 is refused: the enclave is another one "
              "(product 3, security version 9)");
    auto another = std::make_shared<attest::Signer>();
    another->mr_signer.bytes[0] ^= 1;
    EXPECT_EQ(fault({another, responder_id}, attest::Enclave::view).code, StatusCode::permission_denied);
    const Status elsewhere = fault(expected("localhost:443"), attest::Enclave::view);
    EXPECT_EQ(elsewhere.code, StatusCode::internal);
    EXPECT_NE(elsewhere.text.find("may call itself something else than localhost:443"), std::string::npos);
}

// ------------------------------------------------------------------------------------------ against services

Task<> start_and_kill(Task<> doomed, IoLoop& loop) {
    engine::Nursery nursery(loop, {});
    nursery.spawn("doomed", std::move(doomed));
    co_await engine::yield();
    co_await engine::yield();
    nursery.kill_all();
}

struct SimulatedTest : Bed {
    template <class T>
    T ask(Task<T> question) {
        std::optional<T> answer;
        run(keep(std::move(question), &answer));
        return std::move(*answer);
    }
    template <class T>
    static Task<> keep(Task<T> question, std::optional<T>* answer) {
        T got = co_await std::move(question);
        answer->emplace(std::move(got));
    }
};

TEST_F(SimulatedTest, ServicesAreAskedInBothForms) {
    ScriptedView view;
    ScriptedLedger ledger;
    for (const bool streaming : {false, true}) {
        Server server(loop, {}, {});
        serve_view(server, view, streaming ? ViewProtocol::streaming : ViewProtocol::unary, served());
        serve_ledger(server, ledger, {}, served(attest::Enclave::ledger));
        server.start();
        Channel channel(runtime, to(server));
        ViewClient view_client(channel, streaming ? ViewProtocol::streaming : ViewProtocol::unary,
                               expected());
        LedgerClient ledger_client(
            channel, streaming ? LedgerClient::KeyImages::streaming : LedgerClient::KeyImages::unary,
            expected());
        for (int i = 0; i < 3; ++i) {
            fog::ViewQuery query;
            query.keys.resize(static_cast<std::size_t>(i));
            for (chain::SearchKey& key : query.keys) key.bytes.fill(7); // that of zeros is nobody's
            ASSERT_TRUE(ask(view_client.query(query))) << channel.last_failure().text;
            EXPECT_EQ(view.asked->keys.size(), query.keys.size());
            ASSERT_TRUE(ask(ledger_client.key_images({chain::KeyImage{}}))) << channel.last_failure().text;
            ASSERT_TRUE(ask(ledger_client.outputs({engine::GlobalIndex{7}}))) << channel.last_failure().text;
            ASSERT_TRUE(ask(ledger_client.blocks({})));
        }
        EXPECT_EQ(ledger.asked_indices, std::vector{engine::GlobalIndex{7}});
    }
}

// A server that is started again has another key, and knows nobody.
TEST_F(SimulatedTest, ClientsAttestAgainAfterARestart) {
    ScriptedView view;
    ScriptedLedger ledger;
    ServerOptions options;
    const auto start = [&] {
        auto server = std::make_unique<Server>(loop, NodeId{}, options);
        serve_view(*server, view, ViewProtocol::unary, served());
        serve_ledger(*server, ledger, {}, served(attest::Enclave::ledger));
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
    ViewClient view_client(channel, ViewProtocol::unary, expected());
    LedgerClient ledger_client(channel, LedgerClient::KeyImages::unary, expected());
    for (int restart = 0; restart < 3; ++restart) {
        EXPECT_TRUE(ask(view_client.query({}))) << channel.last_failure().text;
        EXPECT_TRUE(ask(ledger_client.key_images({}))) << channel.last_failure().text;
        EXPECT_TRUE(ask(ledger_client.outputs({}))) << channel.last_failure().text;
        server.reset();
        server = start();
    }
}

TEST_F(SimulatedTest, AFailedQueryIsFollowedByAHandshake) {
    ScriptedView view;
    std::vector<std::string> calls;
    ServerOptions options;
    options.on_end = [&calls](const std::string& method, StatusCode, Duration) {
        calls.push_back(method.substr(method.rfind('/') + 1));
    };
    Server server(loop, {}, options);
    serve_view(server, view, ViewProtocol::unary, served());
    server.start();
    Channel channel(runtime, to(server));
    ViewClient client(channel, ViewProtocol::unary, expected());
    EXPECT_TRUE(ask(client.query({})));
    view.answer = engine::Error{Code::unavailable, "a shard"};
    EXPECT_FALSE(ask(client.query({})));
    view.answer = fog::ViewAnswer{};
    EXPECT_TRUE(ask(client.query({})));
    EXPECT_TRUE(ask(client.query({})));
    EXPECT_EQ(calls, (std::vector<std::string>{"Auth", "Query", "Query", "Auth", "Query", "Query"}));
}

// A query that is killed may have been answered: its session is not used again.
TEST_F(SimulatedTest, AKilledQueryCostsTheSession) {
    ScriptedView view;
    Server server(loop, {}, {});
    serve_view(server, view, ViewProtocol::unary, served());
    server.start();
    Channel channel(runtime, to(server));
    ViewClient client(channel, ViewProtocol::unary, expected());
    EXPECT_TRUE(ask(client.query({})));
    std::optional<Result<fog::ViewAnswer>> nothing;
    run(start_and_kill(keep(client.query({}), &nothing), loop));
    EXPECT_FALSE(nothing);
    EXPECT_TRUE(ask(client.query({}))) << channel.last_failure().text;
}

TEST_F(SimulatedTest, ModesThatDifferAreTold) {
    ScriptedView view;
    Server clear(loop, {}, {});
    serve_view(clear, view, ViewProtocol::unary);
    clear.start();
    Channel to_clear(runtime, to(clear));
    ViewClient simulated(to_clear, ViewProtocol::unary, expected());
    EXPECT_EQ(ask(simulated.query({})).error().code, Code::permission_denied);
    EXPECT_EQ(to_clear.last_failure().text, "attestation: this server speaks clear text only");
    Server guarded(loop, {}, {});
    serve_view(guarded, view, ViewProtocol::unary, served());
    guarded.start();
    Channel to_guarded(runtime, to(guarded));
    ViewClient plain(to_guarded, ViewProtocol::unary);
    EXPECT_EQ(ask(plain.query({})).error().code, Code::permission_denied);
    EXPECT_EQ(to_guarded.last_failure().text,
              "attestation: a greeting in clear text; this server speaks simulated attestation");
}

TEST_F(SimulatedTest, RefusedEvidenceIsFinalWithinACall) {
    ScriptedView view;
    int handshakes = 0;
    ServerOptions options;
    options.on_end = [&handshakes](const std::string&, StatusCode, Duration) { ++handshakes; };
    Server server(loop, {}, options);
    serve_view(server, view, ViewProtocol::unary, served(attest::Enclave::ledger));
    server.start();
    Channel channel(runtime, to(server));
    ViewClient client(channel, ViewProtocol::unary, expected());
    EXPECT_EQ(ask(client.query({})).error().code, Code::permission_denied);
    EXPECT_EQ(handshakes, 1);
    EXPECT_NE(channel.last_failure().text.find("is refused"), std::string::npos);
    handshakes = 0;
    ViewClient elsewhere(channel, ViewProtocol::unary, expected("localhost:1"));
    EXPECT_FALSE(ask(elsewhere.query({})));
    EXPECT_EQ(handshakes, 4) << "a damaged answer may be better the next time";
    EXPECT_FALSE(view.asked);
}

Task<Outcome<std::string>> answer_or_hang(const Call* call, bool hangs, bool* told, engine::Signal* begun) {
    call->if_undelivered([told] { *told = true; });
    begun->notify_all();
    if (hangs) co_await engine::park("nothing", engine::Instant::never());
    co_return std::string("answer");
}

Task<> ask_in_vain(Channel& channel, const char* path) { (void)co_await channel.exchange(path, "", {}); }

Task<> ask_and_give_up(Channel& channel, const char* path, IoLoop& loop, engine::Signal& begun) {
    engine::Nursery nursery(loop, {});
    nursery.spawn("doomed", ask_in_vain(channel, path));
    co_await begun.wait("the call");
    nursery.kill_all();
}

Task<> until(const bool* flag, IoLoop& loop) {
    while (!*flag) co_await engine::sleep_until(loop.now() + 1ms, "a flag");
}

// What lets a service forget a session whose answer may be lost.
TEST_F(SimulatedTest, AServerIsToldOfAnswersThatMayNotArrive) {
    constexpr const char* path = "/test.Service/Ask";
    bool told = false;
    bool hangs = false;
    engine::Signal begun(loop);
    Server server(loop, {}, {});
    server.handle(path, {},
                  [&](const Call& call, std::string) { return answer_or_hang(&call, hangs, &told, &begun); });
    server.start();
    Channel channel(runtime, to(server));
    EXPECT_TRUE(ask(channel.exchange(path, "", {})));
    EXPECT_TRUE(ask(channel.exchange(path, "", {})));
    EXPECT_FALSE(told) << "delivered";
    hangs = true;
    run(ask_and_give_up(channel, path, loop, begun));
    run(until(&told, loop));
}

/// @return the bytes of the message again, when they are one of its kind
template <class Message>
std::string again(const std::string& bytes) {
    const auto message = parse<Message>(bytes);
    return message ? message->SerializeAsString() : "no such message";
}

std::string again_as(const std::string& what, const std::string& bytes) {
    const auto is = [&what](std::string_view begin) { return what.starts_with(begin); };
    if (is("attest.AuthMessage")) return again<::attest::AuthMessage>(bytes);
    if (is("attest.Message")) return again<::attest::Message>(bytes);
    if (is("attest.NonceMessage")) return again<::attest::NonceMessage>(bytes);
    if (is("fog_view.FogViewRouterRequest")) return again<fog_view::FogViewRouterRequest>(bytes);
    if (is("fog_ledger.LedgerRequest")) return again<fog_ledger::LedgerRequest>(bytes);
    if (what.find("QueryRequestAAD") != what.npos || is("aad of request 1"))
        return again<fog_view::QueryRequestAAD>(bytes);
    if (what.find("CheckKeyImagesRequest") != what.npos)
        return again<fog_ledger::CheckKeyImagesRequest>(bytes);
    if (what.find("QueryRequest") != what.npos) return again<fog_view::QueryRequest>(bytes);
    return "unknown form: " + what;
}

std::string unhex(const std::string& text) {
    const auto bytes = chain::from_hex(text);
    return bytes ? std::string(bytes->begin(), bytes->end()) : "no hex";
}

// The messages of a session of MobileCoin's own client, from the known answers.
class RecordedWireTest : public chain::test::KnownAnswersTest {};
JUDGE_KNOWN_ANSWERS(RecordedWireTest);

TEST_P(RecordedWireTest, MessagesAreTheSameBytes) {
    const std::string nonce = unhex("0a01611201631a0164210500000000000000");
    EXPECT_EQ(again<::attest::NonceMessage>(nonce), nonce);
    EXPECT_EQ(parse<::attest::NonceMessage>(nonce)->nonce(), 5u);
    const auto file = document("tx/attest_handshake.json");
    std::size_t compared = 0;
    chain::AesKey key{};
    std::ranges::copy(*chain::from_hex(file["key_client_to_server"].get<std::string>()), key.begin());
    attest::CipherState cipher(key);
    std::string plaintext;
    for (const auto& form : file["wire_forms"]["forms"]) {
        const std::string what = form["what"];
        const std::string bytes = unhex(form["hex"]);
        EXPECT_EQ(again_as(what, bytes), bytes) << what;
        if (what.starts_with("plaintext of request")) plaintext = bytes;
        std::optional<::attest::Message> request;
        if (what.starts_with("attest.Message of request")) request = parse<::attest::Message>(bytes);
        if (what.starts_with("fog_ledger.LedgerRequest with check"))
            request = parse<fog_ledger::LedgerRequest>(bytes)->check_key_images();
        if (request) {
            const auto opened =
                cipher.open(chain::as_bytes(request->aad()), chain::as_bytes(request->data()));
            ASSERT_TRUE(opened) << what;
            EXPECT_EQ(std::string(opened->begin(), opened->end()), plaintext) << what;
        }
        ++compared;
    }
    EXPECT_EQ(compared, 15u);
    EXPECT_EQ(cipher.counter(), 3u);
}

} // namespace
} // namespace real::grpc
