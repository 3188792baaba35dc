#include <iostream>
#include <nlohmann/json.hpp>

#include "engine/chain/address_wire.hpp"
#include "engine/chain/base64.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/crypto.hpp"
#include "engine/chain/hex.hpp"
#include "real/grpc/report.hpp"
#include "real/service/report_signer.hpp"
#include "tools/fog_node/attestation.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/tool.hpp"

// fog-report-cli: which ingress key senders should use.  source: fog/report/cli/src/main.rs

namespace fog_node {
namespace {

using engine::Task;
using engine::chain::Bytes;
using engine::chain::PublicAddress;
using real::grpc::Outcome;
using real::grpc::ReportClient;
using namespace real::service;

constexpr int exit_no_report = 1;
constexpr engine::Duration pause_before_retry = std::chrono::milliseconds(500);
// Upstream sets none, and a hung server hangs the tool.
constexpr engine::Duration deadline = std::chrono::seconds(20);

struct Flags {
    std::string chain_id;
    std::string public_address;
    std::string fog_url;
    std::string fog_report_id;
    std::string fog_spki;
    std::uint64_t retry_seconds = 10;
    bool show_expiry = false;
    bool no_validate = false;
    AttestationFlags attestation;
};

/// What is asked for and how far the answer is checked.
struct Question {
    std::string chain_id;
    std::optional<Uri> server;
    std::string report_id;
    std::optional<PublicAddress> address; ///< vouches for the authority
    std::optional<Bytes> authority_spki;  ///< in place of an address
    std::uint64_t retry_seconds = 10;
    bool show_expiry = false;
    bool validate = true;
    std::shared_ptr<const real::attest::Signer> signer; ///< of ingest enclaves; null: not looked at
};

Question question_of(const Flags& flags) {
    Question question;
    question.chain_id = flags.chain_id;
    question.retry_seconds = flags.retry_seconds;
    question.show_expiry = flags.show_expiry;
    question.validate = !flags.no_validate;
    question.signer = flags.attestation.signer();
    question.report_id = flags.fog_report_id;
    if (!flags.public_address.empty()) {
        if (!flags.fog_url.empty() || !flags.fog_report_id.empty() || !flags.fog_spki.empty())
            throw ToolFailure("--public-address: goes without --fog-url, --fog-report-id and --fog-spki");
        const auto address = engine::chain::decode_public_address(
            engine::chain::as_bytes(tools::read_file("--public-address", flags.public_address)));
        if (!address)
            throw tools::BadInput(
                fmt::format("--public-address: {}: not a public address", flags.public_address));
        if (address->fog_report_url.empty())
            throw tools::BadInput(fmt::format("--public-address: {}: has no fog", flags.public_address));
        question.server = to_uri("--public-address", report_uri, address->fog_report_url);
        // Upstream looks for the empty id when it does not validate.
        if (question.validate) question.report_id = address->fog_report_id;
        question.address = *address;
        return question;
    }
    if (flags.fog_url.empty()) throw tools::BadInput("--fog-url: is required without --public-address");
    question.server = to_uri("--fog-url", report_uri, flags.fog_url);
    if (!flags.fog_spki.empty()) {
        question.authority_spki = engine::chain::from_base64(flags.fog_spki);
        if (!question.authority_spki) throw tools::BadInput("--fog-spki: not standard base64 with padding");
    } else if (question.validate) {
        throw tools::BadInput("--fog-spki: is required with --fog-url, unless --no-validate is given");
    }
    return question;
}

std::optional<std::string> fault_of(const ReportClient::Response& response, const Question& question) {
    const std::vector<SignedReport> reports = signed_reports(response.reports);
    const real::grpc::ReportSeal& seal = response.seal;
    if (question.address) return fault_of_response(seal.chain, reports, seal.signature, *question.address);
    if (auto fault = fault_of_chain(seal.chain)) return fault;
    if (spki_of(seal.chain.back()) != question.authority_spki)
        return "--fog-spki is not that of the root of the certificate chain";
    return fault_of_signature(seal.chain, reports, seal.signature);
}

void print(const engine::fog::ReportRow& report, bool with_expiry) {
    const std::string key = engine::chain::to_hex(report.ingress_key.view());
    if (!with_expiry) {
        std::cout << key;
        return;
    }
    nlohmann::ordered_json out;
    out["pubkey"] = key;
    out["pubkey_expiry"] = report.expiry.value;
    std::cout << out.dump();
}

Task<int> ask(ToolWorld world, std::shared_ptr<const Question> question) {
    real::grpc::ChannelOptions options(question->server->address());
    options.chain_id = question->chain_id;
    options.deadline = deadline;
    real::grpc::Channel channel(world.runtime, options);
    const engine::Instant due = world.loop.now() + std::chrono::seconds(question->retry_seconds);
    ReportClient client(channel);
    Outcome<ReportClient::Response> response = co_await client.fetch();
    // No reports yet, or none under this id: an ingest node may be about to publish.
    while (response && response->reports.empty() && world.loop.now() + pause_before_retry <= due) {
        co_await engine::sleep_until(world.loop.now() + pause_before_retry);
        response = co_await client.fetch();
    }
    if (!response) {
        world.log.error("{}: {}", question->server->display(), describe(response.error()));
        co_return exit_no_report;
    }
    if (response->reports.empty()) {
        world.log.error("{}: no reports", question->server->display());
        co_return exit_no_report;
    }
    if (question->validate) {
        if (const auto fault = fault_of(*response, *question)) throw ToolFailure("validation: " + *fault);
        if (question->signer)
            world.log.warn("simulated attestation, no security; chain and signature are good");
        else
            world.log.warn(
                "attestation: clear text; chain and signature are good, the enclave is not verified");
    }
    for (const engine::fog::ReportRow& report : response->reports) {
        if (report.fog_report_id != question->report_id) continue;
        if (!engine::chain::ristretto_crypto().is_valid(report.ingress_key))
            throw ToolFailure("validation: the report's evidence names no ingress key");
        if (question->validate && question->signer) {
            if (report.evidence == real::grpc::clear_text_evidence(report.ingress_key))
                throw ToolFailure("validation: the report's evidence is in clear text (--attestation clear)");
            if (const auto fault = real::attest::fault_of_ingest_evidence(report.evidence, *question->signer,
                                                                          report.ingress_key.view()))
                throw ToolFailure("validation: the report's evidence is refused: " + *fault);
        }
        print(report, question->show_expiry);
        co_return 0;
    }
    throw ToolFailure(fmt::format("validation: no report under id '{}'", question->report_id));
}

} // namespace

int report_cli(int argc, char** argv) {
    Parameters parameters("fog-report-cli", "Prints the ingress key that senders should use, 64 hex digits");
    Flags flags;
    parameters.text("--chain-id", flags.chain_id, "The network's name")->required()->check(header_value());
    parameters.text("-p,--public-address", flags.public_address, "Address file (.pub) of a recipient");
    parameters.text("-u,--fog-url", flags.fog_url, "Report server, insecure-fog://, in place of an address");
    parameters.text("-i,--fog-report-id", flags.fog_report_id, "Which report");
    parameters.text("-s,--fog-spki", flags.fog_spki, "Base64 of the authority's SubjectPublicKeyInfo");
    parameters.number("-r,--retry-seconds", flags.retry_seconds, "How long to wait for a first report");
    parameters.on_off("-v,--show-expiry", flags.show_expiry,
                      "Print a JSON object with the key and its expiry");
    parameters.on_off("-n,--no-validate", flags.no_validate,
                      "Check neither certificates nor signature nor evidence");
    flags.attestation.add_to(parameters);
    parameters.app().footer(
        "The evidence is simulated attestation, no security: with or without --no-validate nothing is "
        "proven.\n"
        "Exit codes: 0 printed, 1 no report or no server, 2 bad arguments, 101 not valid.");
    return run_tool(parameters, argc, argv, [&](ToolWorld world) {
        return ask(world, std::make_shared<const Question>(question_of(flags)));
    });
}

} // namespace fog_node
