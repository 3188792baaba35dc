#pragma once

#include <string>
#include <vector>

#include "search/case.hpp"

namespace search {

/// A failed run in plain words: what was done, how far everything was, what each wallet was told, and where
/// the wrong number comes from.  One sentence an entry, in order; no numbers in front.
/// @param result  of the case, with its events
std::vector<std::string> story_of(const Case& what, const sim::RunResult& result);

} // namespace search
