#include <iostream>

#include "engine/chain/ed25519.hpp"
#include "engine/chain/hc128.hpp"
#include "tools/command_line.hpp"
#include "tools/program.hpp"

// mc-util-seeded-ed25519-key-gen: prints the Ed25519 private key that a seed stands for, as PKCS#8 PEM.
// source: util/seeded-ed25519-key-gen/src/main.rs

int main(int argc, char** argv) {
    tools::begin_program();
    using namespace engine::chain;
    CLI::App app("Prints the Ed25519 private key of a seed as PEM", "mc-util-seeded-ed25519-key-gen");
    std::string seed;
    app.add_option("--seed", seed, "64 hex digits")->envname("MC_SEED")->required();
    return tools::run(app, argc, argv, [&seed] {
        Hc128 rng(tools::parse_seed("--seed", seed));
        // PEM with CRLF line ends and one more LF, as upstream prints it.
        std::cout << pem("PRIVATE KEY", ed25519_pkcs8(Ed25519KeyPair::random(rng).seed())) << std::endl;
    });
}
