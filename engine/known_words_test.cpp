#include "engine/known_words.hpp"

#include <gtest/gtest.h>

namespace engine {
namespace {

const std::vector<std::string_view> stories = {"conformance", "sandwich", "lag", "zombie_wakes_up"};

TEST(KnownWords, mistyped_words_are_recognised) {
    EXPECT_EQ(nearest("sandwhich", stories), "sandwich");
    EXPECT_EQ(nearest("sadnwich", stories), "sandwich") << "neighbours that changed places";
    EXPECT_EQ(nearest("SANDWICH", stories), "sandwich");
    EXPECT_EQ(nearest("zombie-wakes-up", stories), "zombie_wakes_up");
    EXPECT_EQ(nearest("lga", stories), "lag");
    EXPECT_EQ(nearest("zombie", stories), "zombie_wakes_up") << "its beginning";
}

TEST(KnownWords, far_words_are_not_guessed_at) {
    EXPECT_EQ(nearest("xyz", stories), "");
    EXPECT_EQ(nearest("nothing", stories), "");
    EXPECT_EQ(nearest("", stories), "");
    EXPECT_EQ(nearest("a", stories), "");
    EXPECT_EQ(nearest(std::string(100'000, 'x'), stories), "");
}

TEST(KnownWords, few_words_are_listed) {
    EXPECT_EQ(known_words("lga", stories),
              "; did you mean 'lag'? known: conformance, sandwich, lag, zombie_wakes_up");
    EXPECT_EQ(known_words("nothing", stories), "; known: conformance, sandwich, lag, zombie_wakes_up");
    EXPECT_EQ(known_words("lga", stories, "--list"), "; did you mean 'lag'?; --list lists them");
    const std::vector<std::string_view> many(41, "word");
    EXPECT_EQ(known_words("wodr", many), "; did you mean 'word'?");
    EXPECT_EQ(known_words("nothing", many), "");
}

} // namespace
} // namespace engine
