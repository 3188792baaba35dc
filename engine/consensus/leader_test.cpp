#include "engine/consensus/leader.hpp"

#include <gtest/gtest.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"
#include "engine/consensus/testing/scp_network.hpp"

namespace engine::consensus {
namespace {

using namespace test;

// FIPS 202's own examples, and one that is exactly as long as the sponge's rate.
TEST(Sha3Test, KnownAnswers) {
    EXPECT_EQ(chain::to_hex(sha3_256({})),
              "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    EXPECT_EQ(chain::to_hex(sha3_256(chain::as_bytes("abc"))),
              "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    EXPECT_EQ(chain::to_hex(sha3_256(chain::Bytes(200, 0xa3))),
              "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787");
}

TEST(DrawTest, PartsAreExact) {
    std::array<std::uint8_t, 32> half{};
    half[0] = 0x80;
    EXPECT_FALSE(is_below(half, {1, 2})) << "2^255 is just above half of 2^256 - 1";
    half = {};
    half.fill(0xff);
    half[0] = 0x7f;
    EXPECT_TRUE(is_below(half, {1, 2}));
    EXPECT_FALSE(is_below({}, {0, 1}));
    EXPECT_TRUE(is_below({}, {1, 1000}));
}

TEST(LeaderTest, NobodyIsDrawnTwiceAndAllAreDrawnOnce) {
    const QuorumSet set = others(1, 5, 4);
    NodeKeys leaders;
    for (std::uint32_t round = 1; round <= 40; ++round)
        leaders.insert(next_leader(7, round, key(1), set, leaders));
    EXPECT_EQ(leaders.size(), 5u);
}

TEST(LeaderTest, SlotsHaveDifferentLeaders) {
    NodeKeys first;
    for (std::uint64_t slot = 1; slot <= 50; ++slot)
        first.insert(next_leader(slot, 1, key(1), others(1, 5, 4), {}));
    EXPECT_EQ(first.size(), 5u);
}

} // namespace
} // namespace engine::consensus
