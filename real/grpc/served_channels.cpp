#include "real/grpc/served_channels.hpp"

#include "engine/chain/bytes.hpp"

namespace real::grpc {
namespace {

using engine::chain::as_bytes;
using engine::chain::Bytes;

std::string to_text(engine::chain::ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Status denied(const char* why) {
    return Status(StatusCode::permission_denied, std::string("attestation: ") + why);
}

} // namespace

Outcome<std::string> ServedChannels::open(std::string_view auth_data) {
    if (!responder_) return clear_.open(auth_data);
    if (auth_data == clear_text_greeting)
        return denied("a greeting in clear text; this server speaks simulated attestation");
    auto accepted = responder_->accept(as_bytes(auth_data));
    if (!accepted) return denied("the message is too short for a handshake");
    const std::string id = to_text(accepted->channel.id.view());
    sessions_.insert(id, Session{std::move(accepted->channel)});
    return to_text(accepted->message_2);
}

Outcome<std::string> ServedChannels::receive(::attest::Message& message) {
    if (!responder_) {
        if (!clear_.knows(message.channel_id())) return denied("unknown channel");
        return std::move(*message.mutable_data());
    }
    Session* session = sessions_.find(message.channel_id());
    if (session == nullptr) return denied("unknown channel");
    auto plaintext = session->channel.receiving.open(as_bytes(message.aad()), as_bytes(message.data()));
    if (!plaintext) return denied("the message does not decrypt, or is not the next one");
    if (session->busy) {
        forget(message.channel_id());
        return denied("two requests of one session at once");
    }
    session->busy = true;
    return to_text(*plaintext);
}

Outcome<::attest::Message> ServedChannels::answer(const std::string& channel_id, std::string aad,
                                                  std::string plaintext) {
    ::attest::Message reply;
    reply.set_channel_id(channel_id);
    if (!responder_) {
        reply.set_data(std::move(plaintext));
    } else {
        Session* session = sessions_.find(channel_id);
        if (session == nullptr) return denied("the session has ended");
        const auto sealed = session->channel.sending.seal(as_bytes(aad), as_bytes(plaintext));
        if (!sealed) {
            forget(channel_id);
            return denied("the session's counters are used up");
        }
        reply.set_data(to_text(*sealed));
    }
    reply.set_aad(std::move(aad));
    return reply;
}

void ServedChannels::end(const std::string& channel_id) {
    if (Session* session = sessions_.find(channel_id)) session->busy = false;
}

} // namespace real::grpc
