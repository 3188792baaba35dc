#include "engine/check/records.hpp"

#include <algorithm>

namespace engine::check {

using model::AccountId;
using model::Coin;
using Scanned = model::RecoveryModel::Scanned;

std::optional<Finding> RecordChecker::look() {
    for (; invocations_ < recovery_.invocations().size(); ++invocations_) {
        const fog::RngRecord& rng = recovery_.invocations()[invocations_].rng;
        by_id_[rng.invocation].rng = rng;
    }
    for (; looked_ < recovery_.scanned().size(); ++looked_) {
        const Scanned& scanned = recovery_.scanned()[looked_];
        if (!chain_.height().includes(scanned.block))
            return std::nullopt; // the count of whoever shows it is judged
        if (std::optional<Finding> wrong = judge(scanned)) return wrong;
    }
    return std::nullopt;
}

std::optional<Finding> RecordChecker::judge(const Scanned& scanned) {
    const fog::LedgerBlock& block = *chain_.block(scanned.block);
    // A record is made for each output, a stranger's as well: how many there are tells nobody whose they are.
    if (scanned.rows != block.outputs.size())
        return findings::Miscounted{scanned.block, scanned.rows, block.outputs.size()};
    if (!scanned.stored.rows) return std::nullopt; // known from a log, which has no more of it
    if (scanned.stored.cumulative_txo_count != block.cumulative_txo_count)
        return findings::MiscountedOutputs{scanned.block, scanned.stored.cumulative_txo_count,
                                           block.cumulative_txo_count};
    if (block.signed_at_s && scanned.stored.timestamp_s != *block.signed_at_s)
        return findings::WrongBlockTime{scanned.block, scanned.stored.timestamp_s, *block.signed_at_s};
    const auto known = by_id_.find(scanned.stored.invocation);
    if (known == by_id_.end())
        return findings::UnannouncedInvocation{scanned.block, scanned.stored.invocation};
    Invocation& invocation = known->second;
    const bool is_first = !std::exchange(invocation.has_blocks, true);
    if (is_first && invocation.rng.start != scanned.block)
        return findings::AnnouncedFromElsewhere{scanned.stored.invocation, invocation.rng.start,
                                                scanned.block};
    if (owners_.empty()) return std::nullopt;
    return judge_rows(scanned, invocation);
}

RecordChecker::Sequence* RecordChecker::sequence_of(Invocation& invocation, AccountId account) {
    const auto known = invocation.sequences.find(account);
    if (known != invocation.sequences.end()) return &known->second;
    const auto secret = crypto_->exchange(owners_.at(account.value).record_key, invocation.rng.egress_key);
    if (!secret) return nullptr; // no wallet can use such an RNG
    Sequence& made = invocation.sequences[account];
    made.secret = *secret;
    for (std::size_t i = 0; i < looked_ahead; ++i) made.ahead[i] = crypto_->rng_output(made.secret, i);
    return &made;
}

void RecordChecker::advance(Sequence& sequence) {
    sequence.last = sequence.ahead.front();
    std::rotate(sequence.ahead.begin(), sequence.ahead.begin() + 1, sequence.ahead.end());
    ++sequence.next;
    sequence.ahead.back() = crypto_->rng_output(sequence.secret, sequence.next + looked_ahead - 1);
}

std::optional<Finding> RecordChecker::judge_rows(const Scanned& scanned, Invocation& invocation) {
    const fog::LedgerBlock& block = *chain_.block(scanned.block);
    const std::vector<fog::Row>& rows = *scanned.stored.rows;
    const auto found = [&rows](const chain::SearchKey& key) {
        return std::find_if(rows.begin(), rows.end(),
                            [&key](const fog::Row& row) { return row.search_key == key; });
    };
    const auto [first, end] = chain_.coins_of(scanned.block);
    for (std::size_t at = first; at < end; ++at) {
        const Coin& coin = chain_.coins()[at];
        if (coin.hint_key != scanned.key || coin.account.value >= owners_.size()) continue;
        Sequence* sequence = sequence_of(invocation, coin.account);
        if (sequence == nullptr) continue;
        const auto numbered = [&](std::uint64_t number_of_record) {
            return findings::RecordNumber{number_of_record, coin.account, scanned.stored.invocation};
        };
        const std::size_t number = coin.index.value - block.first_output().value;
        auto row = rows.begin() + static_cast<std::ptrdiff_t>(std::min(number, rows.size()));
        if (row == rows.end() || row->search_key != sequence->ahead.front())
            row = found(sequence->ahead.front()); // in another order
        if (row == rows.end()) {
            for (std::size_t i = 1; i < looked_ahead; ++i)
                if (found(sequence->ahead[i]) != rows.end())
                    return findings::RecordLeftOut{numbered(sequence->next), scanned.block,
                                                   sequence->next + i};
            if (sequence->last && found(*sequence->last) != rows.end())
                return findings::RecordRepeated{numbered(sequence->next - 1), scanned.block};
            return findings::RecordMissing{numbered(sequence->next), scanned.block};
        }
        ++judged_;
        const auto opened = row->payload
                                ? crypto_->open_record(owners_[coin.account.value].record_key, *row->payload)
                                : std::nullopt;
        const chain::TxOut& output = block.outputs.at(number);
        if (!opened) return findings::RecordUnreadable{scanned.block, coin.account};
        const chain::TxOutRecord right = crypto_->make_record(
            output, coin.index, block.index, block.signed_at_s.value_or(opened->timestamp_s));
        if (opened->timestamp_s != right.timestamp_s)
            return findings::WrongRecordTime{scanned.block, opened->timestamp_s, right.timestamp_s};
        if (!(*opened == right)) return findings::RecordDiffers{coin.index, scanned.block};
        advance(*sequence);
    }
    // A stranger's record under a number that will be needed takes its place later.
    for (const auto& [account, sequence] : invocation.sequences)
        for (std::size_t i = 0; i < looked_ahead; ++i)
            if (found(sequence.ahead[i]) != rows.end())
                return findings::RecordOutOfPlace{{sequence.next + i, account, scanned.stored.invocation},
                                                  scanned.block};
    return std::nullopt;
}

} // namespace engine::check
