#include "real/attest/noise.hpp"

#include <gtest/gtest.h>

#include "engine/chain/bytes.hpp"
#include "real/attest/test_support.hpp"

namespace real::attest {
namespace {

using engine::chain::as_bytes;
using test::fixed;
using test::hex;
using test::Json;
using test::keys;

// Test cases 13, 14 and 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega), the ones with keys of
// 256 bits: nothing, one block of zeros, and a text with associated data.
TEST(AesGcmTest, AnswersAsPublished) {
    struct Case {
        std::string_view key, nonce, text, associated, cipher, tag;
    };
    const std::string zeros(64, '0');
    const std::array<Case, 3> cases{
        {{zeros, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
         {zeros, "000000000000000000000000", "00000000000000000000000000000000", "",
          "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
         {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
          "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b1"
          "6aed"
          "f5aa0de657ba637b39",
          "feedfacedeadbeeffeedfacedeadbeefabaddad2",
          "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5"
          "f61e"
          "6393ba7a0abcc9f662",
          "76fc6ece0f4e1768cddf8853bb2d551b"}}};
    for (const Case& c : cases) {
        engine::chain::AesKey key{};
        engine::chain::GcmNonce nonce{};
        std::ranges::copy(hex(c.key), key.begin());
        std::ranges::copy(hex(c.nonce), nonce.begin());
        Bytes data = hex(c.text);
        const auto tag = engine::chain::aes256_gcm_seal(key, nonce, data, hex(c.associated));
        EXPECT_EQ(data, hex(c.cipher));
        EXPECT_EQ(Bytes(tag.begin(), tag.end()), hex(c.tag));
        EXPECT_TRUE(engine::chain::aes256_gcm_open(key, nonce, tag, data, hex(c.associated)));
        EXPECT_EQ(data, hex(c.text));
        Bytes other = hex(c.associated);
        other.push_back(0);
        data = hex(c.cipher);
        EXPECT_FALSE(engine::chain::aes256_gcm_open(key, nonce, tag, data, other));
    }
}

/// Both ends of a published conversation: messages alternate, beginning with the client's.
TEST(NoiseTest, SpeaksThePublishedConversation) {
    const Json v = test::test_data("noise_nx.json")["published"];
    Initiator client(hex(v["init_prologue"]), keys(v["init_ephemeral"]));
    const Json& messages = v["messages"];
    const Bytes message_1 = client.message_1(hex(messages[0]["payload"]));
    EXPECT_EQ(message_1, hex(messages[0]["ciphertext"]));
    auto server = respond(hex(v["resp_prologue"]), keys(v["resp_static"]), keys(v["resp_ephemeral"]),
                          message_1, hex(messages[1]["payload"]));
    ASSERT_TRUE(server);
    EXPECT_EQ(server->payload_1, hex(messages[0]["payload"]));
    EXPECT_EQ(server->message_2, hex(messages[1]["ciphertext"]));
    auto finished = std::move(client).read_message_2(server->message_2);
    ASSERT_TRUE(finished);
    EXPECT_EQ(finished->payload, hex(messages[1]["payload"]));
    EXPECT_EQ(finished->responder, keys(v["resp_static"]).open);
    EXPECT_EQ(finished->channel.id, fixed<ChannelId>(v["handshake_hash"]));
    EXPECT_EQ(server->channel.id, finished->channel.id);
    for (std::size_t i = 2; i < messages.size(); ++i) {
        SecureChannel& from = i % 2 == 0 ? finished->channel : server->channel;
        SecureChannel& to = i % 2 == 0 ? server->channel : finished->channel;
        const Bytes payload = hex(messages[i]["payload"]);
        EXPECT_EQ(from.sending.seal({}, payload), hex(messages[i]["ciphertext"])) << i;
        EXPECT_EQ(to.receiving.open({}, hex(messages[i]["ciphertext"])), payload) << i;
    }
}

Bytes to_bytes(const engine::chain::Digest64& digest) { return {digest.begin(), digest.end()}; }

/// Every hash and key of a handshake that MobileCoin's own client completed.
void expect_steps(const Json& v) {
    SymmetricState state(noise_nx);
    const X25519Keys client = keys(v["initiator_ephemeral_private"]);
    const X25519Keys server = keys(v["responder_ephemeral_private"]);
    const X25519Keys own = keys(v["responder_static_private"]);
    for (const Json& step : v["steps"]) {
        const std::string after = step["after"];
        if (after == "prologue") state.mix_hash(as_bytes(v["prologue_text"].get_ref<const std::string&>()));
        if (after == "e of initiator") state.mix_hash(client.open.view());
        if (after == "empty payload of message 1") state.encrypt_and_hash({});
        if (after == "e of responder") state.mix_hash(server.open.view());
        if (after == "ee") state.mix_key(exchange(*server.secret, client.open)->view());
        if (after == "s of responder") state.encrypt_and_hash(own.open.view());
        if (after == "es") state.mix_key(exchange(*own.secret, client.open)->view());
        if (after == "payload of message 2") state.encrypt_and_hash(hex(v["message_2_payload"]));
        EXPECT_EQ(to_bytes(state.hash()), hex(step["h"])) << after;
        EXPECT_EQ(to_bytes(state.chaining_key()), hex(step["ck"])) << after;
        if (step.contains("k")) {
            const auto& key = state.cipher()->key();
            EXPECT_EQ(Bytes(key.begin(), key.end()), hex(step["k"])) << after;
        }
    }
}

TEST(NoiseTest, DerivesWhatAClientOfMobileCoinDerives) {
    const Json v = test::test_data("noise_nx.json")["client"];
    ASSERT_EQ(v["steps"].size(), 8u);
    expect_steps(v);
    const auto server = respond(as_bytes(v["prologue_text"].get_ref<const std::string&>()),
                                keys(v["responder_static_private"]), keys(v["responder_ephemeral_private"]),
                                hex(v["message_1"]), as_bytes("any payload"));
    ASSERT_TRUE(server);
    EXPECT_EQ(Bytes(server->message_2.begin(), server->message_2.begin() + 80), hex(v["message_2_head"]));
    // What upstream's responder takes, too.
    for (const char* message : {"07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c01",
                                "0000000000000000000000000000000000000000000000000000000000000000",
                                "0100000000000000000000000000000000000000000000000000000000000000",
                                "07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1cfc",
                                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"})
        EXPECT_TRUE(respond({}, X25519Keys::random(), X25519Keys::random(), hex(message), {})) << message;
    EXPECT_FALSE(respond({}, X25519Keys::random(), X25519Keys::random(), {}, {}));
    EXPECT_FALSE(respond({}, X25519Keys::random(), X25519Keys::random(), Bytes(31), {}));
}

/// The whole of it, with both messages and the transport, from the file of known answers.
class RecordedHandshakeTest : public engine::chain::test::KnownAnswersTest {};
JUDGE_KNOWN_ANSWERS(RecordedHandshakeTest);

TEST_P(RecordedHandshakeTest, ByteForByte) {
    const Json v = document("tx/attest_handshake.json");
    expect_steps(v);
    const ByteView prologue = as_bytes(v["prologue_text"].get_ref<const std::string&>());
    Initiator client(prologue, keys(v["initiator_ephemeral_private"]));
    EXPECT_EQ(client.message_1(), hex(v["message_1"]));
    auto server =
        respond(prologue, keys(v["responder_static_private"]), keys(v["responder_ephemeral_private"]),
                hex(v["message_1"]), hex(v["message_2_payload"]));
    ASSERT_TRUE(server);
    EXPECT_EQ(server->message_2, hex(v["message_2"]));
    auto finished = std::move(client).read_message_2(hex(v["message_2"]));
    ASSERT_TRUE(finished);
    EXPECT_EQ(finished->channel.id, fixed<ChannelId>(v["channel_id"]));
    EXPECT_EQ(finished->responder, fixed<X25519Public>(v["responder_static_public"]));
    const auto& to_server = finished->channel.sending.key();
    const auto& to_client = finished->channel.receiving.key();
    EXPECT_EQ(Bytes(to_server.begin(), to_server.end()), hex(v["key_client_to_server"]));
    EXPECT_EQ(Bytes(to_client.begin(), to_client.end()), hex(v["key_server_to_client"]));
    for (const Json& message : v["transport"]) {
        const bool up = message["direction"] == "client to server";
        SecureChannel& from = up ? finished->channel : server->channel;
        SecureChannel& to = up ? server->channel : finished->channel;
        EXPECT_EQ(from.sending.counter(), message["counter"].get<std::uint64_t>());
        EXPECT_EQ(from.sending.seal(hex(message["aad"]), hex(message["plaintext"])),
                  hex(message["ciphertext"]));
        EXPECT_EQ(to.receiving.open(hex(message["aad"]), hex(message["ciphertext"])),
                  hex(message["plaintext"]));
    }
    for (const Json& row : v["message_1_to_upstream_responder"])
        EXPECT_EQ(
            respond(prologue, X25519Keys::random(), X25519Keys::random(), hex(row["hex"]), {}).has_value(),
            row["verdict"] == "accepted")
            << row;
}

/// A conversation of our own two ends.
class ChannelTest : public testing::Test {
protected:
    ChannelTest() {
        Initiator initiator(prologue_, X25519Keys::random());
        auto accepted = respond(prologue_, own_, X25519Keys::random(), initiator.message_1(), payload_);
        message_2_ = accepted->message_2;
        server_.emplace(std::move(accepted->channel));
        auto finished = std::move(initiator).read_message_2(message_2_);
        EXPECT_TRUE(finished);
        EXPECT_EQ(finished->payload, payload_);
        client_.emplace(std::move(finished->channel));
    }

    const Bytes prologue_{'h', ':', '1'};
    const Bytes payload_{1, 2, 3};
    const X25519Keys own_ = X25519Keys::random();
    Bytes message_2_;
    std::optional<SecureChannel> server_;
    std::optional<SecureChannel> client_;
};

// As upstream's own session object answers when asked.
TEST_F(ChannelTest, AFailureMovesNothing) {
    const Bytes reply_1 = server_->sending.seal({}, Bytes{1}).value();
    const Bytes reply_2 = server_->sending.seal(Bytes{9}, Bytes{2}).value();
    Bytes damaged = reply_1;
    damaged.back() ^= 1;
    EXPECT_FALSE(client_->receiving.open({}, damaged));
    EXPECT_FALSE(client_->receiving.open({}, reply_2)); // the one before it is lost
    EXPECT_FALSE(client_->receiving.open(Bytes{1}, reply_1));
    EXPECT_EQ(client_->receiving.open({}, reply_1), Bytes{1});
    EXPECT_FALSE(client_->receiving.open({}, reply_1)); // twice
    EXPECT_EQ(client_->receiving.open(Bytes{9}, reply_2), Bytes{2});
}

TEST_F(ChannelTest, AnEmptyTextIsATagAlone) {
    const Bytes sealed = client_->sending.seal({}, {}).value();
    EXPECT_EQ(sealed.size(), gcm_tag_size);
    EXPECT_EQ(server_->receiving.open({}, sealed), Bytes{});
    EXPECT_FALSE(server_->receiving.open({}, Bytes(gcm_tag_size - 1)));
}

TEST_F(ChannelTest, DirectionsHaveKeysOfTheirOwn) {
    const Bytes mine = client_->sending.seal({}, Bytes{1}).value();
    EXPECT_FALSE(client_->receiving.open({}, mine));
}

TEST(CipherStateTest, TheLastCounterIsNotUsed) {
    CipherState cipher(engine::chain::AesKey{}, ~std::uint64_t{0} - 1);
    EXPECT_TRUE(cipher.seal({}, Bytes{1}));
    EXPECT_FALSE(cipher.seal({}, Bytes{1}));
    CipherState reader(engine::chain::AesKey{}, ~std::uint64_t{0});
    EXPECT_FALSE(reader.open({}, Bytes(17)));
}

TEST(NoiseTest, EveryDamageToMessage2IsNoticed) {
    const Bytes prologue{'a'};
    const X25519Keys own = X25519Keys::random();
    const auto read = [&](const auto& change) {
        Initiator client(prologue, X25519Keys::random());
        Bytes message =
            respond(prologue, own, X25519Keys::random(), client.message_1(), Bytes(40, 7))->message_2;
        change(message);
        return std::move(client).read_message_2(message).has_value();
    };
    EXPECT_TRUE(read([](Bytes&) {}));
    EXPECT_FALSE(read([](Bytes& m) { m.clear(); }));
    EXPECT_FALSE(read([](Bytes& m) { m.resize(79); }));
    EXPECT_FALSE(read([](Bytes& m) { m.resize(95); }));
    EXPECT_FALSE(read([](Bytes& m) { m.push_back(0); }));
    EXPECT_FALSE(read([](Bytes& m) { std::fill_n(m.begin(), 32, std::uint8_t{0}); }));
    for (std::size_t at = 0; at < 32 + 48 + 40 + 16; ++at)
        EXPECT_FALSE(read([at](Bytes& m) { m[at] ^= 0x10; })) << at;
}

TEST(NoiseTest, AnotherPrologueDoesNotDecrypt) {
    Initiator client(as_bytes("localhost:1"), X25519Keys::random());
    const auto server =
        respond(as_bytes("127.0.0.1:1"), X25519Keys::random(), X25519Keys::random(), client.message_1(), {});
    EXPECT_FALSE(std::move(client).read_message_2(server->message_2));
}

TEST(NoiseTest, EvidenceMayBeLongerThanNoiseAllows) {
    Initiator client({}, X25519Keys::random());
    const Bytes evidence(200'000, 3);
    const auto server = respond({}, X25519Keys::random(), X25519Keys::random(), client.message_1(), evidence);
    EXPECT_EQ(std::move(client).read_message_2(server->message_2)->payload, evidence);
}

} // namespace
} // namespace real::attest
