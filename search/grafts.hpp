#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/mark.hpp"
#include "scenarios/lag/plan.hpp"

namespace search {

/// Plans made of plans: what is rare in one run goes on into what is rare in another.
///
/// Rules
/// 1. Every run is *fresh*, all drawn from the next seed, until marks have saturated: until one more run
/// shows
///    a mark that none before has shown with a probability of at most 1/200 (Good-Turing), after 1,000 runs
///    at the earliest.  From then on every other run is a *graft*.
/// 2. A graft is the plan of a run up to the step in which that first came into a rare situation, and then
///    the whole plan of another one: of a run that came into another rare situation, or one that is drawn
///    anew.  Its decisions are drawn anew.
/// 3. Rare is what at most one fresh run in a hundred was in.  The situation that has been grafted upon least
///    has its turn first, and the second one is such that no run was in both yet, as long as there is any.
/// 4. Everything follows from the seed and from what runs report: the same runs, in the same order, on every
///    machine.
class Grafts {
public:
    struct Wish {
        std::uint64_t seed = 0;                             ///< of all, or of the decisions of a graft
        std::shared_ptr<const scenarios::lag::Plan> plan{}; ///< a graft; null: the seed's own
    };
    /// In which step of its plan, from 1, a run first came into a situation.
    using Steps = std::map<engine::Mark, std::size_t>;

    explicit Grafts(std::uint64_t first_seed);

    Wish next();
    /// What a run has come to.
    /// @return whether others should go on from it: its plan and steps are wanted by keep()
    bool ran(const Wish& wish, const engine::MarkCounts& marks);
    void keep(scenarios::lag::Plan plan, const Steps& steps);

    bool have_marks_saturated() const;
    /// Situations to go on from.
    std::size_t stocks() const { return stocks_.size(); }

private:
    using Pair = std::pair<engine::Mark, engine::Mark>; // in the order of marks
    struct Parent {
        std::shared_ptr<const scenarios::lag::Plan> plan;
        std::size_t steps = 0; // up to the situation
    };
    /// The runs to go on from that were in one situation.
    struct Stock {
        std::vector<Parent> parents;
        std::uint64_t grafts = 0;
    };

    bool is_rare(engine::Mark mark) const;
    std::uint64_t bits();
    std::shared_ptr<const scenarios::lag::Plan> graft();
    const Parent* partner_of(engine::Mark first);

    static constexpr std::uint64_t rare_in = 100;   // fresh runs
    static constexpr std::uint64_t unseen_in = 200; // runs that would show something new
    static constexpr std::uint64_t first_grafts = 1000;
    static constexpr std::size_t parents_of_mark = 6;

    std::uint64_t next_seed_;
    std::uint64_t drawn_; // bits
    std::uint64_t turn_ = 0;
    std::uint64_t fresh_runs_ = 0;
    std::array<std::uint64_t, engine::mark_count> hits_{}; // fresh runs that were in it
    std::set<Pair> pairs_{};                               // of rare ones that a run was in both of
    std::map<engine::Mark, Stock> stocks_{};
    std::size_t next_partner_ = 0;
};

} // namespace search
