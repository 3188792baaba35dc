#pragma once

#include <string>

#include "sim/watch.hpp"

namespace tools::fogsim {

/// From now on, should this thread crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT), the program tells on
/// stderr which story, seed and step it was at and how to repeat that, and ends with exit code 70.  Where a
/// sanitizer has a handler of its own, that one stays.
/// @param watch    of this thread's run; outlives the thread's runs
/// @param command  that repeats the run
void name_run_at_crash(const sim::RunWatch& watch, const std::string& story, const std::string& command);

} // namespace tools::fogsim
