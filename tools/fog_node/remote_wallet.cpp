#include "real/service/remote_wallets.hpp"
#include "tools/fog_node/attestation.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/server.hpp"

// sample_paykit_remote_wallet: wallets that a test steers.
// source: fog/sample-paykit/src/bin/sample_paykit_remote_wallet.rs

namespace fog_node {
namespace {

using namespace real::service;

void serve(const std::string& listen_uri, const AttestationFlags& attestation, const Parameters& parameters,
           Log& log) {
    const Uri listen = to_listen_uri("--listen-uri", remote_wallet_uri, listen_uri);
    ServerProcess process(log, "remote_wallet", face_of(parameters, "Remote Wallet", listen.responder_id()));
    RemoteWallets::Config config;
    config.signer = attestation.signer();
    say_attestation(log, config.signer.get());
    RemoteWallets wallets(process.host(), process.runtime(), log, std::move(config));
    real::grpc::Server& server = process.add_server(listen, "remote_wallet_service", {});
    real::grpc::serve_remote_wallet(server, wallets);
    real::grpc::serve_health(server);
    process.start(server, listen);
    process.run(wait_for_ever());
}

} // namespace

int remote_wallet(int argc, char** argv) {
    Parameters parameters("sample_paykit_remote_wallet",
                          "Wallets that check their balances when they are told to");
    std::string listen_uri = "insecure-remote-wallet://127.0.0.1:9090";
    parameters.text("--listen-uri", listen_uri, "Where to be told, insecure-remote-wallet://");
    AttestationFlags attestation;
    attestation.add_to(parameters);
    return run_server(parameters, argc, argv,
                      [&](Log& log) { serve(listen_uri, attestation, parameters, log); });
}

} // namespace fog_node
