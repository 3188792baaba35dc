// The story that README shows.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "engine/tell/words.hpp"
#include "scenarios/catalogue.hpp"
#include "sim/run.hpp"

namespace scenarios {

using engine::Capability;

// In the namespace of the story: the entry declares it where it stands.
const engine::Scenario& readme_entry() {
    static const engine::Scenario entries[] = {
#include "property_tests/readme_entry.inc" // made of README when the build is configured
    };
    return entries[0];
}

namespace {

TEST(Readme, story_that_it_shows_holds) {
    const engine::Scenario& story = readme_entry();
    EXPECT_STREQ(story.name, "coin_during_a_pause");
    std::set<std::uint64_t> digests;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        sim::Options options;
        options.seed = seed;
        options.topology = story.topology;
        const sim::RunResult result = sim::run(story, options);
        EXPECT_EQ(result.verdict, sim::Verdict::held)
            << seed << ": "
            << (result.violations.empty() ? "" : engine::tell::in_words(result.violations.front()));
        EXPECT_EQ(result.skipped, "");
        EXPECT_EQ(result.story.size(), 3u) << "its two steps, and the healing";
        EXPECT_GE(result.checks, 3u);
        digests.insert(result.digest);
    }
    EXPECT_EQ(digests.size(), 100u);
}

TEST(Readme, catalogue_does_not_list_it_yet) {
    EXPECT_EQ(find(readme_entry().name), nullptr) << "README may say that it is there";
}

} // namespace
} // namespace scenarios
