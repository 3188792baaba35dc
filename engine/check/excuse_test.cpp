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

TEST(Excuse, only_an_error_that_something_struck_has_one) {
    Error struck{Code::unavailable, "connection reset"};
    struck.cause.what = Cause::What::fault;
    struck.cause.fault = FaultKind::reset_connections;
    struck.cause.until = Instant{} + 10s;
    EXPECT_TRUE(excuses(struck, Instant{} + 10s));
    EXPECT_FALSE(excuses({Code::internal, "ledger router"}, Instant{})) << "a service's own error";
}

TEST(Excuse, cause_excuses_for_a_bounded_time_after_its_end) {
    Error late{Code::unavailable, "connection refused"};
    late.cause.what = Cause::What::down;
    late.cause.until = Instant{} + 10s;
    EXPECT_TRUE(excuses(late, Instant{} + 10s + longest_consequence));
    EXPECT_FALSE(excuses(late, Instant{} + 10s + longest_consequence + 1ns));
}

TEST(Excuse, failed_check_is_counted_either_way) {
    Checks checks;
    FailedCheck failed{NodeId{9}, AccountId{1}, {Code::unavailable, "view router"}, "fog_view: unavailable"};
    failed.error.cause.what = Cause::What::down;
    EXPECT_TRUE(judge_failed_check(checks, failed));
    EXPECT_FALSE(checks.any_violation());
    ASSERT_EQ(checks.excuses().size(), 1U);
    EXPECT_EQ(checks.excuses()[0].said, "fog_view: unavailable");
    failed.error.cause = {};
    EXPECT_FALSE(judge_failed_check(checks, failed));
    ASSERT_EQ(checks.violations().size(), 1U);
    EXPECT_EQ(checks.violations()[0].check, CheckId::crash);
    EXPECT_EQ(checks.violations()[0].account, AccountId{1});
}

} // namespace
} // namespace engine::check
