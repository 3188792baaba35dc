#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/chain/types.hpp"

// What a client expects of an enclave, and where a stand-in takes it from.  There is no enclave here:
// simulated attestation, no security.
// @source mobilecoin a2229c005 sgx/css, attest/verifier; Intel SGX SDK, enclave_css_t

namespace real::attest {

using engine::chain::Bytes;
using engine::chain::ByteView;
/// SHA-256 of the signing key's modulus, little endian.
using MrSigner = engine::chain::FixedBytes<struct MrSignerTag, 32>;
/// What the enclave's code measures to.
using MrEnclave = engine::chain::FixedBytes<struct MrEnclaveTag, 32>;

enum class Enclave : std::uint8_t { consensus, ledger, view, ingest };
inline constexpr std::array all_enclaves{Enclave::consensus, Enclave::ledger, Enclave::view, Enclave::ingest};
const char* name(Enclave enclave);
std::uint16_t product_id(Enclave enclave);
/// The least security version that clients of 7.0.0 take.
std::uint16_t minimum_svn(Enclave enclave);
/// Ours, for want of code that could be measured.
MrEnclave measurement(Enclave enclave);

/// The modulus of a signing key: RSA with 3072 bits, little endian.
using Modulus = engine::chain::FixedBytes<struct ModulusTag, 384>;
MrSigner mr_signer_of(const Modulus& modulus);
/// That of nobody's key: 384 bytes that anybody can compute.  For stand-ins that are told no other.
const Modulus& default_modulus();
/// Of a private or public RSA key.  @param why  set to the reason when nothing is returned
std::optional<Modulus> modulus_from_pem(std::string_view pem, std::string& why);

/// The signature structure of an enclave: what MobileCoin's programs take with `--view-enclave-css` and its
/// like.
struct Css {
    static constexpr std::size_t size = 1808;
    std::uint32_t date = 0x20260101; ///< decimal digits read as hex
    Modulus modulus;
    MrEnclave mr_enclave;
    std::uint16_t product_id = 0;
    std::uint16_t svn = 0;

    /// The structure of a stand-in.  Its signature is all zeros: nobody checks it, and nobody has the key.
    static Css of(Enclave enclave, const Modulus& modulus);
    Bytes encode() const;
    /// Longer files are taken, as upstream does.  @param why  set to the reason when nothing is returned
    static std::optional<Css> parse(ByteView file, std::string& why);
};

/// What a client accepts an enclave for.
struct TrustedIdentity {
    struct BySigner {
        MrSigner signer;
        std::uint16_t product_id = 0;
        std::uint16_t minimum_svn = 0;
    };
    std::optional<BySigner> signer;       ///< this,
    std::optional<MrEnclave> measurement; ///< or this

    static TrustedIdentity of(Enclave enclave, const MrSigner& signer);
};
/// Faults of the platform that MobileCoin's four enclaves are said to be hardened against.
inline constexpr std::array<std::string_view, 3> tolerated_advisories{"INTEL-SA-00334", "INTEL-SA-00615",
                                                                      "INTEL-SA-00657"};

/// The report of an enclave about itself, as the processor would make it: 384 bytes.
struct ReportBody {
    static constexpr std::size_t size = 384;
    using ReportData = std::array<std::uint8_t, 64>;
    std::uint64_t flags = 7; ///< initialised, debug, 64 bits
    MrEnclave mr_enclave;
    MrSigner mr_signer;
    std::uint16_t product_id = 0;
    std::uint16_t svn = 0;
    ReportData report_data{};

    static ReportBody of(Enclave enclave, const MrSigner& signer);
    std::array<std::uint8_t, size> encode() const;
    /// @pre 384 bytes
    static ReportBody parse(ByteView bytes);
    bool matches(const TrustedIdentity& identity) const;
};

} // namespace real::attest
