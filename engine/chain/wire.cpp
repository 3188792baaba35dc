#include "engine/chain/wire.hpp"

#include "engine/chain/bytes.hpp"

namespace engine::chain {
namespace {

constexpr std::uint32_t max_field_number = (1u << 29) - 1;
constexpr int max_group_depth = 100;

} // namespace

void WireWriter::put_varint(std::uint64_t value) {
    while (value >= 0x80) {
        out_.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    out_.push_back(static_cast<std::uint8_t>(value));
}

void WireWriter::key(std::uint32_t field, WireType type) {
    put_varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(type));
}

WireWriter& WireWriter::varint(std::uint32_t field, std::uint64_t value) {
    key(field, WireType::varint);
    put_varint(value);
    return *this;
}

WireWriter& WireWriter::fixed32(std::uint32_t field, std::uint32_t value) {
    key(field, WireType::fixed32);
    append(out_, little_endian(value));
    return *this;
}

WireWriter& WireWriter::fixed64(std::uint32_t field, std::uint64_t value) {
    key(field, WireType::fixed64);
    append(out_, little_endian(value));
    return *this;
}

WireWriter& WireWriter::bytes(std::uint32_t field, ByteView value) {
    key(field, WireType::bytes);
    put_varint(value.size());
    append(out_, value);
    return *this;
}

WireWriter& WireWriter::text(std::uint32_t field, std::string_view value) {
    return bytes(field, as_bytes(value));
}

WireWriter& WireWriter::wrapped(std::uint32_t field, ByteView value) {
    WireWriter inner;
    inner.bytes(1, value);
    return bytes(field, inner.out_);
}

WireWriter& WireWriter::varint_or_omit(std::uint32_t field, std::uint64_t value) {
    return value == 0 ? *this : varint(field, value);
}
WireWriter& WireWriter::fixed32_or_omit(std::uint32_t field, std::uint32_t value) {
    return value == 0 ? *this : fixed32(field, value);
}
WireWriter& WireWriter::fixed64_or_omit(std::uint32_t field, std::uint64_t value) {
    return value == 0 ? *this : fixed64(field, value);
}
WireWriter& WireWriter::bytes_or_omit(std::uint32_t field, ByteView value) {
    return value.empty() ? *this : bytes(field, value);
}
WireWriter& WireWriter::text_or_omit(std::uint32_t field, std::string_view value) {
    return value.empty() ? *this : text(field, value);
}

std::optional<std::uint64_t> WireField::varint() const {
    if (type != WireType::varint) return std::nullopt;
    return number_value;
}
std::optional<std::uint32_t> WireField::varint32() const {
    if (type != WireType::varint) return std::nullopt;
    return static_cast<std::uint32_t>(number_value);
}
std::optional<std::uint32_t> WireField::fixed32() const {
    if (type != WireType::fixed32) return std::nullopt;
    return static_cast<std::uint32_t>(number_value);
}
std::optional<std::uint64_t> WireField::fixed64() const {
    if (type != WireType::fixed64) return std::nullopt;
    return number_value;
}
std::optional<ByteView> WireField::bytes() const {
    if (type != WireType::bytes) return std::nullopt;
    return payload;
}
std::optional<std::string> WireField::text() const {
    if (type != WireType::bytes || !is_utf8(payload)) return std::nullopt;
    return std::string(payload.begin(), payload.end());
}
std::optional<ByteView> WireField::wrapped() const {
    if (type != WireType::bytes) return std::nullopt;
    ByteView content;
    WireReader reader(payload);
    while (const auto field = reader.next()) {
        if (field->number != 1) continue;
        const auto value = field->bytes();
        if (!value) return std::nullopt;
        content = *value;
    }
    if (!reader.ok()) return std::nullopt;
    return content;
}

std::optional<WireField> WireReader::fail() {
    ok_ = false;
    rest_ = {};
    return std::nullopt;
}

bool WireReader::read_varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 70 && !rest_.empty(); shift += 7) {
        const std::uint8_t byte = rest_.front();
        rest_ = rest_.subspan(1);
        if (shift == 63 && byte > 1) return false; // beyond 64 bits
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

bool WireReader::read_field(WireField& field) {
    std::uint64_t key = 0;
    if (!read_varint(key)) return false;
    const std::uint64_t number = key >> 3;
    if (number == 0 || number > max_field_number) return false;
    field = {};
    field.number = static_cast<std::uint32_t>(number);
    field.type = static_cast<WireType>(key & 7);
    switch (field.type) {
    case WireType::varint:
        return read_varint(field.number_value);
    case WireType::fixed64:
        if (rest_.size() < 8) return false;
        field.number_value = load_little_endian<std::uint64_t>(rest_);
        rest_ = rest_.subspan(8);
        return true;
    case WireType::fixed32:
        if (rest_.size() < 4) return false;
        field.number_value = load_little_endian<std::uint32_t>(rest_);
        rest_ = rest_.subspan(4);
        return true;
    case WireType::bytes: {
        std::uint64_t length = 0;
        if (!read_varint(length) || length > rest_.size()) return false;
        field.payload = rest_.first(static_cast<std::size_t>(length));
        rest_ = rest_.subspan(static_cast<std::size_t>(length));
        return true;
    }
    case WireType::group:
    case WireType::group_end:
        return true;
    }
    return false; // wire types 6 and 7 do not exist
}

bool WireReader::skip_group(std::uint32_t number, int depth) {
    if (depth > max_group_depth) return false;
    WireField inner;
    for (;;) {
        if (!read_field(inner)) return false;
        if (inner.type == WireType::group_end) return inner.number == number;
        if (inner.type == WireType::group && !skip_group(inner.number, depth + 1)) return false;
    }
}

std::optional<WireField> WireReader::next() {
    WireField field;
    while (!rest_.empty()) {
        if (!read_field(field) || field.type == WireType::group_end) return fail();
        if (field.type != WireType::group) return field;
        if (!skip_group(field.number, 1)) return fail();
    }
    return std::nullopt;
}

bool is_utf8(ByteView bytes) {
    std::size_t i = 0;
    while (i < bytes.size()) {
        const std::uint8_t lead = bytes[i++];
        if (lead < 0x80) continue;
        int more = 0;
        std::uint32_t code = 0;
        std::uint32_t least = 0;
        if ((lead & 0xe0) == 0xc0)
            more = 1, code = lead & 0x1fu, least = 0x80;
        else if ((lead & 0xf0) == 0xe0)
            more = 2, code = lead & 0x0fu, least = 0x800;
        else if ((lead & 0xf8) == 0xf0)
            more = 3, code = lead & 0x07u, least = 0x10000;
        else
            return false;
        for (; more > 0; --more) {
            if (i == bytes.size() || (bytes[i] & 0xc0) != 0x80) return false;
            code = code << 6 | (bytes[i++] & 0x3fu);
        }
        if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    }
    return true;
}

} // namespace engine::chain
