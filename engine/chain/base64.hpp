#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/chain/types.hpp"

namespace engine::chain {

/// Standard alphabet, with padding, one line.
std::string to_base64(ByteView bytes);
/// @return nothing for any other character (blanks and line ends included), and for wrong or missing padding
std::optional<Bytes> from_base64(std::string_view text);

} // namespace engine::chain
