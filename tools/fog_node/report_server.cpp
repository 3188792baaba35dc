#include "engine/fog/report.hpp"

#include "real/grpc/report.hpp"
#include "real/service/report_signer.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/server.hpp"

// report_server: hands out what ingest nodes have published, signed.  source:
// fog/report/server/src/bin/main.rs

namespace fog_node {
namespace {

using namespace real::service;

struct Flags {
    std::string chain_id;
    std::string client_listen_uri;
    std::string admin_listen_uri;
    std::string signing_chain;
    std::string signing_key;
    PostgresFlags postgres;
};

void serve(const Flags& flags, const Parameters& parameters, Log& log) {
    const Uri listen = to_listen_uri("--client-listen-uri", report_uri, flags.client_listen_uri);
    const auto admin = to_optional_listen_uri("--admin-listen-uri", admin_uri, flags.admin_listen_uri);
    const std::string chain_pem = tools::read_file("--signing-chain", flags.signing_chain);
    const engine::chain::SecretText key_pem = tools::read_secret_file("--signing-key", flags.signing_key);
    std::string why;
    const auto signer = ReportSigner::from_pem(chain_pem, key_pem, why);
    // Upstream's policy for a chain or key that does not serve: a panic.
    if (!signer) panic(log, fmt::format("{} and {}: {}", flags.signing_chain, flags.signing_key, why));

    ServerProcess process(log, "fog_report", face_of(parameters, "Fog Report", listen.responder_id()));
    const ConnectedRecoveryDb database(process, flags.postgres);
    engine::fog::ReportServer reports(*database);

    real::grpc::ServerOptions options;
    options.chain_id = flags.chain_id;
    real::grpc::Server& server = process.add_server(listen, "fog_report_service", std::move(options));
    real::grpc::serve_report(server, reports, [&signer](const std::vector<engine::fog::ReportRow>& rows) {
        const auto signature = signer->sign(signed_reports(rows));
        real::grpc::ReportSeal seal;
        seal.chain = signer->chain();
        seal.signature.assign(signature.bytes.begin(), signature.bytes.end());
        return seal;
    });
    real::grpc::serve_health(server);
    process.start(server, listen);
    if (admin) process.start_admin(*admin);
    process.run(wait_for_ever());
}

} // namespace

int report_server(int argc, char** argv) {
    Parameters parameters("report_server", "Hands out the reports of ingest nodes, signed for senders");
    Flags flags;
    parameters.text("--chain-id", flags.chain_id, "The network's name")->required()->check(header_value());
    parameters.text("--client-listen-uri", flags.client_listen_uri, "Where senders ask, insecure-fog://")
        ->required();
    parameters.text("--admin-listen-uri", flags.admin_listen_uri, "The admin port, insecure-mca://");
    parameters
        .text("--signing-chain", flags.signing_chain,
              "PEM file of certificates, leaf first, self-signed root last")
        ->required();
    parameters.text("--signing-key", flags.signing_key, "PEM file of the leaf's Ed25519 private key")
        ->required();
    flags.postgres.add_to(parameters);
    return run_server(parameters, argc, argv, [&](Log& log) { serve(flags, parameters, log); });
}

} // namespace fog_node
