#pragma once

#include "tools/fogsim/arguments.hpp"

namespace tools::fogsim {

/// Runs a scenario, a plan or a sweep, and reports.  @return the exit code
/// @throws engine::UsageError  what was asked for does not exist or cannot be written
int simulate(const Arguments& arguments);

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

/// That there is none of that name, and which may have been meant.
std::string no_such_defect(const std::string& name);

void list_scenarios();
void list_defects();
void list_marks();

} // namespace tools::fogsim
