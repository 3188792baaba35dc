#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "engine/chain/hex.hpp"
#include "real/attest/enclave.hpp"
#include "real/grpc/admin.hpp"
#include "real/grpc/auth_token.hpp"
#include "real/grpc/health.hpp"
#include "real/grpc/view.hpp"
#include "tools/fog_node/testing/pipeline.hpp"

// What operators and senders use: reports, admin ports, the HTTP gateway, health, client tokens, logs.

namespace fog_node::testing {
namespace {

using nlohmann::json;
using real::grpc::StatusCode;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

Outcome report_cli(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--chain-id", "local"});
    return run_program("fog-report-cli", arguments);
}

TEST(ReportTest, SendersGetTheKeyOfTheActiveNode) {
    Pipeline pipeline;
    for (const char* name : {"ingest0", "report_server"}) pipeline.start(name);
    const std::string address = pipeline.deployment().keys() / "account_keys_0.pub";
    const std::string url = "insecure-fog://" + pipeline.target("report_server");
    const Outcome none = report_cli({"-p", address, "-r", "0"});
    EXPECT_EQ(none.code, 1) << "nobody has published";
    EXPECT_EQ(none.out, "");

    ASSERT_EQ(pipeline.ingest(0, {"activate"}).code, 0);
    const std::string key = pipeline.ingress_key(0);
    const Outcome validated = report_cli({"-p", address});
    EXPECT_EQ(validated.code, 0) << validated.err;
    EXPECT_EQ(validated.out, key) << "no line end";
    EXPECT_THAT(validated.err, HasSubstr("simulated attestation, no security"));
    // An ingress key that somebody else's enclave vouches for is no key.
    real::attest::Css css =
        real::attest::Css::of(real::attest::Enclave::ingest, real::attest::default_modulus());
    css.modulus.bytes[0] ^= 2;
    const engine::chain::Bytes bytes = css.encode();
    const auto css_path = pipeline.directory() / "somebody.css";
    std::ofstream(css_path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const Outcome disbelieved = report_cli({"-p", address, "--enclave-css", css_path});
    EXPECT_EQ(disbelieved.code, 101);
    EXPECT_THAT(disbelieved.err, HasSubstr("the enclave is another one"));
    EXPECT_EQ(report_cli({"-p", address, "--attestation", "clear"}).out, key) << "evidence is not looked at";
    EXPECT_EQ(report_cli({"-n", "-u", url}).out, key);
    EXPECT_EQ(json::parse(report_cli({"-v", "-n", "-u", url}).out),
              json::parse(R"({"pubkey":")" + key + R"(","pubkey_expiry":11})"));
    EXPECT_EQ(report_cli({"-n", "-u", url, "-i", "other"}).code, 101) << "no report of this id";
    EXPECT_EQ(report_cli({"-p", address, "-u", url}).code, 101);
    EXPECT_EQ(report_cli({"-u", url, "-s", "AAAA"}).code, 101) << "another authority";
    EXPECT_EQ(run_program("fog-report-cli", {"--chain-id", "main", "-n", "-u", url}).code, 1)
        << "another chain";

    // An address that another authority vouches for.
    const auto other = pipeline.directory() / "other";
    const Outcome self_signed =
        run_program("mc-crypto-x509-test-vectors", {"--test-name", "ok_self_signed_1", "--kind", "chain"});
    ASSERT_EQ(run_program("sample-keys",
                          {"--num", "1", "--output-dir", other, "--fog-report-url", url,
                           "--fog-authority-root", self_signed.out.substr(0, self_signed.out.find('\n'))})
                  .code,
              0);
    const Outcome mistrusted = report_cli({"-p", other / "account_keys_0.pub"});
    EXPECT_EQ(mistrusted.code, 101);
    EXPECT_EQ(mistrusted.out, "");
    EXPECT_THAT(mistrusted.err, HasSubstr("does not vouch for the root"));
}

/// One HTTP exchange.
std::string http(std::uint16_t port, const std::string& request) {
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket socket(context);
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    boost::asio::write(socket, boost::asio::buffer(request));
    std::string answer;
    boost::system::error_code error;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
    return answer;
}
std::string body(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

const std::string secret(64, 'a');

class AdminTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        PipelineShape shape;
        shape.gateways = true;
        shape.more_arguments["fog_view_router"] = {"--client-auth-token-secret", secret};
        pipeline_ = std::make_unique<Pipeline>(shape);
        pipeline_->start_all();
    }
    static void TearDownTestSuite() { pipeline_.reset(); }
    static std::unique_ptr<Pipeline> pipeline_;
};
std::unique_ptr<Pipeline> AdminTest::pipeline_;

TEST_F(AdminTest, EveryServerSaysWhoItIsAndKeepsItsSecrets) {
    const std::map<std::string, std::string> names = {{"ingest0", "Fog Ingest"},
                                                      {"view0.0", "Fog View"},
                                                      {"view_router", "Fog View"},
                                                      {"images0.0", "Fog Ledger"},
                                                      {"ledger_router", "Fog Ledger Router"},
                                                      {"report_server", "Fog Report"}};
    for (const auto& [process, name] : names) {
        SCOPED_TRACE(process);
        real::grpc::AdminClient admin(pipeline_->channel(process, "admin"));
        const auto info = pipeline_->run(admin.info());
        ASSERT_TRUE(info) << info.error().text;
        EXPECT_EQ(info->name, name);
        EXPECT_THAT(info->id, HasSubstr(":"));
        EXPECT_EQ(info->rust_log, "debug");
        const json config = json::parse(info->config_json);
        EXPECT_TRUE(config.contains("admin_listen_uri")) << info->config_json;
        EXPECT_THAT(info->config_json, Not(HasSubstr(secret)));
        const auto build = pipeline_->run(admin.build_info());
        ASSERT_TRUE(build);
        EXPECT_THAT(build->sgx_mode, HasSubstr("simulated"));
        real::grpc::HealthClient health(pipeline_->channel(process, "admin"));
        const auto serving = pipeline_->run(health.check());
        ASSERT_TRUE(serving);
        EXPECT_EQ(*serving, real::grpc::Serving::serving);
        EXPECT_TRUE(pipeline_->run(admin.test_log_error()));
        EXPECT_THAT(pipeline_->log(process), HasSubstr("ERRO"));
    }
}

TEST_F(AdminTest, TheLogFilterChangesWhileAServerRuns) {
    real::grpc::AdminClient admin(pipeline_->channel("images0.0", "admin"));
    EXPECT_TRUE(pipeline_->run(admin.set_rust_log("error")));
    EXPECT_EQ(pipeline_->run(admin.info())->rust_log, "error");
    EXPECT_FALSE(pipeline_->run(admin.set_rust_log("loud")));
    EXPECT_TRUE(pipeline_->run(admin.set_rust_log("debug")));
}

TEST_F(AdminTest, MetricsHaveUpstreamsNames) {
    ASSERT_EQ(pipeline_->ingest(0, {"activate"}).code, 0);
    const std::string key = pipeline_->ingress_key(0);
    (void)pipeline_->add_block(1, key, R"({"account":0,"amount":1})");
    pipeline_->until("view to have the block",
                     [] { return pipeline_->gauge("view0.0", "highest_processed_block_count") == 2; });
    EXPECT_EQ(pipeline_->gauge("view0.0", "last_known_block_count"), 2);
    EXPECT_EQ(pipeline_->gauge("ingest0", "last_processed_block_index"), 1);
    EXPECT_EQ(pipeline_->gauge("ingest0", "mode_is_active"), 1);
    EXPECT_EQ(pipeline_->gauge("ingest0", "last_published_pubkey_expiry"), 11);
    real::grpc::AdminClient admin(pipeline_->channel("ingest0", "admin"));
    const auto text = pipeline_->run(admin.metrics());
    EXPECT_THAT(*text, HasSubstr("fog_ingest{op=\"blocks_processed_count\"} 1"));
    EXPECT_THAT(*text, HasSubstr("fog_ingest_service_num_req{method=\"Activate\"} 1"));
}

TEST_F(AdminTest, TheGatewayShowsTheSameOverHttp) {
    const std::uint16_t port = pipeline_->port("view0.0-gateway");
    EXPECT_THAT(http(port, "GET / HTTP/1.1\r\n\r\n"), HasSubstr("text/html"));
    const std::string text = body(http(port, "GET /info HTTP/1.1\r\n\r\n"));
    SCOPED_TRACE(text);
    json info = json::parse(text);
    EXPECT_EQ(info["name"], "Fog View");
    EXPECT_EQ(info["config"]["sharding_strategy"], "default");
    EXPECT_TRUE(info["build_info"]["PROFILE"].is_string());
    EXPECT_THAT(body(http(port, "GET /metrics HTTP/1.1\r\n\r\n")),
                HasSubstr("fog_view_gauge{op=\"highest_processed_block_count\"}"));
    const std::string form = "rust_log=info%2Cfog_view_server%3Ddebug";
    const std::string post =
        "POST /set-rust-log HTTP/1.1\r\nContent-Length: " + std::to_string(form.size()) + "\r\n\r\n" + form;
    EXPECT_THAT(http(port, post), StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(json::parse(body(http(port, "GET /info HTTP/1.1\r\n\r\n")))["rust_log"],
              "info,fog_view_server=debug");
    EXPECT_THAT(http(port, "GET /set-rust-log HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(http(port, "GET /nowhere HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(http(port, "nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(AdminTest, TheGatewayOutlivesItsService) {
    pipeline_->kill("report_server");
    const std::uint16_t port = pipeline_->port("report_server-gateway");
    const std::string answer = http(port, "GET /info HTTP/1.1\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 ")) << "as upstream";
    EXPECT_THAT(body(answer), StartsWith("failed: UNAVAILABLE"));
    pipeline_->start("report_server");
    pipeline_->until("the gateway to have found it again",
                     [port] { return json::accept(body(http(port, "GET /info HTTP/1.1\r\n\r\n"))); });
}

TEST_F(AdminTest, ClientTokensAreAskedFor) {
    const auto query = [](const std::string& authorization) {
        real::grpc::ChannelOptions options(pipeline_->target("view_router"));
        options.authorization = authorization;
        real::grpc::Channel channel(pipeline_->runtime(), options);
        const auto reply = pipeline_->run(channel.exchange("/fog_view.FogViewAPI/Auth", std::string(), {}));
        return reply ? StatusCode::ok : reply.error().code;
    };
    const auto key = engine::chain::fixed_from_hex<engine::chain::Hash32>(secret)->bytes;
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    const auto token = [&](std::int64_t issued) {
        return real::grpc::basic_authorization("bob", real::grpc::make_token(key, "bob", issued));
    };
    EXPECT_EQ(query(""), StatusCode::unauthenticated);
    EXPECT_EQ(query(real::grpc::basic_authorization("bob", "guess")), StatusCode::unauthenticated);
    EXPECT_EQ(query(token(now - 90'000)), StatusCode::unauthenticated) << "too old";
    EXPECT_NE(query(token(now)), StatusCode::unauthenticated) << "the greeting is missing, the token is good";
}

TEST_F(AdminTest, ARouterTakesNewShards) {
    real::grpc::Channel& admin = pipeline_->channel("view_router", "admin");
    const std::string known =
        "insecure-fog-view-store://" + std::string("127.0.0.1:") + std::to_string(pipeline_->port("view0.0"));
    const auto again = pipeline_->run(real::grpc::add_view_shard(admin, known));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, StatusCode::failed_precondition);
    const auto bad = pipeline_->run(real::grpc::add_view_shard(admin, "http://x"));
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, StatusCode::invalid_argument);
    EXPECT_EQ(pipeline_->gauge("view_router", "shards"), 1);
    EXPECT_TRUE(pipeline_->run(real::grpc::add_view_shard(
        admin, "insecure-fog-view-store://127.0.0.1:1/?sharding_strategy=1000-2000")));
    EXPECT_EQ(pipeline_->gauge("view_router", "shards"), 2);
}

TEST_F(AdminTest, NoLogHasAPassword) {
    const std::string password =
        real::postgres::ConnectUrl::parse(pipeline_->database_url()).setting("password");
    ASSERT_FALSE(password.empty());
    for (const std::string& name : pipeline_->names()) {
        EXPECT_THAT(pipeline_->log(name), Not(HasSubstr(password))) << name;
        EXPECT_THAT(pipeline_->log(name), Not(HasSubstr(secret))) << name;
    }
}

TEST(HealthTest, AViewStoreServesOnceItHasLoaded) {
    Pipeline pipeline;
    pipeline.start("view0.0");
    pipeline.until("the store to be ready", [&] {
        real::grpc::HealthClient health(pipeline.channel("view0.0"));
        const auto serving = pipeline.run(health.check());
        return serving && *serving == real::grpc::Serving::serving;
    });
    EXPECT_EQ(pipeline.gauge("view0.0", "is_ready"), 1);
}

TEST(StateFileTest, AKeyThatCannotBeOpenedIsAPanicOnce) {
    Pipeline pipeline;
    const auto path = pipeline.deployment().the(engine::NodeKind::ingest).state_file;
    std::ofstream(path) << ""; // a crash right after upstream's truncation
    real::Child& node = pipeline.child("ingest0");
    node.start();
    pipeline.until("the node to panic", [&] { return node.exit().has_value(); });
    EXPECT_EQ(node.exit()->text(), "exit code 13");
    EXPECT_TRUE(std::filesystem::exists(path.string() + ".bak"));
    pipeline.start("ingest0");
    EXPECT_EQ(json::parse(pipeline.ingest(0, {"get-status"}).out)["mode"], "Idle");
}

TEST(StateFileTest, AFullDiskIsSaidAndNothingActsOnIt) {
    Pipeline pipeline;
    pipeline.start("ingest0");
    const std::string key = pipeline.ingress_key(0);
    pipeline.child("ingest0").limit_file_size(16);
    const Outcome refused = pipeline.ingest(0, {"new-keys"});
    EXPECT_EQ(refused.code, 101) << "a key that would not survive a restart";
    EXPECT_EQ(pipeline.ingress_key(0), key);
    pipeline.child("ingest0").limit_file_size(std::nullopt);
    EXPECT_EQ(pipeline.ingest(0, {"new-keys"}).code, 0);
    EXPECT_THAT(pipeline.deaths, IsEmpty());
}

TEST(BalanceCheckTest, PrintsALineForEveryKeyPressed) {
    Pipeline pipeline;
    pipeline.start_all();
    ASSERT_EQ(pipeline.ingest(0, {"activate"}).code, 0);
    (void)pipeline.add_block(1, pipeline.ingress_key(0), R"({"account":0,"amount":7})");
    pipeline.until("view", [&] { return pipeline.gauge("view0.0", "highest_processed_block_count") == 2; });
    pipeline.until("images", [&] { return pipeline.gauge("images0.0", "num_blocks") == 2; });
    const std::string at = std::to_string(pipeline.deployment().front_port);
    const Outcome outcome =
        run_program("balance_check",
                    {"--chain-id", "local", "--keyfile", pipeline.deployment().keys() / "account_keys_0.json",
                     "--view-uri", "insecure-fog-view://localhost:" + at, "--ledger-uri",
                     "insecure-fog-ledger://localhost:" + at},
                    {}, "xd");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const std::string line = R"({"balance":{"0":7},"block_count":2})"
                             "\n";
    EXPECT_EQ(outcome.out, line + line);
    EXPECT_THAT(outcome.err, HasSubstr("simulated attestation, no security"));
}

} // namespace
} // namespace fog_node::testing
