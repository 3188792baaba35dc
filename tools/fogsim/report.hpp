#pragma once

#include <optional>
#include <string>
#include <vector>

#include "search/failure.hpp"
#include "sim/sweep.hpp"
#include "tools/fogsim/wallet_situations.hpp"

namespace tools::fogsim {

/// Somebody else's wallet, which a sweep has judged.
struct WalletUnderTest {
    std::string address; ///< host:port
    WalletMet met{};     ///< empty: nobody has looked
};

/// What a run or sweep came to, for people and machines.
struct Report {
    const engine::Scenario* scenario = nullptr;
    std::string program = "./run fogsim"; ///< what a command that repeats a run begins with
    sim::SweepOptions options{};
    sim::SweepResult result{};
    std::optional<search::Failure> failure{}; ///< of the lowest seed that violated something
    std::string replay{};                     ///< what --replay takes: the blob, or the file it went to
    bool is_replay = false;                   ///< one run that follows a recording, not a sweep
    bool judges_marks = false;                ///< the sweep is of the kind that required marks are stated for
    bool is_novel = false;                    ///< runs follow from those before them: strategy novelty
    bool interrupted = false;                 ///< by the user, before it was through
    std::uint64_t wall_ms = 0;                ///< that it took
    std::string broken{};                     ///< a bug of ours that ended it, with its place; else empty
    std::optional<unsigned> fails_again{};    ///< of ten more runs of a failed seed, where they may differ
    std::optional<WalletUnderTest> wallet{};  ///< the page is for who has written it
    std::optional<std::size_t> kept_hold{};   ///< with a corpus: how many of its failures hold now
};

/// The verdict, with what the result line begins with.
engine::check::Conclusion conclusion_of(const Report& report);
sim::Verdict verdict_of(const Report& report);
/// The one command that repeats the failure, or the run.
std::string repeat_command(const Report& report);
/// The command that repeats the run of a seed.
std::string command_of_seed(const Report& report, std::uint64_t seed);
/// Required marks that a sweep of this size must have hit and has not, by name.
std::vector<std::string> missed_marks(const Report& report);
/// How many of the catalogue's marks were hit.
std::size_t marks_hit(const engine::MarkCounts& marks);
/// Two runs that should have been one: found by the sweep, or by repeating the failure.  Null: none.
const sim::Difference* difference_of(const Report& report);

/// How probable it is that one more run shows something unseen: one sentence; empty where a sweep gives no
/// answer to that, for it failed, was cut short before it began or is of one run.
std::string unseen_sentence(const Report& report);

/// The result line of a run or sweep: fixed form, deterministic.
std::string result_line(const Report& report);
/// What happened before a failure, in numbered sentences, and how to repeat it; empty when nothing failed.
std::string failure_story(const Report& report);
/// Schema: docs/fogsim-json.md.
std::string to_json(const Report& report);
/// JUnit: one test case, named after the scenario.
std::string to_junit(const Report& report);
/// One page without anything from outside: the result, and for a failure or a single run what happened, with
/// a picture.  The same result gives the same bytes.
std::string to_html(const Report& report);
/// Chrome trace event format, for Perfetto and chrome://tracing.
std::string to_trace(const sim::RunResult& run);

} // namespace tools::fogsim
