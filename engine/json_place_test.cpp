#include "engine/json_place.hpp"

#include <gtest/gtest.h>

namespace engine {
namespace {

constexpr const char* text = R"({
 "a": 1, "odd \" , ] name": [true,
   null],
 "steps": [
  {"x": -1.5e3}, [[], {}],
  {"x": "}]",
   "credits": [{"amount": 1},
     {"amount": 2}]}
 ]
}
)";

TEST(JsonPlace, values_are_found_where_they_begin) {
    EXPECT_EQ(line_of(text, "plan"), 1u);
    EXPECT_EQ(line_of(text, "plan.a"), 2u);
    EXPECT_EQ(line_of(text, "plan.steps"), 4u);
    EXPECT_EQ(line_of(text, "plan.steps[0].x"), 5u);
    EXPECT_EQ(line_of(text, "plan.steps[1][1]"), 5u);
    EXPECT_EQ(line_of(text, "plan.steps[2]"), 6u);
    EXPECT_EQ(line_of(text, "plan.steps[2].credits[0].amount"), 7u);
    EXPECT_EQ(line_of(text, "plan.steps[2].credits[1]"), 8u);
}

TEST(JsonPlace, what_is_missing_is_where_it_should_be) {
    EXPECT_EQ(line_of(text, "plan.steps[2].action"), 6u);
    EXPECT_EQ(line_of(text, "plan.nothing"), 1u);
    EXPECT_EQ(line_of(text, "plan.steps[7].x"), 4u);
    EXPECT_EQ(line_of("", "plan.x"), 1u);
    EXPECT_EQ(line_of("[\"", "plan[0].x"), 1u) << "what is no JSON ends, too";
}

TEST(JsonPlace, lines_of_bytes) {
    EXPECT_EQ(line_of_byte("ab\ncd", 0), 1u);
    EXPECT_EQ(line_of_byte("ab\ncd", 3), 2u);
    EXPECT_EQ(line_of_byte("ab\ncd", 99), 2u);
}

} // namespace
} // namespace engine
