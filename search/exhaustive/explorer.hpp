#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "search/exhaustive/system.hpp"

namespace search::exhaustive {

/// An event, as the search knows it.
struct Step {
    Line line = 0;
    sim::Footprint touched{};
};

/// A tree of events that have still to be run from some point on; branches from left to right.
struct Branch {
    Step first{};
    std::vector<Branch> then{};
};

/// A point in the run that the search is at: what was there to choose, and what is left of it.
struct Frame {
    std::vector<Line> enabled{};
    Step taken{};                  ///< the event that was run here
    std::vector<Step> asleep{};    ///< events whose every continuation from here on has been seen
    std::vector<Branch> to_do{};   ///< the first is the one that is under way
    std::uint32_t finished = 0;    ///< branches
    std::uint32_t preemptions = 0; ///< in the run up to here
};

struct ExploreOptions {
    bool reduce = true; ///< one run for each class of orderings that differ in independent events only
    /// At most so often a line is left that could go on.  @pre not with `reduce`
    std::optional<std::uint32_t> preemptions{};
    std::vector<Line> prefix{};   ///< every run begins so.  @pre not with `reduce`; no preemption in it
    std::function<bool()> stop{}; ///< asked before each run
};

struct Counts {
    std::uint64_t runs = 0;   ///< each a whole ordering
    std::uint64_t events = 0; ///< run by the system's own, those kept from the run before not counted again
    std::uint64_t blocked =
        0; ///< begun in vain, all that was left having been seen: 0 where the search is optimal
};

/// Runs every ordering of a system's events, or one of each class.
///
/// Rules
/// 1. Orderings are of one class when one becomes the other by swapping neighbours that do not conflict
///    (Mazurkiewicz).  With `reduce` each class is run exactly once.
/// 2. Depth first: a run shares its beginning with the one before, as far as possible.
/// 3. No clock, no randomness: same system, same runs in the same order.
///
/// The reduction is Optimal-DPOR: source sets, sleep sets and wakeup trees, after Abdulla, Aronis, Jonsson
/// and Sagonas, Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction, J. ACM 64(4), 2017. An
/// event that was disabled by another (a lock that is held) races with the one that disabled it, not with the
/// one that let it go.
class Explorer final : private Guide {
public:
    /// @param visit  called after each run
    Explorer(System& system, ExploreOptions options, std::function<void()> visit);

    /// @return whether all is done; false: it was stopped, and goes on when called again
    bool explore();

    const Counts& counts() const { return counts_; }
    /// How many runs there will be in all, from the shape of the tree so far: a weighted form of Knuth's
    /// estimate (Estimating the Efficiency of Backtrack Programs, 1975).  Exact when all is done.
    double estimate() const;
    /// The ordering of the last run.
    std::vector<Line> ordering() const;

    /// Where an explorer stands between two runs; another one with the same system and options goes on there.
    struct Position {
        std::vector<Frame> frames{};
        Counts counts{};
        bool begun = false;
    };
    Position position() const { return {frames_, counts_, begun_}; }
    void go_on_from(Position position);

private:
    Line pick(std::span<const Line> enabled) override;
    void ran(const sim::Footprint& touched) override;

    void open_frame(std::span<const Line> enabled);
    void choose_all(Frame& frame);
    void order(std::size_t at);
    bool happens_before(std::size_t first, std::size_t second) const;
    void reverse_races();
    void reverse(std::size_t first, std::size_t second);
    bool backtrack();

    System& system_;
    ExploreOptions options_;
    std::function<void()> visit_;
    std::vector<Frame> frames_;
    std::vector<std::uint64_t> before_; // rows of words_: the events that happen before each one
    std::size_t words_ = 1;
    std::size_t depth_ = 0;
    std::size_t keep_ = 0;
    bool begun_ = false;
    bool is_blocked_ = false;
    std::vector<Step> sequence_;         // scratch
    std::vector<std::uint64_t> covered_; // scratch
    Counts counts_;
};

/// A pair of neighbours that were declared independent and are not.
struct WrongFootprint {
    std::vector<Line> ordering{}; ///< of the run
    std::size_t at = 0;           ///< the first of the two
    std::string what{};           ///< one sentence
};

/// Runs an ordering, and then again with each pair of neighbours swapped that do not conflict: all must come
/// to the same end.
/// @param ordering  of a whole run of the system
std::optional<WrongFootprint> first_wrong_footprint(System& system, const std::vector<Line>& ordering);

} // namespace search::exhaustive
