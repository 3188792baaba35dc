#pragma once

#include <memory>
#include <string>

#include "real/grpc/attestation.hpp"
#include "tools/fog_node/options.hpp"
#include "tools/fog_node/server.hpp"

namespace fog_node {

/// Flags of programs at either end of a wallet's channels: in which mode they speak, and who is said to have
/// signed the enclaves.
struct AttestationFlags {
    std::string mode = "simulated";
    std::string enclave_key;
    std::string enclave_css;

    void add_to(Parameters& parameters);
    /// @return null in clear text.  @throws tools::BadInput
    std::shared_ptr<const real::attest::Signer> signer() const;
};

/// Said once by every program that speaks to wallets or senders.
void say_attestation(Log& log, const real::attest::Signer* signer);

/// The evidence of an ingest enclave in its reports, in either mode.  The last one is kept, so that the same
/// key has the same evidence.
std::function<engine::chain::Bytes(const engine::chain::PublicKey& ingress_key)>
report_evidence(std::shared_ptr<const real::attest::Signer> signer);

} // namespace fog_node
