#include "engine/fog/view_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/fog/testing/test_bed.hpp"

namespace engine::fog {
namespace {

using namespace engine::fog::testing;

BlockRange range(std::uint64_t start, std::uint64_t end) { return {BlockIndex{start}, BlockIndex{end}}; }

chain::PublicKey key_of(std::uint8_t n) {
    chain::PublicKey key;
    key.bytes[0] = n;
    return key;
}

/// The search key of the only record of a block of a key.
chain::SearchKey record_of(std::uint8_t key, std::uint64_t block) {
    chain::SearchKey search;
    search.bytes[0] = key;
    search.bytes[1] = static_cast<std::uint8_t>(block);
    return search;
}

/// The reads a view store makes, each with a moment before it and after it.
class ScriptedDb final : public RecoveryDb {
public:
    struct Key {
        IngressKeyRecord record;
        std::map<BlockIndex, IngestedBlock> blocks;
    };

    explicit ScriptedDb(Loop& loop) : loop_(loop) {}

    void add_key(std::uint8_t n, std::uint64_t start, std::uint64_t expiry = 100) {
        Key& key = keys_[key_of(n)];
        key.record.key = key_of(n);
        key.record.start = BlockIndex{start};
        key.record.expiry = BlockIndex{expiry};
        RngRecord rng;
        rng.invocation = InvocationId{n};
        rng.start = BlockIndex{start};
        announce(rng);
    }
    void scan(std::uint8_t n, std::uint64_t block, bool empty = false) {
        Key& key = keys_.at(key_of(n));
        IngestedBlock scanned;
        scanned.block = BlockIndex{block};
        scanned.invocation = InvocationId{n};
        auto rows = std::make_shared<std::vector<Row>>();
        if (!empty) rows->push_back({record_of(n, block), std::make_shared<const chain::Bytes>(1, n)});
        scanned.rows = std::move(rows);
        key.blocks[scanned.block] = std::move(scanned);
        key.record.last_scanned = std::max(key.record.last_scanned.value_or(BlockIndex{}), BlockIndex{block});
        ++position_.value;
    }
    IngressKeyRecord& key(std::uint8_t n) {
        ++position_.value;
        return keys_.at(key_of(n)).record;
    }
    void lose(std::uint8_t n) {
        IngressKeyRecord& record = key(n);
        record.lost = true;
        const BlockIndex first = record.last_scanned ? record.last_scanned->next() : record.start;
        announce(BlockRange{first, record.expiry});
    }
    template <class What>
    void announce(What what) {
        ++position_.value;
        events_.push_back({UserEventId{static_cast<std::int64_t>(events_.size()) + 1}, what});
    }
    DbPosition position() const { return position_; }

    std::function<void()> before_keys, before_blocks;
    std::function<bool(std::uint8_t)> blocks_fail; ///< for this key
    bool keys_fail = false;
    bool events_fail = false;
    std::optional<std::vector<IngressKeyRecord>> stale_keys; ///< what a replica still says
    DbPosition stale_keys_as_of;
    std::optional<DbPosition> stale_events_as_of;
    std::size_t blocks_limit = 1000; ///< never gives more at once
    int event_reads = 0;
    int key_reads = 0;

    std::vector<IngressKeyRecord> records() const {
        std::vector<IngressKeyRecord> all;
        for (const auto& [key, row] : keys_) all.push_back(row.record);
        return all;
    }

    Task<Result<IngressKeys>> ingress_keys() override {
        ++key_reads;
        co_await sleep_until(loop_.now() + 1ms, "keys");
        if (before_keys) before_keys();
        if (keys_fail) co_return Error{Code::unavailable, "keys"};
        IngressKeys keys;
        keys.records = stale_keys ? *stale_keys : records();
        keys.as_of = stale_keys ? stale_keys_as_of : position_;
        co_return keys;
    }
    Task<Result<IngestedBlocks>> blocks(chain::PublicKey key, BlockIndex first, std::size_t limit) override {
        co_await sleep_until(loop_.now() + 1ms, "blocks");
        if (before_blocks) before_blocks();
        if (blocks_fail && blocks_fail(key.bytes[0])) co_return Error{Code::internal, "blocks"};
        IngestedBlocks found;
        found.as_of = position_;
        const auto& stored = keys_.at(key).blocks;
        // Rows, not blocks: a hole is left out and not filled (BH-32).
        for (auto it = stored.lower_bound(first); it != stored.end(); ++it)
            if (found.blocks.size() < std::min(limit, blocks_limit)) found.blocks.push_back(it->second);
        co_return found;
    }
    Task<Result<UserEvents>> user_events(UserEventId after) override {
        ++event_reads;
        co_await sleep_until(loop_.now() + 1ms, "events");
        if (events_fail) co_return Error{Code::unknown, "events"};
        UserEvents found;
        found.next = after;
        found.as_of = stale_events_as_of.value_or(position_);
        for (const UserEvent& event : events_) {
            if (event.id <= after) continue;
            found.next = event.id;
            found.events.push_back(event);
        }
        co_return found;
    }

    // A view store only reads.
    Task<Result<std::optional<IngressKeyRecord>>> ingress_key(chain::PublicKey) override {
        return refuse<std::optional<IngressKeyRecord>>();
    }
    Task<Result<std::optional<BlockIndex>>> highest_known_block() override {
        return refuse<std::optional<BlockIndex>>();
    }
    Task<Result<BlockIndex>> new_ingress_key(chain::PublicKey, BlockIndex) override {
        return refuse<BlockIndex>();
    }
    Task<Result<void>> retire_ingress_key(chain::PublicKey, bool) override { return refuse<void>(); }
    Task<Result<bool>> report_lost_ingress_key(chain::PublicKey) override { return refuse<bool>(); }
    Task<Result<InvocationId>> new_ingest_invocation(std::optional<InvocationId>, chain::PublicKey,
                                                     chain::PublicKey, BlockIndex) override {
        return refuse<InvocationId>();
    }
    Task<Result<void>> decommission_ingest_invocation(InvocationId) override { return refuse<void>(); }
    Task<Result<void>> add_block(InvocationId, IngestedBlock) override { return refuse<void>(); }
    Task<Result<KeyStatus>> set_report(chain::PublicKey, ReportRow) override { return refuse<KeyStatus>(); }
    Task<Result<std::vector<InvocationId>>> expired_invocations(std::int64_t) override {
        return refuse<std::vector<InvocationId>>();
    }
    Task<Result<std::vector<ReportRow>>> reports() override { return refuse<std::vector<ReportRow>>(); }
    Task<Result<std::vector<BlockRange>>> missed_block_ranges() override {
        return refuse<std::vector<BlockRange>>();
    }

private:
    template <class T>
    static Task<Result<T>> refuse() {
        throw InternalError("a view store does not call this");
        co_return Error{};
    }

    Loop& loop_;
    std::map<chain::PublicKey, Key> keys_;
    std::vector<UserEvent> events_;
    DbPosition position_;
};

struct ViewStoreTest : ::testing::Test {
    TestBed bed;
    ScriptedDb db{bed.scheduler};
    ViewStoreConfig config{};
    std::optional<ViewStore> store;

    void start() {
        bed.scheduler.kill_all();
        store.emplace(bed.host, db, config);
        spawn(bed.scheduler, NodeId{1}, "store", store->run());
    }
    void settle() { bed.pass(2s); }
    std::uint64_t count() {
        settle();
        return store->count().value;
    }
    static ViewQuery query_for(std::vector<chain::SearchKey> keys, UserEventId after = UserEventId::none()) {
        ViewQuery query;
        query.events_after = after;
        query.keys = std::move(keys);
        return query;
    }
    Result<ViewStoreAnswer> ask(std::vector<chain::SearchKey> keys, UserEventId after = UserEventId::none()) {
        return bed.run(store->query(query_for(std::move(keys), after)));
    }
    bool finds(std::uint8_t key, std::uint64_t block) {
        const auto answer = ask({record_of(key, block)});
        return answer && answer->view.results.at(0).code == SearchCode::found;
    }
};

// ------------------------------------------------------------------------------------------ the advance rule

TEST_F(ViewStoreTest, count_is_the_block_after_the_last_loaded_one) {
    db.add_key(1, 1);
    for (std::uint64_t b = 1; b <= 3; ++b) db.scan(1, b);
    start();
    EXPECT_EQ(store->count(), BlockCount{0}) << "a started store knows nothing";
    EXPECT_FALSE(store->is_ready());
    EXPECT_EQ(count(), 4u) << "the origin block is covered by no key";
    EXPECT_TRUE(store->is_ready());
    EXPECT_TRUE(finds(1, 3));
    EXPECT_FALSE(finds(1, 4));
    db.scan(1, 4);
    EXPECT_EQ(count(), 5u);
}

TEST_F(ViewStoreTest, without_keys_or_blocks_the_count_stays_0) {
    start();
    EXPECT_EQ(count(), 0u);
    EXPECT_TRUE(store->is_ready());
    db.add_key(1, 5);
    EXPECT_EQ(count(), 0u);
}

TEST_F(ViewStoreTest, block_without_records_counts_like_any_other) { // BH-31
    db.add_key(1, 1);
    for (std::uint64_t b = 1; b <= 4; ++b) db.scan(1, b, b % 2 == 0);
    start();
    EXPECT_EQ(count(), 5u);
}

TEST_F(ViewStoreTest, slowest_key_that_covers_a_block_holds_the_count) {
    db.add_key(1, 1);
    db.add_key(2, 2);
    for (std::uint64_t b = 1; b <= 6; ++b) db.scan(1, b);
    for (std::uint64_t b = 2; b <= 3; ++b) db.scan(2, b);
    start();
    EXPECT_EQ(count(), 4u);
    EXPECT_EQ(store->last_known(), BlockCount{7});
    db.scan(2, 4);
    EXPECT_EQ(count(), 5u);
}

TEST_F(ViewStoreTest, key_that_never_scans_holds_the_count_at_its_start_until_it_is_lost) { // BH-28
    db.add_key(1, 1);
    db.add_key(2, 3);
    for (std::uint64_t b = 1; b <= 6; ++b) db.scan(1, b);
    start();
    EXPECT_EQ(count(), 3u);
    db.lose(2);
    EXPECT_EQ(count(), 7u);
}

TEST_F(ViewStoreTest, lost_key_holds_for_what_it_scanned_only) {
    db.add_key(1, 1);
    db.scan(1, 1);
    db.scan(1, 2);
    db.lose(1);
    db.add_key(2, 4);
    db.scan(2, 4);
    start();
    EXPECT_EQ(count(), 5u) << "block 3 is a missed one";
}

TEST_F(ViewStoreTest, missed_blocks_are_passed_only_below_a_block_that_was_delivered) { // BH-38
    db.add_key(1, 1, 8);
    db.scan(1, 1);
    db.lose(1);
    start();
    EXPECT_EQ(count(), 2u);
    db.add_key(2, 4); // starts inside the missed range and has not scanned yet
    EXPECT_EQ(count(), 2u);
    db.scan(2, 4);
    EXPECT_EQ(count(), 5u);
}

TEST_F(ViewStoreTest, retired_key_owes_the_blocks_below_its_expiry) { // R13
    db.add_key(1, 1, 4);
    db.key(1).retired = true;
    db.add_key(2, 1);
    for (std::uint64_t b = 1; b <= 6; ++b) db.scan(2, b);
    db.scan(1, 1);
    db.scan(1, 2);
    start();
    EXPECT_EQ(count(), 3u);
    db.scan(1, 3);
    EXPECT_EQ(count(), 7u) << "expiry 4 is the first block it does not owe";
}

TEST_F(ViewStoreTest, key_that_appears_below_the_count_does_not_take_it_back) {
    db.add_key(1, 1);
    for (std::uint64_t b = 1; b <= 6; ++b) db.scan(1, b);
    start();
    EXPECT_EQ(count(), 7u);
    db.add_key(2, 3);
    db.scan(1, 7);
    EXPECT_EQ(count(), 7u) << "nor does it go on before that key has caught up";
    for (std::uint64_t b = 3; b <= 7; ++b) db.scan(2, b);
    EXPECT_EQ(count(), 8u);
}

// ------------------------------------------------------------------------------------------------ shards

TEST_F(ViewStoreTest, later_shard_is_not_ready_before_a_block_of_its_range_is_in) {
    config.range = range(5, 10);
    db.add_key(1, 1);
    for (std::uint64_t b = 1; b <= 4; ++b) db.scan(1, b);
    start();
    settle();
    EXPECT_EQ(code_of(ask({record_of(1, 2)})), Code::not_ready);
    db.scan(1, 5);
    EXPECT_EQ(count(), 6u);
    EXPECT_TRUE(finds(1, 5));
    EXPECT_FALSE(finds(1, 4)) << "of another shard";
}

TEST_F(ViewStoreTest, shard_ends_at_its_end) {
    config.range = range(5, 10);
    db.add_key(1, 1);
    for (std::uint64_t b = 1; b <= 14; ++b) db.scan(1, b);
    start();
    EXPECT_EQ(count(), 10u);
    EXPECT_TRUE(finds(1, 9));
    EXPECT_FALSE(finds(1, 10));
    EXPECT_EQ(ask({})->range, range(5, 10));
}

TEST_F(ViewStoreTest, first_shard_always_answers) {
    config.range = range(0, 5);
    start();
    const auto answer = ask({record_of(1, 1)});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->view.count, BlockCount{0});
}

// ------------------------------------------------------------------------------------------------ loading

TEST_F(ViewStoreTest, more_than_one_batch_is_loaded_without_waiting_for_the_next_poll) {
    config.batch_blocks = 2;
    db.add_key(1, 1);
    for (std::uint64_t b = 1; b <= 9; ++b) db.scan(1, b);
    start();
    bed.pass(100ms);
    EXPECT_EQ(store->count(), BlockCount{10});
}

TEST_F(ViewStoreTest, hole_in_a_batch_ends_it_there) { // BH-32
    db.add_key(1, 1);
    for (std::uint64_t b : {1u, 2u, 4u, 5u}) db.scan(1, b);
    start();
    EXPECT_EQ(count(), 3u);
    EXPECT_FALSE(finds(1, 4));
    db.scan(1, 3);
    EXPECT_EQ(count(), 6u);
    EXPECT_TRUE(finds(1, 4));
}

TEST_F(ViewStoreTest, error_for_one_key_hinders_neither_the_others_nor_the_key_list) { // BH-29
    db.add_key(1, 1);
    db.add_key(2, 1);
    for (std::uint64_t b = 1; b <= 3; ++b) {
        db.scan(1, b);
        db.scan(2, b);
    }
    db.blocks_fail = [](std::uint8_t key) { return key == 1; };
    start();
    EXPECT_EQ(count(), 1u);
    EXPECT_FALSE(store->is_ready()) << "not everything known has been loaded";
    EXPECT_EQ(store->last_known(), BlockCount{4}) << "key 2 went on";
    db.key(1).lost = true;
    db.key(1).last_scanned.reset();
    EXPECT_EQ(count(), 4u) << "the news reach the store";
}

TEST_F(ViewStoreTest, failing_key_list_is_read_again) {
    db.add_key(1, 1);
    db.scan(1, 1);
    db.keys_fail = true;
    start();
    EXPECT_EQ(count(), 0u);
    EXPECT_FALSE(store->is_ready()) << "no data is not all data";
    db.keys_fail = false;
    EXPECT_EQ(count(), 2u);
}

TEST_F(ViewStoreTest, idle_store_polls_at_its_interval) {
    db.add_key(1, 1);
    db.scan(1, 1);
    start();
    settle();
    const int before = db.key_reads;
    bed.pass(10s);
    EXPECT_NEAR(db.key_reads - before, 40, 2);
}

// A key starts at block 5 and another key's block 5 becomes visible after the list was read, right before the
// blocks are.
TEST_F(ViewStoreTest, count_passes_a_block_only_on_a_key_list_read_after_it) { // R7
    db.add_key(1, 1);
    for (std::uint64_t b = 1; b <= 4; ++b) db.scan(1, b);
    bool done = false;
    db.before_blocks = [&] {
        if (std::exchange(done, true)) return;
        db.add_key(2, 5);
        db.scan(1, 5);
    };
    start();
    EXPECT_EQ(count(), 5u) << "block 5 is key 2's, too";
    db.scan(2, 5);
    EXPECT_EQ(count(), 6u);
}

TEST_F(ViewStoreTest, key_list_of_a_replica_behind_the_blocks_is_not_good_enough) { // R7
    db.add_key(1, 1);
    for (std::uint64_t b = 1; b <= 4; ++b) db.scan(1, b);
    start();
    EXPECT_EQ(count(), 5u);
    db.scan(1, 5); // seen in the list, so the blocks are read
    bool armed = true;
    db.before_blocks = [&] {
        if (!std::exchange(armed, false)) return;
        db.stale_keys = db.records(); // the replica stops here
        db.stale_keys_as_of = db.position();
        db.add_key(2, 6);
        db.scan(1, 6);
    };
    settle();
    EXPECT_LE(store->count(), BlockCount{6}) << "block 6 is key 2's, too";
    db.stale_keys.reset();
    EXPECT_EQ(count(), 6u);
    db.scan(2, 6);
    EXPECT_EQ(count(), 7u);
}

TEST_F(ViewStoreTest, records_are_in_before_the_count_that_includes_them) { // R2, BH-23
    db.add_key(1, 1);
    db.scan(1, 1);
    start();
    EXPECT_EQ(count(), 2u);
    bed.host.hold_at(YieldPoint::view_inserted, 2s);
    db.scan(1, 2);
    bed.pass(1s);
    EXPECT_EQ(store->count(), BlockCount{2});
    EXPECT_TRUE(finds(1, 2));
    EXPECT_EQ(store->count(), BlockCount{2});
    bed.pass(2s);
    EXPECT_EQ(store->count(), BlockCount{3});
}

// ------------------------------------------------------------------------------------------------ queries

TEST_F(ViewStoreTest, search_asks_the_database_nothing_and_echoes_the_cursor) {
    db.add_key(1, 1);
    db.scan(1, 1);
    start();
    settle();
    const auto answer = ask({record_of(1, 1), record_of(1, 9), record_of(1, 1)});
    ASSERT_TRUE(answer);
    EXPECT_EQ(db.event_reads, 0);
    EXPECT_EQ(answer->view.next_event, UserEventId::none());
    EXPECT_TRUE(answer->view.rngs.empty());
    ASSERT_EQ(answer->view.results.size(), 3u);
    EXPECT_EQ(answer->view.results[0].code, SearchCode::found);
    EXPECT_EQ(*answer->view.results[0].payload, chain::Bytes(1, 1));
    EXPECT_EQ(answer->view.results[1].code, SearchCode::not_found);
    EXPECT_EQ(answer->view.results[1].payload, nullptr);
    EXPECT_EQ(answer->view.results[1].key, record_of(1, 9)) << "in request order";
    EXPECT_EQ(answer->view.results[2].code, SearchCode::found);
}

TEST_F(ViewStoreTest, events_after_the_cursor_come_by_kind) {
    db.add_key(1, 1, 4);
    db.add_key(2, 1);
    db.announce(Decommission{InvocationId{1}, BlockIndex{3}});
    db.lose(1);
    start();
    const auto all = ask({}, UserEventId{0});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->view.rngs.size(), 2u);
    EXPECT_EQ(all->view.decommissions.size(), 1u);
    EXPECT_EQ(all->view.missed, (std::vector<BlockRange>{range(1, 4)}));
    EXPECT_EQ(all->view.next_event, UserEventId{4});
    const auto late = ask({}, UserEventId{3});
    ASSERT_TRUE(late);
    EXPECT_TRUE(late->view.rngs.empty());
    EXPECT_EQ(late->view.missed.size(), 1u);
    const auto none = ask({}, UserEventId{4});
    ASSERT_TRUE(none);
    EXPECT_EQ(none->view.next_event, UserEventId{4});
}

TEST_F(ViewStoreTest, restarted_store_knows_all_events_and_no_record) { // 6.9
    db.add_key(1, 1);
    db.scan(1, 1);
    start();
    settle();
    bed.host.hold_at(YieldPoint::view_inserted, 100s);
    start();
    const auto answer = ask({}, UserEventId{0});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->view.count, BlockCount{0});
    EXPECT_EQ(answer->view.rngs.size(), 1u);
}

// A new RNG and its first block become visible while the query stands still at each of its points.
TEST_F(ViewStoreTest, count_is_read_before_events_and_records) { // R1
    for (YieldPoint point :
         {YieldPoint::view_query_counted, YieldPoint::view_query_events, YieldPoint::view_query_looked_up}) {
        TestBed other;
        ScriptedDb database(other.scheduler);
        database.add_key(1, 1);
        database.scan(1, 1);
        ViewStore tested(other.host, database, {});
        spawn(other.scheduler, NodeId{1}, "store", tested.run());
        other.pass(2s);
        other.host.hold_at(point, 5s);
        detail::Slot<Result<ViewStoreAnswer>> slot;
        ViewQuery query = query_for({record_of(2, 2)}, UserEventId{0});
        spawn(other.scheduler, NodeId{1}, "query", detail::keep(tested.query(std::move(query)), &slot));
        other.pass(1s);
        database.add_key(2, 2);
        database.scan(1, 2);
        database.scan(2, 2);
        other.scheduler.run_until([&] { return bool(slot.value); });
        ASSERT_TRUE(*slot.value);
        EXPECT_EQ(tested.count(), BlockCount{3});
        EXPECT_EQ((*slot.value)->view.count, BlockCount{2}) << name(point);
    }
}

TEST_F(ViewStoreTest, events_of_a_replica_behind_the_counted_keys_are_not_given) {
    db.add_key(1, 1);
    db.scan(1, 1);
    start();
    settle();
    db.stale_events_as_of = DbPosition{db.position().value - 1};
    EXPECT_EQ(code_of(ask({}, UserEventId{0})), Code::not_ready);
    EXPECT_TRUE(ask({record_of(1, 1)})) << "a search needs no events";
    db.stale_events_as_of = db.position();
    EXPECT_TRUE(ask({}, UserEventId{0}));
}

TEST_F(ViewStoreTest, failing_event_read_is_safe_to_repeat) {
    start();
    db.events_fail = true;
    EXPECT_EQ(code_of(ask({}, UserEventId{0})), Code::unavailable);
    db.events_fail = false;
    EXPECT_TRUE(ask({}, UserEventId{0}));
}

} // namespace
} // namespace engine::fog
