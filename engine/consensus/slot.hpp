#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/consensus/message.hpp"
#include "engine/time.hpp"

namespace engine::consensus {

/// What agreement needs to know of the values it agrees on.
class ValueRules {
public:
    virtual ~ValueRules() = default;
    /// Whether the value may enter the next block.  Asked again until it says yes, then no more in this slot.
    virtual bool is_valid(const Value& value) = 0;
    /// One outcome from many candidates: depends on nothing but them, and is never empty.
    /// @param candidates  sorted, not empty
    virtual Values combine(const Values& candidates) = 0;
};

/// Who takes part, as one node sees it.
struct Membership {
    QuorumNode self;
    std::shared_ptr<const QuorumSet> quorum_set; ///< valid
};

/// How far a node is with a slot.
enum class Phase : std::uint8_t { nominate_prepare, prepare, commit, externalize };

/// Agreement on one block, by the Stellar consensus protocol: nomination finds candidates, ballots decide.
///
///  1. It acts only when called, and what it does follows from the calls alone: no clock, no draw, no thread.
///  2. A statement counts as this node's own only while its messages make it; nothing is presumed.
///  3. What it says only ever grows: of two messages the later one is above the earlier.
///  4. What it has accepted it never contradicts, also after `restore` with its last message.
///
/// @source draft-mazieres-dinrg-scp-04; mobilecoin 7.0.0 consensus/scp/src/slot.rs
/// @differs docs/consensus.md, "Where this departs from upstream"
class Slot {
public:
    /// Both timers: the unit that rounds and ballots are multiples of.
    static constexpr Duration timebase = 1s;

    /// @param membership  read for as long as this lives, as `rules` is
    Slot(std::uint64_t index, const Membership& membership, ValueRules& rules);
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    /// Puts values forward.  Heard of only while no candidate is confirmed; invalid ones are left out.
    void propose(const Values& values, Instant now);
    /// Takes messages of this slot.  What is not above the sender's last, is malformed, or names an invalid
    /// value is passed over.
    void handle(std::vector<Message> messages, Instant now);
    /// Rounds and ballots that have lasted too long.
    void process_timers(Instant now);
    /// When `process_timers` has something to do; `Instant::never()` is an answer.
    Instant next_timer() const;
    /// Goes on where a node with this last message stopped.  Before anything else.
    void restore(const Message& last, Instant now);

    /// What is to be sent to everybody, once.
    std::optional<Message> take_message();
    /// The newest message that was sent or restored, for peers who ask.
    const std::optional<Message>& last_message() const { return last_; }
    /// The decision.  Does not change any more.
    const Values* externalized() const { return phase_ == Phase::externalize ? &commit_->values : nullptr; }

    std::uint64_t index() const { return index_; }
    Phase phase() const { return phase_; }
    /// Newest message of each peer, by its key.
    const std::map<NodeKey, Message>& heard() const { return heard_; }
    const std::set<Value>& confirmed() const { return confirmed_; }
    const NodeKeys& leaders() const { return leaders_; }
    std::uint32_t round() const { return round_; }
    const std::optional<Ballot>& ballot() const { return ballot_; }

private:
    // slot.cpp
    void advance(Instant now);
    bool are_valid(const Values& values);
    std::optional<Topic> statement() const;
    void emit();
    template <class Predicate>
    NodeKeys those(const Predicate& predicate) const;
    template <class Predicate>
    bool quorum_of(const Predicate& predicate) const;
    template <class Votes, class Accepts>
    bool may_accept(const Votes& votes, const Accepts& accepts) const;

    // slot_nomination.cpp
    bool nominate();
    bool vote_as_leaders_do();
    bool accept_nominated();
    bool confirm_nominated();
    void begin_round(std::uint32_t round, Instant now);

    // slot_ballot.cpp
    std::set<Ballot> mentioned() const;
    std::set<std::uint32_t> committed_counters(const Values& values) const;
    template <class Predicate>
    std::optional<Range> widest_range(const Values& values, const Predicate& predicate) const;
    bool accept_prepared();
    bool set_prepared(const Ballot& ballot);
    bool confirm_prepared();
    bool set_confirmed(const std::optional<Ballot>& commit, const Ballot& high);
    bool accept_commit();
    bool set_accepted(const Ballot& commit, const Ballot& high);
    bool confirm_commit();
    bool catch_up_with_blocking_set();
    bool begin_ballots();
    bool raise_to(const Ballot& high);
    void set_ballot(const Ballot& ballot);
    std::optional<Values> next_values() const;
    bool next_ballot(std::uint32_t counter);
    void watch_ballot(Instant now);

    std::uint64_t index_;
    const Membership& membership_;
    ValueRules& rules_;
    std::map<NodeKey, Message> heard_;
    /// Values the rules said yes to.
    std::set<Value> valid_;
    Phase phase_ = Phase::nominate_prepare;

    /// Put forward here.
    std::set<Value> proposed_;
    /// X, Y and Z: each value is in one of the first two at most, and Z is part of Y.
    std::set<Value> voted_;
    std::set<Value> accepted_;
    std::set<Value> confirmed_;
    std::uint32_t round_ = 1;
    NodeKeys leaders_;
    Instant round_ends_ = Instant::never();

    /// B, P, P', H, C of the protocol.  `commit_ <= high_ <= ballot_`, all compatible; `prime_ < prepared_`,
    /// incompatible.
    std::optional<Ballot> ballot_;
    std::optional<Ballot> prepared_;
    std::optional<Ballot> prime_;
    std::optional<Ballot> high_;
    std::optional<Ballot> commit_;
    /// Values of the highest ballot ever confirmed as prepared, which all later ballots take.
    std::optional<Values> decided_on_;
    Instant ballot_ends_ = Instant::never();

    /// Rule 2: this node's own statement as the step began.
    std::optional<Topic> own_;
    std::optional<Message> last_;
    bool unsent_ = false;
};

} // namespace engine::consensus
