#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/chain/types.hpp"

namespace engine::chain {

/// Lower case, two digits a byte.
std::string to_hex(ByteView bytes);

/// Either case, no prefix, no spaces.
/// @return nothing when the length is odd or a character is no hex digit
std::optional<Bytes> from_hex(std::string_view text);

/// @return nothing unless `text` is exactly the hex of `Fixed::size` bytes
template <class Fixed>
std::optional<Fixed> fixed_from_hex(std::string_view text) {
    const auto bytes = from_hex(text);
    if (!bytes) return std::nullopt;
    return Fixed::from(*bytes);
}

} // namespace engine::chain
