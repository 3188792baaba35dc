#include "search/exhaustive/departures.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/hash.hpp"
#include "engine/stream_site.hpp"

namespace search::exhaustive {
namespace {

using engine::EventKind;
using engine::StreamSite;

// What every part of the world has seen, each in its order.  Calls are numbered over all of them, so that the
// number says nothing.
std::uint64_t seen_in(const sim::RunResult& run) {
    constexpr std::uint32_t shared = ~0U; // database and chain have one order
    std::map<std::uint32_t, std::uint64_t> by_part;
    for (const engine::Event& event : run.events) {
        if (event.kind == EventKind::resumed) continue;
        const bool is_shared = event.kind == EventKind::db_committed || event.kind == EventKind::db_failed ||
                               event.kind == EventKind::block_appended ||
                               event.kind == EventKind::copy_advanced;
        const bool is_numbered = event.kind == EventKind::request || event.kind == EventKind::delivered;
        std::uint64_t& digest = by_part[is_shared ? shared : event.node.value];
        digest = engine::chain64(digest, static_cast<std::uint64_t>(event.at.ns));
        digest = engine::chain64(digest, (static_cast<std::uint64_t>(event.kind) << 32) ^ event.object);
        digest = engine::chain64(digest, event.a);
        digest = engine::chain64(digest, is_numbered ? 0 : event.b);
        digest = engine::chain64(digest, event.node.value);
    }
    std::uint64_t all = 0;
    for (const auto& [part, digest] : by_part) all = engine::chain64(engine::chain64(all, part), digest);
    return engine::mix64(all);
}

} // namespace

std::vector<std::uint32_t> otherwise(const engine::FixedChoice& decision) {
    const std::optional<StreamSite> site = engine::site_of(decision.stream);
    std::vector<std::uint32_t> values;
    if (!site) return values;
    switch (*site) {
    case StreamSite::ready_task:
        for (std::uint32_t value = 0; value < decision.bound; ++value)
            if (value != decision.value) values.push_back(value);
        break;
    case StreamSite::message_delay:
    case StreamSite::database_delay:
    case StreamSite::commit_hold:
    case StreamSite::block_delay:
    case StreamSite::process_hold:
    case StreamSite::resting_poll:
        if (decision.value + 1 != decision.bound) values.push_back(decision.bound - 1);
        break;
    default:
        break;
    }
    return values;
}

Departures::Departures(Case tame, DepartureOptions options, Visit visit)
    : tame_(std::move(tame)), options_(std::move(options)), visit_(std::move(visit)) {
    tame_.recording.base = engine::Recording::Base::tame;
    tame_.recording.fixed.clear();
}

bool Departures::explore() { return explore_from({}, 0, options_.most); }

bool Departures::explore_from(std::vector<engine::FixedChoice> fixed, std::size_t from, std::uint32_t left) {
    if (options_.stop && options_.stop()) return false;
    Case what = tame_;
    what.recording.fixed = fixed;
    Manner manner;
    manner.choices = true;
    manner.events = true;
    const sim::RunResult result = search::run(what, manner);
    ++runs_;
    const std::uint64_t seen = seen_in(result);
    seen_.insert(seen);
    if (!visit_(what, result)) return false;
    const std::vector<engine::FixedChoice>& decisions = result.recording.fixed;
    if (from == 0 && fixed.empty()) {
        by_formula_ = 1;
        for (const engine::FixedChoice& decision : decisions) by_formula_ += otherwise(decision).size();
    }
    if (left == 0 || !result.violations.empty()) return true;
    if (options_.reduce) {
        const auto low = std::lower_bound(expanded_.begin(), expanded_.end(), seen,
                                          [](const Seen& s, std::uint64_t w) { return s.what < w; });
        for (auto it = low; it != expanded_.end() && it->what == seen; ++it)
            if (it->left >= left && it->from <= from) return true;
        expanded_.insert(low, {seen, left, from});
    }
    for (std::size_t i = from; i < decisions.size(); ++i)
        for (const std::uint32_t value : otherwise(decisions[i])) {
            std::vector<engine::FixedChoice> further = fixed;
            further.push_back(decisions[i]);
            further.back().value = value;
            if (!explore_from(std::move(further), i + 1, left - 1)) return false;
        }
    return true;
}

} // namespace search::exhaustive
