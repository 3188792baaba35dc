#include "tools/command_line.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"
#include "engine/ensure.hpp"
#include "engine/input_file.hpp"
#include "real/secret/secret_file.hpp"
#include "tools/build_facts.hpp"
#include "tools/flag_error.hpp"

namespace tools {
namespace {

constexpr int exit_usage = 2;

template <class Read>
auto refused_as_input(Read read) {
    try {
        return read();
    } catch (const engine::UsageError& error) {
        throw BadInput(error.what());
    }
}

// A flag of one letter may have its value behind '=', too.
std::vector<std::string> words_of(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const bool is_short = word.size() >= 3 && word[0] == '-' && word[1] != '-' && word[2] == '=';
        words.push_back(is_short ? word.substr(0, 2) : word);
        if (is_short) words.push_back(word.substr(3));
        if (word != "--") continue; // what follows is no flag
        words.insert(words.end(), argv + i + 1, argv + argc);
        break;
    }
    return words;
}

void refuse_empty_variables(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_envname().empty() || option->count() != 0) continue;
        const char* value = std::getenv(option->get_envname().c_str());
        if (value != nullptr && *value == '\0')
            throw BadInput(fmt::format("{}: is set, and empty", option->get_envname()));
    }
}

} // namespace

int run(CLI::App& app, int argc, char** argv, const std::function<void()>& body) {
    if (app.get_version_ptr() == nullptr)
        app.set_version_flag("--version",
                             fmt::format("{} {} (commit {}, {})", app.get_name(), build_facts().version,
                                         build_facts().commit, build_facts().date));
    const std::vector<std::string> words = words_of(argc, argv);
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend())); // it takes them from the end
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help
        std::cerr << app.get_name() << ": " << flag_error(app, error, words) << '\n';
        return exit_usage;
    }
    try {
        refuse_empty_variables(app);
        body();
    } catch (const BadInput& error) {
        std::cerr << app.get_name() << ": " << error.what() << '\n';
        return exit_usage;
    }
    return 0;
}

CLI::Validator whole_number(std::uint64_t most) {
    return CLI::Validator(
        [most](std::string& text) -> std::string {
            const char* const begin = text.data() + (text.starts_with('+') ? 1 : 0);
            const char* const end = text.data() + text.size();
            std::uint64_t value = 0;
            const auto [at, error] = std::from_chars(begin, end, value);
            if (error != std::errc{} || at != end || value > most) {
                const std::string limit = most == ~0ULL ? "2^64-1" : std::to_string(most);
                return "needs a whole number from 0 to " + limit + ", got '" + text + "'";
            }
            text = std::to_string(value); // as CLI11 reads it
            return {};
        },
        "");
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
