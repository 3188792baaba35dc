#include "real/postgres/block_rows.hpp"

#include <gtest/gtest.h>

#include "engine/chain/hex.hpp"

namespace {

using namespace engine::fog;
using engine::chain::Bytes;
using real::postgres::decode_rows;
using real::postgres::encode_rows;

Row row_of(std::uint8_t first, Bytes payload) {
    Row row;
    row.search_key.bytes[0] = first;
    row.payload = std::make_shared<const Bytes>(std::move(payload));
    return row;
}

TEST(BlockRows, BytesAreUpstreams) {
    EXPECT_EQ(engine::chain::to_hex(encode_rows({})), "");
    // Record of 24 bytes: key (tag 0a, 16 bytes), payload (tag 12, 4 bytes); then one with an empty payload,
    // which is written all the same.
    EXPECT_EQ(engine::chain::to_hex(encode_rows({row_of(0xab, {1, 0, 2, 255}), row_of(1, {})})),
              "0a18"
              "0a10ab000000000000000000000000000000"
              "1204010002ff"
              "0a14"
              "0a1001000000000000000000000000000000"
              "1200");
}

TEST(BlockRows, ReadsWhatItWrote) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < 300; ++i) rows.push_back(row_of(static_cast<std::uint8_t>(i), Bytes(i, 7)));
    const auto read = decode_rows(encode_rows(rows));
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ((*read)[i].search_key, rows[i].search_key);
        EXPECT_EQ(*(*read)[i].payload, *rows[i].payload);
    }
}

TEST(BlockRows, ForeignBytesAreRefusedOrIgnored) {
    const auto of = [](std::string_view hex) { return decode_rows(*engine::chain::from_hex(hex)); };
    EXPECT_FALSE(of("0a18")) << "cut";
    EXPECT_FALSE(of("0800")) << "another type";
    EXPECT_FALSE(of("0a04"
                    "12020102"))
        << "no search key";
    EXPECT_FALSE(of("0a11"
                    "0a0f000000000000000000000000000000"))
        << "a short one";
    EXPECT_FALSE(of("0a02"
                    "0805"))
        << "a key that is a number";
    const auto unknown = of("1001"
                            "0a14"
                            "0a1001000000000000000000000000000000"
                            "1801");
    ASSERT_TRUE(unknown) << "fields that came later";
    EXPECT_EQ(unknown->size(), 1u);
}

} // namespace
