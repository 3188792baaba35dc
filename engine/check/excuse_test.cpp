#include "engine/check/excuse.hpp"

#include <gtest/gtest.h>

namespace engine::check {
namespace {

// Nodes 1 and 2 are ingest nodes, 3 a view store, 4 its router; wallets come from 9.
struct CallPathTest : ::testing::Test {
    CallPath path{{NodeId{3}, NodeId{4}}, [](NodeId node) { return node == NodeId{9}; }};
    bool on(const Fault& fault) const { return lies_on(path, fault); }
};

TEST_F(CallPathTest, fault_elsewhere_excuses_nothing) {
    EXPECT_FALSE(on(faults::Partition{NodeId{1}, NodeId{2}}));
    EXPECT_FALSE(on(faults::Isolate{NodeId{1}}));
    EXPECT_FALSE(on(faults::DbDownFor{NodeId{2}}));
    EXPECT_FALSE(on(faults::LoseCommitAck{NodeId{1}, {1}}));
    EXPECT_FALSE(on(faults::DiskFull{NodeId{1}}));
    EXPECT_FALSE(on(faults::OutdatedWallet{NodeId{8}})) << "somebody else's";
}

TEST_F(CallPathTest, link_needs_both_its_ends_on_the_path) {
    EXPECT_TRUE(on(faults::Cut{NodeId{4}, NodeId{3}}));
    EXPECT_TRUE(on(faults::ResetConnections{NodeId{9}, NodeId{4}, {256}}));
    EXPECT_FALSE(on(faults::Cut{NodeId{4}, NodeId{1}}));
    EXPECT_FALSE(on(faults::DropAnswers{NodeId{8}, NodeId{4}, {256}})) << "another wallet's link";
}

TEST_F(CallPathTest, what_a_service_on_the_path_needs_lies_on_it) {
    EXPECT_TRUE(on(faults::DbDown{}));
    EXPECT_TRUE(on(faults::DbDownFor{NodeId{3}}));
    EXPECT_TRUE(on(faults::FailedLookUps{NodeId{3}, {9}}));
    EXPECT_TRUE(on(faults::OutdatedWallet{NodeId{9}}));
}

TEST(Cause, only_an_error_that_was_injected_has_one) {
    EXPECT_EQ(cause_of({Code::unavailable, "connection reset", true}), "connection reset");
    EXPECT_EQ(cause_of({Code::internal, "ledger router"}), "") << "a service's own error, whatever is wrong";
}

} // namespace
} // namespace engine::check
