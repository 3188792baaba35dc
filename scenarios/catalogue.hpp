#pragma once

#include <span>
#include <string_view>

#include "engine/scenario.hpp"

namespace scenarios {

/// All stories, in the order they are listed.
std::span<const engine::Scenario> all();
/// @return null when there is none of that name
const engine::Scenario* find(std::string_view name);

} // namespace scenarios

/// How an entry of the catalogue begins: name, function and file of the story are one word, and this is the
/// one place where it is registered.  The function is `Task<> WORD(World&)` in this namespace.
#define FOG_STORY(word, one_line)                                                                            \
    .name = #word, .summary = one_line, .story = [](engine::World& world) {                                  \
        engine::Task<> word(engine::World&);                                                                 \
        return word(world);                                                                                  \
    }
