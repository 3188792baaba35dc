#include "engine/consensus/testing/slot_fixture.hpp"

// Ballots, in the situations of upstream's own unit tests.
// source: mobilecoin 7.0.0 consensus/scp/src/slot.rs

namespace engine::consensus {
namespace {

using test::values;

class BallotTest : public test::SlotTest {
protected:
    const Values a_ = values({1});
    const Values b_ = values({2});

    /// Node 1 with ballot (1, values): the others have accepted them as nominated.
    void ballot_on(const Values& candidates) {
        hear({2, 3}, Nominate{{}, candidates});
        EXPECT_EQ(sent<NominatePrepare>().prepare,
                  (Prepare{{1, candidates}, std::nullopt, std::nullopt, 0, 0}));
    }
    static Topic prepare(std::uint32_t counter, const Values& of) {
        return Prepare{{counter, of}, std::nullopt, std::nullopt, 0, 0};
    }
    static Topic prepared(std::uint32_t counter, const Values& of) {
        return Prepare{{counter, of}, Ballot{counter, of}, std::nullopt, 0, 0};
    }
};

TEST_F(BallotTest, NothingIsAcceptedOnOneVote) {
    ballot_on(a_);
    hear(2, prepare(1, a_));
    EXPECT_TRUE(is_silent());
}

TEST_F(BallotTest, AQuorumOfVotesIsAccepted) {
    ballot_on(a_);
    hear({2, 3}, prepare(1, a_));
    EXPECT_EQ(sent<NominatePrepare>().prepare.prepared, (Ballot{1, a_}));
    EXPECT_EQ(slot_->phase(), Phase::nominate_prepare) << "not confirmed";
}

TEST_F(BallotTest, VotesForOtherValuesAreNoQuorumWithMine) {
    // Two of the others vote for b: with this node, which does not, they would be three.
    ballot_on(a_);
    hear({2, 3}, prepare(1, b_));
    EXPECT_TRUE(is_silent());
}

TEST_F(BallotTest, FromNoBallotToABlockingAcceptance) {
    begin(slot_led_by(1));
    hear(2, prepared(1, a_));
    EXPECT_TRUE(is_silent());
    hear(3, prepared(1, a_));
    const Prepare now = sent<Prepare>();
    EXPECT_EQ(now, (Prepare{{1, a_}, Ballot{1, a_}, std::nullopt, 1, 1}));
    EXPECT_EQ(now.commit_counter, 1u) << "confirmed, so it is voted to commit";
}

TEST_F(BallotTest, ABlockingSetMayForceTheValueVotedFor) {
    ballot_on(a_);
    hear({2, 3}, prepared(1, a_));
    EXPECT_EQ(sent<Prepare>().commit_counter, 1u);
}

TEST_F(BallotTest, ABlockingSetMayForceAnotherValue) {
    ballot_on(a_);
    hear({2, 3}, prepared(1, b_));
    // b is above a, so the ballot moves there and is voted to commit.
    const Prepare now = sent<Prepare>();
    EXPECT_EQ(now.ballot, (Ballot{1, b_}));
    EXPECT_EQ(now.prepared, (Ballot{1, b_}));
    EXPECT_EQ(now.high_counter, 1u);
    EXPECT_EQ(now.commit_counter, 1u);
}

TEST_F(BallotTest, ALowerValueIsConfirmedButNotCommittedByAHigherBallot) {
    ballot_on(b_);
    hear({2, 3}, prepared(1, a_));
    const Prepare now = sent<Prepare>();
    EXPECT_EQ(now.ballot, (Ballot{1, b_}));
    EXPECT_EQ(now.prepared, (Ballot{1, a_}));
    EXPECT_EQ(now.high_counter, 0u) << "its values are not those of the ballot";
    EXPECT_EQ(now.commit_counter, 0u);
    // The next ballot takes the values that are confirmed.
    hear({2, 3}, Prepare{{2, a_}, Ballot{1, a_}, std::nullopt, 0, 0});
    EXPECT_EQ(sent<Prepare>().ballot, (Ballot{2, a_}));
}

TEST_F(BallotTest, AContradictingAcceptanceIsKeptBesideTheOther) {
    ballot_on(a_);
    hear({2, 3}, prepare(1, a_));
    EXPECT_EQ(sent<NominatePrepare>().prepare.prepared, (Ballot{1, a_}));
    // A blocking set accepts (2, b), and with this node that is a quorum.
    hear({3, 4}, Prepare{{2, b_}, Ballot{2, b_}, std::nullopt, 0, 0});
    const Prepare now = sent<Prepare>();
    EXPECT_EQ(now.prepared, (Ballot{2, b_}));
    EXPECT_EQ(now.prepared_prime, (Ballot{1, a_}));
    EXPECT_EQ(now.ballot, (Ballot{2, b_}));
}

TEST_F(BallotTest, AVoteToCommitIsTakenBackWhenItsBallotIsRuledOut) {
    ballot_on(a_);
    hear({2, 3}, prepared(1, a_));
    EXPECT_EQ(sent<Prepare>().commit_counter, 1u);
    hear({3, 4}, Prepare{{3, a_}, Ballot{2, b_}, std::nullopt, 0, 0});
    // What is voted to commit now is b, and a only in so far as it was accepted once.
    EXPECT_EQ(sent<Prepare>(), (Prepare{{3, b_}, Ballot{2, b_}, Ballot{1, a_}, 2, 2}));
}

TEST_F(BallotTest, AcceptanceIsConfirmedByAQuorum) {
    ballot_on(a_);
    hear({2, 3}, prepare(1, a_));
    sent<NominatePrepare>();
    hear(2, prepared(1, a_));
    EXPECT_TRUE(is_silent()) << "two of four";
    hear(3, prepared(1, a_));
    EXPECT_EQ(sent<Prepare>(), (Prepare{{1, a_}, Ballot{1, a_}, std::nullopt, 1, 1}));
}

TEST_F(BallotTest, CommitIsAcceptedByAQuorumOfVotes) {
    ballot_on(a_);
    const Topic vote = Prepare{{1, a_}, Ballot{1, a_}, std::nullopt, 1, 1};
    hear(2, vote);
    EXPECT_TRUE(is_silent());
    hear(3, vote);
    EXPECT_EQ(sent<Commit>(), (Commit{{1, a_}, 1, 1, 1}));
    EXPECT_EQ(slot_->phase(), Phase::commit);
}

TEST_F(BallotTest, CommitIsAcceptedByABlockingSet) {
    begin(slot_led_by(1));
    const Topic accepted = Commit{{3, a_}, 3, 2, 3};
    hear(2, accepted);
    EXPECT_TRUE(is_silent());
    hear(3, accepted);
    // A quorum has accepted, with this node: that decides.
    EXPECT_EQ(sent<Externalize>(), (Externalize{{2, a_}, 3}));
}

TEST_F(BallotTest, CommitOfOtherValuesIsAcceptedWhenBlockedByIt) {
    ballot_on(b_);
    hear({2, 3}, Commit{{1, a_}, 1, 1, 1});
    ASSERT_NE(slot_->externalized(), nullptr);
    EXPECT_EQ(*slot_->externalized(), a_);
}

TEST_F(BallotTest, RangesThatDoNotOverlapAreNoCommit) {
    begin(slot_led_by(1));
    hear(2, Commit{{9, a_}, 9, 5, 6});
    hear(3, Commit{{9, a_}, 9, 7, 8});
    // No counter is accepted by both; both vote for 9, and so does this node, which alone accepts that.
    EXPECT_EQ(sent<Commit>(), (Commit{{9, a_}, infinite, 9, 9}))
        << "all three vote for any counter to be prepared";
    EXPECT_EQ(slot_->externalized(), nullptr);
}

TEST_F(BallotTest, CommitIsConfirmedByAQuorumAndIsFinal) {
    ballot_on(a_);
    hear({2, 3}, Prepare{{1, a_}, Ballot{1, a_}, std::nullopt, 1, 1});
    sent<Commit>();
    hear(2, Commit{{1, a_}, 1, 1, 1});
    EXPECT_EQ(slot_->externalized(), nullptr);
    hear(3, Commit{{1, a_}, 1, 1, 1});
    EXPECT_EQ(sent<Externalize>(), (Externalize{{1, a_}, 1}));
    EXPECT_EQ(slot_->next_timer(), Instant::never());
    hear({2, 3, 4}, Externalize{{1, b_}, 5});
    EXPECT_EQ(*slot_->externalized(), a_);
}

TEST_F(BallotTest, TheTimerWaitsForAQuorumAndGrowsWithTheCounter) {
    ballot_on(a_);
    hear(2, prepare(1, a_));
    EXPECT_EQ(slot_->next_timer(), now_ + 1s) << "of the round of nomination";
    hear({2, 3}, prepared(1, a_));
    EXPECT_EQ(sent<Prepare>().ballot.counter, 1u);
    EXPECT_EQ(slot_->next_timer(), now_ + 2s);
    let_time_pass();
    EXPECT_EQ(sent<Prepare>().ballot, (Ballot{2, a_})) << "the confirmed values";
    EXPECT_EQ(slot_->next_timer(), Instant::never()) << "nobody else is there yet";
    hear({2, 3}, prepare(2, a_));
    EXPECT_EQ(slot_->next_timer(), now_ + 3s);
}

TEST_F(BallotTest, TheTimerOfACommitRaisesTheCounterOnly) {
    ballot_on(a_);
    hear({2, 3}, Prepare{{1, a_}, Ballot{1, a_}, std::nullopt, 1, 1});
    EXPECT_EQ(sent<Commit>().ballot, (Ballot{1, a_}));
    let_time_pass();
    EXPECT_EQ(sent<Commit>(), (Commit{{2, a_}, 1, 1, 1}));
}

TEST_F(BallotTest, FollowsABlockingSetToTheLowestCounterThatEndsTheBlock) {
    ballot_on(a_);
    hear(2, prepare(5, a_));
    EXPECT_TRUE(is_silent());
    hear(3, prepare(3, a_));
    EXPECT_EQ(sent<NominatePrepare>().prepare.ballot, (Ballot{3, a_}));
}

TEST_F(BallotTest, OlderMessagesAndOnesOwnAreIgnored) {
    ballot_on(a_);
    hear(2, prepare(2, a_));
    hear(2, prepare(1, a_));
    EXPECT_EQ(ballot_counter_of(slot_->heard().at(test::key(2)).topic), 2u);
    hear(1, prepare(9, b_));
    EXPECT_FALSE(slot_->heard().contains(test::key(1)));
    EXPECT_TRUE(is_silent());
}

TEST_F(BallotTest, ARestartedNodeGoesOnWhereItStopped) {
    ballot_on(a_);
    hear({2, 3}, Prepare{{1, a_}, Ballot{1, a_}, std::nullopt, 1, 1});
    const Commit before = sent<Commit>();
    const Message last = *slot_->last_message();
    begin(slot_->index());
    slot_->restore(last, now_);
    EXPECT_EQ(sent<Commit>(), before);
    // It does not contradict what it said: a quorum for other values is not joined.
    hear({2, 3}, prepare(7, b_));
    EXPECT_EQ(sent<Commit>(), (Commit{{7, a_}, 1, 1, 1}));
}

} // namespace
} // namespace engine::consensus
