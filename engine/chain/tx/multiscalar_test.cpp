#include "engine/chain/tx/multiscalar.hpp"

#include <gtest/gtest.h>

#include "engine/chain/test_support.hpp"

// The group written here against libsodium's, on random points and on the edges.

namespace engine::chain::tx {
namespace {

using Encoded = std::array<std::uint8_t, 32>;

Scalar minus_one() { return -Scalar::from_u64(1); }

/// Edges first, then random ones.
std::vector<Scalar> scalars(ByteSource& rng, std::size_t count) {
    Encoded ones;
    ones.fill(0x55);
    ones[31] = 0x05;
    std::vector<Scalar> out{Scalar(),
                            Scalar::from_u64(1),
                            minus_one(),
                            Scalar::from_u64(2),
                            Scalar::from_u64(~std::uint64_t{0}),
                            minus_one() - Scalar::from_u64(1),
                            Scalar::reduce(ones)};
    while (out.size() < count) out.push_back(Scalar::random(rng));
    out.resize(count);
    return out;
}

/// Identity, base point and its opposite first.
std::vector<Point> points(ByteSource& rng, std::size_t count) {
    const Point base = Point::base_times(Scalar::from_u64(1));
    std::vector<Point> out{base, Point(), Point() - base};
    while (out.size() < count) out.push_back(Point::random(rng));
    out.resize(count);
    return out;
}

AffineElement affine(const Point& point) { return AffineElement(GroupElement::from(point)); }

TEST(FieldTest, bytes_are_canonical_and_products_agree_with_known_roots) {
    const FieldElement minus_one = -FieldElement::one();
    EXPECT_EQ(root_of_minus_one.square(), minus_one);
    EXPECT_FALSE(root_of_minus_one.is_negative());
    EXPECT_EQ((minus_one - edwards_d) * inverse_root_of_a_minus_d.square(), FieldElement::one());
    EXPECT_EQ(edwards_2d, edwards_d + edwards_d);
    // -121665/121666
    EXPECT_EQ(edwards_d * FieldElement({121666, 0, 0, 0, 0}), -FieldElement({121665, 0, 0, 0, 0}));

    Encoded p{}; // p itself, p - 1, 2^255 - 1
    p.fill(0xff);
    p[0] = 0xed;
    p[31] = 0x7f;
    EXPECT_TRUE(FieldElement::load(p).is_zero());
    p[0] = 0xec;
    EXPECT_EQ(FieldElement::load(p), minus_one);
    EXPECT_EQ(FieldElement::load(p).bytes(), p);
    p[0] = 0xff;
    EXPECT_EQ(FieldElement::load(p), FieldElement({18, 0, 0, 0, 0}));
    p[31] = 0xff; // the top bit does not count
    EXPECT_EQ(FieldElement::load(p), FieldElement({18, 0, 0, 0, 0}));

    EXPECT_TRUE(FieldElement::zero().inverse().is_zero());
    test::SeededBytes rng(3);
    for (int i = 0; i < 100; ++i) {
        Encoded a{};
        Encoded b{};
        rng.fill(a);
        rng.fill(b);
        const FieldElement x = FieldElement::load(a);
        const FieldElement y = FieldElement::load(b);
        EXPECT_EQ(x * x.inverse(), FieldElement::one());
        EXPECT_EQ((x + y).square(), x.square() + y.square() + (x * y + x * y) * FieldElement::one());
        EXPECT_EQ((x - y) * (x + y), x.square() - y.square());
        const Root root = root_of_ratio(x, y);
        EXPECT_EQ(root.value.square() * y, root.exists ? x : x * root_of_minus_one);
    }
}

TEST(GroupTest, decodes_and_encodes_what_libsodium_does) {
    test::SeededBytes rng(4);
    for (const Point& point : points(rng, 200)) {
        const auto element = GroupElement::decode(point.bytes());
        ASSERT_TRUE(element);
        EXPECT_EQ(element->encode(), point.bytes());
        // The other representatives of the same element encode alike.
        EXPECT_EQ((*element + *element - *element).encode(), point.bytes());
        EXPECT_EQ(affine(point).extended().encode(), point.bytes());
    }
    EXPECT_TRUE(GroupElement().is_identity());
    EXPECT_EQ(GroupElement().encode(), Encoded{});
}

TEST(GroupTest, refuses_what_libsodium_refuses) {
    test::SeededBytes rng(5);
    int good = 0;
    for (int i = 0; i < 400; ++i) {
        Encoded bytes{};
        rng.fill(bytes);
        if (i % 2 == 0) bytes[31] &= 0x7f;
        if (i % 4 == 0) bytes[0] &= 0xfe;
        const bool valid = Point::parse(ByteView(bytes)).has_value();
        EXPECT_EQ(GroupElement::decode(bytes).has_value(), valid);
        good += valid ? 1 : 0;
    }
    EXPECT_GT(good, 20);
    // libsodium 1.0.18 itself overlooks the topmost bit.
    Encoded marked = Point::base_times(Scalar::from_u64(1)).bytes();
    marked[31] |= 0x80;
    EXPECT_FALSE(Point::parse(ByteView(marked)));
    EXPECT_FALSE(GroupElement::decode(marked));
    Encoded all{};
    all.fill(0xff);
    EXPECT_FALSE(GroupElement::decode(all));
    Encoded p{};
    p.fill(0xff);
    p[0] = 0xed;
    p[31] = 0x7f;
    EXPECT_FALSE(GroupElement::decode(p)) << "zero written as p";
}

TEST(GroupTest, sums_and_doublings_agree_with_libsodium) {
    test::SeededBytes rng(6);
    const std::vector<Point> list = points(rng, 12);
    for (const Point& a : list)
        for (const Point& b : list) {
            const GroupElement x = GroupElement::from(a);
            const GroupElement y = GroupElement::from(b);
            EXPECT_EQ((x + y).encode(), (a + b).bytes());
            EXPECT_EQ((x - y).encode(), (a - b).bytes());
            EXPECT_EQ((x + affine(b)).encode(), (a + b).bytes());
            EXPECT_EQ((x - affine(b)).encode(), (a - b).bytes());
            EXPECT_EQ((x.negated() + y).encode(), (b - a).bytes());
            EXPECT_EQ(x == y, a == b);
            EXPECT_EQ((x - y).is_identity(), a == b);
        }
    Point many = list.back();
    for (int times = 0; times < 9; ++times, many = many + many)
        EXPECT_EQ(doubled_often(GroupElement::from(list.back()), times).encode(), many.bytes());
    std::vector<GroupElement> scaled;
    for (const Point& point : list) scaled.push_back(GroupElement::from(point).doubled());
    const auto together = to_affine(scaled);
    for (std::size_t i = 0; i < list.size(); ++i)
        EXPECT_EQ(together[i].extended().encode(), (list[i] + list[i]).bytes());
}

TEST(MultiscalarTest, every_scalar_times_every_point_agrees_with_libsodium) {
    test::SeededBytes rng(7);
    for (const Point& point : points(rng, 6))
        for (const Scalar& scalar : scalars(rng, 40)) {
            const AffineElement element = affine(point);
            const Encoded expected = (scalar * point).bytes();
            EXPECT_EQ(straus({&scalar, 1}, {&element, 1}).encode(), expected);
            EXPECT_EQ(pippenger({&scalar, 1}, {&element, 1}).encode(), expected);
            const Scalar other = Scalar::random(rng);
            EXPECT_EQ(base_and_one(other, scalar, element).encode(),
                      (Point::base_times(other) + scalar * point).bytes());
            EXPECT_EQ(base_and_one(scalar, other, element).encode(),
                      (Point::base_times(scalar) + other * point).bytes());
            EXPECT_EQ(two_terms(scalar, element, other, base_element()).encode(),
                      (Point::base_times(other) + scalar * point).bytes());
        }
}

TEST(MultiscalarTest, both_methods_agree_with_sums_by_libsodium) {
    test::SeededBytes rng(8);
    for (const std::size_t terms : {0u, 1u, 2u, 3u, 17u, 63u, 64u, 189u, 190u, 299u, 300u, 950u}) {
        const std::vector<Scalar> factors = scalars(rng, terms);
        const std::vector<Point> list = points(rng, terms);
        std::vector<AffineElement> elements;
        Point expected;
        for (std::size_t i = 0; i < terms; ++i) {
            elements.push_back(affine(list[i]));
            expected = expected + factors[i] * list[i];
        }
        EXPECT_EQ(straus(factors, elements).encode(), expected.bytes()) << terms;
        EXPECT_EQ(pippenger(factors, elements).encode(), expected.bytes()) << terms;
        EXPECT_EQ(multiscalar(factors, elements).encode(), expected.bytes()) << terms;
    }
}

TEST(MultiscalarTest, many_terms_that_cancel_are_the_identity) {
    test::SeededBytes rng(9);
    std::vector<Scalar> factors;
    std::vector<AffineElement> elements;
    for (int i = 0; i < 2600; ++i) { // the widest windows
        const AffineElement element = affine(Point::base_times(Scalar::from_u64(7)));
        const Scalar factor = Scalar::random(rng);
        factors.insert(factors.end(), {factor, -factor});
        elements.insert(elements.end(), {element, element});
        i += 1;
    }
    EXPECT_TRUE(multiscalar(factors, elements).is_identity());
    factors.front() = factors.front() + Scalar::from_u64(1);
    EXPECT_EQ(multiscalar(factors, elements).encode(), Point::base_times(Scalar::from_u64(7)).bytes());
}

TEST(ScalarTest, differences_and_inverses) {
    test::SeededBytes rng(10);
    for (const Scalar& a : scalars(rng, 30)) {
        EXPECT_EQ(a - a, Scalar());
        EXPECT_EQ(a + -a, Scalar());
        const Scalar product = a * a.inverse();
        EXPECT_EQ(product, a == Scalar() ? Scalar() : Scalar::from_u64(1));
    }
}

} // namespace
} // namespace engine::chain::tx
