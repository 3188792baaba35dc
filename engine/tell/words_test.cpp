#include "engine/tell/words.hpp"

#include <gtest/gtest.h>

#include <set>

#include "engine/stream_site.hpp"

namespace engine::tell {
namespace {

const Names names{{"the scenario", "ingest0", "view0.0", "view_router", "wallet 0 of account 0"},
                  {"ingest", "ledger"}};

Note note_of(Fact fact, std::int64_t ms = 0) {
    Note note;
    note.at = Instant{ms * 1'000'000};
    note.node = NodeId{4};
    note.fact = std::move(fact);
    return note;
}

Coin coin(std::uint64_t value, std::uint64_t block) {
    return {model::AccountId{0}, chain::Amount{value, 0}, BlockIndex{block}};
}

TEST(Tell, a_cause_says_what_where_and_since_when) {
    Cause cause =
        cause_of(faults::ResetConnections{NodeId{4}, NodeId{3}, {9}}, Instant{5'000'000}, Instant{9'000'000});
    EXPECT_EQ(in_words(cause, names),
              "reset_connections between wallet 0 of account 0 and view_router, since 5 ms, last at 9 ms");
    cause = cause_of(faults::DbDownFor{NodeId{2}}, Instant{}, Instant{});
    EXPECT_EQ(in_words(cause, names), "db_down_for at the recovery database, for view0.0, since 0 ms");
    cause = {};
    EXPECT_EQ(in_words(cause, names), "nothing");
    cause.what = Cause::What::paused;
    cause.to = NodeId{2};
    EXPECT_EQ(in_words(cause, names), "view0.0 is paused, since 0 ms");

    check::Excuse excuse;
    excuse.account = model::AccountId{3};
    excuse.said = "check key images: unknown";
    excuse.cause = cause;
    EXPECT_EQ(in_words(excuse, names),
              "a balance check of account 3 fails: check key images: unknown (view0.0 "
              "is paused, since 0 ms)");
    excuse.account.reset();
    excuse.who = NodeId{1};
    excuse.said = "exit code 13";
    EXPECT_EQ(in_words(excuse, names),
              "ingest0 has ended with exit code 13, and nobody asked for it (view0.0 is paused, since 0 ms)");
}

TEST(Tell, a_violation_is_told_with_what_it_says_itself) {
    check::Violation violation;
    violation.place = "view0.0";
    violation.account = model::AccountId{2};
    violation.what = check::findings::Uncovered{BlockCount{5}, BlockIndex{3}, model::AccountId{1}};
    EXPECT_EQ(in_words(violation),
              "view0.0 promises block count 5, but block 3 with an output of account 1 was "
              "neither scanned nor reported missed");
    violation.what =
        check::findings::CheckFailed{{Code::internal, "ledger router"}, "ledger router: internal"};
    EXPECT_EQ(in_words(violation),
              "a balance check of account 2 fails, and nothing on its way has caused that: "
              "ledger router: internal");
    violation.what = check::findings::NotReached{"block count 9", 7s, {{"images0.0", BlockCount{4}}}};
    EXPECT_EQ(in_words(violation), "block count 9 not reached within 7 s; images0.0 at 4");
    violation.what = check::findings::Said{"bob has 199"};
    EXPECT_EQ(in_words(violation), "bob has 199");
}

TEST(Tell, a_block_is_told_with_what_it_pays_and_spends) {
    Appended block{BlockIndex{3}, 1, {coin(4, 3)}, {coin(2, 1)}};
    EXPECT_EQ(in_words(block), "block 3: account 0 gets 4, account 0 spends the 2 of block 1");
    block.paid[0].amount.token_id = 1;
    EXPECT_EQ(in_words(block), "block 3: account 0 gets 4 of token 1, account 0 spends the 2 of block 1");
    EXPECT_EQ(in_words(Appended{BlockIndex{7}, 1, {}, {}}), "block 7");
    EXPECT_EQ(in_words(Appended{BlockIndex{0}, 3, {}, {}}),
              "block 0: 3 outputs from before fog, which nobody scans");
}

TEST(Tell, of_heights_only_what_has_moved) {
    Heights before;
    before.tip = BlockCount{3};
    before.copies = {BlockCount{2}, BlockCount{3}};
    before.stores.push_back({NodeId{2}, BlockCount{1}});
    EXPECT_EQ(in_words(before, nullptr, names), "tip 3, copy ingest 2, copy ledger 3, view0.0 1");
    Heights now = before;
    EXPECT_EQ(in_words(now, &before, names), "");
    now.copies[1] = BlockCount{4};
    now.stores[0].count.reset();
    EXPECT_EQ(in_words(now, &before, names), "copy ledger 4, view0.0 down");
}

TEST(Tell, answers_say_what_was_asked_and_heard) {
    ViewAnswered view;
    view.count = BlockCount{4};
    view.found = 1;
    view.not_found.resize(2);
    view.rngs = 1;
    view.missed.push_back({BlockIndex{1}, BlockIndex{3}});
    EXPECT_EQ(
        answer_in_words(note_of(AskedView{NodeId{3}, UserEventId{0}, 3, view}), names),
        "view_router answers for 3 search keys: block count 4, 1 found, RNG records 1, missed blocks 1..2");
    EXPECT_EQ(answer_in_words(
                  note_of(AskedView{NodeId{3}, UserEventId{7}, 0, NoAnswer{Code::unavailable, true}}), names),
              "view_router answers for news since event 7: no answer (unavailable, by a fault)");
    ImagesAnswered images{BlockCount{5}, {BlockIndex{2}}};
    EXPECT_EQ(answer_in_words(note_of(AskedImages{NodeId{3}, 1, images}), names),
              "view_router answers about 1 output: block count 5, one spent in block 2");
    EXPECT_EQ(answer_in_words(note_of(AskedBlocks{NodeId{3}, BlocksAnswered{BlockCount{5}, {BlockIndex{2}}}}),
                              names),
              "view_router is asked for missed blocks: block count 5, block 2");
}

TEST(Tell, a_senders_question_and_verdict_are_told) {
    StatusAnswered answer;
    answer.count = BlockCount{9};
    answer.outputs.push_back({fog::TxOutStatus::Code::found, BlockIndex{4}});
    const auto text = [&] { return answer_in_words(note_of(AskedStatus{NodeId{3}, answer}), names); };
    EXPECT_EQ(text(), "view_router is asked whether a payment has landed: block count 9, it is in block 4");
    answer.outputs[0].code = fog::TxOutStatus::Code::not_found;
    EXPECT_EQ(text(), "view_router is asked whether a payment has landed: block count 9, it is not there");
    answer.outputs[0].code = fog::TxOutStatus::Code::database_error;
    EXPECT_EQ(text(), "view_router is asked whether a payment has landed: block count 9, an error in the "
                      "place of an answer");
    Landing landing;
    landing.tombstone = BlockIndex{6};
    EXPECT_EQ(in_words(landing), "cannot say yet what became of its payment");
    landing.verdict = {fog::Wallet::Landing::Verdict::landed, BlockIndex{4}};
    EXPECT_EQ(in_words(landing), "takes its payment for landed in block 4");
    landing.verdict = {fog::Wallet::Landing::Verdict::expired, {}};
    EXPECT_EQ(in_words(landing), "takes its payment, good for blocks below 6, for expired");
}

TEST(Tell, a_report_has_a_sentence_and_a_label) {
    EXPECT_EQ(in_words(Reported{Shown{5, BlockCount{3}}}), "shows 5 at block count 3");
    EXPECT_EQ(label(Reported{Shown{5, BlockCount{3}}}), "5 @ 3");
    EXPECT_EQ(in_words(Reported{NoAnswer{Code::unavailable, true}}), "cannot tell its balance: unavailable");
    EXPECT_EQ(label(Reported{NoAnswer{Code::unavailable, true}}), "?");
}

// Who is at fault is said where it follows, and nowhere else.
TEST(Tell, fog_view_is_wrong_only_when_its_own_answer_says_so) {
    ViewAnswered view;
    view.count = BlockCount{4};
    const std::vector<Note> notes{note_of(AskedView{NodeId{3}, UserEventId{0}, 1, view}, 30)};
    Missing missing;
    missing.coin = coin(2, 3);
    missing.where = Missing::Where::database;
    missing.search = Missing::Search::told_wrongly;
    missing.rngs = 1;
    missing.asked = 0;
    const auto text = [&] { return why_in_words(note_of(missing), notes, names); };
    EXPECT_EQ(
        text(),
        "Missing: the 2 of block 3. The wallet has never seen it; its record is in the database, and yet "
        "the wallet was told, at 30 ms, that there is none under its search key, as of block count 4, "
        "which includes the block: that answer is wrong");
    for (const Missing::Search search :
         {Missing::Search::no_rng, Missing::Search::never_told, Missing::Search::told_too_low}) {
        missing.search = search;
        EXPECT_EQ(text().find("wrong"), std::string::npos) << text();
        EXPECT_EQ(text().find("should"), std::string::npos) << text();
    }
    missing.where = Missing::Where::nowhere;
    EXPECT_EQ(
        text(),
        "Missing: the 2 of block 3. The wallet has never seen it; nobody has scanned that block for it, nor "
        "reported it missed");
    missing.where = Missing::Where::missed_block;
    missing.heard = 0;
    EXPECT_EQ(
        text(),
        "Missing: the 2 of block 3. The wallet has never seen it; that block is reported missed, so only the "
        "ledger can show it; the last it heard, at 30 ms: view_router answers for 1 search key: "
        "block count 4");
}

TEST(Tell, what_a_wallet_has_wrong) {
    const std::vector<Note> none;
    const auto text = [&](Fact fact) { return why_in_words(note_of(std::move(fact)), none, names); };
    EXPECT_EQ(text(CountedThoughSpent{coin(2, 3), BlockIndex{4}, std::nullopt, BlockCount{4}, {}}),
              "Counted though spent: the 2 of block 3, which block 4 spends. The wallet knows it unspent as "
              "of block count 4");
    EXPECT_EQ(text(TakenOff{coin(2, 3), BlockIndex{4}, {}}),
              "Taken off though not spent: the 2 of block 3. The wallet has it as spent in block 4");
    EXPECT_EQ(text(Misplaced{coin(2, 3), BlockIndex{4}}),
              "Misplaced: the 2 of block 3. The wallet has it in block 4");
    EXPECT_EQ(text(KnowsBeyond{coin(2, 3), std::nullopt, BlockCount{3}}),
              "The wallet also knows the 2 of block 3, which block count 3 does not include");
    EXPECT_EQ(text(KnowsBeyond{coin(2, 3), BlockIndex{5}, BlockCount{4}}),
              "The wallet also knows that block 5 spends the 2 of block 3: that block is not included in "
              "block count 4");
    EXPECT_EQ(text(TrueElsewhere{7, BlockCount{4}, BlockCount{5}}),
              "7 is the true balance at block count 4, not at 5");
    EXPECT_EQ(text(WrongSum{}), "What the wallet knows of its outputs is right; it is the sum that is not");
}

FixedChoice choice(StreamSite site, std::uint16_t actor, std::uint64_t ordinal = 1) {
    return {name_of(site, actor), ordinal, 64, 3};
}

TEST(Tell, every_stream_site_has_words_of_its_own) {
    std::set<std::string> texts;
    for (std::size_t i = 0; i < stream_site_count; ++i) {
        const std::string text = in_words(choice(static_cast<StreamSite>(i), 1), {}, names);
        const bool repeats = static_cast<StreamSite>(i) == StreamSite::account_bytes; // bytes are bytes
        EXPECT_EQ(texts.insert(text).second, !repeats) << text;
        EXPECT_NE(text.find(' '), std::string::npos) << text;
    }
    EXPECT_EQ(in_words({{Domain::plan, 0, 5}, 0, 4, 2}, {}, names),
              "the scenario's own decision 1 is 2 of 4");
}

TEST(Tell, a_hold_names_its_yield_point) {
    const FixedChoice hold = choice(StreamSite::process_hold, 1);
    const std::vector<Note> notes{
        note_of(Decided{hold.stream, hold.ordinal, YieldPoint::ingest_after_block})};
    EXPECT_EQ(in_words(hold, notes, names), "ingest0 is held when it has stored a block");
    for (int point = 0; point <= static_cast<int>(YieldPoint::wallet_between_requests); ++point)
        EXPECT_NE(std::string(in_words(static_cast<YieldPoint>(point))),
                  name(static_cast<YieldPoint>(point)));
}

// A commit that arrives after its writer's death is no fault of a look-up.
TEST(Tell, what_befalls_a_node_at_the_database_has_its_own_words) {
    const FixedChoice fate = choice(StreamSite::database_fate, 1);
    const auto text = [&](Decided::Strike strike) {
        return in_words(fate, {note_of(Decided{fate.stream, fate.ordinal, strike})}, names);
    };
    EXPECT_EQ(text(Decided::Strike::commit_outlives_node),
              "a commit of ingest0 that was under way when it died arrives all the same");
    EXPECT_EQ(text(Decided::Strike::database_call), "a fault strikes a database call of ingest0");
    EXPECT_EQ(text(Decided::Strike::hole), "a read of ingest0 does not show a block");
}

} // namespace
} // namespace engine::tell
