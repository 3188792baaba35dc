#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/fogsim/wallet_situations.hpp"

namespace tools::fogsim {

/// The command line of a run or sweep, as given: nothing is looked up yet.
struct Arguments {
    std::string seed = "1";
    std::string runs = "1";
    std::string scenario = "conformance";
    std::string plan{};
    std::string strategy{};
    std::string replay{};
    std::string profile{};
    std::vector<std::string> defects{};
    std::string known{}; ///< file of known faults
    bool known_must_show = false;
    std::string crypto = "fast";
    std::vector<std::string> topology{};
    std::string jobs{};
    std::string time_limit{};
    std::string max_blocks{};
    std::string max_memory{};
    std::string json{};
    std::string junit{};
    std::string corpus{};
    std::string replay_out{};
    std::string report{};
    std::string trace{};
    std::string shard{};     ///< I/N
    std::string shard_out{}; ///< its result file
    bool check_determinism = false;
    bool no_shrink = false;
    bool keep_going = false;
    bool list_scenarios = false;
    bool list_defects = false;
    bool list_marks = false;
    // Not flags, but what a command made of these adds.
    std::string program = "./run fogsim";        ///< what the command that repeats a run begins with
    bool foreign_wallet = false;                 ///< wallets are somebody else's (fogsim judge)
    std::string wallet_address{};                ///< where those are served
    WalletMet wallet_met{};                      ///< and what they have met
    std::function<bool()> stops_shrinking{};     ///< asked before each run of it, besides an interrupt
    std::function<void(std::uint64_t)> on_run{}; ///< told the seed before its run
};

/// Reads a command line.  @return an exit code when the program ends here (--help, --version, a wrong flag:
/// told on stderr)
std::optional<int> parse(int argc, char** argv, Arguments& arguments);

/// A number of a flag, decimal or 0x hex.  @throws engine::UsageError  naming the flag, when it is none from
/// low to high
std::uint64_t number(const char* flag, const std::string& text, std::uint64_t low, std::uint64_t high);

} // namespace tools::fogsim
