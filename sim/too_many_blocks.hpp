#pragma once

#include <stdexcept>

namespace sim {

/// Ends a story that appends more blocks than the run may have, even where it never suspends.
struct TooManyBlocks : std::runtime_error {
    TooManyBlocks() : std::runtime_error("too many blocks") {}
};

} // namespace sim
