#include "real/grpc/ledger.hpp"

#include "real/grpc/client_session.hpp"
#include "real/grpc/ledger_messages.hpp"
#include "real/grpc/message.hpp"
#include "real/grpc/serve_session.hpp"
#include "real/grpc/session.hpp"
#include "real/grpc/stream_session.hpp"

namespace real::grpc {
namespace {

namespace wire = ::fog_ledger;
using namespace engine::fog;
using engine::Error;

constexpr const char* stream_path = "/fog_ledger.LedgerAPI/Request";
constexpr const char* key_image_auth_path = "/fog_ledger.FogKeyImageAPI/Auth";
constexpr const char* key_images_path = "/fog_ledger.FogKeyImageAPI/CheckKeyImages";
constexpr const char* proof_auth_path = "/fog_ledger.FogMerkleProofAPI/Auth";
constexpr const char* outputs_path = "/fog_ledger.FogMerkleProofAPI/GetOutputs";
constexpr const char* blocks_path = "/fog_ledger.FogBlockAPI/GetBlocks";
constexpr const char* tx_outs_path = "/fog_ledger.FogUntrustedTxOutApi/GetTxOuts";
constexpr const char* store_auth_path = "/fog_ledger.KeyImageStoreAPI/Auth";
constexpr const char* store_query_path = "/fog_ledger.KeyImageStoreAPI/MultiKeyImageStoreQuery";
constexpr const char* add_shard_path = "/fog_ledger.LedgerRouterAdminAPI/AddShard";

/// Of a service that reads its own ledger.
Status ledger_status(const Error& error) {
    return error.code == engine::Code::invalid_argument ? status_of(error) : router_status(error);
}

Task<Outcome<std::string>> answer_key_images(LedgerApi* api, const LedgerDetails* details,
                                             std::string plaintext) {
    auto images = key_images_from(plaintext);
    if (!images) // INTERNAL, as upstream, whose stores cannot read them either
        co_return Status(StatusCode::internal, "cannot parse the key images", engine::Code::invalid_argument);
    const Result<KeyImagesAnswer> answer = co_await api->key_images(std::move(*images));
    if (!answer) co_return router_status(answer.error());
    co_return key_images_response(*answer, details->block_time);
}

Task<Outcome<std::string>> answer_outputs(LedgerApi* api, const LedgerDetails* details,
                                          std::string plaintext) {
    auto indices = output_indices_from(plaintext);
    if (!indices) co_return Status(StatusCode::invalid_argument, "cannot parse the indices");
    const Result<OutputsAnswer> answer = co_await api->outputs(std::move(*indices));
    if (!answer) co_return ledger_status(answer.error());
    co_return outputs_response(*answer, details->proof);
}

Task<Outcome<wire::BlockResponse>> answer_blocks(LedgerApi* api, wire::BlockRequest request) {
    auto ranges = block_ranges_from(request);
    const Result<BlocksAnswer> answer = co_await api->blocks(std::move(ranges));
    if (!answer) co_return ledger_status(answer.error());
    co_return blocks_response(*answer);
}

Task<Outcome<wire::TxOutResponse>> answer_tx_outs(LedgerApi* api, wire::TxOutRequest request) {
    auto keys = tx_out_keys_from(request);
    if (!keys) co_return Status(StatusCode::invalid_argument, "a public key has 32 bytes");
    const Result<TxOutStatusAnswer> answer = co_await api->tx_outs(std::move(*keys));
    if (!answer) co_return ledger_status(answer.error());
    co_return tx_outs_response(*answer);
}

struct StoreService {
    std::shared_ptr<Sessions> sessions;
    std::string store_uri;
    LedgerDetails details;
};

Task<Outcome<wire::MultiKeyImageStoreResponse>>
answer_router(KeyImageStoreApi* api, const StoreService* service, wire::MultiKeyImageStoreRequest request) {
    wire::MultiKeyImageStoreResponse reply;
    reply.set_store_uri(service->store_uri);
    reply.set_status(wire::AUTHENTICATION_ERROR);
    for (const ::attest::NonceMessage& message : request.queries()) {
        if (!service->sessions->accepts(message.channel_id(), message.nonce())) continue;
        auto images = key_images_from(message.data());
        if (!images) {
            reply.set_status(wire::INVALID_ARGUMENT);
            co_return reply;
        }
        const Result<KeyImageStoreAnswer> answer = co_await api->key_images(std::move(*images));
        if (!answer) {
            switch (answer.error().code) {
            case engine::Code::not_ready:
                reply.set_status(wire::NOT_READY);
                break;
            case engine::Code::invalid_argument:
                reply.set_status(wire::INVALID_ARGUMENT);
                break;
            default:
                reply.set_status(wire::UNKNOWN);
            }
            co_return reply;
        }
        reply.set_status(wire::SUCCESS);
        ::attest::NonceMessage& response = *reply.mutable_query_response();
        response.set_channel_id(message.channel_id());
        response.set_nonce(message.nonce());
        response.set_data(key_image_store_response(*answer, service->details.block_time));
        co_return reply;
    }
    co_return reply;
}

} // namespace

void serve_ledger(Server& server, LedgerApi& api, LedgerDetails details, ServerAttestation attestation) {
    const auto kept = std::make_shared<const LedgerDetails>(std::move(details));
    const auto channels = std::make_shared<ServedChannels>(Sessions::clients, std::move(attestation));
    const Answer key_images = [&api, kept](const std::string&, std::string plaintext) {
        return answer_key_images(&api, kept.get(), std::move(plaintext));
    };
    const Answer outputs = [&api, kept](const std::string&, std::string plaintext) {
        return answer_outputs(&api, kept.get(), std::move(plaintext));
    };
    const Guard checked{.chain_id = true, .token = true};
    serve_attested_stream(server, stream_path, channels, AnswerAad::empty, key_images);
    serve_auth(server, key_image_auth_path, {}, channels);
    serve_attested(server, key_images_path, {}, channels, AnswerAad::empty, key_images);
    serve_auth(server, proof_auth_path, checked, channels);
    serve_attested(server, outputs_path, checked, channels, AnswerAad::empty, outputs);
    add_unary<wire::BlockRequest, wire::BlockResponse>(
        server, blocks_path, checked,
        [&api](const Call&, wire::BlockRequest request) { return answer_blocks(&api, std::move(request)); });
    add_unary<wire::TxOutRequest, wire::TxOutResponse>(
        server, tx_outs_path, checked,
        [&api](const Call&, wire::TxOutRequest request) { return answer_tx_outs(&api, std::move(request)); });
}

void serve_key_image_store(Server& server, KeyImageStoreApi& api, std::string store_uri,
                           LedgerDetails details) {
    auto service = std::make_shared<StoreService>();
    service->sessions = std::make_shared<Sessions>(Sessions::routers);
    service->store_uri = std::move(store_uri);
    service->details = std::move(details);
    const Guard guard{.chain_id = false, .token = true};
    serve_auth(server, store_auth_path, guard, service->sessions);
    add_unary<wire::MultiKeyImageStoreRequest, wire::MultiKeyImageStoreResponse>(
        server, store_query_path, guard,
        [&api, service](const Call&, wire::MultiKeyImageStoreRequest request) {
            return answer_router(&api, service.get(), std::move(request));
        });
}

void serve_ledger_router_admin(Server& server,
                               std::function<std::optional<Status>(const std::string&)> add_shard) {
    serve_add_shard(server, add_shard_path, std::move(add_shard));
}

Task<Outcome<void>> add_key_image_shard(Channel& channel, std::string shard_uri) {
    return ask_to_add_shard(channel, add_shard_path, std::move(shard_uri));
}

// ------------------------------------------------------------------------------------------------ clients

struct LedgerClient::State {
    State(Channel& c, KeyImages k, const ClientAttestation& attestation)
        : channel(c), protocol(k), key_images(c, key_image_auth_path, attestation, attest::Enclave::ledger),
          stream(c, stream_path, attestation, attest::Enclave::ledger),
          proofs(c, proof_auth_path, attestation, attest::Enclave::ledger) {}

    Task<Outcome<std::string>> exchange(std::string plaintext) {
        return protocol == KeyImages::unary ? key_images.exchange(key_images_path, {}, std::move(plaintext))
                                            : stream.exchange({}, std::move(plaintext));
    }

    Channel& channel;
    KeyImages protocol;
    UnarySession key_images;
    StreamSession stream;
    UnarySession proofs;
};

LedgerClient::LedgerClient(Channel& channel, KeyImages key_images, ClientAttestation attestation)
    : state_(std::make_unique<State>(channel, key_images, attestation)) {}
LedgerClient::~LedgerClient() = default;

Task<Result<KeyImagesAnswer>> LedgerClient::key_images(std::vector<engine::chain::KeyImage> images) {
    std::string request = key_images_request(images);
    const Outcome<std::string> reply = co_await state_->exchange(std::move(request));
    if (!reply) co_return error_of(reply.error(), key_images_path);
    auto answer = key_images_answer_from(*reply);
    if (!answer) co_return Error{engine::Code::internal, "check key images: malformed answer"};
    co_return std::move(*answer);
}

Task<Result<BlocksAnswer>> LedgerClient::blocks(std::vector<engine::BlockRange> ranges) {
    const wire::BlockRequest request = blocks_request(ranges);
    const Outcome<wire::BlockResponse> reply =
        co_await call<wire::BlockResponse>(state_->channel, blocks_path, request);
    if (!reply) co_return error_of(reply.error(), blocks_path);
    auto answer = blocks_answer_from(*reply);
    if (!answer) co_return Error{engine::Code::internal, "get blocks: malformed answer"};
    co_return std::move(*answer);
}

Task<Result<OutputsAnswer>> LedgerClient::outputs(std::vector<engine::GlobalIndex> indices) {
    std::string request = outputs_request(indices);
    std::string no_aad;
    const Outcome<std::string> reply =
        co_await state_->proofs.exchange(outputs_path, std::move(no_aad), std::move(request));
    if (!reply) co_return error_of(reply.error(), outputs_path);
    auto answer = outputs_answer_from(*reply);
    if (!answer) co_return Error{engine::Code::internal, "get outputs: malformed answer"};
    co_return std::move(*answer);
}

Task<Result<TxOutStatusAnswer>> LedgerClient::tx_outs(std::vector<engine::chain::PublicKey> public_keys) {
    const wire::TxOutRequest request = tx_outs_request(public_keys);
    const Outcome<wire::TxOutResponse> reply =
        co_await call<wire::TxOutResponse>(state_->channel, tx_outs_path, request);
    if (!reply) co_return error_of(reply.error(), tx_outs_path);
    auto answer = tx_outs_answer_from(*reply);
    if (!answer) co_return Error{engine::Code::internal, "get tx outs: malformed answer"};
    co_return std::move(*answer);
}

struct KeyImageStoreClient::State {
    explicit State(Channel& c) : channel(c), session(c, store_auth_path) {}
    Channel& channel;
    ClearTextSession session;
};

KeyImageStoreClient::KeyImageStoreClient(Channel& channel) : state_(std::make_unique<State>(channel)) {}
KeyImageStoreClient::~KeyImageStoreClient() = default;

Task<Result<KeyImageStoreAnswer>>
KeyImageStoreClient::key_images(std::vector<engine::chain::KeyImage> images) {
    const std::string plaintext = key_images_request(images);
    for (int attempt = 1;; ++attempt) {
        const Outcome<std::string> id = co_await state_->session.channel_id();
        if (!id) co_return error_of(id.error(), store_auth_path);
        wire::MultiKeyImageStoreRequest request;
        ::attest::NonceMessage& message = *request.add_queries();
        message.set_channel_id(*id);
        message.set_data(plaintext);
        message.set_nonce(state_->session.next_nonce());
        const Outcome<wire::MultiKeyImageStoreResponse> reply =
            co_await call<wire::MultiKeyImageStoreResponse>(state_->channel, store_query_path, request);
        if (!reply) co_return error_of(reply.error(), store_query_path);
        switch (reply->status()) {
        case wire::SUCCESS: {
            auto answer = key_image_store_answer_from(reply->query_response().data());
            if (!answer) co_return Error{engine::Code::internal, "key image store: malformed answer"};
            co_return std::move(*answer);
        }
        case wire::AUTHENTICATION_ERROR:
            state_->session.drop(*id);
            if (attempt < 2) continue;
            co_return Error{engine::Code::permission_denied, "key image store: authentication"};
        case wire::NOT_READY:
            co_return Error{engine::Code::not_ready, "key image store: not ready"};
        case wire::INVALID_ARGUMENT:
            co_return Error{engine::Code::invalid_argument, "key image store: refused"};
        default:
            co_return Error{engine::Code::internal, "key image store: status"};
        }
    }
}

} // namespace real::grpc
