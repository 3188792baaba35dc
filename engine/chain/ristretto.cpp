#include "engine/chain/ristretto.hpp"

#include <algorithm>

#include <sodium.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

// The group order 2^252 + 27742317777372353535851937790883648493, little endian.
constexpr std::array<std::uint8_t, 32> group_order{
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

// libsodium 1.0.18 has no canonical test for scalars.  Runs over all bytes whatever they are.
bool is_canonical(const std::array<std::uint8_t, 32>& bytes) {
    unsigned below = 0;
    unsigned equal_so_far = 1;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        below |= equal_so_far & static_cast<unsigned>((int{bytes[i]} - int{group_order[i]}) < 0);
        equal_so_far &= static_cast<unsigned>(bytes[i] == group_order[i]);
    }
    return below != 0;
}

Digest64 tagged_hash(std::string_view tag, Parts parts) {
    // One joined buffer: an initializer list cannot be extended, and these inputs are short.
    Bytes joined;
    joined.reserve(160);
    append(joined, as_bytes(tag));
    for (const ByteView part : parts) append(joined, part);
    const WipeAtExit wipe_joined(joined);
    return blake2b_512({joined});
}

constexpr std::string_view hash_to_point_tag = "mc_onetime_key_hash_to_point";
constexpr std::string_view hash_to_scalar_tag = "mc_onetime_key_hash_to_scalar";

} // namespace

Scalar::~Scalar() { wipe(bytes_); }

std::optional<Scalar> Scalar::parse(const PrivateKey& bytes) {
    if (!is_canonical(bytes.bytes)) return std::nullopt;
    Scalar out;
    out.bytes_ = bytes.bytes;
    return out;
}

Scalar Scalar::reduce(const std::array<std::uint8_t, 32>& bytes) {
    Secret<Digest64> padded;
    std::copy(bytes.begin(), bytes.end(), padded->begin());
    return wide(*padded);
}

Scalar Scalar::wide(const Digest64& bytes) {
    Scalar out;
    crypto_core_ristretto255_scalar_reduce(out.bytes_.data(), bytes.data());
    return out;
}

Scalar Scalar::from_u64(std::uint64_t value) {
    Scalar out;
    const auto low = little_endian(value);
    std::copy(low.begin(), low.end(), out.bytes_.begin());
    return out;
}

Scalar Scalar::random(ByteSource& rng) {
    Secret<Digest64> drawn;
    rng.fill(*drawn);
    return wide(*drawn);
}

Scalar Scalar::hash(std::string_view tag, Parts parts) {
    const Secret<Digest64> digest(tagged_hash(tag, parts));
    return wide(*digest);
}

PrivateKey Scalar::key() const {
    PrivateKey out;
    out.bytes = bytes_;
    return out;
}

Scalar operator+(const Scalar& a, const Scalar& b) {
    Scalar out;
    crypto_core_ristretto255_scalar_add(out.bytes_.data(), a.bytes_.data(), b.bytes_.data());
    return out;
}

Scalar operator-(const Scalar& a, const Scalar& b) {
    Scalar out;
    crypto_core_ristretto255_scalar_sub(out.bytes_.data(), a.bytes_.data(), b.bytes_.data());
    return out;
}

Scalar Scalar::inverse() const {
    Scalar out;
    // Refused for zero, whose inverse it leaves zero.
    (void)crypto_core_ristretto255_scalar_invert(out.bytes_.data(), bytes_.data());
    return out;
}

Scalar operator*(const Scalar& a, const Scalar& b) {
    Scalar out;
    crypto_core_ristretto255_scalar_mul(out.bytes_.data(), a.bytes_.data(), b.bytes_.data());
    return out;
}

Point::~Point() { wipe(bytes_); }

std::optional<Point> Point::parse(ByteView bytes) {
    Point out;
    if (bytes.size() != out.bytes_.size()) return std::nullopt;
    // libsodium 1.0.18 overlooks the topmost bit, which no canonical encoding has.
    if ((bytes[31] & 0x80) != 0 || crypto_core_ristretto255_is_valid_point(bytes.data()) != 1)
        return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), out.bytes_.begin());
    return out;
}

// libsodium reports a multiplication that ends in the identity as a failure, having written zeros or nothing.
// The operands are valid here, so failure means identity and nothing else.
Point Point::base_times(const Scalar& scalar) {
    Point out;
    if (crypto_scalarmult_ristretto255_base(out.bytes_.data(), scalar.bytes().data()) != 0) return {};
    return out;
}

Point operator*(const Scalar& scalar, const Point& point) {
    Point out;
    if (crypto_scalarmult_ristretto255(out.bytes_.data(), scalar.bytes().data(), point.bytes_.data()) != 0)
        return {};
    return out;
}

Point Point::map(const Digest64& bytes) {
    Point out;
    crypto_core_ristretto255_from_hash(out.bytes_.data(), bytes.data());
    return out;
}

Point Point::random(ByteSource& rng) {
    Digest64 drawn;
    rng.fill(drawn);
    return map(drawn);
}

Point Point::hash(std::string_view tag, Parts parts) { return map(tagged_hash(tag, parts)); }

PublicKey Point::key() const {
    PublicKey out;
    out.bytes = bytes_;
    return out;
}

Point operator+(const Point& a, const Point& b) {
    Point out;
    crypto_core_ristretto255_add(out.bytes_.data(), a.bytes_.data(), b.bytes_.data());
    return out;
}

Point operator-(const Point& a, const Point& b) {
    Point out;
    crypto_core_ristretto255_sub(out.bytes_.data(), a.bytes_.data(), b.bytes_.data());
    return out;
}

Point value_generator(std::uint64_t token_id) {
    const auto generator = [](std::uint64_t token) {
        auto base = Point::base_times(Scalar::from_u64(1)).bytes();
        const auto mask = little_endian(token);
        for (std::size_t i = 0; i < mask.size(); ++i) base[i] ^= mask[i];
        return Point::hash(hash_to_point_tag, {base});
    };
    // Nearly every amount is of token 0.
    static const Point of_token_zero = generator(0);
    return token_id == 0 ? of_token_zero : generator(token_id);
}

Commitment commit(Amount amount, const Scalar& blinding) {
    const Point sum =
        Scalar::from_u64(amount.value) * value_generator(amount.token_id) + Point::base_times(blinding);
    Commitment out;
    out.bytes = sum.bytes();
    return out;
}

Scalar onetime_scalar(const SharedSecret& secret) {
    return Scalar::hash(hash_to_scalar_tag, {secret.view()});
}

Point onetime_point(const PublicKey& key) { return Point::hash(hash_to_point_tag, {key.view()}); }

KeyImage key_image(const Scalar& onetime_private) {
    const PublicKey onetime_public = Point::base_times(onetime_private).key();
    KeyImage out;
    out.bytes = (onetime_private * onetime_point(onetime_public)).bytes();
    return out;
}

} // namespace engine::chain
