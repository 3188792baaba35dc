#pragma once

#include <string>
#include <vector>

#include "tools/fogsim/arguments.hpp"
#include "tools/fogsim/shard.hpp"
#include "tools/fogsim/sweep_part.hpp"

namespace tools::fogsim {

/// Runs a scenario, a plan or a sweep, and reports.  @return the exit code
/// @throws engine::UsageError  what was asked for does not exist or cannot be written
int simulate(const Arguments& arguments);
/// Reports a sweep that was made in parts.
int report_merged(const MergedSweep& made);

/// `fogsim merge`: of the result files of all parts, the report of the whole.
/// @param argv  from the word "merge" on
int merge(int argc, char** argv);
/// @param parts  all, in order
/// @param json   file; empty: none
int merge_exhaustive(const std::vector<Part>& parts, const std::string& json, const std::string& replay_out);
int merge_mutants(const std::vector<Part>& parts, const std::string& json);

/// `fogsim mutants`: how long the default search takes to see each defect of the catalogue.
/// @param argv  from the word "mutants" on
int mutants(int argc, char** argv);

/// `fogsim stories`: every story over many seeds, strategies and worlds.
/// @param argv  from the word "stories" on
int stories(int argc, char** argv);

/// `fogsim exhaustive`: every ordering of the events of a small world, or every schedule near a plan's tame
/// one.
/// @param argv  from the word "exhaustive" on
int exhaustive(int argc, char** argv);

/// `fogsim judge` and `fogsim --remote-wallet`: becomes the program fogsim-judge beside it, which speaks
/// gRPC.
/// @param argv  from the word "judge" on; all of it for the flag
int judge(char** argv);

/// That there is none of that name, and which may have been meant.
std::string no_such_defect(const std::string& name);

void list_scenarios();
void list_defects();
void list_marks();

} // namespace tools::fogsim
