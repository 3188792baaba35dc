#pragma once

#include <string>

#include "engine/world.hpp"

namespace engine {

/// The sentence of a fault, without a full stop, with the names of a world's parts.
std::string in_words(World& world, const Fault& fault);

} // namespace engine
