#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "engine/chain/secret_buffer.hpp"

// What the small tools share: flags that may also come from the environment, and one way to refuse bad input.

namespace tools {

/// Input the user can correct.  The text names the flag, the file if there is one, and the reason.
struct BadInput : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Parses the command line, then calls `body`.  As upstream's programs do it takes `-n=1`, and refuses a
/// variable that is set to nothing.
/// @return 0, also after --help; 2 after one line on stderr for bad arguments and for BadInput
int run(CLI::App& app, int argc, char** argv, const std::function<void()>& body);

/// For number flags: digits only, perhaps behind a plus, up to `most`.  Without it CLI11 would take "-1" for
/// the largest number, "010" for eight and "0x2" for two.  To be given to `transform`.
CLI::Validator whole_number(std::uint64_t most = ~0ULL);

/// @param flag  named when `text` is not exactly 64 hex digits
std::array<std::uint8_t, 32> parse_seed(std::string_view flag, std::string_view text);

/// @param flag  named, together with the file, when the file cannot be read or written
std::string read_file(std::string_view flag, const std::filesystem::path& path);
engine::chain::SecretText read_secret_file(std::string_view flag, const std::filesystem::path& path);
void write_file(std::string_view flag, const std::filesystem::path& path, std::string_view content);
/// For private keys and mnemonics: readable by the owner only, whole or not at all, never through a link.
void write_secret_file(std::string_view flag, const std::filesystem::path& path, std::string_view content);
void create_directories(std::string_view flag, const std::filesystem::path& path);

} // namespace tools
