// Wallets that are not ours, judged by a run.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>

#include "real/process/ports.hpp"
#include "tools/fogreal/testing/fogreal_bed.hpp"

namespace tools::fogreal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class OutsideWalletTest : public FogrealTest {
protected:
    /// Starts the wallet in Python.  @return host:port
    std::string start_wallet(const std::string& mistake, const std::vector<std::string>& more = {}) {
        Launch launch;
        launch.name = wallets_ == 0 ? "outside-wallet" : fmt::format("outside-wallet-{}", wallets_);
        ++wallets_;
        launch.program = "/usr/bin/python3";
        launch.arguments = {"-B", fs::path(FOG_SOURCE_DIR) / "tools/outside_wallet/server.py", "--proto",
                            fs::path(FOG_SOURCE_DIR) / "proto"};
        if (!mistake.empty()) launch.arguments.insert(launch.arguments.end(), {"--mistake", mistake});
        launch.arguments.insert(launch.arguments.end(), more.begin(), more.end());
        Child& wallet = supervisor_.add(std::move(launch));
        wallet.start();
        until(
            "the wallet to listen", [&] { return says(wallet, "listening on "); }, &wallet);
        return after(log_of(wallet), "listening on ");
    }

    int wallets_ = 0;
};

TEST_F(OutsideWalletTest, AWalletInAnotherLanguageIsJudgedAndHolds) {
    const std::string address = start_wallet("");
    Child& child = run({"--remote-wallet", address, "--skip-rust-sample-paykit-remote-wallet",
                        "--skip-followup-balance-checks"});
    EXPECT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("wallet=" + address));
    EXPECT_TRUE(supervisor_.find("outside-wallet")->is_running())
        << "what the harness did not start it does not end";
}

TEST_F(OutsideWalletTest, ItsMistakeIsCaughtWithAccountCountShownAndTrueBalance) {
    const std::string address = start_wallet("count-is-views");
    Child& child = run({"--remote-wallet", address, "--skip-rust-sample-paykit-remote-wallet"});
    EXPECT_EQ(code(child), 1) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(),
                ::testing::ContainsRegex("fogreal: FAIL check=balance scenario=conformance "
                                         "seed=1 account=[0-4] count=[0-9]+ shown=[0-9]+ "
                                         "true=[0-9]+ .*wallet=" +
                                         address));
    // What fog answers a wallet of that account, in the simulator's words.
    EXPECT_THAT(log_of(child), HasSubstr(", view_router answers for "));
    EXPECT_THAT(log_of(child), HasSubstr(", a wallet of the harness shows "));
    expect_nothing_left(child, true);
}

// A service that answers with an error of its own, while something else entirely is wrong on purpose: once
// that was an excuse.
TEST_F(OutsideWalletTest, AServicesOwnErrorIsNotExcusedByWhatIsWrongElsewhere) {
    const auto plan_with_paused = [this](int service) {
        const fs::path path = work_.path() / fmt::format("plan-{}.json", service);
        std::ofstream(path) << fmt::format(
            R"({{"schema": 1, "topology": "accounts=1,ingest=2", "wallets_per_account": 1, "steps": [
 {{"action": "activate"}},
 {{"action": "block", "credits": [{{"account": 0, "amount": 1}}]}},
 {{"action": "settle", "amount": 5000}},
 {{"action": "poll", "node": 0}},
 {{"action": "join"}},
 {{"action": "pause", "node": {}}},
 {{"action": "poll", "node": 0}},
 {{"action": "join"}}]}})",
            service);
        return path.string();
    };
    const auto run_with_paused = [&](int service) -> Child& {
        const std::string address = start_wallet("", {"--fails-at", "2"});
        return run({"--plan", plan_with_paused(service), "--remote-wallet", address,
                    "--skip-rust-sample-paykit-remote-wallet", "--json",
                    (work_.path() / "result.json").string()});
    };
    for (const int elsewhere : {1, 2}) { // the other ingest node, the view store
        Child& child = run_with_paused(elsewhere);
        EXPECT_EQ(code(child), 1) << log_of(child) << child.standard_output();
        EXPECT_THAT(child.standard_output(),
                    HasSubstr("fogreal: FAIL check=crash scenario=lag seed=1 account=0"));
        EXPECT_THAT(child.standard_output(), HasSubstr("fog_ledger.FogKeyImageAPI: internal"));
    }
    Child& child = run_with_paused(3); // the key image store: that may be why
    const auto json = nlohmann::json::parse(read_file(work_.path() / "result.json"));
    ASSERT_EQ(json["runs"][0]["excused"].size(), 1U) << child.standard_output() << log_of(child);
    EXPECT_THAT(json["runs"][0]["excused"][0].get<std::string>(), HasSubstr("images0.0 is paused, since "));
    EXPECT_EQ(code(child), 0);
}

TEST_F(OutsideWalletTest, AWalletThatIsRefusedIsToldByWhom) {
    const std::string address = start_wallet("", {"--clear-text"});
    Child& child = run({"--remote-wallet", address, "--skip-rust-sample-paykit-remote-wallet"});
    EXPECT_EQ(code(child), 6) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("the wallet is refused: fog-view answered only Auth with "
                                                   "PERMISSION_DENIED"));
    EXPECT_THAT(child.standard_output(), HasSubstr("simulated attestation, no security"));
    expect_nothing_left(child, true);
}

TEST_F(OutsideWalletTest, ClearTextIsTheOtherMode) {
    const std::string address = start_wallet("", {"--clear-text"});
    Child& child = run({"--attestation", "clear", "--remote-wallet", address,
                        "--skip-rust-sample-paykit-remote-wallet", "--skip-followup-balance-checks"});
    EXPECT_EQ(code(child), 0) << log_of(child) << child.standard_output();
}

TEST_F(OutsideWalletTest, AWalletThatDoesNotAnswerIsToldBeforeAnythingStarts) {
    Child& child = run({"--remote-wallet", "insecure-remote-wallet://127.0.0.1:1/"});
    EXPECT_EQ(code(child), 6) << log_of(child) << child.standard_output();
    EXPECT_THAT(log_of(child), HasSubstr("--remote-wallet: 127.0.0.1:1 does not answer Reset: "));
    EXPECT_THAT(log_of(child), Not(HasSubstr("work directory"))) << "nothing was started";
    EXPECT_EQ(child.standard_output(), "");
}

TEST_F(OutsideWalletTest, MobileCoinsOwnWalletIsJudgedWhereThereIsOne) {
    const char* folder = std::getenv("FOG_MOBILECOIN_CLIENTS");
    if (folder == nullptr)
        GTEST_SKIP() << "MobileCoin's own wallet is not tried: FOG_MOBILECOIN_CLIENTS names no folder with a "
                        "sample_paykit_remote_wallet built with SGX_MODE=SW";
    Child& child = run({"--mobilecoin-clients", folder});
    EXPECT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("fogreal: PASS scenario=conformance "));
    EXPECT_THAT(child.standard_output(),
                HasSubstr(fmt::format("wallet={}/sample_paykit_remote_wallet", folder)));
}

TEST_F(OutsideWalletTest, AWalletThatContactsNobodyIsToldSo) {
    Child& child = run({"--override-remote-wallet-fog-uri", "insecure-fog://localhost:1/"});
    EXPECT_EQ(code(child), 6) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("the wallet contacted nobody"));
    EXPECT_THAT(child.standard_output(), HasSubstr("it was told insecure-fog://localhost:1/"));
}

} // namespace
} // namespace tools::fogreal
