#include "engine/check/operators.hpp"

#include <gtest/gtest.h>

#include "engine/tell/words.hpp"

namespace engine::check {
namespace {

using Command = ToldOperator::Command;

chain::PublicKey key_of(std::uint8_t n) {
    chain::PublicKey key;
    key.bytes[0] = n;
    return key;
}

/// Of a node that is active with key 1, and has kept everything.
ToldOperator told_ok(Command command) {
    ToldOperator told;
    told.command = command;
    told.node = "ingest0";
    told.answer.mode = fog::IngestMode::active;
    told.answer.ingress_key = key_of(1);
    told.answer.pubkey_expiry_window = told.window = 4;
    told.answer.peers = told.peers = {"a", "b"};
    told.file.emplace();
    told.file->ingress_key.open = key_of(1);
    told.file->pubkey_expiry_window = 4;
    told.file->peers = told.peers;
    told.row.emplace();
    told.row->key = key_of(1);
    told.row->retired = command == Command::retire;
    return told;
}

std::string said_of(const ToldOperator& told) {
    Checks checks;
    judge_told(checks, told);
    EXPECT_EQ(checks.judged(CheckId::response), 1u);
    if (!checks.any_violation()) return "";
    EXPECT_EQ(checks.violations().front().place, "ingest0");
    return tell::in_words(checks.violations().front());
}

constexpr Command commands[] = {Command::activate,  Command::retire,   Command::unretire, Command::set_window,
                                Command::set_peers, Command::new_keys, Command::sync_keys};

TEST(ToldOperator, an_ok_that_is_so_is_right_whether_the_file_is_known_or_not) {
    for (const Command command : commands) {
        EXPECT_EQ(said_of(told_ok(command)), "");
        ToldOperator elsewhere = told_ok(command);
        elsewhere.file.reset();
        EXPECT_EQ(said_of(elsewhere), "");
    }
}

TEST(ToldOperator, activated_is_who_scans_with_a_key_that_is_known_and_kept) {
    ToldOperator idle = told_ok(Command::activate);
    idle.answer.mode = fog::IngestMode::idle;
    EXPECT_EQ(said_of(idle), "ingest0 says that it is activated, and is idle");
    ToldOperator unknown = told_ok(Command::activate);
    unknown.row.reset();
    EXPECT_EQ(said_of(unknown), "ingest0 says that it is activated, and the database has no such key");
    ToldOperator unkept = told_ok(Command::activate);
    unkept.file->ingress_key.open = key_of(2);
    EXPECT_EQ(said_of(unkept), "ingest0 says that it is activated, and its key would not survive a restart");
}

TEST(ToldOperator, what_is_changed_is_kept) {
    for (const Command command : {Command::new_keys, Command::sync_keys}) {
        ToldOperator unkept = told_ok(command);
        unkept.file->ingress_key.open = key_of(2);
        EXPECT_EQ(said_of(unkept), "ingest0 says that it has another key, which would not survive a restart");
    }
    ToldOperator window = told_ok(Command::set_window);
    window.file->pubkey_expiry_window = 3;
    EXPECT_EQ(said_of(window),
              "ingest0 says that it has taken a window of 4 blocks, which would not survive a restart");
    window.answer.pubkey_expiry_window = 3;
    EXPECT_EQ(said_of(window), "ingest0 says that it has taken a window of 4 blocks, and has 3");
    ToldOperator peers = told_ok(Command::set_peers);
    peers.file->peers = {"a"};
    EXPECT_EQ(said_of(peers),
              "ingest0 says that it has taken a list of peers, which would not survive a restart");
    peers.answer.peers = {"b"};
    EXPECT_EQ(said_of(peers), "ingest0 says that it has taken a list of peers, and has another");
}

TEST(ToldOperator, retired_is_what_the_database_says_unless_others_have_the_key) {
    ToldOperator not_retired = told_ok(Command::retire);
    not_retired.row->retired = false;
    EXPECT_EQ(said_of(not_retired), "ingest0 says that its key is retired, and it is not");
    ToldOperator still = told_ok(Command::unretire);
    still.row->retired = true;
    EXPECT_EQ(said_of(still), "ingest0 says that its key is not retired any more, and it is");
    still.key_is_shared = true;
    EXPECT_EQ(said_of(still), "");
    not_retired.row->lost = true;
    EXPECT_EQ(said_of(not_retired), "");
}

// ------------------------------------------------------------------------------------------------ resuming

struct NotResumingTest : ::testing::Test {
    model::RecoveryRows rows;
    NotResuming node{"ingest0", key_of(1), false};

    NotResumingTest() { rows.keys[key_of(1)].record.start = BlockIndex{3}; }
    bool is_accepted() {
        Checks checks;
        judge_not_resuming(checks, rows, node);
        EXPECT_EQ(checks.judged(CheckId::liveness), 1u);
        return !checks.any_violation();
    }
};

TEST_F(NotResumingTest, node_with_a_good_key_must_go_on) { EXPECT_FALSE(is_accepted()); }

TEST_F(NotResumingTest, somebody_else_with_its_key_is_a_reason) {
    node.has_met_its_key = true;
    EXPECT_TRUE(is_accepted());
}

TEST_F(NotResumingTest, lost_key_or_one_that_nobody_knows_is_a_reason) {
    rows.keys[key_of(1)].record.lost = true;
    EXPECT_TRUE(is_accepted());
    node.key = key_of(2);
    EXPECT_TRUE(is_accepted());
}

TEST_F(NotResumingTest, retired_key_is_a_reason_when_it_is_past_its_end) {
    fog::IngressKeyRecord& record = rows.keys[key_of(1)].record;
    record.retired = true;
    record.expiry = BlockIndex{6};
    record.last_scanned = BlockIndex{5};
    EXPECT_FALSE(is_accepted()) << "block 6 comes yet";
    record.last_scanned = BlockIndex{6};
    EXPECT_TRUE(is_accepted());
}

} // namespace
} // namespace engine::check
