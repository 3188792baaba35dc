#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/chain/secret_buffer.hpp"

namespace engine {

/// No file that people hand us is larger; a device that never ends is.
inline constexpr std::size_t largest_input_file = std::size_t{64} << 20;

/// The whole content of a file that somebody named.  Pipes are read to their end.
/// @param what    begins the message: a flag
/// @throws UsageError  one line with what, path and reason, also for a directory or a file beyond `limit`
/// bytes
std::string read_input_file(std::string_view what, const std::filesystem::path& path,
                            std::size_t limit = largest_input_file);

/// The same for files that hold a private key or a mnemonic: no copy of the content stays in memory.
chain::SecretText read_secret_file(std::string_view what, const std::filesystem::path& path,
                                   std::size_t limit = largest_input_file);

} // namespace engine
