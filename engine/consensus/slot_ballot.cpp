#include <algorithm>
#include <ranges>

#include "engine/consensus/slot_support.hpp"
#include "engine/ensure.hpp"

// Ballots: prepared, then committed.  A ballot that is confirmed as prepared rules out all lower ones with
// other values, which is why it may be voted to commit.

namespace engine::consensus {

bool Slot::begin_ballots() {
    if (phase_ != Phase::nominate_prepare || ballot_ || confirmed_.empty()) return false;
    return next_ballot(1);
}

std::set<Ballot> Slot::mentioned() const {
    std::set<Ballot> out;
    const auto add = [&out](const Topic& topic) {
        for (Ballot& ballot : ballots_of(topic)) out.insert(std::move(ballot));
    };
    if (own_) add(*own_);
    for (const auto& [node, message] : heard_) add(message.topic);
    return out;
}

bool Slot::accept_prepared() {
    for (const Ballot& ballot : std::views::reverse(mentioned())) {
        // Whoever has accepted a commit contradicts it by accepting other values.
        if (phase_ == Phase::commit && !is_compatible(ballot, *high_)) continue;
        if (prepared_ && is_below_and_compatible(ballot, *prepared_)) continue;
        if (prime_ && is_below_and_compatible(ballot, *prime_)) continue;
        if (!may_accept([&](const Topic& topic) { return votes_prepared(topic, ballot); },
                        [&](const Topic& topic) { return accepts_prepared(topic, ballot); }))
            continue;
        if (set_prepared(ballot)) return true;
    }
    return false;
}

bool Slot::set_prepared(const Ballot& ballot) {
    if (!prepared_ || *prepared_ < ballot) {
        if (prepared_ && !is_compatible(*prepared_, ballot)) prime_ = prepared_;
        prepared_ = ballot;
    } else {
        if (is_compatible(*prepared_, ballot) || (prime_ && ballot <= *prime_)) return false;
        prime_ = ballot;
    }
    const auto rules_out_commit = [this](const std::optional<Ballot>& accepted) {
        return accepted && is_below_and_incompatible(*commit_, *accepted);
    };
    if (commit_ && phase_ != Phase::commit && (rules_out_commit(prepared_) || rules_out_commit(prime_)))
        commit_.reset();
    return true;
}

bool Slot::confirm_prepared() {
    if (phase_ == Phase::commit || !prepared_) return false;
    const auto is_confirmed = [this](const Ballot& ballot) {
        return quorum_of([&](const Topic& topic) { return accepts_prepared(topic, ballot); });
    };
    const std::set<Ballot> candidates = mentioned();
    std::optional<Ballot> high;
    for (const Ballot& ballot : std::views::reverse(candidates)) {
        if (high_ && ballot <= *high_) break;
        if (!is_confirmed(ballot)) continue;
        high = ballot;
        break;
    }
    if (!high) return false;
    std::optional<Ballot> commit;
    if (!commit_) {
        for (const Ballot& ballot : std::views::reverse(candidates)) {
            if (ballot > *high) continue;
            if (ballot_ && ballot < *ballot_) break;
            if (!is_compatible(ballot, *high)) continue;
            // Ruled out by what is accepted with other values, and so are all below.
            if (is_below_and_incompatible(ballot, *prepared_)) break;
            if (prime_ && is_below_and_incompatible(ballot, *prime_)) break;
            if (!is_confirmed(ballot)) break;
            commit = ballot;
        }
    }
    return set_confirmed(commit, *high);
}

bool Slot::set_confirmed(const std::optional<Ballot>& commit, const Ballot& high) {
    bool changed = phase_ == Phase::nominate_prepare;
    phase_ = Phase::prepare;
    decided_on_ = high.values;
    // With other values in the ballot there is nothing to commit yet.
    if (!ballot_ || is_compatible(*ballot_, high)) {
        high_ = high;
        if (commit) commit_ = commit;
        changed = true;
    }
    const bool raised = raise_to(high);
    return changed || raised;
}

std::set<std::uint32_t> Slot::committed_counters(const Values& values) const {
    std::set<std::uint32_t> out;
    const auto add = [&](const Topic& topic) {
        if (const Prepare* prepare = prepare_of(topic)) {
            if (prepare->commit_counter == 0 || prepare->ballot.values != values) return;
            out.insert({prepare->commit_counter, prepare->high_counter});
        } else if (const auto* commit = std::get_if<Commit>(&topic)) {
            if (commit->ballot.values == values) out.insert({commit->commit_counter, commit->high_counter});
        } else if (const auto* externalize = std::get_if<Externalize>(&topic)) {
            if (externalize->commit.values == values)
                out.insert({externalize->commit.counter, externalize->high_counter, infinite});
        }
    };
    if (own_) add(*own_);
    for (const auto& [node, message] : heard_) add(message.topic);
    return out;
}

template <class Predicate>
std::optional<Range> Slot::widest_range(const Values& values, const Predicate& predicate) const {
    std::optional<Range> found;
    for (const std::uint32_t counter : std::views::reverse(committed_counters(values))) {
        const Range range{.low = counter, .high = found ? found->high : counter};
        if (predicate(range))
            found = range;
        else if (found)
            break;
    }
    return found;
}

bool Slot::accept_commit() {
    std::set<Values> candidates;
    if (phase_ == Phase::commit) {
        candidates.insert(high_->values);
    } else {
        for (const Ballot& ballot : mentioned()) candidates.insert(ballot.values);
    }
    for (const Values& values : candidates) {
        const std::optional<Range> range = widest_range(values, [&](Range asked) {
            return may_accept([&](const Topic& topic) { return votes_committed(topic, values, asked); },
                              [&](const Topic& topic) { return accepts_committed(topic, values, asked); });
        });
        if (!range || (phase_ == Phase::commit && range->high <= high_->counter)) continue;
        if (set_accepted({range->low, values}, {range->high, values})) return true;
    }
    return false;
}

bool Slot::set_accepted(const Ballot& commit, const Ballot& high) {
    phase_ = Phase::commit;
    decided_on_ = high.values;
    Ballot ballot = high;
    if (ballot_ && is_compatible(*ballot_, high))
        ballot.counter = std::max(ballot_->counter, high.counter);
    else if (ballot_ && ballot_->counter < infinite)
        ballot.counter = std::max(ballot_->counter + 1, high.counter);
    set_ballot(ballot);
    commit_ = commit;
    high_ = high;
    if (prepared_ && !is_compatible(*prepared_, high)) prepared_ = prime_;
    if (!prepared_ || !is_compatible(*prepared_, high) || *prepared_ < high) prepared_ = high;
    prime_.reset();
    return true;
}

bool Slot::confirm_commit() {
    if (phase_ != Phase::commit) return false;
    const Values values = high_->values;
    const std::optional<Range> range = widest_range(values, [&](Range asked) {
        return quorum_of([&](const Topic& topic) { return accepts_committed(topic, values, asked); });
    });
    if (!range) return false;
    commit_ = Ballot{range->low, values};
    high_ = Ballot{range->high, values};
    phase_ = Phase::externalize;
    ballot_ends_ = Instant::never();
    return true;
}

bool Slot::catch_up_with_blocking_set() {
    const std::uint32_t mine = ballot_ ? ballot_->counter : 0;
    const auto block_above = [this](std::uint32_t counter) {
        return is_blocking(*membership_.quorum_set, those([counter](const Topic& topic) {
            return ballot_counter_of(topic) > counter;
        }));
    };
    if (!block_above(mine)) return false;
    std::set<std::uint32_t> counters;
    for (const auto& [node, message] : heard_) counters.insert(ballot_counter_of(message.topic));
    for (const std::uint32_t counter : counters)
        // Those that have decided say so by `infinite`, and their commit is accepted without following them
        // there.
        if (counter > mine && counter != infinite && !block_above(counter)) return next_ballot(counter);
    return false;
}

bool Slot::raise_to(const Ballot& high) {
    if (ballot_ && *ballot_ >= high) return false;
    set_ballot(high);
    return true;
}

void Slot::set_ballot(const Ballot& ballot) {
    if (!ballot_ || ballot_->counter != ballot.counter) ballot_ends_ = Instant::never();
    ballot_ = ballot;
    if (high_ && !is_compatible(ballot, *high_)) {
        high_.reset();
        commit_.reset();
    }
}

std::optional<Values> Slot::next_values() const {
    if (decided_on_) return decided_on_;
    if (!confirmed_.empty()) return rules_.combine({confirmed_.begin(), confirmed_.end()});
    if (prepared_) return prepared_->values;
    if (ballot_) return ballot_->values;
    return std::nullopt;
}

bool Slot::next_ballot(std::uint32_t counter) {
    const std::optional<Values> values = phase_ == Phase::commit ? ballot_->values : next_values();
    if (!values) return false;
    Ballot ballot{counter, *values};
    if (ballot_ && ballot <= *ballot_) return false;
    set_ballot(ballot);
    return true;
}

void Slot::watch_ballot(Instant now) {
    if (!ballot_ || phase_ == Phase::externalize || ballot_ends_ != Instant::never()) return;
    if (ballot_->counter >= infinite - 1) return;
    own_ = statement();
    const std::uint32_t mine = ballot_->counter;
    if (!quorum_of([mine](const Topic& topic) { return ballot_counter_of(topic) >= mine; })) return;
    ballot_ends_ = now + timebase * (std::int64_t{mine} + 1);
}

} // namespace engine::consensus
