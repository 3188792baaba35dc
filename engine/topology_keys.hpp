#pragma once

#include <string>
#include <vector>

namespace engine {

/// What `engine::apply` understands.
struct TopologyKey {
    std::string name;
    std::string values;  ///< "1 to 64", "own or shared"
    std::string usual;   ///< where a story does not say otherwise
    std::string meaning; ///< no full stop
};
std::vector<TopologyKey> topology_keys();

} // namespace engine
