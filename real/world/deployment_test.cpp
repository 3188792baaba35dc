// Every command line and environment, as upstream's harness gives them.
// @source mobilecoin a2229c005 tools/fog-local-network/{local_fog,fog_conformance_tests}.py
#include "real/world/deployment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "real/process/work_directory.hpp"

namespace real {
namespace {

using engine::NodeKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::uint16_t never() {
    ADD_FAILURE() << "fixed ports ask for none";
    return 0;
}

/// The stock test's set-up with upstream's ports.
Deployment stock() {
    Deployment d = lay_out(engine::Topology{}, never, true, true);
    d.programs = "/mc/target/release";
    d.work = "/w";
    d.database_url = "postgres://fog:secret@localhost:5432/fog_local";
    d.authority_root = "/mc/x509/ok_rsa_head.pem";
    d.signing_chain = "/mc/x509/ok_rsa_chain_25519_leaf.pem";
    d.signing_key = "/mc/x509/ok_rsa_chain_25519_leaf.key";
    for (ServicePlace& place : d.services) place.state_file = d.work / (place.name + ".state");
    return d;
}

Launch service_of(const Deployment& d, NodeKind kind, std::size_t number = 0) {
    return service_launch(d, d.the(kind, number));
}

TEST(DeploymentTest, IngestServer) {
    EXPECT_EQ(to_text(service_of(stock(), NodeKind::ingest, 0)), R"(ingest0
  DATABASE_URL=postgres://fog:***@localhost:5432/fog_local
  MC_CHAIN_ID=local
  /mc/target/release/fog_ingest_server
    --ledger-db /w/chain/ingest/ledger-db
    --client-listen-uri insecure-fog-ingest://127.0.0.1:4200/
    --peer-listen-uri insecure-igp://127.0.0.1:4300/
    --peers insecure-igp://localhost:4300/
    --local-node-id localhost:4300
    --state-file /w/ingest0.state
    --admin-listen-uri insecure-mca://127.0.0.1:4400/
    --watcher-db /w/chain/ingest/watcher-db
)");
    const Launch second = service_of(stock(), NodeKind::ingest, 1);
    EXPECT_THAT(second.arguments,
                ElementsAre("--ledger-db", "/w/chain/ingest/ledger-db", "--client-listen-uri",
                            "insecure-fog-ingest://127.0.0.1:4201/", "--peer-listen-uri",
                            "insecure-igp://127.0.0.1:4301/", "--peers", "insecure-igp://localhost:4301/",
                            "--local-node-id", "localhost:4301", "--state-file", "/w/ingest1.state",
                            "--admin-listen-uri", "insecure-mca://127.0.0.1:4401/", "--watcher-db",
                            "/w/chain/ingest/watcher-db"));
    EXPECT_EQ(second.environment.at("DATABASE_URL"), "postgres://fog:secret@localhost:5432/fog_local");
}

TEST(DeploymentTest, ViewStoreAndRouter) {
    EXPECT_EQ(to_text(service_of(stock(), NodeKind::view_store, 0)), R"(view0.0
  DATABASE_URL=postgres://fog:***@localhost:5432/fog_local
  MC_CHAIN_ID=local
  /mc/target/release/fog_view_server
    --client-listen-uri insecure-fog-view-store://127.0.0.1:5600/?sharding_strategy=default
    --client-responder-id 127.0.0.1:5600
    --sharding-strategy default
    --admin-listen-uri insecure-mca://127.0.0.1:5700/
)");
    EXPECT_EQ(to_text(service_of(stock(), NodeKind::view_router)), R"(view_router
  DATABASE_URL=postgres://fog:***@localhost:5432/fog_local
  MC_CHAIN_ID=local
  /mc/target/release/fog_view_router
    --client-listen-uri insecure-fog-view://127.0.0.1:5200/
    --client-responder-id localhost:8200
    --shard-uris insecure-fog-view-store://127.0.0.1:5600/?sharding_strategy=default
    --admin-listen-uri insecure-mca://127.0.0.1:5400/
)");
}

TEST(DeploymentTest, KeyImageStoreAndLedgerRouter) {
    EXPECT_EQ(to_text(service_of(stock(), NodeKind::image_store, 0)), R"(images0.0
  DATABASE_URL=postgres://fog:***@localhost:5432/fog_local
  MC_CHAIN_ID=local
  /mc/target/release/key_image_store
    --client-listen-uri insecure-key-image-store://127.0.0.1:7600/?sharding_strategy=default
    --client-responder-id 127.0.0.1:7600
    --sharding-strategy default
    --ledger-db /w/chain/ledger/ledger-db
    --watcher-db /w/chain/ledger/watcher-db
    --admin-listen-uri insecure-mca://127.0.0.1:7700/
)");
    EXPECT_EQ(to_text(service_of(stock(), NodeKind::ledger_router)), R"(ledger_router
  MC_CHAIN_ID=local
  /mc/target/release/ledger_router
    --ledger-db /w/chain/ledger/ledger-db
    --client-listen-uri insecure-fog-ledger://127.0.0.1:7200/
    --client-responder-id localhost:8200
    --shard-uris insecure-key-image-store://127.0.0.1:7600/?sharding_strategy=default
    --watcher-db /w/chain/ledger/watcher-db
    --admin-listen-uri insecure-mca://127.0.0.1:7400/
)");
}

TEST(DeploymentTest, ReportServerAndItsTool) {
    EXPECT_EQ(to_text(service_of(stock(), NodeKind::report_server)), R"(report_server
  DATABASE_URL=postgres://fog:***@localhost:5432/fog_local
  MC_CHAIN_ID=local
  /mc/target/release/report_server
    --client-listen-uri insecure-fog://127.0.0.1:6200/
    --signing-chain /mc/x509/ok_rsa_chain_25519_leaf.pem
    --signing-key /mc/x509/ok_rsa_chain_25519_leaf.key
    --admin-listen-uri insecure-mca://127.0.0.1:6400/
)");
    EXPECT_EQ(to_text(report_cli(stock(), 30)), R"(fog-report-cli
  MC_CHAIN_ID=local
  /mc/target/release/fog-report-cli
    --public-address /w/keys/account_keys_0.pub
    --retry-seconds=30
    --show-expiry
)");
}

TEST(DeploymentTest, Tools) {
    EXPECT_EQ(to_text(migrations(stock())), R"(migrations
  DATABASE_URL=postgres://fog:***@localhost:5432/fog_local
  MC_CHAIN_ID=local
  /mc/target/release/fog-sql-recovery-db-migrations
)");
    EXPECT_EQ(to_text(sample_keys(stock())), R"(sample-keys
  MC_CHAIN_ID=local
  /mc/target/release/sample-keys
    --num 5
    --output-dir /w/keys
    --fog-report-url insecure-fog://localhost:6200
    --fog-report-id ""
    --fog-authority-root /mc/x509/ok_rsa_head.pem
)");
    EXPECT_THAT(test_vector(stock(), "ok_rsa_head", "chain").arguments,
                ElementsAre("--type=chain", "--test-name=ok_rsa_head"));
    EXPECT_EQ(to_text(admin_gateway(stock(), "ingest0", stock().the(NodeKind::ingest).ports)),
              R"(ingest0-gateway
  MC_CHAIN_ID=local
  ROCKET_CLI_COLORS=0
  /mc/target/release/mc-admin-http-gateway
    --listen-host 127.0.0.1
    --listen-port 4500
    --admin-uri insecure-mca://127.0.0.1:4400/
)");
    EXPECT_EQ(to_text(remote_wallet(stock())), R"(sample_paykit_remote_wallet
  MC_CHAIN_ID=local
  /mc/target/release/sample_paykit_remote_wallet
    --listen-uri insecure-remote-wallet://127.0.0.1:9090
)");
    EXPECT_EQ(to_text(cleanup_tool(stock())), R"(cleanup
  DATABASE_URL=postgres://fog:***@localhost:5432/fog_local
  MC_CHAIN_ID=local
  /mc/target/release/mc-fog-sql-recovery-db-cleanup
    --egress-keys
)");
}

TEST(DeploymentTest, Nginx) {
    EXPECT_EQ(to_text(nginx(stock())), R"(nginx
  /usr/sbin/nginx
    -p /w/nginx
    -e /w/nginx/error.log
    -c /w/nginx/fog-nginx.conf
)");
    const std::string conf = nginx_conf(stock());
    EXPECT_THAT(conf, HasSubstr("listen 127.0.0.1:8200 http2;"));
    EXPECT_THAT(conf, HasSubstr("location /fog_view {\n            grpc_pass grpc://127.0.0.1:5200;"));
    EXPECT_THAT(conf, HasSubstr("location /fog_ledger {\n            grpc_pass grpc://127.0.0.1:7200;"));
    EXPECT_THAT(conf, HasSubstr("location /report {\n            grpc_pass grpc://127.0.0.1:6200;"));
    EXPECT_THAT(conf, HasSubstr("daemon off;"));
    EXPECT_THAT(conf, HasSubstr("master_process off;")) << "a worker outlives a master that is killed";
    EXPECT_THAT(conf, HasSubstr("pid nginx.pid;"));
    EXPECT_THAT(conf, Not(HasSubstr("/w/"))) << "paths are relative: some cannot be quoted in this language";
    EXPECT_THAT(conf, Not(HasSubstr("/tmp")));
    EXPECT_THAT(conf, Not(HasSubstr("/var"))) << "nothing of the machine's own nginx";
    EXPECT_EQ(stock().fog_uri(), "insecure-fog://localhost:8200/");
    Deployment frontless = stock();
    frontless.front = Front::none;
    EXPECT_EQ(frontless.fog_uri(), "insecure-fog://localhost:5200/?ledger=localhost:7200");
    // What wallets dial is what sessions begin with.
    EXPECT_THAT(to_text(service_of(frontless, NodeKind::view_router)),
                HasSubstr("--client-responder-id localhost:5200\n"));
    EXPECT_THAT(to_text(service_of(frontless, NodeKind::ledger_router)),
                HasSubstr("--client-responder-id localhost:7200\n"));
}

// Upstream's programs do not know these flags, so they stand only where the defaults do not serve.
TEST(DeploymentTest, AttestationIsSaidWhereItIsNotTheDefault) {
    const auto all = [](const Deployment& d) {
        return std::vector{service_of(d, NodeKind::ingest, 0), service_of(d, NodeKind::view_router),
                           service_of(d, NodeKind::ledger_router), remote_wallet(d), report_cli(d, 1)};
    };
    Deployment d = stock();
    for (const Launch& launch : all(d)) EXPECT_THAT(to_text(launch), Not(HasSubstr("--attestation")));
    d.clear_text = true;
    for (const Launch& launch : all(d)) EXPECT_THAT(to_text(launch), HasSubstr("--attestation clear\n"));
    d.clear_text = false;
    d.enclave_key = "/keys/Enclave_private.pem";
    for (const Launch& launch : all(d))
        EXPECT_THAT(to_text(launch), HasSubstr("--enclave-key /keys/Enclave_private.pem\n"));
    EXPECT_THAT(to_text(service_of(d, NodeKind::view_store, 0)), Not(HasSubstr("--enclave-key")));
    d.enclave_key.clear();
    d.enclave_css = "/keys/view-enclave.css";
    for (const Launch& launch : all(d))
        EXPECT_THAT(to_text(launch), HasSubstr("--enclave-css /keys/view-enclave.css\n"));
}

TEST(DeploymentTest, AWalletOfMobileCoinsOwnIsStartedByItselfAlone) {
    Deployment d = stock();
    d.clients = "/mc/target/debug";
    d.enclave_css = "/keys/view-enclave.css";
    EXPECT_THAT(to_text(remote_wallet(d)), HasSubstr("/mc/target/debug/sample_paykit_remote_wallet\n"));
    EXPECT_THAT(to_text(remote_wallet(d)), Not(HasSubstr("--enclave-css")));
    EXPECT_THAT(to_text(service_of(d, NodeKind::view_router)), Not(HasSubstr("/mc/target/debug/")));
}

TEST(DeploymentTest, TheOrderOfStarting) {
    std::vector<std::string> names;
    for (const Launch& launch : launches(stock(), true)) names.push_back(launch.name);
    EXPECT_THAT(names, ElementsAre("migrations", "sample-keys", "sample_paykit_remote_wallet", "nginx",
                                   "ingest0", "ingest0-gateway", "ingest1", "ingest1-gateway", "view0.0",
                                   "view0.0-gateway", "view_router", "view_router-gateway", "images0.0",
                                   "images0.0-gateway", "ledger_router", "ledger_router-gateway",
                                   "report_server", "report_server-gateway"));
}

TEST(DeploymentTest, ShardsReplicasAndOwnCopies) {
    engine::Topology topology;
    topology.view_shards = 2;
    topology.image_shards = 2;
    topology.image_replicas = 2;
    topology.shard_blocks = 4;
    topology.own_copies = true;
    topology.pubkey_expiry_window = 7;
    topology.user_capacity = 9; // not a power of two
    topology.chunk_outputs = 2;
    topology.batch_blocks = 3;
    topology.poll_ms = 20;
    std::uint16_t port = 10000;
    Deployment d = lay_out(
        topology, [&port] { return ++port; }, false, false);
    EXPECT_THAT(d.copies(), ElementsAre("ingest0", "ingest1", "images0.0", "images0.1", "images1.0",
                                        "images1.1", "ledger"));
    EXPECT_THAT(service_of(d, NodeKind::view_router).arguments.at(5),
                "insecure-fog-view-store://127.0.0.1:10007/?sharding_strategy=0-4,"
                "insecure-fog-view-store://127.0.0.1:10009/?sharding_strategy=4-18446744073709551615");
    const std::string ingest = to_text(service_of(d, NodeKind::ingest, 0));
    EXPECT_THAT(ingest, HasSubstr("--pubkey-expiry-window 7\n"));
    EXPECT_THAT(ingest, HasSubstr("--user-capacity 16\n"));
    EXPECT_THAT(ingest, HasSubstr("--max-transactions 2\n"));
    d.topology.user_capacity = 5; // 70 % of 8
    EXPECT_THAT(to_text(service_of(d, NodeKind::ingest, 0)), HasSubstr("--user-capacity 8\n"));
    d.topology.user_capacity = 6;
    EXPECT_THAT(to_text(service_of(d, NodeKind::ingest, 0)), HasSubstr("--user-capacity 16\n"));
    EXPECT_THAT(ingest, HasSubstr("--poll_interval_ms 20\n"));
    const std::string view = to_text(service_of(d, NodeKind::view_store, 1));
    EXPECT_THAT(view, HasSubstr("--sharding-strategy 4-18446744073709551615\n"));
    EXPECT_THAT(view, HasSubstr("--block-query-batch-size 3\n"));
    EXPECT_THAT(view, HasSubstr("--db-polling-interval-ms 20\n"));
    EXPECT_THAT(view, HasSubstr("--postgres-retry-count 0\n"));
    EXPECT_THAT(to_text(service_of(d, NodeKind::image_store, 3)), HasSubstr("/images1.1/ledger-db\n"));
}

TEST(DeploymentTest, OthersDialTheProxyInFrontOfAService) {
    Deployment d = stock();
    d.the(NodeKind::view_store).ports.via = 20001;
    d.the(NodeKind::image_store).ports.via = 20002;
    d.the(NodeKind::ingest).peer_via = 20003;
    d.the(NodeKind::view_router).ports.via = 20004;
    EXPECT_THAT(to_text(service_of(d, NodeKind::view_router)), HasSubstr("//127.0.0.1:20001/?sharding"));
    EXPECT_THAT(to_text(service_of(d, NodeKind::view_store, 0)),
                HasSubstr("--client-responder-id 127.0.0.1:20001\n"))
        << "a store's responder id is what its router dials";
    EXPECT_THAT(to_text(service_of(d, NodeKind::view_store, 0)),
                HasSubstr("//127.0.0.1:5600/?sharding_strategy=default&responder-id=127.0.0.1:20001"))
        << "and what it authenticates as";
    EXPECT_THAT(to_text(service_of(d, NodeKind::image_store, 0)), HasSubstr("&responder-id=127.0.0.1:20002"));
    EXPECT_THAT(to_text(service_of(stock(), NodeKind::view_store, 0)), Not(HasSubstr("responder-id=")));
    EXPECT_THAT(to_text(service_of(d, NodeKind::ledger_router)), HasSubstr("//127.0.0.1:20002/?sharding"));
    EXPECT_THAT(to_text(service_of(d, NodeKind::ingest, 0)), HasSubstr("--local-node-id localhost:20003\n"));
    EXPECT_THAT(nginx_conf(d), HasSubstr("grpc://127.0.0.1:20004;"));
}

TEST(DeploymentTest, CargoBuildsWhatIsRun) {
    const WorkDirectory checkout("fog-deployment-test-");
    const CargoBuild release = cargo_build(checkout.path(), true);
    ASSERT_TRUE(release.make_key.has_value());
    EXPECT_THAT(release.make_key->arguments,
                ElementsAre("genrsa", "-out", checkout.path() / "Enclave_private.pem", "-3", "3072"));
    EXPECT_THAT(release.build.arguments,
                ElementsAre("cargo", "build", "--release", "-p", "mc-admin-http-gateway", "-p",
                            "mc-crypto-x509-test-vectors", "-p", "mc-fog-ingest-client", "-p",
                            "mc-fog-ingest-server", "-p", "mc-fog-ledger-server", "-p", "mc-fog-report-cli",
                            "-p", "mc-fog-report-server", "-p", "mc-fog-sample-paykit", "-p",
                            "mc-fog-sql-recovery-db", "-p", "mc-fog-sql-recovery-db-cleanup", "-p",
                            "mc-fog-view-server", "-p", "mc-util-keyfile"));
    EXPECT_EQ(release.build.environment.at("SGX_MODE"), "SW");
    EXPECT_EQ(release.build.environment.at("INGEST_ENCLAVE_PRIVKEY"),
              checkout.path() / "Enclave_private.pem");
    EXPECT_EQ(release.build.environment.count("IAS_MODE"), 0U) << "version 7 does not read it";
    std::ofstream(checkout.path() / "Enclave_private.pem") << "key";
    const CargoBuild debug = cargo_build(checkout.path(), false);
    EXPECT_FALSE(debug.make_key.has_value());
    EXPECT_EQ(debug.build.arguments.at(2), "-p");
}

TEST(DeploymentTest, PasswordsAreHidden) {
    for (const char* url :
         {"postgres://fog:secret@localhost/fog", "postgres://localhost/fog?user=fog&password=secret",
          "postgres://localhost/fog?user=fog&%70assword=secret", "host=localhost password=secret user=fog",
          "host=localhost password = 'secret' user=fog", "dbname=fog password=secret"}) {
        Deployment d = stock();
        d.database_url = url;
        for (const Launch& one : launches(d, true))
            EXPECT_THAT(to_text(one), Not(HasSubstr("secret"))) << url;
    }
    Launch launch;
    launch.name = "x";
    launch.program = "/bin/x";
    launch.environment["PGPASSWORD"] = "geheim";
    launch.arguments = {
        "--client-auth-token-secret",       "geheim", "--token=geheim", "--db", "postgres://u:geheim@h/d",
        "--client-auth-token-max-lifetime", "60"};
    EXPECT_EQ(to_text(launch),
              "x\n  PGPASSWORD=***\n  /bin/x\n    --client-auth-token-secret ***\n    --token=***\n"
              "    --db postgres://u:***@h/d\n    --client-auth-token-max-lifetime 60\n");
    for (const Launch& one : launches(stock(), true)) EXPECT_THAT(to_text(one), Not(HasSubstr("secret")));
}

} // namespace
} // namespace real
