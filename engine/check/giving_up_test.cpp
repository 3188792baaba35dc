#include "engine/check/giving_up.hpp"

#include <gtest/gtest.h>

namespace engine::check {
namespace {

struct GivingUpTest : ::testing::Test {
    GivingUpTest() {
        node.node = "ingest0";
        node.key.bytes[0] = 1;
        node.at = BlockIndex{7};
        row().record.key = node.key;
        row().record.expiry = BlockIndex{5};
    }
    model::RecoveryRows::Key& row() { return rows.keys[node.key]; }
    void store(std::uint64_t block, std::int64_t invocation) {
        fog::IngestedBlock stored;
        stored.block = BlockIndex{block};
        stored.invocation = InvocationId{invocation};
        row().blocks.emplace(stored.block, stored);
    }
    /// Invocation 1 is the node's.
    bool has_reason() const {
        Checks checks;
        judge_giving_up(checks, rows, node, [](InvocationId id) { return id == InvocationId{1}; });
        EXPECT_EQ(checks.judged(CheckId::liveness), 1u);
        return !checks.any_violation();
    }

    model::RecoveryRows rows;
    GivingUp node;
};

TEST_F(GivingUpTest, node_without_a_reason_may_not_stop) {
    EXPECT_FALSE(has_reason());
    store(6, 2);
    EXPECT_FALSE(has_reason()) << "another block";
    store(7, 1);
    EXPECT_FALSE(has_reason()) << "it has stored that one itself";
    row().record.retired = true;
    node.at = BlockIndex{5};
    EXPECT_FALSE(has_reason()) << "a retired key's node stores the block at the expiry, too";
}

TEST_F(GivingUpTest, lost_or_ended_key_is_a_reason) {
    row().record.lost = true;
    EXPECT_TRUE(has_reason());
    row().record.lost = false;
    row().record.retired = true;
    EXPECT_TRUE(has_reason());
    rows.keys.clear();
    EXPECT_TRUE(has_reason()) << "its key was never stored";
}

TEST_F(GivingUpTest, block_of_somebody_else_is_a_reason) {
    store(7, 2);
    EXPECT_TRUE(has_reason());
}

TEST_F(GivingUpTest, forgotten_invocation_may_have_stored_the_block) {
    store(7, 1);
    node.may_have_stored_it = true;
    EXPECT_TRUE(has_reason());
}

} // namespace
} // namespace engine::check
