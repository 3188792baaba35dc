#include "engine/consensus/testing/slot_fixture.hpp"

// Nomination, in the situations of upstream's own unit tests.
// source: mobilecoin 7.0.0 consensus/scp/src/slot.rs

namespace engine::consensus {
namespace {

using test::values;

class NominationTest : public test::SlotTest {};

TEST_F(NominationTest, WaitsToNominateUntilItLeads) {
    slot_->propose(values({1}), now_);
    EXPECT_TRUE(is_silent()) << "the leader is node 2";
    EXPECT_EQ(slot_->next_timer(), now_ + 1s);
    // Each round adds a leader; of four one is this node.
    for (std::uint32_t round = 2; round <= 4 && !slot_->leaders().contains(test::key(1)); ++round) {
        let_time_pass();
        EXPECT_EQ(slot_->round(), round);
        EXPECT_EQ(slot_->leaders().size(), round);
        EXPECT_EQ(slot_->next_timer(), now_ + Slot::timebase * round);
    }
    EXPECT_EQ(sent<Nominate>(), (Nominate{values({1}), {}}));
}

TEST_F(NominationTest, NominatesWhatIsProposed) {
    begin(slot_led_by(1));
    slot_->propose(values({2, 1}), now_);
    EXPECT_EQ(sent<Nominate>(), (Nominate{values({1, 2}), {}}));
    slot_->propose(values({3}), now_);
    EXPECT_EQ(sent<Nominate>(), (Nominate{values({1, 2, 3}), {}}));
    EXPECT_TRUE(is_silent()) << "once is enough";
}

TEST_F(NominationTest, InvalidProposalsAreLeftOut) {
    begin(slot_led_by(1));
    rules_.refused = {test::value(2)};
    slot_->propose(values({1, 2}), now_);
    EXPECT_EQ(sent<Nominate>(), (Nominate{values({1}), {}}));
}

TEST_F(NominationTest, AMessageWithAnInvalidValueIsDropped) {
    rules_.refused = {test::value(2)};
    hear(2, Nominate{values({1, 2}), {}});
    EXPECT_TRUE(is_silent());
    EXPECT_TRUE(slot_->heard().empty());
    hear(2, Nominate{values({1}), {}});
    EXPECT_EQ(sent<Nominate>(), (Nominate{values({1}), {}}));
}

TEST_F(NominationTest, RepeatsItsLeaderAndNobodyElse) {
    hear(3, Nominate{values({3}), {}});
    EXPECT_TRUE(is_silent());
    hear(2, Nominate{values({1}), values({2})});
    EXPECT_EQ(sent<Nominate>(), (Nominate{values({1, 2}), {}}));
}

TEST_F(NominationTest, AcceptsNothingOnOneWord) {
    hear(2, Nominate{{}, values({1})});
    EXPECT_EQ(sent<Nominate>(), (Nominate{values({1}), {}})) << "one of three does not block";
}

TEST_F(NominationTest, ABlockingSetForcesAcceptance) {
    begin(slot_led_by(1));
    hear(2, Nominate{{}, values({1})});
    EXPECT_TRUE(is_silent());
    hear(3, Nominate{{}, values({1})});
    // Two others accept: this node has to, and then a quorum has accepted, which confirms it.
    const NominatePrepare both = sent<NominatePrepare>();
    EXPECT_EQ(both.nominate, (Nominate{{}, values({1})}));
    EXPECT_EQ(both.prepare, (Prepare{{1, values({1})}, std::nullopt, std::nullopt, 0, 0}));
}

TEST_F(NominationTest, ABlockingSetMustAgreeOnTheValue) {
    begin(slot_led_by(1));
    hear(2, Nominate{{}, values({1})});
    hear(3, Nominate{{}, values({2})});
    EXPECT_TRUE(is_silent());
}

TEST_F(NominationTest, AcceptsWhatAQuorumVotesFor) {
    hear(2, Nominate{values({1}), {}});
    EXPECT_EQ(sent<Nominate>(), (Nominate{values({1}), {}}));
    hear(3, Nominate{values({1}), {}});
    EXPECT_EQ(sent<Nominate>(), (Nominate{{}, values({1})}));
    EXPECT_TRUE(slot_->confirmed().empty()) << "nobody else has accepted it";
}

TEST_F(NominationTest, QuorumsOverlap) {
    // 1, 2 and 3 accept value 1; 1, 2 and 4 value 2: both are confirmed, each by a quorum of its own.
    hear(2, Nominate{{}, values({1, 2})});
    EXPECT_EQ(sent<Nominate>(), (Nominate{values({1, 2}), {}}));
    hear({3, 4}, Nominate{});
    hear(3, Nominate{{}, values({1})});
    EXPECT_EQ(slot_->confirmed(), (std::set<Value>{test::value(1)}));
    EXPECT_EQ(sent<NominatePrepare>().prepare.ballot, (Ballot{1, values({1})}));
    hear(4, Nominate{{}, values({2})});
    EXPECT_EQ(slot_->confirmed(), (std::set<Value>{test::value(1), test::value(2)}));
}

TEST_F(NominationTest, FurtherConfirmedValuesDoNotChangeTheBallot) {
    hear({2, 3}, Nominate{{}, values({1})});
    EXPECT_EQ(sent<NominatePrepare>().prepare.ballot, (Ballot{1, values({1})}));
    hear({2, 3}, Nominate{{}, values({1, 2})});
    const NominatePrepare both = sent<NominatePrepare>();
    EXPECT_EQ(both.nominate.accepted, values({1, 2}));
    EXPECT_EQ(both.prepare.ballot, (Ballot{1, values({1})}));
    // The next ballot has all of them.
    hear({2, 3}, NominatePrepare{{{}, values({1, 2})}, {{2, values({9})}, std::nullopt, std::nullopt, 0, 0}});
    EXPECT_EQ(sent<NominatePrepare>().prepare.ballot, (Ballot{2, values({1, 2})}));
}

TEST_F(NominationTest, NoVotesOnceACandidateIsConfirmed) {
    hear({2, 3}, Nominate{{}, values({1})});
    sent<NominatePrepare>();
    hear(2, Nominate{values({5}), values({1})});
    EXPECT_TRUE(is_silent());
    slot_->propose(values({6}), now_);
    EXPECT_TRUE(is_silent());
}

TEST_F(NominationTest, CandidatesMayBeConfirmedAfterABallotWasAcceptedAsPrepared) {
    const Prepare vote{{1, values({1})}, std::nullopt, std::nullopt, 0, 0};
    hear({2, 3}, Nominate{{}, values({1})});
    sent<NominatePrepare>();
    hear({2, 3}, NominatePrepare{{{}, values({1})}, vote});
    EXPECT_EQ(sent<NominatePrepare>().prepare.prepared, (Ballot{1, values({1})}));
    hear({2, 3}, NominatePrepare{{{}, values({1, 2})}, vote});
    EXPECT_EQ(slot_->confirmed(), (std::set<Value>{test::value(1), test::value(2)}));
    EXPECT_EQ(slot_->ballot(), (Ballot{1, values({1})}));
}

TEST_F(NominationTest, ABallotOfOthersEndsNomination) {
    begin(slot_led_by(1));
    hear({2, 3}, Prepare{{1, values({7})}, Ballot{1, values({7})}, std::nullopt, 0, 0});
    // A quorum has accepted it, this node by being blocked.
    const Prepare prepare = sent<Prepare>();
    EXPECT_EQ(prepare.ballot, (Ballot{1, values({7})}));
    EXPECT_EQ(prepare.prepared, (Ballot{1, values({7})}));
    EXPECT_EQ(slot_->phase(), Phase::prepare);
    EXPECT_EQ(slot_->next_timer(), now_ + 2s) << "the ballot's timer only: nomination is over";
}

TEST_F(NominationTest, NominationsAreIgnoredOnceABallotIsConfirmedAsPrepared) {
    hear({2, 3}, Prepare{{1, values({7})}, Ballot{1, values({7})}, std::nullopt, 0, 0});
    sent<Prepare>();
    hear(4, Nominate{{}, values({1})});
    slot_->propose(values({2}), now_);
    EXPECT_TRUE(is_silent());
    EXPECT_TRUE(slot_->confirmed().empty());
}

TEST_F(NominationTest, ANodeAloneDecidesAtOnce) {
    const Membership alone = test::membership(1, test::quorum_set(0, {}));
    Slot slot(1, alone, rules_);
    slot.propose(values({1, 2}), now_);
    ASSERT_NE(slot.externalized(), nullptr);
    EXPECT_EQ(*slot.externalized(), values({1, 2}));
    EXPECT_TRUE(std::holds_alternative<Externalize>(slot.take_message()->topic));
    EXPECT_EQ(slot.next_timer(), Instant::never());
}

} // namespace
} // namespace engine::consensus
