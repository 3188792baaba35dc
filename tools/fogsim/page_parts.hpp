#pragma once

#include <string>

#include "tools/fogsim/report.hpp"

// What pages of a run or sweep are made of: HTML fragments.

namespace tools::fogsim {

/// Everything up to the first heading.
std::string page_head(const std::string& title);
/// The run over time.  @param plan  that was told, or null
std::string picture_of(const sim::RunResult& run, const scenarios::lag::Plan* plan);
/// What happened in the smallest form of a failure, in numbered sentences.
std::string story_list(const search::Failure& failure);
/// What was searched, and how.
std::string search_settings(const Report& report);

} // namespace tools::fogsim
