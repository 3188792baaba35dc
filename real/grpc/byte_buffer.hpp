#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <optional>
#include <string>
#include <vector>

// Inside real/grpc only: gRPC's buffers as strings.

namespace real::grpc {

inline ::grpc::ByteBuffer to_buffer(const std::string& bytes) {
    const ::grpc::Slice slice(bytes);
    return {&slice, 1};
}

/// @return nothing when the buffer cannot be read
inline std::optional<std::string> to_string(const ::grpc::ByteBuffer& buffer) {
    std::vector<::grpc::Slice> slices;
    if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return std::nullopt;
    std::string out;
    out.reserve(buffer.Length());
    for (const ::grpc::Slice& slice : slices)
        out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    return out;
}

} // namespace real::grpc
