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
        by_start.push_back(&*answer);
        const auto& results = answer->images.results;
        for (std::size_t i = 0; i < std::min(results.size(), merged.results.size()); ++i) {
            const bool wins = weight(results[i].code) > weight(merged.results[i].code);
            const bool error_met_spent =
                std::min(weight(results[i].code), weight(merged.results[i].code)) == 1 &&
                std::max(weight(results[i].code), weight(merged.results[i].code)) == 2;
            probe.mark_if(error_met_spent, Mark::ledger_router_spent_beats_an_error);
            if (wins) merged.results[i] = results[i];
        }
    }
    std::stable_sort(by_start.begin(), by_start.end(),
                     [](const auto* a, const auto* b) { return a->processed.start < b->processed.start; });
    bool has_hole = false;
    for (const KeyImageStoreAnswer* store : by_start) {
        const BlockCount end{store->processed.end.value};
        const bool is_empty = store->processed.empty();
        if (store->processed.start > merged.count.end()) has_hole = true;
        probe.mark_if(has_hole && !is_empty, Mark::ledger_router_sees_a_hole);
        probe.mark_if(!has_hole && is_empty && merged.count.value > 0,
                      Mark::ledger_router_store_of_the_future);
        if (has_hole || end <= merged.count) continue;
        merged.count = end;
        merged.global_txo_count = store->images.global_txo_count;
        merged.latest_block_version = store->images.latest_block_version;
    }
    for (const KeyImageResult& result : merged.results)
        probe.mark_if(result.code == KeyImageCode::spent && !merged.count.includes(result.spent_at),
                      Mark::ledger_router_spend_beyond_its_count);
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
    for (Result<KeyImageStoreAnswer>& answer : asked) {
        if (answer) {
            answers.emplace_back(std::move(*answer));
            any = true;
        } else {
            host_.mark(Mark::ledger_router_without_one_shard);
            answers.emplace_back();
            if (!first_error) first_error = answer.error();
        }
    }
    if (!any) co_return *first_error;
    co_return merge_key_images(answers, images, host_.probe());
}

Task<Result<BlocksAnswer>> LedgerRouter::blocks(std::vector<BlockRange> ranges) {
    const Tip seen = tip();
    co_await host_.yield(YieldPoint::ledger_counted);
    host_.mark_if(source_.count() != seen.count, Mark::ledger_blocks_grow_during_an_answer);
    BlocksAnswer answer;
    for (const BlockRange& range : ranges) {
        const BlockIndex end = std::min(range.end, source_.count().end());
        host_.mark_if(end < range.end, Mark::ledger_asked_for_blocks_it_has_not);
        for (BlockIndex index = range.start; index < end; index = index.next()) {
            FoundBlock found;
            found.block = source_.block(index);
            if (!found.block) continue;
            found.time = source_.time(index);
            answer.blocks.push_back(std::move(found));
        }
    }
    answer.count = seen.count;
    answer.global_txo_count = seen.global_txo_count;
    co_return answer;
}

// All proofs of one answer are about the same root: that of the count read first.
Task<Result<OutputsAnswer>> LedgerRouter::outputs(std::vector<GlobalIndex> indices) {
    if (indices.size() > max_outputs)
        co_return Error{Code::invalid_argument, "get outputs: too many indices"};
    const Tip seen = tip();
    co_await host_.yield(YieldPoint::ledger_counted);
    OutputsAnswer answer;
    answer.count = seen.count;
    answer.global_txo_count = seen.global_txo_count;
    answer.latest_block_version = seen.block_version;
    for (GlobalIndex index : indices) {
        OutputResult result;
        result.index = index;
        host_.mark_if(index.value >= seen.global_txo_count, Mark::ledger_asked_beyond_its_outputs);
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
    const Tip seen = tip();
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
            host_.mark_if(status.time.code != BlockTime::Code::found, Mark::ledger_status_without_a_time);
        }
        answer.results.push_back(status);
    }
    answer.count = seen.count;
    answer.global_txo_count = seen.global_txo_count;
    co_return answer;
}

} // namespace engine::fog
