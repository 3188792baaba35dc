#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/chain/account.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/schnorr.hpp"
#include "engine/chain/test_support.hpp"

namespace engine::chain {
namespace {

using test::fixed;
using test::hex;
using test::Json;

const Json& group() {
    static const Json data = test::test_data("group.json");
    return data;
}

Scalar scalar_of(std::uint64_t n) { return Scalar::from_u64(n); }

TEST(ScalarTest, accepts_only_values_below_the_group_order) {
    const auto parse = [](std::string_view text) {
        return Scalar::parse(fixed_from_hex<PrivateKey>(text).value());
    };
    EXPECT_TRUE(parse("0000000000000000000000000000000000000000000000000000000000000000"));
    EXPECT_TRUE(parse("ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"));  // order - 1
    EXPECT_FALSE(parse("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")); // order
    EXPECT_FALSE(parse("eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"));
    EXPECT_FALSE(parse("ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000090"));
    EXPECT_FALSE(parse("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
    EXPECT_TRUE(parse("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0f"));
}

TEST(ScalarTest, order_reduces_to_zero) {
    const auto order =
        fixed<Hash32>(Json("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")).bytes;
    EXPECT_EQ(Scalar::reduce(order), Scalar());
    Digest64 wide{};
    std::copy(order.begin(), order.end(), wide.begin() + 1); // 256 times the order
    EXPECT_EQ(Scalar::wide(wide), Scalar());
}

TEST(PointTest, refuses_bytes_that_are_no_point) {
    EXPECT_EQ(Point::parse(Bytes(32)), Point()) << "zeros are the identity";
    EXPECT_FALSE(Point::parse(Bytes(32, 0xff)));
    EXPECT_FALSE(Point::parse(Bytes(31)));
    EXPECT_FALSE(Point::parse(Bytes(33)));
    Bytes one(32);
    one[0] = 1; // negative
    EXPECT_FALSE(Point::parse(one));
}

TEST(PointTest, multiplications_that_end_in_the_identity_are_no_failure) {
    const Point base = Point::base_times(scalar_of(1));
    EXPECT_EQ(Point::base_times(Scalar()), Point());
    EXPECT_EQ(Scalar() * base, Point());
    EXPECT_EQ(scalar_of(7) * Point(), Point());
    EXPECT_EQ(base - base, Point());
    EXPECT_EQ(base + Point(), base);
}

RC_GTEST_PROP(PointTest, scalars_distribute_over_points,
              (std::uint64_t a, std::uint64_t b, std::uint64_t c)) {
    const Point p = Point::base_times(scalar_of(c));
    RC_ASSERT((scalar_of(a) + scalar_of(b)) * p == scalar_of(a) * p + scalar_of(b) * p);
    RC_ASSERT((scalar_of(a) * scalar_of(b)) * p == scalar_of(a) * (scalar_of(b) * p));
    RC_ASSERT(Point::parse(p.key()) == p);
}

TEST(GroupTest, hash_to_point_known_answers) {
    for (const Json& row : group().at("hash_to_point"))
        EXPECT_EQ(onetime_point(fixed<PublicKey>(row.at("of"))).key(), fixed<PublicKey>(row.at("is")));
}

TEST(GroupTest, value_generator_known_answers) {
    for (const Json& row : group().at("value_generator"))
        EXPECT_EQ(value_generator(std::stoull(row.at("token").get<std::string>())).key(),
                  fixed<PublicKey>(row.at("is")));
}

TEST(GroupTest, key_image_known_answers) {
    for (const Json& row : group().at("key_image"))
        EXPECT_EQ(key_image(scalar_of(std::stoull(row.at("private").get<std::string>()))),
                  fixed<KeyImage>(row.at("is")));
}

TEST(GroupTest, burn_address_known_answer) {
    EXPECT_EQ(burn_address().spend_public, fixed<PublicKey>(group().at("burn_address").at("spend_public")));
    EXPECT_EQ(burn_address().view_public, fixed<PublicKey>(group().at("burn_address").at("view_public")));
}

TEST(GroupTest, commitments_add_up) {
    const auto as_point = [](const Commitment& c) { return Point::parse(c.view()).value(); };
    const Commitment sum = commit({.value = 11, .token_id = 2}, scalar_of(8));
    EXPECT_EQ(as_point(commit({.value = 4, .token_id = 2}, scalar_of(3))) +
                  as_point(commit({.value = 7, .token_id = 2}, scalar_of(5))),
              as_point(sum));
    EXPECT_NE(sum, commit({.value = 11, .token_id = 0}, scalar_of(8)));
    EXPECT_EQ(as_point(commit({}, Scalar())), Point());
}

TEST(SchnorrTest, known_answers) {
    for (const Json& row : group().at("schnorr")) {
        const Scalar key = Scalar::parse(fixed<PrivateKey>(row.at("private"))).value();
        const auto context = row.at("context").get<std::string>();
        const SchnorrSignature signature = schnorr_sign(key, context, hex(row.at("message")));
        EXPECT_EQ(signature, fixed<SchnorrSignature>(row.at("signature")));
        EXPECT_TRUE(schnorr_verify(Point::base_times(key).key(), context, hex(row.at("message")), signature));
    }
}

TEST(SchnorrTest, refuses_what_was_not_signed) {
    const Scalar key = scalar_of(77);
    const PublicKey open = Point::base_times(key).key();
    const Bytes message{1, 2, 3};
    const SchnorrSignature good = schnorr_sign(key, "ctx", message);
    ASSERT_TRUE(schnorr_verify(open, "ctx", message, good));
    EXPECT_FALSE(schnorr_verify(open, "ctX", message, good));
    EXPECT_FALSE(schnorr_verify(open, "ctx", Bytes{1, 2}, good));
    EXPECT_FALSE(schnorr_verify(Point::base_times(scalar_of(78)).key(), "ctx", message, good));
    PublicKey no_point;
    no_point.bytes.fill(0xff);
    EXPECT_FALSE(schnorr_verify(no_point, "ctx", message, good));
    for (std::size_t bit = 0; bit < 512; bit += 7) {
        SchnorrSignature bad = good;
        bad.bytes[bit / 8] = static_cast<std::uint8_t>(bad.bytes[bit / 8] ^ 1u << (bit % 8));
        EXPECT_FALSE(schnorr_verify(open, "ctx", message, bad)) << "bit " << bit;
    }
    SchnorrSignature unmarked = good;
    unmarked.bytes[63] &= 0x7f;
    EXPECT_FALSE(schnorr_verify(open, "ctx", message, unmarked));
}

} // namespace
} // namespace engine::chain
