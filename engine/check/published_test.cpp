#include "engine/check/published.hpp"

#include <gtest/gtest.h>

#include "engine/tell/words.hpp"

namespace engine::check {
namespace {

Published at(std::uint64_t count, std::uint64_t last_known, std::uint64_t as_of) {
    return {BlockCount{count}, BlockCount{last_known}, fog::DbPosition{as_of}};
}

/// What is said of the second of two looks; empty: it is accepted.
std::string after(const Published& first, const Published& second, bool begins_anew = false) {
    Checks checks;
    PublishedChecker checker;
    checker.look(checks, "view0.0", first);
    EXPECT_FALSE(checks.any_violation());
    if (begins_anew) checker.begin_anew();
    checker.look(checks, "view0.0", second);
    EXPECT_EQ(checks.judged(CheckId::response), 2u);
    return checks.any_violation() ? tell::in_words(checks.violations().front()) : "";
}

TEST(PublishedChecker, store_that_stands_still_or_goes_on_is_right) {
    EXPECT_EQ(after(at(3, 4, 7), at(3, 4, 7)), "");
    EXPECT_EQ(after(at(3, 4, 7), at(4, 6, 9)), "");
}

TEST(PublishedChecker, nothing_goes_back_in_one_life) {
    EXPECT_EQ(after(at(3, 4, 7), at(2, 4, 7)), "view0.0 goes back from block count 3 to 2");
    EXPECT_EQ(after(at(3, 5, 7), at(3, 4, 7)), "view0.0 knew of 5 blocks, and knows of 4");
    EXPECT_EQ(after(at(3, 4, 7), at(3, 4, 6)),
              "view0.0 rests on a key list of database position 6, after one of 7");
    EXPECT_EQ(after(at(3, 4, 7), at(0, 0, 2), true), "") << "a restarted one begins with nothing";
}

TEST(PublishedChecker, count_lies_within_what_is_known) {
    EXPECT_EQ(after(at(3, 4, 7), at(5, 4, 7)), "view0.0 has block count 5 and knows of 4 blocks");
}

} // namespace
} // namespace engine::check
