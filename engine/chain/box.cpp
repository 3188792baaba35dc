#include "engine/chain/box.hpp"

#include <algorithm>

#include "engine/chain/aes.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

constexpr std::uint8_t major_version = 1;
constexpr std::uint8_t minor_version = 0;
constexpr std::uint8_t hint_magic = 42;
using HintPlain = std::array<std::uint8_t, 34>;

struct BoxKey {
    Secret<AesKey> key;
    GcmNonce nonce{};

    explicit BoxKey(const Point& shared) {
        Secret<SharedSecret> secret;
        secret->bytes = shared.bytes();
        const Secret<std::array<std::uint8_t, 44>> material(box_key_material(*secret));
        std::copy_n(material->begin(), 32, key->begin());
        std::copy_n(material->begin() + 32, 12, nonce.begin());
    }
};

FogHint seal_hint(ByteSource& rng, const Point& to, const HintPlain& plain) {
    return *FogHint::from(seal_box(rng, to, plain));
}

} // namespace

std::array<std::uint8_t, 44> box_key_material(const SharedSecret& shared) {
    std::array<std::uint8_t, 44> out;
    hkdf_blake2b_512(as_bytes("dei-salty-box"), shared.view(), as_bytes("aead-key-iv"), out);
    return out;
}

Bytes seal_box(ByteSource& rng, const Point& to, ByteView plain) {
    const Scalar ephemeral = Scalar::random(rng);
    const BoxKey box_key(ephemeral * to);
    Bytes out;
    out.reserve(plain.size() + box_footer_size);
    append(out, plain);
    const GcmTag tag = aes256_gcm_seal(*box_key.key, box_key.nonce, out);
    append(out, Point::base_times(ephemeral).bytes());
    append(out, tag);
    out.push_back(major_version);
    out.push_back(minor_version);
    return out;
}

std::optional<Bytes> open_box(const Scalar& secret, ByteView box) {
    if (box.size() < box_footer_size) return std::nullopt;
    const ByteView footer = box.last(box_footer_size);
    if (footer[48] != major_version || footer[49] != minor_version) return std::nullopt;
    const auto ephemeral = Point::parse(footer.first(32));
    if (!ephemeral) return std::nullopt;
    GcmTag tag;
    std::copy_n(footer.begin() + 32, tag.size(), tag.begin());
    const BoxKey box_key(secret * *ephemeral);
    Bytes plain(box.begin(), box.end() - box_footer_size);
    if (!aes256_gcm_open(*box_key.key, box_key.nonce, tag, plain)) return std::nullopt;
    return plain;
}

FogHint make_hint(ByteSource& rng, const Point& ingress, const PublicKey& view_public) {
    HintPlain plain;
    std::copy(view_public.bytes.begin(), view_public.bytes.end(), plain.begin());
    plain[32] = plain[33] = hint_magic;
    return seal_hint(rng, ingress, plain);
}

FogHint make_fake_hint(ByteSource& rng) {
    const Point nobody = Point::random(rng);
    return seal_hint(rng, nobody, {});
}

std::optional<PublicKey> open_hint(const Scalar& ingress, const FogHint& hint) {
    const auto plain = open_box(ingress, hint.view());
    if (!plain || (*plain)[32] != hint_magic || (*plain)[33] != hint_magic) return std::nullopt;
    return PublicKey::from(ByteView(*plain).first(32));
}

} // namespace engine::chain
