#include "engine/chain/schnorr.hpp"

#include <algorithm>

#include "engine/chain/hc128.hpp"
#include "engine/chain/merlin.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

constexpr std::uint8_t mark = 0x80;

/// What signer and verifier both have absorbed before R.
Transcript signing_transcript(std::string_view context, ByteView message, const Point& key) {
    Transcript t("SigningContext");
    t.append("", context);
    t.append("sign-bytes", message);
    t.append("proto-name", "Schnorr-sig");
    t.append("sign:pk", key.bytes());
    return t;
}

Scalar challenge(Transcript& t, const Point& commitment) {
    t.append("sign:R", commitment.bytes());
    return Scalar::wide(t.challenge<64>("sign:c"));
}

} // namespace

SchnorrSignature schnorr_sign(const Scalar& key, std::string_view context, ByteView message) {
    Transcript nonce_transcript("SigningNonce");
    nonce_transcript.append("context", context);
    nonce_transcript.append("private", key.bytes());
    nonce_transcript.append("message", message);
    const Secret<Digest32> nonce(nonce_transcript.challenge<32>("nonce"));

    Transcript t = signing_transcript(context, message, Point::base_times(key));
    Hc128 outer(*nonce);
    TranscriptRng rng = t.rng("signing", *nonce, outer);
    const Scalar r = Scalar::random(rng);
    const Point commitment = Point::base_times(r);
    const Scalar s = challenge(t, commitment) * key + r;

    SchnorrSignature out;
    std::copy_n(commitment.bytes().begin(), 32, out.bytes.begin());
    std::copy_n(s.bytes().begin(), 32, out.bytes.begin() + 32);
    out.bytes[63] |= mark;
    return out;
}

bool schnorr_verify(const PublicKey& key, std::string_view context, ByteView message,
                    const SchnorrSignature& signature) {
    const auto public_key = Point::parse(key);
    if (!public_key || (signature.bytes[63] & mark) == 0) return false;
    PrivateKey s_bytes;
    std::copy_n(signature.bytes.begin() + 32, 32, s_bytes.bytes.begin());
    s_bytes.bytes[31] &= static_cast<std::uint8_t>(~mark);
    const auto s = Scalar::parse(s_bytes);
    const auto commitment = Point::parse(signature.view().first(32));
    if (!s || !commitment) return false; // bytes that are no point cannot equal the point computed below
    Transcript t = signing_transcript(context, message, *public_key);
    const Scalar k = challenge(t, *commitment);
    return Point::base_times(*s) - k * *public_key == *commitment;
}

} // namespace engine::chain
