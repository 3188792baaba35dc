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
    BlockCount highest;
    bool has_hole = false;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const BlockRange range = shards[i].range;
        if (answers[i])
            highest = std::max(highest, answers[i]->view.count);
        else
            probe.mark(Mark::view_router_without_one_shard);
        if (range.start > covered.end()) {
            probe.mark_if(answers[i].has_value(), Mark::view_router_sees_a_hole);
            has_hole = true;
        }
        if (answers[i] && !has_hole)
            covered = std::max(covered, std::min(answers[i]->view.count, BlockCount{range.end.value}));
    }
    probe.mark_if(covered < highest, Mark::view_router_shard_beyond_the_merged_count);
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
        for (std::size_t k = 0; k < std::min(merged.results.size(), view.results.size()); ++k) {
            const bool wins = weight(view.results[k].code) > weight(merged.results[k].code);
            probe.mark_if(std::min(weight(view.results[k].code), weight(merged.results[k].code)) == 1 &&
                              std::max(weight(view.results[k].code), weight(merged.results[k].code)) == 3,
                          Mark::view_router_found_beats_an_error);
            if (wins) merged.results[k] = view.results[k];
        }
        probe.mark_if(next && *next != view.next_event, Mark::view_router_event_cursors_differ);
        next = next ? std::min(*next, view.next_event) : view.next_event;
        add_new(merged.rngs, view.rngs);
        add_new(merged.decommissions, view.decommissions);
        add_new(merged.missed, view.missed);
    }
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
    std::vector<Result<ViewStoreAnswer>> asked =
        co_await ask_shards<ViewStoreAnswer>(host_, shards_, config_, &ViewStoreApi::query, query);
    co_await host_.yield(YieldPoint::router_collected);
    std::vector<std::optional<ViewStoreAnswer>> answers(shards_.size());
    std::optional<Error> first_error;
    bool any = false;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
        if (!asked[i]) {
            if (!first_error) first_error = asked[i].error();
            continue;
        }
        if (asked[i]->range != shards_[i].range)
            co_return Error{Code::invalid_argument, "view router: shard range"};
        answers[i] = std::move(*asked[i]);
        any = true;
    }
    if (!any) co_return *first_error;
    co_return collate(shards_, answers, query, host_.probe());
}

} // namespace engine::fog
