#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/chain/hex.hpp"
#include "real/grpc/ingest.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/tool.hpp"
#include "tools/ledger_tool.hpp"

// fog_ingest_client: steers an ingest node.  source: fog/ingest/client/src

namespace fog_node {
namespace {

using engine::Result;
using engine::Task;
using engine::fog::IngestApi;
using engine::fog::IngestMode;
using engine::fog::IngestSummary;
using Json = nlohmann::ordered_json;
using namespace real::service;

constexpr std::uint64_t tries_per_second = 10;
constexpr std::uint64_t longest_pause_ms = 100;
// Upstream sets none, and a hung server hangs the tool.  Longer than a node waits for its database and its
// peers.
constexpr engine::Duration deadline = std::chrono::seconds(60);

struct Flags {
    std::string uri;
    std::uint64_t retry_seconds = 10;
    std::vector<std::string> peers;
    std::uint64_t window = 0;
    std::string peer;
    std::string key;
    std::uint64_t start_block_at_least = 0;
    bool include_lost = false;
    bool include_retired = false;
};

Json summary_json(const IngestSummary& summary) {
    Json out;
    out["mode"] = summary.mode == IngestMode::active ? "Active" : "Idle";
    out["next_block_index"] = summary.next_block.value;
    out["pubkey_expiry_window"] = summary.pubkey_expiry_window;
    out["ingress_pubkey"] = engine::chain::to_hex(summary.ingress_key.view());
    out["egress_pubkey"] = engine::chain::to_hex(summary.egress_key.view());
    out["kex_rng_version"] = 0;
    out["peers"] = summary.peers;
    out["ingest_invocation_id"] = summary.invocation ? summary.invocation->value : 0;
    return out;
}

Json records_json(const std::vector<engine::fog::IngressKeyRecord>& records) {
    Json out = Json::array();
    for (const auto& record : records) {
        Json one;
        one["ingress_public_key"] = engine::chain::to_hex(record.key.view());
        one["start_block"] = record.start.value;
        one["pubkey_expiry"] = record.expiry.value;
        one["retired"] = record.retired;
        one["lost"] = record.lost;
        one["last_scanned_block"] = record.last_scanned ? record.last_scanned->value : 0;
        out.push_back(std::move(one));
    }
    return out;
}

Json ranges_json(const std::vector<engine::BlockRange>& ranges) {
    Json out = Json::array();
    for (const engine::BlockRange& range : ranges) {
        Json one;
        one["start_block"] = range.start.value;
        one["end_block"] = range.end.value;
        out.push_back(std::move(one));
    }
    return out;
}

/// What is printed of an answer: JSON text, or nothing.
using Answer = std::optional<std::string>;
using Command = std::function<Task<Result<Answer>>(IngestApi& node)>;

Task<Result<Answer>> shown(Task<Result<IngestSummary>> asked) {
    const Result<IngestSummary> answer = co_await std::move(asked);
    if (!answer) co_return answer.error();
    co_return Answer(summary_json(*answer).dump(2));
}
Task<Result<Answer>> silent(Task<Result<bool>> asked) {
    const Result<bool> answer = co_await std::move(asked);
    if (!answer) co_return answer.error();
    co_return Answer();
}
Task<Result<Answer>> shown(Task<Result<std::vector<engine::BlockRange>>> asked) {
    const auto answer = co_await std::move(asked);
    if (!answer) co_return answer.error();
    co_return Answer(ranges_json(*answer).dump(2));
}
Task<Result<Answer>> shown(Task<Result<std::vector<engine::fog::IngressKeyRecord>>> asked) {
    const auto answer = co_await std::move(asked);
    if (!answer) co_return answer.error();
    co_return Answer(records_json(*answer).dump(2));
}

/// Operators speak of URIs, and so does the wire.
real::grpc::PeerNames as_they_are() {
    real::grpc::PeerNames names;
    names.to_uri = [](const std::string& uri) { return uri; };
    names.to_responder_id = [](const std::string& uri) { return std::optional<std::string>(uri); };
    return names;
}

// Every failure is tried again, a refusal too: so does upstream.
Task<int> execute(ToolWorld world, Uri uri, std::uint64_t retry_seconds, const Command& command) {
    real::grpc::ChannelOptions options(uri.address());
    options.deadline = deadline;
    real::grpc::Channel channel(world.runtime, options);
    real::grpc::IngestClient node(channel, as_they_are());
    std::minstd_rand random(std::random_device{}());
    const std::uint64_t tries = std::max<std::uint64_t>(1, retry_seconds * tries_per_second);
    for (std::uint64_t attempt = 1;; ++attempt) {
        const Result<Answer> answer = co_await command(node);
        if (answer) {
            if (*answer) std::cout << **answer << '\n';
            co_return 0;
        }
        const std::string said = describe(channel.last_failure());
        if (attempt >= tries) throw ToolFailure(fmt::format("{}: {}", uri.display(), said));
        world.log.debug("{}, trying again", said);
        const std::uint64_t pause_ms = random() % (longest_pause_ms + 1);
        co_await engine::sleep_until(world.loop.now() + std::chrono::milliseconds(pause_ms));
    }
}

engine::chain::PublicKey to_key(const std::string& text) {
    const auto key = engine::chain::fixed_from_hex<engine::chain::PublicKey>(text);
    if (!key) throw tools::BadInput("--key: needs exactly 64 hex digits");
    return *key;
}

/// Subcommands are looked at while the flags are parsed, where only the parser's own errors may be thrown.
template <class Check>
auto while_parsing(Check check) {
    try {
        return check();
    } catch (const tools::BadInput& error) {
        throw CLI::ValidationError(error.what());
    }
}

CLI::App* subcommand(CLI::App& app, const char* name, const char* help) {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->fallthrough(); // the global flags may also stand behind
    return sub;
}

} // namespace

int ingest_client(int argc, char** argv) {
    Parameters parameters("fog_ingest_client", "Steers an ingest node; prints its answers as JSON");
    Flags flags;
    Command command;
    parameters.text("--uri", flags.uri, "The node, insecure-fog-ingest://")->required();
    parameters.number("-r,--retry-seconds", flags.retry_seconds,
                      "About how long a command that fails, or is refused, is tried again");
    CLI::App& app = parameters.app();
    app.require_subcommand(1);
    app.footer("Exit codes: 0 done, 2 bad arguments, 101 the node could not be asked or has refused.");
    subcommand(app, "get-status", "Shows the node's state")->callback([&] {
        command = [](IngestApi& node) { return shown(node.get_status()); };
    });
    subcommand(app, "new-keys", "Makes new keys; the node must be idle")->callback([&] {
        command = [](IngestApi& node) { return shown(node.new_keys()); };
    });
    subcommand(app, "activate", "Begins to scan")->callback([&] {
        command = [](IngestApi& node) { return shown(node.activate()); };
    });
    subcommand(app, "retire", "Lets the key end at its expiry")->callback([&] {
        command = [](IngestApi& node) { return shown(node.retire()); };
    });
    subcommand(app, "unretire", "Takes that back")->callback([&] {
        command = [](IngestApi& node) { return shown(node.unretire()); };
    });
    CLI::App* set_peers = subcommand(app, "set-peers", "Replaces the list of peers");
    set_peers->add_option("peers", flags.peers, "Peer URIs, this node's included")->required();
    set_peers->callback([&] {
        (void)while_parsing([&flags] { return to_uris("peers", ingest_peer_uri, flags.peers); });
        command = [&flags](IngestApi& node) { return shown(node.set_peers(flags.peers)); };
    });
    CLI::App* window = subcommand(app, "set-pubkey-expiry-window", "How many blocks reports are good for");
    window->add_option("blocks", flags.window, "Number of blocks")
        ->required()
        ->transform(tools::whole_number())
        ->envname("MC_PUBKEY_EXPIRY_WINDOW");
    window->callback([&] {
        command = [&flags](IngestApi& node) { return shown(node.set_pubkey_expiry_window(flags.window)); };
    });
    CLI::App* sync = subcommand(app, "sync-keys-from-remote", "Takes over a peer's ingress key");
    sync->add_option("peer", flags.peer, "The peer's URI, insecure-igp://")
        ->required()
        ->envname("MC_PEER_URI");
    sync->callback([&] {
        (void)while_parsing([&flags] { return to_uri("peer", ingest_peer_uri, flags.peer); });
        command = [&flags](IngestApi& node) { return shown(node.sync_keys_from_remote(flags.peer)); };
    });
    CLI::App* lost = subcommand(app, "report-lost-ingress-key", "Says that nobody has a key any more");
    lost->add_option("-k,--key", flags.key, "The public key, 64 hex digits")->required()->envname("MC_KEY");
    lost->callback([&] {
        const engine::chain::PublicKey key = while_parsing([&flags] { return to_key(flags.key); });
        command = [key](IngestApi& node) { return silent(node.report_lost_ingress_key(key)); };
    });
    subcommand(app, "get-missed-block-ranges", "Lists the ranges nobody has scanned")->callback([&] {
        command = [](IngestApi& node) { return shown(node.get_missed_block_ranges()); };
    });
    CLI::App* records = subcommand(app, "get-ingress-public-key-records", "Lists the ingress keys");
    records
        ->add_option("-s,--start-block-at-least", flags.start_block_at_least,
                     "Only keys that start here or later")
        ->transform(tools::whole_number());
    records->add_flag("-l,--include-lost", flags.include_lost, "Lost keys, too");
    records->add_flag("-r,--include-retired", flags.include_retired, "Retired keys, too");
    records->callback([&] {
        command = [&flags](IngestApi& node) {
            return shown(node.get_ingress_key_records(engine::BlockIndex{flags.start_block_at_least},
                                                      flags.include_lost, flags.include_retired));
        };
    });
    return run_tool(parameters, argc, argv, [&](ToolWorld world) {
        const Uri uri = to_uri("--uri", ingest_uri, flags.uri);
        return execute(world, uri, flags.retry_seconds, command);
    });
}

} // namespace fog_node
