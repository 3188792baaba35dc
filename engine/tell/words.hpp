#pragma once

#include <string>
#include <vector>

#include "engine/check/checks.hpp"
#include "engine/tell/note.hpp"
#include "engine/topology.hpp"

namespace engine::tell {

/// How the parts of a world are called.
struct Names {
    std::vector<std::string> nodes{};  ///< by number; 0 is the scenario
    std::vector<std::string> copies{}; ///< by number

    std::string of(NodeId node) const;
    std::string copy(std::uint64_t number) const;
    FaultNames of_faults() const;
};

/// What is wrong, in one sentence without a full stop.
std::string in_words(const check::Violation& violation);
/// What the database did: "stores block 4 of one key twice"; empty when it broke no rule.
std::string in_words(const model::BrokenRule& rule);
/// "reset_connections between wallet 0 of account 1 and ledger_router, since 120 ms"
std::string in_words(const Cause& cause, const Names& names);
/// What failed, and what excuses that.
std::string in_words(const check::Excuse& excuse, const Names& names);

/// "1 block", "3 blocks"
std::string counted(std::uint64_t number, const char* what);
/// "5", "5 of token 1"
std::string in_words(const chain::Amount& amount);
std::string in_words(const Topology& topology);
/// What a process has just done when it is held there: "it has stored a block".
const char* in_words(YieldPoint point);

// None of these ends in a full stop, and who it is about is not in it where a note says so.

/// "view_router answers for 3 search keys: block count 4, 1 found"; of a note with is_answer().
std::string answer_in_words(const Note& note, const Names& names);
/// "shows 5 at block count 3"
std::string in_words(const Reported& reported);
/// "5 @ 3"; "?" when there is nothing to show
std::string label(const Reported& reported);
/// "takes its payment for landed in block 4"
std::string in_words(const Landing& landing);
/// "block 3: account 0 gets 2"
std::string in_words(const Appended& block);
/// What has moved since; all when there is no earlier.  Empty: nothing has.
std::string in_words(const Heights& now, const Heights* before, const Names& names);
/// Of a note with is_why().  @param notes  all of the run
std::string why_in_words(const Note& note, const std::vector<Note>& notes, const Names& names);
/// What a decision of the simulator did: "ingest0 is held when it has stored a block".
std::string in_words(const FixedChoice& decision, const std::vector<Note>& notes, const Names& names);

} // namespace engine::tell
