#include "tools/command_line.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"
#include "engine/ensure.hpp"
#include "engine/input_file.hpp"
#include "real/secret/secret_file.hpp"

namespace tools {
namespace {

constexpr int exit_usage = 2;

/// The first line of a message: CLI11 sometimes appends advice.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

template <class Read>
auto refused_as_input(Read read) {
    try {
        return read();
    } catch (const engine::UsageError& error) {
        throw BadInput(error.what());
    }
}

} // namespace

int run(CLI::App& app, int argc, char** argv, const std::function<void()>& body) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help
        std::cerr << app.get_name() << ": " << first_line(error.what()) << '\n';
        return exit_usage;
    }
    try {
        body();
    } catch (const BadInput& error) {
        std::cerr << app.get_name() << ": " << error.what() << '\n';
        return exit_usage;
    }
    return 0;
}

std::array<std::uint8_t, 32> parse_seed(std::string_view flag, std::string_view text) {
    const auto seed = engine::chain::fixed_from_hex<engine::chain::Hash32>(text);
    if (!seed) throw BadInput(fmt::format("{}: needs exactly 64 hex digits, got {}", flag, text.size()));
    return seed->bytes;
}

std::string read_file(std::string_view flag, const std::filesystem::path& path) {
    return refused_as_input([&] { return engine::read_input_file(flag, path); });
}

engine::chain::SecretText read_secret_file(std::string_view flag, const std::filesystem::path& path) {
    return refused_as_input([&] { return engine::read_secret_file(flag, path); });
}

void write_file(std::string_view flag, const std::filesystem::path& path, std::string_view content) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << content;
    out.close();
    if (!out)
        throw BadInput(fmt::format("{}: cannot write {}: {}", flag, path.string(), std::strerror(errno)));
}

void write_secret_file(std::string_view flag, const std::filesystem::path& path, std::string_view content) {
    std::error_code why;
    if (std::filesystem::is_symlink(path, why))
        throw BadInput(fmt::format("{}: cannot write {}: it is a symbolic link", flag, path.string()));
    why = real::secret::replace_secret_file(path, engine::chain::as_bytes(content));
    if (why) throw BadInput(fmt::format("{}: cannot write {}: {}", flag, path.string(), why.message()));
}

void create_directories(std::string_view flag, const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) throw BadInput(fmt::format("{}: cannot create {}: {}", flag, path.string(), error.message()));
}

} // namespace tools
