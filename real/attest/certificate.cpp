#include "real/attest/certificate.hpp"

#include <algorithm>
#include <ctime>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509v3.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/secret.hpp"
#include "engine/ensure.hpp"

namespace real::attest {
namespace {

using SignaturePtr = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, FreeWith<ASN1_TIME_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
using OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, FreeWith<ASN1_OCTET_STRING_free>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, FreeWith<ASN1_OBJECT_free>>;

bool is_date(const ASN1_TIME* time) {
    tm when{};
    return time != nullptr && ASN1_TIME_to_tm(time, &when) == 1;
}

/// OpenSSL's calls that answer 1 fail for want of memory only, with the arguments that they get here.
void succeed(int answer) { ENSURE(answer == 1); }

template <class T, class Encode>
Bytes encoded(const T* what, Encode encode) {
    unsigned char* der = nullptr;
    const int size = encode(what, &der);
    ENSURE(size > 0);
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
}

void add(X509_NAME* name, const char* field, const std::string& value) {
    succeed(X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC,
                                       reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0));
}

} // namespace

P256Key P256Key::from_scalar(ByteView scalar) {
    ENSURE(scalar.size() == 32);
    // ECPrivateKey without the public key, which the library then computes.
    static constexpr std::array<std::uint8_t, 7> head{0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    static constexpr std::array<std::uint8_t, 12> curve{0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                                        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    Bytes der(head.begin(), head.end());
    engine::chain::append(der, scalar);
    engine::chain::append(der, curve);
    const unsigned char* at = der.data();
    KeyPtr key(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &at, static_cast<long>(der.size())));
    engine::chain::wipe(der);
    ENSURE(key != nullptr);
    return P256Key(std::move(key));
}

P256Key P256Key::random() {
    KeyPtr key(EVP_EC_gen("P-256"));
    ENSURE(key != nullptr);
    return P256Key(std::move(key));
}

Bytes P256Key::sign(ByteView message) const {
    const DigestPtr context(EVP_MD_CTX_new());
    std::size_t size = 0;
    succeed(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()));
    succeed(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()));
    Bytes out(size);
    succeed(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()));
    out.resize(size);
    return out;
}

std::array<std::uint8_t, 64> P256Key::sign_raw(ByteView message) const {
    const Bytes der = sign(message);
    const unsigned char* at = der.data();
    const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    ENSURE(signature != nullptr);
    std::array<std::uint8_t, 64> out{};
    const int r_size = BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out.data(), 32);
    const int s_size = BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out.data() + 32, 32);
    ENSURE(r_size == 32 && s_size == 32);
    return out;
}

P256Point P256Key::point() const {
    P256Point point;
    std::size_t size = 0;
    succeed(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, point.bytes.data(),
                                            point.bytes.size(), &size));
    ENSURE(size == point.bytes.size());
    return point;
}

bool verifies(EVP_PKEY* key, ByteView message, ByteView signature) {
    if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
    const DigestPtr context(EVP_MD_CTX_new());
    const bool good = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                                       message.size()) == 1;
    ERR_clear_error();
    return good;
}

Bytes der_of_raw_signature(ByteView raw) {
    ENSURE(raw.size() == 64);
    const SignaturePtr signature(ECDSA_SIG_new());
    succeed(ECDSA_SIG_set0(signature.get(), BN_bin2bn(raw.data(), 32, nullptr),
                           BN_bin2bn(raw.data() + 32, 32, nullptr)));
    return encoded(signature.get(), i2d_ECDSA_SIG);
}

KeyPtr p256_key_of(ByteView coordinates) {
    ENSURE(coordinates.size() == 64);
    std::array<std::uint8_t, 65> point{4};
    std::ranges::copy(coordinates, point.begin() + 1);
    std::string group = "P-256";
    const std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end()};
    const std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>> context(
        EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    succeed(EVP_PKEY_fromdata_init(context.get()));
    std::array<OSSL_PARAM, 3> copy = parameters;
    (void)EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, copy.data());
    ERR_clear_error();
    return KeyPtr(key);
}

NamePtr simulation_root_name() {
    NamePtr name(X509_NAME_new());
    add(name.get(), "C", "US");
    add(name.get(), "ST", "CA");
    add(name.get(), "L", "Santa Clara");
    add(name.get(), "O", "Intel Corporation");
    add(name.get(), "CN", "Simulation Intel SGX Attestation Report Signing CA");
    return name;
}

std::optional<Certificate> Certificate::parse(ByteView der) {
    const unsigned char* at = der.data();
    X509Ptr x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    const bool good = x509 && X509_get0_pubkey(x509.get()) != nullptr &&
                      is_date(X509_get0_notBefore(x509.get())) && is_date(X509_get0_notAfter(x509.get()));
    ERR_clear_error();
    if (!good) return std::nullopt;
    return Certificate(std::move(x509));
}

bool Certificate::has_key(const P256Point& point) const {
    P256Point mine;
    std::size_t size = 0;
    const bool found = EVP_PKEY_get_base_id(key()) == EVP_PKEY_EC &&
                       EVP_PKEY_get_octet_string_param(key(), OSSL_PKEY_PARAM_PUB_KEY, mine.bytes.data(),
                                                       mine.bytes.size(), &size) == 1 &&
                       size == mine.bytes.size();
    ERR_clear_error();
    return found && mine == point;
}

bool Certificate::is_issued_by(const X509_NAME* name, EVP_PKEY* key) const {
    const bool good =
        X509_NAME_cmp(X509_get_issuer_name(x509_.get()), name) == 0 && X509_verify(x509_.get(), key) == 1;
    ERR_clear_error();
    return good;
}
bool Certificate::is_issued_by(const Certificate& other) const {
    return is_issued_by(X509_get_subject_name(other.x509_.get()), other.key());
}

bool Certificate::is_authority() const {
    const bool good = X509_check_ca(x509_.get()) == 1;
    ERR_clear_error();
    return good;
}

Bytes Certificate::der() const { return encoded(x509_.get(), i2d_X509); }

Certificate CertificateMaker::make(const P256Key& subject, const P256Key& issuer) const {
    X509Ptr x509(X509_new());
    succeed(X509_set_version(x509.get(), X509_VERSION_3));
    succeed(ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1));
    NamePtr subject_name = simulation_root_name();
    if (!in_root_name) {
        subject_name.reset(X509_NAME_new());
        add(subject_name.get(), "CN", common_name);
    }
    const NamePtr root_name = simulation_root_name();
    succeed(X509_set_subject_name(x509.get(), subject_name.get()));
    succeed(X509_set_issuer_name(x509.get(), by_root_name ? root_name.get() : subject_name.get()));
    const TimePtr from(ASN1_TIME_new());
    const TimePtr until(ASN1_TIME_new());
    succeed(ASN1_TIME_set_string_X509(from.get(), not_before));
    succeed(ASN1_TIME_set_string_X509(until.get(), not_after));
    succeed(X509_set1_notBefore(x509.get(), from.get()));
    succeed(X509_set1_notAfter(x509.get(), until.get()));
    succeed(X509_set_pubkey(x509.get(), subject.handle()));
    if (authority) {
        const ExtensionPtr constraint(
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE"));
        ENSURE(constraint);
        succeed(X509_add_ext(x509.get(), constraint.get(), -1));
    }
    if (!extension_oid.empty()) {
        const ObjectPtr object(OBJ_txt2obj(extension_oid.c_str(), 1));
        const OctetsPtr octets(ASN1_OCTET_STRING_new());
        succeed(ASN1_OCTET_STRING_set(octets.get(), extension.data(), static_cast<int>(extension.size())));
        const ExtensionPtr own(X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 0, octets.get()));
        ENSURE(own);
        succeed(X509_add_ext(x509.get(), own.get(), -1));
    }
    const int signature_size = X509_sign(x509.get(), issuer.handle(), EVP_sha256());
    ENSURE(signature_size > 0);
    return Certificate(std::move(x509));
}

} // namespace real::attest
