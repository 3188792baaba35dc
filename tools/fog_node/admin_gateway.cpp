#include <nlohmann/json.hpp>

#include <csignal>

#include "real/grpc/admin.hpp"
#include "real/service/http_server.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/server.hpp"

// mc-admin-http-gateway: a service's admin port over HTTP.  source: admin-http-gateway/src/main.rs

namespace fog_node {
namespace {

using engine::Task;
using namespace real::service;
using real::grpc::AdminClient;
using real::grpc::Outcome;
using Json = nlohmann::ordered_json;

constexpr engine::Duration deadline = std::chrono::seconds(10);
constexpr const char* page = R"(<!doctype html>
<html><head><meta charset="utf-8"><title>fog_node admin</title></head><body>
<h1>Admin port</h1>
<p><a href="/info">info</a> <a href="/metrics">metrics</a></p>
<form method="post" action="/set-rust-log">
<label>log filter <input name="rust_log" placeholder="info"></label> <button>set</button>
</form>
</body></html>
)";

struct Flags {
    std::string listen_host = "127.0.0.1";
    std::uint64_t listen_port = 9090;
    std::string admin_uri;
};

// As upstream, the status stays 200 when the service behind cannot be asked: the body says why.
HttpResponse failed(const real::grpc::Status& status) {
    HttpResponse response;
    response.body = fmt::format("failed: {}{}{}\n", real::grpc::name(status.code),
                                status.text.empty() ? "" : ": ", status.text);
    return response;
}

Task<HttpResponse> info(AdminClient& admin) {
    const auto found = co_await admin.info();
    if (!found) co_return failed(found.error());
    Json out;
    out["name"] = found->name;
    out["id"] = found->id;
    out["build_info"] = Json::parse(real::grpc::to_json(found->build_info), nullptr, false);
    out["config"] = Json::parse(found->config_json, nullptr, false);
    out["rust_log"] = found->rust_log;
    HttpResponse response;
    response.content_type = "application/json";
    response.body = out.dump(-1, ' ', false, Json::error_handler_t::replace);
    co_return response;
}

Task<HttpResponse> metrics(AdminClient& admin) {
    const auto text = co_await admin.metrics();
    if (!text) co_return failed(text.error());
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = *text;
    co_return response;
}

Task<HttpResponse> set_rust_log(AdminClient& admin, std::string body) {
    HttpResponse response;
    const auto filter = form_field(body, "rust_log");
    if (!filter) {
        response.status = 400;
        response.body = "needs a form field rust_log\n";
        co_return response;
    }
    const auto done = co_await admin.set_rust_log(*filter);
    if (!done) co_return failed(done.error());
    response.body = "Set RUST_LOG to " + *filter + "\n";
    co_return response;
}

Task<HttpResponse> route(AdminClient& admin, HttpRequest request) {
    HttpResponse response;
    const bool get = request.method == "GET";
    const bool post = request.method == "POST";
    const bool is_set = request.path == "/set-rust-log";
    const bool known = request.path == "/" || request.path == "/info" || request.path == "/metrics" || is_set;
    if (!known) {
        response.status = 404;
        response.body = "no such page; there are /, /info, /metrics and /set-rust-log\n";
        co_return response;
    }
    if (is_set ? !post : !get) {
        response.status = 405;
        response.body = is_set ? "needs POST\n" : "needs GET\n";
        co_return response;
    }
    if (request.path == "/info")
        response = co_await info(admin);
    else if (request.path == "/metrics")
        response = co_await metrics(admin);
    else if (is_set)
        response = co_await set_rust_log(admin, std::move(request.body));
    else {
        response.content_type = "text/html; charset=utf-8";
        response.body = page;
    }
    co_return response;
}

void serve(const Flags& flags, Log& log) {
    const Uri uri = to_uri("--admin-uri", admin_uri, flags.admin_uri);
    if (flags.listen_port > 65535)
        throw tools::BadInput(
            fmt::format("--listen-port: {} is no port, they go from 0 to 65535", flags.listen_port));
    ::signal(SIGPIPE, SIG_IGN);
    real::IoLoop loop;
    real::grpc::ClientRuntime runtime(loop);
    real::grpc::ChannelOptions options(uri.address());
    options.deadline = deadline;
    real::grpc::Channel channel(runtime, options);
    AdminClient admin(channel);
    HttpServer server(loop, flags.listen_host, static_cast<std::uint16_t>(flags.listen_port),
                      [&admin](HttpRequest request) { return route(admin, std::move(request)); });
    log.info("http://{}:{}/ shows {}", flags.listen_host, server.port(), uri.display());
    loop.run(server.run());
}

} // namespace

int admin_http_gateway(int argc, char** argv) {
    Parameters parameters("mc-admin-http-gateway", "Shows a service's admin port over HTTP");
    Flags flags;
    parameters.text("--listen-host", flags.listen_host, "Address to listen on");
    parameters.number("--listen-port", flags.listen_port, "Port to listen on, 0 for any free one");
    parameters.text("--admin-uri", flags.admin_uri, "The service's admin port, insecure-mca://")->required();
    return run_server(parameters, argc, argv, [&](Log& log) { serve(flags, log); });
}

} // namespace fog_node
