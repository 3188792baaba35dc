#include "engine/fog/ledger_router.hpp"

#include <algorithm>

namespace engine::fog {
namespace {

int weight(KeyImageCode code) {
    switch (code) {
    case KeyImageCode::spent:
        return 2;
    case KeyImageCode::error:
        return 1;
    case KeyImageCode::not_spent:
        return 0;
    }
    return 1;
}

} // namespace

KeyImagesAnswer merge_key_images(const std::vector<std::optional<KeyImageStoreAnswer>>& answers,
                                 const std::vector<chain::KeyImage>& images, Probe probe) {
    KeyImagesAnswer merged;
    merged.results.resize(images.size());
    for (std::size_t i = 0; i < images.size(); ++i) {
        merged.results[i].image = images[i];
        merged.results[i].spent_at = BlockIndex{1}; // as upstream: it means nothing, but is not zero
    }

    std::vector<const KeyImageStoreAnswer*> by_start;
    for (const auto& answer : answers) {
        if (!answer) continue;
        const bool is_first = by_start.empty();
        by_start.push_back(&*answer);
        const auto& results = answer->images.results;
        for (std::size_t i = 0; i < std::min(results.size(), merged.results.size()); ++i) {
            bool wins = weight(results[i].code) > weight(merged.results[i].code);
            const bool error_met_spent =
                std::min(weight(results[i].code), weight(merged.results[i].code)) == 1 &&
                std::max(weight(results[i].code), weight(merged.results[i].code)) == 2;
            probe.mark_if(error_met_spent, Mark::ledger_router_spent_beats_an_error);
            if (probe.has(Defect::ledger_router_lets_errors_beat_spent) && error_met_spent) wins = !wins;
            if (probe.has(Defect::ledger_router_keeps_the_first_result)) wins = is_first;
            if (probe.has(Defect::ledger_router_drops_errors) && results[i].code == KeyImageCode::error)
                wins = false;
            if (wins) merged.results[i] = results[i];
        }
    }
    std::stable_sort(by_start.begin(), by_start.end(),
                     [](const auto* a, const auto* b) { return a->processed.start < b->processed.start; });
    BlockCount lowest = BlockCount::unbounded();
    BlockCount highest;
    bool has_hole = false;
    bool any_empty = false;
    bool empty_before = false;
    for (const KeyImageStoreAnswer* store : by_start) {
        const BlockCount end{store->processed.end.value};
        const bool is_empty = store->processed.empty();
        any_empty = any_empty || is_empty;
        lowest = std::min(lowest, end);
        highest = std::max(highest, end);
        if (store->processed.start > merged.count.end() &&
            !(probe.has(Defect::ledger_router_skips_an_empty_store) && empty_before))
            has_hole = true;
        probe.mark_if(has_hole && !is_empty, Mark::ledger_router_sees_a_hole);
        probe.mark_if(!has_hole && is_empty && merged.count.value > 0,
                      Mark::ledger_router_store_of_the_future);
        empty_before = is_empty;
        if (has_hole || end <= merged.count) continue;
        merged.count = end;
        merged.global_txo_count = store->images.global_txo_count;
        merged.latest_block_version = store->images.latest_block_version;
    }
    for (const KeyImageResult& result : merged.results)
        probe.mark_if(result.code == KeyImageCode::spent && !merged.count.includes(result.spent_at),
                      Mark::ledger_router_spend_beyond_its_count);
    if (probe.has(Defect::ledger_router_takes_the_lowest_count)) merged.count = lowest;
    if (probe.has(Defect::ledger_router_takes_the_highest_count)) merged.count = highest;
    if (probe.has(Defect::ledger_router_empty_store_means_zero) && any_empty) merged.count = BlockCount{};
    if (probe.has(Defect::ledger_router_answers_an_image_twice) && !merged.results.empty())
        merged.results.push_back(merged.results.front());
    return merged;
}

LedgerRouter::LedgerRouter(Host& host, const BlockSource& source, std::vector<KeyImageShard> shards,
                           RouterConfig config)
    : host_(host), source_(source), shards_(std::move(shards)), config_(config) {
    ENSURE(!shards_.empty());
}

LedgerRouter::Tip LedgerRouter::tip() const {
    Tip tip;
    tip.count = source_.count();
    if (tip.count.value == 0) return tip;
    const BlockPtr last = source_.block(BlockIndex{tip.count.value - 1});
    tip.global_txo_count = last->cumulative_txo_count;
    tip.block_version = last->version;
    return tip;
}

Task<Result<KeyImagesAnswer>> LedgerRouter::key_images(std::vector<chain::KeyImage> images) {
    std::vector<Result<KeyImageStoreAnswer>> asked = co_await ask_shards<KeyImageStoreAnswer>(
        host_, shards_, config_, &KeyImageStoreApi::key_images, images);
    co_await host_.yield(YieldPoint::router_collected);
    std::vector<std::optional<KeyImageStoreAnswer>> answers;
    std::optional<Error> first_error;
    bool any = false;
    last_.resize(shards_.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
        Result<KeyImageStoreAnswer>& answer = asked[i];
        if (answer) {
            answers.emplace_back(std::move(*answer));
            any = true;
            if (host_.has(Defect::ledger_router_reuses_an_old_answer)) {
                last_[i] = answers.back();
                last_[i]->images.results.clear();
            }
        } else {
            host_.mark(Mark::ledger_router_without_one_shard);
            answers.emplace_back();
            if (host_.has(Defect::ledger_router_reuses_an_old_answer)) {
                answers.back() = last_[i];
                any = any || last_[i];
            }
            if (!first_error) first_error = answer.error();
        }
    }
    if (!any) co_return *first_error;
    KeyImagesAnswer merged = merge_key_images(answers, images, host_.probe());
    if (host_.has(Defect::ledger_router_answers_with_its_own_height)) merged.count = source_.count();
    co_return merged;
}

Task<Result<BlocksAnswer>> LedgerRouter::blocks(std::vector<BlockRange> ranges) {
    Tip seen = tip();
    co_await host_.yield(YieldPoint::ledger_counted);
    host_.mark_if(source_.count() != seen.count, Mark::ledger_blocks_grow_during_an_answer);
    BlocksAnswer answer;
    for (const BlockRange& range : ranges) {
        BlockIndex end = std::min(range.end, source_.count().end());
        host_.mark_if(end < range.end, Mark::ledger_asked_for_blocks_it_has_not);
        if (host_.has(Defect::ledger_blocks_end_one_early) && end.value > 0) --end.value;
        for (BlockIndex index = range.start; index < end; index = index.next()) {
            FoundBlock found;
            found.block = source_.block(index);
            if (!found.block) continue;
            found.time = source_.time(index);
            answer.blocks.push_back(std::move(found));
        }
    }
    if (host_.has(Defect::ledger_blocks_count_after_data)) {
        co_await host_.yield(YieldPoint::ledger_counted);
        seen = tip();
    }
    answer.count = seen.count;
    answer.global_txo_count = seen.global_txo_count;
    co_return answer;
}

// All proofs of one answer are about the same root: that of the count read first.
Task<Result<OutputsAnswer>> LedgerRouter::outputs(std::vector<GlobalIndex> indices) {
    if (indices.size() > max_outputs)
        co_return Error{Code::invalid_argument, "get outputs: too many indices"};
    Tip seen = tip();
    co_await host_.yield(YieldPoint::ledger_counted);
    if (host_.has(Defect::ledger_outputs_prove_a_newer_root)) seen.global_txo_count = tip().global_txo_count;
    OutputsAnswer answer;
    answer.count = seen.count;
    answer.global_txo_count = seen.global_txo_count;
    answer.latest_block_version = seen.block_version;
    for (GlobalIndex index : indices) {
        OutputResult result;
        result.index = index;
        if (index.value < seen.global_txo_count) {
            const BlockPtr block = source_.block_of_output(index);
            ENSURE(block != nullptr);
            result.code = OutputResult::Code::exists;
            result.output = block->outputs[index.value - block->first_output().value];
            result.proof_highest_index = seen.global_txo_count - 1;
        }
        answer.results.push_back(std::move(result));
    }
    co_return answer;
}

Task<Result<TxOutStatusAnswer>> LedgerRouter::tx_outs(std::vector<chain::PublicKey> public_keys) {
    Tip seen = tip();
    co_await host_.yield(YieldPoint::ledger_counted);
    TxOutStatusAnswer answer;
    for (const chain::PublicKey& key : public_keys) {
        TxOutStatus status;
        status.public_key = key;
        if (!host_.crypto().is_valid(key)) {
            status.code = TxOutStatus::Code::malformed;
        } else if (const auto place = source_.find_output(key)) {
            status.code = TxOutStatus::Code::found;
            status.place = *place;
            status.time = source_.time(place->block);
        }
        answer.results.push_back(status);
    }
    if (host_.has(Defect::ledger_status_count_after_look_up)) {
        co_await host_.yield(YieldPoint::ledger_counted);
        seen = tip();
    }
    answer.count = seen.count;
    answer.global_txo_count = seen.global_txo_count;
    co_return answer;
}

} // namespace engine::fog
