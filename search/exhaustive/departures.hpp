#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "search/case.hpp"

namespace search::exhaustive {

/// How far runs may depart from the one without any wait.
struct DepartureOptions {
    std::uint32_t most = 1; ///< decisions of one run that are made otherwise
    bool reduce = true;     ///< runs in which every part sees the same count as one
    std::function<bool()> stop{};
};

/// Every schedule of a plan that departs from the tame one in a bounded number of decisions: which of the
/// ready tasks goes first, and whether a message, a database call, a commit, a block or a process at a yield
/// point is held as long as the weather allows (after Emmi, Qadeer and Rakamaric, Delay-Bounded Scheduling,
/// 2011).
///
/// Rules
/// 1. A run is its departures; each is looked for among the decisions that come after the one before. Without
///    reduction the number of runs with one departure is the sum over the tame run's decisions of what else
///    each could be, plus 1.
/// 2. With reduction a run is not departed from when an earlier one showed every node, the database and the
///    chain the very same events at the same times, and had as many departures left and no fewer decisions to
///    make otherwise.
/// 3. A run that is violated is not departed from: the rest of it is no run.
class Departures {
public:
    /// @param visit  called after each run.  @return false: it is enough
    using Visit = std::function<bool(const Case&, const sim::RunResult&)>;
    Departures(Case tame, DepartureOptions options, Visit visit);

    /// @return whether all is done
    bool explore();

    std::uint64_t runs() const { return runs_; }
    std::uint64_t classes() const { return seen_.size(); } ///< different runs, as all parts have seen them
    /// How many runs there will be without reduction and with one departure: rule 1.  Known after `explore`.
    std::uint64_t by_formula() const { return by_formula_; }

private:
    bool explore_from(std::vector<engine::FixedChoice> fixed, std::size_t from, std::uint32_t left);

    Case tame_;
    DepartureOptions options_;
    Visit visit_;
    struct Seen {
        std::uint64_t what = 0;
        std::uint32_t left = 0;
        std::size_t from = 0;
    };
    std::vector<Seen> expanded_; // sorted by `what`
    std::set<std::uint64_t> seen_;
    std::uint64_t runs_ = 0;
    std::uint64_t by_formula_ = 0;
};

/// What else a decision of the tame run could be.  Empty: it is not about who comes first or has to wait.
std::vector<std::uint32_t> otherwise(const engine::FixedChoice& decision);

} // namespace search::exhaustive
