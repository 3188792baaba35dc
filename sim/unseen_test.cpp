#include "sim/unseen.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "engine/hash.hpp"

namespace sim {
namespace {

constexpr std::array<engine::Mark, 4> four{static_cast<engine::Mark>(0), static_cast<engine::Mark>(1),
                                           static_cast<engine::Mark>(2), static_cast<engine::Mark>(3)};

engine::MarkCounts counts(std::array<std::uint64_t, 4> runs) {
    engine::MarkCounts out;
    for (std::size_t i = 0; i < four.size(); ++i)
        for (std::uint64_t n = 0; n < runs[i]; ++n) out.hit(four[i]);
    return out;
}

TEST(Unseen, shapes_seen_once_are_counted) {
    const std::vector<std::uint64_t> shapes = {7, 7, 8, 7, 9, 7, 8, 10}; // 9 and 10 once, in the second half
    const Unseen unseen = unseen_shapes(shapes);
    EXPECT_EQ(unseen.once, 2u);
    EXPECT_EQ(unseen.runs, 8u);
    EXPECT_EQ(unseen.of, 4u);
    EXPECT_EQ(unseen.at_most, 4u); // two of four were new: it may be all
    EXPECT_EQ(in_words(unseen), "about 2 in 8, at most 1 in 1");
}

TEST(Unseen, it_never_says_zero_but_a_bound) {
    const std::vector<std::uint64_t> same(1000, 5);
    EXPECT_EQ(unseen_shapes(same).once, 0u);
    EXPECT_EQ(unseen_shapes(same).at_most, 3u);
    EXPECT_EQ(in_words(unseen_shapes(same)), "at most 1 in 166"); // the rule of three, over the second half
    for (const std::size_t n : {0u, 1u, 2u, 3u, 10u}) {
        const std::vector<std::uint64_t> few(n, 5);
        EXPECT_GT(unseen_shapes(few).at_most, 0u) << n;
        EXPECT_EQ(in_words(unseen_shapes(few)).find(" 0"), std::string::npos) << n;
    }
    // Marks: one of four was never hit, none just once.
    const Unseen marks = unseen_marks(counts({1000, 2, 30, 0}), 1000, four);
    EXPECT_EQ(marks.once, 0u);
    EXPECT_EQ(in_words(marks), "at most 1 in 200"); // ln(80) is 4.4
    EXPECT_EQ(in_words(unseen_marks(counts({0, 0, 0, 0}), 0, four)), "at most 1 in 1");
}

TEST(Unseen, marks_of_one_run_are_counted) {
    const Unseen marks = unseen_marks(counts({1, 1, 500, 0}), 1000, four);
    EXPECT_EQ(in_words(marks), "about 2 in 1000, at most 1 in 200");
    // Where every mark was hit there is none left to be unseen, and that is said.
    EXPECT_EQ(in_words(unseen_marks(counts({1, 1, 1, 1}), 1000, four)), "none is left");
}

// Drawn from known chances: the bound holds, and is not far off.
TEST(Unseen, the_bound_holds_in_nineteen_of_twenty) {
    std::uint64_t state = 1;
    int broken = 0;
    for (int trial = 0; trial < 400; ++trial) {
        std::vector<std::uint64_t> shapes;
        std::vector<bool> seen(4096, false);
        for (int run = 0; run < 1000; ++run) {
            state = engine::mix64(state + 0x9e3779b97f4a7c15ULL);
            // Shape s has a chance of 2^-(s/64+1) / 64: some are frequent, some never come.
            std::uint64_t s = state % 64;
            for (std::uint64_t bits = state >> 32; (bits & 1) != 0 && s < 4032; bits >>= 1) s += 64;
            shapes.push_back(s);
            seen[s] = true;
        }
        double missing = 0;
        for (std::size_t s = 0; s < 4032; ++s)
            if (!seen[s]) missing += 1.0 / static_cast<double>(64ULL << (s / 64 + 1 < 40 ? s / 64 + 1 : 40));
        const Unseen unseen = unseen_shapes(shapes);
        const double bound = static_cast<double>(unseen.at_most) / static_cast<double>(unseen.of);
        broken += missing > bound ? 1 : 0;
        EXPECT_LT(bound, 6 * missing) << trial;
    }
    EXPECT_LE(broken, 20);
}

TEST(Unseen, a_shape_is_which_marks_not_how_often) {
    EXPECT_EQ(shape_of(counts({1, 0, 2, 0})), shape_of(counts({5, 0, 1, 0})));
    EXPECT_NE(shape_of(counts({1, 0, 2, 0})), shape_of(counts({1, 0, 0, 2})));
    EXPECT_NE(shape_of(counts({1, 0, 0, 0})), shape_of(counts({0, 0, 0, 0})));
}

} // namespace
} // namespace sim
