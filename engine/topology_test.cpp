#include "engine/topology.hpp"

#include <gtest/gtest.h>

namespace engine {
namespace {

TEST(Topology, every_key_can_be_set) {
    Topology topology;
    EXPECT_EQ(apply("accounts=3,ingest=4,view-shards=3,view-replicas=2,image-shards=5,image-replicas=4,shard-"
                    "blocks=7,"
                    "user-capacity=9,chunk-outputs=2,batch-blocks=8,poll-ms=100,window=0,copies=own",
                    topology),
              "");
    EXPECT_EQ(topology.accounts, 3u);
    EXPECT_EQ(topology.ingest_nodes, 4u);
    EXPECT_EQ(topology.view_shards, 3u);
    EXPECT_EQ(topology.view_replicas, 2u);
    EXPECT_EQ(topology.image_shards, 5u);
    EXPECT_EQ(topology.image_replicas, 4u);
    EXPECT_EQ(topology.shard_blocks, 7u);
    EXPECT_EQ(topology.user_capacity, 9u);
    EXPECT_EQ(topology.chunk_outputs, 2u);
    EXPECT_EQ(topology.batch_blocks, 8u);
    EXPECT_EQ(topology.poll_ms, 100u);
    EXPECT_EQ(topology.pubkey_expiry_window, 0u);
    EXPECT_TRUE(topology.own_copies);
    EXPECT_EQ(apply("copies=shared", topology), "");
    EXPECT_FALSE(topology.own_copies);
}

TEST(Topology, nothing_changes_nothing) {
    Topology topology;
    EXPECT_EQ(apply("", topology), "");
    EXPECT_EQ(topology, Topology{});
}

TEST(Topology, description_can_be_applied) {
    Topology topology;
    ASSERT_EQ(apply("view-shards=3,copies=own,window=77,poll-ms=9", topology), "");
    Topology copy;
    EXPECT_EQ(engine::apply(describe(topology), copy), "");
    EXPECT_EQ(copy, topology);
}

TEST(Topology, bad_input_is_refused_with_the_reason) {
    const std::pair<const char*, const char*> bad[] = {
        {"accounts", "not of the form key=value"},
        {",", "not of the form key=value"},
        {",accounts=1", "not of the form key=value"},
        {"accounts=1,,ingest=1", "not of the form key=value"},
        {"accounts=1,", "missing after the last comma"},
        {"=3", "no topology key ''"},
        {"shards=3", "no topology key 'shards'"},
        {"Accounts=3", "no topology key 'Accounts'"},
        {"accounts =3", "no topology key 'accounts '"},
        {"accounts=", "from 1 to 64, not ''"},
        {"accounts=x", "not 'x'"},
        {"accounts=3x", "not '3x'"},
        {"accounts= 3", "not ' 3'"},
        {"accounts=3 ", "not '3 '"},
        {"accounts=+3", "not '+3'"},
        {"accounts=-3", "not '-3'"},
        {"accounts=0x3", "not '0x3'"},
        {"accounts=1.5", "not '1.5'"},
        {"accounts=1=2", "not '1=2'"},
        {"accounts=0", "from 1 to 64"},
        {"accounts=65", "from 1 to 64"},
        {"accounts=99999999999999999999", "from 1 to 64"},
        {"ingest=0", "from 1 to 5"},
        {"ingest=6", "from 1 to 5"},
        {"view-shards=0", "from 1 to 8"},
        {"view-shards=9", "from 1 to 8"},
        {"view-replicas=5", "from 1 to 4"},
        {"image-shards=9", "from 1 to 8"},
        {"image-replicas=0", "from 1 to 4"},
        {"shard-blocks=0", "from 1 to 1000000"},
        {"user-capacity=1000001", "from 0 to 1000000"},
        {"chunk-outputs=0", "from 1 to 1000000"},
        {"batch-blocks=0", "from 1 to 1000000"},
        {"poll-ms=0", "from 1 to 60000"},
        {"window=-1", "a number of blocks"},
        {"window=1000001", "a number of blocks"},
        {"window=", "a number of blocks"},
        {"copies=", "own or shared"},
        {"copies=both", "own or shared"},
    };
    for (const auto& [text, part] : bad) {
        Topology topology;
        const std::string reason = apply(text, topology);
        EXPECT_NE(reason.find(part), std::string::npos) << "'" << text << "' gave '" << reason << "'";
    }
}

TEST(Topology, unknown_key_is_answered_with_the_known_ones) {
    Topology topology;
    const std::string reason = apply("shards=3", topology);
    for (const char* key : {"copies", "window", "view-shards", "poll-ms"})
        EXPECT_NE(reason.find(key), std::string::npos) << reason;
}

TEST(Topology, refused_text_changes_nothing) {
    Topology topology;
    EXPECT_NE(apply("accounts=3,poll-ms=0", topology), "");
    EXPECT_EQ(topology, Topology{});
}

TEST(Topology, shards_follow_one_another_and_the_last_has_no_end) {
    Topology topology;
    topology.shard_blocks = 5;
    const std::vector<BlockRange> ranges = topology.ranges(3);
    ASSERT_EQ(ranges.size(), 3u);
    EXPECT_EQ(ranges[0], (BlockRange{BlockIndex{0}, BlockIndex{5}}));
    EXPECT_EQ(ranges[1], (BlockRange{BlockIndex{5}, BlockIndex{10}}));
    EXPECT_EQ(ranges[2], (BlockRange{BlockIndex{10}, BlockRange::all().end}));
    EXPECT_EQ(topology.ranges(1), (std::vector<BlockRange>{BlockRange::all()}));
}

} // namespace
} // namespace engine
