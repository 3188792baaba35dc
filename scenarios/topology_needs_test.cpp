#include "scenarios/topology_needs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/catalogue.hpp"

namespace scenarios {
namespace {

using engine::Topology;
using testing::HasSubstr;

TEST(TopologyNeeds, AStoryIsRefusedByNameWithKeyAndReason) {
    const engine::Scenario* story = find("sandwich");
    ASSERT_NE(story, nullptr);
    EXPECT_EQ(refusal(*story, story->topology), "");
    Topology alone = story->topology;
    alone.accounts = 1;
    EXPECT_EQ(refusal(*story, alone),
              "the story sandwich needs accounts of at least 2, not 1 (it names its accounts)");
}

TEST(TopologyNeeds, EveryStoryCanBeToldInItsOwnWorldByUpstreamToo) {
    for (const engine::Scenario& story : all()) {
        EXPECT_EQ(refusal(story, story.topology), "") << story.name;
        EXPECT_EQ(refusal_by_upstream(story.topology), "") << story.name;
    }
}

TEST(TopologyNeeds, AFirstViewShardOfBlock0IsRefusedForUpstream) {
    Topology topology;
    topology.view_shards = 2;
    topology.shard_blocks = 1;
    EXPECT_THAT(refusal_by_upstream(topology),
                HasSubstr("shard-blocks of at least 2 with view-shards=2, not 1"));
    EXPECT_THAT(refusal_by_upstream(topology), HasSubstr("only block 0, which nobody ingests"));
    topology.view_shards = 1; // one shard holds the whole chain
    EXPECT_EQ(refusal_by_upstream(topology), "");
    topology.view_shards = 3;
    topology.shard_blocks = 2;
    EXPECT_EQ(refusal_by_upstream(topology), "");
    topology.view_shards = 1;
    topology.image_shards = 3;
    topology.shard_blocks = 1; // the ledger has block 0
    EXPECT_EQ(refusal_by_upstream(topology), "");
}

} // namespace
} // namespace scenarios
