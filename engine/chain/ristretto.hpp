#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/chain/crypto.hpp"
#include "engine/chain/hash.hpp"
#include "engine/chain/types.hpp"

// The ristretto255 group with the conversions upstream uses.  Scalar and Point are always valid: whatever
// comes from outside passes through `parse`.

namespace engine::chain {

/// Number modulo the group order.  Overwritten when destroyed, because nearly all of them are secret.
class Scalar {
public:
    /// Zero.
    Scalar() = default;
    Scalar(const Scalar&) = default;
    Scalar& operator=(const Scalar&) = default;
    ~Scalar();

    /// @return nothing when the value is not below the group order
    static std::optional<Scalar> parse(const PrivateKey& bytes);
    /// 256 bits, little endian, reduced.
    static Scalar reduce(const std::array<std::uint8_t, 32>& bytes);
    /// 512 bits, little endian, reduced.
    static Scalar wide(const Digest64& bytes);
    static Scalar from_u64(std::uint64_t value);
    /// Draws 64 bytes.
    static Scalar random(ByteSource& rng);
    /// The wide reduction of BLAKE2b-512 over tag and parts.
    static Scalar hash(std::string_view tag, Parts parts);

    const std::array<std::uint8_t, 32>& bytes() const { return bytes_; }
    PrivateKey key() const;

    friend Scalar operator+(const Scalar& a, const Scalar& b);
    friend Scalar operator-(const Scalar& a, const Scalar& b);
    friend Scalar operator*(const Scalar& a, const Scalar& b);
    Scalar operator-() const { return Scalar() - *this; }
    /// Zero for zero.
    Scalar inverse() const;
    friend bool operator==(const Scalar&, const Scalar&) = default;

private:
    std::array<std::uint8_t, 32> bytes_{};
};

/// Element of the group, kept compressed.  Overwritten when destroyed: products with private keys are secrets
/// that two parties share.
class Point {
public:
    /// The identity, which compresses to zeros.
    Point() = default;
    Point(const Point&) = default;
    Point& operator=(const Point&) = default;
    ~Point();

    /// @return nothing when the bytes are no compressed point
    static std::optional<Point> parse(ByteView bytes);
    static std::optional<Point> parse(const PublicKey& key) { return parse(key.view()); }
    /// `scalar` times the base point.
    static Point base_times(const Scalar& scalar);
    /// The one-way map of RFC 9496 (element derivation).
    static Point map(const Digest64& bytes);
    /// Draws 64 bytes and maps them: nobody knows its scalar.
    static Point random(ByteSource& rng);
    /// The map of BLAKE2b-512 over tag and parts.
    static Point hash(std::string_view tag, Parts parts);

    const std::array<std::uint8_t, 32>& bytes() const { return bytes_; }
    PublicKey key() const;

    friend Point operator+(const Point& a, const Point& b);
    friend Point operator-(const Point& a, const Point& b);
    friend Point operator*(const Scalar& scalar, const Point& point);
    friend bool operator==(const Point&, const Point&) = default;

private:
    std::array<std::uint8_t, 32> bytes_{};
};

/// The base point that carries the value in commitments to amounts of a token.
/// @source crypto/ring-signature/src/ring_signature/mod.rs
Point value_generator(std::uint64_t token_id);
/// `value` on the token's generator, blinded on the base point.
Commitment commit(Amount amount, const Scalar& blinding);

/// Hash-to-scalar and hash-to-point of onetime keys.
Scalar onetime_scalar(const SharedSecret& secret);
Point onetime_point(const PublicKey& key);

/// @return the image that marks an output with this onetime private key as spent
KeyImage key_image(const Scalar& onetime_private);

} // namespace engine::chain
