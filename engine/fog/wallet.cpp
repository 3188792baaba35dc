#include "engine/fog/wallet.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace engine::fog {

void Wallet::BlockSet::add(BlockRange range) {
    if (range.empty()) return;
    std::vector<BlockRange> merged;
    for (const BlockRange& have : ranges_) {
        if (have.end < range.start || range.end < have.start)
            merged.push_back(have);
        else
            range = {std::min(have.start, range.start), std::max(have.end, range.end)};
    }
    merged.push_back(range);
    std::sort(merged.begin(), merged.end());
    ranges_ = std::move(merged);
}

bool Wallet::BlockSet::contains(BlockIndex block) const {
    return std::any_of(ranges_.begin(), ranges_.end(),
                       [&](const BlockRange& r) { return r.contains(block); });
}

std::vector<BlockRange> Wallet::BlockSet::missing_from(BlockRange range) const {
    std::vector<BlockRange> missing;
    for (const BlockRange& have : ranges_) {
        if (have.end <= range.start || range.end <= have.start) continue;
        if (range.start < have.start) missing.push_back({range.start, have.start});
        range.start = std::max(range.start, have.end);
    }
    if (!range.empty()) missing.push_back(range);
    return missing;
}

Wallet::Wallet(Host& host, chain::AccountKey account, ViewApi& view, LedgerApi& ledger, WalletConfig config)
    : host_(host), account_(std::move(account)), subaddresses_(host.crypto().default_subaddresses(account_)),
      view_(view), ledger_(ledger), config_(config) {
    record_key_ = host.crypto().subaddress_view_private(account_, chain::default_subaddress);
}

template <class Answer, class Api, class Request>
Task<Result<Answer>> Wallet::ask(Api& api, Task<Result<Answer>> (Api::*method)(Request), Request request) {
    for (unsigned attempt = 1;; ++attempt) {
        Request copy = request;
        Result<Answer> answer = co_await (api.*method)(std::move(copy));
        if (answer || !is_transient(answer.error()) || attempt == config_.attempts) co_return answer;
        co_await host_.sleep(config_.retry_delay, "its next attempt");
    }
}

Task<Result<BalanceReport>> Wallet::check() {
    const Result<void> viewed = co_await poll_view();
    if (!viewed && viewed.error().code == Code::failed_precondition) co_return viewed.error();
    co_await fetch_missed_blocks();
    const Result<void> imaged = co_await poll_key_images();
    if (!imaged) co_return imaged.error();
    BalanceReport shown = report();
    if (shown.count < settled_below_) { // should the count ever shrink, the balance is still the truth at it
        owned_.merge(settled_);
        settled_below_ = {};
        shown = report();
    }
    settle(shown.count);
    co_return shown;
}

// A check costs what may still change: counts never shrink, so that a spend below one that was shown is over.
void Wallet::settle(BlockCount shown) {
    settled_below_ = std::max(settled_below_, shown);
    for (auto it = owned_.begin(); it != owned_.end();) {
        const auto output = it++;
        const std::optional<BlockIndex>& spent = output->second.spent_at;
        if (spent && shown.includes(*spent)) settled_.insert(owned_.extract(output));
    }
}

// Everything an answer's events say is stored before anything is awaited again.
Result<void> Wallet::absorb_events(const ViewAnswer& answer) {
    const bool first_answer = next_event_ == UserEventId{};
    for (const RngRecord& record : answer.rngs) {
        if (record.rng_version > config_.rng_version) {
            host_.mark(Mark::wallet_too_old_for_an_rng);
            return Error{Code::failed_precondition, "wallet: an RNG needs a newer client"};
        }
        if (rngs_.contains(record.egress_key)) continue; // a repeat must not reset the position
        const bool same_start = std::any_of(rngs_.begin(), rngs_.end(),
                                            [&](const auto& r) { return r.second.start == record.start; });
        host_.mark_if(same_start, Mark::wallet_two_rngs_start_at_one_block);
        const auto secret = host_.crypto().exchange(record_key_, record.egress_key);
        if (!secret) return Error{Code::failed_precondition, "wallet: an egress key is no point"};
        rngs_.emplace(record.egress_key, Rng{record.invocation, BufferedRng(host_.crypto(), *secret),
                                             record.start, std::nullopt, false});
    }
    host_.mark_if(!answer.rngs.empty() && !answer.decommissions.empty() && first_answer,
                  Mark::wallet_hears_of_rng_and_its_end_at_once);
    for (const Decommission& decommission : answer.decommissions)
        decommissions_[decommission.invocation] = decommission.last_ingested;
    for (auto& [key, rng] : rngs_) {
        const auto d = decommissions_.find(rng.invocation);
        if (d == decommissions_.end()) continue;
        rng.last_block = d->second;
    }
    const bool count_moved = answer.count > highest_processed_;
    host_.mark_if(!answer.missed.empty() && !count_moved, Mark::wallet_missed_range_before_the_count_moves);
    for (const BlockRange& range : answer.missed) {
        host_.mark_if(range.end > answer.last_known.end(), Mark::wallet_missed_range_into_the_future);
        if (std::find(announced_missed_.begin(), announced_missed_.end(), range) == announced_missed_.end())
            announced_missed_.push_back(range);
    }
    next_event_ = answer.next_event;
    return {};
}

Task<Result<void>> Wallet::poll_view() {
    ViewQuery events;
    events.events_after = next_event_;
    const Result<ViewAnswer> first = co_await ask<ViewAnswer>(view_, &ViewApi::query, std::move(events));
    if (!first) co_return first.error();
    const Result<void> absorbed = absorb_events(*first);
    if (!absorbed) co_return absorbed.error();
    BlockCount promised = first->count; // N: the lowest of this poll
    host_.mark_if(promised < highest_processed_, Mark::wallet_view_behind_itself);
    host_.mark_if(promised.value == 0 && highest_processed_.value > 0,
                  Mark::wallet_view_starts_again_at_zero);
    if (promised <= highest_processed_) co_return Result<void>();

    std::vector<Rng*> live;
    for (auto& [key, rng] : rngs_) {
        if (rng.exhausted) continue;
        live.push_back(&rng);
    }

    std::size_t batch = 1;
    unsigned rounds = 0;
    while (!live.empty()) {
        host_.mark_if(++rounds == 3, Mark::wallet_search_needs_three_rounds);
        host_.mark_if(live.size() >= 3, Mark::wallet_searches_three_rngs);
        // A page of RNGs whose first keys fit one query; the others have their turn in a later round.
        const std::size_t page = std::min(live.size(), config_.keys_per_query);
        batch = std::min(2 * batch, std::max<std::size_t>(1, config_.keys_per_query / page));
        ViewQuery search;
        search.events_after = UserEventId::none();
        search.keys.reserve(page * batch);
        for (std::size_t r = 0; r < page; ++r)
            for (std::size_t ahead = 0; ahead < batch; ++ahead)
                search.keys.push_back(live[r]->sequence.look_ahead(ahead));

        co_await host_.yield(YieldPoint::wallet_between_requests);
        const Result<ViewAnswer> answer = co_await ask<ViewAnswer>(view_, &ViewApi::query, std::move(search));
        if (!answer) co_return answer.error(); // H stays; what was found stays found
        host_.mark_if(answer->count < promised, Mark::wallet_view_falls_back_within_a_check);
        promised = std::min(promised, answer->count);

        std::map<chain::SearchKey, const SearchResult*> results;
        bool failed = false;
        for (const SearchResult& result : answer->results) {
            results.emplace(result.key, &result);
            failed = failed || (result.code != SearchCode::found && result.code != SearchCode::not_found);
        }
        host_.mark_if(failed, Mark::wallet_search_key_answered_with_an_error);
        std::vector<Rng*> next_round(live.begin() + static_cast<std::ptrdiff_t>(page), live.end());
        for (std::size_t r = 0; r < page; ++r) {
            Rng& rng = *live[r];
            std::size_t grown = 0;
            for (;;) {
                const auto it = results.find(rng.sequence.peek());
                if (it == results.end()) failed = failed || grown < batch; // asked for, not answered
                if (it == results.end() || it->second->code != SearchCode::found) break;
                if (!it->second->payload) { // found, but without the record: no honest server says so
                    failed = true;
                    break;
                }
                const auto record = host_.crypto().open_record(record_key_, *it->second->payload);
                if (record) own(*record, FoundBy::search);
                rng.sequence.advance();
                ++grown;
            }
            if (grown == batch) {
                next_round.push_back(&rng);
            } else if (!failed && rng.last_block) {
                // A miss ends it in an answer that includes its last block.
                const bool drained = answer->count.includes(*rng.last_block);
                host_.mark(drained ? Mark::wallet_rng_drained : Mark::wallet_rng_ended_but_not_drained);
                rng.exhausted = drained;
            }
        }
        if (failed) co_return Error{Code::internal, "wallet: a search key was answered with an error"};
        live = std::move(next_round);
    }
    highest_processed_ = std::max(highest_processed_, promised);
    co_return Result<void>();
}

std::vector<BlockRange> Wallet::outstanding() const {
    std::vector<BlockRange> all;
    for (const BlockRange& announced : announced_missed_)
        for (const BlockRange& part : scanned_.missing_from(announced)) all.push_back(part);
    std::sort(all.begin(), all.end());
    std::vector<BlockRange> merged;
    for (const BlockRange& range : all) {
        if (!merged.empty() && range.start <= merged.back().end)
            merged.back().end = std::max(merged.back().end, range.end);
        else
            merged.push_back(range);
    }
    return merged;
}

// Pages over what is outstanding.  A block the ledger does not have yet is absent from the answer and stays;
// so does one with an output of a form this wallet does not know, which could be its own.
Task<> Wallet::fetch_missed_blocks() {
    for (BlockRange range : outstanding()) {
        while (!range.empty()) {
            BlockRange page = range;
            const std::uint64_t blocks =
                page.end.value - page.start.value; // up to all that there can ever be
            page.end = BlockIndex{page.start.value + std::min(blocks, config_.blocks_per_query)};
            co_await host_.yield(YieldPoint::wallet_between_requests);
            std::vector<BlockRange> ranges(1, page);
            const Result<BlocksAnswer> answer =
                co_await ask<BlocksAnswer>(ledger_, &LedgerApi::blocks, std::move(ranges));
            if (!answer) co_return;
            host_.mark_if(!answer->count.includes(page.start), Mark::wallet_missed_blocks_not_there_yet);
            host_.mark_if(answer->count.includes(page.start) && answer->count.end() < page.end,
                          Mark::wallet_missed_range_partly_fetched);
            BlockIndex after_last = page.start;
            for (const FoundBlock& found : answer->blocks) {
                const LedgerBlock& block = *found.block;
                host_.mark_if(block.index > after_last, Mark::wallet_block_missing_inside_an_answer);
                after_last = block.index.next();
                std::uint64_t index = block.first_output().value;
                bool all_read = true;
                for (const chain::TxOut& output : block.outputs) {
                    all_read = all_read && output.masked_amount && host_.crypto().is_valid(output.public_key);
                    own(host_.crypto().make_record(output, GlobalIndex{index++}, block.index,
                                                   found.time.timestamp_s),
                        FoundBy::scan);
                }
                host_.mark_if(!all_read, Mark::wallet_too_old_for_an_output);
                if (all_read) scanned_.add({block.index, block.index.next()});
            }
            if (answer->count.end() <= page.end) break; // nothing further exists yet
            range.start = page.end;
        }
    }
}

// An output seen again (two sources, a restart of a server) keeps what is known of it.
void Wallet::own(chain::TxOutRecord record, FoundBy how) {
    const auto opened = host_.crypto().open_output(account_, subaddresses_, record);
    if (!opened) return;
    Owned output;
    output.block = record.block;
    output.amount = opened->amount;
    output.image = opened->key_image;
    output.not_spent_as_of = record.block.count_through(); // nothing is spent in its own block (R6)
    host_.mark_if(how == FoundBy::scan, Mark::wallet_own_output_in_a_missed_block);
    const bool is_new =
        !settled_.contains(record.global_index) && owned_.try_emplace(record.global_index, output).second;
    host_.mark_if(!is_new, Mark::wallet_finds_an_output_twice);
}

Task<Result<void>> Wallet::poll_key_images() {
    std::map<chain::KeyImage, std::vector<Owned*>>
        asked; // equal images are possible: a hostile sender makes them
    for (auto& [index, output] : owned_) {
        if (output.spent_at) continue;
        asked[output.image].push_back(&output);
    }
    auto next = asked.begin();
    bool next_chunk = false;
    while (next != asked.end()) {
        std::vector<chain::KeyImage> chunk;
        for (; next != asked.end() && chunk.size() < config_.images_per_query; ++next)
            chunk.push_back(next->first);
        co_await host_.yield(YieldPoint::wallet_between_requests);
        const Result<KeyImagesAnswer> answer =
            co_await ask<KeyImagesAnswer>(ledger_, &LedgerApi::key_images, std::move(chunk));
        if (!answer) co_return answer.error();
        host_.mark_if(next_chunk && answer->count != last_ledger_count_, Mark::wallet_image_answers_disagree);
        host_.mark_if(!next_chunk && answer->count < last_ledger_count_, Mark::wallet_ledger_behind_itself);
        next_chunk = true;
        last_ledger_count_ = answer->count;
        for (const KeyImageResult& result : answer->results) {
            const auto outputs = asked.find(result.image);
            if (outputs == asked.end()) continue;
            for (Owned* output : outputs->second) {
                host_.mark_if(result.code == KeyImageCode::error,
                              Mark::wallet_key_image_answered_with_an_error);
                if (result.code == KeyImageCode::spent)
                    output->spent_at = result.spent_at;
                else if (result.code == KeyImageCode::not_spent)
                    output->not_spent_as_of = std::max(output->not_spent_as_of, answer->count);
            }
        }
    }
    co_return Result<void>();
}

BlockCount Wallet::not_spent_limit() const {
    BlockCount limit = BlockCount::unbounded();
    for (const auto& [index, output] : owned_)
        if (!output.spent_at) limit = std::min(limit, output.not_spent_as_of);
    return limit;
}

BalanceReport Wallet::report() const {
    BalanceReport report;
    report.count = std::min(highest_processed_, not_spent_limit());
    host_.mark_if(report.count < highest_processed_, Mark::wallet_limited_by_unspent_output);
    const std::vector<BlockRange> missing = outstanding();
    if (!missing.empty()) {
        BlockCount limit{missing.front().start.value};
        host_.mark_if(limit < report.count, Mark::wallet_limited_by_missed_block);
        report.count = std::min(report.count, limit);
    }
    for (const auto& [index, output] : owned_) {
        if (!counts(output, report.count)) continue;
        report.by_token[output.amount.token_id] += output.amount.value;
    }
    return report;
}

// Whether an output is in the balance at a count: there, and not spent yet.
bool Wallet::counts(const Owned& output, BlockCount count) const {
    const bool there = count.includes(output.block);
    const bool spent = output.spent_at && count.includes(*output.spent_at);
    host_.mark_if(!there, Mark::wallet_holds_back_a_newer_output);
    host_.mark_if(there && output.spent_at && !spent, Mark::wallet_counts_an_output_spent_later);
    return there && !spent;
}

Task<Result<Wallet::Landing>> Wallet::landing(chain::PublicKey output, BlockIndex tombstone) {
    std::vector<chain::PublicKey> keys(1, output);
    const Result<TxOutStatusAnswer> answer =
        co_await ask<TxOutStatusAnswer>(ledger_, &LedgerApi::tx_outs, std::move(keys));
    if (!answer) co_return answer.error();
    Landing landing;
    for (const TxOutStatus& status : answer->results) {
        if (status.public_key != output) continue;
        if (status.code == TxOutStatus::Code::found) {
            landing.verdict = Landing::Verdict::landed;
            landing.block = status.place.block;
        } else if (status.code == TxOutStatus::Code::not_found) {
            const bool expired = answer->count.end() >= tombstone;
            host_.mark_if(answer->count.end().next() == tombstone,
                          Mark::wallet_asks_just_before_the_tombstone);
            if (expired) landing.verdict = Landing::Verdict::expired;
        } else {
            // Whether the output is there is not known: an error is no verdict.
            host_.mark(Mark::wallet_output_status_answered_with_an_error);
        }
    }
    co_return landing;
}

WalletKnowledge Wallet::knowledge() const {
    WalletKnowledge all;
    all.report = report();
    all.highest_processed = highest_processed_;
    all.not_spent_as_of = not_spent_limit();
    all.next_event = next_event_;
    for (const auto& [key, rng] : rngs_)
        all.rngs.push_back({rng.invocation, rng.sequence.index(), rng.sequence.peek(), rng.exhausted});
    all.missed = outstanding();
    for (const auto* outputs : {&settled_, &owned_})
        for (const auto& [index, output] : *outputs)
            all.outputs.push_back(
                {index, output.block, output.amount, output.spent_at, output.not_spent_as_of});
    std::sort(all.outputs.begin(), all.outputs.end(),
              [](const auto& a, const auto& b) { return a.index < b.index; });
    return all;
}

std::string to_text(const WalletKnowledge& knowledge) {
    const auto text = [](BlockCount count) {
        return count == BlockCount::unbounded() ? std::string("all") : std::to_string(count.value);
    };
    std::string out =
        fmt::format("count {} balance {} highest_processed {} not_spent_as_of {} rngs {} next_event {}\n",
                    knowledge.report.count.value, static_cast<std::uint64_t>(knowledge.report.value()),
                    knowledge.highest_processed.value, text(knowledge.not_spent_as_of), knowledge.rngs.size(),
                    knowledge.next_event.value);
    for (const BlockRange& range : knowledge.missed)
        out += fmt::format("missing blocks [{}, {})\n", range.start.value, range.end.value);
    for (const WalletKnowledge::Output& output : knowledge.outputs) {
        out += fmt::format("output {}: block {} value {} token {} ", output.index.value, output.block.value,
                           output.amount.value, output.amount.token_id);
        out += output.spent_at ? fmt::format("spent at {}\n", output.spent_at->value)
                               : fmt::format("not spent as of {}\n", output.not_spent_as_of.value);
    }
    return out;
}

} // namespace engine::fog
