#include "engine/result.hpp"

namespace engine {

const char* name(Code code) {
    switch (code) {
    case Code::not_found:
        return "not_found";
    case Code::not_ready:
        return "not_ready";
    case Code::unavailable:
        return "unavailable";
    case Code::unknown:
        return "unknown";
    case Code::invalid_argument:
        return "invalid_argument";
    case Code::failed_precondition:
        return "failed_precondition";
    case Code::permission_denied:
        return "permission_denied";
    case Code::conflict:
        return "conflict";
    case Code::lost:
        return "lost";
    case Code::retired:
        return "retired";
    case Code::decommissioned:
        return "decommissioned";
    case Code::disk_full:
        return "disk_full";
    case Code::internal:
        return "internal";
    }
    return "?";
}

} // namespace engine
