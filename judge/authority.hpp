#pragma once

#include "real/grpc/report.hpp"

namespace judge {

/// Vouches for the fog reports of simulated worlds with a key and a self-signed certificate of its own, both
/// made anew each time: no security.
/// @throws engine::BrokenSurroundings  when no key or certificate can be made
real::grpc::SealReports simulated_authority();

} // namespace judge
