#include "engine/consensus/slot.hpp"

#include <algorithm>

#include "engine/consensus/leader.hpp"
#include "engine/consensus/slot_support.hpp"
#include "engine/ensure.hpp"

namespace engine::consensus {
namespace {

/// The highest ballot with the values of `prepared` that is neither above it nor above `ballot`.
std::optional<Ballot> lowered_to(const Ballot& ballot, const std::optional<Ballot>& prepared) {
    if (!prepared || *prepared <= ballot) return prepared;
    Ballot out{ballot.counter, prepared->values};
    if (out > ballot) --out.counter;
    if (out.counter == 0) return std::nullopt;
    return out;
}

/// As it may be sent: nothing accepted is above the ballot.
void lower(Prepare& prepare) {
    std::optional<Ballot> first = lowered_to(prepare.ballot, prepare.prepared);
    std::optional<Ballot> second = lowered_to(prepare.ballot, prepare.prepared_prime);
    // Lowered, they may have changed places.
    if (first < second) first.swap(second);
    prepare.prepared = std::move(first);
    prepare.prepared_prime = std::move(second);
}

Topic as_sent(Topic topic) {
    if (auto* prepare = std::get_if<Prepare>(&topic)) lower(*prepare);
    if (auto* both = std::get_if<NominatePrepare>(&topic)) lower(both->prepare);
    return topic;
}

Values listed(const std::set<Value>& values) { return {values.begin(), values.end()}; }

} // namespace

Slot::Slot(std::uint64_t index, const Membership& membership, ValueRules& rules)
    : index_(index), membership_(membership), rules_(rules) {
    ENSURE(membership.quorum_set != nullptr && is_valid(*membership.quorum_set));
    leaders_.insert(
        next_leader(index_, round_, membership_.self.public_key, *membership_.quorum_set, leaders_));
}

void Slot::propose(const Values& values, Instant now) {
    if (phase_ != Phase::nominate_prepare || !confirmed_.empty()) return;
    for (const Value& value : values)
        if (are_valid({value})) proposed_.insert(value);
    advance(now);
}

void Slot::handle(std::vector<Message> messages, Instant now) {
    std::ranges::stable_sort(
        messages, [](const Message& a, const Message& b) { return compare(a.topic, b.topic) > 0; });
    bool any = false;
    for (Message& message : messages) {
        const NodeKey sender = message.sender.public_key;
        if (message.slot != index_ || sender == membership_.self.public_key || fault_of(message)) continue;
        const auto before = heard_.find(sender);
        if (before != heard_.end() && compare(message.topic, before->second.topic) <= 0) continue;
        if (phase_ != Phase::externalize && !are_valid(values_of(message.topic))) continue;
        heard_.insert_or_assign(sender, std::move(message));
        any = true;
    }
    if (any) advance(now);
}

void Slot::process_timers(Instant now) {
    if (now < next_timer()) return;
    if (now >= round_ends_) begin_round(round_ + 1, now);
    if (now >= ballot_ends_) {
        ballot_ends_ = Instant::never();
        if (ballot_->counter < infinite - 1) next_ballot(ballot_->counter + 1);
    }
    advance(now);
}

Instant Slot::next_timer() const { return std::min(round_ends_, ballot_ends_); }

void Slot::restore(const Message& last, Instant now) {
    ENSURE(last.slot == index_ && !last_ && !fault_of(last));
    if (const Nominate* nominate = nominate_of(last.topic)) {
        voted_.insert(nominate->voted.begin(), nominate->voted.end());
        accepted_.insert(nominate->accepted.begin(), nominate->accepted.end());
    } else {
        phase_ = Phase::prepare;
    }
    if (const Prepare* prepare = prepare_of(last.topic)) {
        ballot_ = prepare->ballot;
        prepared_ = prepare->prepared;
        prime_ = prepare->prepared_prime;
        if (prepare->high_counter != 0) high_ = Ballot{prepare->high_counter, ballot_->values};
        if (prepare->commit_counter != 0) commit_ = Ballot{prepare->commit_counter, ballot_->values};
        if (high_) decided_on_ = high_->values;
    } else if (const auto* commit = std::get_if<Commit>(&last.topic)) {
        phase_ = Phase::commit;
        ballot_ = commit->ballot;
        prepared_ = Ballot{commit->prepared_counter, ballot_->values};
        high_ = Ballot{commit->high_counter, ballot_->values};
        commit_ = Ballot{commit->commit_counter, ballot_->values};
        decided_on_ = ballot_->values;
    } else if (const auto* externalize = std::get_if<Externalize>(&last.topic)) {
        phase_ = Phase::externalize;
        commit_ = externalize->commit;
        high_ = Ballot{externalize->high_counter, commit_->values};
        ballot_ = prepared_ = high_;
    }
    last_ = last;
    unsent_ = true;
    advance(now);
}

std::optional<Message> Slot::take_message() {
    if (!unsent_) return std::nullopt;
    unsent_ = false;
    return last_;
}

void Slot::advance(Instant now) {
    for (bool changed = true; changed && phase_ != Phase::externalize;) {
        own_ = statement();
        changed = nominate() || begin_ballots() || accept_prepared() || confirm_prepared() ||
                  accept_commit() || confirm_commit() || catch_up_with_blocking_set();
    }
    if (phase_ == Phase::nominate_prepare && round_ends_ == Instant::never() &&
        !(proposed_.empty() && heard_.empty()))
        round_ends_ = now + timebase * round_;
    if (phase_ != Phase::nominate_prepare) round_ends_ = Instant::never();
    watch_ballot(now);
    emit();
}

bool Slot::are_valid(const Values& values) {
    for (const Value& value : values) {
        if (valid_.contains(value)) continue;
        if (!rules_.is_valid(value)) return false;
        valid_.insert(value);
    }
    return true;
}

std::optional<Topic> Slot::statement() const {
    const auto prepare = [this] {
        return Prepare{.ballot = *ballot_,
                       .prepared = prepared_,
                       .prepared_prime = prime_,
                       .commit_counter = commit_ ? commit_->counter : 0,
                       .high_counter = high_ ? high_->counter : 0};
    };
    switch (phase_) {
    case Phase::nominate_prepare: {
        if (!ballot_ && voted_.empty() && accepted_.empty()) return std::nullopt;
        Nominate nominate{.voted = listed(voted_), .accepted = listed(accepted_)};
        if (!ballot_) return nominate;
        return NominatePrepare{.nominate = std::move(nominate), .prepare = prepare()};
    }
    case Phase::prepare:
        return prepare();
    case Phase::commit:
        return Commit{.ballot = *ballot_,
                      .prepared_counter = prepared_->counter,
                      .commit_counter = commit_->counter,
                      .high_counter = high_->counter};
    case Phase::externalize:
        return Externalize{.commit = *commit_, .high_counter = high_->counter};
    }
    return std::nullopt;
}

void Slot::emit() {
    std::optional<Topic> topic = statement();
    if (!topic) return;
    Topic sent = as_sent(std::move(*topic));
    if (last_ && compare(sent, last_->topic) <= 0) return;
    last_ = Message{.sender = membership_.self,
                    .slot = index_,
                    .quorum_set = membership_.quorum_set,
                    .topic = std::move(sent)};
    ENSURE(!fault_of(*last_));
    unsent_ = true;
}

} // namespace engine::consensus
