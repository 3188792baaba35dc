#include "search/exhaustive/explorer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/ensure.hpp"

namespace search::exhaustive {
namespace {

bool has(const std::vector<Line>& lines, Line line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

// Where the first event of a line stands in a sequence; its size: nowhere.
std::size_t first_of(Line line, const std::vector<Step>& sequence) {
    std::size_t at = 0;
    while (at < sequence.size() && sequence[at].line != line) ++at;
    return at;
}

// Whether some ordering equivalent to the sequence, or to one that goes on from it, begins with that line.
bool may_begin(const Step& step, const std::vector<Step>& sequence) {
    const std::size_t own = first_of(step.line, sequence);
    const sim::Footprint& touched = own == sequence.size() ? step.touched : sequence[own].touched;
    for (std::size_t i = 0; i < own; ++i)
        if (sequence[i].touched.conflicts_with(touched)) return false;
    return true;
}

// Adds a sequence to a tree unless the tree has it already, up to the order of independent events.
void insert(std::vector<Branch>& tree, std::size_t from, std::vector<Step>& sequence) {
    std::vector<Branch>* at = &tree;
    for (;;) {
        const auto match =
            std::find_if(at->begin() + static_cast<std::ptrdiff_t>(from), at->end(),
                         [&](const Branch& branch) { return may_begin(branch.first, sequence); });
        if (match == at->end()) break;
        const std::size_t own = first_of(match->first.line, sequence);
        if (own != sequence.size()) sequence.erase(sequence.begin() + static_cast<std::ptrdiff_t>(own));
        if (match->then.empty() || sequence.empty()) return; // what comes after a leaf is free
        at = &match->then;
        from = 0;
    }
    for (const Step& step : sequence) {
        at->push_back({step, {}});
        at = &at->back().then;
    }
}

} // namespace

Explorer::Explorer(System& system, ExploreOptions options, std::function<void()> visit)
    : system_(system), options_(std::move(options)), visit_(std::move(visit)) {
    ENSURE(!options_.reduce || (!options_.preemptions && options_.prefix.empty()));
}

bool Explorer::explore() {
    for (;;) {
        if (begun_ && frames_.empty()) return true;
        if (options_.stop && options_.stop()) return false;
        begun_ = true;
        is_blocked_ = false;
        depth_ = system_.keeps() ? keep_ : 0;
        const std::size_t kept = depth_;
        system_.run(*this, kept);
        counts_.events += depth_ - kept;
        ENSURE(depth_ == frames_.size());
        if (is_blocked_) {
            ++counts_.blocked;
        } else {
            ++counts_.runs;
            if (visit_) visit_();
        }
        if (options_.reduce) reverse_races();
        if (!backtrack()) return true;
    }
}

bool Explorer::backtrack() {
    while (!frames_.empty()) {
        Frame& frame = frames_.back();
        if (options_.reduce) frame.asleep.push_back(frame.taken);
        frame.to_do.erase(frame.to_do.begin());
        ++frame.finished;
        if (!frame.to_do.empty()) break;
        frames_.pop_back();
    }
    keep_ = frames_.empty() ? 0 : frames_.size() - 1;
    return !frames_.empty();
}

void Explorer::go_on_from(Position position) {
    frames_ = std::move(position.frames);
    counts_ = position.counts;
    begun_ = position.begun;
    keep_ = 0; // the system has made no run yet
}

// ------------------------------------------------------------------------------------------------ a run

Line Explorer::pick(std::span<const Line> enabled) {
    if (depth_ == frames_.size()) open_frame(enabled);
    Frame& frame = frames_[depth_];
    const Line wanted = frame.to_do.front().first.line;
    if (!std::binary_search(enabled.begin(), enabled.end(), wanted)) {
        // A footprint has hidden what this event depends on, or it cannot come first.
        is_blocked_ = true;
        frame.to_do.front() = {{enabled.front(), {}}, {}};
        return enabled.front();
    }
    return wanted;
}

void Explorer::open_frame(std::span<const Line> enabled) {
    frames_.emplace_back();
    Frame& frame = frames_.back();
    frame.enabled.assign(enabled.begin(), enabled.end());
    Frame* parent = depth_ == 0 ? nullptr : &frames_[depth_ - 1];
    if (!options_.reduce) {
        if (parent != nullptr) frame.preemptions = parent->preemptions;
        if (depth_ >= 2 && has(parent->enabled, frames_[depth_ - 2].taken.line) &&
            parent->taken.line != frames_[depth_ - 2].taken.line)
            ++frame.preemptions;
        choose_all(frame);
        return;
    }
    if (parent != nullptr) {
        for (const Step& step : parent->asleep)
            if (step.line != parent->taken.line && !step.touched.conflicts_with(parent->taken.touched))
                frame.asleep.push_back(step);
        frame.to_do = std::move(parent->to_do.front().then);
        parent->to_do.front().then.clear();
    }
    if (!frame.to_do.empty()) return;
    const auto sleeps = [&](Line line) {
        return std::any_of(frame.asleep.begin(), frame.asleep.end(),
                           [&](const Step& step) { return step.line == line; });
    };
    const auto awake = std::find_if_not(enabled.begin(), enabled.end(), sleeps);
    if (awake == enabled.end()) is_blocked_ = true;
    frame.to_do.push_back({{awake == enabled.end() ? enabled.front() : *awake, {}}, {}});
}

// Without reduction: whoever may come next.
void Explorer::choose_all(Frame& frame) {
    if (depth_ < options_.prefix.size()) {
        frame.to_do.push_back({{options_.prefix[depth_], {}}, {}});
        return;
    }
    const bool has_last = depth_ > 0 && has(frame.enabled, frames_[depth_ - 1].taken.line);
    const bool must_stay = has_last && options_.preemptions && frame.preemptions >= *options_.preemptions;
    for (const Line line : frame.enabled)
        if (!must_stay || line == frames_[depth_ - 1].taken.line) frame.to_do.push_back({{line, {}}, {}});
}

void Explorer::ran(const sim::Footprint& touched) {
    Frame& frame = frames_[depth_];
    frame.taken = {frame.to_do.front().first.line, touched};
    if (options_.reduce) order(depth_);
    ++depth_;
}

// ------------------------------------------------------------------------------------------------ races

// Which events happen before this one: those of its line, those it conflicts with, and what happens before
// those.
void Explorer::order(std::size_t at) {
    if (at >= words_ * 64) { // all rows become longer
        std::vector<std::uint64_t> wider(before_.size() * 2);
        for (std::size_t row = 0; row < before_.size() / words_; ++row)
            std::copy_n(before_.begin() + static_cast<std::ptrdiff_t>(row * words_), words_,
                        wider.begin() + static_cast<std::ptrdiff_t>(row * words_ * 2));
        before_ = std::move(wider);
        words_ *= 2;
    }
    if (before_.size() < (at + 1) * words_) before_.resize((at + 1) * words_);
    std::uint64_t* const row = &before_[at * words_];
    std::fill_n(row, words_, 0);
    const Step& step = frames_[at].taken;
    for (std::size_t earlier = at; earlier-- > 0;) {
        if ((row[earlier / 64] >> (earlier % 64) & 1) != 0) continue;
        const Step& other = frames_[earlier].taken;
        if (other.line != step.line && !other.touched.conflicts_with(step.touched)) continue;
        row[earlier / 64] |= std::uint64_t{1} << (earlier % 64);
        for (std::size_t w = 0; w < words_; ++w) row[w] |= before_[earlier * words_ + w];
    }
}

bool Explorer::happens_before(std::size_t first, std::size_t second) const {
    return (before_[second * words_ + first / 64] >> (first % 64) & 1) != 0;
}

void Explorer::reverse_races() {
    for (std::size_t second = 1; second < depth_; ++second) {
        const Step& step = frames_[second].taken;
        // Nearest first: what happens before one of those is no neighbour of this event.
        covered_.assign(words_, 0);
        for (std::size_t first = second; first-- > 0;) {
            if (!happens_before(first, second) || (covered_[first / 64] >> (first % 64) & 1) != 0) continue;
            for (std::size_t w = 0; w < words_; ++w) covered_[w] |= before_[first * words_ + w];
            if (frames_[first].taken.line == step.line) continue;
            if (has(frames_[first].enabled, step.line)) {
                reverse(first, second);
                continue;
            }
            // The earlier one has let it go; whoever had stopped it could have come later.
            for (std::size_t stopper = first; stopper-- > 0;) {
                if (!has(frames_[stopper].enabled, step.line)) continue;
                if (frames_[stopper].taken.line != step.line) reverse(stopper, second);
                break;
            }
        }
    }
}

// What does not need the first event, and then the second: is that seen to where the first one was run?
void Explorer::reverse(std::size_t first, std::size_t second) {
    Frame& frame = frames_[first];
    sequence_.clear();
    for (std::size_t i = first + 1; i < depth_; ++i)
        if (!happens_before(first, i)) sequence_.push_back(frames_[i].taken);
    sequence_.push_back(frames_[second].taken);
    for (const Step& step : frame.asleep)
        if (may_begin(step, sequence_)) return;
    insert(frame.to_do, 1, sequence_);
}

double Explorer::estimate() const {
    // How much of the tree is done, when all branches of a point weigh the same.
    double done = 0;
    double weight = 1;
    for (const Frame& frame : frames_) {
        const auto branches = static_cast<double>(frame.finished + frame.to_do.size());
        done += weight * static_cast<double>(frame.finished) / branches;
        weight /= branches;
    }
    if (frames_.empty() || done <= 0) return static_cast<double>(counts_.runs);
    return static_cast<double>(counts_.runs) / done;
}

std::vector<Line> Explorer::ordering() const {
    std::vector<Line> lines;
    for (std::size_t i = 0; i < depth_; ++i) lines.push_back(frames_[i].taken.line);
    return lines;
}

// ------------------------------------------------------------------------------------------------ footprints

namespace {

/// Follows an ordering.
class Follower final : public Guide {
public:
    explicit Follower(const std::vector<Line>& ordering) : ordering_(ordering) {}
    Line pick(std::span<const Line> enabled) override {
        const std::size_t at = touched.size();
        if (at < ordering_.size() && std::binary_search(enabled.begin(), enabled.end(), ordering_[at]))
            return ordering_[at];
        if (!left_at) left_at = at;
        return enabled.front();
    }
    void ran(const sim::Footprint& what) override { touched.push_back(what); }

    std::vector<sim::Footprint> touched;
    std::optional<std::size_t> left_at; ///< where it could not be followed

private:
    const std::vector<Line>& ordering_;
};

} // namespace

std::optional<WrongFootprint> first_wrong_footprint(System& system, const std::vector<Line>& ordering) {
    Follower first(ordering);
    system.run(first, 0);
    ENSURE(!first.left_at && first.touched.size() == ordering.size());
    const std::uint64_t outcome = system.outcome();
    for (std::size_t i = 0; i + 1 < ordering.size(); ++i) {
        if (ordering[i] == ordering[i + 1] || first.touched[i].conflicts_with(first.touched[i + 1])) continue;
        std::vector<Line> swapped = ordering;
        std::swap(swapped[i], swapped[i + 1]);
        Follower second(swapped);
        system.run(second, 0);
        std::string what;
        if (second.left_at)
            what = fmt::format("after the swap, event {} cannot happen any more", *second.left_at + 1);
        else if (second.touched.size() != ordering.size() || system.outcome() != outcome)
            what = "in the other order the run comes to another end";
        if (what.empty()) continue;
        return WrongFootprint{ordering, i,
                              fmt::format("event {} of line {} and event {} of line {} are declared "
                                          "independent: {}",
                                          i + 1, ordering[i], i + 2, ordering[i + 1], what)};
    }
    return std::nullopt;
}

} // namespace search::exhaustive
