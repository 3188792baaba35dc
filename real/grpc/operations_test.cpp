#include <gtest/gtest.h>

#include "real/grpc/admin.hpp"
#include "real/grpc/ledger.hpp"
#include "real/grpc/remote_wallet.hpp"
#include "real/grpc/testing/test_bed.hpp"
#include "real/grpc/view.hpp"

namespace real::grpc {
namespace {

using namespace testing;

struct OperationsTest : Bed {
    template <class T>
    T ask(Task<T> question) {
        std::optional<T> answer;
        run(keep(std::move(question), &answer));
        return std::move(*answer);
    }
    template <class T>
    static Task<> keep(Task<T> question, std::optional<T>* answer) {
        T got = co_await std::move(question);
        answer->emplace(std::move(got));
    }
};

// ------------------------------------------------------------------------------------------------ admin

struct ScriptedAdmin final : AdminApi {
    AdminInfo shown;
    std::string rust_log;
    int errors = 0;
    std::string metrics() override { return "fog_view{op=\"x\"} 1\n"; }
    AdminInfo info() override { return shown; }
    std::optional<std::string> set_rust_log(const std::string& filter) override {
        if (filter == "bad") return "no such filter";
        rust_log = filter;
        return std::nullopt;
    }
    void test_log_error() override { ++errors; }
};

TEST_F(OperationsTest, Admin) {
    ScriptedAdmin api;
    api.shown.name = "Fog View";
    api.shown.id = "localhost:1";
    api.shown.build_info.git_commit = "abc";
    api.shown.build_info.sgx_mode = "none";
    api.shown.config_json = R"({"client_auth_token_secret":"5a5a","omap_capacity":7})";
    api.shown.rust_log = "info";
    Server server(loop, {}, {});
    serve_admin(server, api);
    serve_build_info(server, api.shown.build_info);
    server.start();
    Channel channel(runtime, to(server));
    AdminClient client(channel);
    EXPECT_EQ(ask(client.metrics()).value(), "fog_view{op=\"x\"} 1\n");
    const AdminInfo info = ask(client.info()).value();
    EXPECT_EQ(info.name, "Fog View");
    EXPECT_EQ(info.id, "localhost:1");
    EXPECT_EQ(info.build_info.git_commit, "abc");
    EXPECT_EQ(info.build_info.sgx_mode, "none");
    EXPECT_EQ(info.rust_log, "info");
    EXPECT_EQ(info.config_json, R"({"client_auth_token_secret":"***","omap_capacity":7})");
    EXPECT_TRUE(ask(client.set_rust_log("debug")));
    EXPECT_EQ(api.rust_log, "debug");
    const Outcome<void> refused = ask(client.set_rust_log("bad"));
    EXPECT_EQ(refused.error().code, StatusCode::invalid_argument);
    EXPECT_EQ(refused.error().text, "no such filter");
    EXPECT_TRUE(ask(client.test_log_error()));
    EXPECT_EQ(api.errors, 1);
    EXPECT_EQ(ask(client.build_info()).value().git_commit, "abc");
}

TEST(RedactionTest, HidesSecretsWhereverTheyStand) {
    EXPECT_EQ(redacted_config(R"({"a":{"Db_Password":"x","list":[{"token":"y"}]},"max_token_lifetime":5})"),
              R"({"a":{"Db_Password":"***","list":[{"token":"***"}]},"max_token_lifetime":5})");
    EXPECT_EQ(redacted_config(R"({"secret":{"deep":"x"},"secrets":["x"],"none_secret":null})"),
              R"({"secret":"***","secrets":"***","none_secret":null})");
    EXPECT_EQ(redacted_config(R"("postgres://user:pass@host:5432/db")"),
              R"("postgres://user:***@host:5432/db")");
    EXPECT_EQ(redacted_config(R"("a://u:p@h:1/,b://v:q@g/")"), R"("a://u:***@h:1/,b://v:***@g/")");
    EXPECT_EQ(redacted_config(R"("fog://host:443/?responder-id=a:1")"),
              R"("fog://host:443/?responder-id=a:1")");
    EXPECT_EQ(redacted_config(R"("fog://user@host/")"), R"("fog://user@host/")");
    EXPECT_EQ(redacted_config("secret=1"), R"("not JSON")");
    EXPECT_EQ(redacted_config(R"({"n":1.5,"s":"plain"})"), R"({"n":1.5,"s":"plain"})");
}

// --------------------------------------------------------------------------------------------- remote wallet

struct ScriptedWallet final : RemoteWalletApi {
    std::optional<FreshBalanceRequest> asked;
    Outcome<BalanceCheck> answer = BalanceCheck{};
    std::vector<std::uint32_t> stopped;
    int resets = 0;

    static Task<Outcome<BalanceCheck>> reply(Outcome<BalanceCheck> answer) { co_return answer; }
    static Task<Outcome<void>> done(Outcome<void> answer) { co_return answer; }
    static Task<Outcome<std::string>> text(std::string answer) { co_return answer; }

    Task<Outcome<BalanceCheck>> fresh_balance_check(FreshBalanceRequest request) override {
        asked = std::move(request);
        return reply(answer);
    }
    Task<Outcome<BalanceCheck>> followup_balance_check(std::uint32_t client_id) override {
        Outcome<BalanceCheck> followup = answer;
        if (followup) followup->client_id = client_id;
        return reply(std::move(followup));
    }
    Task<Outcome<void>> stop(std::uint32_t client_id) override {
        stopped.push_back(client_id);
        if (client_id > 7) return done(Status(StatusCode::invalid_argument, "no such client"));
        return done(Outcome<void>());
    }
    Task<Outcome<std::string>> debug(std::uint32_t client_id) override {
        return text("wallet " + std::to_string(client_id));
    }
    Task<Outcome<void>> reset() override {
        ++resets;
        return done(Outcome<void>());
    }
};

TEST_F(OperationsTest, RemoteWallet) {
    ScriptedWallet wallet;
    Server server(loop, {}, {});
    serve_remote_wallet(server, wallet);
    server.start();
    Channel channel(runtime, to(server));
    RemoteWalletClient client(channel);
    wallet.answer = BalanceCheck{3, ~std::uint64_t{0}, 12};
    FreshBalanceRequest request;
    request.mnemonic = "legal winner";
    request.fog_uri = "insecure-fog://localhost:8200/";
    request.account_index = 4;
    request.chain_id = "local";
    const BalanceCheck fresh = ask(client.fresh_balance_check(request)).value();
    EXPECT_EQ(fresh.client_id, 3u);
    EXPECT_EQ(fresh.balance, ~std::uint64_t{0});
    EXPECT_EQ(fresh.block_count, 12u);
    EXPECT_EQ(wallet.asked->mnemonic, request.mnemonic);
    EXPECT_EQ(wallet.asked->fog_uri, request.fog_uri);
    EXPECT_EQ(wallet.asked->account_index, 4u);
    EXPECT_EQ(wallet.asked->chain_id, "local");
    EXPECT_EQ(ask(client.followup_balance_check(9)).value().client_id, 9u);
    EXPECT_EQ(ask(client.debug(5)).value(), "wallet 5");
    EXPECT_TRUE(ask(client.stop(7)));
    EXPECT_EQ(ask(client.stop(8)).error().code, StatusCode::invalid_argument);
    EXPECT_EQ(wallet.stopped, (std::vector<std::uint32_t>{7, 8}));
    EXPECT_TRUE(ask(client.reset()));
    EXPECT_EQ(wallet.resets, 1);
    wallet.answer = Status(StatusCode::internal, "check_balance: view is away");
    const auto failed = ask(client.followup_balance_check(0));
    EXPECT_EQ(failed.error().code, StatusCode::internal);
    EXPECT_EQ(failed.error().text, "check_balance: view is away");
}

// ------------------------------------------------------------------------------------------------ shards

TEST_F(OperationsTest, RoutersTakeShards) {
    std::vector<std::string> added;
    const auto add = [&added](const std::string& uri) -> std::optional<Status> {
        if (uri.empty()) return Status(StatusCode::invalid_argument, "not a URI");
        if (!added.empty() && added.back() == uri)
            return Status(StatusCode::failed_precondition, "already there");
        added.push_back(uri);
        return std::nullopt;
    };
    Server server(loop, {}, {});
    serve_view_router_admin(server, add);
    serve_ledger_router_admin(server, add);
    server.start();
    Channel channel(runtime, to(server));
    EXPECT_TRUE(ask(add_view_shard(channel, "a")));
    EXPECT_EQ(ask(add_view_shard(channel, "a")).error().code, StatusCode::failed_precondition);
    EXPECT_EQ(ask(add_view_shard(channel, "")).error().code, StatusCode::invalid_argument);
    EXPECT_TRUE(ask(add_key_image_shard(channel, "b")));
    EXPECT_EQ(ask(add_key_image_shard(channel, "b")).error().code, StatusCode::failed_precondition);
    EXPECT_EQ(added, (std::vector<std::string>{"a", "b"}));
}

} // namespace
} // namespace real::grpc
