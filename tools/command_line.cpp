#include "tools/command_line.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/format.h>

#include "engine/chain/hex.hpp"

namespace tools {
namespace {

constexpr int exit_usage = 2;

/// The first line of a message: CLI11 sometimes appends advice.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

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
    std::ifstream in(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(in), {}};
    if (!in) throw BadInput(fmt::format("{}: cannot read {}: {}", flag, path.string(), std::strerror(errno)));
    return content;
}

void write_file(std::string_view flag, const std::filesystem::path& path, std::string_view content) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << content;
    out.close();
    if (!out)
        throw BadInput(fmt::format("{}: cannot write {}: {}", flag, path.string(), std::strerror(errno)));
}

void create_directories(std::string_view flag, const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) throw BadInput(fmt::format("{}: cannot create {}: {}", flag, path.string(), error.message()));
}

} // namespace tools
