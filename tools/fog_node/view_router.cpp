#include "real/grpc/view.hpp"
#include "tools/fog_node/attestation.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/server.hpp"

// fog_view_router: fog-view for wallets.  source: fog/view/server/src/bin/router.rs

namespace fog_node {
namespace {

using namespace real::service;

struct Flags {
    std::string chain_id;
    std::string client_responder_id;
    std::string client_listen_uri;
    std::vector<std::string> shard_uris;
    std::string admin_listen_uri;
    TokenFlags tokens;
    AttestationFlags attestation;
};

void serve(const Flags& flags, const Parameters& parameters, Log& log) {
    // The scheme says which of the two services there is.
    const bool streaming = flags.client_listen_uri.starts_with(view_router_uri.insecure) ||
                           flags.client_listen_uri.starts_with(view_router_uri.secure);
    const UriKind& kind = streaming ? view_router_uri : view_uri;
    const Uri listen = to_listen_uri("--client-listen-uri", kind, flags.client_listen_uri);
    const Uri admin = to_listen_uri("--admin-listen-uri", admin_uri, flags.admin_listen_uri);
    real::grpc::ServerOptions options = client_port(log, flags.tokens, flags.chain_id);
    const auto signer = flags.attestation.signer();

    ServerProcess process(log, "fog_view_router", face_of(parameters, "Fog View", flags.client_responder_id));
    say_attestation(log, signer.get());
    ShardedView router(process.host(), process.runtime(), log);
    for (const std::string& uri : flags.shard_uris) {
        std::string why;
        if (router.add(uri, why)) throw tools::BadInput(fmt::format("--shard-uris: {}", why));
    }
    if (router.stores() == 0) log.warn("no shards: every query fails until one is added");
    process.numbers().gauge("shards", [&] { return static_cast<std::int64_t>(router.stores()); });

    real::grpc::Server& server = process.add_server(listen, "fog_view_service", std::move(options));
    real::grpc::ServerAttestation attestation;
    if (signer)
        attestation.responder = std::make_shared<const real::attest::Responder>(
            real::attest::Enclave::view, *signer, flags.client_responder_id);
    real::grpc::serve_view(server, router,
                           streaming ? real::grpc::ViewProtocol::streaming : real::grpc::ViewProtocol::unary,
                           attestation);
    real::grpc::serve_health(server);
    process.start(server, listen);
    process.start_admin(admin, [&router](real::grpc::Server& port) {
        real::grpc::serve_view_router_admin(
            port, [&router](const std::string& uri) { return add_shard(router, uri); });
    });
    process.run(wait_for_ever());
}

} // namespace

int view_router(int argc, char** argv) {
    Parameters parameters("fog_view_router",
                          "fog-view for wallets: asks the view stores and merges what they say");
    Flags flags;
    parameters.text("--chain-id", flags.chain_id, "The network's name")->required()->check(header_value());
    parameters
        .text("--client-responder-id", flags.client_responder_id,
              "HOST:PORT that wallets dial, that of the front when there is one")
        ->required();
    parameters
        .text("--client-listen-uri", flags.client_listen_uri,
              "Where wallets ask: insecure-fog-view:// for the unary service, insecure-fog-view-router:// "
              "for streams")
        ->required();
    parameters.list(
        "--shard-uris", flags.shard_uris,
        "View stores, insecure-fog-view-store://HOST:PORT[?sharding_strategy=A-B], separated by commas",
        "MC_VIEW_SHARD_URIS");
    parameters.text("--admin-listen-uri", flags.admin_listen_uri, "The admin port, insecure-mca://")
        ->required();
    flags.tokens.add_to(parameters);
    flags.attestation.add_to(parameters);
    return run_server(parameters, argc, argv, [&](Log& log) { serve(flags, parameters, log); });
}

} // namespace fog_node
