// A coverage mark that nothing ever hits promises something that is not so, and one that every run hits says
// nothing. Each has a plan here that brings it about, and one that does not.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "scenarios/catalogue.hpp"
#include "sim/mark_catalogue.hpp"
#include "sim/run.hpp"

namespace {

struct Hit {
    const char* mark;
    std::uint64_t seed;    ///< of the first lag plan that brings it about
    std::uint64_t without; ///< of the first one that does not
};

/// By sweeps of lag with the portfolio; to be computed again when plans are drawn in another way.
constexpr Hit hits[] = {
    // clang-format off
    {"wallet-limited-by-missed-block", 26, 1},
    {"wallet-limited-by-unspent-output", 2, 1},
    {"wallet-counts-an-output-spent-later", 9, 1},
    {"wallet-holds-back-a-newer-output", 8, 1},
    {"wallet-view-falls-back-within-a-check", 90, 1},
    {"wallet-view-behind-itself", 16, 1},
    {"wallet-view-starts-again-at-zero", 16, 1},
    {"wallet-search-needs-three-rounds", 41, 1},
    {"wallet-searches-three-rngs", 112, 1},
    {"wallet-two-rngs-start-at-one-block", 21, 1},
    {"wallet-hears-of-rng-and-its-end-at-once", 15, 1},
    {"wallet-rng-drained", 15, 1},
    {"wallet-rng-ended-but-not-drained", 850, 1},
    {"wallet-search-key-answered-with-an-error", 176, 1},
    {"wallet-missed-range-before-the-count-moves", 8, 1},
    {"wallet-missed-range-into-the-future", 8, 1},
    {"wallet-missed-blocks-not-there-yet", 18, 1},
    {"wallet-missed-range-partly-fetched", 18, 1},
    {"wallet-own-output-in-a-missed-block", 1, 2},
    {"wallet-finds-an-output-twice", 8, 1},
    {"wallet-image-answers-disagree", 581, 1},
    {"wallet-ledger-behind-itself", 150, 1},
    {"wallet-key-image-answered-with-an-error", 3323, 1},
    {"wallet-asks-just-before-the-tombstone", 254, 1},
    {"wallet-too-old-for-an-rng", 786, 1},
    {"wallet-too-old-for-an-output", 13152, 1},
    {"wallet-block-missing-inside-an-answer", 121, 1},
    {"wallet-output-status-answered-with-an-error", 236, 1},
    {"view-store-query-overtaken-by-a-block", 24, 1},
    {"view-store-query-between-records-and-count", 3, 1},
    {"view-store-covers-nothing-of-its-range", 3, 1},
    {"view-store-completes-its-range", 3, 1},
    {"view-store-waits-for-a-key", 21, 1},
    {"view-store-passes-a-block-of-no-key", 1, 2},
    {"view-store-passes-a-missed-block", 1, 2},
    {"view-store-passes-the-expiry-of-a-retired-key", 112, 1},
    {"view-store-gets-one-block-from-two-keys", 3, 1},
    {"view-store-refuses-an-old-key-list", 9, 1},
    {"view-store-refuses-old-events", 9, 1},
    {"view-store-cannot-read-keys", 168, 1},
    {"view-store-takes-an-older-key-list", 9, 1},
    {"view-router-without-one-shard", 3, 1},
    {"view-router-sees-a-hole", 60, 1},
    {"view-router-shard-beyond-the-merged-count", 60, 1},
    {"view-router-event-cursors-differ", 91, 1},
    {"view-router-found-beats-an-error", 10883, 1},
    {"images-query-overtaken-by-a-block", 26, 1},
    {"images-query-between-images-and-count", 19, 1},
    {"images-behind-their-copy", 9, 1},
    {"images-complete-their-range", 6, 1},
    {"images-wait-for-a-block-time", 1035, 1},
    {"ledger-router-without-one-shard", 31, 1},
    {"ledger-router-sees-a-hole", 118, 1},
    {"ledger-router-store-of-the-future", 36, 1},
    {"ledger-router-spend-beyond-its-count", 10, 1},
    {"ledger-router-spent-beats-an-error", 3189, 1},
    {"ledger-asked-for-blocks-it-has-not", 18, 1},
    {"ledger-asked-beyond-its-outputs", 10, 1},
    {"ledger-status-without-a-time", 127, 1},
    {"ledger-blocks-grow-during-an-answer", 819, 1},
    {"ingest-rotates-in-mid-block", 587, 1},
    {"ingest-scans-a-block-in-chunks", 92, 1},
    {"ingest-term-ends-in-mid-block", 4219, 1},
    {"ingest-loses-a-race", 41, 1},
    {"ingest-finds-its-invocation-closed", 337, 1},
    {"ingest-learns-that-its-key-is-lost", 55, 1},
    {"ingest-resumes", 9, 1},
    {"ingest-resumes-with-a-stale-state", 145, 1},
    {"ingest-may-not-resume", 12, 1},
    {"ingest-retired-key-comes-to-its-end", 51, 1},
    {"ingest-key-starts-later-than-wanted", 2501, 1},
    {"ingest-cannot-write-its-state", 268, 1},
    {"ingest-waits-for-a-block-time", 791, 1},
    {"ingest-refuses-a-key-while-active", 410, 1},
    {"ingest-overflows-after-a-users-record", 356, 1},
    {"ingest-commands-meet", 3, 1},
    {"ingest-refuses-a-command-on-a-full-disk", 83, 1},
    {"chain-output-in-the-last-block-of-a-key", 1, 3},
    {"chain-output-for-a-lost-key", 8, 1},
    {"chain-output-for-a-retired-key", 73, 1},
    {"chain-output-in-the-last-block-of-a-shard", 8, 1},
    {"chain-output-in-the-first-block-of-a-shard", 8, 1},
    {"chain-output-in-a-block-announced-as-missed", 8, 1},
    {"chain-coin-spent-in-the-next-block", 1, 2},
    {"chain-block-with-hints-to-two-keys", 241, 1},
    {"chain-output-beyond-the-newest-report", 134, 1},
    {"db-acknowledgement-lost", 96, 1},
    {"db-rolls-a-commit-back", 127, 1},
    {"db-commit-lost", 15, 1},
    {"db-commit-outlives-its-writer", 2531, 1},
    {"db-recognises-a-repeated-write", 1809, 1},
    {"db-refuses-a-block-of-a-lost-key", 289, 1},
    {"db-refuses-a-block-of-a-closed-invocation", 337, 1},
    {"db-raises-the-start-of-a-key", 2501, 1},
    {"db-two-keys-start-at-one-block", 21, 1},
    {"db-loses-a-key-that-never-scanned", 1, 2},
    {"db-two-keys-miss-the-same-range", 559, 1},
    {"db-missed-range-crosses-a-shard-end", 8, 1},
    {"db-unretires-a-key", 394, 1},
    {"db-refuses-to-unretire", 2986, 1},
    {"db-read-from-a-stale-replica", 9, 1},
    {"db-read-around-a-hole", 1766, 1},
    {"db-keeps-a-longer-promise", 64, 1},
    // clang-format on
};

engine::MarkCounts marks_of(std::uint64_t seed) {
    sim::Options options;
    options.seed = seed;
    options.strategy = sim::Strategy::parse("portfolio");
    return sim::run(*scenarios::find("lag"), options).marks;
}

const sim::MarkInfo* find_mark(std::string_view name) {
    for (const sim::MarkInfo& info : sim::mark_catalogue())
        if (name == info.name) return &info;
    return nullptr;
}

std::string test_name(const ::testing::TestParamInfo<Hit>& info) {
    std::string name = info.param.mark;
    for (char& c : name)
        if (c == '-') c = '_';
    return name;
}

struct MarkTest : ::testing::TestWithParam<Hit> {};

TEST_P(MarkTest, comes_with_its_situation_and_not_without) {
    const Hit& hit = GetParam();
    const sim::MarkInfo* info = find_mark(hit.mark);
    ASSERT_NE(info, nullptr);
    EXPECT_GT(marks_of(hit.seed).of(info->mark), 0u) << "lag seed " << hit.seed;
    EXPECT_EQ(marks_of(hit.without).of(info->mark), 0u) << "lag seed " << hit.without;
}

INSTANTIATE_TEST_SUITE_P(Marks, MarkTest, ::testing::ValuesIn(hits), test_name);

TEST(Marks, every_one_has_a_plan) {
    std::set<std::string_view> with_plan;
    for (const Hit& hit : hits) EXPECT_TRUE(with_plan.insert(hit.mark).second) << hit.mark << " comes twice";
    for (const sim::MarkInfo& info : sim::mark_catalogue())
        EXPECT_TRUE(with_plan.contains(info.name)) << info.name;
}

} // namespace
