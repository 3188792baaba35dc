#pragma once

#include <memory>

#include "real/attest/session.hpp"

// How the channels between wallets and services are protected.  One of two modes, and neither protects
// anything from anybody who can read this program:
//
//   simulated   MobileCoin's sessions, Noise and evidence, vouched for by a key that everybody has: simulated
//               attestation, no security.  What clients built with SGX_MODE=SW speak.
//   clear text  the same shape without ciphers (session.hpp).  Easier to look into.

namespace real::grpc {

/// A service towards its clients.
struct ServerAttestation {
    std::shared_ptr<const attest::Responder> responder; ///< null: clear text
};

/// A client towards a service.
struct ClientAttestation {
    std::shared_ptr<const attest::Signer> signer; ///< of the service's enclaves; null: clear text
    std::string responder_id;                     ///< empty: the channel's target
};

} // namespace real::grpc
