#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/test_support.hpp"
#include "engine/chain/wire.hpp"

namespace engine::chain {
namespace {

using test::hex;

/// Walks to the end.  @return how many fields there were, nothing when malformed
std::optional<int> walk(ByteView bytes) {
    WireReader reader(bytes);
    int n = 0;
    while (const auto field = reader.next()) {
        ++n;
        (void)field->text();
        (void)field->wrapped();
    }
    if (!reader.ok()) return std::nullopt;
    return n;
}

TEST(WireTest, writes_what_protobuf_writes) {
    WireWriter w;
    w.varint(1, 150)
        .fixed32(2, 1)
        .fixed64(3, 2)
        .text(4, "testing")
        .bytes(16, hex("ff"))
        .wrapped(6, hex("0102"));
    EXPECT_EQ(to_hex(w.data()), "0896011501000000190200000000000000220774657374696e67820101ff32040a020102");
}

TEST(WireTest, omits_zero_and_empty_only_when_told) {
    WireWriter w;
    w.varint_or_omit(1, 0).fixed32_or_omit(2, 0).fixed64_or_omit(3, 0).bytes_or_omit(4, {}).text_or_omit(5,
                                                                                                         "");
    EXPECT_TRUE(w.data().empty());
    w.varint(1, 0).bytes(2, {}).wrapped(3, {});
    EXPECT_EQ(to_hex(w.data()), "080012001a020a00");
    EXPECT_EQ(to_hex(WireWriter().varint_or_omit(1, 1).fixed32_or_omit(2, 1).data()), "08011501000000");
}

TEST(WireTest, refuses_malformed_fields) {
    for (const char* bad : {
             "08",                       // varint missing
             "08ffffffffffffffffff02",   // varint beyond 64 bits
             "08ffffffffffffffffffff01", // varint of eleven bytes
             "0a05616263",               // bytes cut short
             "0affffffffffffffffff01",   // absurd length
             "1d010203",                 // fixed32 cut short
             "1901020304050607",         // fixed64 cut short
             "00",                       // field number zero
             "8280808010",               // field number beyond 2^29-1
             "0e00",                     // wire type 6
             "0f00",                     // wire type 7
             "0c",                       // end of a group that never began
             "0b",                       // group never ended
             "0b14",                     // group ended by another
         })
        EXPECT_FALSE(walk(hex(bad))) << bad;
}

TEST(WireTest, skips_groups_and_gives_up_on_deep_ones) {
    EXPECT_EQ(walk(hex("0b0801"
                       "13081414"
                       "0c1005")),
              1);
    Bytes deep(5000, 0x0b);
    EXPECT_FALSE(walk(deep));
    Bytes matched(50, 0x0b);
    matched.insert(matched.end(), 50, 0x0c);
    EXPECT_EQ(walk(matched), 0);
}

TEST(WireTest, accessors_answer_only_for_their_wire_type) {
    const Bytes message = hex("08ffffffffffffffffff01"
                              "1501000000"
                              "0a020a00");
    WireReader reader(message);
    const auto varint = reader.next().value();
    EXPECT_EQ(varint.varint(), ~std::uint64_t{0});
    EXPECT_EQ(varint.varint32(), ~std::uint32_t{0}) << "32-bit fields truncate";
    EXPECT_FALSE(varint.fixed32() || varint.fixed64() || varint.bytes() || varint.text() || varint.wrapped());
    EXPECT_EQ(reader.next()->fixed32(), 1u);
    const auto wrapped = reader.next().value();
    EXPECT_FALSE(wrapped.varint() || wrapped.varint32());
    EXPECT_TRUE(wrapped.wrapped()->empty());
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.ok());
}

TEST(WireTest, wrapped_values_have_their_exact_length_or_are_absent) {
    const auto read = [](std::string_view content) {
        const Bytes message = WireWriter().bytes(1, hex(content)).take();
        WireReader reader(message);
        return wrapped_fixed<SearchKey>(reader.next().value());
    };
    EXPECT_EQ(read(""), SearchKey{});
    EXPECT_EQ(read("0a10000102030405060708090a0b0c0d0e0f")->bytes[15], 15);
    EXPECT_FALSE(read("0a0f000102030405060708090a0b0c0d0e"));
    EXPECT_FALSE(read("0801"));
    EXPECT_EQ(read("10010a10000102030405060708090a0b0c0d0e0f")->bytes[1], 1) << "unknown fields are skipped";
}

TEST(WireTest, text_is_utf8) {
    for (const char* good : {"", "61", "c3a4", "e282ac", "f09f9880", "f48fbfbf"})
        EXPECT_TRUE(is_utf8(hex(good))) << good;
    for (const char* bad : {"80", "c3", "c080", "e08080", "eda080", "f4908080", "f8", "ff", "e282"})
        EXPECT_FALSE(is_utf8(hex(bad))) << bad;
}

RC_GTEST_PROP(WireTest, any_bytes_end_the_walk, (const Bytes& bytes)) { walk(bytes); }

RC_GTEST_PROP(WireTest, every_varint_comes_back, (std::uint64_t value, std::uint8_t shift)) {
    const std::uint64_t v = value >> (shift % 64);
    const Bytes message = WireWriter().varint(3, v).take();
    WireReader reader(message);
    RC_ASSERT(reader.next()->varint() == v);
    RC_ASSERT(!reader.next() && reader.ok());
}

RC_GTEST_PROP(WireTest, every_field_comes_back, (const Bytes& blob, std::uint64_t a, std::uint32_t b)) {
    const Bytes message = WireWriter().bytes(1, blob).fixed64(2, a).fixed32(3, b).wrapped(4, blob).take();
    WireReader reader(message);
    const auto first = reader.next().value().bytes().value();
    RC_ASSERT(Bytes(first.begin(), first.end()) == blob);
    RC_ASSERT(reader.next()->fixed64() == a);
    RC_ASSERT(reader.next()->fixed32() == b);
    const auto last = reader.next().value().wrapped().value();
    RC_ASSERT(Bytes(last.begin(), last.end()) == blob);
}

} // namespace
} // namespace engine::chain
