#include "engine/fog/view_router.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/fog/testing/test_bed.hpp"

namespace engine::fog {
namespace {

using namespace engine::fog::testing;

BlockRange range(std::uint64_t start, std::uint64_t end) { return {BlockIndex{start}, BlockIndex{end}}; }

constexpr std::uint64_t endless = ~0ull;

chain::SearchKey key_of(std::uint8_t n) {
    chain::SearchKey key;
    key.bytes[0] = n;
    return key;
}

ViewStoreAnswer answer_of(BlockRange shard, std::uint64_t count, std::int64_t next_event = 0) {
    ViewStoreAnswer answer;
    answer.range = shard;
    answer.view.count = BlockCount{count};
    answer.view.next_event = UserEventId{next_event};
    return answer;
}

ViewQuery query_for(std::size_t keys) {
    ViewQuery query;
    for (std::size_t i = 0; i < keys; ++i) query.keys.push_back(key_of(static_cast<std::uint8_t>(i + 1)));
    return query;
}

// ------------------------------------------------------------------------------------------------ the count

struct CountCase {
    const char* what;
    std::vector<BlockRange> shards;
    std::vector<std::optional<std::uint64_t>> counts; // nothing: no answer
    std::uint64_t merged;
};

TEST(Collate, count_is_the_longest_prefix_covered_without_a_hole) { // R10
    const std::vector<BlockRange> three{range(0, 5), range(5, 10), range(10, endless)};
    const std::vector<CountCase> cases{
        {"all there", three, {5, 10, 12}, 12},
        {"a completed shard does not hold the count back (BH-24)", three, {5, 10, 180}, 180},
        {"a store that knows of blocks past its end covers only its own", three, {12, 12, 12}, 12},
        {"the same without the next shard", three, {12, std::nullopt, 12}, 5},
        {"first shard in progress", three, {3, 10, 12}, 3},
        {"middle shard in progress", three, {5, 7, 12}, 7},
        {"middle shard restarted: at 0", three, {5, 0, 12}, 5},
        {"middle shard not ready", three, {5, std::nullopt, 12}, 5},
        {"first shard not ready", three, {std::nullopt, 10, 12}, 0},
        {"last shard not ready", three, {5, 10, std::nullopt}, 10},
        {"future shard empty (BH-25)", three, {5, 7, 0}, 7},
        {"nobody", three, {std::nullopt, std::nullopt, std::nullopt}, 0},
        {"a hole between shards", {range(0, 5), range(6, 10)}, {5, 10}, 5},
        {"the first block is nobody's", {range(1, 5), range(5, 10)}, {5, 10}, 0},
        {"overlap bridges an incomplete shard", {range(0, 8), range(4, 12)}, {5, 10}, 10},
        {"overlap bridges an absent shard", {range(0, 8), range(0, 12)}, {std::nullopt, 10}, 10},
        {"overlap behind an incomplete shard bridges nothing", {range(0, 8), range(4, 12)}, {3, 10}, 3},
    };
    for (const CountCase& c : cases) {
        std::vector<ViewShard> shards;
        std::vector<std::optional<ViewStoreAnswer>> answers;
        for (std::size_t i = 0; i < c.shards.size(); ++i) {
            shards.push_back({c.shards[i], {}});
            answers.emplace_back();
            if (c.counts[i]) answers.back() = answer_of(c.shards[i], *c.counts[i]);
        }
        EXPECT_EQ(collate(shards, answers, {}).count.value, c.merged) << c.what;
    }
}

struct Merge {
    std::vector<ViewShard> shards;
    std::vector<std::optional<ViewStoreAnswer>> answers;
};

// Shards sorted by start, with holes and overlaps; some without an answer.
Merge any_merge(std::size_t keys) {
    Merge merge;
    const auto count = *rc::gen::inRange<std::size_t>(1, 5);
    std::uint64_t start = *rc::gen::weightedElement<std::uint64_t>({{5, 0}, {1, 1}});
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t end = start + *rc::gen::inRange<std::uint64_t>(1, 6);
        const BlockRange shard = range(start, i + 1 == count ? endless : end);
        merge.shards.push_back({shard, {}});
        merge.answers.emplace_back();
        if (*rc::gen::weightedElement<int>({{5, 1}, {1, 0}}) == 1) {
            // Half of the stores are complete, so that long prefixes are not rare.
            const bool complete = *rc::gen::arbitrary<bool>();
            const std::uint64_t reached = complete ? end : *rc::gen::inRange(shard.start.value, end + 3);
            ViewStoreAnswer answer = answer_of(shard, reached, *rc::gen::inRange<std::int64_t>(0, 9));
            answer.view.last_known = BlockCount{*rc::gen::inRange<std::uint64_t>(0, 25)};
            for (std::size_t k = 0; k < keys; ++k) {
                SearchResult result;
                result.key = key_of(static_cast<std::uint8_t>(k + 1));
                result.code =
                    *rc::gen::element(SearchCode::found, SearchCode::not_found, SearchCode::bad_search_key,
                                      SearchCode::internal_error, SearchCode::rate_limited);
                answer.view.results.push_back(std::move(result));
            }
            merge.answers.back() = std::move(answer);
        }
        start = end + *rc::gen::weightedElement<std::uint64_t>({{8, 0}, {1, 1}});
        if (*rc::gen::weightedElement<int>({{2, 0}, {1, 1}}) == 1)
            start -= std::min<std::uint64_t>(3, end - shard.start.value);
    }
    return merge;
}

RC_GTEST_PROP(Collate, count_equals_the_prefix_counted_block_by_block, ()) {
    const Merge merge = any_merge(0);
    auto covered = [&](BlockIndex block) {
        for (const auto& answer : merge.answers)
            if (answer && answer->range.contains(block) && answer->view.count.includes(block)) return true;
        return false;
    };
    BlockCount naive;
    while (covered(naive.end())) naive = naive.end().count_through();
    RC_ASSERT(collate(merge.shards, merge.answers, {}).count == naive);
}

int strength(SearchCode code) {
    switch (code) {
    case SearchCode::found:
        return 4;
    case SearchCode::bad_search_key:
        return 3;
    case SearchCode::not_found:
        return 0;
    default:
        return 1;
    }
}

RC_GTEST_PROP(Collate, strongest_result_wins_for_each_key_on_its_own, ()) {
    const std::size_t keys = *rc::gen::inRange<std::size_t>(0, 5);
    const Merge merge = any_merge(keys);
    const ViewQuery query = query_for(keys);
    const ViewAnswer merged = collate(merge.shards, merge.answers, query);
    RC_ASSERT(merged.results.size() == keys);
    for (std::size_t k = 0; k < keys; ++k) {
        int strongest = 0;
        for (const auto& answer : merge.answers)
            if (answer) strongest = std::max(strongest, strength(answer->view.results[k].code));
        RC_ASSERT(merged.results[k].key == query.keys[k]);
        RC_ASSERT(strength(merged.results[k].code) == strongest);
    }
}

RC_GTEST_PROP(Collate, cursor_is_the_smallest_and_last_known_the_largest, ()) {
    const Merge merge = any_merge(0);
    ViewQuery query;
    query.events_after = UserEventId{3};
    std::optional<UserEventId> smallest;
    BlockCount largest;
    for (const auto& answer : merge.answers) {
        if (!answer) continue;
        smallest = smallest ? std::min(*smallest, answer->view.next_event) : answer->view.next_event;
        largest = std::max(largest, answer->view.last_known);
    }
    const ViewAnswer merged = collate(merge.shards, merge.answers, query);
    RC_ASSERT(merged.next_event == smallest.value_or(query.events_after));
    RC_ASSERT(merged.last_known == largest);
}

TEST(Collate, one_shards_error_poisons_only_its_key) { // BH-18
    const std::vector<ViewShard> shards{{range(0, 5), {}}, {range(5, endless), {}}};
    const ViewQuery query = query_for(3);
    std::vector<std::optional<ViewStoreAnswer>> answers{answer_of(shards[0].range, 5),
                                                        answer_of(shards[1].range, 7)};
    for (auto& answer : answers)
        for (const chain::SearchKey& key : query.keys)
            answer->view.results.push_back({key, SearchCode::not_found, {}});
    answers[1]->view.results[1].code = SearchCode::rate_limited;
    const ViewAnswer merged = collate(shards, answers, query);
    EXPECT_EQ(merged.results[0].code, SearchCode::not_found);
    EXPECT_EQ(merged.results[1].code, SearchCode::rate_limited);
    EXPECT_EQ(merged.results[2].code, SearchCode::not_found);
}

TEST(Collate, payload_comes_with_the_result_that_found_it) {
    const std::vector<ViewShard> shards{{range(0, 5), {}}, {range(5, endless), {}}};
    const ViewQuery query = query_for(1);
    std::vector<std::optional<ViewStoreAnswer>> answers{answer_of(shards[0].range, 5),
                                                        answer_of(shards[1].range, 7)};
    const auto payload = std::make_shared<const chain::Bytes>(chain::Bytes{1, 2, 3});
    answers[0]->view.results.push_back({query.keys[0], SearchCode::found, payload});
    answers[1]->view.results.push_back({query.keys[0], SearchCode::bad_search_key, {}});
    EXPECT_EQ(collate(shards, answers, query).results[0].payload, payload);
}

TEST(Collate, events_are_united_without_repeats) {
    const std::vector<ViewShard> shards{{range(0, 5), {}}, {range(5, endless), {}}};
    std::vector<std::optional<ViewStoreAnswer>> answers{answer_of(shards[0].range, 5, 3),
                                                        answer_of(shards[1].range, 7, 4)};
    RngRecord one;
    one.invocation = InvocationId{1};
    RngRecord two;
    two.invocation = InvocationId{2};
    answers[0]->view.rngs = {one};
    answers[1]->view.rngs = {one, two};
    answers[0]->view.missed = {range(2, 4)};
    answers[1]->view.missed = {range(2, 4), range(3, 4)};
    answers[0]->view.decommissions = {{InvocationId{1}, BlockIndex{3}}};
    answers[1]->view.decommissions = {{InvocationId{1}, BlockIndex{3}}};
    const ViewAnswer merged = collate(shards, answers, {});
    EXPECT_EQ(merged.rngs, (std::vector<RngRecord>{one, two}));
    EXPECT_EQ(merged.missed, (std::vector<BlockRange>{range(2, 4), range(3, 4)}));
    EXPECT_EQ(merged.decommissions.size(), 1u);
    EXPECT_EQ(merged.next_event, UserEventId{3}) << "what one shard has not seen is asked for again";
}

// ----------------------------------------------------------------------------------------- asking the shards

class ScriptedStore final : public ViewStoreApi {
public:
    ScriptedStore(Loop& loop, BlockRange range) : loop_(loop), range_(range) {}

    Task<Result<ViewStoreAnswer>> query(ViewQuery query) override {
        asked_at.push_back(loop_.now().ms());
        const std::size_t number = asked_at.size() - 1;
        co_await sleep_until(loop_.now() + delay, "an answer");
        if (number < errors.size()) co_return Error{errors[number], "store"};
        ViewStoreAnswer answer = answer_of(range_, count);
        for (const chain::SearchKey& key : query.keys)
            answer.view.results.push_back({key, SearchCode::not_found, {}});
        co_return answer;
    }

    std::uint64_t count = 0;
    Duration delay = 1ms;
    std::vector<Code> errors; // of the first calls
    std::vector<std::int64_t> asked_at;

private:
    Loop& loop_;
    BlockRange range_;
};

struct ViewRouterTest : ::testing::Test {
    TestBed bed;
    ScriptedStore low{bed.scheduler, range(0, 5)};
    ScriptedStore high{bed.scheduler, range(5, endless)};
    std::vector<ViewShard> shards{{range(0, 5), {&low}}, {range(5, endless), {&high}}};

    void SetUp() override {
        low.count = 5;
        high.count = 8;
    }
    Result<ViewAnswer> ask() {
        ViewRouter router(bed.host, shards, RouterConfig{});
        return bed.run(router.query(query_for(2)));
    }
};

TEST_F(ViewRouterTest, shards_are_asked_at_once) {
    low.delay = high.delay = 50ms;
    const Result<ViewAnswer> answer = ask();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{8});
    EXPECT_EQ(answer->results.size(), 2u);
    EXPECT_EQ(bed.scheduler.now().ms(), 50);
}

TEST_F(ViewRouterTest, shard_that_becomes_ready_between_two_tries_is_in) { // BH-37
    high.errors = {Code::not_ready, Code::not_ready};
    const Result<ViewAnswer> answer = ask();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{8});
    EXPECT_EQ(high.asked_at, (std::vector<std::int64_t>{0, 21, 62})) << "20 ms, then 40 ms apart";
    EXPECT_EQ(low.asked_at.size(), 1u);
}

TEST_F(ViewRouterTest, shard_that_stays_not_ready_covers_nothing) {
    high.errors.assign(3, Code::not_ready);
    Result<ViewAnswer> answer = ask();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{5});
    high.errors.clear();
    low.errors.assign(9, Code::unavailable);
    low.asked_at.clear();
    answer = ask();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{0});
}

TEST_F(ViewRouterTest, final_error_is_not_tried_again) {
    high.errors.assign(3, Code::permission_denied);
    ASSERT_TRUE(ask());
    EXPECT_EQ(high.asked_at.size(), 1u);
}

TEST_F(ViewRouterTest, no_answer_at_all_is_the_first_shards_error) {
    low.errors.assign(3, Code::unknown);
    high.errors.assign(3, Code::unavailable);
    EXPECT_EQ(code_of(ask()), Code::unknown);
}

TEST_F(ViewRouterTest, another_replica_is_asked_after_a_failure) {
    ScriptedStore other(bed.scheduler, range(5, endless));
    other.count = 7;
    other.errors.assign(9, Code::unavailable);
    shards[1].replicas.push_back(&other);
    for (int i = 0; i < 8; ++i) { // whichever is picked first
        const Result<ViewAnswer> answer = ask();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->count, BlockCount{8});
    }
    EXPECT_FALSE(other.asked_at.empty()) << "it was first at least once";
}

TEST_F(ViewRouterTest, store_that_disagrees_about_its_range_fails_the_query) {
    shards[1].range = range(5, 9);
    EXPECT_EQ(code_of(ask()), Code::invalid_argument);
}

TEST_F(ViewRouterTest, single_shard_is_asked_without_more_ado) {
    ScriptedStore all(bed.scheduler, BlockRange::all());
    all.count = 4;
    shards = {{BlockRange::all(), {&all}}};
    all.errors = {Code::internal};
    const Result<ViewAnswer> answer = ask();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->count, BlockCount{4});
    EXPECT_EQ(all.asked_at.size(), 2u);
}

TEST_F(ViewRouterTest, killed_request_leaves_no_task_behind) {
    low.delay = high.delay = 50ms;
    ViewRouter router(bed.host, shards, RouterConfig{});
    detail::Slot<Result<ViewAnswer>> slot;
    const TaskRef task =
        spawn(bed.scheduler, NodeId{1}, "query", detail::keep(router.query(query_for(1)), &slot));
    for (int i = 0; i < 3; ++i) bed.scheduler.step();
    EXPECT_GT(bed.scheduler.live_tasks(), 1u);
    bed.scheduler.kill(task);
    EXPECT_EQ(bed.scheduler.live_tasks(), 0u);
}

TEST_F(ViewRouterTest, shards_out_of_order_are_a_bug_of_ours) {
    std::swap(shards[0], shards[1]);
    EXPECT_THROW(ViewRouter(bed.host, shards, RouterConfig{}), InternalError);
    EXPECT_THROW(ViewRouter(bed.host, {}, RouterConfig{}), InternalError);
}

} // namespace
} // namespace engine::fog
