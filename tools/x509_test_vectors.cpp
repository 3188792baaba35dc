#include <algorithm>
#include <iostream>

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
    const fs::path folder = vectors_folder();
    try {
        if (!fs::is_directory(folder)) tools::write_test_chains(folder);
    } catch (const std::exception& error) {
        throw tools::BadInput(fmt::format("--test-name: cannot make {}: {}", name, error.what()));
    }
    std::cout << (folder / (name + (key ? ".key" : ".pem"))).string() << std::endl;
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
