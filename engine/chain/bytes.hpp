#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/chain/types.hpp"

// Integers in byte strings, written out by shifts so that the machine's own byte order never matters.

namespace engine::chain {

/// The bytes of `text`; valid as long as what `text` looks at.
inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline void append(Bytes& to, ByteView more) { to.insert(to.end(), more.begin(), more.end()); }

template <std::unsigned_integral T>
constexpr std::array<std::uint8_t, sizeof(T)> little_endian(T value) {
    std::array<std::uint8_t, sizeof(T)> out{};
    for (std::size_t i = 0; i < sizeof(T); ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
    return out;
}

template <std::unsigned_integral T>
constexpr std::array<std::uint8_t, sizeof(T)> big_endian(T value) {
    std::array<std::uint8_t, sizeof(T)> out{};
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out[sizeof(T) - 1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    return out;
}

/// The integer in the first sizeof(T) bytes of `from`, which must be there.
template <std::unsigned_integral T>
constexpr T load_little_endian(ByteView from) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = static_cast<T>(value | static_cast<T>(static_cast<T>(from[i]) << (8 * i)));
    return value;
}

template <std::unsigned_integral T>
constexpr T load_big_endian(ByteView from) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = static_cast<T>(value | static_cast<T>(static_cast<T>(from[sizeof(T) - 1 - i]) << (8 * i)));
    return value;
}

} // namespace engine::chain
