#include "search/grafts.hpp"

#include <algorithm>
#include <iterator>

#include "engine/hash.hpp"

namespace search {

using engine::Mark;
using scenarios::lag::Plan;

Grafts::Grafts(std::uint64_t first_seed)
    : next_seed_(first_seed), drawn_(engine::mix64(first_seed ^ 0x677261667473ULL)) {}

std::uint64_t Grafts::bits() { return engine::mix64(drawn_ += 0x9e3779b97f4a7c15ULL); }

bool Grafts::have_marks_saturated() const {
    const auto once = static_cast<std::uint64_t>(std::count(hits_.begin(), hits_.end(), 1u));
    return fresh_runs_ >= first_grafts && once * unseen_in <= fresh_runs_;
}

bool Grafts::is_rare(Mark mark) const {
    return hits_[static_cast<std::size_t>(mark)] * rare_in <= fresh_runs_;
}

Grafts::Wish Grafts::next() {
    ++turn_;
    Wish wish;
    if (turn_ % 2 == 0 && have_marks_saturated()) wish.plan = graft();
    wish.seed = wish.plan ? bits() : next_seed_++;
    return wish;
}

// Null as long as there is nothing to go on from.
std::shared_ptr<const Plan> Grafts::graft() {
    const auto less = [](const auto& a, const auto& b) { return a.second.grafts < b.second.grafts; };
    std::vector<std::map<Mark, Stock>::iterator> rare;
    for (auto at = stocks_.begin(); at != stocks_.end(); ++at)
        if (is_rare(at->first)) rare.push_back(at);
    if (rare.empty()) return nullptr;
    const auto least = std::min_element(rare.begin(), rare.end(),
                                        [&](const auto& a, const auto& b) { return less(*a, *b); });
    const Mark mark = (*least)->first;
    Stock& stock = (*least)->second;
    const Parent& first = stock.parents[stock.grafts++ % stock.parents.size()];
    auto grown = std::make_shared<Plan>(*first.plan);
    grown->steps.resize(std::min(first.steps, grown->steps.size()));
    const std::uint64_t drawn = bits();
    const Parent* second = drawn % 2 == 0 ? partner_of(mark) : nullptr;
    Plan fresh;
    if (second == nullptr) fresh = scenarios::lag::generate({bits(), drawn / 2 % 2 == 0});
    const Plan& rest = second == nullptr ? fresh : *second->plan;
    grown->steps.insert(grown->steps.end(), rest.steps.begin(), rest.steps.end());
    return grown;
}

const Grafts::Parent* Grafts::partner_of(Mark first) {
    const Parent* any = nullptr;
    for (std::size_t tried = 0; tried < stocks_.size(); ++tried) {
        const std::size_t turn = next_partner_++;
        const auto at = std::next(stocks_.begin(), static_cast<std::ptrdiff_t>(turn % stocks_.size()));
        if (at->first == first || !is_rare(at->first)) continue;
        const std::vector<Parent>& parents = at->second.parents;
        any = &parents[turn / stocks_.size() % parents.size()];
        if (!pairs_.contains(std::minmax(first, at->first))) return any;
    }
    return any;
}

bool Grafts::ran(const Wish& wish, const engine::MarkCounts& marks) {
    std::vector<Mark> hit;
    for (std::size_t m = 0; m < engine::mark_count; ++m)
        if (marks.of(static_cast<Mark>(m)) != 0) hit.push_back(static_cast<Mark>(m));
    if (!wish.plan) {
        ++fresh_runs_;
        for (const Mark mark : hit) ++hits_[static_cast<std::size_t>(mark)];
    }
    if (fresh_runs_ < rare_in) return false; // nothing is known of what is rare
    std::erase_if(hit, [this](Mark mark) { return !is_rare(mark); });
    bool is_wanted = false;
    for (std::size_t i = 0; i < hit.size(); ++i) {
        const auto stock = stocks_.find(hit[i]);
        is_wanted = is_wanted || stock == stocks_.end() || stock->second.parents.size() < parents_of_mark;
        for (std::size_t j = 0; j < i; ++j) pairs_.insert({hit[j], hit[i]});
    }
    return is_wanted;
}

void Grafts::keep(Plan plan, const Steps& steps) {
    const auto shared = std::make_shared<const Plan>(std::move(plan));
    for (const auto& [mark, step] : steps) {
        if (!is_rare(mark)) continue;
        std::vector<Parent>& parents = stocks_[mark].parents;
        if (parents.size() < parents_of_mark) parents.push_back({shared, step});
    }
}

} // namespace search
