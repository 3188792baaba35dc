#include "engine/chain/tx/multiscalar.hpp"

#include <algorithm>
#include <array>

#include "engine/chain/bytes.hpp"

namespace engine::chain::tx {

/// Extended coordinates ready to be added: y+x, y-x, z, 2dt.
class CachedElement {
public:
    CachedElement() = default;
    explicit CachedElement(const GroupElement& p)
        : y_plus_x_(p.y_ + p.x_), y_minus_x_(p.y_ - p.x_), z2_(p.z_ + p.z_), t2d_(p.t_ * edwards_2d) {}

    GroupElement added_to(const GroupElement& p) const {
        const FieldElement pp = (p.y_ + p.x_) * y_plus_x_;
        const FieldElement mm = (p.y_ - p.x_) * y_minus_x_;
        return joined(pp, mm, p.t_ * t2d_, p.z_ * z2_);
    }
    GroupElement taken_from(const GroupElement& p) const {
        const FieldElement pm = (p.y_ + p.x_) * y_minus_x_;
        const FieldElement mp = (p.y_ - p.x_) * y_plus_x_;
        return joined(pm, mp, -(p.t_ * t2d_), p.z_ * z2_);
    }

private:
    static GroupElement joined(const FieldElement& a, const FieldElement& b, const FieldElement& tt,
                               const FieldElement& zz2) {
        const FieldElement x = a - b;
        const FieldElement y = a + b;
        const FieldElement z = zz2 + tt;
        const FieldElement t = zz2 - tt;
        return {x * t, y * z, z * t, x * y};
    }

    FieldElement y_plus_x_, y_minus_x_, z2_, t2d_;
};

namespace {

/// Digits that are zero or odd, below 2^(width-1) in size, at least `width` places apart.
using Naf = std::array<std::int8_t, 256>;

Naf non_adjacent_form(const Scalar& scalar, unsigned width) {
    std::array<std::uint64_t, 5> words{};
    for (std::size_t i = 0; i < 4; ++i)
        words[i] = load_little_endian<std::uint64_t>(ByteView(scalar.bytes()).subspan(8 * i, 8));
    Naf naf{};
    const std::uint64_t size = std::uint64_t{1} << width;
    std::uint64_t carry = 0;
    for (unsigned at = 0; at < 256;) {
        const unsigned word = at / 64;
        const unsigned bit = at % 64;
        std::uint64_t window = words[word] >> bit;
        if (bit != 0) window |= words[word + 1] << (64 - bit);
        window = carry + (window & (size - 1));
        if ((window & 1) == 0) {
            ++at;
            continue;
        }
        carry = window < size / 2 ? 0 : 1;
        naf[at] = static_cast<std::int8_t>(static_cast<std::int64_t>(window) -
                                           static_cast<std::int64_t>(carry * size));
        at += width;
    }
    return naf;
}

constexpr unsigned straus_width = 5;
/// 1, 3, 5 ... 15 times an element.
using OddMultiples = std::array<CachedElement, 8>;

OddMultiples odd_multiples(const AffineElement& element) {
    const GroupElement one = element.extended();
    const CachedElement two(one.doubled());
    OddMultiples out;
    GroupElement multiple = one;
    out[0] = CachedElement(one);
    for (std::size_t i = 1; i < out.size(); ++i) {
        multiple = two.added_to(multiple);
        out[i] = CachedElement(multiple);
    }
    return out;
}

constexpr unsigned base_width = 8;
const std::array<AffineElement, 64>& base_odd_multiples() {
    static const std::array<AffineElement, 64> table = [] {
        const GroupElement one = GroupElement::from(Point::base_times(Scalar::from_u64(1)));
        const GroupElement two = one.doubled();
        std::vector<GroupElement> multiples{one};
        while (multiples.size() < 64) multiples.push_back(multiples.back() + two);
        const auto affine = to_affine(multiples);
        std::array<AffineElement, 64> out;
        std::copy(affine.begin(), affine.end(), out.begin());
        return out;
    }();
    return table;
}

/// One term of a sum by shared doublings: its digits and where its odd multiples stand.
template <class Table>
void add_digit(GroupElement& sum, const Table& table, std::int8_t digit) {
    const auto& entry = table[static_cast<std::size_t>(digit < 0 ? -digit : digit) / 2];
    if constexpr (std::is_same_v<std::decay_t<decltype(entry)>, CachedElement>)
        sum = digit > 0 ? entry.added_to(sum) : entry.taken_from(sum);
    else
        sum = digit > 0 ? sum + entry : sum - entry;
}

/// Doublings between additions are done together, which saves a product each.
class SharedDoublings {
public:
    void before_addition(GroupElement& sum) {
        if (!empty_) sum = doubled_often(sum, pending_);
        pending_ = 0;
        empty_ = false;
    }
    void place_done() { ++pending_; }
    GroupElement finish(const GroupElement& sum) const {
        // The last place counts no doubling.
        return empty_ ? sum : doubled_often(sum, pending_ - 1);
    }

private:
    int pending_ = 0;
    bool empty_ = true;
};

} // namespace

const AffineElement& base_element() { return base_odd_multiples()[0]; }

GroupElement straus(std::span<const Scalar> scalars, std::span<const AffineElement> elements) {
    std::vector<Naf> digits;
    std::vector<OddMultiples> tables;
    digits.reserve(scalars.size());
    tables.reserve(scalars.size());
    for (std::size_t i = 0; i < scalars.size(); ++i) {
        digits.push_back(non_adjacent_form(scalars[i], straus_width));
        tables.push_back(odd_multiples(elements[i]));
    }
    GroupElement sum;
    SharedDoublings doublings;
    for (std::size_t place = 256; place-- > 0;) {
        for (std::size_t i = 0; i < digits.size(); ++i) {
            if (digits[i][place] == 0) continue;
            doublings.before_addition(sum);
            add_digit(sum, tables[i], digits[i][place]);
        }
        doublings.place_done();
    }
    return doublings.finish(sum);
}

GroupElement base_and_one(const Scalar& base, const Scalar& scalar, const AffineElement& element) {
    const Naf base_digits = non_adjacent_form(base, base_width);
    const Naf digits = non_adjacent_form(scalar, straus_width);
    const OddMultiples table = odd_multiples(element);
    const auto& base_table = base_odd_multiples();
    GroupElement sum;
    SharedDoublings doublings;
    for (std::size_t place = 256; place-- > 0;) {
        if (base_digits[place] != 0) {
            doublings.before_addition(sum);
            add_digit(sum, base_table, base_digits[place]);
        }
        if (digits[place] != 0) {
            doublings.before_addition(sum);
            add_digit(sum, table, digits[place]);
        }
        doublings.place_done();
    }
    return doublings.finish(sum);
}

GroupElement two_terms(const Scalar& a, const AffineElement& p, const Scalar& b, const AffineElement& q) {
    const Scalar scalars[] = {a, b};
    const AffineElement elements[] = {p, q};
    return straus(scalars, elements);
}

namespace {

/// Width of Pippenger's windows: few terms pay for few buckets.
unsigned window_width(std::size_t terms) {
    if (terms < 64) return 5;
    if (terms < 300) return 6;
    if (terms < 900) return 7;
    if (terms < 2500) return 8;
    return 9;
}

/// Digits from -2^(width-1) to 2^(width-1), lowest first.
void signed_digits(const Scalar& scalar, unsigned width, std::span<std::int16_t> out) {
    std::array<std::uint64_t, 5> words{};
    for (std::size_t i = 0; i < 4; ++i)
        words[i] = load_little_endian<std::uint64_t>(ByteView(scalar.bytes()).subspan(8 * i, 8));
    const std::int64_t size = std::int64_t{1} << width;
    std::int64_t carry = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t at = i * width;
        std::uint64_t window = 0;
        if (at < 256) {
            window = words[at / 64] >> (at % 64);
            if (at % 64 != 0) window |= words[at / 64 + 1] << (64 - at % 64);
        }
        std::int64_t digit = static_cast<std::int64_t>(window & static_cast<std::uint64_t>(size - 1)) + carry;
        carry = digit > size / 2 ? 1 : 0;
        digit -= carry * size;
        out[i] = static_cast<std::int16_t>(digit);
    }
}

} // namespace

GroupElement pippenger(std::span<const Scalar> scalars, std::span<const AffineElement> elements) {
    const unsigned width = window_width(scalars.size());
    const std::size_t places = 253 / width + 2; // scalars are below 2^253, and a carry may be left
    const std::size_t buckets = std::size_t{1} << (width - 1);
    std::vector<std::int16_t> digits(scalars.size() * places);
    for (std::size_t i = 0; i < scalars.size(); ++i)
        signed_digits(scalars[i], width, std::span(digits).subspan(i * places, places));

    GroupElement sum;
    std::vector<GroupElement> bucket(buckets);
    std::vector<bool> filled(buckets);
    for (std::size_t place = places; place-- > 0;) {
        sum = doubled_often(sum, static_cast<int>(width));
        std::fill(filled.begin(), filled.end(), false);
        bool any = false;
        for (std::size_t i = 0; i < scalars.size(); ++i) {
            const int digit = digits[i * places + place];
            if (digit == 0) continue;
            any = true;
            const auto slot = static_cast<std::size_t>(digit < 0 ? -digit : digit) - 1;
            if (!filled[slot]) {
                filled[slot] = true;
                bucket[slot] = GroupElement{};
            }
            bucket[slot] = digit > 0 ? bucket[slot] + elements[i] : bucket[slot] - elements[i];
        }
        if (!any) continue;
        // Bucket n counts n times: sums of sums, from the highest down.
        GroupElement running;
        GroupElement total;
        bool started = false;
        for (std::size_t slot = buckets; slot-- > 0;) {
            if (filled[slot]) {
                running = running + bucket[slot];
                started = true;
            }
            if (started) total = total + running;
        }
        sum = sum + total;
    }
    return sum;
}

GroupElement multiscalar(std::span<const Scalar> scalars, std::span<const AffineElement> elements) {
    return scalars.size() < pippenger_from ? straus(scalars, elements) : pippenger(scalars, elements);
}

} // namespace engine::chain::tx
