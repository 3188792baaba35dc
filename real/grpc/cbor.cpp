#include "real/grpc/cbor.hpp"

namespace real::grpc {

CborWriter& CborWriter::head(unsigned major, std::uint64_t value) {
    const auto put = [this, major](unsigned low) { out_ += static_cast<char>(major << 5 | low); };
    const auto big_endian = [this, value](int size) {
        for (int i = size - 1; i >= 0; --i) out_ += static_cast<char>(value >> (8 * i) & 0xff);
    };
    if (value < 24) {
        put(static_cast<unsigned>(value));
    } else if (value <= 0xff) {
        put(24);
        big_endian(1);
    } else if (value <= 0xffff) {
        put(25);
        big_endian(2);
    } else if (value <= 0xffff'ffff) {
        put(26);
        big_endian(4);
    } else {
        put(27);
        big_endian(8);
    }
    return *this;
}

CborWriter& CborWriter::bytes(std::string_view value) {
    head(2, value.size());
    out_ += value;
    return *this;
}

CborWriter& CborWriter::text(std::string_view value) {
    head(3, value.size());
    out_ += value;
    return *this;
}

std::optional<std::uint64_t> CborReader::head(unsigned major) {
    const auto fail = [this] {
        failed_ = true;
        return std::nullopt;
    };
    if (failed_ || rest_.empty()) return fail();
    const auto first = static_cast<unsigned char>(rest_[0]);
    const unsigned low = first & 0x1fu;
    if (first >> 5 != major || low > 27) return fail(); // 31 is an indefinite length
    if (low < 24) {
        rest_.remove_prefix(1);
        return low;
    }
    const std::size_t size = std::size_t{1} << (low - 24);
    if (rest_.size() < 1 + size) return fail();
    std::uint64_t value = 0;
    for (std::size_t i = 1; i <= size; ++i) value = value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(1 + size);
    return value;
}

std::optional<std::string_view> CborReader::string(unsigned major) {
    const auto size = head(major);
    if (!size || *size > rest_.size()) {
        failed_ = true;
        return std::nullopt;
    }
    const std::string_view out = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return out;
}

std::optional<std::uint64_t> CborReader::count(unsigned major, std::uint64_t bytes_each) {
    const auto items = head(major);
    if (!items || *items > rest_.size() / bytes_each) {
        failed_ = true;
        return std::nullopt;
    }
    return items;
}

bool CborReader::skip(int depth) {
    if (failed_ || rest_.empty() || depth == 0) {
        failed_ = true;
        return false;
    }
    switch (static_cast<unsigned char>(rest_[0]) >> 5) {
    case 0:
    case 1:
        return head(static_cast<unsigned char>(rest_[0]) >> 5).has_value();
    case 2:
    case 3:
        return string(static_cast<unsigned char>(rest_[0]) >> 5).has_value();
    case 4:
    case 5: {
        const bool is_map = static_cast<unsigned char>(rest_[0]) >> 5 == 5;
        const auto items = is_map ? map() : array();
        if (!items) return false;
        for (std::uint64_t i = 0; i < (is_map ? 2 * *items : *items); ++i)
            if (!skip(depth - 1)) return false;
        return true;
    }
    default:
        failed_ = true;
        return false;
    }
}

} // namespace real::grpc
