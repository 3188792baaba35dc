#pragma once

#include <string>
#include <vector>

#include "search/case.hpp"

namespace search {

/// What a decision of the simulator did, in words: "ingest0 is held at its yield point 3".
/// @param run  in which it was taken, with its events: it knows the names
std::string in_words(const engine::FixedChoice& decision, const sim::RunResult& run);

/// Which decisions of a case are not the tame ones, in one sentence.  Empty when the case does not say,
/// because its base is a seed.
std::string decisions_in_words(const Case& what, const sim::RunResult& run);

} // namespace search
