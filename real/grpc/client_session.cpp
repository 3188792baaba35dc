#include "real/grpc/client_session.hpp"

#include "engine/chain/bytes.hpp"
#include "real/grpc/message.hpp"
#include "real/grpc/session.hpp"

namespace real::grpc {
namespace {

using engine::chain::as_bytes;

// What upstream's clients try in all.
constexpr int most_tries = 4;

std::string to_text(engine::chain::ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Drops a session unless told that all went well: a call that is killed may have been answered.
class DropUnlessKept {
public:
    explicit DropUnlessKept(ClientEnd& end) : end_(&end) {}
    ~DropUnlessKept() {
        if (end_ != nullptr) end_->drop();
    }
    DropUnlessKept(const DropUnlessKept&) = delete;
    DropUnlessKept& operator=(const DropUnlessKept&) = delete;
    void keep() { end_ = nullptr; }

private:
    ClientEnd* end_;
};

} // namespace

ClientEnd::ClientEnd(ClientAttestation attestation, attest::Enclave enclave, const std::string& target) {
    if (!attestation.signer) return;
    expectation_ = attest::Expectation::of(
        enclave, *attestation.signer, attestation.responder_id.empty() ? target : attestation.responder_id);
}

std::string ClientEnd::greet() {
    drop();
    if (!expectation_) return std::string(clear_text_greeting);
    greeting_.emplace(*expectation_);
    return to_text(greeting_->message_1());
}

std::optional<Status> ClientEnd::welcome(const std::string& auth_data) {
    if (!expectation_) {
        const auto id = channel_id_from(auth_data);
        if (!id) return Status(StatusCode::internal, "attestation: the server does not speak clear text");
        channel_id_ = *id;
        return std::nullopt;
    }
    attest::Greeting greeting = std::move(greeting_).value();
    greeting_.reset();
    attest::Greeting::Fault fault{};
    std::string why;
    auto channel = std::move(greeting).finish(as_bytes(auth_data), fault, why);
    if (!channel && fault == attest::Greeting::Fault::damaged)
        return Status(StatusCode::internal, "attestation: " + why, engine::Code::unknown);
    if (!channel)
        return Status(StatusCode::permission_denied, "attestation: " + why, engine::Code::permission_denied);
    channel_id_ = to_text(channel->id.view());
    channel_ = std::move(channel);
    return std::nullopt;
}

Outcome<::attest::Message> ClientEnd::seal(std::string aad, std::string plaintext) {
    ENSURE(is_open());
    ::attest::Message message;
    message.set_channel_id(channel_id_);
    if (!channel_) {
        message.set_data(std::move(plaintext));
    } else {
        const auto sealed = channel_->sending.seal(as_bytes(aad), as_bytes(plaintext));
        if (!sealed) return Status(StatusCode::internal, "attestation: the session's counters are used up");
        message.set_data(to_text(*sealed));
    }
    message.set_aad(std::move(aad));
    return message;
}

std::optional<std::string> ClientEnd::open(const ::attest::Message& reply) {
    if (!channel_) return reply.data();
    const auto plaintext = channel_->receiving.open(as_bytes(reply.aad()), as_bytes(reply.data()));
    if (!plaintext) return std::nullopt;
    return to_text(*plaintext);
}

void ClientEnd::drop() {
    greeting_.reset();
    channel_.reset();
    channel_id_.clear();
}

UnarySession::UnarySession(Channel& channel, const char* auth_method, ClientAttestation attestation,
                           attest::Enclave enclave)
    : channel_(channel), auth_method_(auth_method),
      end_(std::move(attestation), enclave, channel.options().target), turn_(channel.runtime().loop()) {}

void UnarySession::drop() {
    end_.drop();
    cookies_.clear();
}

Task<std::optional<Status>> UnarySession::open() {
    std::optional<Status> fault;
    for (int attempt = 1; attempt <= most_tries; ++attempt) {
        ::attest::AuthMessage greeting;
        greeting.set_data(end_.greet());
        cookies_.clear();
        CallMetadata metadata;
        CallOptions options;
        options.metadata = &metadata;
        const Outcome<::attest::AuthMessage> reply =
            co_await call<::attest::AuthMessage>(channel_, auth_method_, greeting, options);
        if (!reply) {
            fault = reply.error();
            co_return fault;
        }
        cookies_ = std::move(metadata.set_cookies);
        fault = end_.welcome(reply->data());
        if (!fault) co_return fault;
        channel_.set_last_failure(*fault);
        if (fault->reason != engine::Code::unknown) break;
    }
    co_return fault;
}

// In clear text nothing is lost with an answer, so the session stays whatever happens but its being unknown.
Task<Outcome<std::string>> UnarySession::call_once(const char* method, std::string aad,
                                                   std::string plaintext) {
    Outcome<::attest::Message> message = end_.seal(std::move(aad), std::move(plaintext));
    if (!message) co_return message.error();
    DropUnlessKept guard(end_);
    if (end_.is_clear_text()) guard.keep();
    CallMetadata metadata;
    metadata.cookies = cookies_;
    CallOptions options;
    options.metadata = &metadata;
    const std::string id = message->channel_id();
    const Outcome<::attest::Message> reply =
        co_await call<::attest::Message>(channel_, method, *message, options);
    if (!reply) {
        if (!end_.is_clear_text() || reply.error().code == StatusCode::permission_denied)
            if (end_.is_session(id)) drop();
        co_return reply.error();
    }
    if (!metadata.set_cookies.empty()) cookies_ = std::move(metadata.set_cookies);
    std::optional<std::string> answer = end_.open(*reply);
    if (!answer) {
        Status lost(StatusCode::permission_denied, "attestation: the answer does not decrypt");
        channel_.set_last_failure(lost);
        drop();
        co_return lost;
    }
    guard.keep();
    co_return std::move(*answer);
}

Task<Outcome<std::string>> UnarySession::exchange(const char* method, std::string aad,
                                                  std::string plaintext) {
    std::optional<engine::Mutex::Lock> lock;
    if (!end_.is_clear_text()) {
        engine::Mutex::Lock mine = co_await turn_.lock("its turn in a session");
        lock.emplace(std::move(mine));
    }
    for (int attempt = 1;; ++attempt) {
        if (!end_.is_open()) {
            const std::optional<Status> fault = co_await open();
            if (fault) co_return *fault;
        }
        Outcome<std::string> answer = co_await call_once(method, aad, plaintext);
        if (answer || answer.error().code != StatusCode::permission_denied || attempt == most_tries)
            co_return answer;
    }
}

} // namespace real::grpc
