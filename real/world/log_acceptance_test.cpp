// A log as a run writes it is accepted; each lie in it is refused at its line.
#include "real/world/log_acceptance.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "engine/ensure.hpp"
#include "real/process/work_directory.hpp"
#include "real/world/event_log.hpp"

namespace real {
namespace {

using namespace engine;
using chain::PublicKey;
using nlohmann::ordered_json;

PublicKey key_of(std::uint8_t n) {
    PublicKey key;
    key.bytes[0] = n;
    return key;
}

struct LogAcceptanceTest : ::testing::Test {
    LogAcceptanceTest() {
        {
            EventLog log(path(), [this] { return Instant{1'000'000 * ++ms_}; });
            write(log);
        }
        std::ifstream in(path());
        for (std::string line; std::getline(in, line);) lines_.push_back(ordered_json::parse(line));
    }
    std::filesystem::path path() const { return work_.path() / "events.jsonl"; }

    // Blocks 1 and 2 pay account 0 five and two, block 3 spends the five; block 2 was missed by the key that
    // was to scan it.
    void write(EventLog& log) {
        log.run("story", 1, {"ingest"});
        block(log, {});
        for (const char* copy : {"ingest", "ledger"}) log.copy(copy, BlockCount{1});
        log.node_started("view0.0", 1);
        log.node_started("images0.0", 1);
        log.hint(key_of(1), BlockIndex{9});
        for (std::uint64_t b = 1; b <= 3; ++b) {
            if (b == 3)
                block(log, {}, image_of(1));
            else
                block(log, {{b == 1 ? 5U : 2U, b}});
            log.copy("ingest", BlockCount{b + 1});
            log.store("view0.0", 1, BlockRange::all(), "", BlockCount{b + 1});
        }
        log.report(0, model::AccountId{0}, report(3, 7));
        log.fault(true, 1, "lose_commit_ack");
        log.node_ended("images0.0", "killed");
        log.node_started("images0.0", 2);
        log.fault(false, 1, "used up");
        log.copy("ledger", BlockCount{4});
        log.store("images0.0", 2, BlockRange::all(), "ledger", BlockCount{4});
        log.report(0, model::AccountId{0}, report(4, 2));
        fog::Wallet::Landing landed;
        landed.verdict = fog::Wallet::Landing::Verdict::landed;
        landed.block = BlockIndex{2};
        log.landing(key_of(102), BlockIndex{5}, landed);
        log.final_report(0, model::AccountId{0}, report(4, 2));
        fog::IngressKeyRecord record;
        record.key = key_of(1);
        record.expiry = BlockIndex{9};
        record.last_scanned = BlockIndex{3};
        log.key(record);
        fog::RngRecord rng;
        rng.invocation = InvocationId{4};
        log.event({UserEventId{1}, rng});
        const fog::MissedBlocks missed{BlockIndex{2}, BlockIndex{3}};
        log.event({UserEventId{2}, missed});
        for (const std::uint64_t b : {1U, 3U}) {
            fog::IngestedBlock scanned;
            scanned.block = BlockIndex{b};
            scanned.invocation = InvocationId{4};
            scanned.cumulative_txo_count = 2 * (b + 1);
            scanned.rows = std::make_shared<const std::vector<fog::Row>>(2);
            log.scanned(key_of(1), scanned);
        }
        log.end("");
    }
    static chain::KeyImage image_of(std::uint64_t b) {
        chain::KeyImage image;
        image.bytes[0] = static_cast<std::uint8_t>(b);
        return image;
    }
    static fog::BalanceReport report(std::uint64_t count, std::uint64_t value) {
        fog::BalanceReport out;
        out.count = BlockCount{count};
        out.by_token[0] = value;
        return out;
    }
    // Two outputs a block; the first is the account's.
    void block(EventLog& log, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& pays,
               std::optional<chain::KeyImage> spends = {}) {
        fog::LedgerBlock made;
        made.index = BlockIndex{blocks_++};
        made.outputs.resize(2);
        made.cumulative_txo_count = 2 * blocks_;
        if (spends) made.key_images.push_back(*spends);
        std::vector<model::Coin> coins;
        for (const auto& [value, b] : pays) {
            model::Coin coin;
            coin.amount.value = value;
            coin.index = GlobalIndex{2 * b};
            coin.public_key = key_of(static_cast<std::uint8_t>(100 + b));
            coin.image = image_of(b);
            coin.hint_key = key_of(1);
            coins.push_back(coin);
        }
        log.block(made, coins);
    }

    /// The n-th line of an event, counted from 0.
    std::size_t line(const std::string& event, std::size_t n = 0) const {
        for (std::size_t i = 0; i < lines_.size(); ++i)
            if (lines_[i]["event"] == event && n-- == 0) return i;
        ADD_FAILURE() << event;
        return 0;
    }
    Acceptance accept() {
        std::ofstream out(path());
        for (const ordered_json& one : lines_) out << one.dump() << '\n';
        out.close();
        return accept_log(path());
    }
    /// With one field of one line changed.
    void expect_refused(std::size_t at, const char* field, const ordered_json& value,
                        const std::string& why) {
        const ordered_json truth = lines_[at];
        lines_[at][field] = value;
        const Acceptance log = accept();
        EXPECT_EQ(log.refused, at + 1) << truth << ": " << log.why;
        EXPECT_NE(log.why.find(why), std::string::npos) << log.why;
        lines_[at] = truth;
    }

    WorkDirectory work_{"log-acceptance-test-"};
    std::int64_t ms_ = 0;
    std::uint64_t blocks_ = 0;
    std::vector<ordered_json> lines_;
};

TEST_F(LogAcceptanceTest, WhatARunWritesIsAccepted) {
    const Acceptance log = accept();
    EXPECT_TRUE(log.accepted()) << log.refused << ": " << log.why;
    EXPECT_EQ(log.lines, lines_.size());
    EXPECT_EQ(log.refused, 0U);
}

TEST_F(LogAcceptanceTest, AWrongBalanceIsRefused) {
    expect_refused(line("report"), "value", "5",
                   "balance: account 0 shows 5 of token 0 at block count 3, true is 7");
    expect_refused(line("report", 1), "value", "7", "balance: ");
    expect_refused(line("report", 1), "count", 5, "shows block count 5, nobody can have scanned more than 4");
    expect_refused(line("final"), "value", "7", "final: ");
    lines_[line("report", 1)]["value"] = "5";
    expect_refused(line("report", 1), "count", 2,
                   "monotone: a wallet of account 0 went from block count 3 back to 2");
}

TEST_F(LogAcceptanceTest, AStoreThatSaysMoreThanItCanKnowIsRefused) {
    expect_refused(line("store"), "count", 3,
                   "view0.0 answers for 3 blocks, nobody can have scanned more than 2");
    expect_refused(line("store", 2), "count", 1, "view0.0 falls from block count 3 to 1");
    expect_refused(line("store", 3), "count", 5, "images0.0 answers for 5 blocks, its copy has 4");
    expect_refused(line("store", 3), "life", 1, "images0.0 is seen in a life it does not have");
}

TEST_F(LogAcceptanceTest, ABlockThatNobodyScannedNorMissedIsRefusedWhereItWasPromised) {
    const std::size_t promise = line("store", 1); // count 3 includes block 2
    lines_[line("missed")]["start"] = 3;
    lines_[line("missed")]["end"] = 4;
    const Acceptance log = accept();
    EXPECT_EQ(log.refused, promise + 1);
    EXPECT_NE(
        log.why.find("response: view0.0 promises block count 3, but block 2 with an output of account 0 was "
                     "neither scanned nor reported missed"),
        std::string::npos)
        << log.why;
}

// The harness looked at the database after it had seen the store's count, and the block was not there yet:
// that it is there in the end is no defence.
TEST_F(LogAcceptanceTest, ABlockPromisedBeforeItsCommitIsRefused) {
    const std::vector<ordered_json> whole = lines_;
    const auto look_before = [&](std::size_t at, std::uint64_t views) {
        lines_ = whole;
        ordered_json look;
        look["event"] = "looked";
        look["views"] = views;
        lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at), look);
        for (std::size_t i = 0; i < lines_.size(); ++i) lines_[i]["n"] = i;
    };
    const std::size_t first = line("scanned"); // block 1
    const std::size_t second = line("scanned", 1);
    look_before(first, 1); // view0.0 had promised block count 2
    const Acceptance log = accept();
    EXPECT_EQ(log.refused, first + 1);
    EXPECT_NE(
        log.why.find("response: view0.0 promises block count 2, but block 1 with an output of account 0 "
                     "was neither scanned nor reported missed"),
        std::string::npos)
        << log.why;
    look_before(first + 1, 1);
    EXPECT_TRUE(accept().accepted()) << accept().why;
    look_before(second + 1, 3);
    EXPECT_TRUE(accept().accepted()) << accept().why;
    look_before(first, 9);
    EXPECT_EQ(accept().why, "counts more looks at view stores than there were");
}

TEST_F(LogAcceptanceTest, ADatabaseThatDoesNotFitTheChainIsRefused) {
    expect_refused(line("scanned"), "rows", 1, "has 1 records, block 1 has 2 outputs");
    expect_refused(line("scanned"), "cumulative", 5, "counts 5 outputs in all, the chain has 4");
    expect_refused(line("scanned", 1), "block", 4, "is of block 4, the chain has 4");
    expect_refused(line("scanned"), "invocation", 5, "is of an invocation that was never announced");
    expect_refused(line("key"), "last_scanned", 4, "has scanned a block that the chain does not have");
    expect_refused(line("missed"), "id", 1, "has event id 1 after 1");
    expect_refused(line("hint"), "expiry", 10, "promises the key until block 10, the database only until 9");
}

TEST_F(LogAcceptanceTest, ABlockStoredTwiceIsRefusedWhereItMatters) {
    lines_[line("scanned", 1)]["block"] = 1;
    EXPECT_NE(accept().why.find("recovery database stores block 1 of one key twice"), std::string::npos);
}

TEST_F(LogAcceptanceTest, AChainThatIsNoneIsRefused) {
    expect_refused(line("block", 2), "index", 3, "is block 3, block 2 is next");
    expect_refused(line("block", 2), "cumulative", 7, "counts 7 outputs in all, 4 and 2 are 6");
    expect_refused(line("copy", 2), "count", 3, "has 3 blocks of a chain of 2");
    expect_refused(line("copy", 3), "count", 1, "has 1 blocks after it had 2");
    lines_[line("block", 1)]["key_images"] = lines_[line("block", 3)]["key_images"];
    const Acceptance log = accept();
    EXPECT_EQ(log.refused, line("block", 3) + 1);
    EXPECT_EQ(log.why, "spends an output again");
}

TEST_F(LogAcceptanceTest, ProcessesFaultsAndSendersAreJudged) {
    expect_refused(line("start", 1), "name", "view0.0", "view0.0 starts while it runs");
    expect_refused(line("end_of_process"), "name", "images9", "images9 ends without having started");
    expect_refused(line("fault_ended"), "id", 2, "ends a fault that is not in force");
    expect_refused(line("landing"), "block", 1, "sender: ");
    expect_refused(line("landing"), "verdict", "expired", "sender: ");
    expect_refused(line("landing"), "verdict", "perhaps", "is no verdict");
}

TEST_F(LogAcceptanceTest, AMissingForeignOrBrokenLineIsRefused) {
    const std::vector<ordered_json> whole = lines_;
    lines_.erase(lines_.begin() + 5);
    EXPECT_EQ(accept().why, "has number 6, 5 is next");
    EXPECT_EQ(accept().refused, 6U);
    lines_ = whole;
    lines_.pop_back();
    EXPECT_EQ(accept().why, "is missing: the log ends without an end");
    EXPECT_EQ(accept().refused, whole.size());
    lines_ = whole;
    expect_refused(4, "event", "miracle", "tells of 'miracle', which nobody knows");
    expect_refused(line("report"), "value", "-1", "'value' is no amount");
    expect_refused(line("report"), "account", "x", "'account' is no number");
    expect_refused(line("block", 1), "credits", 3, "'credits' is no list");
    expect_refused(line("run"), "schema", 2, "has a schema other than 1");
    lines_[3] = "text";
    EXPECT_EQ(accept().refused, 4U);
    std::ofstream(path()) << "{\"n\": 0,";
    EXPECT_EQ(accept_log(path()).refused, 1U);
    std::ofstream(path()).close();
    EXPECT_FALSE(accept_log(path()).accepted()) << "an empty log";
    EXPECT_THROW((void)accept_log(work_.path() / "none"), engine::UsageError);
}

TEST_F(LogAcceptanceTest, WithoutTheDatabaseTheRestIsJudgedAllTheSame) {
    lines_.resize(line("key"));
    ordered_json end;
    end["n"] = lines_.size();
    end["event"] = "end";
    end["database"] = "not in this log: unavailable";
    lines_.push_back(end);
    EXPECT_TRUE(accept().accepted()) << accept().why;
    expect_refused(line("report"), "value", "5", "balance: ");
}

} // namespace
} // namespace real
