#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "real/grpc/admin.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/health.hpp"
#include "real/grpc/server.hpp"
#include "real/loop/real_host.hpp"
#include "real/service/log.hpp"
#include "real/service/metrics.hpp"
#include "real/service/uri.hpp"

namespace real::service {

/// What a service says about itself on its admin port.
struct ServiceFace {
    std::string name;        ///< as upstream names it, for instance "Fog View"
    std::string id;          ///< responder id or local node id
    std::string config_json; ///< without secrets
    grpc::BuildInfo build_info;
};

/// What all servers have in common: a loop, a host for the engine's logic, connections, ports, a panic
/// policy.
///
/// Rules
/// 1. Signals keep their default effect: SIGTERM ends the process at once, as upstream.  A peer that goes
///    away is no reason to end.
/// 2. An exception that leaves a task, and Host::abort, are a panic: banner, one second, exit code 13.
/// 3. A port that is taken is tried for five seconds: the process it belonged to may still be ending.
class ServerProcess : private grpc::AdminApi {
public:
    /// @param metrics_group  prefix of gauges and counters, for instance fog_view
    ServerProcess(Log& log, std::string metrics_group, ServiceFace face);
    ~ServerProcess() override;

    IoLoop& loop() { return loop_; }
    engine::Host& host() { return host_; }
    Log& log() { return log_; }
    Metrics& numbers() { return metrics_; }
    grpc::ClientRuntime& runtime() { return runtime_; }
    /// Told of what the engine's logic records.
    void observe(RealHost::Recorder recorder) { recorder_ = std::move(recorder); }

    /// A server that does not listen yet.
    /// @param service  prefix of its request metrics, for instance fog_view_service
    grpc::Server& add_server(const Uri& listen, std::string service, grpc::ServerOptions options = {});
    /// Listens, and logs where.  Suspends while the port is taken.  @param server  outlives the task
    Task<> listen(grpc::Server& server, Uri at);
    /// Adds Admin, BuildInfo and Health, and whatever `more` adds, and listens.
    Task<> listen_admin(Uri at, std::function<void(grpc::Server&)> more);
    /// The same two, before run().
    void start(grpc::Server& server, const Uri& at);
    void start_admin(const Uri& at, std::function<void(grpc::Server&)> more = {});

    /// Runs `main` as a task; returns never.
    [[noreturn]] void run(Task<> main);

private:
    // AdminApi
    std::string metrics() override { return metrics_.text(); }
    grpc::AdminInfo info() override;
    std::optional<std::string> set_rust_log(const std::string& filter) override;
    void test_log_error() override;

    Log& log_;
    const ServiceFace face_;
    RealHost::Recorder recorder_;
    IoLoop loop_;
    RealHost host_;
    Metrics metrics_;
    grpc::ClientRuntime runtime_;
    engine::Instant quiet_until_; ///< no line about refused clients before
    std::vector<std::unique_ptr<grpc::Server>> servers_;
};

} // namespace real::service
