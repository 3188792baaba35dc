#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

// Arithmetic modulo p = 2^255 - 19, the field under ristretto255.  libsodium has no multi-scalar
// multiplication and hides its field, so the part that range proofs and ring signatures need stands here.
//
// Running times depend on the values in places; see group.hpp.

namespace engine::chain::tx {

/// Number modulo p in five limbs of 51 bits: the value is the sum of limb[i] * 2^(51 i).
///
/// Rules
/// 1. Between operations a limb may exceed 51 bits by a few; sums of two are still good operands for a
///    product or a difference.  Sums of sums are not: reduce by a product first.
/// 2. Two values are compared by `==`, never limb by limb.
class FieldElement {
public:
    constexpr FieldElement() = default;
    constexpr explicit FieldElement(const std::array<std::uint64_t, 5>& limbs) : limb_(limbs) {}
    static constexpr FieldElement zero() { return {}; }
    static constexpr FieldElement one() { return FieldElement({1, 0, 0, 0, 0}); }

    /// 255 bits, little endian; the top bit of the last byte is ignored, values from p on are reduced.
    static FieldElement load(std::span<const std::uint8_t, 32> bytes);
    /// The canonical bytes: below p.
    std::array<std::uint8_t, 32> bytes() const;

    bool is_zero() const;
    /// Lowest bit of the canonical value.
    bool is_negative() const { return (bytes()[0] & 1) != 0; }

    friend FieldElement operator+(const FieldElement& a, const FieldElement& b) {
        FieldElement out;
        for (std::size_t i = 0; i < 5; ++i) out.limb_[i] = a.limb_[i] + b.limb_[i];
        return out;
    }
    friend FieldElement operator-(const FieldElement& a, const FieldElement& b) {
        // 16 p is added limb by limb, so that no limb goes below zero.
        constexpr std::uint64_t low = 36028797018963664ULL;
        constexpr std::uint64_t high = 36028797018963952ULL;
        FieldElement out;
        out.limb_[0] = a.limb_[0] + low - b.limb_[0];
        for (std::size_t i = 1; i < 5; ++i) out.limb_[i] = a.limb_[i] + high - b.limb_[i];
        out.carry();
        return out;
    }
    FieldElement operator-() const { return zero() - *this; }
    friend FieldElement operator*(const FieldElement& a, const FieldElement& b) {
        const auto& x = a.limb_;
        const auto& y = b.limb_;
        const std::uint64_t y1 = 19 * y[1];
        const std::uint64_t y2 = 19 * y[2];
        const std::uint64_t y3 = 19 * y[3];
        const std::uint64_t y4 = 19 * y[4];
        return reduced(m(x[0], y[0]) + m(x[4], y1) + m(x[3], y2) + m(x[2], y3) + m(x[1], y4),
                       m(x[1], y[0]) + m(x[0], y[1]) + m(x[4], y2) + m(x[3], y3) + m(x[2], y4),
                       m(x[2], y[0]) + m(x[1], y[1]) + m(x[0], y[2]) + m(x[4], y3) + m(x[3], y4),
                       m(x[3], y[0]) + m(x[2], y[1]) + m(x[1], y[2]) + m(x[0], y[3]) + m(x[4], y4),
                       m(x[4], y[0]) + m(x[3], y[1]) + m(x[2], y[2]) + m(x[1], y[3]) + m(x[0], y[4]));
    }
    FieldElement square() const {
        const auto& x = limb_;
        const std::uint64_t x0 = 2 * x[0];
        const std::uint64_t x1 = 2 * x[1];
        const std::uint64_t x3 = 19 * x[3];
        const std::uint64_t x4 = 19 * x[4];
        return reduced(m(x[0], x[0]) + m(x1, x4) + m(2 * x[2], x3),
                       m(x0, x[1]) + m(x[3], x3) + m(2 * x[2], x4),
                       m(x0, x[2]) + m(x[1], x[1]) + m(2 * x[3], x4), m(x0, x[3]) + m(x1, x[2]) + m(x[4], x4),
                       m(x0, x[4]) + m(x1, x[3]) + m(x[2], x[2]));
    }
    friend bool operator==(const FieldElement& a, const FieldElement& b) { return a.bytes() == b.bytes(); }

    /// Zero for zero.
    FieldElement inverse() const;
    /// This to the power (p - 5) / 8.
    FieldElement power_p58() const;

private:
    __extension__ using Wide = unsigned __int128;
    static constexpr std::uint64_t mask = (std::uint64_t{1} << 51) - 1;

    static Wide m(std::uint64_t a, std::uint64_t b) { return static_cast<Wide>(a) * b; }
    static FieldElement reduced(Wide c0, Wide c1, Wide c2, Wide c3, Wide c4) {
        FieldElement out;
        c1 += static_cast<std::uint64_t>(c0 >> 51);
        c2 += static_cast<std::uint64_t>(c1 >> 51);
        c3 += static_cast<std::uint64_t>(c2 >> 51);
        c4 += static_cast<std::uint64_t>(c3 >> 51);
        out.limb_[0] = (static_cast<std::uint64_t>(c0) & mask) + 19 * static_cast<std::uint64_t>(c4 >> 51);
        out.limb_[1] = (static_cast<std::uint64_t>(c1) & mask) + (out.limb_[0] >> 51);
        out.limb_[0] &= mask;
        out.limb_[2] = static_cast<std::uint64_t>(c2) & mask;
        out.limb_[3] = static_cast<std::uint64_t>(c3) & mask;
        out.limb_[4] = static_cast<std::uint64_t>(c4) & mask;
        return out;
    }
    /// Brings all limbs back to little more than 51 bits, every carry at once.
    void carry() {
        std::array<std::uint64_t, 5> over;
        for (std::size_t i = 0; i < 5; ++i) over[i] = limb_[i] >> 51;
        limb_[0] = (limb_[0] & mask) + 19 * over[4];
        for (std::size_t i = 1; i < 5; ++i) limb_[i] = (limb_[i] & mask) + over[i - 1];
    }
    /// Squares `times` times.
    FieldElement square(int times) const;
    /// This to the power 2^250 - 1, and by the way to the power 11.
    FieldElement power_2_250_minus_1(FieldElement& power_11) const;

    std::array<std::uint64_t, 5> limb_{};
};

/// The square root of u/v, if there is one.
struct Root {
    bool exists = false;
    /// Never negative.  Without a root of u/v: the root of i*u/v.
    FieldElement value;
};
/// @source RFC 9496, 4.2 (SQRT_RATIO_M1)
Root root_of_ratio(const FieldElement& u, const FieldElement& v);

inline constexpr FieldElement edwards_d({929955233495203, 466365720129213, 1662059464998953, 2033849074728123,
                                         1442794654840575});
inline constexpr FieldElement edwards_2d({1859910466990425, 932731440258426, 1072319116312658,
                                          1815898335770999, 633789495995903});
/// The square root of -1 that is not negative.
inline constexpr FieldElement root_of_minus_one({1718705420411056, 234908883556509, 2233514472574048,
                                                 2117202627021982, 765476049583133});
/// One over the root of -1 - d.
inline constexpr FieldElement inverse_root_of_a_minus_d({278908739862762, 821645201101625, 8113234426968,
                                                         1777959178193151, 2118520810568447});

} // namespace engine::chain::tx
