#include "real/service/server_process.hpp"

#include <csignal>

#include "engine/chain/crypto.hpp"
#include "engine/ensure.hpp"

namespace real::service {
namespace {

constexpr engine::NodeId this_process{1};
constexpr engine::Duration patience_for_port = std::chrono::seconds(5);
constexpr engine::Duration pause_between_refusals = std::chrono::seconds(10);
constexpr engine::Duration pause_for_port = std::chrono::milliseconds(20);

/// "/fog_view.FogViewAPI/Query" is "Query".
std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

} // namespace

ServerProcess::ServerProcess(Log& log, std::string metrics_group, ServiceFace face)
    : log_(log), face_(std::move(face)),
      host_(
          loop_, this_process, engine::chain::ristretto_crypto(),
          [this](const char* why) { panic(log_, why); },
          [this](engine::EventKind kind, std::uint32_t object, std::uint64_t a, std::uint64_t b) {
              log_.debug("{} {} {}", engine::name(kind), a, b);
              if (recorder_) recorder_(kind, object, a, b);
          }),
      metrics_(std::move(metrics_group)), runtime_(loop_) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a file size limit is a full disk to the one who writes
}

ServerProcess::~ServerProcess() = default;

grpc::Server& ServerProcess::add_server(const Uri& listen, std::string service, grpc::ServerOptions options) {
    options.address = listen.host();
    options.port = listen.port();
    options.on_end = [this, service = std::move(service)](const std::string& method, grpc::StatusCode status,
                                                          engine::Duration took) {
        metrics_.request(service, last_part(method), static_cast<int>(status), took.count());
        if (status != grpc::StatusCode::ok) log_.debug("{}: {}", method, grpc::name(status));
    };
    options.on_refused = [this, address = listen.display()](const char* why) {
        // One line for many of them: whoever floods a port does not flood the log.
        if (loop_.now() < quiet_until_) return;
        quiet_until_ = loop_.now() + pause_between_refusals;
        log_.warn("{}: turned away: {}", address, why);
    };
    servers_.push_back(std::make_unique<grpc::Server>(loop_, this_process, std::move(options)));
    return *servers_.back();
}

Task<> ServerProcess::listen(grpc::Server& server, Uri at) {
    const engine::Instant due = loop_.now() + patience_for_port;
    for (bool listening = false; !listening;) {
        try {
            server.start();
            listening = true;
        } catch (const engine::BrokenSurroundings&) {
            if (loop_.now() >= due) throw;
        }
        if (!listening) co_await engine::sleep_until(loop_.now() + pause_for_port, "a port that is taken");
    }
    log_.info("listening on {}://{}/", at.scheme(), server.target());
}

Task<> ServerProcess::listen_admin(Uri at, std::function<void(grpc::Server&)> more) {
    grpc::Server& server = add_server(at, "admin_service", {});
    grpc::serve_admin(server, *this);
    grpc::serve_build_info(server, face_.build_info);
    grpc::serve_health(server);
    if (more) more(server);
    co_await listen(server, std::move(at));
}

void ServerProcess::start(grpc::Server& server, const Uri& at) { loop_.run(listen(server, at)); }

void ServerProcess::start_admin(const Uri& at, std::function<void(grpc::Server&)> more) {
    loop_.run(listen_admin(at, std::move(more)));
}

grpc::AdminInfo ServerProcess::info() {
    grpc::AdminInfo info;
    info.name = face_.name;
    info.id = face_.id;
    info.build_info = face_.build_info;
    info.config_json = face_.config_json;
    info.rust_log = log_.filter_text();
    return info;
}

std::optional<std::string> ServerProcess::set_rust_log(const std::string& filter) {
    if (!log_.set_filter(filter)) return fmt::format("'{}' is no log filter", filter);
    log_.info("log filter is now '{}'", filter);
    return std::nullopt;
}

void ServerProcess::test_log_error() {
    log_.error("this is a test of the error log, asked for on the admin port");
}

void ServerProcess::run(Task<> main) {
    try {
        loop_.run(std::move(main));
        panic(log_, "the main task has ended");
    } catch (const std::exception& error) {
        panic(log_, error.what());
    }
}

} // namespace real::service
