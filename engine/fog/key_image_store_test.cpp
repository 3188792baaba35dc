#include "engine/fog/key_image_store.hpp"

#include <gtest/gtest.h>

#include "engine/fog/testing/growing_chain.hpp"
#include "engine/fog/testing/test_bed.hpp"

namespace engine::fog {
namespace {

using namespace engine::fog::testing;

chain::KeyImage image_of(std::uint8_t n) {
    chain::KeyImage image;
    image.bytes[0] = n;
    return image;
}

BlockRange range(std::uint64_t start, std::uint64_t end) { return {BlockIndex{start}, BlockIndex{end}}; }

struct KeyImageStoreTest : ::testing::Test {
    TestBed bed;
    GrowingChain chain{bed.host.crypto(), bed.rng};
    std::optional<KeyImageStore> store;

    void start(BlockRange range = BlockRange::all()) {
        bed.scheduler.kill_all();
        KeyImageStoreConfig config;
        config.range = range;
        store.emplace(bed.host, chain, config);
        spawn(bed.scheduler, NodeId{1}, "store", store->run());
    }
    KeyImageStoreAnswer ask(std::vector<chain::KeyImage> images) {
        return *bed.run(store->key_images(std::move(images)));
    }
    std::optional<std::uint64_t> spent_at(std::uint8_t n) {
        const KeyImageStoreAnswer answer = ask({image_of(n)});
        EXPECT_EQ(answer.images.results.size(), 1u);
        const KeyImageResult& result = answer.images.results.at(0);
        EXPECT_EQ(result.image, image_of(n));
        if (result.code != KeyImageCode::spent) return std::nullopt;
        return result.spent_at.value;
    }
};

TEST_F(KeyImageStoreTest, follows_its_copy_and_says_what_was_spent_where) {
    chain.grow(1);
    chain.grow(2, {image_of(1), image_of(2)});
    start();
    bed.pass(1s);
    EXPECT_EQ(store->processed(), range(0, 2));
    EXPECT_EQ(spent_at(1), 1u);
    EXPECT_EQ(spent_at(3), std::nullopt);
    chain.grow(1, {image_of(3)});
    bed.pass(1s);
    EXPECT_EQ(spent_at(3), 2u);
    const KeyImageStoreAnswer answer = ask({});
    EXPECT_EQ(answer.images.count, BlockCount{3});
    EXPECT_EQ(answer.images.global_txo_count, 4u);
    EXPECT_EQ(answer.images.latest_block_version, 5u) << "of the last block that was loaded";
}

TEST_F(KeyImageStoreTest, first_spend_of_an_image_stands) {
    chain.grow(1, {image_of(1)});
    chain.grow(1, {image_of(1)});
    start();
    bed.pass(1s);
    EXPECT_EQ(spent_at(1), 0u);
}

TEST_F(KeyImageStoreTest, images_are_in_before_the_count_that_includes_them) { // R2, BH-23
    chain.grow(1);
    start();
    bed.pass(1s);
    bed.host.hold_at(YieldPoint::images_inserted, 1s);
    chain.grow(1, {image_of(1)});
    bed.pass(500ms);
    const KeyImageStoreAnswer answer = ask({image_of(1)});
    EXPECT_EQ(answer.images.count, BlockCount{1});
    EXPECT_EQ(answer.images.results[0].code, KeyImageCode::spent) << "newer than the count is allowed";
    bed.pass(1s);
    EXPECT_EQ(ask({}).images.count, BlockCount{2});
}

TEST_F(KeyImageStoreTest, count_is_read_before_the_look_up) { // R1, BH-10
    chain.grow(1);
    start();
    bed.pass(1s);
    bed.host.hold_at(YieldPoint::images_query_counted, 1s);
    detail::Slot<Result<KeyImageStoreAnswer>> slot;
    std::vector<chain::KeyImage> images{image_of(1)};
    spawn(bed.scheduler, NodeId{1}, "query", detail::keep(store->key_images(std::move(images)), &slot));
    bed.pass(100ms);
    chain.grow(1, {image_of(1)});
    bed.scheduler.run_until([&] { return bool(slot.value); });
    ASSERT_EQ(store->processed().end, BlockIndex{2}) << "the block was loaded while the query was held";
    EXPECT_EQ((*slot.value)->images.count, BlockCount{1});
    EXPECT_EQ((*slot.value)->processed, range(0, 1));
}

TEST_F(KeyImageStoreTest, count_is_of_loaded_blocks_not_of_the_copy) { // BH-20
    for (int i = 0; i < 4; ++i) chain.grow(1);
    chain.watch(BlockIndex{2}, BlockTime::Code::behind);
    start();
    bed.pass(1s);
    EXPECT_EQ(ask({}).images.count, BlockCount{2});
    EXPECT_EQ(ask({}).images.global_txo_count, 2u);
}

TEST_F(KeyImageStoreTest, waits_for_the_watcher_for_as_long_as_it_takes) { // BH-40
    chain.grow(1);
    chain.grow(1);
    chain.watch(BlockIndex{1}, BlockTime::Code::unavailable);
    start();
    bed.pass(600s);
    EXPECT_EQ(store->processed(), range(0, 1));
    chain.watch(BlockIndex{1}, BlockTime::Code::behind);
    bed.pass(2s);
    EXPECT_EQ(store->processed(), range(0, 1));
    chain.watch(BlockIndex{9}, BlockTime::Code::behind);
    bed.pass(1s);
    EXPECT_EQ(store->processed(), range(0, 2));
}

TEST_F(KeyImageStoreTest, shard_loads_its_range_only_and_stays_right_when_complete) { // BH-24
    for (std::uint8_t n = 0; n < 9; ++n) chain.grow(1, {image_of(n)});
    start(range(3, 6));
    bed.pass(1s);
    EXPECT_EQ(store->processed(), range(3, 6));
    EXPECT_EQ(spent_at(2), std::nullopt);
    EXPECT_EQ(spent_at(3), 3u);
    EXPECT_EQ(spent_at(5), 5u);
    EXPECT_EQ(spent_at(6), std::nullopt);
    chain.grow(1, {image_of(20)});
    bed.pass(10s);
    EXPECT_EQ(store->processed(), range(3, 6));
    EXPECT_EQ(spent_at(4), 4u);
}

TEST_F(KeyImageStoreTest, future_shard_has_loaded_nothing_and_says_so) { // BH-25
    chain.grow(1);
    start(range(5, 10));
    bed.pass(1s);
    EXPECT_EQ(ask({}).processed, range(5, 5));
    while (chain.count() < BlockCount{7}) chain.grow(1);
    bed.pass(1s);
    EXPECT_EQ(ask({}).processed, range(5, 7));
}

TEST_F(KeyImageStoreTest, restarted_store_begins_again) {
    chain.grow(1, {image_of(1)});
    start();
    bed.pass(1s);
    EXPECT_EQ(spent_at(1), 0u);
    bed.host.hold_at(YieldPoint::images_inserted, 1s);
    start();
    EXPECT_EQ(ask({}).images.count, BlockCount{0});
    bed.pass(2s);
    EXPECT_EQ(spent_at(1), 0u);
}

} // namespace
} // namespace engine::fog
