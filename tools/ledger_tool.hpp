#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/chain/types.hpp"
#include "tools/command_line.hpp"

// What the tools that make, read and copy ledgers share.

namespace tools {

/// Exit code of failures that are not the user's: upstream's tools panic, with 101 or, where they install a
/// panic hook, with 13.
inline constexpr int exit_panic = 101;
inline constexpr int exit_panic_hook = 13;

/// Parses, calls `body`, and says in one line what went wrong.
/// @param directories  flags by the directory they name, for messages of the storage layer
/// @return 0; 2 for bad arguments and bad input; `failure_code` when the surroundings fail: a full disk,
/// another
///         writer, no permission
int run_ledger_tool(CLI::App& app, int argc, char** argv, int failure_code,
                    const std::map<std::string, const std::string*>& directories,
                    const std::function<void()>& body);

/// The addresses of a folder of account files: every *.pub, shorter names first, so that account 10
/// follows 9.
std::vector<engine::chain::PublicAddress> read_addresses(std::string_view flag,
                                                         const std::filesystem::path& keys);
/// The private keys likewise: every *.json.
std::vector<engine::chain::AccountKey> read_accounts(std::string_view flag,
                                                     const std::filesystem::path& keys);

/// conf.json in the current directory, put there by `commit` and not before.
class ConfFile {
public:
    ConfFile(std::uint64_t keys, std::uint64_t outputs_per_account, std::uint64_t blocks,
             std::uint64_t extra_key_images);
    ConfFile(const ConfFile&) = delete;
    ConfFile& operator=(const ConfFile&) = delete;
    ~ConfFile();
    void commit();

private:
    std::filesystem::path staged_;
};

} // namespace tools
