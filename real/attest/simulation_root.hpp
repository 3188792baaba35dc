#pragma once

#include "real/attest/certificate.hpp"

// Inside real/attest only: the two keys that clients built with SGX_MODE=SW and without MC_SEED believe in.
// Upstream's build draws them from HC-128 with a seed of zeros: first the root, then, after the 128 bytes
// that signing the root's certificate takes, the signer.
// @source mobilecoin a2229c005 attest/verifier/build.rs

namespace real::attest {

const P256Key& simulation_root();
const P256Key& simulation_signer();

} // namespace real::attest
