#include "real/grpc/health.hpp"

#include "proto/health.pb.h"
#include "real/grpc/message.hpp"

namespace real::grpc {
namespace {

namespace health = ::grpc::health::v1;

constexpr const char* check_path = "/grpc.health.v1.Health/Check";
constexpr const char* ping_path = "/grpc.health.v1.Health/Ping";

Task<Outcome<health::HealthCheckResponse>> check(Serving status) {
    health::HealthCheckResponse reply;
    reply.set_status(static_cast<health::HealthCheckResponse::ServingStatus>(status));
    co_return reply;
}

Task<Outcome<health::PingResponse>> echo(health::PingRequest request) {
    health::PingResponse reply;
    reply.set_data(std::move(*request.mutable_data()));
    co_return reply;
}

Task<Outcome<Serving>> ask(Channel& channel, CallOptions options) {
    const health::HealthCheckRequest request;
    Outcome<health::HealthCheckResponse> reply =
        co_await call<health::HealthCheckResponse>(channel, check_path, request, options);
    if (!reply) co_return reply.error();
    switch (reply->status()) {
    case health::HealthCheckResponse::SERVING:
        co_return Serving::serving;
    case health::HealthCheckResponse::NOT_SERVING:
        co_return Serving::not_serving;
    default:
        co_return Serving::unknown;
    }
}

Task<Outcome<std::string>> ping_once(Channel& channel, std::string data) {
    health::PingRequest request;
    request.set_data(std::move(data));
    Outcome<health::PingResponse> reply = co_await call<health::PingResponse>(channel, ping_path, request);
    if (!reply) co_return reply.error();
    co_return std::move(*reply->mutable_data());
}

} // namespace

void serve_health(Server& server, std::function<Serving()> status) {
    add_unary<health::HealthCheckRequest, health::HealthCheckResponse>(
        server, check_path, {},
        [status = std::move(status)](const Call&, health::HealthCheckRequest) { return check(status()); });
    add_unary<health::PingRequest, health::PingResponse>(
        server, ping_path, {},
        [](const Call&, health::PingRequest request) { return echo(std::move(request)); });
}

void serve_health(Server& server) {
    serve_health(server, [] { return Serving::serving; });
}

Task<Outcome<Serving>> HealthClient::check(CallOptions options) { return ask(channel_, options); }
Task<Outcome<std::string>> HealthClient::ping(std::string data) {
    return ping_once(channel_, std::move(data));
}

} // namespace real::grpc
