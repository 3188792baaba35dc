#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The part of CBOR (RFC 8949) that serde writes for plain structs: unsigned integers, byte and text strings,
// arrays and maps, all of definite length.

namespace real::grpc {

class CborWriter {
public:
    CborWriter& number(std::uint64_t value) { return head(0, value); }
    CborWriter& bytes(std::string_view value);
    CborWriter& text(std::string_view value);
    /// @param items  that follow
    CborWriter& array(std::uint64_t items) { return head(4, items); }
    /// @param pairs  of a key and a value that follow
    CborWriter& map(std::uint64_t pairs) { return head(5, pairs); }

    std::string take() { return std::move(out_); }

private:
    CborWriter& head(unsigned major, std::uint64_t value);
    std::string out_;
};

/// Reads what the writer writes; anything else makes every further call answer nothing.  Looks into its
/// input.
class CborReader {
public:
    explicit CborReader(std::string_view input) : rest_(input) {}

    std::optional<std::uint64_t> number() { return head(0); }
    std::optional<std::string_view> bytes() { return string(2); }
    std::optional<std::string_view> text() { return string(3); }
    /// @return how many items follow, never more than there are bytes left
    std::optional<std::uint64_t> array() { return count(4, 1); }
    /// @return how many pairs follow
    std::optional<std::uint64_t> map() { return count(5, 2); }
    /// Passes over one item of any kind, nested at most 8 deep.
    bool skip() { return skip(8); }
    bool at_end() const { return rest_.empty() && !failed_; }

private:
    std::optional<std::uint64_t> head(unsigned major);
    std::optional<std::string_view> string(unsigned major);
    std::optional<std::uint64_t> count(unsigned major, std::uint64_t bytes_each);
    bool skip(int depth);

    std::string_view rest_;
    bool failed_ = false;
};

} // namespace real::grpc
