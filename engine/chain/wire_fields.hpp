#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "engine/chain/wire.hpp"

// What the decoders of stored messages share.  A decoder is a switch over field numbers whose cases answer
// whether the field was good; unknown fields are.

namespace engine::chain {

/// Calls `on_field` for each field; it answers false where a known field is malformed.
template <class OnField>
bool read_fields(ByteView bytes, OnField on_field) {
    WireReader reader(bytes);
    while (const auto field = reader.next())
        if (!on_field(*field)) return false;
    return reader.ok();
}

/// Stores what a decoder answered, if it answered.
template <class T>
bool take(T& to, std::optional<T> from) {
    if (!from) return false;
    to = std::move(*from);
    return true;
}
template <class T>
bool take_into(std::vector<T>& to, std::optional<T> from) {
    if (!from) return false;
    to.push_back(std::move(*from));
    return true;
}
template <class T>
bool take(std::optional<T>& to, std::optional<T> from) {
    if (!from) return false;
    to = std::move(from);
    return true;
}

template <class Decode>
auto nested(const WireField& field, Decode decode) -> decltype(decode(ByteView{})) {
    const auto bytes = field.bytes();
    if (!bytes) return std::nullopt;
    return decode(*bytes);
}

} // namespace engine::chain
