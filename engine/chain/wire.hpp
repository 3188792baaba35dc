#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/chain/types.hpp"

// The protobuf wire format, by hand: stored MobileCoin messages do not keep protobuf's own field order (a
// oneof is written at its lowest tag), and the engine links no protobuf library.
// @source crate prost 0.12.3

namespace engine::chain {

enum class WireType : std::uint8_t {
    varint = 0,
    fixed64 = 1,
    bytes = 2,
    group = 3,
    group_end = 4,
    fixed32 = 5
};

/// Appends fields in the order of the calls.  The plain functions always write, as prost does for `required`
/// and for present optional fields; `..._or_omit` leave out zero and empty, as proto3 does for plain fields.
class WireWriter {
public:
    WireWriter& varint(std::uint32_t field, std::uint64_t value);
    WireWriter& fixed32(std::uint32_t field, std::uint32_t value);
    WireWriter& fixed64(std::uint32_t field, std::uint64_t value);
    /// Byte strings, texts and encoded messages.
    WireWriter& bytes(std::uint32_t field, ByteView value);
    WireWriter& text(std::uint32_t field, std::string_view value);
    /// A message whose only field is number 1 with these bytes: how keys, hashes and the like are written.
    WireWriter& wrapped(std::uint32_t field, ByteView value);

    WireWriter& varint_or_omit(std::uint32_t field, std::uint64_t value);
    WireWriter& fixed32_or_omit(std::uint32_t field, std::uint32_t value);
    WireWriter& fixed64_or_omit(std::uint32_t field, std::uint64_t value);
    WireWriter& bytes_or_omit(std::uint32_t field, ByteView value);
    WireWriter& text_or_omit(std::uint32_t field, std::string_view value);

    const Bytes& data() const { return out_; }
    Bytes take() { return std::move(out_); }

private:
    void key(std::uint32_t field, WireType type);
    void put_varint(std::uint64_t value);

    Bytes out_;
};

/// One field as found.  The accessors answer nothing when the field has another wire type.
struct WireField {
    std::uint32_t number = 0;
    WireType type = WireType::varint;
    std::uint64_t number_value = 0; ///< for varint, fixed64, fixed32
    ByteView payload;               ///< for bytes; looks into the reader's input

    std::optional<std::uint64_t> varint() const;
    /// Truncates, as prost does for 32-bit fields.
    std::optional<std::uint32_t> varint32() const;
    std::optional<std::uint32_t> fixed32() const;
    std::optional<std::uint64_t> fixed64() const;
    std::optional<ByteView> bytes() const;
    /// @return nothing also when the bytes are not UTF-8
    std::optional<std::string> text() const;
    /// What a one-field message holds; empty when it lacks field 1.  @return nothing when malformed
    std::optional<ByteView> wrapped() const;
};

/// Walks the fields of a message.  Unknown fields are for the caller to ignore, groups are skipped here;
/// hostile bytes end the walk with `ok()` false, never with a crash.
///
///     WireReader reader(bytes);
///     while (const auto field = reader.next()) ...
///     if (!reader.ok()) return std::nullopt;
class WireReader {
public:
    /// @param message  read as long as the reader and its fields are used, not copied
    explicit WireReader(ByteView message) : rest_(message) {}

    /// @return nothing at the end of the message, and at the first malformed field
    std::optional<WireField> next();
    /// False once a malformed field was met.
    bool ok() const { return ok_; }

private:
    std::optional<WireField> fail();
    bool read_varint(std::uint64_t& value);
    bool read_field(WireField& field);
    bool skip_group(std::uint32_t number, int depth);

    ByteView rest_;
    bool ok_ = true;
};

/// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(ByteView bytes);

/// Reads the message of one wrapped value of exactly `Fixed::size` bytes; an empty message leaves zeros.
template <class Fixed>
std::optional<Fixed> wrapped_fixed(const WireField& field) {
    const auto content = field.wrapped();
    if (!content) return std::nullopt;
    if (content->empty()) return Fixed{};
    return Fixed::from(*content);
}

} // namespace engine::chain
