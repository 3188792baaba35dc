#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// The known word that a mistyped one was most probably meant to be; empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

/// What follows "there is no x 'word'": the near word as a question, and all known ones where they are few.
/// @param list_with  flag that lists them; empty: none does
std::string known_words(std::string_view word, const std::vector<std::string_view>& known,
                        std::string_view list_with = {});

} // namespace engine
