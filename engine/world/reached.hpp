#pragma once

#include <algorithm>
#include <vector>

#include "engine/world.hpp"

namespace engine {

/// A store has its own part of a chain of this height; one whose part has not begun yet has nothing to do.
inline bool has_reached(const StoreNode& store, BlockCount height) {
    const BlockRange range = store.range();
    return range.start >= height.end() || store.count() >= std::min(height, BlockCount{range.end.value});
}

template <class Store>
bool have_reached(const std::vector<Store*>& stores, BlockCount height) {
    return std::all_of(stores.begin(), stores.end(),
                       [height](const Store* store) { return has_reached(*store, height); });
}

} // namespace engine
