#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/check/checks.hpp"
#include "engine/model/recovery_rows.hpp"

namespace engine::check {

/// An ingest node has answered a command with OK, and this is how things stand at that moment.
struct ToldOperator {
    enum class Command : std::uint8_t {
        activate,
        retire,
        unretire,
        set_window,
        set_peers,
        new_keys,
        sync_keys
    };
    Command command = Command::activate;
    std::string node{}; ///< its name
    fog::IngestSummary answer{};
    std::uint64_t window = 0;                   ///< that set_window asked for
    std::vector<std::string> peers{};           ///< that set_peers asked for
    std::optional<fog::IngestState> file{};     ///< what would survive its death, where that is known
    std::optional<fog::IngressKeyRecord> row{}; ///< of its key, where the database has one
    /// Other nodes have the same key: what one retires another one may have taken back meanwhile.
    bool key_is_shared = false;
};

/// Judges an OK: `response`.  What an operator was told is so, and what must survive is in the state file.
void judge_told(Checks& checks, const ToldOperator& told);

/// An ingest node that was started with a state file that says active, and has decided not to go on.
struct NotResuming {
    std::string node{}; ///< its name
    chain::PublicKey key{};
    bool has_met_its_key = false; ///< another node was active with it meanwhile
};

/// Judges a fleet that would end idle: `liveness`.  A node that was active goes on when it comes back, unless
/// its key is lost or past its end, or unknown to the database, or somebody else has taken over.
/// @param rows  committed, at the moment of its decision
void judge_not_resuming(Checks& checks, const model::RecoveryRows& rows, const NotResuming& node);

} // namespace engine::check
