#include "engine/chain/tx/group.hpp"

#include <algorithm>

namespace engine::chain::tx {
namespace {

FieldElement positive(const FieldElement& value) { return value.is_negative() ? -value : value; }

/// A sum before its four products: (X:Z) and (Y:T).
struct Completed {
    FieldElement x, y, z, t;
    GroupElement extended() const { return {x * t, y * z, z * t, x * y}; }
};

struct Projective {
    FieldElement x, y, z;

    Completed doubled() const {
        const FieldElement xx = x.square();
        const FieldElement yy = y.square();
        const FieldElement zz = z.square();
        const FieldElement sum = (x + y).square();
        const FieldElement plus = yy + xx;
        const FieldElement minus = yy - xx;
        return {sum - plus, plus, minus, zz + zz - minus};
    }
};

Projective projective(const Completed& c) { return {c.x * c.t, c.y * c.z, c.z * c.t}; }

Completed sum(const FieldElement& y_plus_x, const FieldElement& y_minus_x, const FieldElement& tt,
              const FieldElement& zz2, const FieldElement& other_plus, const FieldElement& other_minus) {
    const FieldElement pp = y_plus_x * other_plus;
    const FieldElement mm = y_minus_x * other_minus;
    return {pp - mm, pp + mm, zz2 + tt, zz2 - tt};
}
Completed difference(const FieldElement& y_plus_x, const FieldElement& y_minus_x, const FieldElement& tt,
                     const FieldElement& zz2, const FieldElement& other_plus,
                     const FieldElement& other_minus) {
    const FieldElement pm = y_plus_x * other_minus;
    const FieldElement mp = y_minus_x * other_plus;
    return {pm - mp, pm + mp, zz2 - tt, zz2 + tt};
}

} // namespace

// @source RFC 9496, 4.3.1
std::optional<GroupElement> GroupElement::decode(std::span<const std::uint8_t, 32> bytes) {
    const FieldElement s = FieldElement::load(bytes);
    const auto canonical = s.bytes();
    if (!std::equal(canonical.begin(), canonical.end(), bytes.begin()) || (bytes[0] & 1) != 0)
        return std::nullopt;
    const FieldElement ss = s.square();
    const FieldElement u1 = FieldElement::one() - ss;
    const FieldElement u2 = FieldElement::one() + ss;
    const FieldElement u2_squared = u2.square();
    const FieldElement v = -(edwards_d * u1.square()) - u2_squared;
    const Root inverse = root_of_ratio(FieldElement::one(), v * u2_squared);
    if (!inverse.exists) return std::nullopt;
    const FieldElement den_x = inverse.value * u2;
    const FieldElement den_y = inverse.value * den_x * v;
    const FieldElement x = positive((s + s) * den_x);
    const FieldElement y = u1 * den_y;
    const FieldElement t = x * y;
    if (t.is_negative() || y.is_zero()) return std::nullopt;
    return GroupElement{x, y, FieldElement::one(), t};
}

// @source RFC 9496, 4.3.2
std::array<std::uint8_t, 32> GroupElement::encode() const {
    const FieldElement u1 = (z_ + y_) * (z_ - y_);
    const FieldElement u2 = x_ * y_;
    const Root inverse = root_of_ratio(FieldElement::one(), u1 * u2.square());
    const FieldElement den1 = inverse.value * u1;
    const FieldElement den2 = inverse.value * u2;
    const FieldElement z_inverse = den1 * den2 * t_;
    const bool rotate = (t_ * z_inverse).is_negative();
    FieldElement x = x_;
    FieldElement y = y_;
    FieldElement den_inverse = den2;
    if (rotate) {
        x = y_ * root_of_minus_one;
        y = x_ * root_of_minus_one;
        den_inverse = den1 * inverse_root_of_a_minus_d;
    }
    if ((x * z_inverse).is_negative()) y = -y;
    return positive(den_inverse * (z_ - y)).bytes();
}

GroupElement operator+(const GroupElement& a, const GroupElement& b) {
    const FieldElement zz = a.z_ * b.z_;
    return sum(a.y_ + a.x_, a.y_ - a.x_, a.t_ * b.t_ * edwards_2d, zz + zz, b.y_ + b.x_, b.y_ - b.x_)
        .extended();
}
GroupElement operator-(const GroupElement& a, const GroupElement& b) {
    const FieldElement zz = a.z_ * b.z_;
    return difference(a.y_ + a.x_, a.y_ - a.x_, a.t_ * b.t_ * edwards_2d, zz + zz, b.y_ + b.x_, b.y_ - b.x_)
        .extended();
}
GroupElement operator+(const GroupElement& a, const AffineElement& b) {
    return sum(a.y_ + a.x_, a.y_ - a.x_, a.t_ * b.xy2d, a.z_ + a.z_, b.y_plus_x, b.y_minus_x).extended();
}
GroupElement operator-(const GroupElement& a, const AffineElement& b) {
    return difference(a.y_ + a.x_, a.y_ - a.x_, a.t_ * b.xy2d, a.z_ + a.z_, b.y_plus_x, b.y_minus_x)
        .extended();
}

GroupElement GroupElement::doubled() const { return Projective{x_, y_, z_}.doubled().extended(); }
GroupElement GroupElement::negated() const { return {-x_, y_, z_, -t_}; }

GroupElement doubled_often(const GroupElement& a, int times) {
    if (times <= 0) return a;
    Projective p{a.x_, a.y_, a.z_};
    for (int i = 1; i < times; ++i) p = projective(p.doubled());
    return p.doubled().extended();
}

AffineElement::AffineElement(const GroupElement& from) { *this = to_affine(std::span(&from, 1)).front(); }

GroupElement AffineElement::extended() const {
    // Doubled x and y over z = 2.
    const FieldElement x = y_plus_x - y_minus_x;
    const FieldElement y = y_plus_x + y_minus_x;
    const FieldElement two = FieldElement::one() + FieldElement::one();
    return {x * two, y * two, two * two, x * y};
}

std::vector<AffineElement> to_affine(std::span<const GroupElement> elements) {
    // products[i] = z_0 ... z_{i-1}
    std::vector<FieldElement> products;
    products.reserve(elements.size());
    FieldElement all = FieldElement::one();
    for (const GroupElement& element : elements) {
        products.push_back(all);
        all = all * element.z_;
    }
    FieldElement inverse = all == FieldElement::one() ? FieldElement::one() : all.inverse();
    std::vector<AffineElement> out(elements.size());
    for (std::size_t i = elements.size(); i-- > 0;) {
        const FieldElement z_inverse = inverse * products[i];
        inverse = inverse * elements[i].z_;
        out[i] = AffineElement(elements[i].x_ * z_inverse, elements[i].y_ * z_inverse);
    }
    return out;
}

} // namespace engine::chain::tx
