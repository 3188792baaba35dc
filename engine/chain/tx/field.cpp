#include "engine/chain/tx/field.hpp"

#include "engine/chain/bytes.hpp"

namespace engine::chain::tx {

FieldElement FieldElement::load(std::span<const std::uint8_t, 32> bytes) {
    const auto word = [bytes](std::size_t at) {
        return load_little_endian<std::uint64_t>(ByteView(bytes).subspan(at, 8));
    };
    // Limb i begins at bit 51 i: bytes 0, 6, 12, 19 and 24, shifted by 0, 3, 6, 1 and 12.
    FieldElement out;
    out.limb_[0] = word(0) & mask;
    out.limb_[1] = (word(6) >> 3) & mask;
    out.limb_[2] = (word(12) >> 6) & mask;
    out.limb_[3] = (word(19) >> 1) & mask;
    out.limb_[4] = (word(24) >> 12) & mask;
    return out;
}

std::array<std::uint8_t, 32> FieldElement::bytes() const {
    FieldElement v = *this;
    v.carry();
    v.carry();
    // Below 2p now.  q is 1 exactly when the value is at least p: adding 19 carries out of bit 255 then.
    std::uint64_t q = (v.limb_[0] + 19) >> 51;
    for (std::size_t i = 1; i < 5; ++i) q = (v.limb_[i] + q) >> 51;
    v.limb_[0] += 19 * q;
    for (std::size_t i = 0; i < 4; ++i) {
        v.limb_[i + 1] += v.limb_[i] >> 51;
        v.limb_[i] &= mask;
    }
    v.limb_[4] &= mask;

    std::array<std::uint8_t, 32> out{};
    const std::uint64_t words[4] = {v.limb_[0] | v.limb_[1] << 51, v.limb_[1] >> 13 | v.limb_[2] << 38,
                                    v.limb_[2] >> 26 | v.limb_[3] << 25, v.limb_[3] >> 39 | v.limb_[4] << 12};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto part = little_endian(words[i]);
        std::copy(part.begin(), part.end(), out.begin() + static_cast<std::ptrdiff_t>(8 * i));
    }
    return out;
}

bool FieldElement::is_zero() const { return bytes() == std::array<std::uint8_t, 32>{}; }

FieldElement FieldElement::square(int times) const {
    FieldElement out = *this;
    for (int i = 0; i < times; ++i) out = out.square();
    return out;
}

FieldElement FieldElement::power_2_250_minus_1(FieldElement& power_11) const {
    const FieldElement power_2 = square();
    const FieldElement power_9 = *this * power_2.square(2);
    power_11 = power_2 * power_9;
    const FieldElement five_ones = power_9 * power_11.square(); // exponent 31: five ones in binary
    const FieldElement ten = five_ones * five_ones.square(5);
    const FieldElement twenty = ten * ten.square(10);
    const FieldElement forty = twenty * twenty.square(20);
    const FieldElement fifty = ten * forty.square(10);
    const FieldElement hundred = fifty * fifty.square(50);
    const FieldElement two_hundred = hundred * hundred.square(100);
    return fifty * two_hundred.square(50);
}

FieldElement FieldElement::inverse() const {
    FieldElement power_11;
    const FieldElement ones = power_2_250_minus_1(power_11);
    return power_11 * ones.square(5); // p - 2 = 2^255 - 21
}

FieldElement FieldElement::power_p58() const {
    FieldElement power_11;
    return *this * power_2_250_minus_1(power_11).square(2); // (p - 5) / 8 = 2^252 - 3
}

Root root_of_ratio(const FieldElement& u, const FieldElement& v) {
    const FieldElement v3 = v.square() * v;
    const FieldElement v7 = v3.square() * v;
    FieldElement r = u * v3 * (u * v7).power_p58();
    const FieldElement check = v * r.square();
    const FieldElement minus_u = -u;
    const bool correct = check == u;
    const bool flipped = check == minus_u;
    if (flipped || check == minus_u * root_of_minus_one) r = r * root_of_minus_one;
    if (r.is_negative()) r = -r;
    return {correct || flipped, r};
}

} // namespace engine::chain::tx
