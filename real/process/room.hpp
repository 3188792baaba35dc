#pragma once

#include <cstdint>
#include <string>

namespace real {

/// What a run asks of the machine beyond what anybody has.
struct RoomNeeded {
    std::uint64_t threads = 0;             ///< of all its processes
    std::uint64_t address_space_bytes = 0; ///< of its largest process
};

/// Why the limits of this user, or of the control group, leave less than that; empty: they do not.  A library
/// that is refused a thread corrupts its locks or hangs, which looks like a fault of a service.
std::string too_little_room(const RoomNeeded& needed);

} // namespace real
