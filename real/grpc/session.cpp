#include "real/grpc/session.hpp"

#include <sodium.h>

#include "engine/chain/sodium.hpp"
#include "proto/attest.pb.h"
#include "real/grpc/message.hpp"

namespace real::grpc {

Outcome<std::string> Sessions::open(std::string_view auth_data) {
    if (auth_data != clear_text_greeting)
        return Status(StatusCode::permission_denied, "attestation: this server speaks clear text only");
    engine::chain::init_sodium();
    std::string channel_id(channel_id_size, '\0');
    randombytes_buf(channel_id.data(), channel_id.size());
    sessions_.insert(channel_id, {});
    return std::string(clear_text_greeting) + channel_id;
}

bool Sessions::knows(const std::string& channel_id) { return sessions_.find(channel_id) != nullptr; }

// Requests of one session may overtake each other on their way here, so the counters behind the newest are
// kept apart from each other.
bool Sessions::accepts(const std::string& channel_id, std::uint64_t nonce) {
    Counters* session = sessions_.find(channel_id);
    if (session == nullptr || nonce == ~std::uint64_t{0}) return false;
    if (nonce >= session->next) {
        const std::uint64_t step = nonce + 1 - session->next;
        if (step >= window)
            session->behind.reset();
        else
            session->behind <<= step;
        session->behind.set(0);
        session->next = nonce + 1;
        return true;
    }
    const std::uint64_t age = session->next - 1 - nonce;
    if (age >= window || session->behind.test(age)) return false;
    session->behind.set(age);
    return true;
}

std::optional<std::string> channel_id_from(std::string_view auth_data) {
    if (!auth_data.starts_with(clear_text_greeting)) return std::nullopt;
    auth_data.remove_prefix(clear_text_greeting.size());
    if (auth_data.size() != channel_id_size) return std::nullopt;
    return std::string(auth_data);
}

Task<Outcome<std::string>> ClearTextSession::channel_id() {
    if (!channel_id_.empty()) co_return channel_id_;
    ::attest::AuthMessage greeting;
    greeting.set_data(std::string(clear_text_greeting));
    const Outcome<::attest::AuthMessage> reply =
        co_await call<::attest::AuthMessage>(channel_, auth_method_, greeting);
    if (!reply) co_return reply.error();
    const std::optional<std::string> id = channel_id_from(reply->data());
    if (!id) co_return Status(StatusCode::internal, "attestation: the server does not speak clear text");
    channel_id_ = *id;
    next_nonce_ = 0;
    co_return channel_id_;
}

} // namespace real::grpc
