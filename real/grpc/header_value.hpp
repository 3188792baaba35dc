#pragma once

#include <algorithm>
#include <string_view>

namespace real::grpc {

/// Whether gRPC takes a text as the value of a header: printable ASCII.  What a user or a peer says is asked
/// of this before it is sent on: gRPC ends the process for other texts.
inline bool is_header_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

} // namespace real::grpc
