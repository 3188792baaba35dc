#pragma once

namespace tools {

/// What a program of this project was built from.  The texts live for ever.
struct BuildFacts {
    const char* version; ///< of the project, as CMakeLists.txt states it
    const char* commit;  ///< 40 hex digits, `-dirty` behind them when the sources differed; or "unknown"
    const char* date;    ///< of that commit, ISO 8601 with its own time zone; or "unknown"
};
const BuildFacts& build_facts();

} // namespace tools
