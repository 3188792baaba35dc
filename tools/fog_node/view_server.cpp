#include "engine/fog/view_store.hpp"

#include "real/grpc/view.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/server.hpp"

// fog_view_server: one view store.  source: fog/view/server/src/bin/main.rs

namespace fog_node {
namespace {

using namespace real::service;
using engine::fog::ViewStore;

struct Flags {
    std::string chain_id;
    std::string client_responder_id;
    std::string client_listen_uri;
    std::string admin_listen_uri;
    std::uint64_t omap_capacity = 1'048'576;
    std::uint64_t block_query_batch_size = 1000;
    std::uint64_t db_polling_interval_ms = 250;
    std::string sharding_strategy = "default";
    TokenFlags tokens;
    PostgresFlags postgres;
};

void serve(const Flags& flags, const Parameters& parameters, Log& log) {
    const Uri listen = to_listen_uri("--client-listen-uri", view_store_uri, flags.client_listen_uri);
    const auto admin = to_optional_listen_uri("--admin-listen-uri", admin_uri, flags.admin_listen_uri);
    engine::fog::ViewStoreConfig config;
    config.range = to_sharding_strategy("--sharding-strategy", flags.sharding_strategy);
    config.batch_blocks = at_least_one("--block-query-batch-size", flags.block_query_batch_size);
    config.poll_interval = to_milliseconds("--db-polling-interval-ms", flags.db_polling_interval_ms);
    real::grpc::ServerOptions options = client_port(log, flags.tokens, flags.chain_id);

    ServerProcess process(log, "fog_view", face_of(parameters, "Fog View", flags.client_responder_id));
    say_clear_text(log);
    const ConnectedRecoveryDb database(process, flags.postgres);
    ViewStore store(process.host(), *database, config);
    process.numbers().gauge("highest_processed_block_count",
                            [&] { return static_cast<std::int64_t>(store.count().value); });
    process.numbers().gauge("last_known_block_count",
                            [&] { return static_cast<std::int64_t>(store.last_known().value); });
    process.numbers().gauge("is_ready", [&] { return store.is_ready() ? 1 : 0; });

    real::grpc::ViewStoreIdentity identity;
    // Routers authenticate here: a store that listens on every address needs a responder-id in its listen
    // URI.
    identity.store_uri = fmt::format("{}://{}/", listen.scheme(), listen.responder_id());
    identity.range = config.range;
    real::grpc::Server& server = process.add_server(listen, "fog_view_service", std::move(options));
    real::grpc::serve_view_store(server, store, identity);
    real::grpc::serve_health(server, [&store] {
        return store.is_ready() ? real::grpc::Serving::serving : real::grpc::Serving::not_serving;
    });
    process.start(server, listen);
    if (admin) process.start_admin(*admin);
    process.run(store.run());
}

} // namespace

int view_server(int argc, char** argv) {
    Parameters parameters("fog_view_server", "One store of fog-view: answers searches of a range of blocks");
    Flags flags;
    parameters.text("--chain-id", flags.chain_id, "The network's name")->required()->check(header_value());
    parameters
        .text("--client-responder-id", flags.client_responder_id,
              "HOST:PORT under which routers know this store")
        ->required();
    parameters
        .text("--client-listen-uri", flags.client_listen_uri, "Where routers ask, insecure-fog-view-store://")
        ->required();
    parameters.text("--admin-listen-uri", flags.admin_listen_uri, "The admin port, insecure-mca://");
    flags.tokens.add_to(parameters);
    parameters.number("--omap-capacity", flags.omap_capacity, "Accepted and not needed: memory is the limit");
    parameters.number("--block-query-batch-size", flags.block_query_batch_size,
                      "Blocks in one database read");
    parameters.number("--db-polling-interval-ms", flags.db_polling_interval_ms,
                      "Pause between looks at the database");
    parameters.text("--sharding-strategy", flags.sharding_strategy, "default, or A-B for the blocks [A, B)");
    flags.postgres.add_to(parameters);
    return run_server(parameters, argc, argv, [&](Log& log) { serve(flags, parameters, log); });
}

} // namespace fog_node
