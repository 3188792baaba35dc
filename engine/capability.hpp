#pragma once

#include <cstdint>

namespace engine {

/// What a world may be unable to do.  A scenario that needs more is skipped, with the reason.
enum class Capability : std::uint8_t {
    crash,           ///< kill a process at any moment
    pause,           ///< stop and resume a process
    hold_copies,     ///< decide how far each chain copy is
    hold_stores,     ///< decide how far each view and key image store loads
    own_copies,      ///< more than two chain copies
    lose_commit_ack, ///< a commit, or its answer, that never arrives
    message_faults,  ///< cut, drop or delay single messages
    stale_reads,     ///< a database replica that lags
    state_files,     ///< lose or put back an ingest node's state file, fill its disk
    kill_wallet,     ///< kill a wallet in the middle of a check
    clocks,          ///< set a process' wall clock off
    inner_failures,  ///< fail single look-ups and database calls inside a process
    old_wallets,     ///< a wallet whose release is older than what it is told
};
inline constexpr Capability last_capability = Capability::old_wallets;
const char* name(Capability capability);

} // namespace engine
