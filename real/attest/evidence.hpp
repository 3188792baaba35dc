#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/chain/block.hpp"
#include "real/attest/enclave.hpp"
#include "real/attest/noise.hpp"

// What vouches for an enclave: simulated attestation, no security.
//
// Clients built with SGX_MODE=SW trust a root key that follows from a fixed seed, so everybody can vouch for
// everything.  That is what makes them work here, and what makes it worthless as a proof.  Clients built with
// SGX_MODE=HW trust Intel's keys and cannot be served.
// @source mobilecoin a2229c005 attest/verifier, attest/core/src/ias, attest/ake

namespace real::attest {

/// Evidence of the EPID form: a text signed by the simulation root, and its certificate.
/// @param body  whose report data hold the static key of a session in bytes 0 to 31; of an ingest enclave the
///              ingress key in bytes 32 to 63
engine::chain::VerificationReport simulated_report(const ReportBody& body);
/// As it is sent: the message's bytes.
Bytes encode(const engine::chain::VerificationReport& report);

/// The DCAP evidence in a message of evidence: its field 4.  @return nothing when it is of the older kind
std::optional<ByteView> dcap_in(ByteView evidence);
/// The key that an ingest enclave vouches for, taken at its word.  @return nothing when there is none
std::optional<Bytes> claimed_custom_identity(ByteView evidence);

/// What evidence says once it was found good.
struct Vouched {
    ReportBody body;
    X25519Public key;            ///< of the channel
    std::optional<Bytes> custom; ///< what else the enclave vouches for: an ingest enclave's ingress key
};
/// Upstream's verdict on evidence, in a client built with SGX_MODE=SW.
/// @param trusted  any of them will do; an empty list takes every enclave, as upstream
/// @param why      set to the reason when nothing is returned
/// @differs        DCAP evidence (field 4) is refused as not understood
std::optional<Vouched> verify_evidence(ByteView evidence, std::span<const TrustedIdentity> trusted,
                                       std::string& why);
/// The same for the payload of a handshake, whose static key the evidence must name.
/// @return the reason to refuse it
std::optional<std::string> fault_of_session(ByteView evidence, std::span<const TrustedIdentity> trusted,
                                            const X25519Public& static_key);

} // namespace real::attest
