#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "tools/command_line.hpp"
#include "tools/program.hpp"
#include "tools/x509_test_chains.hpp"

// mc-crypto-x509-test-vectors: prints where a test certificate chain or its leaf's private key lies.  The
// files are made when first asked for and stay beside the build's programs, as upstream's stay in its build
// folder. source: crypto/x509/test-vectors/src/main.rs

namespace {

namespace fs = std::filesystem;

/// build/<preset>/x509-test-vectors for the program build/<preset>/bin/mc-crypto-x509-test-vectors.
fs::path vectors_folder() {
    return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "x509-test-vectors" / "openssl";
}

/// Where they go when they cannot be made there, or somebody else has made them for himself.
std::optional<fs::path> own_folder() {
    if (const char* wish = std::getenv("FOG_TEST_VECTORS_DIR"); wish != nullptr && *wish != '\0') return wish;
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
        return fs::path(cache) / "fogsim" / "x509-test-vectors";
    if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
        return fs::path(home) / ".cache" / "fogsim" / "x509-test-vectors";
    return std::nullopt;
}

/// Chains and keys of two folders do not go together: one has all, or none.
/// @return why they cannot be had there; empty: they are there, and may be read
std::string make(const fs::path& folder) {
    try {
        if (!fs::is_directory(folder)) tools::write_test_chains(folder);
        for (const auto& file : fs::directory_iterator(folder))
            if (::access(file.path().c_str(), R_OK) != 0)
                return fmt::format("'{}': {}", file.path().string(), std::generic_category().message(errno));
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

void print_path(const std::string& name, bool key) {
    const auto& chains = tools::test_chains();
    const auto found =
        std::find_if(chains.begin(), chains.end(), [&name](const auto& c) { return c.name == name; });
    if (found == chains.end()) {
        std::string known;
        for (const auto& chain : chains) known += std::string(known.empty() ? "" : ", ") + chain.name;
        throw tools::BadInput(fmt::format("--test-name: no test vector '{}' (there are {})", name, known));
    }
    if (key && !found->has_key) throw tools::BadInput(fmt::format("--test-name: {} has no key", name));
    const std::string file = name + (key ? ".key" : ".pem");
    fs::path folder = vectors_folder();
    std::string why = make(folder);
    if (const auto own = own_folder(); !why.empty() && own) {
        folder = *own;
        why = make(folder);
    }
    if (!why.empty()) throw tools::BadInput(fmt::format("--test-name: cannot make {}: {}", name, why));
    std::cout << (folder / file).string() << std::endl;
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Prints the path of a test certificate chain or of its leaf's private key",
                 "mc-crypto-x509-test-vectors");
    std::string name;
    std::string kind;
    std::string names;
    for (const auto& chain : tools::test_chains())
        names += fmt::format("\n  {}: {}", chain.name, chain.content);
    app.footer("Names, and certificates from top to bottom:" + names);
    app.add_option("--test-name", name, "Which chain")->envname("MC_TEST_NAME")->required();
    app.add_option("--kind,--type", kind, "chain or key")
        ->envname("MC_TYPE")
        ->required()
        ->check(CLI::IsMember({"chain", "key"}));
    return tools::run(app, argc, argv, [&] { print_path(name, kind == "key"); });
}
