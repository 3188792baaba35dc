#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

TEST(HexTest, refuses_odd_lengths_and_strangers) {
    for (const char* bad : {"0", "0g", "0x00", " 00", "00 ", "zz"}) EXPECT_FALSE(from_hex(bad)) << bad;
    EXPECT_EQ(from_hex(""), Bytes{});
    EXPECT_EQ(from_hex("00fFAb"), (Bytes{0, 255, 0xab}));
    EXPECT_FALSE(fixed_from_hex<Hash32>("00"));
}

RC_GTEST_PROP(HexTest, text_and_bytes_are_inverse, (const Bytes& bytes)) {
    RC_ASSERT(from_hex(to_hex(bytes)) == bytes);
}

TEST(BytesTest, integers_keep_their_order) {
    EXPECT_EQ(little_endian(std::uint32_t{0x01020304}), (std::array<std::uint8_t, 4>{4, 3, 2, 1}));
    EXPECT_EQ(big_endian(std::uint32_t{0x01020304}), (std::array<std::uint8_t, 4>{1, 2, 3, 4}));
    const std::uint64_t v = 0xfedcba9876543210u;
    EXPECT_EQ(load_little_endian<std::uint64_t>(little_endian(v)), v);
    EXPECT_EQ(load_big_endian<std::uint64_t>(big_endian(v)), v);
}

TEST(SecretTest, is_overwritten_when_it_goes) {
    using Key = std::array<std::uint8_t, 32>;
    alignas(Secret<Key>) std::array<std::uint8_t, sizeof(Secret<Key>)> memory;
    Key key;
    key.fill(0xa5);
    auto* secret = new (memory.data()) Secret<Key>(key);
    EXPECT_EQ((**secret)[7], 0xa5);
    secret->~Secret();
    for (const std::uint8_t byte : memory) EXPECT_EQ(byte, 0);

    Bytes buffer(8, 0x5a);
    { const WipeAtExit wipe_buffer(buffer); }
    EXPECT_EQ(buffer, Bytes(8, 0));
}

} // namespace
} // namespace engine::chain
