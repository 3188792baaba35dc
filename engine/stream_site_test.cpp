#include "engine/stream_site.hpp"

#include <gtest/gtest.h>

#include <set>

namespace engine {
namespace {

TEST(StreamSite, each_has_a_name_of_its_own_and_is_found_by_it) {
    std::set<StreamName> names;
    for (std::size_t i = 0; i < stream_site_count; ++i) {
        const auto site = static_cast<StreamSite>(i);
        EXPECT_EQ(all_stream_sites()[i].site, site);
        const StreamName name = name_of(site, 7);
        EXPECT_TRUE(names.insert(name).second) << "two sites share a stream";
        EXPECT_EQ(site_of(name), site);
        EXPECT_EQ(name.actor, 7);
    }
    EXPECT_EQ(site_of({Domain::plan, 0, 1}), std::nullopt) << "a story's own";
    EXPECT_EQ(site_of({Domain::routing, 0, 1}), std::nullopt) << "nobody's";
}

// Stored replays name streams by these numbers.
TEST(StreamSite, the_numbers_are_those_of_stored_replays) {
    EXPECT_EQ(name_of(StreamSite::ready_task, 0), (StreamName{Domain::schedule, 0, 0}));
    EXPECT_EQ(name_of(StreamSite::block_delay, 1), (StreamName{Domain::network, 1, 2}));
    EXPECT_EQ(name_of(StreamSite::commit_hold, 3), (StreamName{Domain::storage, 3, 1}));
    EXPECT_EQ(name_of(StreamSite::weather, 0), (StreamName{Domain::pause, 0, 1}));
    EXPECT_EQ(name_of(StreamSite::database_fate, 2), (StreamName{Domain::fault, 2, 2}));
}

} // namespace
} // namespace engine
