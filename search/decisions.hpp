#pragma once

#include <string>
#include <vector>

#include "search/case.hpp"

namespace search {

/// Which decisions of a case are not the tame ones, in one sentence.  Empty when the case does not say,
/// because its base is a seed.
std::string decisions_in_words(const Case& what, const sim::RunResult& run);

} // namespace search
