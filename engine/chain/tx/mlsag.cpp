#include "engine/chain/tx/mlsag.hpp"

#include <vector>

#include "engine/chain/tx/multiscalar.hpp"

namespace engine::chain::tx {
namespace {

using Encoded = std::array<std::uint8_t, 32>;

std::optional<AffineElement> decoded(const Encoded& bytes) {
    const auto element = GroupElement::decode(bytes);
    if (!element) return std::nullopt;
    return AffineElement(*element);
}

Scalar challenge(ByteView message, const KeyImage& key_image, const GroupElement& l0, const GroupElement& r0,
                 const GroupElement& l1) {
    const Encoded l0_bytes = l0.encode();
    const Encoded r0_bytes = r0.encode();
    const Encoded l1_bytes = l1.encode();
    return Scalar::hash("mc_ring_mlsag_challenge", {message, key_image.view(), l0_bytes, r0_bytes, l1_bytes});
}

/// A member in coordinates: target key, its hash as a point, and the difference of commitments.
struct Member {
    AffineElement target;
    AffineElement hashed;
    AffineElement difference;
};

std::optional<std::vector<Member>> members(std::span<const RingMember> ring, const GroupElement& pseudo) {
    std::vector<Member> out;
    out.reserve(ring.size());
    for (const RingMember& member : ring) {
        const auto target = decoded(member.target_key.bytes);
        const auto commitment = decoded(member.commitment.bytes);
        if (!target || !commitment) return std::nullopt;
        out.push_back({*target, AffineElement(GroupElement::from(onetime_point(member.target_key))),
                       AffineElement(pseudo - *commitment)});
    }
    return out;
}

/// The challenge that leaves a member, from the one that enters it.
Scalar next_challenge(ByteView message, const KeyImage& key_image, const AffineElement& image,
                      const Member& member, const Scalar& entering, const Scalar& r0, const Scalar& r1) {
    return challenge(message, key_image, base_and_one(r0, entering, member.target),
                     two_terms(r0, member.hashed, entering, image),
                     base_and_one(r1, entering, member.difference));
}

Scalar scalar(const RingScalar& bytes) { return Scalar::reduce(bytes.bytes); }
RingScalar bytes_of(const Scalar& scalar) { return {scalar.bytes()}; }

} // namespace

std::optional<RingFailure> verify_ring(ByteView message, std::span<const RingMember> ring,
                                       const Commitment& pseudo_output, const RingMlsag& signature) {
    using Kind = RingFailure::Kind;
    if (signature.responses.size() != 2 * ring.size())
        return RingFailure{Kind::length_mismatch, 2 * ring.size(), signature.responses.size()};
    const auto image = decoded(signature.key_image.bytes);
    if (!image) return RingFailure{.kind = Kind::bad_key_image};
    const auto pseudo = GroupElement::decode(pseudo_output.bytes);
    const auto all = pseudo ? members(ring, *pseudo) : std::nullopt;
    if (!all) return RingFailure{.kind = Kind::bad_point};

    const Scalar first = scalar(signature.c_zero);
    Scalar c = first;
    for (std::size_t i = 0; i < ring.size(); ++i)
        c = next_challenge(message, signature.key_image, *image, (*all)[i], c,
                           scalar(signature.responses[2 * i]), scalar(signature.responses[2 * i + 1]));
    if (c == first) return std::nullopt;
    return RingFailure{.kind = Kind::bad_signature};
}

std::variant<RingMlsag, RingRefusal> sign_ring(ByteSource& rng, ByteView message,
                                               std::span<const RingMember> ring, const RingSecrets& secrets) {
    const std::size_t size = ring.size();
    const std::size_t real = secrets.real_index;
    if (real >= size) return RingRefusal::index_out_of_bounds;

    std::vector<Scalar> responses(2 * size);
    for (std::size_t i = 0; i < size; ++i) {
        if (i == real) continue;
        responses[2 * i] = Scalar::random(rng);
        responses[2 * i + 1] = Scalar::random(rng);
    }
    const Scalar alpha0 = Scalar::random(rng);
    const Scalar alpha1 = Scalar::random(rng);

    const GroupElement pseudo =
        GroupElement::decode(commit(secrets.amount, secrets.pseudo_blinding).bytes).value();
    const auto all = members(ring, pseudo);
    if (!all) return RingRefusal::bad_point;
    const Scalar difference = secrets.pseudo_blinding - secrets.input_blinding;
    if (!((*all)[real].difference.extended() == GroupElement::from(Point::base_times(difference))))
        return RingRefusal::value_not_conserved;

    RingMlsag out;
    out.key_image.bytes =
        (secrets.onetime_private * onetime_point(Point::base_times(secrets.onetime_private).key())).bytes();
    const AffineElement image(GroupElement::decode(out.key_image.bytes).value());
    const Scalar zero;
    Scalar c =
        challenge(message, out.key_image, base_and_one(alpha0, zero, image),
                  two_terms(alpha0, (*all)[real].hashed, zero, image), base_and_one(alpha1, zero, image));
    for (std::size_t step = 1; step <= size; ++step) {
        const std::size_t i = (real + step) % size;
        if (i == 0) out.c_zero = bytes_of(c);
        if (i == real) break;
        c = next_challenge(message, out.key_image, image, (*all)[i], c, responses[2 * i],
                           responses[2 * i + 1]);
    }
    responses[2 * real] = alpha0 - c * secrets.onetime_private;
    responses[2 * real + 1] = alpha1 - c * difference;
    for (const Scalar& response : responses) out.responses.push_back(bytes_of(response));
    return out;
}

} // namespace engine::chain::tx
