#pragma once

#include <string>
#include <vector>

#include "search/case.hpp"

namespace search {

/// A failed run in plain words: what was done, how far everything was, what each wallet was told, and where
/// the wrong number comes from.  One sentence an entry, in order; no numbers in front.
/// @param result  of the case, with its events
std::vector<std::string> story_of(const Case& what, const sim::RunResult& result);

/// What a step of a plan does, with the names of what it does it to.
std::string in_words(const scenarios::lag::Plan& plan, const scenarios::lag::PlannedStep& step);

/// "2 accounts, 1 ingest node, ...": only what is not the simplest world.
std::string in_words(const engine::Topology& topology);

} // namespace search
