#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tools::fogreal {

/// The command line, checked one flag at a time.
struct Arguments {
    bool release = false;
    bool skip_build = false;
    bool skip_followups = false;
    std::string remote_wallet{};
    std::string fog_uri{};
    bool skip_own_wallet = false;
    std::string mobilecoin{};
    std::string postgres{};
    bool fixed_ports = false;
    std::string front = "nginx";
    std::string attestation = "simulated";
    std::string enclave_key{};
    std::string enclave_css{};
    std::filesystem::path clients{}; ///< of MobileCoin
    std::string scenario = "conformance";
    std::string plan{};
    std::vector<std::string> topology{};
    std::uint64_t seed = 1;
    std::uint64_t runs = 1;       ///< so many seeds from there
    std::uint64_t poll_ms = 0;    ///< 0: the default of whose programs they are
    std::uint64_t time_limit = 0; ///< seconds; 0: none
    std::uint64_t soak = 0;       ///< seconds; 0: no soak
    bool proxies = false;
    bool keep = false;
    std::string work{};
    std::string json{};
    std::string junit{};
    std::string known{};
    bool known_must_show = false;
    bool dry_run = false;
    bool list_scenarios = false;
    std::string check_log{};
};

/// @return an exit code when the program ends here (--help, --version, a wrong flag: told on stderr)
std::optional<int> parse(int argc, char** argv, Arguments& arguments);

} // namespace tools::fogreal
