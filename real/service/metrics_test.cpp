#include "real/service/metrics.hpp"

#include <gtest/gtest.h>

namespace real::service {
namespace {

TEST(MetricsTest, GaugesAreAskedWhenSomebodyLooks) {
    Metrics metrics("fog_view");
    std::int64_t height = 3;
    metrics.gauge("highest_processed_block_count", [&height] { return height; });
    metrics.count("blocks_fetched_count", 2);
    metrics.count("blocks_fetched_count");
    height = 4;
    EXPECT_EQ(metrics.text(), "# HELP fog_view_gauge Present values\n"
                              "# TYPE fog_view_gauge gauge\n"
                              "fog_view_gauge{op=\"highest_processed_block_count\"} 4\n"
                              "# HELP fog_view What has happened since the start\n"
                              "# TYPE fog_view counter\n"
                              "fog_view{op=\"blocks_fetched_count\"} 3\n");
}

TEST(MetricsTest, RequestsAreCountedByMethodAndStatus) {
    Metrics metrics("x");
    metrics.request("fog_report_service", "get_reports", 0, 500'000'000);
    metrics.request("fog_report_service", "get_reports", 13, 1'000'000'000);
    metrics.request("fog_report_service", "check", 0, 0);
    const std::string text = metrics.text();
    for (const char* line :
         {"fog_report_service_num_req{method=\"get_reports\"} 2\n",
          "fog_report_service_num_req{method=\"check\"} 1\n",
          "fog_report_service_num_error{method=\"get_reports\"} 1\n",
          "fog_report_service_num_error{method=\"check\"} 0\n",
          "fog_report_service_num_status_code{method=\"get_reports\",status_code=\"13\"} 1\n",
          "fog_report_service_duration_sum{method=\"get_reports\"} 1.500000000\n",
          "fog_report_service_duration_count{method=\"get_reports\"} 2\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST(MetricsTest, NothingMeasuredIsNoText) { EXPECT_EQ(Metrics("x").text(), ""); }

} // namespace
} // namespace real::service
