#pragma once

#include <string>
#include <string_view>

namespace tools {

/// Text as it may stand in XML and HTML, between tags and in quoted attributes.  What is no character there
/// (control characters, bytes that are not UTF-8) becomes U+FFFD.
std::string escaped(std::string_view text);

/// A file's name as a shell takes it.
std::string shell_word(std::string_view text);

} // namespace tools
