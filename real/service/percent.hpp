#pragma once

#include <string>
#include <string_view>

namespace real::service {

/// Resolves %XX.  A percent sign without two digits after it stands for itself, as browsers read it.
/// @param plus_is_blank  as in queries and forms
std::string percent_decoded(std::string_view text, bool plus_is_blank);

} // namespace real::service
