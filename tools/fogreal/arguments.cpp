#include "tools/fogreal/arguments.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/chain/bytes.hpp"
#include "engine/ensure.hpp"
#include "engine/input_file.hpp"
#include "real/attest/session.hpp"
#include "real/postgres/blocking.hpp"
#include "real/postgres/url.hpp"
#include "real/service/uri.hpp"
#include "tools/build_facts.hpp"
#include "tools/flag_error.hpp"
#include "tools/program.hpp"

namespace tools::fogreal {
namespace {

constexpr int exit_usage = 2;

std::uint64_t number(const char* flag, const std::string& text, std::uint64_t low, std::uint64_t high) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const std::string digits = hex ? text.substr(2) : text;
    const char* allowed = hex ? "0123456789abcdefABCDEF" : "0123456789";
    std::uint64_t value = 0;
    bool good = !digits.empty() && digits.find_first_not_of(allowed) == std::string::npos;
    try {
        if (good) value = std::stoull(digits, nullptr, hex ? 16 : 10);
    } catch (const std::out_of_range&) {
        good = false;
    }
    if (!good || value < low || value > high)
        throw engine::UsageError(
            fmt::format("{}: '{}' is not a number from {} to {} (decimal or 0x hex)", flag, text, low, high));
    return value;
}

void check_checkout(const std::string& path) {
    if (!std::filesystem::is_directory(path))
        throw engine::UsageError(fmt::format("--mobilecoin: {}: no such directory", path));
    if (!std::filesystem::exists(std::filesystem::path(path) / "Cargo.toml"))
        throw engine::UsageError(
            fmt::format("--mobilecoin: {}: no Cargo.toml, so not a checkout of MobileCoin", path));
}

// HOST:PORT, or the URI by which upstream's wallet names itself; what is left is HOST:PORT.
void check_address(const char* flag, std::string& text) {
    if (text.find("://") != text.npos) {
        std::string why;
        const auto uri = real::service::Uri::parse(real::service::remote_wallet_uri, text, why);
        if (!uri) throw engine::UsageError(fmt::format("{}: '{}': {}", flag, text, why));
        if (uri->is_secure())
            throw engine::UsageError(fmt::format("{}: '{}': encrypted connections are not offered, use {}://",
                                                 flag, uri->display(),
                                                 real::service::remote_wallet_uri.insecure));
        text = uri->address();
        return;
    }
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos || colon == 0)
        throw engine::UsageError(fmt::format("{}: '{}' is not HOST:PORT", flag, text));
    number(flag, text.substr(colon + 1), 1, 65535);
}

void check_signer(const char* flag, bool is_key, std::string& path) {
    if (path.empty()) return;
    const std::string text = engine::read_input_file(flag, path);
    std::string why;
    const auto signer = is_key ? real::attest::Signer::of_key(text, why)
                               : real::attest::Signer::of_css(engine::chain::as_bytes(text), why);
    if (!signer) throw engine::UsageError(fmt::format("{}: {}: {}", flag, path, why));
    path = std::filesystem::absolute(path); // programs run in the work directory
}

void check_clients(std::filesystem::path& path) {
    const std::filesystem::path wallet = path / "sample_paykit_remote_wallet";
    if (::access(wallet.c_str(), X_OK) != 0)
        throw engine::UsageError(
            fmt::format("--mobilecoin-clients: {}: {}", wallet.string(), std::strerror(errno)));
    path = std::filesystem::absolute(path);
}

} // namespace

std::optional<int> parse(int argc, char** argv, Arguments& a) {
    CLI::App app{"Runs a scenario of the Fog balance path on real processes: services, Postgres, LMDB, "
                 "nginx, wallet.\n"
                 "Exit codes: 0 held, 1 violated, 2 usage, 3 liveness violated, 6 inconclusive "
                 "(surroundings, skipped, "
                 "interrupted), 70 internal error.",
                 "fogreal"};
    std::string seed = "1", runs = "1", time_limit, soak, poll;
    app.add_flag("--release", a.release,
                 "use release builds (build/release, or target/release of --mobilecoin)");
    app.add_flag("--skip-build", a.skip_build, "do not build the programs of --mobilecoin first");
    app.add_flag("--skip-followup-balance-checks", a.skip_followups, "ask only fresh wallets at each step");
    app.add_option(
           "--remote-wallet", a.remote_wallet,
           "judge the wallet that serves remote_wallet.proto there (default: a sample_paykit_remote_wallet "
           "of our own)")
        ->type_name("HOST:PORT|URI");
    app.add_option("--override-remote-wallet-fog-uri", a.fog_uri,
                   "what wallets are told instead of our front")
        ->type_name("URI");
    app.add_flag("--skip-rust-sample-paykit-remote-wallet", a.skip_own_wallet,
                 "do not start sample_paykit_remote_wallet; needs --remote-wallet");
    app.add_option("--mobilecoin", a.mobilecoin,
                   "run the programs of this MobileCoin checkout instead of the project's stand-ins")
        ->type_name("DIR");
    app.add_option(
           "--postgres", a.postgres,
           "make a temporary database on this server instead of a private cluster (also DATABASE_URL)")
        ->type_name("URL")
        ->envname("DATABASE_URL");
    app.add_flag("--fixed-ports", a.fixed_ports, "upstream's port numbers, admin HTTP gateways included");
    app.add_option("--front", a.front, "nginx, or none: wallets dial the routers")
        ->type_name("nginx|none")
        ->check(CLI::IsMember({"nginx", "none"}))
        ->capture_default_str();
    app.add_option("--attestation", a.attestation,
                   "of wallets' sessions: simulated (no security; what wallets built with SGX_MODE=SW "
                   "speak), or clear")
        ->type_name("simulated|clear")
        ->check(CLI::IsMember({"simulated", "clear"}))
        ->capture_default_str();
    app.add_option("--enclave-key", a.enclave_key,
                   "PEM file of the RSA key that the enclaves count as signed with, as wallets expect it")
        ->type_name("FILE");
    app.add_option("--enclave-css", a.enclave_css,
                   "signature structure of an enclave (.css) that names the signer, in place of a key")
        ->type_name("FILE");
    app.add_option("--mobilecoin-clients", a.clients,
                   "judge the sample_paykit_remote_wallet in this folder, MobileCoin's own (a checkout's "
                   "target/debug, built with SGX_MODE=SW), against the stand-ins")
        ->type_name("DIR");
    CLI::Option* story = app.add_option("--scenario", a.scenario, "which story; all: one after another")
                             ->type_name("NAME")
                             ->capture_default_str();
    app.add_option("--plan", a.plan, "tell the plan in this file (docs/plan.md) instead of a scenario")
        ->type_name("FILE")
        ->excludes(story);
    app.add_option("--topology", a.topology, "changes to the scenario's topology, for example view-shards=3")
        ->type_name("K=V,...");
    app.add_option("--seed", seed, "of keys, plan and faults; a real run's interleaving has none")
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--runs", runs, "tell it with so many seeds, one after another")
        ->type_name("K")
        ->capture_default_str();
    CLI::Option* known =
        app.add_option("--known", a.known,
                       "tell known faults of this file from new ones; only a new one is a failure "
                       "(docs/found-in-mobilecoin.md)")
            ->type_name("FILE");
    app.add_flag("--known-must-show", a.known_must_show,
                 "a known fault that no longer shows is a failure, too")
        ->needs(known);
    app.add_option("--soak", soak, "random faults with the checks on for so long")->type_name("SECONDS");
    app.add_flag("--proxies", a.proxies,
                 "put a fault proxy into every connection, also where nothing needs it");
    app.add_option("--poll-ms", poll,
                   "polling interval of the services (default: 20, upstream's own 250 with "
                   "--mobilecoin)")
        ->type_name("N");
    app.add_option("--time-limit", time_limit, "end the run as inconclusive after so long")
        ->type_name("SECONDS");
    app.add_flag("--keep", a.keep, "keep the work directory also when all is well");
    app.add_option("--work-dir", a.work, "where the work directory is made (default: TMPDIR or /tmp)")
        ->type_name("DIR");
    app.add_option("--json", a.json, "write the result there")->type_name("FILE");
    app.add_option("--junit", a.junit, "write the result there for CI servers")->type_name("FILE");
    app.add_flag("--dry-run", a.dry_run, "print every command line and environment, and start nothing");
    app.add_option("--check-log", a.check_log,
                   "say whether the model accepts the event log of an earlier run")
        ->type_name("FILE");
    app.add_flag("--list-scenarios", a.list_scenarios, "list the stories, and which of them can run here");
    app.set_version_flag("--version", fmt::format("fogreal {} (commit {}, {})", build_facts().version,
                                                  build_facts().commit, build_facts().date));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help, --version
        tools::tell("fogreal: {} (--help lists the flags)\n",
                    flag_error(app, error, {argv + 1, argv + argc}));
        return exit_usage;
    }
    a.seed = number("--seed", seed, 0, ~std::uint64_t{0});
    a.runs = number("--runs", runs, 1, 1'000'000'000);
    if (a.seed > ~std::uint64_t{0} - (a.runs - 1))
        throw engine::UsageError("--runs: the last seed would pass 2^64-1");
    if (!time_limit.empty()) a.time_limit = number("--time-limit", time_limit, 1, 1'000'000);
    if (!soak.empty()) a.soak = number("--soak", soak, 1, 1'000'000);
    if (!poll.empty()) a.poll_ms = number("--poll-ms", poll, 1, 60'000);
    if (!a.remote_wallet.empty()) check_address("--remote-wallet", a.remote_wallet);
    if (!a.mobilecoin.empty()) check_checkout(a.mobilecoin);
    // What the user's PG* variables say is for a server that the user names, and for no other.
    if (!a.postgres.empty()) {
        const auto named = real::postgres::ConnectUrl::parse(a.postgres, "--postgres");
        a.postgres = real::postgres::resolved(named, "--postgres").with_password();
    }
    real::postgres::forget_environment();
    if (!a.mobilecoin.empty() &&
        (a.attestation != "simulated" || !a.enclave_key.empty() || !a.enclave_css.empty()))
        throw engine::UsageError(
            "--attestation, --enclave-key, --enclave-css: are for the stand-ins; the programs of "
            "--mobilecoin bring their own");
    if (!a.enclave_key.empty() && !a.enclave_css.empty())
        throw engine::UsageError("--enclave-css: goes without --enclave-key");
    check_signer("--enclave-key", true, a.enclave_key);
    check_signer("--enclave-css", false, a.enclave_css);
    if (!a.clients.empty()) {
        if (!a.mobilecoin.empty() || !a.remote_wallet.empty() || a.skip_own_wallet ||
            a.attestation == "clear")
            throw engine::UsageError(
                "--mobilecoin-clients: judges the wallet there against the stand-ins, attested: without "
                "--mobilecoin, --remote-wallet, --skip-rust-sample-paykit-remote-wallet and --attestation "
                "clear");
        check_clients(a.clients);
    }
    if (a.skip_own_wallet && a.remote_wallet.empty())
        throw engine::UsageError("--skip-rust-sample-paykit-remote-wallet: needs --remote-wallet HOST:PORT");
    if (a.front == "none" && a.fog_uri.empty() &&
        !(a.remote_wallet.empty() && a.mobilecoin.empty() && a.clients.empty()))
        throw engine::UsageError("--front: none with a wallet that is not our own needs "
                                 "--override-remote-wallet-fog-uri: it is told "
                                 "one address for fog-view and fog-ledger");
    if (a.skip_build && a.mobilecoin.empty() && a.dry_run) return std::nullopt; // harmless
    return std::nullopt;
}

} // namespace tools::fogreal
