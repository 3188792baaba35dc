#include "engine/fog/key_image_store.hpp"

#include "real/grpc/ledger.hpp"
#include "real/service/lmdb_block_source.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/server.hpp"

// key_image_store: one store of fog-ledger's key images.  source:
// fog/ledger/server/src/bin/key_image_store.rs

namespace fog_node {
namespace {

using namespace real::service;
using engine::fog::KeyImageStore;

constexpr std::uint64_t ready_within_blocks = 100;

struct Flags {
    std::string chain_id;
    std::string client_responder_id;
    std::string client_listen_uri;
    std::string admin_listen_uri;
    std::uint64_t omap_capacity = 1'048'576;
    std::string sharding_strategy = "default";
    std::uint64_t poll_interval_ms = 250;
    ChainFlags chain;
    TokenFlags tokens;
};

// A store past the end of its range goes on answering.
engine::Task<> load(KeyImageStore& store) {
    co_await store.run();
    co_await engine::park("its end", engine::Instant::never());
}

void serve(const Flags& flags, const Parameters& parameters, Log& log) {
    const Uri listen = to_listen_uri("--client-listen-uri", key_image_store_uri, flags.client_listen_uri);
    const auto admin = to_optional_listen_uri("--admin-listen-uri", admin_uri, flags.admin_listen_uri);
    flags.chain.check();
    engine::fog::KeyImageStoreConfig config;
    config.range = to_sharding_strategy("--sharding-strategy", flags.sharding_strategy);
    config.poll_interval = to_milliseconds("--poll_interval_ms", flags.poll_interval_ms);
    real::grpc::ServerOptions options = client_port(log, flags.tokens, flags.chain_id);

    ServerProcess process(log, "fog_ledger", face_of(parameters, "Fog Ledger", flags.client_responder_id));
    say_clear_text(log);
    const LmdbBlockSource chain(flags.chain.ledger_db, flags.chain.watcher_db);
    KeyImageStore store(process.host(), chain, config);
    process.observe([&process](engine::EventKind kind, std::uint32_t, std::uint64_t, std::uint64_t) {
        if (kind == engine::EventKind::images_published) process.numbers().count("blocks_added_count");
    });
    const auto processed = [&store] { return store.processed().end; };
    process.numbers().gauge("num_blocks", [=] { return static_cast<std::int64_t>(processed().value); });

    real::grpc::LedgerDetails details;
    details.block_time = [&chain](engine::BlockIndex block) { return chain.time(block); };
    // Routers authenticate here: a store that listens on every address needs a responder-id in its listen
    // URI.
    const std::string store_uri = fmt::format("{}://{}/", listen.scheme(), listen.responder_id());
    real::grpc::Server& server = process.add_server(listen, "fog_ledger_service", std::move(options));
    real::grpc::serve_key_image_store(server, store, store_uri, details);
    real::grpc::serve_health(server, [&chain, &config, processed] {
        const engine::BlockIndex goal = std::min(chain.count().end(), config.range.end);
        const bool near = processed().value + ready_within_blocks >= goal.value;
        return near ? real::grpc::Serving::serving : real::grpc::Serving::not_serving;
    });
    process.start(server, listen);
    if (admin) process.start_admin(*admin);
    process.run(load(store));
}

} // namespace

int key_image_store(int argc, char** argv) {
    Parameters parameters("key_image_store",
                          "One store of fog-ledger: which key images were spent, and where");
    Flags flags;
    parameters.text("--chain-id", flags.chain_id, "The network's name")->required()->check(header_value());
    parameters
        .text("--client-responder-id", flags.client_responder_id,
              "HOST:PORT under which routers know this store")
        ->required();
    parameters
        .text("--client-listen-uri", flags.client_listen_uri,
              "Where routers ask, insecure-key-image-store://")
        ->required();
    parameters.text("--admin-listen-uri", flags.admin_listen_uri, "The admin port, insecure-mca://");
    flags.chain.add_to(parameters);
    flags.tokens.add_to(parameters);
    parameters.number("--omap-capacity", flags.omap_capacity, "Accepted and not needed: memory is the limit");
    parameters.text("--sharding-strategy", flags.sharding_strategy, "default, or A-B for the blocks [A, B)");
    parameters.number("--poll_interval_ms", flags.poll_interval_ms, "Pause between looks at the ledger");
    return run_server(parameters, argc, argv, [&](Log& log) { serve(flags, parameters, log); });
}

} // namespace fog_node
