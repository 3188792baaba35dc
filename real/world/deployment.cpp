#include "real/world/deployment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "real/secret/redactor.hpp"

namespace real {

using engine::NodeKind;

namespace {

// Upstream's first port of each kind: listen, admin, gateway.
struct BasePorts {
    std::uint16_t listen, admin, gateway;
    std::uint16_t peer = 0;
};
constexpr std::uint16_t front_base = 8200;
constexpr std::uint16_t wallet_base = 9090;

constexpr std::uint32_t upstream_poll_ms = 250;
constexpr engine::Topology upstream_defaults{};

std::string strategy(const engine::BlockRange& range) {
    if (range == engine::BlockRange::all()) return "default";
    return fmt::format("{}-{}", range.start.value, range.end.value);
}

std::string uri(const char* scheme, const std::string& host, std::uint16_t port) {
    return fmt::format("insecure-{}://{}:{}/", scheme, host, port);
}

/// Where a store listens.  Behind a proxy it has to know under which name routers come: they authenticate
/// with the address they dial, which a store of MobileCoin's takes from here only.
std::string store_uri(const char* scheme, const Deployment& d, const ServicePlace& place) {
    std::string text =
        uri(scheme, d.listen_host, place.ports.listen) + "?sharding_strategy=" + strategy(place.range);
    if (place.ports.via != place.ports.listen)
        text += fmt::format("&responder-id={}:{}", d.listen_host, place.ports.via);
    return text;
}

Launch base(const Deployment& d, std::string name, const char* program) {
    Launch launch;
    launch.name = std::move(name);
    launch.program = d.programs / program;
    launch.directory = d.work;
    launch.environment["MC_CHAIN_ID"] = d.chain_id;
    return launch;
}

void flag(Launch& launch, const char* name, std::string value) {
    launch.arguments.emplace_back(name);
    launch.arguments.push_back(std::move(value));
}

void admin_flag(Launch& launch, const Deployment& d, const ServicePorts& ports) {
    flag(launch, "--admin-listen-uri", uri("mca", d.listen_host, ports.admin));
}

void chain_flags(Launch& launch, const Deployment& d, const std::string& copy) {
    flag(launch, "--ledger-db", d.ledger_db(copy));
    flag(launch, "--watcher-db", d.watcher_db(copy));
}

/// What wallets dial to reach a router.
std::string responder(const Deployment& d, const ServicePlace& router) {
    return fmt::format("localhost:{}", d.front == Front::none ? router.ports.via : d.front_port);
}

/// Only where the defaults do not serve: MobileCoin's own programs do not know these flags.
void attestation_flags(Launch& launch, const Deployment& d) {
    if (d.clear_text) flag(launch, "--attestation", "clear");
    if (!d.enclave_key.empty()) flag(launch, "--enclave-key", d.enclave_key);
    if (!d.enclave_css.empty()) flag(launch, "--enclave-css", d.enclave_css);
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
    return out;
}

} // namespace

std::string Deployment::fog_uri() const {
    if (front == Front::none)
        return fmt::format("insecure-fog://localhost:{}/?ledger=localhost:{}",
                           the(NodeKind::view_router).ports.via, the(NodeKind::ledger_router).ports.via);
    return fmt::format("insecure-fog://localhost:{}/", front_port);
}

std::vector<std::string> Deployment::copies() const {
    std::vector<std::string> names;
    const engine::Roster roster(topology);
    for (const engine::Roster::Copy& copy : roster.copies()) names.push_back(copy.name);
    return names;
}

std::vector<const ServicePlace*> Deployment::of(NodeKind kind) const {
    std::vector<const ServicePlace*> found;
    for (const ServicePlace& place : services)
        if (place.kind == kind) found.push_back(&place);
    return found;
}

// ------------------------------------------------------------------------------------------------ services

namespace {

Launch ingest_server(const Deployment& d, const ServicePlace& place) {
    Launch launch = base(d, place.name, "fog_ingest_server");
    launch.environment["DATABASE_URL"] = d.database_url;
    flag(launch, "--ledger-db", d.ledger_db(place.copy));
    flag(launch, "--client-listen-uri", uri("fog-ingest", d.listen_host, place.ports.listen));
    flag(launch, "--peer-listen-uri", uri("igp", d.listen_host, place.peer));
    // Strangers to one another, as the conformance test starts them; set-peers makes them acquainted.
    flag(launch, "--peers", uri("igp", "localhost", place.peer_via));
    flag(launch, "--local-node-id", fmt::format("localhost:{}", place.peer_via));
    flag(launch, "--state-file", place.state_file);
    admin_flag(launch, d, place.ports);
    attestation_flags(launch, d);
    flag(launch, "--watcher-db", d.watcher_db(place.copy));
    const engine::Topology& t = d.topology;
    if (t.pubkey_expiry_window != upstream_defaults.pubkey_expiry_window)
        flag(launch, "--pubkey-expiry-window", std::to_string(t.pubkey_expiry_window));
    // The server takes powers of two only, uses 70 % of it, and a block with more users than that ends it.
    if (t.user_capacity != 0)
        flag(launch, "--user-capacity",
             std::to_string(std::bit_ceil((std::uint64_t{t.user_capacity} * 10 + 6) / 7)));
    if (t.chunk_outputs != upstream_defaults.chunk_outputs)
        flag(launch, "--max-transactions", std::to_string(t.chunk_outputs));
    if (t.poll_ms != upstream_poll_ms) flag(launch, "--poll_interval_ms", std::to_string(t.poll_ms));
    return launch;
}

Launch view_server(const Deployment& d, const ServicePlace& place) {
    Launch launch = base(d, place.name, "fog_view_server");
    launch.environment["DATABASE_URL"] = d.database_url;
    flag(launch, "--client-listen-uri", store_uri("fog-view-store", d, place));
    flag(launch, "--client-responder-id", fmt::format("{}:{}", d.listen_host, place.ports.via));
    flag(launch, "--sharding-strategy", strategy(place.range));
    admin_flag(launch, d, place.ports);
    if (d.topology.batch_blocks != upstream_defaults.batch_blocks)
        flag(launch, "--block-query-batch-size", std::to_string(d.topology.batch_blocks));
    if (d.topology.poll_ms != upstream_poll_ms) {
        flag(launch, "--db-polling-interval-ms", std::to_string(d.topology.poll_ms));
        // Upstream's 5 s and 3 further attempts, for each of the twelve attempts of routers and wallets,
        // would make a check minutes long while the database is down.
        flag(launch, "--postgres-connection-timeout", "2");
        flag(launch, "--postgres-retry-count", "0");
    }
    return launch;
}

Launch view_router(const Deployment& d, const ServicePlace& place) {
    Launch launch = base(d, place.name, "fog_view_router");
    launch.environment["DATABASE_URL"] = d.database_url;
    flag(launch, "--client-listen-uri", uri("fog-view", d.listen_host, place.ports.listen));
    flag(launch, "--client-responder-id", responder(d, place));
    std::vector<std::string> shards;
    for (const ServicePlace* store : d.of(NodeKind::view_store))
        shards.push_back(uri("fog-view-store", d.listen_host, store->ports.via) +
                         "?sharding_strategy=" + strategy(store->range));
    flag(launch, "--shard-uris", joined(shards));
    admin_flag(launch, d, place.ports);
    attestation_flags(launch, d);
    return launch;
}

Launch key_image_store(const Deployment& d, const ServicePlace& place) {
    Launch launch = base(d, place.name, "key_image_store");
    launch.environment["DATABASE_URL"] = d.database_url;
    flag(launch, "--client-listen-uri", store_uri("key-image-store", d, place));
    flag(launch, "--client-responder-id", fmt::format("{}:{}", d.listen_host, place.ports.via));
    flag(launch, "--sharding-strategy", strategy(place.range));
    chain_flags(launch, d, place.copy);
    admin_flag(launch, d, place.ports);
    if (d.topology.poll_ms != upstream_poll_ms)
        flag(launch, "--poll_interval_ms", std::to_string(d.topology.poll_ms));
    return launch;
}

Launch ledger_router(const Deployment& d, const ServicePlace& place) {
    Launch launch = base(d, place.name, "ledger_router"); // the only one without DATABASE_URL
    flag(launch, "--ledger-db", d.ledger_db(place.copy));
    flag(launch, "--client-listen-uri", uri("fog-ledger", d.listen_host, place.ports.listen));
    flag(launch, "--client-responder-id", responder(d, place));
    std::vector<std::string> shards;
    for (const ServicePlace* store : d.of(NodeKind::image_store))
        shards.push_back(uri("key-image-store", d.listen_host, store->ports.via) +
                         "?sharding_strategy=" + strategy(store->range));
    flag(launch, "--shard-uris", joined(shards));
    flag(launch, "--watcher-db", d.watcher_db(place.copy));
    admin_flag(launch, d, place.ports);
    attestation_flags(launch, d);
    return launch;
}

Launch report_server(const Deployment& d, const ServicePlace& place) {
    Launch launch = base(d, place.name, "report_server");
    launch.environment["DATABASE_URL"] = d.database_url;
    flag(launch, "--client-listen-uri", uri("fog", d.listen_host, place.ports.listen));
    flag(launch, "--signing-chain", d.signing_chain);
    flag(launch, "--signing-key", d.signing_key);
    admin_flag(launch, d, place.ports);
    return launch;
}

/// How services of a kind are started.
struct Program {
    NodeKind kind;
    BasePorts base;
    Launch (*launch)(const Deployment&, const ServicePlace&);
};

constexpr Program programs[] = {
    {NodeKind::ingest, {4200, 4400, 4500, 4300}, ingest_server},
    {NodeKind::view_store, {5600, 5700, 5800}, view_server},
    {NodeKind::view_router, {5200, 5400, 5500}, view_router},
    {NodeKind::image_store, {7600, 7700, 7800}, key_image_store},
    {NodeKind::ledger_router, {7200, 7400, 7500}, ledger_router},
    {NodeKind::report_server, {6200, 6400, 6500}, report_server},
};
static_assert(std::size(programs) == engine::node_kind_count);
static_assert([] {
    for (std::size_t i = 0; i < std::size(programs); ++i)
        if (static_cast<std::size_t>(programs[i].kind) != i) return false;
    return true;
}());

const Program& program_of(NodeKind kind) { return programs[static_cast<std::size_t>(kind)]; }

} // namespace

Deployment lay_out(const engine::Topology& topology, const std::function<std::uint16_t()>& next, bool fixed,
                   bool gateways) {
    Deployment d;
    d.topology = topology;
    auto port = [&](std::uint16_t base_port, std::size_t i) {
        return fixed ? static_cast<std::uint16_t>(base_port + i) : next();
    };
    const engine::Roster roster(topology);
    d.services.resize(roster.services().size());
    for (const engine::Roster::Service* who : roster.in_plans()) {
        const BasePorts& from = program_of(who->kind).base;
        ServicePlace& place = d.services.at(who->id.value - 1);
        place.kind = who->kind;
        place.name = who->name;
        place.range = who->range;
        if (who->copy) place.copy = roster.copies().at(*who->copy).name;
        place.ports.listen = place.ports.via = port(from.listen, who->number);
        place.ports.admin = port(from.admin, who->number);
        if (gateways) place.ports.gateway = port(from.gateway, who->number);
        if (from.peer != 0) place.peer = place.peer_via = port(from.peer, who->number);
    }
    d.front_port = port(front_base, 0);
    d.wallet_port = port(wallet_base, 0);
    return d;
}

Launch migrations(const Deployment& d) {
    Launch launch = base(d, "migrations", "fog-sql-recovery-db-migrations");
    launch.environment["DATABASE_URL"] = d.database_url;
    return launch;
}

Launch sample_keys(const Deployment& d) {
    Launch launch = base(d, "sample-keys", "sample-keys");
    flag(launch, "--num", std::to_string(d.topology.accounts));
    flag(launch, "--output-dir", d.keys());
    flag(launch, "--fog-report-url",
         fmt::format("insecure-fog://localhost:{}", d.the(NodeKind::report_server).ports.via));
    flag(launch, "--fog-report-id", "");
    flag(launch, "--fog-authority-root", d.authority_root);
    return launch;
}

Launch test_vector(const Deployment& d, const std::string& test_name, const std::string& kind) {
    Launch launch = base(d, "x509-" + test_name + "-" + kind, "mc-crypto-x509-test-vectors");
    launch.arguments = {"--type=" + kind, "--test-name=" + test_name};
    launch.environment["FOG_TEST_VECTORS_DIR"] =
        (d.work / "x509-test-vectors").string(); // ours, when need be
    launch.keep_stdout = true;
    return launch;
}

Launch service_launch(const Deployment& d, const ServicePlace& place) {
    return program_of(place.kind).launch(d, place);
}

Launch admin_gateway(const Deployment& d, const std::string& of, const ServicePorts& ports) {
    Launch launch = base(d, of + "-gateway", "mc-admin-http-gateway");
    flag(launch, "--listen-host", d.listen_host);
    flag(launch, "--listen-port", std::to_string(ports.gateway));
    flag(launch, "--admin-uri", uri("mca", d.listen_host, ports.admin));
    launch.environment["ROCKET_CLI_COLORS"] = "0";
    return launch;
}

Launch remote_wallet(const Deployment& d) {
    Launch launch = base(d, "sample_paykit_remote_wallet", "sample_paykit_remote_wallet");
    flag(launch, "--listen-uri", fmt::format("insecure-remote-wallet://{}:{}", d.listen_host, d.wallet_port));
    if (!d.clients.empty())
        launch.program = d.clients / "sample_paykit_remote_wallet"; // whom it trusts is compiled in
    else
        attestation_flags(launch, d);
    return launch;
}

Launch report_cli(const Deployment& d, unsigned retry_seconds) {
    Launch launch = base(d, "fog-report-cli", "fog-report-cli");
    flag(launch, "--public-address", d.keys() / "account_keys_0.pub");
    launch.arguments.push_back(fmt::format("--retry-seconds={}", retry_seconds));
    launch.arguments.push_back("--show-expiry");
    attestation_flags(launch, d);
    launch.keep_stdout = true;
    return launch;
}

Launch cleanup_tool(const Deployment& d) {
    Launch launch = base(d, "cleanup", "mc-fog-sql-recovery-db-cleanup");
    launch.environment["DATABASE_URL"] = d.database_url;
    launch.arguments = {"--egress-keys"};
    launch.keep_stdout = true;
    return launch;
}

// ------------------------------------------------------------------------------------------------ nginx

std::filesystem::path nginx_conf_path(const Deployment& d) { return d.work / "nginx" / "fog-nginx.conf"; }

std::string nginx_conf(const Deployment& d) {
    auto location = [&](const char* prefix, std::uint16_t port) {
        return fmt::format("        location {} {{\n            grpc_pass grpc://{}:{};\n        }}\n",
                           prefix, d.listen_host, port);
    };
    std::string out;
    out += "# Rendered for one run.  One clear-text HTTP/2 listener in front of the three services wallets "
           "talk to.\n";
    // One process: it dies with us, where workers outlive a master that is killed.
    out += "daemon off;\nmaster_process off;\n";
    // Relative to the prefix (-p): a path may hold what this language gives a meaning, and cannot be quoted
    // everywhere.
    out += "pid nginx.pid;\nerror_log error.log info;\n";
    out += "events {\n    worker_connections 4096;\n}\n";
    out += "http {\n";
    out += "    access_log access.log;\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        out += fmt::format("    {0}_temp_path {0}_temp;\n", kind);
    out += "    server {\n";
    out += fmt::format("        listen {}:{} http2;\n", d.listen_host, d.front_port);
    out += location("/fog_view", d.the(NodeKind::view_router).ports.via);
    out += location("/fog_ledger", d.the(NodeKind::ledger_router).ports.via);
    out += location("/report", d.the(NodeKind::report_server).ports.via);
    out += "    }\n}\n";
    return out;
}

Launch nginx(const Deployment& d) {
    Launch launch;
    launch.name = "nginx";
    launch.program = "/usr/sbin/nginx";
    launch.directory = d.work;
    const std::filesystem::path folder = d.work / "nginx";
    flag(launch, "-p", folder);
    flag(launch, "-e", folder / "error.log");
    flag(launch, "-c", nginx_conf_path(d));
    return launch;
}

// ----------------------------------------------------------------------------------------------- all of them

std::vector<Launch> launches(const Deployment& d, bool with_wallet) {
    std::vector<Launch> out;
    out.push_back(migrations(d));
    out.push_back(sample_keys(d));
    if (with_wallet) out.push_back(remote_wallet(d));
    if (d.front == Front::nginx) out.push_back(nginx(d));
    for (const ServicePlace& place : d.services) {
        out.push_back(service_launch(d, place));
        if (place.ports.gateway != 0) out.push_back(admin_gateway(d, place.name, place.ports));
    }
    return out;
}

std::vector<std::uint16_t> ports_of(const Deployment& d) {
    std::vector<std::uint16_t> out{d.front_port, d.wallet_port};
    for (const ServicePlace& place : d.services)
        for (const std::uint16_t port :
             {place.ports.listen, place.ports.admin, place.ports.gateway, place.peer})
            if (port != 0) out.push_back(port);
    return out;
}

CargoBuild cargo_build(const std::filesystem::path& checkout, bool release) {
    const std::filesystem::path key = checkout / "Enclave_private.pem";
    CargoBuild out;
    if (!std::filesystem::exists(key)) {
        Launch make;
        make.name = "enclave-key";
        make.program = "/usr/bin/openssl";
        make.arguments = {"genrsa", "-out", key.string(), "-3", "3072"};
        make.directory = checkout;
        out.make_key = std::move(make);
    }
    Launch& build = out.build;
    build.name = "cargo";
    build.program = "/usr/bin/env"; // cargo is wherever the user's PATH has it
    build.directory = checkout;
    build.arguments = {"cargo", "build"};
    if (release) build.arguments.push_back("--release");
    for (const char* package :
         {"mc-admin-http-gateway", "mc-crypto-x509-test-vectors", "mc-fog-ingest-client",
          "mc-fog-ingest-server", "mc-fog-ledger-server", "mc-fog-report-cli", "mc-fog-report-server",
          "mc-fog-sample-paykit", "mc-fog-sql-recovery-db", "mc-fog-sql-recovery-db-cleanup",
          "mc-fog-view-server", "mc-util-keyfile"}) {
        build.arguments.push_back("-p");
        build.arguments.push_back(package);
    }
    build.environment["SGX_MODE"] = "SW";
    for (const char* enclave : {"CONSENSUS", "INGEST", "LEDGER", "VIEW"})
        build.environment[fmt::format("{}_ENCLAVE_PRIVKEY", enclave)] = key;
    return out;
}

std::string to_text(const Launch& launch) {
    std::string out = launch.name + "\n";
    const auto shown = [](const std::string& name, const std::string& value) {
        return secret::speaks_of_secret(name) ? std::string(secret::mask) : secret::redacted(value);
    };
    for (const auto& [name, value] : launch.environment)
        out += fmt::format("  {}={}\n", name, shown(name, value));
    out += fmt::format("  {}\n", launch.program.string());
    const auto& arguments = launch.arguments;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const bool pair = arguments[i].size() > 1 && arguments[i][0] == '-' && i + 1 < arguments.size() &&
                          arguments[i].find('=') == std::string::npos && arguments[i + 1].rfind("-", 0) != 0;
        const std::size_t equals = arguments[i].find('=');
        if (arguments[i].starts_with("--") && equals != std::string::npos)
            out += fmt::format("    {}={}", arguments[i].substr(0, equals),
                               shown(arguments[i].substr(0, equals), arguments[i].substr(equals + 1)));
        else
            out += "    " + secret::redacted(arguments[i]);
        if (pair) {
            ++i;
            out += arguments[i].empty() ? " \"\"" : " " + shown(arguments[i - 1], arguments[i]);
        }
        out += "\n";
    }
    return out;
}

} // namespace real
