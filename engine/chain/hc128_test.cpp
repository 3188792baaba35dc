#include <gtest/gtest.h>

#include "engine/chain/hc128.hpp"
#include "engine/chain/hex.hpp"

namespace engine::chain {
namespace {

Hc128::Seed seed_from_hex(std::string_view hex) { return fixed_from_hex<Hash32>(hex).value().bytes; }

std::string draw(Hc128& rng, std::size_t n) {
    Bytes out(n);
    rng.fill(out);
    return to_hex(out);
}

TEST(Hc128Test, key_stream_of_known_seeds) {
    // The first is test vector 1 of the cipher's paper.
    const struct {
        const char* seed;
        const char* stream;
    } rows[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000",
         "82001573a003fd3b7fd72ffb0eaf63aac62f12deb629dca72785a66268ec758b"
         "1edb36900560898178e0ad009abf1f491330dc1c246e3d6cb264f6900271d59c"},
        {"0101010101010101010101010101010101010101010101010101010101010101",
         "029a2f3945a8f6bb1fb5b11a54283a40526d282359243905f1a30db82a9e597c"
         "ebf8bd9b42682cfad6b7ba01cfdf08af2c38907caf33b7daf888986d07b5549c"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "2be0721c5dca3bca218905e514b8d989c4d8320df33b2736c0e17a9a0d072e7b"
         "3c85fe0432f4b83d4b3b140261f14ce3e395539199783f564b8ab1873a80ddc8"},
    };
    for (const auto& row : rows) {
        Hc128 rng(seed_from_hex(row.seed));
        EXPECT_EQ(draw(rng, 64), row.stream);
    }
}

TEST(Hc128Test, both_tables_turn_over) {
    Hc128 rng(seed_from_hex("0101010101010101010101010101010101010101010101010101010101010101"));
    draw(rng, 4096);
    EXPECT_EQ(draw(rng, 64), "7ebfdf605bc06390e65cb001851f2ba730e4fc111bcab20fe7bf7eba9a1da8b2"
                             "d22f24c9006d47a304ebafd15274d7c38563a069072746b8187607c756614368");
}

TEST(Hc128Test, a_partly_used_word_is_thrown_away) {
    // Stream words of the zero seed: 82001573 a003fd3b 7fd72ffb 0eaf63aa.
    Hc128 rng(Hc128::Seed{});
    EXPECT_EQ(draw(rng, 5), "82001573a0");
    EXPECT_EQ(draw(rng, 0), "");
    EXPECT_EQ(draw(rng, 4), "7fd72ffb");
    EXPECT_EQ(rng.next_u32(), 0xaa63af0eu);
}

TEST(Hc128Test, next_u64_draws_the_low_word_first) {
    Hc128 rng(Hc128::Seed{});
    EXPECT_EQ(rng.next_u64(), 0x3bfd03a073150082u);
}

TEST(Hc128Test, uniform_stays_in_range_and_reaches_both_ends) {
    Hc128 rng(Hc128::Seed{});
    bool low = false;
    bool high = false;
    for (int i = 0; i < 1000; ++i) {
        const std::uint32_t v = rng.uniform(2, 41);
        ASSERT_GE(v, 2u);
        ASSERT_LE(v, 41u);
        low = low || v == 2;
        high = high || v == 41;
    }
    EXPECT_TRUE(low && high);
    EXPECT_EQ(rng.uniform(7, 7), 7u);
}

TEST(Hc128Test, uniform_refuses_words_beyond_the_zone) {
    // 42 values: the zone ends at 42 * 2^26 - 1 = 0xa7ffffff.  The first words of the zero seed are
    // 0x73150082, whose product with 42 has the low half 0xe1721554: refused; and 0x3bfd03a0, low half
    // 0xd7829840: refused as well; then 0xfb2fd77f: product 0x29_35d95ad6: accepted, so the value is 0x29
    // above the low end.
    Hc128 rng(Hc128::Seed{});
    EXPECT_EQ(rng.uniform(1, 42), 1u + 0x29u);
    EXPECT_EQ(rng.next_u32(), 0xaa63af0eu) << "three words were drawn";
}

} // namespace
} // namespace engine::chain
