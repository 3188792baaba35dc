#pragma once

#include <string>
#include <string_view>

namespace real::service {

/// Resolves %XX.  A text in which a percent sign has not two digits after it is left as it is.
/// @param plus_is_blank  as in queries and forms
std::string percent_decoded(std::string_view text, bool plus_is_blank);

} // namespace real::service
