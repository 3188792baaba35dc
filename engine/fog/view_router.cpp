#include "engine/fog/view_router.hpp"

#include <algorithm>

namespace engine::fog {
namespace {

/// How much a result says about a key; the larger wins.
int weight(SearchCode code) {
    switch (code) {
    case SearchCode::found:
        return 3;
    case SearchCode::bad_search_key:
        return 2;
    case SearchCode::internal_error:
    case SearchCode::rate_limited:
        return 1;
    case SearchCode::not_found:
        return 0;
    }
    return 1; // a code of a newer server: an error
}

template <class T>
void add_new(std::vector<T>& to, const std::vector<T>& from) {
    for (const T& item : from)
        if (std::find(to.begin(), to.end(), item) == to.end()) to.push_back(item);
}

BlockCount covered_prefix(const std::vector<ViewShard>& shards,
                          const std::vector<std::optional<ViewStoreAnswer>>& answers, Probe probe) {
    BlockCount covered;
    BlockCount lowest = BlockCount::unbounded();
    BlockCount highest;
    bool has_hole = false;
    bool absent_before = false;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const BlockRange range = shards[i].range;
        if (answers[i]) {
            lowest = std::min(lowest, answers[i]->view.count);
            highest = std::max(highest, answers[i]->view.count);
        } else {
            probe.mark(Mark::view_router_without_one_shard);
        }
        if (range.start > covered.end()) {
            probe.mark_if(answers[i].has_value(), Mark::view_router_sees_a_hole);
            has_hole = true;
            if (probe.has(Defect::view_router_allows_a_hole_of_one_block) &&
                range.start == covered.end().next())
                has_hole = false;
            if (probe.has(Defect::view_router_skips_an_absent_shard) && absent_before) has_hole = false;
        }
        if (answers[i] && !has_hole)
            covered = std::max(covered, std::min(answers[i]->view.count, BlockCount{range.end.value}));
        absent_before = !answers[i];
    }
    probe.mark_if(covered < highest, Mark::view_router_shard_beyond_the_merged_count);
    if (probe.has(Defect::view_router_takes_the_lowest_count)) return lowest;
    if (probe.has(Defect::view_router_takes_the_highest_count)) return highest;
    return covered;
}

} // namespace

ViewAnswer collate(const std::vector<ViewShard>& shards,
                   const std::vector<std::optional<ViewStoreAnswer>>& answers, const ViewQuery& query,
                   Probe probe) {
    ViewAnswer merged;
    merged.count = covered_prefix(shards, answers, probe);
    merged.results.resize(query.keys.size());
    for (std::size_t k = 0; k < query.keys.size(); ++k) merged.results[k].key = query.keys[k];

    std::optional<UserEventId> next;
    for (const auto& answer : answers) {
        if (!answer) continue;
        const ViewAnswer& view = answer->view;
        merged.last_known = std::max(merged.last_known, view.last_known);
        const bool is_first = !next;
        for (std::size_t k = 0; k < std::min(merged.results.size(), view.results.size()); ++k) {
            bool wins = weight(view.results[k].code) > weight(merged.results[k].code);
            probe.mark_if(std::min(weight(view.results[k].code), weight(merged.results[k].code)) == 1 &&
                              std::max(weight(view.results[k].code), weight(merged.results[k].code)) == 3,
                          Mark::view_router_found_beats_an_error);
            if (probe.has(Defect::view_router_keeps_the_first_result)) wins = is_first;
            if (probe.has(Defect::view_router_lets_errors_beat_found) && weight(merged.results[k].code) == 1)
                wins = false;
            if (wins) merged.results[k] = view.results[k];
        }
        probe.mark_if(next && *next != view.next_event, Mark::view_router_event_cursors_differ);
        if (probe.has(Defect::view_router_takes_events_of_one_shard) && !is_first) continue;
        next = next ? std::min(*next, view.next_event) : view.next_event;
        add_new(merged.rngs, view.rngs);
        add_new(merged.decommissions, view.decommissions);
        add_new(merged.missed, view.missed);
    }
    if (probe.has(Defect::view_router_spreads_an_error))
        for (const SearchResult& bad : std::vector<SearchResult>(merged.results))
            if (weight(bad.code) == 1)
                for (SearchResult& result : merged.results)
                    if (result.code == SearchCode::not_found) result.code = bad.code;
    merged.next_event = next.value_or(query.events_after);
    return merged;
}

ViewRouter::ViewRouter(Host& host, std::vector<ViewShard> shards, RouterConfig config)
    : host_(host), shards_(std::move(shards)), config_(config) {
    ENSURE(!shards_.empty());
    ENSURE(std::is_sorted(shards_.begin(), shards_.end(), [](const ViewShard& a, const ViewShard& b) {
        return a.range.start < b.range.start;
    }));
}

Task<Result<ViewAnswer>> ViewRouter::query(ViewQuery query) {
    RouterConfig config = config_;
    if (host_.has(Defect::view_router_fails_while_a_shard_loads)) config.tries = 1;
    if (host_.has(Defect::view_router_asks_a_loading_shard_for_ever)) config.tries = 0;
    std::vector<Result<ViewStoreAnswer>> asked =
        co_await ask_shards<ViewStoreAnswer>(host_, shards_, config, &ViewStoreApi::query, query);
    co_await host_.yield(YieldPoint::router_collected);
    std::vector<std::optional<ViewStoreAnswer>> answers(shards_.size());
    std::optional<Error> first_error;
    bool any = false;
    last_.resize(shards_.size());
    for (std::size_t i = 0; i < shards_.size(); ++i) {
        if (!asked[i] && host_.has(Defect::view_router_reuses_an_old_answer)) {
            answers[i] = last_[i];
            any = any || answers[i];
        }
        if (!asked[i]) {
            if (!first_error) first_error = asked[i].error();
            if (host_.has(Defect::view_router_fails_while_a_shard_loads) &&
                asked[i].error().code == Code::not_ready)
                co_return asked[i].error();
            continue;
        }
        if (asked[i]->range != shards_[i].range)
            co_return Error{Code::invalid_argument, "view router: shard range"};
        answers[i] = std::move(*asked[i]);
        any = true;
        if (host_.has(Defect::view_router_reuses_an_old_answer)) {
            last_[i] = answers[i];
            last_[i]->view.results.clear();
        }
    }
    if (!any) co_return *first_error;
    co_return collate(shards_, answers, query, host_.probe());
}

} // namespace engine::fog
