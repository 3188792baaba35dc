#include <gtest/gtest.h>

#include <algorithm>

#include "engine/chain/hc128.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/merlin.hpp"

namespace engine::chain {
namespace {

TEST(KeccakTest, permutes_the_zero_state_to_the_published_lanes) {
    // Keccak team's known answers: the first lanes after one and after two permutations of zero.
    KeccakState state{};
    keccak_f1600(state);
    EXPECT_EQ(state[0], 0xf1258f7940e1dde7u);
    EXPECT_EQ(state[1], 0x84d5ccf933c0478au);
    EXPECT_EQ(state[24], 0xeaf1ff7b5ceca249u);
    keccak_f1600(state);
    EXPECT_EQ(state[0], 0x2d5c954df96ecb3cu);
}

TEST(TranscriptTest, answers_the_challenge_of_the_reference_protocol) {
    Transcript transcript("test protocol");
    transcript.append("some label", "some data");
    EXPECT_EQ(to_hex(transcript.challenge<32>("challenge")),
              "d5a21972d0d5fe320c0d263fac7fffb8145aa640af6e9bca177c03c7efcf0615");
}

TEST(TranscriptTest, depends_on_labels_lengths_and_order) {
    const auto answer = [](auto... steps) {
        Transcript t("x");
        (t.append(steps.first, std::string_view(steps.second)), ...);
        return t.challenge<32>("c");
    };
    using Step = std::pair<const char*, const char*>;
    const auto plain = answer(Step{"a", "bc"});
    EXPECT_NE(plain, answer(Step{"ab", "c"}));
    EXPECT_NE(plain, answer(Step{"a", "b"}, Step{"", "c"}));
    EXPECT_NE(answer(Step{"a", "1"}, Step{"a", "2"}), answer(Step{"a", "2"}, Step{"a", "1"}));
    EXPECT_EQ(plain, answer(Step{"a", "bc"}));
}

TEST(TranscriptTest, long_messages_cross_the_rate) {
    // Absorbing in one go and challenging in one go must not depend on where the 166 byte blocks end.
    for (const std::size_t length : {100u, 160u, 166u, 167u, 400u}) {
        const Bytes message(length, 0x42);
        Transcript one("long");
        one.append("m", message);
        Transcript copy = one;
        Bytes out(400);
        one.challenge("c", out);
        Bytes again(400);
        copy.challenge("c", again);
        EXPECT_EQ(out, again);
        EXPECT_NE(Bytes(out.begin(), out.begin() + 200), Bytes(out.begin() + 200, out.end()));
    }
}

TEST(TranscriptTest, forked_rng_binds_transcript_witness_and_outer_bytes) {
    const auto first_bytes = [](const char* message, std::uint8_t witness, std::uint8_t seed) {
        Transcript t("fork");
        t.append("m", std::string_view(message));
        Hc128::Seed outer_seed{};
        outer_seed[0] = seed;
        Hc128 outer(outer_seed);
        TranscriptRng rng = t.rng("w", ByteView(&witness, 1), outer);
        Bytes out(32);
        rng.fill(out);
        return out;
    };
    const Bytes base = first_bytes("m", 1, 1);
    EXPECT_EQ(base, first_bytes("m", 1, 1));
    EXPECT_NE(base, first_bytes("n", 1, 1));
    EXPECT_NE(base, first_bytes("m", 2, 1));
    EXPECT_NE(base, first_bytes("m", 1, 2));
}

} // namespace
} // namespace engine::chain
