#pragma once

#include <functional>
#include <string>

#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

// grpc.health.v1.Health, on every port of every service.

namespace real::grpc {

enum class Serving : std::uint8_t { unknown = 0, serving = 1, not_serving = 2 };

/// Check answers the same for every service name, Ping echoes, Watch is UNIMPLEMENTED.
/// @param status  asked at each Check
void serve_health(Server& server, std::function<Serving()> status);
/// A service that serves once it listens.
void serve_health(Server& server);

class HealthClient {
public:
    /// @param channel  outlives the client
    explicit HealthClient(Channel& channel) : channel_(channel) {}

    Task<Outcome<Serving>> check(CallOptions options = {});
    Task<Outcome<std::string>> ping(std::string data);

private:
    Channel& channel_;
};

} // namespace real::grpc
