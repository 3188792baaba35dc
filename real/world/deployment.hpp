#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/ids.hpp"
#include "engine/topology.hpp"
#include "engine/world/roster.hpp"
#include "real/process/supervisor.hpp"

// Which programs a run consists of, where each listens, and how each is started.  Pure data and pure
// functions: the same for our stand-ins and for the programs of a MobileCoin checkout, and printed by
// `fogreal --dry-run`.
// @source mobilecoin a2229c005 tools/fog-local-network/{local_fog,fog_conformance_tests}.py

namespace real {

/// Where a service listens on loopback, and under which port the others reach it.
struct ServicePorts {
    std::uint16_t listen = 0;
    std::uint16_t admin = 0;
    std::uint16_t gateway = 0; ///< HTTP gateway to its admin port; 0: none is started
    std::uint16_t via = 0;     ///< of the fault proxy in front of it; the same as `listen` when there is none
};

/// Where a service of the roster is put.
struct ServicePlace {
    engine::NodeKind kind{};
    std::string name{};
    ServicePorts ports{};
    engine::BlockRange range = engine::BlockRange::all(); ///< of a store
    std::string copy{};                                   ///< name of the chain copy it reads; empty: none
    // Of those that operators command.
    std::uint16_t peer = 0;
    std::uint16_t peer_via = 0;
    std::filesystem::path state_file{};
};

enum class Front : std::uint8_t { nginx, none };

/// Everything that is decided before the first process starts.
struct Deployment {
    std::filesystem::path programs; ///< folder of the executables
    std::filesystem::path work;     ///< folder of the run
    engine::Topology topology{};
    std::string chain_id = "local";
    std::string listen_host = "127.0.0.1";
    std::string database_url{}; ///< as services get it; may hold a password
    Front front = Front::nginx;
    std::uint16_t front_port = 0; ///< what wallets dial
    std::uint16_t wallet_port = 0;
    std::vector<ServicePlace> services{};   ///< by number: service n is at n - 1
    std::filesystem::path authority_root{}; ///< PEM, of the accounts' fog authority
    std::filesystem::path signing_chain{};  ///< PEM, of the report server
    std::filesystem::path signing_key{};
    bool clear_text = false;             ///< sessions of wallets; else simulated attestation
    std::filesystem::path enclave_key{}; ///< of whom the enclaves count as signed; empty: nobody
    std::filesystem::path enclave_css{}; ///< the same, as a signature structure says
    std::filesystem::path clients{}; ///< folder of MobileCoin's own wallet; empty: ours is among the programs

    std::filesystem::path ledger_db(const std::string& copy) const {
        return work / "chain" / copy / "ledger-db";
    }
    std::filesystem::path watcher_db(const std::string& copy) const {
        return work / "chain" / copy / "watcher-db";
    }
    std::filesystem::path keys() const { return work / "keys"; }
    /// What a wallet is told, `insecure-fog://localhost:PORT/`; without a front
    /// `insecure-fog://localhost:PORT/?ledger=localhost:PORT`, which only our own wallet understands.
    std::string fog_uri() const;
    /// Names of the chain copies, in order.
    std::vector<std::string> copies() const;
    const ServicePlace& of(const engine::Roster::Service& who) const { return services.at(who.id.value - 1); }
    std::vector<const ServicePlace*> of(engine::NodeKind kind) const;
    /// The first of a kind, or number `number` of it.
    const ServicePlace& the(engine::NodeKind kind, std::size_t number = 0) const {
        return *of(kind).at(number);
    }
    ServicePlace& the(engine::NodeKind kind, std::size_t number = 0) {
        const ServicePlace& place = std::as_const(*this).the(kind, number);
        return services.at(static_cast<std::size_t>(&place - services.data()));
    }
};

/// A port for each listener, asked for in a fixed order.
/// @param next   gives a new port
/// @param fixed  the upstream port numbers instead: ingest 4200, view router 5200, front 8200, ...
/// @param gateways  also an admin HTTP gateway for each service
Deployment lay_out(const engine::Topology& topology, const std::function<std::uint16_t()>& next, bool fixed,
                   bool gateways);

/// Every port that something of the run listens on, fault proxies aside.
std::vector<std::uint16_t> ports_of(const Deployment& d);

// One function for each program.  Names are those of the logs.
Launch migrations(const Deployment& d);
Launch sample_keys(const Deployment& d);
/// Prints the path of a test certificate chain (`chain`) or key (`key`).
Launch test_vector(const Deployment& d, const std::string& test_name, const std::string& kind);
/// Of a service, by its kind.
Launch service_launch(const Deployment& d, const ServicePlace& place);
Launch admin_gateway(const Deployment& d, const std::string& of, const ServicePorts& ports);
Launch nginx(const Deployment& d);
Launch remote_wallet(const Deployment& d);
/// The tool that asks the report server for the ingress key of account 0.
Launch report_cli(const Deployment& d, unsigned retry_seconds);
Launch cleanup_tool(const Deployment& d);

std::filesystem::path nginx_conf_path(const Deployment& d);
std::string nginx_conf(const Deployment& d);

/// All of them in the order in which they are started.
std::vector<Launch> launches(const Deployment& d, bool with_wallet);

/// How the programs of a MobileCoin checkout are built.
struct CargoBuild {
    std::optional<Launch> make_key; ///< the enclave signing key, when the checkout has none
    Launch build;
};
CargoBuild cargo_build(const std::filesystem::path& checkout, bool release);

/// For people and golden tests: environment, program and one flag a line; passwords are hidden.
std::string to_text(const Launch& launch);

} // namespace real
