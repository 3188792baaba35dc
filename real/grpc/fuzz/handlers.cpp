#include "engine/chain/fuzz/target.hpp"

#include <deque>
#include <string>

#include "proto/attest.pb.h"
#include "proto/view.pb.h"
#include "real/grpc/session.hpp"
#include "real/grpc/testing/all_services.hpp"

// Requests straight into every handler, without a network between.
//
//   byte 0   which method
//   byte 1   0: the rest is the request; else the rest is aad (so many bytes) and plaintext on an open
//   channel

using namespace real::grpc;
using engine::chain::must_hold;
using real::Task;

namespace {

class SomeCall final : public Call {
public:
    const std::string& method() const override { return nothing_; }
    std::string peer() const override { return {}; }
    std::optional<std::string> header(const std::string&) const override { return std::nullopt; }

private:
    std::string nothing_;
};

class SomeStream final : public ServerStream {
public:
    explicit SomeStream(std::deque<std::string> messages) : messages_(std::move(messages)) {}
    Task<std::optional<std::string>> read() override {
        co_await engine::yield();
        std::optional<std::string> next;
        if (!messages_.empty()) {
            next = std::move(messages_.front());
            messages_.pop_front();
        }
        co_return next;
    }
    Task<bool> write(std::string message) override {
        last_written = std::move(message);
        co_await engine::yield();
        co_return true;
    }
    std::string last_written;

private:
    std::deque<std::string> messages_;
};

struct World {
    real::IoLoop loop;
    real::grpc::testing::AllServices services{loop};
    std::vector<std::string> paths = services.server.paths();
    SomeCall call;
};

World& world() {
    static World* const one =
        new World; // lives as long as the program: tasks and services refer to each other
    return *one;
}

Task<> ask(const UnaryHandler* handler, const Call* call, std::string request,
           std::optional<std::string>* reply) {
    Outcome<std::string> outcome = co_await (*handler)(*call, std::move(request));
    if (outcome) reply->emplace(std::move(*outcome));
}

Task<> converse(const StreamHandler* handler, const Call* call, ServerStream* stream) {
    co_await (*handler)(*call, *stream);
}

std::string auth_path(const std::string& path) {
    if (path.find("ingest_peer") != std::string::npos) return "/attest.AttestedApi/Auth";
    return path.substr(0, path.rfind('/')) + "/Auth";
}

std::optional<std::string> open_channel(World& w, const std::string& path) {
    const UnaryHandler* handler = w.services.server.unary_handler(auth_path(path));
    if (handler == nullptr) return std::nullopt;
    attest::AuthMessage greeting;
    greeting.set_data(std::string(clear_text_greeting));
    std::optional<std::string> reply;
    w.loop.run(ask(handler, &w.call, greeting.SerializeAsString(), &reply));
    attest::AuthMessage answer;
    must_hold(reply && answer.ParseFromString(*reply));
    return channel_id_from(answer.data());
}

template <class Message>
Message on_channel(const std::string& channel, const std::string& rest, std::size_t aad_size) {
    Message message;
    message.set_channel_id(channel);
    message.set_aad(rest.substr(0, aad_size));
    message.set_data(rest.substr(std::min(aad_size, rest.size())));
    return message;
}

/// A stream that is authenticated first; the channel id is only known then.
Task<> authenticate_and_ask(const StreamHandler* handler, const Call* call, std::string rest,
                            std::size_t aad_size) {
    fog_view::FogViewRouterRequest greeting;
    greeting.mutable_auth()->set_data(std::string(clear_text_greeting));
    std::deque<std::string> first(1, greeting.SerializeAsString());
    SomeStream opening(std::move(first));
    co_await (*handler)(*call, opening);
    fog_view::FogViewRouterResponse response;
    must_hold(response.ParseFromString(opening.last_written));
    const auto channel = channel_id_from(response.auth().data());
    must_hold(channel.has_value());
    fog_view::FogViewRouterRequest request;
    *request.mutable_query() = on_channel<attest::Message>(*channel, rest, aad_size);
    std::deque<std::string> second(1, request.SerializeAsString());
    SomeStream stream(std::move(second));
    co_await (*handler)(*call, stream);
}

} // namespace

FOG_FUZZ_TARGET(grpc_handlers);
FOG_FUZZ_TARGET(grpc_handlers) {
    if (size < 2) return 0;
    World& w = world();
    const std::string& path = w.paths[data[0] % w.paths.size()];
    const std::size_t aad_size = data[1];
    const std::string rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (const StreamHandler* handler = w.services.server.stream_handler(path)) {
        if (aad_size == 0) {
            SomeStream stream({rest, rest});
            w.loop.run(converse(handler, &w.call, &stream));
        } else {
            w.loop.run(authenticate_and_ask(handler, &w.call, rest, aad_size));
        }
        return 0;
    }
    std::string request = rest;
    if (aad_size != 0) {
        const auto channel = open_channel(w, path);
        if (!channel) return 0;
        if (path.find("Multi") != std::string::npos) {
            fog_view::MultiViewStoreQueryRequest many; // both stores' requests look alike
            *many.add_queries() = on_channel<attest::NonceMessage>(*channel, rest, aad_size);
            request = many.SerializeAsString();
        } else {
            request = on_channel<attest::Message>(*channel, rest, aad_size).SerializeAsString();
        }
    }
    const UnaryHandler* handler = w.services.server.unary_handler(path);
    must_hold(handler != nullptr);
    std::optional<std::string> reply;
    w.loop.run(ask(handler, &w.call, std::move(request), &reply));
    return 0;
}
