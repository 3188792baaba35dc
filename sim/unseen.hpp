#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/mark.hpp"

// When to stop: how probable is it that one more run shows what no run has shown?

namespace sim {

/// An answer, in whole numbers: the same on every machine.
///
/// Rules
/// 1. The estimate is Good and Turing's: things that were seen in exactly one run, over the runs. (I. J.
/// Good,
///    Biometrika 40, 1953.)  When there are none, there is no estimate, only the bound: it is never "0".
/// 2. The bound holds with 95 % confidence for runs whose seeds know nothing of each other, whatever the
///    chances of what there is to be seen are.
struct Unseen {
    std::uint64_t once = 0; ///< things seen in exactly one run
    std::uint64_t runs = 0;
    std::uint64_t at_most = 0; ///< the bound is at_most / of.  0 of 1: nothing is left that could be unseen
    std::uint64_t of = 1;
};

/// What a run was through, as one number: which marks it has hit.
std::uint64_t shape_of(const engine::MarkCounts& marks);

/// Of a shape that no run has had.  Bound: how many runs of the second half had a shape that the first half
/// has not, and so many more as chance may have hidden (a binomial's upper limit, by that of Poisson's).
/// @param shapes  of all runs, in order of seed
Unseen unseen_shapes(std::span<const std::uint64_t> shapes);

/// Of a mark that no run has hit.  Bound: a mark that was missed in n runs has a chance of at most
/// ln(20 m) / n, with m marks to be wrong about, and so many have all that were missed.
/// @param listed  the marks that count
Unseen unseen_marks(const engine::MarkCounts& runs_with_mark, std::uint64_t runs,
                    std::span<const engine::Mark> listed);

/// "about 3 in 1000, at most 1 in 55", "at most 1 in 166"; "none is left".
std::string in_words(const Unseen& unseen);

} // namespace sim
