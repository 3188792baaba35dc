#include "real/attest/enclave.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/hash.hpp"
#include "engine/ensure.hpp"
#include "real/attest/openssl.hpp"

namespace real::attest {

using engine::chain::as_bytes;
using engine::chain::little_endian;
using engine::chain::load_little_endian;

namespace {

template <class Fixed>
Fixed sha256(ByteView data) {
    static_assert(Fixed::size == crypto_hash_sha256_BYTES);
    Fixed out;
    crypto_hash_sha256(out.bytes.data(), data.data(), data.size());
    return out;
}

// Offsets of enclave_css_t.
constexpr std::size_t date_at = 20;
constexpr std::size_t header_2_at = 24;
constexpr std::size_t modulus_at = 128;
constexpr std::size_t exponent_at = 512;
constexpr std::size_t measurement_at = 960;
constexpr std::size_t product_at = 1024;
constexpr std::size_t svn_at = 1026;
constexpr std::array<std::uint8_t, 16> header_1{6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 16> header_2{1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0};
constexpr std::uint32_t earliest_date = 0x20170120;

// Offsets of sgx_report_body_t.
constexpr std::size_t flags_at = 48;
constexpr std::size_t mr_enclave_at = 64;
constexpr std::size_t mr_signer_at = 128;
constexpr std::size_t isv_product_at = 256;
constexpr std::size_t isv_svn_at = 258;
constexpr std::size_t report_data_at = 320;

template <class Container, class From>
void put(Container& to, std::size_t at, const From& from) {
    std::copy(std::begin(from), std::end(from), to.begin() + static_cast<std::ptrdiff_t>(at));
}

} // namespace

const char* name(Enclave enclave) {
    switch (enclave) {
    case Enclave::consensus:
        return "consensus";
    case Enclave::ledger:
        return "ledger";
    case Enclave::view:
        return "view";
    case Enclave::ingest:
        return "ingest";
    }
    return "?";
}

std::uint16_t product_id(Enclave enclave) {
    return static_cast<std::uint16_t>(static_cast<int>(enclave) + 1);
}
std::uint16_t minimum_svn(Enclave enclave) { return enclave == Enclave::consensus ? 10 : 9; }
MrEnclave measurement(Enclave enclave) {
    return sha256<MrEnclave>(as_bytes(fmt::format("simulated {} enclave, no security", name(enclave))));
}

MrSigner mr_signer_of(const Modulus& modulus) { return sha256<MrSigner>(modulus.view()); }

const Modulus& default_modulus() {
    static const Modulus modulus = [] {
        Modulus out;
        engine::chain::hkdf_sha512({}, as_bytes("simulated enclave signer, no security"), {}, out.bytes);
        out.bytes.front() |= 1; // as of a product of two odd primes
        out.bytes.back() |= 0x80;
        return out;
    }();
    return modulus;
}

std::optional<Modulus> modulus_from_pem(std::string_view pem, std::string& why) {
    const auto reading = [pem] { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); };
    // An encrypted key would make OpenSSL ask on the terminal.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    BioPtr in = reading();
    KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr));
    if (!key) {
        in = reading();
        key.reset(PEM_read_bio_PUBKEY(in.get(), nullptr, no_password, nullptr));
    }
    ERR_clear_error();
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
        why = "holds no RSA key in PEM";
        return std::nullopt;
    }
    BIGNUM* number = nullptr;
    const bool found = EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_N, &number) == 1;
    const NumberPtr modulus(number);
    ERR_clear_error();
    Modulus out;
    if (!found || BN_num_bits(modulus.get()) != 3072 ||
        BN_bn2lebinpad(modulus.get(), out.bytes.data(), static_cast<int>(out.bytes.size())) !=
            static_cast<int>(out.bytes.size())) {
        why = fmt::format("holds an RSA key of {} bits, enclaves are signed with 3072",
                          found ? BN_num_bits(modulus.get()) : 0);
        return std::nullopt;
    }
    return out;
}

Css Css::of(Enclave enclave, const Modulus& modulus) {
    Css css;
    css.modulus = modulus;
    css.mr_enclave = measurement(enclave);
    css.product_id = attest::product_id(enclave);
    css.svn = minimum_svn(enclave);
    return css;
}

Bytes Css::encode() const {
    Bytes out(size, 0);
    put(out, 0, header_1);
    put(out, date_at, little_endian(date));
    put(out, header_2_at, header_2);
    put(out, modulus_at, modulus.bytes);
    put(out, exponent_at, little_endian(std::uint32_t{3}));
    put(out, measurement_at, mr_enclave.bytes);
    put(out, product_at, little_endian(product_id));
    put(out, svn_at, little_endian(svn));
    return out;
}

std::optional<Css> Css::parse(ByteView file, std::string& why) {
    if (file.size() < size) {
        why = fmt::format("is {} bytes long, an enclave's signature structure has {}", file.size(), size);
        return std::nullopt;
    }
    if (!std::ranges::equal(file.first(header_1.size()), header_1) ||
        !std::ranges::equal(file.subspan(header_2_at, header_2.size()), header_2)) {
        why = "does not begin as an enclave's signature structure does";
        return std::nullopt;
    }
    Css css;
    css.date = load_little_endian<std::uint32_t>(file.subspan(date_at));
    if (css.date < earliest_date) {
        why = fmt::format("is dated {:08x}, before the structure existed", css.date);
        return std::nullopt;
    }
    css.modulus = Modulus::from(file.subspan(modulus_at, Modulus::size)).value();
    css.mr_enclave = MrEnclave::from(file.subspan(measurement_at, MrEnclave::size)).value();
    css.product_id = load_little_endian<std::uint16_t>(file.subspan(product_at));
    css.svn = load_little_endian<std::uint16_t>(file.subspan(svn_at));
    return css;
}

TrustedIdentity TrustedIdentity::of(Enclave enclave, const MrSigner& signer) {
    TrustedIdentity identity;
    identity.signer = BySigner{signer, attest::product_id(enclave), attest::minimum_svn(enclave)};
    return identity;
}

ReportBody ReportBody::of(Enclave enclave, const MrSigner& signer) {
    ReportBody body;
    body.mr_enclave = measurement(enclave);
    body.mr_signer = signer;
    body.product_id = attest::product_id(enclave);
    body.svn = minimum_svn(enclave);
    return body;
}

std::array<std::uint8_t, ReportBody::size> ReportBody::encode() const {
    std::array<std::uint8_t, size> out{};
    put(out, flags_at, little_endian(flags));
    put(out, mr_enclave_at, mr_enclave.bytes);
    put(out, mr_signer_at, mr_signer.bytes);
    put(out, isv_product_at, little_endian(product_id));
    put(out, isv_svn_at, little_endian(svn));
    put(out, report_data_at, report_data);
    return out;
}

ReportBody ReportBody::parse(ByteView bytes) {
    ENSURE(bytes.size() == size);
    ReportBody body;
    body.flags = load_little_endian<std::uint64_t>(bytes.subspan(flags_at));
    body.mr_enclave = MrEnclave::from(bytes.subspan(mr_enclave_at, MrEnclave::size)).value();
    body.mr_signer = MrSigner::from(bytes.subspan(mr_signer_at, MrSigner::size)).value();
    body.product_id = load_little_endian<std::uint16_t>(bytes.subspan(isv_product_at));
    body.svn = load_little_endian<std::uint16_t>(bytes.subspan(isv_svn_at));
    std::ranges::copy(bytes.subspan(report_data_at, body.report_data.size()), body.report_data.begin());
    return body;
}

bool ReportBody::matches(const TrustedIdentity& identity) const {
    if (identity.measurement && mr_enclave == *identity.measurement) return true;
    return identity.signer && mr_signer == identity.signer->signer &&
           product_id == identity.signer->product_id && svn >= identity.signer->minimum_svn;
}

} // namespace real::attest
