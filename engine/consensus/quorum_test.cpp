#include "engine/consensus/quorum.hpp"

#include <gtest/gtest.h>

#include "engine/consensus/testing/scp_network.hpp"

namespace engine::consensus {
namespace {

using namespace test;

NodeKeys keys(std::initializer_list<std::uint8_t> numbers) {
    NodeKeys out;
    for (const std::uint8_t number : numbers) out.insert(key(number));
    return out;
}

TEST(QuorumSetTest, ThresholdIsAtMostTheNumberOfMembers) {
    EXPECT_TRUE(is_valid(quorum_set(0, {})));
    EXPECT_TRUE(is_valid(quorum_set(2, {1, 2})));
    EXPECT_FALSE(is_valid(quorum_set(3, {1, 2})));
    QuorumSet nested = quorum_set(1, {1});
    nested.members.push_back(member(quorum_set(2, {2})));
    EXPECT_FALSE(is_valid(nested)) << "an inner set is wrong";
    QuorumSet hollow = quorum_set(1, {1});
    hollow.members.push_back({});
    EXPECT_FALSE(is_valid(hollow)) << "a member is nothing";
}

TEST(QuorumSetTest, SlicesAndBlockingSetsCountMembersNotNodes) {
    // 2 of: node 1, 2 of {2, 3, 4}.
    QuorumSet set = quorum_set(2, {1});
    set.members.push_back(member(quorum_set(2, {2, 3, 4})));
    EXPECT_FALSE(is_satisfied(set, keys({2, 3, 4})));
    EXPECT_FALSE(is_satisfied(set, keys({1, 2})));
    EXPECT_TRUE(is_satisfied(set, keys({1, 2, 4})));
    EXPECT_FALSE(is_blocking(set, keys({3})));
    EXPECT_TRUE(is_blocking(set, keys({2, 4})));
    EXPECT_TRUE(is_blocking(set, keys({1})));
    EXPECT_FALSE(is_blocking(quorum_set(0, {}), keys({1}))) << "who needs nobody is blocked by nobody";
}

TEST(QuorumTest, EachNodeNeedsASliceOfItsOwn) {
    // The paper's second figure: 1 needs {2, 3}; 2, 3 and 4 need each other.
    const QuorumSet of_1 = quorum_set(2, {2, 3});
    const QuorumSet of_2 = quorum_set(2, {3, 4});
    const QuorumSet of_3 = quorum_set(2, {2, 4});
    const QuorumSet of_4 = quorum_set(2, {2, 3});
    const NodeKey n1 = key(1), n2 = key(2), n3 = key(3), n4 = key(4);
    const std::vector<Supporter> without_4{{&n2, &of_2}, {&n3, &of_3}};
    EXPECT_FALSE(is_quorum(n1, of_1, without_4)) << "a slice, but 2 and 3 lack theirs";
    const std::vector<Supporter> all{{&n2, &of_2}, {&n3, &of_3}, {&n4, &of_4}};
    EXPECT_TRUE(is_quorum(n1, of_1, all));
}

TEST(QuorumTest, ARingNeedsAllItsNodes) {
    const QuorumSet of_1 = quorum_set(1, {2}), of_2 = quorum_set(1, {3}), of_3 = quorum_set(1, {1});
    const NodeKey n1 = key(1), n2 = key(2), n3 = key(3);
    const std::vector<Supporter> one{{&n2, &of_2}};
    EXPECT_FALSE(is_quorum(n1, of_1, one));
    const std::vector<Supporter> both{{&n2, &of_2}, {&n3, &of_3}};
    EXPECT_TRUE(is_quorum(n1, of_1, both));
}

TEST(WeightTest, IsThePartAlongThePath) {
    QuorumSet set = quorum_set(2, {1, 2});
    set.members.push_back(member(quorum_set(3, {3, 4, 5, 6})));
    EXPECT_EQ(weight_of(key(1), set), (Weight{2, 3}));
    EXPECT_EQ(weight_of(key(5), set), (Weight{6, 12}));
    EXPECT_EQ(weight_of(key(9), set), (Weight{0, 1}));
}

} // namespace
} // namespace engine::consensus
