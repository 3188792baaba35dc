#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/chain/ristretto.hpp"
#include "engine/chain/tx/field.hpp"

// ristretto255 in coordinates, for sums of very many multiples.  `Point` of ristretto.hpp stays the form for
// everything else: it is always valid, compressed, and its products take the same time whatever the scalar.
//
// Nothing here runs in constant time.  That is fine for what verifies; what signs and proves tells something
// about its secrets to whoever measures it, which a test tool may and a wallet may not.

namespace engine::chain::tx {

struct AffineElement;

/// Element of the group in extended coordinates of the Edwards curve: x = X/Z, y = Y/Z, T = XY/Z.
class GroupElement {
public:
    /// The identity.
    constexpr GroupElement() = default;
    constexpr GroupElement(const FieldElement& x, const FieldElement& y, const FieldElement& z,
                           const FieldElement& t)
        : x_(x), y_(y), z_(z), t_(t) {}

    /// @return nothing when the bytes are no canonical compressed point
    static std::optional<GroupElement> decode(std::span<const std::uint8_t, 32> bytes);
    static GroupElement from(const Point& point) { return decode(point.bytes()).value(); }
    std::array<std::uint8_t, 32> encode() const;

    friend GroupElement operator+(const GroupElement& a, const GroupElement& b);
    friend GroupElement operator-(const GroupElement& a, const GroupElement& b);
    friend GroupElement operator+(const GroupElement& a, const AffineElement& b);
    friend GroupElement operator-(const GroupElement& a, const AffineElement& b);
    GroupElement doubled() const;
    GroupElement negated() const;
    /// As elements of ristretto255: the four or eight curve points of one element are equal.
    friend bool operator==(const GroupElement& a, const GroupElement& b) {
        return a.x_ * b.y_ == a.y_ * b.x_ || a.x_ * b.x_ == a.y_ * b.y_;
    }
    bool is_identity() const { return x_.is_zero() || y_.is_zero(); }

private:
    friend struct AffineElement;
    friend class CachedElement;
    friend GroupElement doubled_often(const GroupElement& a, int times);
    friend std::vector<AffineElement> to_affine(std::span<const GroupElement> elements);

    FieldElement x_ = FieldElement::zero();
    FieldElement y_ = FieldElement::one();
    FieldElement z_ = FieldElement::one();
    FieldElement t_ = FieldElement::zero();
};

/// `a` times 2^times; cheaper than doubling one by one.
GroupElement doubled_often(const GroupElement& a, int times);

/// The cheapest form to add: y+x, y-x, 2dxy.
struct AffineElement {
    FieldElement y_plus_x = FieldElement::one();
    FieldElement y_minus_x = FieldElement::one();
    FieldElement xy2d = FieldElement::zero();

    AffineElement() = default;
    /// Costs an inversion unless the element has just been decoded.
    explicit AffineElement(const GroupElement& from);
    AffineElement(const FieldElement& x, const FieldElement& y)
        : y_plus_x(y + x), y_minus_x(y - x), xy2d(x * y * edwards_2d) {}
    GroupElement extended() const;
};

/// One inversion for all.
std::vector<AffineElement> to_affine(std::span<const GroupElement> elements);

} // namespace engine::chain::tx
