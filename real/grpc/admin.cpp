#include "real/grpc/admin.hpp"

#include <google/protobuf/empty.pb.h>

#include <nlohmann/json.hpp>

#include "proto/admin.pb.h"
#include "real/grpc/message.hpp"
#include "real/secret/redactor.hpp"

namespace real::grpc {
namespace {

using google::protobuf::Empty;
using Json = nlohmann::ordered_json;

constexpr const char* metrics_path = "/admin.AdminAPI/GetPrometheusMetrics";
constexpr const char* info_path = "/admin.AdminAPI/GetInfo";
constexpr const char* rust_log_path = "/admin.AdminAPI/SetRustLog";
constexpr const char* log_error_path = "/admin.AdminAPI/TestLogError";
constexpr const char* build_info_path = "/build_info.BuildInfoApi/GetBuildInfo";
constexpr int max_depth = 64;

void redact(Json& json, int depth) {
    if (depth == max_depth) {
        json = secret::mask;
    } else if (json.is_object()) {
        for (auto& [key, value] : json.items()) {
            if (secret::speaks_of_secret(key) && !value.is_null() && !value.is_number())
                value = secret::mask;
            else
                redact(value, depth + 1);
        }
    } else if (json.is_array()) {
        for (Json& value : json) redact(value, depth + 1);
    } else if (json.is_string()) {
        json = secret::redacted(json.get<std::string>());
    }
}

void set(build_info::BuildInfo& message, const BuildInfo& info) {
    message.set_git_commit(info.git_commit);
    message.set_profile(info.profile);
    message.set_debug(info.debug);
    message.set_opt_level(info.opt_level);
    message.set_debug_assertions(info.debug_assertions);
    message.set_target_arch(info.target_arch);
    message.set_target_feature(info.target_feature);
    message.set_rustflags(info.rustflags);
    message.set_sgx_mode(info.sgx_mode);
}

BuildInfo build_info_from(const build_info::BuildInfo& message) {
    BuildInfo info;
    info.git_commit = message.git_commit();
    info.profile = message.profile();
    info.debug = message.debug();
    info.opt_level = message.opt_level();
    info.debug_assertions = message.debug_assertions();
    info.target_arch = message.target_arch();
    info.target_feature = message.target_feature();
    info.rustflags = message.rustflags();
    info.sgx_mode = message.sgx_mode();
    return info;
}

admin::GetInfoResponse info_message(const AdminInfo& info) {
    admin::GetInfoResponse message;
    message.set_name(info.name);
    message.set_id(info.id);
    message.set_build_info_json(to_json(info.build_info));
    set(*message.mutable_build_info(), info.build_info);
    message.set_config_json(redacted_config(info.config_json));
    message.set_rust_log(info.rust_log);
    return message;
}

template <class Message>
Task<Outcome<Message>> at_once(Outcome<Message> answer) {
    co_return answer;
}

Task<Outcome<void>> done(Task<Outcome<Empty>> command) {
    const Outcome<Empty> reply = co_await std::move(command);
    if (!reply) co_return reply.error();
    co_return Outcome<void>();
}

Task<Outcome<std::string>> metrics_text(Task<Outcome<admin::GetPrometheusMetricsResponse>> question) {
    Outcome<admin::GetPrometheusMetricsResponse> reply = co_await std::move(question);
    if (!reply) co_return reply.error();
    co_return std::move(*reply->mutable_metrics());
}

Task<Outcome<AdminInfo>> info_of(Task<Outcome<admin::GetInfoResponse>> question) {
    const Outcome<admin::GetInfoResponse> reply = co_await std::move(question);
    if (!reply) co_return reply.error();
    AdminInfo info;
    info.name = reply->name();
    info.id = reply->id();
    info.build_info = build_info_from(reply->build_info());
    info.config_json = reply->config_json();
    info.rust_log = reply->rust_log();
    co_return info;
}

Task<Outcome<BuildInfo>> build_info_of(Task<Outcome<build_info::BuildInfo>> question) {
    const Outcome<build_info::BuildInfo> reply = co_await std::move(question);
    if (!reply) co_return reply.error();
    co_return build_info_from(*reply);
}

} // namespace

std::string to_json(const BuildInfo& info) {
    const Json json{{"GIT_COMMIT", info.git_commit},
                    {"PROFILE", info.profile},
                    {"DEBUG", info.debug},
                    {"OPT_LEVEL", info.opt_level},
                    {"DEBUG_ASSERTIONS", info.debug_assertions},
                    {"TARGET_ARCH", info.target_arch},
                    {"TARGET_FEATURE", info.target_feature},
                    {"RUSTFLAGS", info.rustflags},
                    {"SGX_MODE", info.sgx_mode}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string redacted_config(const std::string& config_json) {
    Json json = Json::parse(config_json, nullptr, false);
    if (json.is_discarded()) json = "not JSON";
    redact(json, 0);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void serve_admin(Server& server, AdminApi& api) {
    add_unary<Empty, admin::GetPrometheusMetricsResponse>(
        server, metrics_path, {}, [&api](const Call&, Empty) {
            admin::GetPrometheusMetricsResponse reply;
            reply.set_metrics(api.metrics());
            return at_once<admin::GetPrometheusMetricsResponse>(std::move(reply));
        });
    add_unary<Empty, admin::GetInfoResponse>(server, info_path, {}, [&api](const Call&, Empty) {
        return at_once<admin::GetInfoResponse>(info_message(api.info()));
    });
    add_unary<admin::SetRustLogRequest, Empty>(
        server, rust_log_path, {}, [&api](const Call&, admin::SetRustLogRequest request) {
            if (const auto why = api.set_rust_log(request.rust_log()))
                return at_once<Empty>(Status(StatusCode::invalid_argument, *why));
            return at_once<Empty>(Empty());
        });
    add_unary<Empty, Empty>(server, log_error_path, {}, [&api](const Call&, Empty) {
        api.test_log_error();
        return at_once<Empty>(Empty());
    });
}

void serve_build_info(Server& server, BuildInfo info) {
    build_info::BuildInfo message;
    set(message, info);
    add_unary<Empty, build_info::BuildInfo>(server, build_info_path, {}, [message](const Call&, Empty) {
        return at_once<build_info::BuildInfo>(message);
    });
}

Task<Outcome<std::string>> AdminClient::metrics(CallOptions options) {
    return metrics_text(call<admin::GetPrometheusMetricsResponse>(channel_, metrics_path, Empty(), options));
}
Task<Outcome<AdminInfo>> AdminClient::info() {
    return info_of(call<admin::GetInfoResponse>(channel_, info_path, Empty()));
}
Task<Outcome<void>> AdminClient::set_rust_log(std::string filter) {
    admin::SetRustLogRequest request;
    request.set_rust_log(std::move(filter));
    return done(call<Empty>(channel_, rust_log_path, request));
}
Task<Outcome<void>> AdminClient::test_log_error() {
    return done(call<Empty>(channel_, log_error_path, Empty()));
}
Task<Outcome<BuildInfo>> AdminClient::build_info() {
    return build_info_of(call<build_info::BuildInfo>(channel_, build_info_path, Empty()));
}

} // namespace real::grpc
