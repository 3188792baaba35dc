#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "search/exhaustive/explorer.hpp"
#include "search/exhaustive/lines.hpp"
#include "sim/sweep.hpp"
#include "tools/fogsim/shard.hpp"

// The orderings of `fogsim exhaustive`, in parts: shared out to threads, stopped and taken up again.

namespace tools::fogsim {

namespace all = search::exhaustive;

/// What `fogsim exhaustive` is asked for.
struct ExhaustiveWish {
    all::Bounds bounds{};
    std::string plan;
    bool reduce = true;
    std::optional<std::uint32_t> preemptions;
    std::optional<std::chrono::milliseconds> limit;
    unsigned jobs = 1;
    sim::DefectSet defects;
    std::vector<std::string> defect_names;
    std::string json;
    std::string resume;
    std::string replay_out;
    bool shrink = true;
    bool keep_going = false;
    bool all_defects = false; ///< not one search, but a table of which defects such searches find
    std::uint64_t shard = 0;  ///< of `shards`, from 0
    std::uint64_t shards = 1;
    std::string shard_out; ///< result file of the shard
};

/// A part of the orderings: those that begin alike.
struct ExhaustivePart {
    std::vector<all::Line> prefix{};
    bool done = false;
    all::Explorer::Position position{};
    std::set<std::uint64_t> ends{};
    std::uint64_t violated = 0; ///< orderings
    std::set<std::uint64_t> violations{};
    std::vector<all::Line> first_violated{};
};

struct ExhaustiveTotals {
    all::Counts counts{};
    std::set<std::uint64_t> ends{};
    std::uint64_t violated = 0;
    std::set<std::uint64_t> violations{};
    bool complete = true;
    const ExhaustivePart* first_violated = nullptr;
};

/// Of the parts up to the first violated one, which ends a search: what comes after it does not count,
/// however far it was searched at the same time.
/// @param keeps_going  the search does not end there
ExhaustiveTotals totals_of(const std::vector<ExhaustivePart>& parts, bool keeps_going);

/// All parts, or those of the wish's shard.  They do not depend on how many threads there are.
std::vector<ExhaustivePart> parts_of(const ExhaustiveWish& wish, const all::Lines& lines);

/// Searches what is not done, until it is, the time is over, or `progress` says stop.
/// @return what had to be run for that
all::Lines::Work search_parts(const ExhaustiveWish& wish, std::vector<ExhaustivePart>& parts,
                              sim::SweepProgress& progress);

/// As a result file of `fogsim-shard/1`.
/// @pre the shard's search is at its end
std::string shard_text_of(const ExhaustiveWish& wish, const std::vector<ExhaustivePart>& parts,
                          const all::Lines::Work& work);
/// A search whose shards were made one by one.
struct MergedExhaustive {
    ExhaustiveWish wish{};
    std::vector<ExhaustivePart> parts{};
    all::Lines::Work work{};
};
/// @param shards  all, in order
/// @throws engine::UsageError  naming a file that is no whole result
MergedExhaustive merged_exhaustive(const std::vector<Part>& shards);

/// What tells one search from another.
nlohmann::ordered_json key_of(const ExhaustiveWish& wish);
/// For `--resume`.
std::string state_of(const ExhaustiveWish& wish, const std::vector<ExhaustivePart>& parts);
/// @throws engine::UsageError  naming flag, file and reason
void take_up(const ExhaustiveWish& wish, std::vector<ExhaustivePart>& parts);

} // namespace tools::fogsim
