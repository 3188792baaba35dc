#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/choice.hpp"

namespace search {

/// Branches at rare situations instead of starting anew.
///
/// A run that comes into a rare situation is half way to what hides behind it; to draw all anew throws that
/// away. Three kinds of runs take turns:
/// 1. *fresh*: all is drawn.  Always three of four runs at least: who only goes on from what is known stays
/// there.
/// 2. *branch*: the decisions of a run up to where it first came into a rare situation, or into the second of
/// a
///    pair that is rare together, and the rest drawn afresh.  A place is tried so often; longer while that
///    shows what is new.
/// 3. *splice*: for two rare situations that no run was in both of: up to the one as the run that was there,
/// and
///    from there on whatever the other one's run decided.  Both ways round.
/// Rare is what at most one fresh run in a hundred was in.  Everything follows from the seed and from what
/// runs report: the same runs, in the same order, on every machine.
class Novelty {
public:
    using Mark = std::uint32_t;

    /// What to run next.
    struct Wish {
        std::uint64_t story_seed = 0; ///< of the story, drawn anew in a fresh run only
        /// Null: draw all from the story's seed.
        std::optional<engine::Recording> recording{};

        enum class Kind : std::uint8_t { fresh, branch, splice } kind = Kind::fresh;
        std::size_t place = 0; ///< of a branch
    };
    /// What a run has come to.
    struct Ran {
        engine::Recording recording{}; ///< all decisions, in their order
        std::vector<std::pair<Mark, std::size_t>>
            marks{}; ///< in order of first hit: how many were made by then
    };

    explicit Novelty(std::uint64_t first_seed);

    Wish next();
    void ran(const Wish& wish, Ran run);

private:
    using Pair = std::pair<Mark, Mark>; // in order of first hit
    struct Run {
        std::uint64_t story_seed = 0;
        engine::Recording recording{};
        std::map<Mark, std::size_t> first_hit{};
    };
    /// Where runs branch.
    struct Place {
        std::size_t run = 0; // in runs_
        std::size_t decisions = 0;
        std::uint32_t left = 0; // tries
    };

    bool is_rare(Mark mark) const;
    bool learn(const Ran& run, bool is_fresh);
    void keep(const Wish& wish, Ran run);
    void plan_splices(std::size_t newest);
    engine::Recording spliced(std::size_t first, std::size_t decisions, std::size_t then) const;
    engine::Recording prefix(std::size_t run, std::size_t decisions, std::uint64_t seed) const;

    static constexpr std::uint32_t tries_of_place = 192;
    static constexpr std::uint32_t tries_for_news = 64;
    static constexpr std::uint64_t rare_in = 100; // fresh runs
    static constexpr std::size_t most_runs_kept = 512;
    static constexpr std::size_t runs_of_mark = 2; // that are spliced

    std::uint64_t next_seed_;
    std::uint64_t turn_ = 0;
    std::uint64_t drawn_; // seeds of branches
    std::uint64_t fresh_runs_ = 0;
    std::map<Mark, std::uint64_t> hits_{}; // fresh runs that were in it
    std::set<Pair> pairs_{};               // that some run was in, in that order
    std::vector<Run> runs_{};
    std::map<Mark, std::vector<std::size_t>> runs_of_{}; // the first to come there
    std::vector<Place> places_{};
    std::size_t next_place_ = 0;
    std::vector<Wish> splices_{}; // to be run
};

} // namespace search
