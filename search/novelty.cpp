#include "search/novelty.hpp"

#include <algorithm>
#include <tuple>

#include "engine/hash.hpp"

namespace search {

using engine::FixedChoice;
using engine::Recording;

Novelty::Novelty(std::uint64_t first_seed)
    : next_seed_(first_seed), drawn_(engine::mix64(first_seed ^ 0x6e6f76656c747921ULL)) {}

Novelty::Wish Novelty::next() {
    ++turn_;
    Wish wish;
    if (turn_ % 4 == 0) {
        if (!splices_.empty()) {
            wish = std::move(splices_.back());
            splices_.pop_back();
            return wish;
        }
        for (std::size_t tried = 0; tried < places_.size(); ++tried) {
            const std::size_t at = next_place_++ % places_.size();
            Place& place = places_[at];
            if (place.left == 0) continue;
            --place.left;
            wish.kind = Wish::Kind::branch;
            wish.place = at;
            wish.story_seed = runs_[place.run].story_seed;
            wish.recording = prefix(place.run, place.decisions, engine::mix64(++drawn_));
            return wish;
        }
    }
    wish.story_seed = next_seed_++;
    return wish;
}

bool Novelty::is_rare(Mark mark) const {
    const auto hits = hits_.find(mark);
    return hits == hits_.end() || hits->second * rare_in <= fresh_runs_;
}

// @return whether a mark or an order of two was new
bool Novelty::learn(const Ran& run, bool is_fresh) {
    bool is_new = false;
    if (is_fresh) {
        ++fresh_runs_;
        for (const auto& [mark, decisions] : run.marks) ++hits_[mark];
    }
    for (std::size_t i = 0; i < run.marks.size(); ++i) {
        if (!is_rare(run.marks[i].first)) continue;
        for (std::size_t j = 0; j < run.marks.size(); ++j) {
            if (i == j) {
                is_new = pairs_.insert({run.marks[i].first, run.marks[i].first}).second || is_new;
                continue;
            }
            // What a rare mark comes with says nothing when it is one that most runs hit.
            if (!is_rare(run.marks[j].first)) continue;
            const Pair pair = i < j ? Pair{run.marks[i].first, run.marks[j].first}
                                    : Pair{run.marks[j].first, run.marks[i].first};
            is_new = pairs_.insert(pair).second || is_new;
        }
    }
    return is_new;
}

void Novelty::ran(const Wish& wish, Ran run) {
    const bool is_new = learn(run, wish.kind == Wish::Kind::fresh);
    if (is_new && wish.kind == Wish::Kind::branch) places_[wish.place].left += tries_for_news;
    const bool is_in_something_rare = std::any_of(run.marks.begin(), run.marks.end(),
                                                  [this](const auto& hit) { return is_rare(hit.first); });
    // What is rare at the beginning may be nothing of the kind: at first nothing is known.
    if (fresh_runs_ < rare_in || !is_in_something_rare) return;
    bool is_wanted = is_new;
    for (const auto& [mark, decisions] : run.marks)
        is_wanted = is_wanted || (is_rare(mark) && runs_of_[mark].size() < runs_of_mark);
    if (is_wanted && runs_.size() < most_runs_kept) keep(wish, std::move(run));
}

void Novelty::keep(const Wish& wish, Ran run) {
    const std::size_t number = runs_.size();
    runs_.emplace_back();
    Run& kept = runs_.back();
    kept.story_seed = wish.story_seed;
    kept.recording = std::move(run.recording);
    for (const auto& [mark, decisions] : run.marks) {
        if (!is_rare(mark)) continue;
        kept.first_hit.emplace(mark, decisions);
        if (decisions >= kept.recording.fixed.size()) continue; // nothing is left to be drawn
        Place place;
        place.run = number;
        place.decisions = decisions;
        place.left = tries_of_place;
        places_.push_back(place);
    }
    plan_splices(number);
    for (const auto& [mark, decisions] : kept.first_hit)
        if (runs_of_[mark].size() < runs_of_mark) runs_of_[mark].push_back(number);
}

// The newest run with each of those before it, for all pairs of rare marks that no run was in both of.
void Novelty::plan_splices(std::size_t newest) {
    for (const auto& [mark, decisions] : runs_[newest].first_hit)
        for (const auto& [other, those] : runs_of_) {
            if (other == mark || !is_rare(other)) continue;
            if (pairs_.contains({mark, other}) || pairs_.contains({other, mark})) continue;
            for (const std::size_t run : those) {
                Wish wish;
                wish.kind = Wish::Kind::splice;
                wish.story_seed = runs_[newest].story_seed;
                wish.recording = spliced(newest, decisions, run);
                splices_.push_back(wish);
                wish.story_seed = runs_[run].story_seed;
                wish.recording = spliced(run, runs_[run].first_hit.at(other), newest);
                splices_.push_back(std::move(wish));
            }
        }
}

Recording Novelty::prefix(std::size_t run, std::size_t decisions, std::uint64_t seed) const {
    const Recording& whole = runs_[run].recording;
    Recording out;
    out.seed = seed;
    const std::size_t most = std::min(decisions, whole.fixed.size());
    out.fixed.assign(whole.fixed.begin(), whole.fixed.begin() + static_cast<std::ptrdiff_t>(most));
    return out;
}

Recording Novelty::spliced(std::size_t first, std::size_t decisions, std::size_t then) const {
    const Recording& other = runs_[then].recording;
    Recording out = prefix(first, decisions, other.seed);
    const auto by_name = [](const FixedChoice& a, const FixedChoice& b) {
        return std::tie(a.stream, a.ordinal) < std::tie(b.stream, b.ordinal);
    };
    std::vector<FixedChoice> own = out.fixed;
    std::sort(own.begin(), own.end(), by_name);
    for (const FixedChoice& choice : other.fixed)
        if (!std::binary_search(own.begin(), own.end(), choice, by_name)) out.fixed.push_back(choice);
    return out;
}

} // namespace search
