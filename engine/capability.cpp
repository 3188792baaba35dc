#include "engine/capability.hpp"

namespace engine {

const char* name(Capability capability) {
    switch (capability) {
    case Capability::crash:
        return "crash";
    case Capability::pause:
        return "pause";
    case Capability::hold_copies:
        return "hold_copies";
    case Capability::hold_stores:
        return "hold_stores";
    case Capability::own_copies:
        return "own_copies";
    case Capability::lose_commit_ack:
        return "lose_commit_ack";
    case Capability::message_faults:
        return "message_faults";
    case Capability::stale_reads:
        return "stale_reads";
    case Capability::state_files:
        return "state_files";
    case Capability::kill_wallet:
        return "kill_wallet";
    case Capability::clocks:
        return "clocks";
    case Capability::inner_failures:
        return "inner_failures";
    case Capability::old_wallets:
        return "old_wallets";
    }
    return "?";
}

} // namespace engine
