#include "real/world/answered.hpp"

#include <gtest/gtest.h>

namespace real {
namespace {

TEST(AnsweredTest, IsReadOffAPage) {
    const Answered view =
        Answered::on("# HELP fog_view_service_num_status_code Requests answered, by gRPC status\n"
                     "fog_view_service_num_req{method=\"Auth\"} 9\n"
                     "fog_view_service_num_status_code{method=\"Auth\",status_code=\"0\"} 2\n"
                     "fog_view_service_num_status_code{method=\"Auth\",status_code=\"7\"} 4\n"
                     "fog_view_service_num_status_code{method=\"Query\",status_code=\"0\"} 5\n"
                     "fog_view_service_num_status_code{method=\"Query\",status_code=\"14\"} 1\n"
                     "admin_service_num_status_code{method=\"GetInfo\",status_code=\"0\"} 3\n"
                     "fog_view_service_num_status_code{method=\"Check\",status_code=\"0\"} 3");
    EXPECT_EQ(view.well, 7u);
    EXPECT_EQ(view.complaints(), "Auth with PERMISSION_DENIED (4 times), Query with UNAVAILABLE (1 time)");
    EXPECT_FALSE(view.nothing());
    EXPECT_FALSE(view.only_badly());
}

TEST(AnsweredTest, LabelsMayBeLong) {
    const Answered router = Answered::on(
        "fog_ledger_router_grpc_num_status_code{method=\"fog_ledger.FogKeyImageAPI.CheckKeyImages\","
        "status_code=\"9-FAILED_PRECONDITION\"} 2\n");
    EXPECT_TRUE(router.only_badly());
    EXPECT_EQ(router.complaints(), "CheckKeyImages with FAILED_PRECONDITION (2 times)");
}

TEST(AnsweredTest, APageWithoutCallsOfWalletsSaysNothing) {
    EXPECT_TRUE(Answered::on("").nothing());
    EXPECT_TRUE(
        Answered::on("x_num_status_code{method=\"GetPrometheusMetrics\",status_code=\"0\"} 3\n").nothing());
}

} // namespace
} // namespace real
