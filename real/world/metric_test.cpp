#include <gtest/gtest.h>

#include "real/world/nodes.hpp"

namespace real {
namespace {

constexpr const char* page = "# HELP fog_view_gauge all of them\n"
                             "# TYPE fog_view_gauge gauge\n"
                             "other_fog_view_gauge{op=\"count\"} 1\n"
                             "fog_view_gauge{op=\"count\"} 12\n"
                             "fog_view_gauge{op=\"count_of_more\"} 13\n"
                             "fog_view_gauge{op=\"behind\"}   -4\n"
                             "fog_view_gauge{op=\"nothing\"}\n"
                             "fog_view_gauge{op=\"words\"} many\n"
                             "fog_view_gauge{op=\"last\"} 9223372036854775807";

TEST(Metric, IsReadByItsWholeName) {
    EXPECT_EQ(metric(page, "fog_view_gauge", "count"), 12);
    EXPECT_EQ(metric(page, "other_fog_view_gauge", "count"), 1);
    EXPECT_EQ(metric(page, "fog_view_gauge", "count_of_more"), 13);
    EXPECT_EQ(metric(page, "fog_view_gauge", "behind"), -4);
    EXPECT_EQ(metric(page, "fog_view_gauge", "last"), 9223372036854775807);
}

TEST(Metric, WhatThePageDoesNotSayIsNothing) {
    EXPECT_EQ(metric(page, "fog_view_gauge", "coun"), std::nullopt);
    EXPECT_EQ(metric(page, "view_gauge", "count"), std::nullopt) << "the end of another name";
    EXPECT_EQ(metric(page, "fog_view_gauge", "words"), std::nullopt);
    EXPECT_EQ(metric("", "fog_view_gauge", "count"), std::nullopt);
    EXPECT_EQ(metric("fog_view_gauge{op=\"count\"}", "fog_view_gauge", "count"), std::nullopt);
}

TEST(Metric, AValueIsNotTakenFromTheNextLine) {
    EXPECT_EQ(metric(page, "fog_view_gauge", "nothing"), std::nullopt);
    EXPECT_EQ(metric("x{op=\"a\"} 99999999999999999999\nx{op=\"a\"} 5", "x", "a"), 5)
        << "what is no number of 64 bits is passed over";
}

} // namespace
} // namespace real
