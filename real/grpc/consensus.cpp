#include "real/grpc/consensus.hpp"

#include <algorithm>

#include "engine/chain/bytes.hpp"
#include "engine/chain/wire_fields.hpp"
#include "real/grpc/client_session.hpp"
#include "real/grpc/message.hpp"
#include "real/grpc/serve_session.hpp"

// The answers are few and small: they are written field by field.

namespace real::grpc {

using engine::chain::as_bytes;
using engine::chain::Bytes;
using engine::chain::ByteView;
using engine::chain::read_fields;
using engine::chain::take;
using engine::chain::WireField;
using engine::chain::WireWriter;

namespace {

constexpr const char* auth_path = "/attest.AttestedApi/Auth";
constexpr const char* propose_tx_path = "/consensus_client.ConsensusClientAPI/ClientTxPropose";
constexpr const char* propose_config_path = "/consensus_client.ConsensusClientAPI/ProposeMintConfigTx";
constexpr const char* propose_mint_path = "/consensus_client.ConsensusClientAPI/ProposeMintTx";
constexpr const char* node_config_path = "/consensus_client.ConsensusClientAPI/GetNodeConfig";
constexpr const char* last_block_path = "/consensus_common.BlockchainAPI/GetLastBlockInfo";
constexpr const char* headers_path = "/consensus_common.BlockchainAPI/GetBlocks";

constexpr std::uint32_t most_headers = 2000;

std::string to_string(const Bytes& bytes) { return std::string(bytes.begin(), bytes.end()); }

Task<Outcome<std::string>> ready(Outcome<std::string> answer) { co_return answer; }

std::string tx_response(const Proposed& answer) {
    return to_string(WireWriter()
                         .varint_or_omit(1, answer.result)
                         .varint_or_omit(2, answer.block_count)
                         .varint_or_omit(3, answer.block_version)
                         .text_or_omit(4, answer.text)
                         .data());
}

std::string mint_response(const Proposed& answer) {
    WireWriter result;
    result.varint_or_omit(1, answer.result);
    return to_string(WireWriter()
                         .bytes(1, result.data())
                         .varint_or_omit(2, answer.block_count)
                         .varint_or_omit(3, answer.block_version)
                         .data());
}

/// A map entry from a number to a number.
void write_entry(WireWriter& out, std::uint32_t field, std::uint64_t key, std::uint64_t value) {
    out.bytes(field, WireWriter().varint_or_omit(1, key).varint_or_omit(2, value).data());
}

std::string last_block_response(const LastBlock& last) {
    WireWriter out;
    out.varint_or_omit(1, last.index);
    const auto mob = last.minimum_fees.find(0);
    if (mob != last.minimum_fees.end()) out.varint_or_omit(2, mob->second);
    for (const auto& [token, fee] : last.minimum_fees) write_entry(out, 3, token, fee);
    return to_string(out.varint_or_omit(4, last.block_version).data());
}

std::string node_config_response(const ConsensusNodeConfig& config) {
    WireWriter out;
    for (const auto& [token, fee] : config.minimum_fees) {
        const Bytes about = WireWriter().varint_or_omit(1, token).varint_or_omit(2, fee).take();
        out.bytes(2, WireWriter().varint_or_omit(1, token).bytes(2, about).data());
    }
    out.text_or_omit(4, config.peer_responder_id).text_or_omit(5, config.client_responder_id);
    out.wrapped(6, config.block_signing_key).varint_or_omit(7, config.block_version);
    return to_string(out.wrapped(8, config.message_signing_key).data());
}

struct BlocksRequest {
    std::uint64_t offset = 0;
    std::uint32_t limit = 0;
};

std::optional<BlocksRequest> decode_blocks_request(ByteView bytes) {
    BlocksRequest out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.offset, field.varint());
        case 2:
            return take(out.limit, field.varint32());
        default:
            return true;
        }
    });
    return good ? std::optional(out) : std::nullopt;
}

Status malformed() {
    return Status(StatusCode::internal, "cannot parse the request", engine::Code::invalid_argument);
}

// The answer is no secret: it travels beside the session, which goes on with its next request.
Outcome<std::string> answer_tx(ServedChannels& channels, ConsensusClientApi& api,
                               const std::string& request) {
    auto message = parse<::attest::Message>(request);
    if (!message) return malformed();
    const Outcome<std::string> tx = channels.receive(*message);
    if (!tx) return tx.error();
    channels.end(message->channel_id());
    const Outcome<Proposed> answer = api.propose_tx(*tx);
    if (!answer) return answer.error();
    return tx_response(*answer);
}

} // namespace

void serve_consensus_clients(Server& server, ConsensusClientApi& api, ServerAttestation attestation) {
    const auto channels = std::make_shared<ServedChannels>(Sessions::clients, std::move(attestation));
    const Guard checked{.chain_id = true, .token = true};
    serve_auth(server, auth_path, checked, channels);
    server.handle(propose_tx_path, checked, [channels, &api](const Call&, std::string request) {
        return ready(answer_tx(*channels, api, request));
    });
    server.handle(propose_config_path, checked, [&api](const Call&, std::string request) {
        const Outcome<Proposed> answer = api.propose_mint_config_tx(request);
        return ready(answer ? Outcome<std::string>(mint_response(*answer)) : answer.error());
    });
    server.handle(propose_mint_path, checked, [&api](const Call&, std::string request) {
        const Outcome<Proposed> answer = api.propose_mint_tx(request);
        return ready(answer ? Outcome<std::string>(mint_response(*answer)) : answer.error());
    });
    server.handle(node_config_path, {}, [&api](const Call&, std::string) {
        return ready(node_config_response(api.node_config()));
    });
    server.handle(last_block_path, {},
                  [&api](const Call&, std::string) { return ready(last_block_response(api.last_block())); });
    server.handle(headers_path, {}, [&api](const Call&, std::string request) {
        const auto asked = decode_blocks_request(as_bytes(request));
        if (!asked) return ready(malformed());
        WireWriter out;
        for (const std::string& header : api.headers(asked->offset, std::min(asked->limit, most_headers)))
            out.bytes(1, as_bytes(header));
        return ready(to_string(out.data()));
    });
}

// ------------------------------------------------------------------------------------------------ clients

namespace {

std::optional<Proposed> decode_tx_response(ByteView bytes) {
    Proposed out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.result, field.varint32());
        case 2:
            return take(out.block_count, field.varint());
        case 3:
            return take(out.block_version, field.varint32());
        case 4:
            return take(out.text, field.text());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> decode_entry(ByteView bytes) {
    std::pair<std::uint64_t, std::uint64_t> out{0, 0};
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.first, field.varint());
        case 2:
            return take(out.second, field.varint());
        default:
            return true;
        }
    });
    return good ? std::optional(out) : std::nullopt;
}

std::optional<LastBlock> decode_last_block(ByteView bytes) {
    LastBlock out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.index, field.varint());
        case 3: {
            const auto entry = engine::chain::nested(field, decode_entry);
            if (entry) out.minimum_fees.insert(*entry);
            return entry.has_value();
        }
        case 4:
            return take(out.block_version, field.varint32());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Status no_answer() { return Status(StatusCode::internal, "malformed answer"); }

} // namespace

struct ConsensusClient::State {
    State(Channel& c, ClientAttestation attestation)
        : channel(c), end(std::move(attestation), attest::Enclave::consensus, c.options().target),
          turn(c.runtime().loop()) {}

    Task<std::optional<Status>> open() {
        ::attest::AuthMessage greeting;
        greeting.set_data(end.greet());
        const Outcome<::attest::AuthMessage> welcome =
            co_await call<::attest::AuthMessage>(channel, auth_path, greeting);
        if (!welcome) co_return welcome.error();
        co_return end.welcome(welcome->data());
    }

    Channel& channel;
    ClientEnd end;
    engine::Mutex turn; // messages of a session are counted
};

ConsensusClient::ConsensusClient(Channel& channel, ClientAttestation attestation)
    : state_(std::make_unique<State>(channel, std::move(attestation))) {}
ConsensusClient::~ConsensusClient() = default;

Task<Outcome<Proposed>> ConsensusClient::propose_tx(std::string tx) {
    const engine::Mutex::Lock lock = co_await state_->turn.lock("its turn in a session");
    for (int attempt = 1;; ++attempt) {
        if (!state_->end.is_open()) {
            const std::optional<Status> fault = co_await state_->open();
            if (fault) co_return *fault;
        }
        const Outcome<::attest::Message> sealed = state_->end.seal({}, tx);
        if (!sealed) co_return sealed.error();
        std::string request = sealed->SerializeAsString();
        const Outcome<std::string> reply =
            co_await state_->channel.exchange(propose_tx_path, std::move(request), {});
        if (reply) {
            auto answer = decode_tx_response(as_bytes(*reply));
            if (!answer) co_return no_answer();
            co_return std::move(*answer);
        }
        state_->end.drop();
        // An unknown session: a new one, once.
        if (reply.error().code != StatusCode::permission_denied || attempt == 2) co_return reply.error();
    }
}

Task<Outcome<LastBlock>> ConsensusClient::last_block() {
    std::string nothing;
    const Outcome<std::string> reply =
        co_await state_->channel.exchange(last_block_path, std::move(nothing), {});
    if (!reply) co_return reply.error();
    auto answer = decode_last_block(as_bytes(*reply));
    if (!answer) co_return no_answer();
    co_return std::move(*answer);
}

Task<Outcome<std::vector<std::string>>> ConsensusClient::headers(std::uint64_t offset, std::uint32_t limit) {
    std::string request = to_string(WireWriter().varint_or_omit(1, offset).varint_or_omit(2, limit).data());
    const Outcome<std::string> reply =
        co_await state_->channel.exchange(headers_path, std::move(request), {});
    if (!reply) co_return reply.error();
    std::vector<std::string> headers;
    const bool good = read_fields(as_bytes(*reply), [&](const WireField& field) {
        const auto bytes = field.bytes();
        if (field.number != 1) return true;
        if (bytes) headers.emplace_back(bytes->begin(), bytes->end());
        return bytes.has_value();
    });
    if (!good) co_return no_answer();
    co_return headers;
}

} // namespace real::grpc
