// The program as a user runs it, against the stand-ins: verdicts, and what is left behind (nothing).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "real/process/ports.hpp"
#include "tools/fogreal/testing/fogreal_bed.hpp"

namespace tools::fogreal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(FogrealTest, TheStockTestHoldsAndNothingIsLeft) {
    const fs::path json_path = work_.path() / "result.json";
    const fs::path junit_path = work_.path() / "result.xml";
    Child& child = run({"--json", json_path.string(), "--junit", junit_path.string()});
    ASSERT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("fogreal: PASS scenario=conformance seed=1 "
                                                   "wallet=sample_paykit_remote_wallet programs=stand-ins"));
    const nlohmann::json json = nlohmann::json::parse(read_file(json_path));
    EXPECT_EQ(json["runs"][0]["verdict"], "held");
    EXPECT_GE(json["runs"][0]["checks"].get<int>(), 950) << "95 fresh checks and 855 follow-ups";
    EXPECT_TRUE(json["runs"][0]["excused"].empty());
    EXPECT_THAT(read_file(junit_path), HasSubstr("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\""));
    EXPECT_THAT(log_of(child), HasSubstr("balance checks"));
    expect_nothing_left(child, false);
}

TEST_F(FogrealTest, WithoutAFrontWalletsDialTheRouters) {
    Child& child =
        run({"--front", "none", "--scenario", "sender_around_the_tombstone"}); // asks the ledger, too
    EXPECT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    EXPECT_FALSE(fs::exists(runs_ / "nginx"));
    expect_nothing_left(child, false);
}

TEST_F(FogrealTest, AServerThatCannotBeReachedIsInconclusive) {
    Child& child = run({"--postgres", "postgres://u:geheim@127.0.0.1:1/x"});
    EXPECT_EQ(code(child), 6);
    EXPECT_THAT(child.standard_output(), HasSubstr("The run is inconclusive: no database on"));
    EXPECT_THAT(child.standard_output() + log_of(child), Not(HasSubstr("geheim")));
    until("the end of all its processes", [this] { return processes_with(marker_).empty(); });
}

TEST_F(FogrealTest, TheEventLogOfARunIsAcceptedAndADoctoredOneIsNot) {
    Child& child = run({"--scenario", "sandwich", "--keep"});
    ASSERT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    EXPECT_THAT(log_of(child), HasSubstr("event log: the model accepts its "));
    const fs::path log = fs::path(after(log_of(child), "work directory ")) / "events.jsonl";
    Child& accepted = run({"--check-log", log.string()});
    EXPECT_EQ(code(accepted), 0);
    EXPECT_THAT(accepted.standard_output(), HasSubstr("fogreal: ACCEPTED lines="));

    // The last balance is a coin too high.
    std::stringstream lines(read_file(log));
    std::vector<nlohmann::ordered_json> doctored;
    std::size_t at = 0;
    for (std::string line; std::getline(lines, line);) {
        doctored.push_back(nlohmann::ordered_json::parse(line));
        if (doctored.back()["event"] == "report") at = doctored.size();
    }
    ASSERT_GT(at, 0U);
    auto& value = doctored[at - 1]["value"];
    value = std::to_string(std::stoull(value.get<std::string>()) + 1);
    {
        std::ofstream out(log);
        for (const auto& line : doctored) out << line.dump() << '\n';
    }
    Child& refused = run({"--check-log", log.string()});
    EXPECT_EQ(code(refused), 1);
    EXPECT_THAT(refused.standard_output(),
                HasSubstr("fogreal: REFUSED line=" + std::to_string(at) + " why=it balance: account "));
    EXPECT_EQ(code(run({"--check-log", "/no/such/log"})), 2);
    fs::remove_all(log.parent_path());
    expect_nothing_left(child, false);
}

TEST_F(FogrealTest, TwoRunsAtOnceDoNotDisturbEachOther) {
    Child& one = supervisor_.add(launch_of({"--scenario", "sandwich"}));
    Child& two = supervisor_.add(launch_of({"--scenario", "sandwich", "--seed", "2"}));
    one.start();
    two.start();
    until("both ends", [&] { return !one.is_running() && !two.is_running(); });
    EXPECT_EQ(code(one), 0) << log_of(one) << one.standard_output();
    EXPECT_EQ(code(two), 0) << log_of(two) << two.standard_output();
    until("the end of all processes", [this] { return processes_with(marker_).empty(); });
    EXPECT_TRUE(fs::is_empty(runs_));
}

TEST_F(FogrealTest, AKilledHarnessLeavesNoProcessNoDatabaseAndNoFile) {
    Child& child = supervisor_.add(launch_of({}));
    child.start();
    until(
        "a run under way", [&] { return says(child, "step  3"); }, &child);
    EXPECT_GT(processes_with(marker_).size(), 8U);
    ::kill(child.pid(), SIGKILL);
    until("its end", [&] { return !child.is_running(); });
    expect_nothing_left(child, false); // not even the work directory, with the keys in it
}

TEST_F(FogrealTest, CtrlCCleansUpAndIsInconclusive) {
    Child& child = supervisor_.add(launch_of({}));
    child.start();
    until(
        "a run under way", [&] { return says(child, "step  3"); }, &child);
    ::kill(child.pid(), SIGINT);
    until("its end", [&] { return !child.is_running(); });
    EXPECT_EQ(code(child), 6);
    EXPECT_THAT(child.standard_output(), HasSubstr("The run is inconclusive: interrupted"));
    expect_nothing_left(child, true);
}

TEST_F(FogrealTest, TheSecondCtrlCEndsAtOnceAndLeavesNothingBehind) {
    Child& child = supervisor_.add(launch_of({}));
    child.start();
    until(
        "a run under way", [&] { return says(child, "step  3"); }, &child);
    ::kill(child.pid(), SIGINT);
    ::kill(child.pid(), SIGTERM);
    until("its end", [&] { return !child.is_running(); });
    EXPECT_EQ(code(child), 6);
    expect_nothing_left(child, false);
}

TEST_F(FogrealTest, TheUsersPostgresVariablesSayNothingAboutAPrivateServer) {
    Launch launch = launch_of({"--scenario", "sandwich"});
    launch.environment.insert({{"PGHOSTADDR", "192.0.2.77"},
                               {"PGSERVICE", "nosuch"},
                               {"PGTARGETSESSIONATTRS", "standby"},
                               {"PGCHANNELBINDING", "require"},
                               {"PGOPTIONS", "-c default_transaction_read_only=on"}});
    Child* child = nullptr;
    loop_.run(run_to_end(&supervisor_, std::move(launch), &child));
    EXPECT_EQ(code(*child), 0) << log_of(*child) << child->standard_output();
    expect_nothing_left(*child, false);
}

TEST_F(FogrealTest, AWorkDirectoryMayHaveAnyName) {
    runs_ = make(runs_ / "John {Doe}; $x 'q\" #\\");
    Child& child = run({"--scenario", "sandwich"});
    EXPECT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    expect_nothing_left(child, false);
    Child& nowhere = supervisor_.add(launch_of({}));
    nowhere.next_launch().arguments = {"--scenario", "sandwich", "--work-dir", "/proc/nowhere"};
    nowhere.start();
    until("its end", [&] { return !nowhere.is_running(); });
    EXPECT_EQ(code(nowhere), 2);
}

TEST_F(FogrealTest, ADatabaseServerThatSomebodyKillsOrStopsIsNoFinding) {
    for (const int signal : {SIGKILL, SIGSTOP}) {
        Child& child = supervisor_.add(launch_of({}));
        child.start();
        until(
            "a run under way", [&] { return says(child, "step  3"); }, &child);
        const std::string cluster = after(log_of(child), "started a private Postgres cluster in ");
        const int server = std::stoi(read_file(fs::path(cluster) / "data" / "postmaster.pid"));
        ::kill(server, signal);
        until("its end", [&] { return !child.is_running(); });
        EXPECT_EQ(code(child), 6) << child.standard_output();
        EXPECT_THAT(child.standard_output(), HasSubstr("The run is inconclusive: the database server has "));
        expect_nothing_left(child, true);
    }
}

TEST_F(FogrealTest, ATakenFixedPortIsToldBeforeAnythingStarts) {
    Child& first = supervisor_.add(launch_of({"--fixed-ports"}));
    first.start();
    until(
        "a run under way", [&] { return says(first, "step  3"); }, &first);
    Child& second = run({"--fixed-ports", "--scenario", "sandwich"});
    EXPECT_EQ(code(second), 6);
    EXPECT_THAT(second.standard_output(), HasSubstr(" of 127.0.0.1 is taken"));
    until("its end", [&] { return !first.is_running(); });
    EXPECT_EQ(code(first), 0) << first.standard_output();
    fs::remove_all(after(log_of(second), "work directory "));
}

TEST_F(FogrealTest, ADeadServiceIsAVerdictWithItsLastLines) {
    Child& child = supervisor_.add(launch_of({}));
    child.start();
    until(
        "a run under way", [&] { return says(child, "step  3"); }, &child);
    pid_t victim = 0;
    for (const std::string& line : processes_with(marker_))
        if (line.find("fog_view_server") != line.npos) victim = std::stoi(line);
    ASSERT_GT(victim, 0);
    ::kill(victim, SIGKILL);
    until("its end", [&] { return !child.is_running(); });
    EXPECT_EQ(code(child), 1);
    EXPECT_THAT(child.standard_output(), HasSubstr("check=crash"));
    EXPECT_THAT(
        child.standard_output(),
        HasSubstr("view0.0 has ended with signal 9 (SIGKILL), and nobody asked for it; its last lines:"));
    expect_nothing_left(child, true);
}

TEST_F(FogrealTest, AServiceThatGivesUpForNoReasonIsAVerdictToo) {
    const fs::path plan = work_.path() / "plan.json";
    std::ofstream(plan) << plan_that_ends_ingest;
    Child& child = run({"--plan", plan.string()});
    EXPECT_EQ(code(child), 1) << log_of(child);
    EXPECT_THAT(child.standard_output(), HasSubstr("check=crash"));
    EXPECT_THAT(child.standard_output(),
                HasSubstr("ingest0 has ended with exit code 13, and nobody asked for it; its last lines:"));
    EXPECT_THAT(child.standard_output(), Not(HasSubstr("excused")));
    EXPECT_THAT(child.standard_output(), HasSubstr("  1. the operator activates ingest0\n"
                                                   "       ingest0 answers activate: it is active, "));
    expect_nothing_left(child, true);
}

TEST_F(FogrealTest, TheTimeLimitEndsARun) {
    Child& child = run({"--time-limit", "2"});
    EXPECT_EQ(code(child), 6) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("not done within 2 s"));
    expect_nothing_left(child, true);
}

TEST_F(FogrealTest, AStoryThatDoesNotEndSaysWhatItWaitsFor) {
    const fs::path plan = work_.path() / "plan.json";
    std::ofstream(plan)
        << R"({"schema": 1, "topology": "accounts=1,ingest=1", "wallets_per_account": 1, "steps": [
 {"action": "activate"},
 {"action": "crash", "node": 0},
 {"action": "wait", "amount": 600000}]})";
    Child& child = run({"--plan", plan.string(), "--time-limit", "20"});
    EXPECT_EQ(code(child), 6) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(),
                HasSubstr("not done within 20 s; it waits for the story's pause of 600000 ms (since "));
    EXPECT_THAT(child.standard_output(), HasSubstr("; step 3: 600000 ms go by; ingest0 is down; "));
    expect_nothing_left(child, true);
}

TEST_F(FogrealTest, FollowUpsCanBeLeftOut) {
    const fs::path json_path = work_.path() / "result.json";
    Child& child = run({"--skip-followup-balance-checks", "--json", json_path.string()});
    ASSERT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    const int checks = nlohmann::json::parse(read_file(json_path))["runs"][0]["checks"].get<int>();
    EXPECT_GE(checks, 95);
    EXPECT_LT(checks, 250) << "only fresh wallets, each until it arrives";
}

// ------------------------------------------------------------------------------------------- without running

TEST_F(FogrealTest, BadInputIsOneLineAndExitCode2) {
    const std::pair<std::vector<std::string>, const char*> cases[] = {
        {{"--seed", "x"}, "--seed: 'x' is not a number"},
        {{"--scenario", "nonsense"}, "--scenario: there is no story 'nonsense'"},
        {{"--plan", "/no/such/plan"}, "--plan: cannot read /no/such/plan: No such file or directory"},
        {{"--remote-wallet", "nowhere"}, "--remote-wallet: 'nowhere' is not HOST:PORT"},
        {{"--remote-wallet", "remote-wallet://localhost/"}, "use insecure-remote-wallet://"},
        {{"--remote-wallet", "http://localhost:1/"}, "--remote-wallet: 'http://localhost:1/': "},
        {{"--scenario", "sandwhich"}, "did you mean 'sandwich'?"},
        {{"--skip-rust-sample-paykit-remote-wallet"}, "needs --remote-wallet"},
        {{"--mobilecoin-clients", "/nowhere"},
         "--mobilecoin-clients: /nowhere/sample_paykit_remote_wallet: No such file or directory"},
        {{"--mobilecoin-clients", "/bin", "--remote-wallet", "127.0.0.1:1"},
         "without --mobilecoin, --remote-wallet"},
        {{"--enclave-css", "/nowhere"}, "--enclave-css: cannot read /nowhere: No such file or directory"},
        {{"--enclave-css", "/etc/hostname"}, "--enclave-css: /etc/hostname: "},
        {{"--enclave-css", "/etc/hostname", "--enclave-key", "/etc/hostname"}, "--enclave-css: goes without"},
        {{"--front", "apache"}, "--front"},
        {{"--front", "none", "--remote-wallet", "127.0.0.1:1"},
         "--front: none with a wallet that is not our own"},
        {{"--topology", "moons=2"}, "--topology"},
        {{"--mobilecoin", "/no/such/dir"}, "--mobilecoin: /no/such/dir: no such directory"},
        {{"--mobilecoin", "/usr/include"}, "--mobilecoin: /usr/include: no Cargo.toml"},
        {{"--postgres", "nonsense"}, "--postgres: not a Postgres URL: 'nonsense'"},
        {{"--unknown"}, "--unknown"},
        {{"--known", "/no/such/file"}, "--known: cannot read /no/such/file: No such file or directory"},
        {{"--known-must-show"}, "--known"},
        {{"--runs", "0"}, "--runs: '0' is not a number from 1 to"},
        {{"--seed", "0xffffffffffffffff", "--runs", "2"}, "--runs: the last seed would pass 2^64-1"},
        {{"--json", "/no/such/dir/x.json"}, "--json"},
    };
    for (const auto& [arguments, words] : cases) {
        Child& child = run(arguments);
        EXPECT_EQ(code(child), 2) << words;
        std::vector<std::string> lines;
        for (const std::string& line : child.exit()->last_lines)
            if (line.rfind("fogreal:", 0) == 0) lines.push_back(line);
        ASSERT_EQ(lines.size(), 1U) << words << log_of(child);
        EXPECT_THAT(lines[0], HasSubstr(words));
    }
    EXPECT_TRUE(fs::is_empty(runs_));
}

TEST_F(FogrealTest, ADryRunOfACheckoutShowsTheBuildAndEveryCommandLine) {
    const fs::path checkout = make(work_.path() / "checkout");
    std::ofstream(checkout / "Cargo.toml") << "[workspace]\n";
    Child& child = run({"--mobilecoin", checkout.string(), "--release", "--fixed-ports", "--dry-run",
                        "--postgres", "postgres://fog:secret@localhost/postgres"});
    ASSERT_EQ(code(child), 0) << log_of(child);
    const std::string& text = child.standard_output();
    EXPECT_THAT(text, HasSubstr("    cargo\n    build\n    --release\n    -p mc-admin-http-gateway\n"));
    EXPECT_THAT(text, HasSubstr("SGX_MODE=SW"));
    EXPECT_THAT(text, HasSubstr(checkout.string() + "/target/release/fog_ingest_server\n"));
    EXPECT_THAT(text, HasSubstr("--client-listen-uri insecure-fog-ingest://127.0.0.1:4200/"));
    EXPECT_THAT(text, HasSubstr("--client-responder-id localhost:8200"));
    EXPECT_THAT(text, Not(HasSubstr("--poll_interval_ms"))) << "a checkout runs at upstream's own pace";
    EXPECT_THAT(text, Not(HasSubstr("secret")));
    EXPECT_TRUE(fs::is_empty(runs_));
}

constexpr const char* plan_for_both = R"({
 "schema": 1,
 "topology": "accounts=2,view-shards=2,shard-blocks=2,copies=own",
 "wallets_per_account": 1,
 "steps": [
  {"action": "activate"},
  {"action": "block", "credits": [{"account": 0, "amount": 1}, {"account": 1, "amount": 2, "token": 1}]},
  {"action": "hold", "node": 2},
  {"action": "block", "at": "shard-end-1", "credits": [{"account": 0, "amount": 4}], "spends": [0]},
  {"action": "poll", "node": 0},
  {"action": "crash", "node": 2},
  {"action": "fault", "fault": "lose_commit_ack", "node": 0, "amount": 1},
  {"action": "block", "credits": [{"account": 1, "amount": 8}]},
  {"action": "fault", "fault": "lose_commit", "node": 0, "amount": 1},
  {"action": "block", "credits": [{"account": 0, "amount": 16}]},
  {"action": "start", "node": 2},
  {"action": "poll", "node": 1},
  {"action": "join"}
 ]
})";

TEST_F(FogrealTest, OnePlanFileIsToldInBothWorlds) {
    const fs::path plan = work_.path() / "plan.json";
    std::ofstream(plan) << plan_for_both;
    Launch simulated = launch_of({"--plan", plan.string()});
    simulated.program = fs::path(FOG_PROGRAM_DIR) / "fogsim";
    simulated.arguments = {"--plan", plan.string()};
    Child* in_simulation = nullptr;
    loop_.run(run_to_end(&supervisor_, std::move(simulated), &in_simulation));
    EXPECT_EQ(code(*in_simulation), 0) << in_simulation->standard_output();
    EXPECT_THAT(in_simulation->standard_output(), HasSubstr("fogsim: PASS scenario=lag"));
    Child& child = run({"--plan", plan.string()});
    EXPECT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("fogreal: PASS scenario=lag"));
    EXPECT_THAT(
        log_of(child),
        HasSubstr(
            "step  4  a block is appended, as the last block of a shard if that is near: account 0 gets 4"));
    expect_nothing_left(child, false);
}

TEST_F(FogrealTest, APlanIsToldAsItStandsOrNotAtAll) {
    const fs::path plan = work_.path() / "plan.json";
    std::ofstream(plan) << R"({"schema": 1, "steps": [{"action": "activate"}, {"action": "hold_store"}]})";
    Child& child = run({"--plan", plan.string()});
    EXPECT_EQ(code(child), 6);
    EXPECT_THAT(child.standard_output(),
                HasSubstr("fogreal: SKIP scenario=lag why=step 2 needs hold_store: how far a store"));
    std::ofstream(plan) << R"({"schema": 1, "steps": [{"action": "fault", "fault": "stale_reads"}]})";
    EXPECT_THAT(run({"--plan", plan.string()}).standard_output(),
                HasSubstr("why=step 1 needs stale_reads: there is one database server"));
}

TEST_F(FogrealTest, AFirstViewShardOfBlock0AloneIsRefusedForACheckout) {
    const fs::path checkout = make(work_.path() / "checkout");
    std::ofstream(checkout / "Cargo.toml") << "[workspace]\n";
    Child& child = run({"--mobilecoin", checkout.string(), "--skip-build", "--scenario",
                        "every_service_restarts", "--topology", "shard-blocks=1"});
    EXPECT_EQ(code(child), 6) << log_of(child);
    EXPECT_THAT(
        child.standard_output(),
        HasSubstr("fogreal: SKIP scenario=every_service_restarts why=MobileCoin's view stores need "
                  "shard-blocks of at least 2 with view-shards=2, not 1 (the first shard would hold only "
                  "block 0, which nobody ingests"));
    EXPECT_TRUE(fs::is_empty(runs_)) << "nothing was started";
}

TEST_F(FogrealTest, EveryStoryCanBeToldHere) {
    Child& list = run({"--list-scenarios"});
    EXPECT_EQ(code(list), 0);
    EXPECT_THAT(list.standard_output(), HasSubstr("conformance"));
    EXPECT_THAT(list.standard_output(), HasSubstr("replicas_out_of_step"));
    EXPECT_THAT(list.standard_output(), Not(HasSubstr("[skipped")));
}

TEST_F(FogrealTest, ReplicasAndALiveInvocationAreToldWithWhatThisWorldHas) {
    // database_in_trouble_while_keys_rotate runs, too: for minutes, as wallets try and try again.
    for (const char* story : {"replicas_out_of_step", "live_invocation_cleaned_up"}) {
        Child& child = run({"--scenario", story});
        EXPECT_EQ(code(child), 0) << story << log_of(child) << child.standard_output();
    }
}

} // namespace
} // namespace tools::fogreal
