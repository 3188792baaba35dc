#include <bit>
#include <vector>

#include "engine/chain/tx/multiscalar.hpp"
#include "engine/chain/tx/range_proof.hpp"
#include "engine/chain/tx/range_transcript.hpp"

namespace engine::chain::tx {
namespace {

using Encoded = std::array<std::uint8_t, 32>;

struct Proof {
    Encoded a, s, t_1, t_2;
    Scalar t_x, t_x_blinding, e_blinding;
    std::vector<std::pair<Encoded, Encoded>> rounds; ///< L and R
    Scalar inner_a, inner_b;
};

std::optional<Proof> parse(ByteView bytes) {
    constexpr std::size_t fixed = 7;
    if (bytes.size() % 32 != 0) return std::nullopt;
    const std::size_t parts = bytes.size() / 32;
    // What follows the fixed part: pairs of points, then two scalars.
    if (parts < fixed + 2 || (parts - fixed) % 2 != 0 || (parts - fixed - 2) / 2 >= 32) return std::nullopt;
    std::size_t at = 0;
    const auto part = [&] {
        Encoded out;
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(32 * at++), 32, out.begin());
        return out;
    };
    bool canonical = true;
    const auto scalar = [&] {
        const auto value = Scalar::parse(PrivateKey{part()});
        if (!value) canonical = false;
        return value.value_or(Scalar());
    };
    Proof proof;
    proof.a = part();
    proof.s = part();
    proof.t_1 = part();
    proof.t_2 = part();
    proof.t_x = scalar();
    proof.t_x_blinding = scalar();
    proof.e_blinding = scalar();
    for (std::size_t round = 0; round < (parts - fixed - 2) / 2; ++round) {
        const Encoded left = part();
        const Encoded right = part();
        proof.rounds.emplace_back(left, right);
    }
    proof.inner_a = scalar();
    proof.inner_b = scalar();
    return canonical ? std::optional(std::move(proof)) : std::nullopt;
}

/// 1 + x + ... + x^(n-1); n is a power of two.
Scalar sum_of_powers(Scalar x, std::size_t n) {
    Scalar sum = Scalar::from_u64(1);
    for (; n > 1; n /= 2) {
        sum = sum + x * sum;
        x = x * x;
    }
    return sum;
}

/// A sum of multiples under construction.
struct Sum {
    std::vector<Scalar> scalars;
    std::vector<AffineElement> elements;

    void add(const Scalar& scalar, const AffineElement& element) {
        scalars.push_back(scalar);
        elements.push_back(element);
    }
    bool add(const Scalar& scalar, const Encoded& point) {
        const auto element = GroupElement::decode(point);
        if (element) add(scalar, AffineElement(*element));
        return element.has_value();
    }
};

} // namespace

bool has_range_proof_shape(ByteView proof) { return parse(proof).has_value(); }

std::size_t range_proof_size(std::size_t values) {
    const std::size_t length = range_bits * std::bit_ceil(values);
    return 32 * (9 + 2 * static_cast<std::size_t>(std::countr_zero(length)));
}

std::optional<RangeFailure> verify_range(ByteView bytes, std::span<const Commitment> commitments,
                                         std::uint64_t token_id) {
    const auto proof = parse(bytes);
    if (!proof) return RangeFailure::malformed;
    if (commitments.empty()) return RangeFailure::wrong_proof;
    const std::size_t m = std::bit_ceil(commitments.size());
    if (m > most_parties) return RangeFailure::too_many_values;
    const std::size_t length = range_bits * m;
    const std::size_t rounds = proof->rounds.size();
    if (std::size_t{1} << rounds != length) return RangeFailure::wrong_proof;
    const auto commitment = [&](std::size_t j) -> const Encoded& {
        return commitments[std::min(j, commitments.size() - 1)].bytes;
    };

    const Encoded identity{};
    bool has_identity =
        proof->a == identity || proof->s == identity || proof->t_1 == identity || proof->t_2 == identity;
    for (const auto& [left, right] : proof->rounds)
        has_identity = has_identity || left == identity || right == identity;
    if (has_identity) return RangeFailure::wrong_proof;

    RangeTranscript transcript(m);
    for (std::size_t j = 0; j < m; ++j) transcript.append("V", commitment(j));
    transcript.append("A", proof->a);
    transcript.append("S", proof->s);
    const Scalar y = transcript.challenge("y");
    const Scalar z = transcript.challenge("z");
    transcript.append("T_1", proof->t_1);
    transcript.append("T_2", proof->t_2);
    const Scalar x = transcript.challenge("x");
    transcript.append("t_x", proof->t_x);
    transcript.append("t_x_blinding", proof->t_x_blinding);
    transcript.append("e_blinding", proof->e_blinding);
    const Scalar w = transcript.challenge("w");
    transcript.begin_inner_product(length);
    std::vector<Scalar> u;
    for (const auto& [left, right] : proof->rounds) {
        transcript.append("L", left);
        transcript.append("R", right);
        u.push_back(transcript.challenge("u"));
    }
    // Joins two equations into one.  Any number that the prover could not choose does; drawn from all that
    // the prover said, so that the same bytes always get the same verdict by the same steps.
    transcript.append("a", proof->inner_a);
    transcript.append("b", proof->inner_b);
    const Scalar c = transcript.challenge("c");

    Sum sum;
    sum.scalars.reserve(2 * length + m + 2 * rounds + 6);
    sum.elements.reserve(2 * length + m + 2 * rounds + 6);
    const Scalar one = Scalar::from_u64(1);
    bool decodable = sum.add(one, proof->a) && sum.add(x, proof->s) && sum.add(c * x, proof->t_1) &&
                     sum.add(c * x * x, proof->t_2);

    Scalar s0 = one;
    std::vector<Scalar> u_squared;
    for (std::size_t k = 0; k < rounds && decodable; ++k) {
        const Scalar inverse = u[k].inverse();
        s0 = s0 * inverse;
        u_squared.push_back(u[k] * u[k]);
        decodable = sum.add(u_squared[k], proof->rounds[k].first) &&
                    sum.add(inverse * inverse, proof->rounds[k].second);
    }
    if (!decodable) return RangeFailure::wrong_proof;

    std::vector<Scalar> s{s0};
    s.reserve(length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto highest = static_cast<std::size_t>(std::bit_width(i)) - 1;
        s.push_back(s[i - (std::size_t{1} << highest)] * u_squared[rounds - 1 - highest]);
    }

    const Scalar z_squared = z * z;
    const Scalar minus_z = -z;
    const Scalar y_inverse = y.inverse();
    std::array<Scalar, range_bits> powers_of_two;
    for (std::size_t i = 0; i < range_bits; ++i) powers_of_two[i] = Scalar::from_u64(std::uint64_t{1} << i);
    Scalar y_to_minus_i = one;
    Scalar z_to_j = z_squared;
    for (std::size_t j = 0; j < m; ++j) {
        const PartyGenerators& party = party_generators(j);
        for (std::size_t bit = 0; bit < range_bits; ++bit) {
            const std::size_t i = range_bits * j + bit;
            sum.add(minus_z - proof->inner_a * s[i], party.g[bit]);
            sum.add(z + y_to_minus_i * (z_to_j * powers_of_two[bit] - proof->inner_b * s[length - 1 - i]),
                    party.h[bit]);
            y_to_minus_i = y_to_minus_i * y_inverse;
        }
        if (!sum.add(c * z_to_j, commitment(j))) return RangeFailure::wrong_proof;
        z_to_j = z_to_j * z;
    }

    const Scalar delta = (z - z_squared) * sum_of_powers(y, length) -
                         z_squared * z * Scalar::from_u64(~std::uint64_t{0}) * sum_of_powers(z, m);
    sum.add(-(proof->e_blinding + c * proof->t_x_blinding), base_element());
    sum.add(w * (proof->t_x - proof->inner_a * proof->inner_b) + c * (delta - proof->t_x),
            value_element(token_id));
    if (!multiscalar(sum.scalars, sum.elements).is_identity()) return RangeFailure::wrong_proof;
    return std::nullopt;
}

} // namespace engine::chain::tx
