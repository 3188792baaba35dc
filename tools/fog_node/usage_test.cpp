#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "real/process/ports.hpp"
#include "real/process/work_directory.hpp"
#include "tools/fog_node/testing/pipeline.hpp"

// Command lines: what is refused, how, and with which exit code.

namespace fog_node::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Words = std::vector<std::string>;

Words operator+(Words a, const Words& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
/// `words` without a flag and its value.
Words without(Words words, const std::string& flag) {
    const auto at = std::find(words.begin(), words.end(), flag);
    EXPECT_NE(at, words.end()) << flag;
    if (at != words.end()) words.erase(at, at + 2);
    return words;
}
Words with(Words words, const std::string& flag, const std::string& value) {
    const auto at = std::find(words.begin(), words.end(), flag);
    if (at == words.end()) return words + Words{flag, value};
    *(at + 1) = value;
    return words;
}

const Words ingest{"--local-node-id",
                   "localhost:4300",
                   "--client-listen-uri",
                   "insecure-fog-ingest://127.0.0.1:0/",
                   "--peer-listen-uri",
                   "insecure-igp://127.0.0.1:0/",
                   "--peers",
                   "insecure-igp://localhost:4300/",
                   "--ledger-db",
                   "/nowhere/ledger",
                   "--watcher-db",
                   "/nowhere/watcher",
                   "--state-file",
                   "/nowhere/state"};
const Words view_store{"--chain-id",
                       "local",
                       "--client-responder-id",
                       "localhost:5600",
                       "--client-listen-uri",
                       "insecure-fog-view-store://127.0.0.1:0/"};
const Words view_front{"--chain-id",
                       "local",
                       "--client-responder-id",
                       "localhost:5200",
                       "--client-listen-uri",
                       "insecure-fog-view://127.0.0.1:0/",
                       "--admin-listen-uri",
                       "insecure-mca://127.0.0.1:0/"};
const Words image_store{"--chain-id",
                        "local",
                        "--client-responder-id",
                        "localhost:7600",
                        "--client-listen-uri",
                        "insecure-key-image-store://127.0.0.1:0/",
                        "--ledger-db",
                        "/nowhere/ledger",
                        "--watcher-db",
                        "/nowhere/watcher"};
const Words ledger_front{"--chain-id",
                         "local",
                         "--client-responder-id",
                         "localhost:7200",
                         "--client-listen-uri",
                         "insecure-fog-ledger://127.0.0.1:0/",
                         "--admin-listen-uri",
                         "insecure-mca://127.0.0.1:0/",
                         "--ledger-db",
                         "/nowhere/ledger",
                         "--watcher-db",
                         "/nowhere/watcher"};
const Words reports{"--chain-id",      "local",          "--client-listen-uri", "insecure-fog://127.0.0.1:0/",
                    "--signing-chain", "/nowhere/chain", "--signing-key",       "/nowhere/key"};

/// Exit code 2 and one line on stderr that names the flag.
void refused(const std::string& program, const Words& arguments, const std::string& flag,
             const std::string& reason = "") {
    SCOPED_TRACE(program + " " + ::testing::PrintToString(arguments));
    const Outcome outcome = run_program(program, arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, StartsWith(program + ": " + flag));
    EXPECT_THAT(outcome.err, HasSubstr(reason));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

TEST(UsageTest, EveryProgramHasHelpAndVersion) {
    for (const char* name : {"fog_ingest_server", "fog_ingest_client", "fog_view_server", "fog_view_router",
                             "key_image_store", "ledger_router", "report_server", "fog-report-cli",
                             "mc-admin-http-gateway", "sample_paykit_remote_wallet", "balance_check"}) {
        const Outcome help = run_program(name, {"--help"});
        EXPECT_EQ(help.code, 0) << name;
        EXPECT_THAT(help.out, HasSubstr(std::string("Usage: ") + name));
        EXPECT_EQ(help.err, "");
        const Outcome version = run_program(name, {"--version"});
        EXPECT_EQ(version.code, 0) << name;
        EXPECT_THAT(version.out, StartsWith(std::string(name) + " "));
        EXPECT_EQ(run_program("fog_node", {name, "--version"}).out, version.out);
    }
}

TEST(UsageTest, TheExecutableListsItsPrograms) {
    EXPECT_THAT(run_program("fog_node", {"--help"}).out, HasSubstr("fog_view_router"));
    const Outcome none = run_program("fog_node", {});
    EXPECT_EQ(none.code, 2);
    const Outcome unknown = run_program("fog_node", {"fog_toaster"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_EQ(unknown.err, "fog_node: no program 'fog_toaster'; fog_node --help lists them\n");
}

TEST(UsageTest, RequiredFlagsAreRequired) {
    const auto each = [](const std::string& program, const Words& good, const Words& required) {
        for (const std::string& flag : required) refused(program, without(good, flag), flag);
    };
    each("fog_ingest_server", ingest,
         {"--local-node-id", "--client-listen-uri", "--peer-listen-uri", "--peers", "--ledger-db",
          "--watcher-db"});
    each("fog_view_server", view_store, {"--chain-id", "--client-responder-id", "--client-listen-uri"});
    each("fog_view_router", view_front,
         {"--chain-id", "--client-responder-id", "--client-listen-uri", "--admin-listen-uri"});
    each("key_image_store", image_store,
         {"--chain-id", "--client-responder-id", "--client-listen-uri", "--ledger-db", "--watcher-db"});
    each("ledger_router", ledger_front,
         {"--chain-id", "--client-responder-id", "--client-listen-uri", "--admin-listen-uri", "--ledger-db"});
    each("report_server", reports, {"--chain-id", "--client-listen-uri", "--signing-chain", "--signing-key"});
    refused("mc-admin-http-gateway", {}, "--admin-uri");
    refused("fog-report-cli", {}, "--chain-id");
    refused("fog_ingest_client", {"get-status"}, "--uri");
    refused("balance_check", {"--chain-id", "local"}, "--");
}

TEST(UsageTest, ValuesThatMakeNoSenseAreRefused) {
    refused("fog_view_server", with(view_store, "--client-listen-uri", "insecure-fog-view://127.0.0.1:1/"),
            "--client-listen-uri", "needs insecure-fog-view-store://");
    refused("fog_view_server", with(view_store, "--client-listen-uri", "fog-view-store://127.0.0.1:1/"),
            "--client-listen-uri", "encrypted connections are not offered");
    refused("fog_view_server", with(view_store, "--sharding-strategy", "8-3"), "--sharding-strategy",
            "'8-3'");
    refused("fog_view_server", with(view_store, "--db-polling-interval-ms", "0"), "--db-polling-interval-ms");
    refused("fog_view_server", with(view_store, "--db-polling-interval-ms", "-1"),
            "--db-polling-interval-ms");
    refused("fog_view_server", with(view_store, "--block-query-batch-size", "0"), "--block-query-batch-size");
    refused("fog_view_server", with(view_store, "--client-auth-token-secret", "abcd"),
            "--client-auth-token-secret", "64 hex digits");
    refused("fog_view_router", with(view_front, "--shard-uris", "insecure-fog-view-store://h:1,http://x"),
            "--shard-uris");
    refused("fog_view_router",
            with(view_front, "--shard-uris", "insecure-fog-view-store://h:1/?sharding_strategy=3"),
            "--shard-uris", "sharding_strategy '3'");
    refused("fog_view_router",
            with(view_front, "--shard-uris", "insecure-fog-view-store://h:1,insecure-fog-view-store://h:1"),
            "--shard-uris", "already");
    refused("key_image_store", with(image_store, "--poll-interval-ms", "5"), "The following argument");
    refused("key_image_store", with(image_store, "--mobilecoind-uri", "insecure-mobilecoind://h/"),
            "--mobilecoind-uri");
    refused("ledger_router", with(ledger_front, "--query-retries", "0"), "--query-retries");
    refused("fog_ingest_server", with(ingest, "--local-node-id", "127.0.0.1:4300"), "--peers",
            "must include this node");
    refused("fog_ingest_server",
            with(ingest, "--peers", "insecure-igp://localhost:4300/,insecure-igp://localhost:4300/?a=b"),
            "--peers", "twice");
    refused("fog_ingest_server", with(ingest, "--user-capacity", "1000"), "--user-capacity", "power of two");
    refused("fog_ingest_server", with(ingest, "--fog-report-id", std::string(65, 'x')), "--fog-report-id");
    for (const char* host : {"0.0.0.0", "[::]", "192.0.2.1"})
        refused("fog_ingest_server",
                with(ingest, "--peer-listen-uri", std::string("insecure-igp://") + host + ":0/"),
                "--peer-listen-uri", "needs --peers-from-anywhere");
    refused("report_server", reports, "--signing-chain", "/nowhere/chain");
    refused("sample_paykit_remote_wallet", {"--listen-uri", "remote-wallet://127.0.0.1/"}, "--listen-uri",
            "encrypted");
    refused("mc-admin-http-gateway", {"--admin-uri", "insecure-mca://h:1/", "--listen-port", "65536"},
            "--listen-port");
    const std::string node = "insecure-fog-ingest://127.0.0.1:1/";
    refused("fog_ingest_client", {"--uri", node}, "A subcommand is required");
    refused("fog_ingest_client", {"--uri", node, "report-lost-ingress-key", "-k", "ab"}, "--key",
            "64 hex digits");
    refused("fog_ingest_client", {"--uri", node, "set-peers", "http://x"}, "peers");
    refused("fog_ingest_client", {"--uri", node, "set-pubkey-expiry-window", "-3"}, "");
    refused("fog-report-cli", {"--chain-id", "local", "-u", "insecure-fog://h:1/"}, "--fog-spki");
    refused("fog-report-cli", {"--chain-id", "local", "-n", "-p", "/nowhere/a.pub"}, "--public-address");
}

// With a new key in its place the ingress key would be gone.
TEST(UsageTest, AStateFileThatCannotBeReadIsLeftAloneAndNothingStarts) {
    const real::WorkDirectory folder("fog-usage-test-");
    const std::filesystem::path home = folder.path() / "node";
    const std::filesystem::path state = home / "state";
    std::filesystem::create_directories(state);
    refused("fog_ingest_server", with(ingest, "--state-file", state), "--state-file", "it is a directory");
    EXPECT_TRUE(std::filesystem::is_empty(state));
    std::filesystem::remove(state);
    std::filesystem::create_symlink("volume/state", state);
    refused("fog_ingest_server", with(ingest, "--state-file", state), "--state-file",
            "a link that leads nowhere");
    EXPECT_TRUE(std::filesystem::is_symlink(state));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(home), {}), 1);
    // The same kind elsewhere: keys and certificates.
    refused("report_server", with(reports, "--signing-chain", folder.path()), "--signing-chain",
            "Is a directory");
    refused("balance_check",
            {"--chain-id", "local", "--keyfile", folder.path(), "--view-uri", "insecure-fog-view://h:1",
             "--ledger-uri", "insecure-fog-ledger://h:1"},
            "--keyfile", "Is a directory");
}

TEST(UsageTest, TheEnvironmentStandsInForFlagsAndTheFlagWins) {
    const Words arguments = without(view_store, "--client-listen-uri");
    const std::map<std::string, std::string> bad{{"MC_CLIENT_LISTEN_URI", "http://environment"}};
    EXPECT_THAT(run_program("fog_view_server", arguments, bad).err, HasSubstr("http://environment"));
    const Words flag = with(arguments, "--client-listen-uri", "http://flag");
    EXPECT_THAT(run_program("fog_view_server", flag, bad).err, HasSubstr("http://flag"));
    EXPECT_THAT(run_program("key_image_store", image_store, {{"MC_POLL_INTERVAL_MS", "0"}}).err,
                HasSubstr("--poll_interval_ms"));
    EXPECT_THAT(run_program("fog_view_router", view_front, {{"MC_VIEW_SHARD_URIS", "http://x"}}).err,
                HasSubstr("--shard-uris"));
    EXPECT_THAT(run_program("ledger_router", ledger_front, {{"MC_QUERY_RETRIES", "0"}}).err,
                Not(HasSubstr("--query-retries")))
        << "has no twin";
}

/// Exit code 13, a banner, and not sooner than after a second.
Outcome panics(const std::string& program, const Words& arguments,
               const std::map<std::string, std::string>& environment = {}) {
    SCOPED_TRACE(program);
    const auto begun = std::chrono::steady_clock::now();
    Outcome outcome = run_program(program, arguments, environment);
    EXPECT_EQ(outcome.code, 13) << outcome.out << outcome.err;
    EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
    EXPECT_THAT(outcome.out, HasSubstr("WE CRASHED"));
    return outcome;
}

TEST(PanicTest, WithoutItsSurroundingsAServerPanics) {
    EXPECT_THAT(panics("fog_view_server", view_store).out, HasSubstr("DATABASE_URL is not set"));
    EXPECT_THAT(panics("key_image_store", image_store).out, HasSubstr("/nowhere/ledger"));
    EXPECT_THAT(panics("ledger_router", ledger_front).out, HasSubstr("/nowhere/ledger"));
    const real::WorkDirectory folder("fog-usage-test-");
    std::ofstream(folder.path() / "chain") << "no certificate";
    std::ofstream(folder.path() / "key") << "no key";
    const Words files = with(with(reports, "--signing-chain", folder.path() / "chain"), "--signing-key",
                             folder.path() / "key");
    EXPECT_THAT(panics("report_server", files, {{"DATABASE_URL", "postgres://h/d"}}).out,
                HasSubstr("holds no certificate"));
}

TEST(PanicTest, AnUnreachableDatabaseIsNamedWithoutItsPassword) {
    real::PortPool ports;
    const std::string url =
        "postgres://bob:open%20sesame@127.0.0.1:" + std::to_string(ports.reserve()) + "/fog_local";
    const Words quick =
        view_store + Words{"--postgres-connection-timeout", "1", "--postgres-retry-count", "0"};
    const Outcome outcome = panics("fog_view_server", quick, {{"DATABASE_URL", url}, {"RUST_LOG", "trace"}});
    EXPECT_THAT(outcome.out, HasSubstr("fog_local"));
    for (const char* secret : {"sesame", "open%20sesame"}) {
        EXPECT_THAT(outcome.out, Not(HasSubstr(secret)));
        EXPECT_THAT(outcome.err, Not(HasSubstr(secret)));
    }
}

TEST(PanicTest, APortThatStaysTakenEndsAServer) {
    real::IoLoop loop;
    real::grpc::ServerOptions options;
    real::grpc::Server other(loop, engine::NodeId{}, options);
    other.start();
    const Words taken = with(view_front, "--client-listen-uri",
                             "insecure-fog-view://127.0.0.1:" + std::to_string(other.port()) + "/");
    EXPECT_THAT(panics("fog_view_router", taken).out, HasSubstr("cannot listen on"));
}

TEST(ToolTest, AToolWithoutItsServiceFailsAndSaysSo) {
    real::PortPool ports;
    const std::string nobody = "127.0.0.1:" + std::to_string(ports.reserve());
    const Outcome client = run_program("fog_ingest_client", {"--uri", "insecure-fog-ingest://" + nobody,
                                                             "--retry-seconds", "1", "get-status"});
    EXPECT_EQ(client.code, 101);
    EXPECT_EQ(client.out, "");
    EXPECT_THAT(client.err, HasSubstr("UNAVAILABLE"));
    const Outcome cli = run_program(
        "fog-report-cli", {"--chain-id", "local", "-n", "-u", "insecure-fog://" + nobody, "-r", "0"});
    EXPECT_EQ(cli.code, 1);
    EXPECT_EQ(cli.out, "");
}

} // namespace
} // namespace fog_node::testing
