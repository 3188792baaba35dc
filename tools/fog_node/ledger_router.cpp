#include "real/grpc/ledger.hpp"
#include "real/service/lmdb_block_source.hpp"
#include "tools/fog_node/attestation.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/server.hpp"

// ledger_router: fog-ledger for wallets.  source: fog/ledger/server/src/bin/router.rs

namespace fog_node {
namespace {

using namespace real::service;

struct Flags {
    std::string chain_id;
    std::string client_responder_id;
    std::string client_listen_uri;
    std::vector<std::string> shard_uris;
    std::string admin_listen_uri;
    std::uint64_t query_retries = 3;
    ChainFlags chain;
    TokenFlags tokens;
    AttestationFlags attestation;
};

void serve(const Flags& flags, const Parameters& parameters, Log& log) {
    const Uri listen = to_listen_uri("--client-listen-uri", ledger_uri, flags.client_listen_uri);
    const Uri admin = to_listen_uri("--admin-listen-uri", admin_uri, flags.admin_listen_uri);
    flags.chain.check();
    engine::fog::RouterConfig config;
    config.tries = static_cast<unsigned>(
        std::min<std::uint64_t>(100, at_least_one("--query-retries", flags.query_retries)));
    real::grpc::ServerOptions options = client_port(log, flags.tokens, flags.chain_id);
    const auto signer = flags.attestation.signer();

    ServerProcess process(log, "fog_ledger_router",
                          face_of(parameters, "Fog Ledger Router", flags.client_responder_id));
    say_attestation(log, signer.get());
    const LmdbBlockSource chain(flags.chain.ledger_db, flags.chain.watcher_db);
    ShardedLedger router(process.host(), process.runtime(), log, chain, config);
    for (const std::string& uri : flags.shard_uris) {
        std::string why;
        if (router.add(uri, why)) throw tools::BadInput(fmt::format("--shard-uris: {}", why));
    }
    if (router.stores() == 0) log.warn("no shards: key images cannot be asked for until one is added");
    process.numbers().gauge("shards", [&] { return static_cast<std::int64_t>(router.stores()); });
    process.numbers().gauge("num_blocks", [&] { return static_cast<std::int64_t>(chain.count().value); });

    real::grpc::Server& server = process.add_server(listen, "fog_ledger_service", std::move(options));
    real::grpc::LedgerDetails details;
    details.block_time = [&chain](engine::BlockIndex block) { return chain.time(block); };
    details.proof = [&chain](engine::GlobalIndex output) { return chain.ledger().membership_proof(output); };
    real::grpc::ServerAttestation attestation;
    if (signer)
        attestation.responder = std::make_shared<const real::attest::Responder>(
            real::attest::Enclave::ledger, *signer, flags.client_responder_id);
    real::grpc::serve_ledger(server, router, details, attestation);
    real::grpc::serve_health(server);
    process.start(server, listen);
    process.start_admin(admin, [&router](real::grpc::Server& port) {
        real::grpc::serve_ledger_router_admin(
            port, [&router](const std::string& uri) { return add_shard(router, uri); });
    });
    process.run(wait_for_ever());
}

} // namespace

int ledger_router(int argc, char** argv) {
    Parameters parameters(
        "ledger_router",
        "fog-ledger for wallets: key images from the stores, blocks and outputs from the ledger");
    Flags flags;
    parameters.text("--chain-id", flags.chain_id, "The network's name")->required()->check(header_value());
    parameters
        .text("--client-responder-id", flags.client_responder_id,
              "HOST:PORT that wallets dial, that of the front when there is one")
        ->required();
    parameters
        .text("--client-listen-uri", flags.client_listen_uri, "Where wallets ask, insecure-fog-ledger://")
        ->required();
    parameters.list("--shard-uris", flags.shard_uris,
                    "Key image stores, insecure-key-image-store://HOST:PORT, separated by commas",
                    "MC_KEY_IMAGE_SHARD_URIS");
    parameters.text("--admin-listen-uri", flags.admin_listen_uri, "The admin port, insecure-mca://")
        ->required();
    parameters.number("--query-retries", flags.query_retries, "Tries of one shard in one query", "");
    flags.chain.add_to(parameters);
    flags.tokens.add_to(parameters);
    flags.attestation.add_to(parameters);
    return run_server(parameters, argc, argv, [&](Log& log) { serve(flags, parameters, log); });
}

} // namespace fog_node
