#include "engine/chain/base64.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/mint.hpp"
#include "engine/chain/tx/tx_wire.hpp"
#include "real/consensus/node.hpp"
#include "real/grpc/consensus.hpp"
#include "tools/fog_node/attestation.hpp"
#include "tools/fog_node/consensus_config.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/server.hpp"

// consensus-service: a node that agrees with its peers on blocks.  source: consensus/service/src/bin/main.rs

namespace fog_node {
namespace {

using namespace real::service;
using engine::chain::as_bytes;
using real::consensus::Node;
using real::grpc::Outcome;
using real::grpc::Proposed;
using real::grpc::Status;
using real::grpc::StatusCode;
namespace fs = std::filesystem;

constexpr UriKind client_uri{"mc", 443, "insecure-mc", 3223};
constexpr UriKind peer_listen_uri{"mcp", 8443, "insecure-mcp", 8080};
constexpr std::uint64_t newest_block_version = 4;

struct Flags {
    std::string chain_id;
    std::string peer_responder_id;
    std::string client_responder_id;
    std::string msg_signer_key;
    std::string network;
    std::string peer_listen_uri = "insecure-mcp://0.0.0.0:8080/";
    std::string client_listen_uri = "insecure-mc://0.0.0.0:3223/";
    std::string admin_listen_uri;
    std::string ledger_path;
    std::string origin_block_path;
    std::string scp_debug_dump;
    std::string sealed_block_signing_key;
    std::string tokens;
    std::uint64_t block_version = 0;
    std::uint64_t client_tracking_capacity = 10'000;
    TokenFlags client_tokens;
    AttestationFlags attestation;
};

/// The ledger, with at least its first block, open for writing.
real::lmdb::LedgerDb open_ledger(const Flags& flags, Log& log) {
    const fs::path directory(flags.ledger_path);
    if (!fs::exists(directory / "data.mdb")) {
        if (flags.origin_block_path.empty())
            throw tools::BadInput(
                fmt::format("--origin-block-path: is required: there is no ledger in {}", flags.ledger_path));
        const fs::path origin = fs::path(flags.origin_block_path) / "data.mdb";
        std::error_code failed;
        if (!fs::is_regular_file(origin, failed))
            throw tools::BadInput(
                fmt::format("--origin-block-path: {}: there is no such file", origin.string()));
        tools::create_directories("--ledger-path", directory);
        // Whoever waits for the file finds it whole.
        const fs::path staged = directory / "data.mdb.new";
        fs::copy_file(origin, staged, fs::copy_options::overwrite_existing, failed);
        if (!failed) fs::rename(staged, directory / "data.mdb", failed);
        if (failed)
            throw tools::BadInput(
                fmt::format("--ledger-path: cannot copy {}: {}", origin.string(), failed.message()));
        log.info("the ledger begins as {}", origin.string());
    }
    real::lmdb::EnvironmentOptions options;
    options.access = real::lmdb::EnvironmentOptions::Access::write;
    try {
        auto ledger = real::lmdb::LedgerDb::open(directory, options);
        if (ledger.num_blocks().value == 0)
            throw tools::BadInput(fmt::format("--ledger-path: {}: has no block", flags.ledger_path));
        return ledger;
    } catch (const real::lmdb::Error& error) {
        throw tools::BadInput(fmt::format("--ledger-path: {}", error.what()));
    }
}

/// The key that blocks are signed with: made once, and kept in a file that only the owner may read.
engine::chain::Ed25519KeyPair block_key(const std::string& path, engine::chain::ByteSource& rng) {
    using namespace engine::chain;
    std::error_code failed;
    if (fs::exists(path, failed)) {
        const auto text = tools::read_secret_file("--sealed-block-signing-key", path);
        const auto bytes = from_base64({text.data(), text.size()});
        const auto seed = bytes ? Ed25519Seed::from(*bytes) : std::nullopt;
        if (!seed)
            throw tools::BadInput(
                fmt::format("--sealed-block-signing-key: {}: holds no key of this program", path));
        return Ed25519KeyPair(*seed);
    }
    const Ed25519KeyPair made = Ed25519KeyPair::random(rng);
    tools::write_secret_file("--sealed-block-signing-key", path, to_base64(made.seed().view()));
    return made;
}

/// What clients ask, answered by the node.
class ClientPort final : public real::grpc::ConsensusClientApi {
public:
    ClientPort(Node& node, const engine::chain::tx::ChainRules& rules, real::grpc::ConsensusNodeConfig config)
        : node_(node), rules_(rules), config_(std::move(config)) {}

    Outcome<Proposed> propose_tx(const std::string& bytes) override {
        const auto tx = engine::chain::tx::decode_tx(as_bytes(bytes));
        if (!tx)
            return Status{StatusCode::internal, "Error while serializing/deserializing",
                          engine::Code::invalid_argument};
        const auto answer = node_.submit(*tx);
        if (const auto* refusal = std::get_if<Node::Refusal>(&answer)) return refused(*refusal);
        const auto& verdict = std::get<engine::chain::tx::Verdict>(answer);
        if (!verdict.code) return Status{StatusCode::internal, verdict.text, engine::Code::invalid_argument};
        Proposed out = proposed(static_cast<std::uint32_t>(*verdict.code));
        out.text = verdict.text;
        return out;
    }
    Outcome<Proposed> propose_mint_config_tx(const std::string& bytes) override {
        return propose_mint(engine::chain::decode_mint_config_tx(as_bytes(bytes)));
    }
    Outcome<Proposed> propose_mint_tx(const std::string& bytes) override {
        return propose_mint(engine::chain::decode_mint_tx(as_bytes(bytes)));
    }
    real::grpc::LastBlock last_block() const override {
        return {.index = node_.ledger().num_blocks() - 1,
                .minimum_fees = rules_.fees.fees(),
                .block_version = rules_.block_version};
    }
    std::vector<std::string> headers(std::uint64_t offset, std::uint32_t limit) const override {
        std::vector<std::string> out;
        const auto snapshot = node_.ledger().database().snapshot();
        for (std::uint64_t n = 0; n < limit; ++n) {
            const auto block = snapshot->block(engine::BlockIndex{offset + n});
            if (!block) break;
            const engine::chain::Bytes bytes = engine::chain::encode(*block);
            out.emplace_back(bytes.begin(), bytes.end());
        }
        return out;
    }
    real::grpc::ConsensusNodeConfig node_config() const override { return config_; }

private:
    static Status refused(Node::Refusal refusal) {
        return {StatusCode::unavailable,
                refusal == Node::Refusal::over_capacity ? "Temporarily over capacity"
                                                        : "Temporarily not serving requests",
                engine::Code::unavailable};
    }
    Proposed proposed(std::uint32_t result) const {
        Proposed out;
        out.result = result;
        out.block_count = node_.ledger().num_blocks();
        out.block_version = rules_.block_version;
        return out;
    }
    template <class MintTx>
    Outcome<Proposed> propose_mint(const std::optional<MintTx>& tx) {
        if (!tx)
            return Status{StatusCode::internal, "cannot parse the request", engine::Code::invalid_argument};
        const auto answer = node_.submit(*tx);
        if (const auto* refusal = std::get_if<Node::Refusal>(&answer)) return refused(*refusal);
        const auto& fault = std::get<std::optional<engine::chain::MintFault>>(answer);
        Proposed out = proposed(fault ? static_cast<std::uint32_t>(fault->code) : 0);
        return out;
    }

    Node& node_;
    const engine::chain::tx::ChainRules& rules_;
    real::grpc::ConsensusNodeConfig config_;
};

void serve(const Flags& flags, const Parameters& parameters, Log& log) {
    const Uri clients = to_listen_uri("--client-listen-uri", client_uri, flags.client_listen_uri);
    const Uri peers = to_listen_uri("--peer-listen-uri", peer_listen_uri, flags.peer_listen_uri);
    const auto admin = to_optional_listen_uri("--admin-listen-uri", admin_uri, flags.admin_listen_uri);
    if (flags.block_version > newest_block_version)
        throw tools::BadInput(
            fmt::format("--block-version: at most {}, got {}", newest_block_version, flags.block_version));
    const auto message_key = parse_signer_key(flags.msg_signer_key);
    const NetworkFile network = read_network_file(flags.network, flags.peer_responder_id);
    const engine::chain::tx::ChainRules rules{.block_version =
                                                  static_cast<std::uint32_t>(flags.block_version),
                                              .fees = read_tokens_file(flags.tokens)};
    real::grpc::ServerOptions client_options = client_port(log, flags.client_tokens, flags.chain_id);
    const auto signer = flags.attestation.signer();
    real::lmdb::LedgerDb ledger = open_ledger(flags, log);

    ServerProcess process(log, "consensus_service",
                          face_of(parameters, "Consensus Service", flags.peer_responder_id));
    say_attestation(log, signer.get());
    log.warn("peers are talked to on a wire of this project's own, without attestation: MobileCoin's nodes "
             "cannot take part");
    if (!flags.scp_debug_dump.empty()) log.warn("--scp-debug-dump: nothing is written there");

    real::consensus::NodeConfig config{
        .settings = {.membership = {.self = {flags.peer_responder_id, message_key.public_key()},
                                    .quorum_set = std::make_shared<const engine::consensus::QuorumSet>(
                                        network.quorum_set)},
                     .peers = network.peers,
                     .message_key = message_key,
                     .block_key = block_key(flags.sealed_block_signing_key, process.host().rng())},
        .addresses = network.addresses,
        .rules = {.chain = rules, .governors = {}},
        .chain_id = flags.chain_id,
        .last_word = fs::path(flags.ledger_path) / "last-message"};
    real::grpc::ConsensusNodeConfig shown{.minimum_fees = rules.fees.fees(),
                                          .peer_responder_id = flags.peer_responder_id,
                                          .client_responder_id = flags.client_responder_id,
                                          .block_version = rules.block_version};
    const auto& block_public = config.settings.block_key.public_key().bytes;
    shown.block_signing_key.assign(block_public.begin(), block_public.end());
    const auto& message_public = message_key.public_key().bytes;
    shown.message_signing_key.assign(message_public.begin(), message_public.end());

    Node node(process.loop(), process.runtime(), std::move(ledger), engine::chain::tx::ristretto_tx_crypto(),
              std::move(config));
    ClientPort port(node, rules, std::move(shown));
    process.numbers().gauge("cur_slot_num",
                            [&] { return static_cast<std::int64_t>(node.ledger().num_blocks()); });
    process.numbers().gauge("cur_num_pending_values",
                            [&] { return static_cast<std::int64_t>(node.worker().pool().pending()); });

    real::grpc::ServerOptions peer_options;
    peer_options.chain_id = flags.chain_id;
    peer_options.largest_message = real::grpc::largest_peer_message;
    real::grpc::Server& peer_server = process.add_server(peers, "peer_service", std::move(peer_options));
    node.serve_peers(peer_server);
    real::grpc::serve_health(peer_server);
    real::grpc::Server& client_server =
        process.add_server(clients, "client_service", std::move(client_options));
    real::grpc::ServerAttestation attestation;
    if (signer)
        attestation.responder = std::make_shared<const real::attest::Responder>(
            real::attest::Enclave::consensus, *signer, flags.client_responder_id);
    real::grpc::serve_consensus_clients(client_server, port, attestation);
    real::grpc::serve_health(client_server, [&node] {
        return node.is_serving() ? real::grpc::Serving::serving : real::grpc::Serving::not_serving;
    });
    process.start(peer_server, peers);
    process.start(client_server, clients);
    if (admin) process.start_admin(*admin);
    process.run(node.run());
}

} // namespace

int consensus_service(int argc, char** argv) {
    Parameters parameters("consensus-service", "A node that agrees with its peers on blocks");
    Flags flags;
    parameters.text("--chain-id", flags.chain_id, "The network's name")->required()->check(header_value());
    parameters.text("--peer-responder-id", flags.peer_responder_id, "HOST:PORT that peers know this node by")
        ->required();
    parameters.text("--client-responder-id", flags.client_responder_id, "HOST:PORT that clients dial")
        ->required();
    parameters
        .secret("--msg-signer-key", flags.msg_signer_key,
                "Key of this node's messages, base64 PKCS#8 DER of an Ed25519 key")
        ->required();
    parameters.text("--network", flags.network, "JSON file of the quorum set and the peers")->required();
    parameters.text("--peer-listen-uri", flags.peer_listen_uri, "Where peers ask, insecure-mcp://");
    parameters.text("--client-listen-uri", flags.client_listen_uri, "Where clients ask, insecure-mc://");
    parameters.text("--admin-listen-uri", flags.admin_listen_uri, "The admin port, insecure-mca://");
    parameters
        .text("--ledger-path", flags.ledger_path,
              "The ledger's LMDB directory, made when absent; what the node says last is kept there, too")
        ->required();
    parameters.text("--origin-block-path", flags.origin_block_path, "Ledger that a new one begins as");
    parameters.text("--scp-debug-dump", flags.scp_debug_dump, "Taken and ignored");
    parameters
        .text("--sealed-block-signing-key", flags.sealed_block_signing_key,
              "File of the key that blocks are signed with, made when absent")
        ->required();
    parameters.text("--tokens", flags.tokens, "JSON file of tokens and fees; without it token 0 alone");
    parameters.number("--block-version", flags.block_version, "Of the blocks that are made, at most 4");
    parameters.number("--client-tracking-capacity", flags.client_tracking_capacity, "Taken and ignored");
    flags.client_tokens.add_to(parameters);
    flags.attestation.add_to(parameters);
    return run_server(parameters, argc, argv, [&](Log& log) { serve(flags, parameters, log); });
}

} // namespace fog_node
