#include "tools/fog_node/options.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/chain/hex.hpp"
#include "real/grpc/header_value.hpp"
#include "real/secret/redactor.hpp"
#include "tools/fog_node/build_info.hpp"
#include "tools/ledger_tool.hpp"

namespace fog_node {
namespace {

using real::secret::redacted;
using tools::BadInput;

std::string twin_of(const std::string& name) {
    std::string out = "MC_";
    for (const char c : name) {
        if (c == '-')
            out.push_back('_');
        else if (c >= 'a' && c <= 'z')
            out.push_back(static_cast<char>(c - 'a' + 'A'));
        else
            out.push_back(c);
    }
    return out;
}

} // namespace

CLI::Validator header_value() {
    return CLI::Validator(
        [](std::string& text) -> std::string {
            return real::grpc::is_header_value(text) ? std::string()
                                                     : "no header takes it: only printable ASCII is allowed";
        },
        "");
}

Parameters::Parameters(const std::string& name, const std::string& description) : app_(description, name) {
    app_.set_version_flag("--version",
                          fmt::format("{} {} ({})", name, build_info().version, build_info().git_commit));
    app_.get_formatter()->column_width(44);
}

CLI::Option* Parameters::with_twin(CLI::Option* option, std::optional<std::string> variable) {
    const std::string twin = variable ? *variable : twin_of(option->get_lnames().front());
    if (!twin.empty()) option->envname(twin);
    return option;
}

CLI::Option* Parameters::text(const std::string& flag, std::string& to, const std::string& help,
                              std::optional<std::string> variable) {
    return with_twin(app_.add_option(flag, to, help)->capture_default_str(), std::move(variable));
}

CLI::Option* Parameters::number(const std::string& flag, std::uint64_t& to, const std::string& help,
                                std::optional<std::string> variable) {
    return with_twin(app_.add_option(flag, to, help)->transform(tools::whole_number())->capture_default_str(),
                     std::move(variable));
}

CLI::Option* Parameters::on_off(const std::string& flag, bool& to, const std::string& help) {
    return with_twin(app_.add_flag(flag, to, help), std::nullopt);
}

CLI::Option* Parameters::list(const std::string& flag, std::vector<std::string>& to, const std::string& help,
                              std::optional<std::string> variable) {
    return with_twin(app_.add_option(flag, to, help)->delimiter(','), std::move(variable));
}

CLI::Option* Parameters::secret(const std::string& flag, std::string& to, const std::string& help) {
    CLI::Option* option = with_twin(app_.add_option(flag, to, help), std::nullopt);
    secrets_.insert(option->get_lnames().front());
    return option;
}

std::string Parameters::config_json() const {
    nlohmann::json config = nlohmann::json::object();
    for (const CLI::Option* option : app_.get_options()) {
        if (option->get_lnames().empty()) continue;
        const std::string& name = option->get_lnames().front();
        if (name == "help" || name == "version") continue;
        std::string key = name;
        std::replace(key.begin(), key.end(), '-', '_');
        const std::vector<std::string> values = option->reduced_results();
        if (secrets_.contains(name))
            config[key] = values.empty() ? nlohmann::json() : nlohmann::json(real::secret::mask);
        else if (values.empty() && option->get_default_str().empty())
            config[key] = nlohmann::json();
        else if (values.empty())
            config[key] = option->get_default_str();
        else if (option->get_delimiter() == '\0')
            config[key] = redacted(values.back());
        else
            for (const std::string& value : values) config[key].push_back(redacted(value));
    }
    return config.dump();
}

Uri to_uri(std::string_view flag, const UriKind& kind, const std::string& text) {
    std::string why;
    auto uri = Uri::parse(kind, text, why);
    if (!uri) throw BadInput(fmt::format("{}: '{}': {}", flag, redacted(text), why));
    if (uri->is_secure())
        throw BadInput(
            fmt::format("{}: '{}': encrypted connections are not offered by this program, use {}://", flag,
                        uri->display(), kind.insecure));
    return *uri;
}

std::vector<Uri> to_uris(std::string_view flag, const UriKind& kind, const std::vector<std::string>& texts) {
    std::vector<Uri> out;
    for (const std::string& text : texts)
        if (!text.empty()) out.push_back(to_uri(flag, kind, text));
    return out;
}

Uri to_listen_uri(std::string_view flag, const UriKind& kind, const std::string& text) {
    return to_uri(flag, kind, text);
}

std::optional<Uri> to_optional_listen_uri(std::string_view flag, const UriKind& kind,
                                          const std::string& text) {
    if (text.empty()) return std::nullopt;
    return to_listen_uri(flag, kind, text);
}

bool is_this_machine_only(const std::string& host) {
    boost::asio::io_context context;
    boost::system::error_code unknown;
    boost::asio::ip::tcp::resolver resolver(context);
    const auto found = resolver.resolve(host, "", unknown);
    return !unknown && !found.empty() && std::all_of(found.begin(), found.end(), [](const auto& entry) {
        return entry.endpoint().address().is_loopback();
    });
}

engine::BlockRange to_sharding_strategy(std::string_view flag, const std::string& text) {
    const auto range = real::service::parse_sharding_strategy(text);
    if (!range)
        throw BadInput(fmt::format(
            "{}: '{}' is neither 'default' nor a range A-B of blocks with A less than B", flag, text));
    return *range;
}

std::chrono::milliseconds to_milliseconds(std::string_view flag, std::uint64_t value) {
    constexpr std::uint64_t most = std::uint64_t{1000} * 3600 * 24 * 365;
    if (value == 0 || value > most)
        throw BadInput(fmt::format("{}: needs 1 ms to one year, got {} ms", flag, value));
    return std::chrono::milliseconds(value);
}

std::chrono::seconds to_seconds(std::string_view flag, std::uint64_t value) {
    constexpr std::uint64_t most = std::uint64_t{3600} * 24 * 365 * 100;
    if (value > most) throw BadInput(fmt::format("{}: needs at most a hundred years, got {} s", flag, value));
    return std::chrono::seconds(value);
}

std::size_t at_least_one(std::string_view flag, std::uint64_t value) {
    if (value == 0) throw BadInput(fmt::format("{}: needs at least 1, got 0", flag));
    return value;
}

void ChainFlags::add_to(Parameters& parameters) {
    parameters.text("--ledger-db", ledger_db, "The ledger's LMDB directory");
    parameters.text("--watcher-db", watcher_db, "The watcher's LMDB directory");
    parameters.text("--mobilecoind-uri", mobilecoind_uri, "A mobilecoind to read blocks from (not offered)");
}

void ChainFlags::check() const {
    if (!mobilecoind_uri.empty())
        throw BadInput(
            "--mobilecoind-uri: reading blocks from mobilecoind is not offered by this program, use "
            "--ledger-db and --watcher-db");
    if (ledger_db.empty()) throw BadInput("--ledger-db: is required");
    if (watcher_db.empty()) throw BadInput("--watcher-db: is required with --ledger-db");
}

void TokenFlags::add_to(Parameters& parameters) {
    parameters.secret("--client-auth-token-secret", secret,
                      "Secret that client tokens are made with, 64 hex digits; without it clients need none");
    parameters.number("--client-auth-token-max-lifetime", max_lifetime, "Seconds a client token is good for");
}

std::optional<std::array<std::uint8_t, 32>> TokenFlags::key() const {
    if (secret.empty()) return std::nullopt;
    const auto key = engine::chain::fixed_from_hex<engine::chain::Hash32>(secret);
    if (!key) throw BadInput("--client-auth-token-secret: needs exactly 64 hex digits");
    return key->bytes;
}

std::chrono::seconds TokenFlags::lifetime() const {
    return to_seconds("--client-auth-token-max-lifetime", max_lifetime);
}

void PostgresFlags::add_to(Parameters& parameters) {
    parameters.number("--postgres-idle-timeout", idle_timeout,
                      "Seconds after which an idle connection is closed");
    parameters.number("--postgres-max-lifetime", max_lifetime, "Seconds a connection is used for");
    parameters.number("--postgres-connection-timeout", connection_timeout,
                      "Seconds to wait for a connection");
    parameters.number("--postgres-max-connections", max_connections, "Connections kept");
    parameters.number("--postgres-retry-count", retry_count, "Further attempts after a lost connection");
    parameters.number("--postgres-retry-millis", retry_millis,
                      "Longest pause between attempts, in milliseconds");
    parameters.app().footer("The recovery database is named by DATABASE_URL, which has no flag.");
}

} // namespace fog_node
