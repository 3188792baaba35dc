#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "sim/run.hpp"
#include "sim/unseen.hpp"

namespace sim {

/// Runs one scenario over many seeds.
struct SweepOptions {
    Options run; ///< its seed is the first
    std::uint64_t runs = 1;
    unsigned jobs = 1;         ///< threads; the report does not depend on it
    std::string plan{};        ///< file the story was read from, for the command that repeats it
    std::string profile{};     ///< name of the set of defects, for the same
    bool twice = false;        ///< every seed twice, compared event by event
    bool keep_going = false;   ///< past the first failure, to count them
    bool keep_digests = false; ///< of all runs, into the result
    /// Called by the thread that runs a seed, before it does.  The watch stays the thread's own.
    std::function<void(std::uint64_t seed, const RunWatch& watch)> on_run{};
};

/// Where two runs of one seed differ first.
struct Difference {
    std::uint64_t seed = 0;
    std::size_t event = 0; ///< number of the first event that differs
    std::string first;     ///< what the first run did there; empty when it had ended
    std::string second;
};

struct SweepResult {
    std::uint64_t runs = 0;     ///< completed seeds, without a gap from the first on
    std::uint64_t distinct = 0; ///< different digests among them
    std::uint64_t steps = 0;
    std::uint64_t checks = 0;
    std::uint64_t judgements = 0;
    std::map<std::string, std::uint64_t> excused; ///< failed calls, by the cause that excuses them
    std::uint64_t choices = 0;
    engine::MarkCounts marks;
    engine::MarkCounts runs_with_mark;        ///< how many runs have hit each
    std::uint64_t digest = 0;                 ///< over the digests of all runs, in order of seed
    std::optional<std::uint64_t> failed_seed; ///< the lowest
    std::uint64_t failures = 0;               ///< seeds that failed: more than one only when asked to go on
    std::optional<RunResult> failure;         ///< of that seed
    std::optional<Difference> difference;     ///< of the lowest seed that has one
    std::vector<std::uint64_t> digests{};     ///< of the runs, in order of seed; when asked for
    std::vector<std::uint64_t> shapes{};      ///< of the same runs
    Unseen unseen_marks{};                    ///< would one more run show a mark that none has hit?
    Unseen unseen_shapes{};                   ///< or a combination of marks that none has had?
};

/// Fills in what follows from the shapes and the marks.
void judge_unseen(std::span<const std::uint64_t> shapes, SweepResult& result);

/// Digest of a sweep from those of its runs, in order of seed, and how many of them differ.
struct SweepDigest {
    std::uint64_t digest = 0;
    std::uint64_t distinct = 0;
};
/// @param runs_wanted  one: a single run has its own digest
SweepDigest digest_of(std::vector<std::uint64_t> digests, std::uint64_t runs_wanted);

struct SweepProgress {
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> failed{0};
    std::atomic<bool> stop{false}; ///< set to end the sweep early: no seed more
    RunWatches watches{};          ///< of the seeds that run now
};

/// Unless it keeps going, the sweep ends at the lowest failing seed: all seeds below it have been run,
/// whatever the number of jobs.  A run that was interrupted does not count.
/// @throws Broken  at the lowest seed, where none below it failed
SweepResult sweep(const engine::Scenario& scenario, const SweepOptions& options, SweepProgress& progress);

/// Compares two recorded runs event by event.
std::optional<Difference> first_difference(const RunResult& first, const RunResult& second);

} // namespace sim
