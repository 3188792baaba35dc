#pragma once

#include <optional>
#include <string>

#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

// admin.AdminAPI and build_info.BuildInfoApi, on a service's admin port.  Nobody is asked who they are, as
// upstream.

namespace real::grpc {

struct BuildInfo {
    std::string git_commit;
    std::string profile;
    std::string debug;
    std::string opt_level;
    std::string debug_assertions;
    std::string target_arch;
    std::string target_feature;
    std::string rustflags;
    std::string sgx_mode;
};
/// The same as a JSON object.
std::string to_json(const BuildInfo& info);

struct AdminInfo {
    std::string name; ///< for instance "Fog View"
    std::string id;   ///< responder id
    BuildInfo build_info;
    std::string config_json;
    std::string rust_log;
};

/// What a process tells its operator.  Answers at once.
class AdminApi {
public:
    virtual ~AdminApi() = default;
    /// In Prometheus' text form.
    virtual std::string metrics() = 0;
    virtual AdminInfo info() = 0;
    /// @return why not
    virtual std::optional<std::string> set_rust_log(const std::string& filter) = 0;
    virtual void test_log_error() = 0;
};

/// A configuration as others may see it: every value whose key speaks of a secret, password or token, and
/// every password in a URI, is replaced.
/// @differs  upstream shows the client token secret
/// @return   of text that is no JSON, nothing but a string that says so
std::string redacted_config(const std::string& config_json);

/// Configurations are redacted on their way out.
/// @param api  outlives the server
void serve_admin(Server& server, AdminApi& api);
void serve_build_info(Server& server, BuildInfo info);

class AdminClient {
public:
    /// @param channel  outlives the client
    explicit AdminClient(Channel& channel) : channel_(channel) {}

    Task<Outcome<std::string>> metrics(CallOptions options = {});
    Task<Outcome<AdminInfo>> info();
    Task<Outcome<void>> set_rust_log(std::string filter);
    Task<Outcome<void>> test_log_error();
    Task<Outcome<BuildInfo>> build_info();

private:
    Channel& channel_;
};

} // namespace real::grpc
