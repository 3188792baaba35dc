#include <iostream>

#include <fmt/format.h>

#include "engine/chain/hex.hpp"
#include "real/attest/enclave.hpp"
#include "tools/command_line.hpp"
#include "tools/program.hpp"

// simulated-enclave-css: the files that MobileCoin's clients take with --view-enclave-css and its like, for
// the enclaves that the stand-ins say they are.

namespace {

using namespace real::attest;

Modulus modulus_of(const std::string& key_file) {
    if (key_file.empty()) return default_modulus();
    std::string why;
    const auto modulus = modulus_from_pem(tools::read_file("--enclave-key", key_file), why);
    if (!modulus) throw tools::BadInput(fmt::format("--enclave-key: {}: {}", key_file, why));
    return *modulus;
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Writes consensus-, ledger-, view- and ingest-enclave.css: what clients built with "
                 "SGX_MODE=SW have to be given to accept the stand-ins.  Simulated attestation, no security.",
                 "simulated-enclave-css");
    std::string folder, key_file;
    app.add_option("--output-dir", folder, "where the files go")->required();
    app.add_option("--enclave-key", key_file,
                   "PEM file of the RSA key that the stand-ins were given; without it the one they assume")
        ->envname("MC_ENCLAVE_KEY");
    return tools::run(app, argc, argv, [&] {
        const Modulus modulus = modulus_of(key_file);
        tools::create_directories("--output-dir", folder);
        for (const Enclave enclave : all_enclaves) {
            const Bytes css = Css::of(enclave, modulus).encode();
            const auto path = std::filesystem::path(folder) / fmt::format("{}-enclave.css", name(enclave));
            tools::write_file("--output-dir", path, {reinterpret_cast<const char*>(css.data()), css.size()});
            std::cout << path.string() << "\n";
        }
        std::cout << "MRSIGNER " << engine::chain::to_hex(mr_signer_of(modulus).view()) << std::endl;
    });
}
