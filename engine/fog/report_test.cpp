#include "engine/fog/report.hpp"

#include <gtest/gtest.h>

#include "engine/fog/testing/memory_recovery_db.hpp"
#include "sim/scheduler.hpp"

namespace engine::fog {
namespace {

using testing::DbOperation;
using testing::MemoryRecoveryDb;

using Reports = Result<std::vector<ReportRow>>;

chain::PublicKey key(std::uint8_t n) {
    chain::PublicKey out;
    out.bytes[0] = n;
    return out;
}

ReportRow row(const char* id, std::uint8_t n, std::uint64_t expiry) {
    ReportRow out;
    out.fog_report_id = id;
    out.ingress_key = key(n);
    out.expiry = BlockIndex{expiry};
    return out;
}

Task<> ask(ReportServer* server, std::optional<Reports>* answer) {
    Reports reports = co_await server->reports();
    answer->emplace(std::move(reports));
}

struct ReportTest : ::testing::Test {
    Choices choices{1};
    Trace trace;
    sim::Scheduler scheduler{choices, trace};
    MemoryRecoveryDb db{scheduler, NodeId{9}, Stream(choices, Domain::storage, 0, 0)};
    ReportServer server{db};

    Reports get() {
        std::optional<Reports> answer;
        spawn(scheduler, NodeId{1}, "sender", ask(&server, &answer));
        scheduler.run_until([&] { return answer.has_value(); });
        return *answer;
    }
};

TEST_F(ReportTest, empty_database_gives_an_empty_list) {
    const Reports reports = get();
    ASSERT_TRUE(reports.has_value());
    EXPECT_TRUE(reports->empty());
    const auto picked = pick_report(*reports, "");
    ASSERT_FALSE(picked.has_value());
    EXPECT_EQ(picked.error().code, Code::not_found);
}

TEST_F(ReportTest, last_publisher_under_an_id_is_the_one_senders_find) {
    for (const auto& k : {key(1), key(2), key(3)}) ASSERT_TRUE(db.put_key(k, BlockIndex{0}).has_value());
    ASSERT_TRUE(db.put_report(key(1), row("", 1, 10)).has_value());
    ASSERT_TRUE(db.put_report(key(2), row("other", 2, 20)).has_value());
    ASSERT_TRUE(db.put_report(key(3), row("", 3, 7)).has_value());
    const Reports reports = get();
    ASSERT_TRUE(reports.has_value());
    EXPECT_EQ(reports->size(), 2u);
    const auto main = pick_report(*reports, "");
    ASSERT_TRUE(main.has_value());
    EXPECT_EQ(main->ingress_key, key(3));
    EXPECT_EQ(main->expiry, BlockIndex{7});
    const auto other = pick_report(*reports, "other");
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ(other->ingress_key, key(2));
    EXPECT_EQ(other->expiry, BlockIndex{20});
    EXPECT_FALSE(pick_report(*reports, "othe").has_value()) << "ids are compared whole";
}

TEST_F(ReportTest, report_of_a_retired_or_lost_key_stays_as_it_was) {
    ASSERT_TRUE(db.put_key(key(1), BlockIndex{0}).has_value());
    ASSERT_TRUE(db.put_report(key(1), row("", 1, 10)).has_value());
    ASSERT_TRUE(db.put_retired(key(1), true).has_value());
    ASSERT_TRUE(db.put_report(key(1), row("", 1, 11)).has_value());
    const Reports reports = get();
    ASSERT_TRUE(reports.has_value());
    ASSERT_EQ(reports->size(), 1u);
    EXPECT_EQ(reports->front().expiry, BlockIndex{10});
}

TEST_F(ReportTest, reads_the_database_each_time_and_passes_its_failure_on) {
    db.fail_next(DbOperation::reports, 1, Code::unknown, true);
    db.fail_next(DbOperation::reports, 1, Code::internal, false);
    Reports reports = get();
    ASSERT_FALSE(reports.has_value());
    EXPECT_EQ(reports.error().code, Code::unavailable) << "a read that was not answered may be repeated";
    EXPECT_TRUE(reports.error().injected());
    reports = get();
    ASSERT_FALSE(reports.has_value());
    EXPECT_EQ(reports.error().code, Code::internal);
    EXPECT_TRUE(get().has_value());
    EXPECT_EQ(db.calls(DbOperation::reports), 3);
}

} // namespace
} // namespace engine::fog
