#include "sim/chain.hpp"

#include <gtest/gtest.h>

#include "engine/model/testing/model_chain.hpp"
#include "sim/testing/core_bed.hpp"

namespace sim {
namespace {

using namespace sim::testing;
using engine::GlobalIndex;
using engine::fog::BlockTime;

struct ChainCopyTest : ::testing::Test {
    CoreBed bed;
    engine::model::testing::ModelChain chain;
    SimCopy copy{bed.core, chain.model, "ledger", 0};
    SimCopy other{bed.core, chain.model, "ingest", 1};

    void SetUp() override { grow(3); }
    void grow(int blocks) {
        for (int i = 0; i < blocks; ++i) chain.block({{0, 1}}, {}, 1);
        copy.on_append();
        other.on_append();
    }
    void follow() { engine::spawn(bed.core.scheduler, NodeId{}, "copy", copy.follow()); }
};

TEST_F(ChainCopyTest, follows_the_tip_block_by_block) {
    follow();
    std::vector<std::uint64_t> counts{0};
    while (bed.core.scheduler.step())
        if (copy.count().value != counts.back()) counts.push_back(copy.count().value);
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{0, 1, 2, 3}));
    EXPECT_GE(bed.now(), Instant{} + 3ms);
    EXPECT_LE(bed.now(), Instant{} + 192ms) << "64 ms a block at most";
    grow(1);
    bed.pass(1s);
    EXPECT_EQ(copy.count(), BlockCount{4});
}

TEST_F(ChainCopyTest, held_copy_stays_until_it_is_advanced_or_released) {
    copy.hold();
    follow();
    bed.pass(1s);
    EXPECT_EQ(copy.count(), BlockCount{0});
    copy.advance_to(BlockCount{2});
    EXPECT_EQ(copy.count(), BlockCount{2}) << "at once";
    bed.pass(1s);
    EXPECT_EQ(copy.count(), BlockCount{2});
    copy.advance_to(BlockCount{1});
    EXPECT_EQ(copy.count(), BlockCount{2}) << "never back";
    EXPECT_THROW(copy.advance_to(BlockCount{4}), engine::InternalError);
    copy.release();
    bed.pass(1s);
    EXPECT_EQ(copy.count(), BlockCount{3});
}

TEST_F(ChainCopyTest, held_in_the_middle_of_a_delay_it_does_not_take_the_block) {
    follow();
    bed.core.scheduler.step();
    copy.hold();
    bed.pass(1s);
    EXPECT_EQ(copy.count(), BlockCount{0});
}

TEST_F(ChainCopyTest, shows_only_blocks_it_has) {
    copy.advance_to(BlockCount{2});
    EXPECT_EQ(copy.block(BlockIndex{1}), chain.model.block(BlockIndex{1}));
    EXPECT_EQ(copy.block(BlockIndex{2}), nullptr);
    const auto early = chain.coin(1, 0).public_key;
    const auto late = chain.coin(2, 0).public_key;
    ASSERT_TRUE(copy.find_output(early));
    EXPECT_EQ(copy.find_output(early)->index, GlobalIndex{2});
    EXPECT_FALSE(copy.find_output(late));
    EXPECT_EQ(copy.block_of_output(GlobalIndex{0})->index, BlockIndex{0});
    EXPECT_EQ(copy.block_of_output(GlobalIndex{3})->index, BlockIndex{1});
    EXPECT_EQ(copy.block_of_output(GlobalIndex{4}), nullptr);
}

TEST_F(ChainCopyTest, block_times_are_a_fixed_function_and_the_origin_block_has_none) {
    copy.advance_to(BlockCount{2});
    EXPECT_EQ(copy.time(BlockIndex{0}).code, BlockTime::Code::found);
    EXPECT_EQ(copy.time(BlockIndex{0}).timestamp_s, engine::fog::unknown_timestamp);
    EXPECT_EQ(copy.time(BlockIndex{1}).code, BlockTime::Code::found);
    EXPECT_EQ(copy.time(BlockIndex{1}).timestamp_s, 1'600'000'010u);
    EXPECT_EQ(copy.time(BlockIndex{2}).code, BlockTime::Code::behind);
}

TEST_F(ChainCopyTest, watcher_behind_keeps_back_the_times_of_one_copy) {
    copy.advance_to(BlockCount{2});
    other.advance_to(BlockCount{2});
    const FaultId fault = bed.begin(FaultKind::watcher_behind, 0, 0, copy.number());
    copy.advance_to(BlockCount{3});
    other.advance_to(BlockCount{3});
    EXPECT_NE(copy.block(BlockIndex{2}), nullptr) << "the block itself is there";
    EXPECT_EQ(copy.time(BlockIndex{1}).code, BlockTime::Code::found) << "from before";
    EXPECT_EQ(copy.time(BlockIndex{2}).code, BlockTime::Code::behind);
    EXPECT_EQ(copy.time(BlockIndex{2}).timestamp_s, engine::fog::unknown_timestamp);
    EXPECT_EQ(other.time(BlockIndex{2}).code, BlockTime::Code::found) << "not its watcher";
    bed.core.faults.remove(fault);
    grow(1);
    copy.advance_to(BlockCount{4});
    EXPECT_EQ(copy.time(BlockIndex{3}).code, BlockTime::Code::behind) << "the watcher works in order";
    copy.release_times();
    EXPECT_EQ(copy.time(BlockIndex{2}).code, BlockTime::Code::found);
    EXPECT_EQ(copy.time(BlockIndex{3}).code, BlockTime::Code::found);
}

} // namespace
} // namespace sim
