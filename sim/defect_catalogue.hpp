#pragma once

#include <span>
#include <string_view>

#include "engine/check/checks.hpp"
#include "sim/defect_set.hpp"

namespace sim {

/// What an entry of defects/ says of itself.
struct DefectInfo {
    Defect defect;
    const char* name; ///< as --defect takes it
    const char*
        component; ///< wallet, view store, view router, key image store, ledger router, ingest, database...
    const char* breaks;             ///< one sentence: what goes wrong
    engine::check::CheckId seen_by; ///< the check that should see it
    const char* source;             ///< entry of the reference: U2, BH-21, R5, W13 ...
    bool upstream_7_0_0;            ///< upstream has it: --profile upstream-7.0.0 switches it on
    /// Why no search of lag can see it: it changes nothing that could be observed, or a named gap.  Null: it
    /// must be seen.
    const char* survives = nullptr;
};

/// All of them, in the order of Defect.  The table is made by tools/weave.
std::span<const DefectInfo> defect_catalogue();
/// @return null when there is no defect of that name
const DefectInfo* find_defect(std::string_view name);

} // namespace sim
