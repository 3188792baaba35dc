#include <bit>
#include <vector>

#include "engine/chain/tx/multiscalar.hpp"
#include "engine/chain/tx/range_proof.hpp"
#include "engine/chain/tx/range_transcript.hpp"

namespace engine::chain::tx {
namespace {

using Scalars = std::vector<Scalar>;

/// What one value contributes, drawn in the order upstream draws it.
struct Party {
    std::uint64_t value = 0;
    Scalar blinding;
    Scalar a_blinding, s_blinding;
    Scalars s_left, s_right; ///< one for each bit
    Scalar t_1_blinding, t_2_blinding;

    bool bit(std::size_t i) const { return (value >> i & 1) != 0; }
};

Scalar inner_product(std::span<const Scalar> a, std::span<const Scalar> b) {
    Scalar sum;
    for (std::size_t i = 0; i < a.size(); ++i) sum = sum + a[i] * b[i];
    return sum;
}

/// The generators of all parties, G and H apart.
struct Bases {
    std::vector<AffineElement> g, h;
};

Bases bases_of(std::size_t parties) {
    Bases out;
    for (std::size_t j = 0; j < parties; ++j) {
        const PartyGenerators& party = party_generators(j);
        out.g.insert(out.g.end(), party.g.begin(), party.g.end());
        out.h.insert(out.h.end(), party.h.begin(), party.h.end());
    }
    return out;
}

/// The inner-product argument.
///
/// In each round upstream folds its generators in two, a product with two scalars for each.  Here the first
/// rounds leave them alone and carry the factors along instead: base p of a round with n bases left is the
/// sum of factor[q] * original[p + n q].  After `lazy_rounds` the bases are put together once, each by one
/// sum of a few terms, which costs less than folding them again and again.
class InnerProduct {
public:
    static constexpr int lazy_rounds = 2;

    InnerProduct(Bases bases, const AffineElement& q, Scalars a, Scalars b, const Scalar& y_inverse)
        : bases_(std::move(bases)), q_(q), a_(std::move(a)), b_(std::move(b)) {
        h_powers_.reserve(b_.size());
        h_powers_.push_back(Scalar::from_u64(1));
        while (h_powers_.size() < b_.size()) h_powers_.push_back(h_powers_.back() * y_inverse);
    }

    void run(RangeTranscript& transcript, Bytes& proof) {
        transcript.begin_inner_product(a_.size());
        for (int round = 0; a_.size() > 1; ++round) {
            if (round == lazy_rounds) fold_bases();
            const std::size_t half = a_.size() / 2;
            const auto left = cross(0, half).encode();
            const auto right = cross(half, 0).encode();
            append(proof, left);
            append(proof, right);
            transcript.append("L", left);
            transcript.append("R", right);
            const Scalar u = transcript.challenge("u");
            fold(u, u.inverse());
        }
        append(proof, a_.front().bytes());
        append(proof, b_.front().bytes());
    }

private:
    /// The a of one half with the G of the other, the b of the other with the H of the one, and their
    /// product on Q.
    GroupElement cross(std::size_t a_from, std::size_t b_from) const {
        const std::size_t half = a_.size() / 2;
        Scalars scalars;
        std::vector<AffineElement> elements;
        scalars.reserve(2 * half * g_factors_.size() + 1);
        elements.reserve(scalars.capacity());
        for (std::size_t q = 0; q < g_factors_.size(); ++q)
            for (std::size_t i = 0; i < half; ++i) {
                const std::size_t g = b_from + i + a_.size() * q;
                const std::size_t h = a_from + i + a_.size() * q;
                scalars.push_back(a_[a_from + i] * g_factors_[q]);
                elements.push_back(bases_.g[g]);
                const Scalar factor = b_[b_from + i] * h_factors_[q];
                scalars.push_back(h_powers_.empty() ? factor : factor * h_powers_[h]);
                elements.push_back(bases_.h[h]);
            }
        scalars.push_back(
            inner_product(std::span(a_).subspan(a_from, half), std::span(b_).subspan(b_from, half)));
        elements.push_back(q_);
        return multiscalar(scalars, elements);
    }

    void fold(const Scalar& u, const Scalar& u_inverse) {
        const std::size_t half = a_.size() / 2;
        for (std::size_t i = 0; i < half; ++i) {
            a_[i] = u * a_[i] + u_inverse * a_[half + i];
            b_[i] = u_inverse * b_[i] + u * b_[half + i];
        }
        a_.resize(half);
        b_.resize(half);
        g_factors_ = doubled(g_factors_, u_inverse, u);
        h_factors_ = doubled(h_factors_, u, u_inverse);
    }
    static Scalars doubled(const Scalars& factors, const Scalar& low, const Scalar& high) {
        Scalars out;
        for (const Scalar& factor : factors) {
            out.push_back(factor * low);
            out.push_back(factor * high);
        }
        return out;
    }

    /// From here on the bases are as many as the numbers left.
    void fold_bases() {
        const std::size_t left = a_.size();
        std::vector<GroupElement> g;
        std::vector<GroupElement> h;
        std::vector<AffineElement> terms(g_factors_.size());
        Scalars factors(g_factors_.size());
        for (std::size_t p = 0; p < left; ++p) {
            for (std::size_t q = 0; q < terms.size(); ++q) terms[q] = bases_.g[p + left * q];
            g.push_back(multiscalar(g_factors_, terms));
            for (std::size_t q = 0; q < terms.size(); ++q) {
                terms[q] = bases_.h[p + left * q];
                factors[q] = h_factors_[q] * h_powers_[p + left * q];
            }
            h.push_back(multiscalar(factors, terms));
        }
        bases_ = {to_affine(g), to_affine(h)};
        g_factors_ = h_factors_ = {Scalar::from_u64(1)};
        h_powers_.clear();
    }

    Bases bases_;
    AffineElement q_;
    Scalars a_, b_;
    Scalars g_factors_{Scalar::from_u64(1)};
    Scalars h_factors_{Scalar::from_u64(1)};
    /// y^-i, on top of the factors, until the bases are folded.
    Scalars h_powers_;
};

} // namespace

std::optional<Bytes> prove_range(ByteSource& rng, std::span<const std::uint64_t> values,
                                 std::span<const Scalar> blindings, std::uint64_t token_id) {
    if (values.empty()) return std::nullopt;
    const std::size_t m = std::bit_ceil(values.size());
    if (m > most_parties) return std::nullopt;
    const std::size_t length = range_bits * m;
    Bases bases = bases_of(m);
    const AffineElement value_base = value_element(token_id);

    std::vector<Party> parties(m);
    for (std::size_t j = 0; j < m; ++j) {
        Party& party = parties[j];
        const std::size_t given = std::min(j, values.size() - 1);
        party.value = values[given];
        party.blinding = blindings[given];
        party.a_blinding = Scalar::random(rng);
        party.s_blinding = Scalar::random(rng);
        for (std::size_t i = 0; i < range_bits; ++i) party.s_left.push_back(Scalar::random(rng));
        for (std::size_t i = 0; i < range_bits; ++i) party.s_right.push_back(Scalar::random(rng));
    }

    RangeTranscript transcript(m);
    for (const Party& party : parties)
        transcript.append("V", commit({party.value, token_id}, party.blinding).bytes);

    Scalar a_blinding;
    GroupElement bits;
    Scalars s_scalars;
    std::vector<AffineElement> s_elements;
    Scalar s_blinding;
    for (std::size_t j = 0; j < m; ++j) {
        const Party& party = parties[j];
        a_blinding = a_blinding + party.a_blinding;
        s_blinding = s_blinding + party.s_blinding;
        for (std::size_t i = 0; i < range_bits; ++i) {
            const std::size_t n = range_bits * j + i;
            bits = party.bit(i) ? bits + bases.g[n] : bits - bases.h[n];
            s_scalars.insert(s_scalars.end(), {party.s_left[i], party.s_right[i]});
            s_elements.insert(s_elements.end(), {bases.g[n], bases.h[n]});
        }
    }
    s_scalars.push_back(s_blinding);
    s_elements.push_back(base_element());
    const auto a_bytes = (bits + GroupElement::from(Point::base_times(a_blinding))).encode();
    const auto s_bytes = multiscalar(s_scalars, s_elements).encode();
    transcript.append("A", a_bytes);
    transcript.append("S", s_bytes);
    const Scalar y = transcript.challenge("y");
    const Scalar z = transcript.challenge("z");

    // l(X) = l0 + l1 X and r(X) = r0 + r1 X, all parties one after the other.
    Scalars l0, l1, r0, r1;
    const Scalar one_minus_z = Scalar::from_u64(1) - z;
    const Scalar minus_z = -z;
    const Scalar z_minus_one = -one_minus_z;
    Scalar y_power = Scalar::from_u64(1);
    Scalar z_power = z * z;
    Scalars z_powers;
    for (const Party& party : parties) {
        for (std::size_t i = 0; i < range_bits; ++i) {
            l0.push_back(party.bit(i) ? one_minus_z : minus_z);
            l1.push_back(party.s_left[i]);
            r0.push_back(y_power * (party.bit(i) ? z : z_minus_one) +
                         z_power * Scalar::from_u64(std::uint64_t{1} << i));
            r1.push_back(y_power * party.s_right[i]);
            y_power = y_power * y;
        }
        z_powers.push_back(z_power);
        z_power = z_power * z;
    }
    const Scalar t0 = inner_product(l0, r0);
    const Scalar t2 = inner_product(l1, r1);
    const Scalar t1 = inner_product(l0, r1) + inner_product(l1, r0);

    Scalar t_1_blinding;
    Scalar t_2_blinding;
    Scalar v_blinding;
    for (std::size_t j = 0; j < m; ++j) {
        Party& party = parties[j];
        party.t_1_blinding = Scalar::random(rng);
        party.t_2_blinding = Scalar::random(rng);
        t_1_blinding = t_1_blinding + party.t_1_blinding;
        t_2_blinding = t_2_blinding + party.t_2_blinding;
        v_blinding = v_blinding + z_powers[j] * party.blinding;
    }
    const auto t_1_bytes = base_and_one(t_1_blinding, t1, value_base).encode();
    const auto t_2_bytes = base_and_one(t_2_blinding, t2, value_base).encode();
    transcript.append("T_1", t_1_bytes);
    transcript.append("T_2", t_2_bytes);
    const Scalar x = transcript.challenge("x");

    const Scalar t_x = t0 + x * (t1 + x * t2);
    const Scalar t_x_blinding = v_blinding + x * (t_1_blinding + x * t_2_blinding);
    const Scalar e_blinding = a_blinding + x * s_blinding;
    transcript.append("t_x", t_x);
    transcript.append("t_x_blinding", t_x_blinding);
    transcript.append("e_blinding", e_blinding);
    const Scalar w = transcript.challenge("w");

    Bytes proof;
    proof.reserve(range_proof_size(m));
    for (const auto& part :
         {a_bytes, s_bytes, t_1_bytes, t_2_bytes, t_x.bytes(), t_x_blinding.bytes(), e_blinding.bytes()})
        append(proof, part);

    Scalars a(length);
    Scalars b(length);
    for (std::size_t i = 0; i < length; ++i) {
        a[i] = l0[i] + x * l1[i];
        b[i] = r0[i] + x * r1[i];
    }
    const AffineElement q(straus({&w, 1}, {&value_base, 1}));
    InnerProduct argument(std::move(bases), q, std::move(a), std::move(b), y.inverse());
    argument.run(transcript, proof);
    return proof;
}

} // namespace engine::chain::tx
