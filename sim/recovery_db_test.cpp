#include "sim/recovery_db.hpp"

#include <gtest/gtest.h>

#include <map>

#include "sim/testing/core_bed.hpp"

namespace sim {
namespace {

using namespace sim::testing;
using namespace engine::fog;
using engine::Code;
using engine::InvocationId;
using engine::UserEventId;
using PublicKey = engine::chain::PublicKey;

PublicKey key_of(std::uint8_t n) {
    PublicKey key;
    key.bytes[0] = n;
    return key;
}

BlockRange range(std::uint64_t start, std::uint64_t end) { return {BlockIndex{start}, BlockIndex{end}}; }

IngestedBlock block_of(std::uint64_t index) {
    IngestedBlock block;
    block.block = BlockIndex{index};
    Row row;
    row.search_key.bytes[0] = static_cast<std::uint8_t>(index);
    row.payload = std::make_shared<const engine::chain::Bytes>(1, 7);
    block.rows = std::make_shared<const std::vector<Row>>(1, row);
    return block;
}

struct RecoveryDbTest : ::testing::Test {
    explicit RecoveryDbTest(const Options& options = calm()) : bed(options) {}

    CoreBed bed;
    engine::model::RecoveryModel model;
    SimDb db{bed.core, model};
    SimDbClient one{db, NodeId{1}};
    SimDbClient two{db, NodeId{2}};

    BlockIndex new_key(std::uint8_t n, std::uint64_t start) {
        return *bed.run(one.new_ingress_key(key_of(n), BlockIndex{start}));
    }
    InvocationId invoke(std::uint8_t key, std::uint8_t egress, std::optional<InvocationId> previous = {}) {
        return *bed.run(one.new_ingest_invocation(previous, key_of(key), key_of(egress), BlockIndex{1}));
    }
    Result<void> add(InvocationId invocation, std::uint64_t block) {
        return bed.run(one.add_block(invocation, block_of(block)));
    }
    void report(std::uint8_t key, std::uint64_t expiry, const char* id = "") {
        ReportRow row;
        row.fog_report_id = id;
        row.ingress_key = key_of(key);
        row.expiry = BlockIndex{expiry};
        ASSERT_TRUE(bed.run(one.set_report(key_of(key), row)));
    }
    IngressKeyRecord record(std::uint8_t n) { return bed.run(one.ingress_key(key_of(n))).value().value(); }
    UserEvents events(std::int64_t after = 0) { return *bed.run(one.user_events(UserEventId{after})); }
};

// ------------------------------------------------------------------------------------------------ keys

TEST_F(RecoveryDbTest, key_starts_above_every_known_block) { // R11, BH-30
    EXPECT_EQ(new_key(1, 3), BlockIndex{3});
    const InvocationId id = invoke(1, 11);
    for (std::uint64_t b = 3; b <= 6; ++b) ASSERT_TRUE(add(id, b));
    EXPECT_EQ(new_key(2, 2), BlockIndex{7});
    EXPECT_EQ(new_key(3, 7), BlockIndex{7});
    EXPECT_EQ(new_key(4, 9), BlockIndex{9});
    EXPECT_EQ(record(2).start, BlockIndex{7}) << "the stored start is the one that was told";
    EXPECT_EQ(bed.run(one.highest_known_block()).value(), BlockIndex{6});
}

TEST_F(RecoveryDbTest, new_key_repeated_gives_the_first_start_until_the_key_was_used) {
    EXPECT_EQ(new_key(1, 3), BlockIndex{3});
    EXPECT_EQ(new_key(1, 8), BlockIndex{3});
    EXPECT_EQ(new_key(2, 3), BlockIndex{3});
    EXPECT_EQ(new_key(3, 3), BlockIndex{3});
    ASSERT_TRUE(add(invoke(1, 11), 3));
    ASSERT_TRUE(bed.run(one.retire_ingress_key(key_of(2), true)));
    ASSERT_TRUE(bed.run(one.report_lost_ingress_key(key_of(3))));
    for (std::uint8_t n : std::initializer_list<std::uint8_t>{1, 2, 3})
        EXPECT_EQ(code_of(bed.run(one.new_ingress_key(key_of(n), BlockIndex{3}))), Code::conflict) << int{n};
}

TEST_F(RecoveryDbTest, keys_are_read_by_key_with_their_last_block_and_the_position) {
    new_key(2, 1);
    new_key(1, 1);
    const DbPosition before = bed.run(one.ingress_keys())->as_of;
    ASSERT_TRUE(add(invoke(2, 11), 1));
    const IngressKeys keys = *bed.run(two.ingress_keys());
    ASSERT_EQ(keys.records.size(), 2u);
    EXPECT_EQ(keys.records[0].key, key_of(1));
    EXPECT_EQ(keys.records[0].last_scanned, std::nullopt);
    EXPECT_EQ(keys.records[1].last_scanned, BlockIndex{1});
    EXPECT_EQ(keys.as_of.value, before.value + 2) << "the invocation and the block";
    EXPECT_EQ(bed.run(one.ingress_key(key_of(9))).value(), std::nullopt);
}

TEST_F(RecoveryDbTest, retiring_is_a_flag_that_can_be_taken_back_before_the_expiry) {
    EXPECT_EQ(code_of(bed.run(one.retire_ingress_key(key_of(1), true))), Code::not_found);
    new_key(1, 1);
    report(1, 4);
    const InvocationId id = invoke(1, 11);
    for (std::uint64_t b = 1; b <= 3; ++b) ASSERT_TRUE(add(id, b));
    for (bool retired : {true, true, false, false, true}) {
        EXPECT_TRUE(bed.run(one.retire_ingress_key(key_of(1), retired)));
        EXPECT_EQ(record(1).retired, retired);
    }
}

TEST_F(RecoveryDbTest, retired_key_is_not_taken_back_once_a_block_at_its_expiry_is_known) {
    new_key(1, 1);
    report(1, 3);
    ASSERT_TRUE(bed.run(one.retire_ingress_key(key_of(1), true)));
    new_key(2, 1);
    const InvocationId id = invoke(2, 12);
    for (std::uint64_t b = 1; b <= 2; ++b) ASSERT_TRUE(add(id, b));
    EXPECT_TRUE(bed.run(one.retire_ingress_key(key_of(1), false)));
    ASSERT_TRUE(bed.run(one.retire_ingress_key(key_of(1), true)));
    ASSERT_TRUE(add(id, 3)); // view may pass block 3 without key 1 now
    EXPECT_EQ(code_of(bed.run(one.retire_ingress_key(key_of(1), false))), Code::retired);
    EXPECT_TRUE(record(1).retired);
}

TEST_F(RecoveryDbTest, lost_key_announces_what_it_owed) {
    EXPECT_EQ(code_of(bed.run(one.report_lost_ingress_key(key_of(1)))), Code::not_found);
    new_key(1, 2);
    report(1, 9);
    ASSERT_TRUE(add(invoke(1, 11), 2));
    new_key(2, 3);
    report(2, 9, "other");
    for (int repeat = 0; repeat < 3; ++repeat) {
        EXPECT_EQ(bed.run(one.report_lost_ingress_key(key_of(1))).value(), true);
        EXPECT_EQ(bed.run(one.missed_block_ranges()).value(), (std::vector<BlockRange>{range(3, 9)}));
    }
    EXPECT_EQ(bed.run(one.report_lost_ingress_key(key_of(2))).value(), true);
    EXPECT_EQ(bed.run(one.missed_block_ranges()).value(), (std::vector<BlockRange>{range(3, 9)}))
        << "the same range is said once";
    EXPECT_TRUE(record(2).lost);
    EXPECT_TRUE(record(1).lost);
}

TEST_F(RecoveryDbTest, lost_key_that_owed_nothing_announces_nothing) {
    new_key(1, 2);
    EXPECT_EQ(bed.run(one.report_lost_ingress_key(key_of(1))).value(), false) << "it never had a report";
    EXPECT_EQ(bed.run(one.report_lost_ingress_key(key_of(1))).value(), false);
    EXPECT_TRUE(events().events.empty());
    EXPECT_TRUE(record(1).lost);
}

TEST_F(RecoveryDbTest, lost_is_final) { // R12
    new_key(1, 1);
    report(1, 5);
    const InvocationId id = invoke(1, 11);
    ASSERT_TRUE(add(id, 1));
    ASSERT_TRUE(bed.run(one.report_lost_ingress_key(key_of(1))));
    EXPECT_EQ(code_of(add(id, 2)), Code::lost);
    EXPECT_TRUE(add(id, 1)) << "a repeat of what was stored before";
    EXPECT_EQ(code_of(bed.run(one.new_ingest_invocation({}, key_of(1), key_of(12), BlockIndex{2}))),
              Code::lost);
    ReportRow late;
    late.ingress_key = key_of(1);
    late.expiry = BlockIndex{50};
    const KeyStatus status = *bed.run(one.set_report(key_of(1), late));
    EXPECT_TRUE(status.lost);
    EXPECT_EQ(status.expiry, BlockIndex{5});
    EXPECT_EQ(bed.run(one.reports())->at(0).expiry, BlockIndex{5});
}

// --------------------------------------------------------------------------------------- invocations, blocks

TEST_F(RecoveryDbTest, invocation_announces_its_rng_and_closes_the_previous_one) {
    EXPECT_EQ(code_of(bed.run(one.new_ingest_invocation({}, key_of(1), key_of(11), BlockIndex{1}))),
              Code::not_found);
    new_key(1, 1);
    const InvocationId first = invoke(1, 11);
    ASSERT_TRUE(add(first, 1));
    const InvocationId second = invoke(1, 12, first);
    const UserEvents all = events();
    ASSERT_EQ(all.events.size(), 3u);
    EXPECT_EQ(std::get<RngRecord>(all.events[0].what), (RngRecord{first, key_of(11), 0, BlockIndex{1}}));
    EXPECT_EQ(std::get<Decommission>(all.events[1].what), (Decommission{first, BlockIndex{1}}));
    EXPECT_EQ(std::get<RngRecord>(all.events[2].what).invocation, second);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(all.events[i].id.value, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(all.next, UserEventId{3});
    EXPECT_EQ(code_of(add(first, 2)), Code::decommissioned);
    EXPECT_TRUE(add(first, 1)) << "a repeat of what was stored before";
}

TEST_F(RecoveryDbTest, invocation_repeated_is_the_same_one) {
    new_key(1, 1);
    new_key(2, 1);
    const InvocationId old = invoke(1, 10);
    const InvocationId first = invoke(1, 11, old);
    EXPECT_EQ(invoke(1, 11, old), first);
    EXPECT_EQ(events().events.size(), 3u);
    EXPECT_EQ(code_of(bed.run(one.new_ingest_invocation({}, key_of(2), key_of(11), BlockIndex{1}))),
              Code::conflict);
    EXPECT_EQ(events().events.size(), 3u) << "a refused write changes nothing";
}

TEST_F(RecoveryDbTest, invocation_after_one_that_does_not_exist_is_refused) {
    new_key(1, 1);
    for (std::int64_t nobody : {-1, 0, 7})
        EXPECT_EQ(code_of(bed.run(
                      one.new_ingest_invocation(InvocationId{nobody}, key_of(1), key_of(11), BlockIndex{1}))),
                  Code::not_found);
    EXPECT_TRUE(events().events.empty());
}

TEST_F(RecoveryDbTest, decommission_is_announced_once_with_the_last_block) {
    for (std::int64_t nobody : {0, 5})
        EXPECT_EQ(code_of(bed.run(one.decommission_ingest_invocation(InvocationId{nobody}))),
                  Code::not_found);
    new_key(1, 1);
    const InvocationId used = invoke(1, 11);
    const InvocationId unused = invoke(1, 12);
    ASSERT_TRUE(add(used, 1));
    ASSERT_TRUE(add(used, 2));
    for (int repeat = 0; repeat < 2; ++repeat)
        for (InvocationId id : {used, unused}) EXPECT_TRUE(bed.run(one.decommission_ingest_invocation(id)));
    const UserEvents closed = events(2);
    ASSERT_EQ(closed.events.size(), 2u);
    EXPECT_EQ(std::get<Decommission>(closed.events[0].what).last_ingested, BlockIndex{2});
    EXPECT_EQ(std::get<Decommission>(closed.events[1].what).last_ingested, BlockIndex{0})
        << "also when it never had any";
}

TEST_F(RecoveryDbTest, block_of_a_key_has_one_winner) { // R9, BH-43
    EXPECT_EQ(code_of(add(InvocationId{1}, 1)), Code::not_found);
    new_key(1, 1);
    new_key(2, 1);
    const InvocationId first = invoke(1, 11);
    const InvocationId rival = invoke(1, 12);
    const InvocationId other_key = invoke(2, 13);
    ASSERT_TRUE(add(first, 1));
    EXPECT_TRUE(add(first, 1)) << "a repeat by the same writer succeeds";
    EXPECT_EQ(code_of(add(rival, 1)), Code::conflict);
    EXPECT_TRUE(add(other_key, 1)) << "keys are apart";
    const IngestedBlocks stored = *bed.run(one.blocks(key_of(1), BlockIndex{1}, 9));
    ASSERT_EQ(stored.blocks.size(), 1u);
    EXPECT_EQ(stored.blocks[0].invocation, first);
}

TEST_F(RecoveryDbTest, blocks_are_consecutive_up_to_the_limit_or_the_first_gap) { // BH-32
    new_key(1, 1);
    const InvocationId id = invoke(1, 11);
    for (std::uint64_t b : {1u, 2u, 3u, 5u, 6u}) ASSERT_TRUE(add(id, b));
    auto read = [&](std::uint64_t first, std::size_t limit) {
        std::vector<std::uint64_t> indices;
        const IngestedBlocks found = *bed.run(one.blocks(key_of(1), BlockIndex{first}, limit));
        for (const IngestedBlock& block : found.blocks) indices.push_back(block.block.value);
        return indices;
    };
    using Indices = std::vector<std::uint64_t>;
    EXPECT_EQ(read(1, 9), (Indices{1, 2, 3}));
    EXPECT_EQ(read(1, 2), (Indices{1, 2}));
    EXPECT_EQ(read(4, 9), (Indices{}));
    EXPECT_EQ(read(5, 9), (Indices{5, 6}));
    EXPECT_TRUE(bed.run(one.blocks(key_of(9), BlockIndex{1}, 9))->blocks.empty());
}

// ------------------------------------------------------------------------------------------- reports, events

TEST_F(RecoveryDbTest, report_raises_the_keys_expiry_and_never_lowers_it) {
    ReportRow row;
    EXPECT_EQ(code_of(bed.run(one.set_report(key_of(1), row))), Code::not_found);
    new_key(1, 1);
    new_key(2, 1);
    report(1, 9);
    report(1, 5);
    EXPECT_EQ(record(1).expiry, BlockIndex{9});
    EXPECT_EQ(bed.run(one.reports())->at(0).expiry, BlockIndex{5}) << "the report is overwritten as it is";
    report(2, 20);
    report(2, 30, "second id");
    const std::vector<ReportRow> rows = *bed.run(two.reports());
    ASSERT_EQ(rows.size(), 2u) << "one for each id";
    EXPECT_EQ(rows[0].ingress_key, key_of(2)) << "the later key has taken the id";
    EXPECT_EQ(rows[1].fog_report_id, "second id");
}

TEST_F(RecoveryDbTest, retired_key_publishes_nothing) {
    new_key(1, 1);
    report(1, 5);
    ASSERT_TRUE(bed.run(one.retire_ingress_key(key_of(1), true)));
    ReportRow late;
    late.expiry = BlockIndex{50};
    const KeyStatus status = *bed.run(one.set_report(key_of(1), late));
    EXPECT_TRUE(status.retired);
    EXPECT_EQ(status.expiry, BlockIndex{5});
    EXPECT_EQ(bed.run(one.reports())->at(0).expiry, BlockIndex{5});
}

TEST_F(RecoveryDbTest, events_are_read_from_a_cursor) {
    new_key(1, 1);
    for (std::uint8_t egress : std::initializer_list<std::uint8_t>{11, 12, 13}) invoke(1, egress);
    EXPECT_EQ(events(1).events.size(), 2u);
    EXPECT_EQ(events(1).next, UserEventId{3});
    EXPECT_TRUE(events(3).events.empty());
    EXPECT_EQ(events(3).next, UserEventId{3});
    EXPECT_EQ(events(8).next, UserEventId{8});
    bed.begin(FaultKind::db_down);
    const Instant before = bed.now();
    EXPECT_EQ(bed.run(one.user_events(UserEventId::none()))->next, UserEventId::none());
    EXPECT_EQ(bed.now(), before) << "no connection is used";
}

// ------------------------------------------------------------------------------------------------ faults

TEST_F(RecoveryDbTest, database_down_refuses_before_anything_happens) {
    const FaultId everybody = bed.begin(FaultKind::db_down);
    EXPECT_EQ(code_of(bed.run(one.new_ingress_key(key_of(1), BlockIndex{1}))), Code::unavailable);
    EXPECT_EQ(code_of(bed.run(two.ingress_keys())), Code::unavailable);
    bed.core.faults.remove(everybody);
    bed.begin(FaultKind::db_down_for, 1);
    EXPECT_EQ(code_of(bed.run(one.reports())), Code::unavailable);
    EXPECT_TRUE(bed.run(two.reports()));
    EXPECT_TRUE(db.state().keys.empty());
}

TEST_F(RecoveryDbTest, serialization_failure_changes_nothing) {
    bed.begin(FaultKind::fail_commit, 1, 0, 2);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(code_of(bed.run(one.new_ingress_key(key_of(1), BlockIndex{1}))), Code::internal);
        EXPECT_TRUE(db.state().keys.empty());
        EXPECT_FALSE(model.knows_key(key_of(1)));
        EXPECT_EQ(db.state().position, DbPosition{0});
        EXPECT_TRUE(bed.run(two.retire_ingress_key(key_of(9), true)).has_error()) << "not its commits";
    }
    EXPECT_TRUE(bed.run(one.new_ingress_key(key_of(1), BlockIndex{1}))) << "it is used up";
    EXPECT_TRUE(bed.core.faults.empty());
}

TEST_F(RecoveryDbTest, lost_acknowledgement_is_unknown_and_committed_and_the_repeat_succeeds) {
    new_key(1, 1);
    const InvocationId id = invoke(1, 11);
    bed.begin(FaultKind::lose_commit_ack, 1, 0, 1);
    const Result<void> added = add(id, 1);
    EXPECT_EQ(code_of(added), Code::unknown);
    EXPECT_TRUE(may_have_happened(added.error()));
    EXPECT_EQ(record(1).last_scanned, BlockIndex{1});
    EXPECT_TRUE(model.has_scanned(key_of(1), BlockIndex{1}));
    EXPECT_TRUE(add(id, 1));
    // The same for every other write.
    auto lose = [&] { bed.begin(FaultKind::lose_commit_ack, 1, 0, 1); };
    lose();
    EXPECT_EQ(code_of(bed.run(one.new_ingress_key(key_of(2), BlockIndex{2}))), Code::unknown);
    EXPECT_EQ(new_key(2, 5), BlockIndex{2});
    lose();
    EXPECT_EQ(code_of(bed.run(one.new_ingest_invocation(id, key_of(1), key_of(12), BlockIndex{2}))),
              Code::unknown);
    EXPECT_EQ(invoke(1, 12, id), InvocationId{2});
    lose();
    EXPECT_EQ(code_of(bed.run(one.decommission_ingest_invocation(InvocationId{2}))), Code::unknown);
    EXPECT_TRUE(bed.run(one.decommission_ingest_invocation(InvocationId{2})));
    lose();
    EXPECT_EQ(code_of(bed.run(one.retire_ingress_key(key_of(1), true))), Code::unknown);
    EXPECT_TRUE(record(1).retired);
    lose();
    ReportRow row;
    row.expiry = BlockIndex{7};
    EXPECT_EQ(code_of(bed.run(one.set_report(key_of(2), row))), Code::unknown);
    EXPECT_EQ(record(2).expiry, BlockIndex{7});
    lose();
    EXPECT_EQ(code_of(bed.run(one.report_lost_ingress_key(key_of(2)))), Code::unknown);
    EXPECT_EQ(bed.run(one.report_lost_ingress_key(key_of(2))).value(), true);
    EXPECT_EQ(events().events.size(), 5u) << "two RNGs, two decommissions, one missed range: nothing twice";
}

TEST_F(RecoveryDbTest, lost_commit_is_unknown_and_not_applied_and_the_repeat_succeeds) {
    new_key(1, 1);
    const InvocationId id = invoke(1, 11);
    bed.begin(FaultKind::lose_commit, 1, 0, 2);
    const DbPosition before = db.state().position;
    for (int i = 0; i < 2; ++i) {
        const Result<void> added = add(id, 1);
        EXPECT_EQ(code_of(added), Code::unknown);
        EXPECT_TRUE(may_have_happened(added.error())) << "to the writer it looks like a lost acknowledgement";
        EXPECT_FALSE(model.has_scanned(key_of(1), BlockIndex{1}));
        EXPECT_EQ(db.state().position, before);
    }
    EXPECT_EQ(bed.core.marks.of(engine::Mark::db_commit_lost), 2u);
    EXPECT_TRUE(bed.core.faults.empty()) << "it is used up";
    EXPECT_TRUE(add(id, 1));
    EXPECT_TRUE(model.has_scanned(key_of(1), BlockIndex{1}));
}

TEST_F(RecoveryDbTest, refused_write_commits_nothing_and_loses_no_acknowledgement) {
    new_key(1, 1);
    bed.begin(FaultKind::lose_commit_ack, 1, 0, 1);
    EXPECT_EQ(code_of(bed.run(one.retire_ingress_key(key_of(9), true))), Code::not_found)
        << "there was no commit";
    EXPECT_EQ(code_of(bed.run(one.retire_ingress_key(key_of(1), true))), Code::unknown);
}

// What each commit left behind, by position, against what each read says of the same position.
TEST_F(RecoveryDbTest, stale_read_says_how_far_its_node_is) {
    new_key(1, 1);
    const InvocationId id = invoke(1, 11);
    bed.begin(FaultKind::stale_reads, 1, 0, 500);
    db.keep_history();
    struct Seen {
        std::size_t keys;
        std::size_t events;
        std::size_t blocks;
    };
    std::map<DbPosition, Seen> truth;
    auto note = [&] {
        const DbState& now = db.state();
        truth[now.position] = {now.keys.size(), now.events.size(), now.keys.at(key_of(1)).blocks.size()};
    };
    note();
    bool stale_seen = false;
    bool fresh_seen = false;
    for (std::uint8_t n = 1; n <= 40; ++n) {
        ASSERT_TRUE(bed.run(two.new_ingress_key(key_of(static_cast<std::uint8_t>(100 + n)), BlockIndex{1})));
        note();
        ASSERT_TRUE(bed.run(two.add_block(id, block_of(n))));
        note();
        ASSERT_TRUE(bed.run(two.new_ingest_invocation(
            {}, key_of(1), key_of(static_cast<std::uint8_t>(20 + n)), BlockIndex{1})));
        note();
        bed.pass(60ms);
        const IngressKeys keys = *bed.run(one.ingress_keys());
        const UserEvents told = *bed.run(one.user_events(UserEventId{0}));
        const IngestedBlocks blocks = *bed.run(one.blocks(key_of(1), BlockIndex{1}, 1000));
        ASSERT_TRUE(truth.contains(keys.as_of) && truth.contains(told.as_of) && truth.contains(blocks.as_of));
        EXPECT_EQ(keys.records.size(), truth[keys.as_of].keys);
        EXPECT_EQ(told.events.size(), truth[told.as_of].events);
        EXPECT_EQ(blocks.blocks.size(), truth[blocks.as_of].blocks);
        (keys.as_of < db.state().position ? stale_seen : fresh_seen) = true;
        EXPECT_LE(db.state().position.value - keys.as_of.value, 30u) << "500 ms are at most so many commits";
        EXPECT_EQ(bed.run(two.ingress_keys())->as_of, db.state().position) << "other nodes read the primary";
    }
    EXPECT_TRUE(stale_seen && fresh_seen) << "reads go to both";
}

TEST_F(RecoveryDbTest, writes_go_to_the_primary_whatever_is_read) {
    bed.begin(FaultKind::stale_reads, 1, 0, 10'000);
    db.keep_history();
    new_key(1, 4);
    ASSERT_TRUE(add(invoke(1, 11), 4));
    EXPECT_EQ(new_key(2, 1), BlockIndex{5});
}

// ---------------------------------------------------------------------------------------------- transactions

// Every transaction is held for up to 600 ms between its ids and its commit.
struct HeldRecoveryDbTest : RecoveryDbTest {
    static Options held() {
        Options options = calm();
        options.weather.held_of_64 = 64;
        return options;
    }
    HeldRecoveryDbTest() : RecoveryDbTest(held()) {}
};

TEST_F(HeldRecoveryDbTest, nothing_is_visible_before_the_commit_and_writers_wait_for_one_another) {
    new_key(1, 1);
    constexpr std::size_t writers = 6;
    std::vector<engine::detail::Slot<Result<InvocationId>>> slots(writers);
    std::vector<SimDbClient> clients;
    for (std::uint32_t i = 0; i < writers; ++i) clients.emplace_back(db, NodeId{10 + i});
    for (std::uint8_t i = 0; i < writers; ++i) {
        auto opening = clients[i].new_ingest_invocation(
            {}, key_of(1), key_of(static_cast<std::uint8_t>(20 + i)), BlockIndex{1});
        engine::spawn(bed.core.scheduler, NodeId{10u + i}, "writer",
                      engine::detail::keep(std::move(opening), &slots[i]));
    }
    std::size_t most_at_once = 0;
    std::size_t seen = 0;
    while (bed.core.scheduler.step()) {
        const std::size_t now = db.state().events.size();
        most_at_once = std::max(most_at_once, now - seen);
        seen = now;
        EXPECT_EQ(db.state().invocations.size(), now) << "event and invocation come in one step";
    }
    EXPECT_EQ(seen, writers);
    EXPECT_EQ(most_at_once, 1u);
    for (std::size_t i = 0; i < writers; ++i)
        EXPECT_EQ(db.state().events[i].id.value, static_cast<std::int64_t>(i) + 1);
}

TEST_F(RecoveryDbTest, client_that_is_stopped_in_a_transaction_holds_nobody_up) {
    new_key(1, 1);
    engine::detail::Slot<Result<InvocationId>> first;
    auto opening = one.new_ingest_invocation({}, key_of(1), key_of(11), BlockIndex{1});
    engine::spawn(bed.core.scheduler, NodeId{1}, "first", engine::detail::keep(std::move(opening), &first));
    while (bed.core.scheduler.who_waits().find("its commit") == std::string::npos) // it has the lock
        ASSERT_TRUE(bed.core.scheduler.step());
    bed.core.scheduler.pause_node(NodeId{1});
    std::vector<engine::detail::Slot<Result<InvocationId>>> later(3);
    std::vector<SimDbClient> clients;
    for (std::uint32_t i = 0; i < 3; ++i) clients.emplace_back(db, NodeId{10 + i});
    for (std::uint8_t i = 0; i < 3; ++i) {
        auto next = clients[i].new_ingest_invocation({}, key_of(1), key_of(static_cast<std::uint8_t>(20 + i)),
                                                     BlockIndex{1});
        engine::spawn(bed.core.scheduler, NodeId{10u + i}, "later",
                      engine::detail::keep(std::move(next), &later[i]));
        bed.pass(10ms);
    }
    bed.pass(60s);
    EXPECT_EQ(db.state().events.size(), 4u) << "the server commits what it was sent";
    EXPECT_FALSE(first.value) << "but the stopped client does not know";
    for (std::int64_t i = 0; i < 3; ++i)
        EXPECT_EQ(later[static_cast<std::size_t>(i)].value->value(), InvocationId{i + 2})
            << "in order of arrival";
    bed.core.scheduler.resume_node(NodeId{1});
    bed.pass(1s);
    EXPECT_EQ(first.value->value(), InvocationId{1});
}

TEST_F(HeldRecoveryDbTest, client_killed_in_the_middle_rolls_back_and_frees_the_lock) {
    new_key(1, 1);
    std::uint8_t egress = 20;
    bool rolled_back = false;
    bool committed = false;
    for (std::size_t steps = 0; steps < 6; ++steps) {
        const std::size_t before = db.state().invocations.size();
        engine::detail::Slot<Result<InvocationId>> slot;
        auto opening = one.new_ingest_invocation({}, key_of(1), key_of(++egress), BlockIndex{1});
        engine::spawn(bed.core.scheduler, NodeId{1}, "doomed",
                      engine::detail::keep(std::move(opening), &slot));
        for (std::size_t i = 0; i < steps; ++i) bed.core.scheduler.step();
        bed.core.scheduler.kill_node(NodeId{1});
        const bool done = db.state().invocations.size() == before + 1;
        EXPECT_EQ(db.state().events.size(), db.state().invocations.size()) << "as a whole or not at all";
        EXPECT_EQ(model.invocations().size(), db.state().invocations.size());
        (done ? committed : rolled_back) = true;
        bed.pass(10s);
        EXPECT_EQ(db.state().invocations.size(), before + (done ? 1 : 0)) << "nothing follows its death";
        const Instant begun = bed.now();
        ASSERT_TRUE(bed.run(two.retire_ingress_key(key_of(1), false), NodeId{2}));
        EXPECT_LT(bed.now() - begun, 1s) << "the lock is free";
    }
    EXPECT_TRUE(rolled_back && committed) << "else this test has not looked at both sides of the commit";
}

TEST_F(HeldRecoveryDbTest, commit_on_its_way_may_be_applied_after_its_clients_death) {
    new_key(1, 1);
    std::uint8_t egress = 20;
    std::size_t applied = 0;
    constexpr std::size_t deaths = 20;
    for (std::size_t i = 0; i < deaths; ++i) {
        const std::size_t before = db.state().invocations.size();
        engine::detail::Slot<Result<InvocationId>> slot;
        auto opening = one.new_ingest_invocation({}, key_of(1), key_of(++egress), BlockIndex{1});
        engine::spawn(bed.core.scheduler, NodeId{1}, "doomed",
                      engine::detail::keep(std::move(opening), &slot));
        while (bed.core.scheduler.who_waits().find("its commit") == std::string::npos)
            ASSERT_TRUE(bed.core.scheduler.step());
        one.client_dies();
        bed.core.scheduler.kill_node(NodeId{1});
        EXPECT_EQ(db.state().invocations.size(), before);
        // Its successor waits for what is under way, as it does for another writer.
        ASSERT_TRUE(bed.run(one.retire_ingress_key(key_of(1), false)));
        const std::size_t after = db.state().invocations.size();
        bed.pass(10s);
        EXPECT_EQ(db.state().invocations.size(), after) << "nothing comes behind a later commit";
        EXPECT_EQ(db.state().events.size(), after) << "as a whole or not at all";
        EXPECT_FALSE(slot.value);
        applied += after - before;
    }
    EXPECT_EQ(bed.core.marks.of(engine::Mark::db_commit_outlives_its_writer), applied);
    EXPECT_GT(applied, 0u);
    EXPECT_LT(applied, deaths);
}

TEST_F(HeldRecoveryDbTest, what_waits_for_the_lock_dies_with_its_client) {
    new_key(1, 1);
    engine::detail::Slot<Result<InvocationId>> first, second;
    auto opening = two.new_ingest_invocation({}, key_of(1), key_of(11), BlockIndex{1});
    engine::spawn(bed.core.scheduler, NodeId{2}, "holder", engine::detail::keep(std::move(opening), &first));
    while (bed.core.scheduler.who_waits().find("its commit") == std::string::npos)
        ASSERT_TRUE(bed.core.scheduler.step());
    auto waiting = one.new_ingest_invocation({}, key_of(1), key_of(12), BlockIndex{1});
    engine::spawn(bed.core.scheduler, NodeId{1}, "doomed", engine::detail::keep(std::move(waiting), &second));
    while (bed.core.scheduler.who_waits().find("writers' lock") == std::string::npos)
        ASSERT_TRUE(bed.core.scheduler.step());
    one.client_dies();
    bed.core.scheduler.kill_node(NodeId{1});
    bed.pass(10s);
    EXPECT_TRUE(first.value && *first.value);
    EXPECT_EQ(db.state().invocations.size(), 1u) << "its commit was never sent";
    EXPECT_EQ(bed.core.marks.of(engine::Mark::db_commit_outlives_its_writer), 0u);
}

} // namespace
} // namespace sim
