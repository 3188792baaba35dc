#pragma once

#include <array>
#include <string_view>

namespace engine::chain {

/// 2048 English words in alphabetical order; the position of a word is its 11-bit value.
using Bip39Words = std::array<std::string_view, 2048>;
const Bip39Words& bip39_words();

} // namespace engine::chain
