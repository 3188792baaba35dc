#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/chain/types.hpp"
#include "real/attest/openssl.hpp"

// Inside real/attest only: keys on the curve P-256 and the certificates that evidence is vouched for with.

namespace real::attest {

using engine::chain::Bytes;
using engine::chain::ByteView;

/// A point in its uncompressed form.
using P256Point = engine::chain::FixedBytes<struct P256PointTag, 65>;

/// A signing key.
class P256Key {
public:
    /// @param scalar  32 bytes, big endian, below the group order and not zero
    static P256Key from_scalar(ByteView scalar);
    static P256Key random();

    /// ASN.1 DER, over the SHA-256 of the message.
    Bytes sign(ByteView message) const;
    /// The same as r and s, 32 bytes each.
    std::array<std::uint8_t, 64> sign_raw(ByteView message) const;
    P256Point point() const;
    EVP_PKEY* handle() const { return key_.get(); }

private:
    explicit P256Key(KeyPtr key) : key_(std::move(key)) {}
    KeyPtr key_;
};

/// Whether a signature in DER is that of the key over the SHA-256 of the message.
bool verifies(EVP_PKEY* key, ByteView message, ByteView signature);
/// r and s as DER.  @pre 64 bytes
Bytes der_of_raw_signature(ByteView raw);
/// @return null when the point is not on the curve.  @pre 64 bytes, X then Y
KeyPtr p256_key_of(ByteView coordinates);

/// The name of the certificates that simulated evidence is vouched for by.
NamePtr simulation_root_name();

class Certificate {
public:
    /// Trailing bytes are let through; dates must be dates, and are not compared with anything.
    /// @return nothing when it does not parse
    static std::optional<Certificate> parse(ByteView der);

    EVP_PKEY* key() const { return X509_get0_pubkey(x509_.get()); }
    bool has_key(const P256Point& point) const;
    /// By name and signature.
    bool is_issued_by(const X509_NAME* name, EVP_PKEY* key) const;
    bool is_issued_by(const Certificate& other) const;
    /// May issue others.
    bool is_authority() const;
    X509* handle() const { return x509_.get(); }
    Bytes der() const;

private:
    friend struct CertificateMaker;
    explicit Certificate(X509Ptr x509) : x509_(std::move(x509)) {}
    X509Ptr x509_;
};

/// A certificate to be made.
struct CertificateMaker {
    std::string common_name = "simulated attestation, no security";
    bool in_root_name = false; ///< the subject is the simulation root
    bool by_root_name = false; ///< the issuer is named so; else the subject itself
    bool authority = false;
    const char* not_before = "20240101000000Z";
    const char* not_after = "20491231000000Z";
    /// An extension of this object, DER; none when empty.
    std::string extension_oid;
    Bytes extension;

    Certificate make(const P256Key& subject, const P256Key& issuer) const;
};

} // namespace real::attest
