#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/lag/plan.hpp"
#include "search/exhaustive/explorer.hpp"
#include "sim/run.hpp"

namespace search::exhaustive {

/// A small world, and how much happens in it.
struct Bounds {
    std::uint32_t view = 6;   ///< blocks that the view stores take, one by one
    std::uint32_t ledger = 6; ///< and the key image stores
    std::uint32_t polls = 6;  ///< balance checks of one wallet
    std::uint32_t shards = 1; ///< of view stores and of key image stores: 1 or 2
    friend bool operator==(const Bounds&, const Bounds&) = default;

    static constexpr std::uint32_t most = 16; ///< of each
};

/// The services of fog and a wallet, with everything that happens cut into events: a view store takes its
/// next block, a key image store takes its next block, the wallet checks its balance.  Each store has a line
/// of its own; the checks of the wallet are one more.  The chain and the recovery database are complete
/// before the first event.  Blocks pay and spend in turn, so that every lag shows another balance.
///
/// Rules
/// 1. Every event is run by the simulator with its real logic and all its checks; what it touches is what its
///    steps touched, and a check every store.  An ordering ends at the first violation.  At every different
///    end all is healed, and the wallet and a fresh one must reach the truth.
/// 2. A point of a run is known by what all parts know there: the count of each store, and all that the
/// wallet
///    has kept.  What happens at a point that was met before is not run again.  `check_points` runs whole
///    orderings to find out whether that is enough to know a point by.
/// 3. An ordering is a plan (`lag`) without any wait or loss: it can be told, shrunk and replayed by itself.
class Lines final : public System {
public:
    /// @throws engine::UsageError  bounds that are out of range
    Lines(Bounds bounds, sim::DefectSet defects);

    bool keeps() const override { return true; }
    void run(Guide& guide, std::size_t kept) override;
    std::uint64_t outcome() const override;

    const std::vector<std::string>& names() const { return names_; }       ///< of the lines
    const std::vector<std::uint32_t>& lengths() const { return lengths_; } ///< events of each
    /// Of the last run; null: it held.
    const engine::check::Violation* violation() const;
    /// Of any ordering of this world's events, or the beginning of one.
    scenarios::lag::Plan plan_of(const std::vector<Line>& ordering) const;

    /// Runs an ordering from its beginning to its end, and compares every point with the known ones.
    /// @return what differs, in one sentence; empty: nothing
    std::string check_points(const std::vector<Line>& ordering);
    /// At every point known so far: do all pairs of events that do not conflict come to the same point in
    /// either order?  @return the first pair that does not, in one sentence; empty: all do
    std::string check_footprints();
    /// Test only: claims that events of this line touch nothing.
    void lie_about(Line line) { liar_ = line; }

    struct Work {
        std::uint64_t points = 0;     ///< different ones that were met
        std::uint64_t worlds = 0;     ///< that were run to find out what happens
        std::uint64_t events = 0;     ///< that were run in them and were not known
        std::uint64_t checks = 0;     ///< balances judged
        std::uint64_t judgements = 0; ///< of all checkers
    };
    Work work() const;

private:
    static constexpr std::uint32_t unknown = ~0U;
    struct Edge {
        std::uint32_t to = unknown;
        sim::Footprint touched{};
    };
    /// A point of some run.
    struct Point {
        std::uint64_t hash = 0;   ///< of what is known there: the same in every process
        std::vector<Line> path{}; ///< one way to get there
        std::vector<Edge> edges{};
        std::optional<engine::check::Violation> violation{}; ///< the run ended here
        bool is_closed = false; ///< everything was healed here, and everybody had to reach the truth
    };
    class Telling;
    friend class Telling;

    void begin();
    std::uint32_t next(std::uint32_t point, Line line);
    std::uint32_t point_of(const std::string& known, const std::vector<Line>& path);
    /// Tells a world: the path, and then what is not known yet as long as there is something.
    void explore(const std::vector<Line>& path);
    bool has_more(Line line, const std::vector<std::uint32_t>& done) const {
        return done[line] < lengths_[line];
    }
    void append_event(scenarios::lag::Plan& plan, Line line) const;

    Bounds bounds_;
    sim::DefectSet defects_;
    scenarios::lag::Plan prelude_;
    std::vector<std::string> names_;
    std::vector<std::uint32_t> lengths_;
    std::vector<std::uint32_t> stores_; // of each line but the last: the store's number in plans
    std::vector<Point> points_;
    std::map<std::string, std::uint32_t> known_;
    std::vector<std::uint32_t> stack_; // points of the last run
    std::vector<Line> taken_;
    std::vector<std::uint32_t> done_;
    std::optional<Line> liar_;
    std::string difference_; // that the last telling has met
    Work work_;
};

/// How many orderings of independent lines of these lengths there are; nothing: more than 2^64.
std::optional<std::uint64_t> orderings(const std::vector<std::uint32_t>& lengths);
/// How many classes, when events of all lines but the last are independent of one another and each conflicts
/// with all of the last line.
std::optional<std::uint64_t> classes(const std::vector<std::uint32_t>& lengths);

} // namespace search::exhaustive
