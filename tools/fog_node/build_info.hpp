#pragma once

#include <string>

namespace fog_node {

/// What the program was built from and how.
struct BuildInfo {
    std::string version;
    std::string git_commit; ///< 40 hex digits, `-dirty` behind them when the sources differed; or "unknown"
    std::string profile;    ///< debug or release
    std::string opt_level;
    bool debug = false;
    bool assertions = true; ///< ENSURE is active in every build
    std::string target_arch;
    std::string sgx_mode; ///< there is none
};
const BuildInfo& build_info();

} // namespace fog_node
