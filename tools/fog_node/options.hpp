#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "real/service/uri.hpp"
#include "tools/command_line.hpp"

// The flags that the programs share.  Every long flag has an environment twin: MC_ and its name in capitals.
// The flag wins.

namespace fog_node {

using real::service::Uri;
using real::service::UriKind;

/// The flags of one program.
///
/// Rules
/// 1. The variables a flag is bound to outlive the parsing.
/// 2. What a flag means is checked after the parsing by the functions below, which throw tools::BadInput
///    naming it.
class Parameters {
public:
    Parameters(const std::string& name, const std::string& description);

    CLI::App& app() { return app_; }
    const std::string& name() const { return app_.get_name(); }

    /// @param flag     for instance "--chain-id" or "-u,--fog-url"
    /// @param variable environment twin; MC_ and the long flag's name when not given, none when empty
    CLI::Option* text(const std::string& flag, std::string& to, const std::string& help,
                      std::optional<std::string> variable = std::nullopt);
    CLI::Option* number(const std::string& flag, std::uint64_t& to, const std::string& help,
                        std::optional<std::string> variable = std::nullopt);
    CLI::Option* on_off(const std::string& flag, bool& to, const std::string& help);
    /// Several values, separated by commas.
    CLI::Option* list(const std::string& flag, std::vector<std::string>& to, const std::string& help,
                      std::optional<std::string> variable = std::nullopt);
    /// The value shows up nowhere, in particular not in what the admin service tells.
    CLI::Option* secret(const std::string& flag, std::string& to, const std::string& help);

    /// All values as a JSON object, secrets as "***", URIs without passwords.
    std::string config_json() const;

private:
    CLI::Option* with_twin(CLI::Option* option, std::optional<std::string> variable);

    CLI::App app_;
    std::set<std::string> secrets_; ///< names
};

/// What can be sent as a header, printable ASCII: gRPC ends the process for other texts.
CLI::Validator header_value();

/// `text` as an address of this kind.  @throws tools::BadInput, also for encrypted ones, which are not
/// offered
Uri to_uri(std::string_view flag, const UriKind& kind, const std::string& text);
std::vector<Uri> to_uris(std::string_view flag, const UriKind& kind, const std::vector<std::string>& texts);
/// An address to listen on: the host is an address or name of this machine.
Uri to_listen_uri(std::string_view flag, const UriKind& kind, const std::string& text);
std::optional<Uri> to_optional_listen_uri(std::string_view flag, const UriKind& kind,
                                          const std::string& text);
/// Whether an address or name stands for loopback addresses and nothing else.
bool is_this_machine_only(const std::string& host);
engine::BlockRange to_sharding_strategy(std::string_view flag, const std::string& text);
std::chrono::milliseconds to_milliseconds(std::string_view flag, std::uint64_t value);
std::chrono::seconds to_seconds(std::string_view flag, std::uint64_t value);
std::size_t at_least_one(std::string_view flag, std::uint64_t value);

/// Flags of programs that read a chain copy.
struct ChainFlags {
    std::string ledger_db;
    std::string watcher_db;
    std::string mobilecoind_uri;

    void add_to(Parameters& parameters);
    /// Both directories are named.  @throws tools::BadInput
    void check() const;
};

/// Flags of programs whose clients may have to identify themselves.
struct TokenFlags {
    std::string secret;
    std::uint64_t max_lifetime = 86400;

    void add_to(Parameters& parameters);
    /// @return nothing when clients need no token.  @throws tools::BadInput
    std::optional<std::array<std::uint8_t, 32>> key() const;
    std::chrono::seconds lifetime() const;
};

/// Flags of programs that use the recovery database; its URL comes in DATABASE_URL only.
struct PostgresFlags {
    std::uint64_t idle_timeout = 60;
    std::uint64_t max_lifetime = 120;
    std::uint64_t connection_timeout = 5;
    std::uint64_t max_connections = 1;
    std::uint64_t retry_count = 3;
    std::uint64_t retry_millis = 20;

    void add_to(Parameters& parameters);
};

} // namespace fog_node
