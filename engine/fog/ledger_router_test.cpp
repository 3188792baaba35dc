#include "engine/fog/ledger_router.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/fog/testing/growing_chain.hpp"
#include "engine/fog/testing/test_bed.hpp"

namespace engine::fog {
namespace {

using namespace engine::fog::testing;

BlockRange range(std::uint64_t start, std::uint64_t end) { return {BlockIndex{start}, BlockIndex{end}}; }

KeyImageStoreAnswer loaded(std::uint64_t start, std::uint64_t end) {
    KeyImageStoreAnswer answer;
    answer.processed = range(start, end);
    answer.images.count = BlockCount{end};
    answer.images.global_txo_count = 10 * end;
    answer.images.latest_block_version = static_cast<std::uint32_t>(end);
    return answer;
}

using Answers = std::vector<std::optional<KeyImageStoreAnswer>>;

// ------------------------------------------------------------------------------------------------ merging

TEST(MergeKeyImages, count_is_the_end_of_the_prefix_without_a_hole) { // R10
    struct Case {
        const char* what;
        Answers answers;
        std::uint64_t count;
    };
    const std::vector<Case> cases{
        {"one", {loaded(0, 7)}, 7},
        {"completed first shard does not freeze the count (BH-24)",
         {loaded(0, 5), loaded(5, 10), loaded(10, 12)},
         12},
        {"in any order", {loaded(10, 12), loaded(0, 5), loaded(5, 10)}, 12},
        {"future shard has loaded nothing (BH-25)", {loaded(0, 5), loaded(5, 8), loaded(10, 10)}, 8},
        {"future shard right at the tip", {loaded(0, 5), loaded(5, 5)}, 5},
        {"restarted middle shard is a hole (BH-25)", {loaded(0, 5), loaded(5, 5), loaded(10, 12)}, 5},
        {"restarted first shard", {loaded(0, 0), loaded(5, 10)}, 0},
        {"silent middle shard", {loaded(0, 5), std::nullopt, loaded(10, 12)}, 5},
        {"silent first shard", {std::nullopt, loaded(5, 10)}, 0},
        {"overlapping shards", {loaded(0, 8), loaded(4, 12)}, 12},
        {"contained shard", {loaded(0, 8), loaded(4, 6)}, 8},
        {"replicated shard, one behind", {loaded(0, 3), loaded(0, 8)}, 8},
        {"nobody", {std::nullopt}, 0},
        {"starts above 0", {loaded(1, 8)}, 0},
    };
    for (const Case& c : cases) {
        const KeyImagesAnswer merged = merge_key_images(c.answers, {});
        EXPECT_EQ(merged.count.value, c.count) << c.what;
        EXPECT_EQ(merged.global_txo_count, 10 * c.count) << c.what << ": of the last store of the prefix";
        EXPECT_EQ(merged.latest_block_version, c.count) << c.what;
    }
}

RC_GTEST_PROP(MergeKeyImages, count_equals_the_prefix_counted_block_by_block, ()) {
    Answers answers;
    const auto stores = *rc::gen::inRange<std::size_t>(0, 6);
    for (std::size_t i = 0; i < stores; ++i) {
        const auto start = *rc::gen::inRange<std::uint64_t>(0, 12);
        const auto size = *rc::gen::inRange<std::uint64_t>(0, 8);
        answers.emplace_back();
        if (*rc::gen::weightedElement<int>({{5, 1}, {1, 0}}) == 1)
            answers.back() = loaded(i == 0 ? 0 : start, start + size);
    }
    BlockCount naive;
    const auto covered = [&](BlockIndex block) {
        return std::any_of(answers.begin(), answers.end(),
                           [&](const auto& answer) { return answer && answer->processed.contains(block); });
    };
    while (covered(naive.end())) naive = naive.end().count_through();
    RC_ASSERT(merge_key_images(answers, {}).count == naive);
}

TEST(MergeKeyImages, spent_beats_error_beats_not_spent_each_image_on_its_own) {
    using enum KeyImageCode;
    std::vector<chain::KeyImage> images(4);
    for (std::uint8_t i = 0; i < 4; ++i) images[i].bytes[0] = i;
    const KeyImageCode said[2][4] = {{spent, error, not_spent, error}, {error, not_spent, not_spent, spent}};
    Answers answers{loaded(0, 5), loaded(5, 9)};
    for (std::size_t s = 0; s < 2; ++s)
        for (std::size_t i = 0; i < 4; ++i)
            answers[s]->images.results.push_back({images[i], said[s][i], BlockIndex{s}});
    const KeyImagesAnswer merged = merge_key_images(answers, images);
    ASSERT_EQ(merged.results.size(), 4u);
    const KeyImageCode expected[4] = {spent, error, not_spent, spent};
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(merged.results[i].image, images[i]);
        EXPECT_EQ(merged.results[i].code, expected[i]) << i;
    }
    EXPECT_EQ(merged.results[0].spent_at, BlockIndex{0});
    EXPECT_EQ(merged.results[3].spent_at, BlockIndex{1});
}

TEST(MergeKeyImages, overlapping_shards_that_both_know_a_spend_give_one_answer) { // BH-46
    std::vector<chain::KeyImage> images(1);
    Answers answers{loaded(0, 8), loaded(4, 12)};
    for (auto& answer : answers)
        answer->images.results.push_back({images[0], KeyImageCode::spent, BlockIndex{5}});
    const KeyImagesAnswer merged = merge_key_images(answers, images);
    ASSERT_EQ(merged.results.size(), 1u);
    EXPECT_EQ(merged.results[0].spent_at, BlockIndex{5});
}

TEST(MergeKeyImages, store_that_answers_less_than_asked_leaves_not_spent_only_as_of_the_prefix) {
    std::vector<chain::KeyImage> images(2);
    images[1].bytes[0] = 1;
    Answers answers{loaded(0, 8)};
    answers[0]->images.results.push_back({images[0], KeyImageCode::spent, BlockIndex{5}});
    EXPECT_EQ(merge_key_images(answers, images).results.size(), 2u);
}

// ------------------------------------------------------------------------------------------------ services

class ScriptedImages final : public KeyImageStoreApi {
public:
    explicit ScriptedImages(Loop& loop) : loop_(loop) {}
    Task<Result<KeyImageStoreAnswer>> key_images(std::vector<chain::KeyImage> images) override {
        const std::size_t number = asked++;
        co_await sleep_until(loop_.now() + 1ms, "an answer");
        if (number < errors.size()) co_return Error{errors[number], "store"};
        KeyImageStoreAnswer said = answer;
        for (const chain::KeyImage& image : images)
            said.images.results.push_back({image, KeyImageCode::not_spent, {}});
        co_return said;
    }
    KeyImageStoreAnswer answer;
    std::vector<Code> errors;
    std::size_t asked = 0;

private:
    Loop& loop_;
};

struct LedgerRouterTest : ::testing::Test {
    TestBed bed;
    GrowingChain chain{bed.host.crypto(), bed.rng};
    ScriptedImages low{bed.scheduler};
    ScriptedImages high{bed.scheduler};
    LedgerRouter router{bed.host, chain, {{range(0, 5), {&low}}, {range(5, ~0ull), {&high}}}, RouterConfig{}};

    void SetUp() override {
        low.answer = loaded(0, 5);
        high.answer = loaded(5, 9);
        for (std::size_t outputs : {3u, 2u, 1u}) chain.grow(outputs);
    }
    void grow_after_the_count() {
        bed.host.at(YieldPoint::ledger_counted, [this] { chain.grow(2); });
    }
};

TEST_F(LedgerRouterTest, key_images_of_all_shards_are_merged) {
    const auto answer = bed.run(router.key_images(std::vector<chain::KeyImage>(1)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{9});
    EXPECT_EQ(answer->results.size(), 1u);
}

TEST_F(LedgerRouterTest, silent_shard_covers_nothing_and_silence_of_all_is_an_error) {
    low.errors.assign(3, Code::unavailable);
    const auto answer = bed.run(router.key_images(std::vector<chain::KeyImage>(1)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{0}) << "a mutant that ignores it would call spent coins unspent";
    EXPECT_EQ(low.asked, 3u);
    low.errors.assign(9, Code::unknown);
    high.errors.assign(9, Code::unavailable);
    EXPECT_EQ(code_of(bed.run(router.key_images(std::vector<chain::KeyImage>(1)))), Code::unknown);
}

TEST_F(LedgerRouterTest, blocks_are_those_that_exist_and_the_count_is_read_first) {
    grow_after_the_count();
    std::vector<BlockRange> ranges{range(1, 2), range(2, 9)};
    const auto answer = bed.run(router.blocks(std::move(ranges)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{3}) << "not 4: that block came after the count";
    EXPECT_EQ(answer->global_txo_count, 6u);
    std::vector<std::uint64_t> got;
    for (const FoundBlock& found : answer->blocks) got.push_back(found.block->index.value);
    EXPECT_EQ(got, (std::vector<std::uint64_t>{1, 2, 3}));
    EXPECT_EQ(answer->blocks[0].time.timestamp_s, GrowingChain::timestamp(BlockIndex{1}));
}

TEST_F(LedgerRouterTest, blocks_of_an_absurd_range_are_answered) {
    std::vector<BlockRange> ranges{range(0, ~0ull), range(5, 5)};
    const auto answer = bed.run(router.blocks(std::move(ranges)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->blocks.size(), 3u);
}

TEST_F(LedgerRouterTest, all_proofs_of_an_answer_are_about_the_root_that_was_counted) {
    grow_after_the_count();
    std::vector<GlobalIndex> indices{GlobalIndex{5}, GlobalIndex{6}, GlobalIndex{0}};
    const auto answer = bed.run(router.outputs(std::move(indices)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{3});
    EXPECT_EQ(answer->global_txo_count, 6u);
    ASSERT_EQ(answer->results.size(), 3u);
    EXPECT_EQ(answer->results[0].code, OutputResult::Code::exists);
    EXPECT_EQ(answer->results[0].proof_highest_index, 5u);
    EXPECT_EQ(answer->results[0].output, chain.block(BlockIndex{2})->outputs[0]);
    EXPECT_EQ(answer->results[1].code, OutputResult::Code::does_not_exist)
        << "it is there by now, but not counted";
    EXPECT_EQ(answer->results[2].output, chain.block(BlockIndex{0})->outputs[0]);
    EXPECT_EQ(answer->results[2].proof_highest_index, 5u);
}

TEST_F(LedgerRouterTest, two_thousand_indices_are_the_most) {
    EXPECT_TRUE(bed.run(router.outputs(std::vector<GlobalIndex>(2000))));
    EXPECT_EQ(code_of(bed.run(router.outputs(std::vector<GlobalIndex>(2001)))), Code::invalid_argument);
}

TEST_F(LedgerRouterTest, output_status_counts_before_it_looks) {
    const BlockPtr last = chain.block(BlockIndex{2});
    const chain::PublicKey there = last->outputs[0].public_key;
    chain::PublicKey not_yet;
    bed.host.at(YieldPoint::ledger_counted, [&] { chain.grow(1); });
    not_yet.bytes[0] = 3;
    chain::PublicKey malformed;
    malformed.bytes[31] = 0x80;
    std::vector<chain::PublicKey> keys{there, not_yet, malformed};
    const auto answer = bed.run(router.tx_outs(std::move(keys)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{3});
    ASSERT_EQ(answer->results.size(), 3u);
    EXPECT_EQ(answer->results[0].code, TxOutStatus::Code::found);
    EXPECT_EQ(answer->results[0].place.block, BlockIndex{2});
    EXPECT_EQ(answer->results[0].place.index, GlobalIndex{5});
    EXPECT_EQ(answer->results[1].code, TxOutStatus::Code::not_found);
    EXPECT_EQ(answer->results[2].code, TxOutStatus::Code::malformed);
}

TEST(LedgerRouterEmpty, empty_ledger_answers_zeros) {
    TestBed bed;
    GrowingChain chain{bed.host.crypto(), bed.rng};
    ScriptedImages store{bed.scheduler};
    LedgerRouter router{bed.host, chain, {{BlockRange::all(), {&store}}}, RouterConfig{}};
    const auto outputs = bed.run(router.outputs(std::vector<GlobalIndex>(1)));
    ASSERT_TRUE(outputs);
    EXPECT_EQ(outputs->count, BlockCount{0});
    EXPECT_EQ(outputs->results[0].code, OutputResult::Code::does_not_exist);
    const auto blocks = bed.run(router.blocks(std::vector<BlockRange>(1, BlockRange::all())));
    ASSERT_TRUE(blocks);
    EXPECT_TRUE(blocks->blocks.empty());
}

} // namespace
} // namespace engine::fog
