#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/fog/ports.hpp"
#include "real/service/routers.hpp"
#include "real/service/server_process.hpp"
#include "tools/fog_node/options.hpp"

// What the server programs share.

namespace fog_node {

using real::service::Log;
using real::service::ServerProcess;
using real::service::ServiceFace;

/// Parses the flags, then runs `body`, which returns never.
/// @return 0 after --help and --version, 2 for bad flags after one line on stderr.  What goes wrong later is
/// a panic:
///         a banner in the log and, a second later, exit code 13
int run_server(Parameters& parameters, int argc, char** argv, const std::function<void(Log&)>& body);

/// The face of a service on its admin port.
ServiceFace face_of(const Parameters& parameters, std::string name, std::string id);

/// The recovery database named by DATABASE_URL; its password will appear in no log line.  Connects, so that a
/// server whose database cannot be reached does not come up.
class ConnectedRecoveryDb {
public:
    /// @param process          outlives it
    /// @param report_evidence  see RecoveryDbOptions
    /// @throws engine::UsageError, engine::BrokenSurroundings
    ConnectedRecoveryDb(
        ServerProcess& process, const PostgresFlags& flags,
        std::function<engine::chain::Bytes(const engine::chain::PublicKey&)> report_evidence = {});
    ~ConnectedRecoveryDb();
    engine::fog::RecoveryDb& operator*() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Options of a client port that checks tokens and the chain's name.
real::grpc::ServerOptions client_port(Log& log, const TokenFlags& tokens, const std::string& chain_id);

/// A router's answer to a new shard: nothing when it was added.
template <class Router>
std::optional<real::grpc::Status> add_shard(Router& router, const std::string& uri) {
    using real::grpc::Status;
    using real::grpc::StatusCode;
    std::string why;
    const auto fault = router.add(uri, why);
    if (!fault) return std::nullopt;
    if (*fault == real::service::AddShardFault::bad_uri) return Status(StatusCode::invalid_argument, why);
    return Status(StatusCode::failed_precondition, why);
}

/// Suspends for ever: the work is done by handlers.
engine::Task<> wait_for_ever();

/// Said once by every program whose sessions are all in clear text.
void say_clear_text(Log& log);

} // namespace fog_node
