#include "tools/fog_node/server.hpp"

#include <cstdlib>
#include <exception>

#include "real/postgres/recovery_db.hpp"
#include "tools/fog_node/build_info.hpp"

namespace fog_node {

int run_server(Parameters& parameters, int argc, char** argv, const std::function<void(Log&)>& body) {
    ::setenv("GRPC_VERBOSITY", "NONE", 0); // what matters is logged here, in one form
    return tools::run(parameters.app(), argc, argv, [&] {
        Log log(parameters.name(), real::service::LogSettings::from_environment());
        log.info("{} {} ({}, {})", parameters.name(), build_info().version, build_info().git_commit,
                 build_info().profile);
        try {
            body(log);
        } catch (const tools::BadInput&) {
            throw;
        } catch (const std::exception& error) {
            real::service::panic(log, error.what());
        }
    });
}

ServiceFace face_of(const Parameters& parameters, std::string name, std::string id) {
    const BuildInfo& build = build_info();
    ServiceFace face;
    face.name = std::move(name);
    face.id = std::move(id);
    face.config_json = parameters.config_json();
    face.build_info.git_commit = build.git_commit;
    face.build_info.profile = build.profile;
    face.build_info.debug = build.debug ? "true" : "false";
    face.build_info.opt_level = build.opt_level;
    face.build_info.debug_assertions = build.assertions ? "true" : "false";
    face.build_info.target_arch = build.target_arch;
    face.build_info.sgx_mode = build.sgx_mode;
    return face;
}

struct ConnectedRecoveryDb::State {
    State(real::IoLoop& loop, const real::postgres::ConnectUrl& url,
          const real::postgres::PoolOptions& pool_options, const real::postgres::RecoveryDbOptions& options)
        : pool(loop, url, pool_options), database(pool, options) {}
    real::postgres::Pool pool;
    real::postgres::PgRecoveryDb database;
};

namespace {

real::postgres::ConnectUrl database_url(Log& log) {
    const char* text = std::getenv("DATABASE_URL");
    if (text == nullptr || *text == '\0') throw engine::BrokenSurroundings("DATABASE_URL is not set");
    auto url = real::postgres::ConnectUrl::parse(text);
    log.hide(url.setting("password"));
    return url;
}

real::postgres::PoolOptions pool_options(const PostgresFlags& flags) {
    real::postgres::PoolOptions options;
    options.connections_max = at_least_one("--postgres-max-connections", flags.max_connections);
    options.idle_timeout = to_seconds("--postgres-idle-timeout", flags.idle_timeout);
    options.lifetime_max = to_seconds("--postgres-max-lifetime", flags.max_lifetime);
    options.connection_timeout = to_seconds("--postgres-connection-timeout", flags.connection_timeout);
    return options;
}

real::postgres::RecoveryDbOptions db_options(const PostgresFlags& flags, Log& log) {
    real::postgres::RecoveryDbOptions options;
    options.retries = static_cast<unsigned>(std::min<std::uint64_t>(flags.retry_count, 1000));
    options.retry_pause_max = to_milliseconds("--postgres-retry-millis", flags.retry_millis);
    options.log = [&log](const std::string& line) { log.warn("database: {}", line); };
    return options;
}

/// More patient than flags may be: where everything starts at once a first connection takes its time.
constexpr int tries_to_reach = 4;

engine::Task<> reach(engine::fog::RecoveryDb& database, const std::string& address) {
    for (int tried = 1;; ++tried) {
        const auto highest = co_await database.highest_known_block();
        if (highest) co_return;
        if (tried < tries_to_reach && engine::is_transient(highest.error())) continue;
        throw engine::BrokenSurroundings(fmt::format("the recovery database {} cannot be used: {}", address,
                                                     engine::name(highest.error().code)));
    }
}

} // namespace

ConnectedRecoveryDb::ConnectedRecoveryDb(
    ServerProcess& process, const PostgresFlags& flags,
    std::function<engine::chain::Bytes(const engine::chain::PublicKey&)> report_evidence) {
    const real::postgres::ConnectUrl url = database_url(process.log());
    real::postgres::RecoveryDbOptions options = db_options(flags, process.log());
    options.report_evidence = std::move(report_evidence);
    state_ = std::make_unique<State>(process.loop(), url, pool_options(flags), options);
    process.loop().run(reach(state_->database, url.printable()));
    process.log().info("recovery database {}", url.printable());
}
ConnectedRecoveryDb::~ConnectedRecoveryDb() = default;
engine::fog::RecoveryDb& ConnectedRecoveryDb::operator*() const { return state_->database; }

real::grpc::ServerOptions client_port(Log& log, const TokenFlags& tokens, const std::string& chain_id) {
    real::grpc::ServerOptions options;
    options.chain_id = chain_id;
    log.hide(tokens.secret);
    if (const auto key = tokens.key()) options.tokens.emplace(*key, tokens.lifetime());
    return options;
}

engine::Task<> wait_for_ever() { co_await engine::park("its end", engine::Instant::never()); }

void say_clear_text(Log& log) {
    log.warn("attestation: clear text; messages are readable, and no enclave vouches for anybody");
}

} // namespace fog_node
