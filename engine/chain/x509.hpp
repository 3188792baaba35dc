#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/chain/types.hpp"

namespace engine::chain {

/// The complete DER SubjectPublicKeyInfo, outer header included, of the certificate in the first PEM block:
/// what a fog authority signature is made over.
/// @param why  set to the reason when nothing is returned
std::optional<Bytes> spki_of_first_certificate(std::string_view pem, std::string& why);

} // namespace engine::chain
