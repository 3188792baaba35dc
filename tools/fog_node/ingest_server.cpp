#include "engine/fog/ingest.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "engine/chain/hex.hpp"
#include "real/grpc/ingest.hpp"
#include "real/service/lmdb_block_source.hpp"
#include "real/service/peer_book.hpp"
#include "real/service/state_file.hpp"
#include "tools/fog_node/attestation.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/server.hpp"

// fog_ingest_server: scans blocks into the recovery database.  source: fog/ingest/server/src/bin/main.rs

namespace fog_node {
namespace {

using namespace real::service;
using engine::fog::IngestMode;
using engine::fog::IngestNode;

// Upstream's table of users takes no more at about this share of its size.
constexpr std::uint64_t usable_users(std::uint64_t capacity) {
    return capacity / 10 * 7 + capacity % 10 * 7 / 10;
}
static_assert(usable_users(8) == 5 && usable_users(262'144) == 183'500);
static_assert(usable_users(std::uint64_t{1} << 63) == 6'456'360'425'798'343'065);
// Listening means that a node which was active is active again, unless its database or peers take this long.
constexpr engine::Duration patience_to_resume = std::chrono::seconds(10);

struct Flags {
    std::string local_node_id;
    std::string client_listen_uri;
    std::string peer_listen_uri;
    bool peers_from_anywhere = false;
    std::vector<std::string> peers;
    std::string fog_report_id;
    std::uint64_t user_capacity = 262'144;
    std::uint64_t max_transactions = 100'000;
    std::uint64_t pubkey_expiry_window = 10;
    std::uint64_t peer_checkup_period = 60;
    std::uint64_t watcher_timeout = 5;
    std::string admin_listen_uri;
    std::string state_file;
    std::uint64_t poll_interval_ms = 250;
    ChainFlags chain;
    PostgresFlags postgres;
    AttestationFlags attestation;
};

engine::fog::IngestConfig config_of(const Flags& flags, PeerBook& book) {
    engine::fog::IngestConfig config;
    config.responder_id = flags.local_node_id;
    for (const Uri& uri : to_uris("--peers", ingest_peer_uri, flags.peers)) {
        const auto id = book.learn(uri.text());
        if (std::find(config.peers.begin(), config.peers.end(), *id) != config.peers.end())
            throw tools::BadInput(fmt::format("--peers: {} is named twice", *id));
        config.peers.push_back(*id);
    }
    if (std::find(config.peers.begin(), config.peers.end(), config.responder_id) == config.peers.end())
        throw tools::BadInput(
            fmt::format("--peers: must include this node, --local-node-id {}", config.responder_id));
    if (flags.fog_report_id.size() > 64) throw tools::BadInput("--fog-report-id: longer than 64 characters");
    config.fog_report_id = flags.fog_report_id;
    if (!std::has_single_bit(flags.user_capacity))
        throw tools::BadInput(
            fmt::format("--user-capacity: needs a power of two, got {}", flags.user_capacity));
    config.user_capacity = std::max<std::uint64_t>(1, usable_users(flags.user_capacity));
    config.max_transactions = at_least_one("--max-transactions", flags.max_transactions);
    config.pubkey_expiry_window = flags.pubkey_expiry_window;
    config.peer_checkup_period =
        to_seconds("--peer-checkup-period", at_least_one("--peer-checkup-period", flags.peer_checkup_period));
    config.poll_interval = to_milliseconds("--poll_interval_ms", flags.poll_interval_ms);
    return config;
}

std::filesystem::path state_file_path(const Flags& flags) {
    if (!flags.state_file.empty()) return flags.state_file;
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home == '\0')
        throw tools::BadInput("--state-file: is required where HOME is not set");
    return std::filesystem::path(home) / ".mc-fog-ingest-state";
}

void add_metrics(ServerProcess& process, IngestNode& node) {
    Metrics& metrics = process.numbers();
    process.observe([&metrics](engine::EventKind kind, std::uint32_t, std::uint64_t, std::uint64_t) {
        if (kind == engine::EventKind::ingested) metrics.count("blocks_processed_count");
    });
    metrics.gauge("last_processed_block_index",
                  [&node] { return static_cast<std::int64_t>(node.next_block().value) - 1; });
    metrics.gauge("last_published_pubkey_expiry", [&node] {
        const auto expiry = node.last_published_expiry();
        return expiry ? static_cast<std::int64_t>(expiry->value) : 0;
    });
    metrics.gauge("mode", [&node] { return node.mode() == IngestMode::active ? 1 : 0; });
    metrics.gauge("mode_is_active", [&node] { return node.mode() == IngestMode::active ? 1 : 0; });
    metrics.gauge("mode_is_idle", [&node] { return node.mode() == IngestMode::idle ? 1 : 0; });
    metrics.gauge("is_resuming", [&node] { return node.is_resuming() ? 1 : 0; });
}

engine::Task<> listen_once_resumed(ServerProcess& process, IngestNode& node, real::grpc::Server& server,
                                   Uri listen, std::optional<Uri> admin) {
    const engine::Instant due = process.loop().now() + patience_to_resume;
    while (node.is_resuming() && process.loop().now() < due)
        co_await engine::sleep_until(process.loop().now() + std::chrono::milliseconds(10),
                                     "being active again");
    if (node.is_resuming())
        process.log().warn("still not known whether this node may go on; serving operators");
    co_await process.listen(server, std::move(listen));
    if (!admin) co_return;
    std::function<void(real::grpc::Server&)> nothing_more;
    co_await process.listen_admin(std::move(*admin), std::move(nothing_more));
}

void serve(const Flags& flags, const Parameters& parameters, Log& log) {
    const Uri listen = to_listen_uri("--client-listen-uri", ingest_uri, flags.client_listen_uri);
    const Uri peer_listen = to_listen_uri("--peer-listen-uri", ingest_peer_uri, flags.peer_listen_uri);
    const auto admin = to_optional_listen_uri("--admin-listen-uri", admin_uri, flags.admin_listen_uri);
    if (!flags.peers_from_anywhere && !is_this_machine_only(peer_listen.host()))
        throw tools::BadInput(fmt::format("--peer-listen-uri: '{}': this port hands out the ingress key in "
                                          "the clear to whoever asks; outside "
                                          "loopback it needs --peers-from-anywhere",
                                          peer_listen.display()));
    flags.chain.check();

    ServerProcess process(log, "fog_ingest", face_of(parameters, "Fog Ingest", flags.local_node_id));
    PeerBook book(process.runtime(), process.host().crypto());
    const engine::fog::IngestConfig config = config_of(flags, book);
    const std::filesystem::path state_path = state_file_path(flags);
    const auto signer = flags.attestation.signer();
    say_attestation(log, signer.get());
    DiskStateFile file(state_path, process.host().crypto(), book.names(), log);
    // The node reads the file itself, and begins anew without one.  A key that cannot be opened is upstream's
    // panic; the file is aside by now, so the next start is a fresh one.
    try {
        if (!file.read() && file.key_was_refused())
            panic(log, fmt::format("the ingress key in {} cannot be opened", state_path.string()));
    } catch (const real::service::UnreadableStateFile& error) {
        throw tools::BadInput(fmt::format("--state-file: {}", error.what()));
    }
    const ConnectedRecoveryDb database(process, flags.postgres, report_evidence(signer));
    const LmdbBlockSource chain(flags.chain.ledger_db, flags.chain.watcher_db);
    IngestNode node(process.host(), *database, chain, file, book, config);
    add_metrics(process, node);
    log.info("node {}, ingress key {}, state file {}", flags.local_node_id,
             engine::chain::to_hex(node.summary().ingress_key.view()), state_path.string());

    real::grpc::Server& server = process.add_server(listen, "fog_ingest_service", {});
    real::grpc::serve_ingest(server, node, book.names());
    real::grpc::serve_health(server);
    real::grpc::ServerOptions between_nodes;
    between_nodes.largest_message = real::grpc::largest_peer_message;
    real::grpc::Server& peer_server =
        process.add_server(peer_listen, "fog_ingest_peer_service", std::move(between_nodes));
    real::grpc::serve_ingest_peer(peer_server, node, process.host().crypto(), book.names());
    real::grpc::serve_health(peer_server);
    process.start(peer_server, peer_listen);
    engine::spawn(process.loop(), process.host().id(), "listen",
                  listen_once_resumed(process, node, server, listen, admin));
    process.run(node.run());
}

} // namespace

int ingest_server(int argc, char** argv) {
    Parameters parameters("fog_ingest_server", "Scans blocks and stores a record for every output");
    Flags flags;
    parameters
        .text("--local-node-id", flags.local_node_id, "This node's responder id, one of those in --peers")
        ->required();
    parameters
        .text("--client-listen-uri", flags.client_listen_uri, "Where operators ask, insecure-fog-ingest://")
        ->required();
    parameters.text("--peer-listen-uri", flags.peer_listen_uri, "Where peers ask, insecure-igp://")
        ->required();
    parameters.on_off(
        "--peers-from-anywhere", flags.peers_from_anywhere,
        "Let --peer-listen-uri be an address outside loopback, though nothing protects the ingress key");
    parameters
        .list("--peers", flags.peers, "All nodes, this one included: insecure-igp://, separated by commas")
        ->required();
    flags.chain.add_to(parameters);
    parameters.text("--fog-report-id", flags.fog_report_id, "Id that reports are published under");
    parameters.number("--user-capacity", flags.user_capacity,
                      "Size of the table of users of one egress key, a power of two; about 70 % can be used");
    parameters.number("--max-transactions", flags.max_transactions, "Outputs scanned at a time");
    parameters.number("--pubkey-expiry-window", flags.pubkey_expiry_window, "Blocks a report is good for");
    parameters.number("--peer-checkup-period", flags.peer_checkup_period,
                      "Seconds between looks at the peers");
    parameters.number("--watcher-timeout", flags.watcher_timeout,
                      "Accepted: the watcher is waited for without limit, as upstream");
    parameters.text("--admin-listen-uri", flags.admin_listen_uri, "The admin port, insecure-mca://");
    parameters.text("--state-file", flags.state_file,
                    "The node's state, ~/.mc-fog-ingest-state when not given");
    parameters.number("--poll_interval_ms", flags.poll_interval_ms, "Pause between looks at the ledger");
    flags.attestation.add_to(parameters);
    flags.postgres.add_to(parameters);
    return run_server(parameters, argc, argv, [&](Log& log) { serve(flags, parameters, log); });
}

} // namespace fog_node
