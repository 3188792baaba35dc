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

#include "real/postgres/cluster.hpp"
#include "real/postgres/test_database.hpp"
#include "real/process/ports.hpp"
#include "real/process/supervisor.hpp"
#include "real/process/work_directory.hpp"

namespace {

using namespace std::chrono_literals;
using real::Child;
using real::Launch;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Living processes whose command line or environment has this text.
std::vector<std::string> processes_with(const std::string& text) {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != name.npos || name == std::to_string(::getpid())) continue;
        const std::string status = read_file(entry.path() / "stat");
        const std::size_t at = status.rfind(')');
        if (at == status.npos || status.at(at + 2) == 'Z') continue;
        const std::string line = read_file(entry.path() / "cmdline");
        if (line.find(text) != line.npos ||
            read_file(entry.path() / "environ").find(text) != std::string::npos)
            out.push_back(name + ": " + line);
    }
    return out;
}

std::string after(const std::string& text, const std::string& before) {
    const std::size_t at = text.find(before);
    if (at == text.npos) return {};
    const std::size_t begin = at + before.size();
    return text.substr(begin, text.find('\n', begin) - begin);
}

class FogrealTest : public ::testing::Test {
protected:
    FogrealTest() : work_("fogreal-test-"), supervisor_(loop_, make(work_.path() / "logs")) {
        runs_ = make(work_.path() / "runs");
        marker_ = "FOGREAL_TEST=" + work_.path().filename().string();
    }

    static fs::path make(const fs::path& path) {
        fs::create_directory(path);
        return path;
    }

    Launch fogreal(std::vector<std::string> arguments) {
        Launch launch;
        launch.name = "fogreal-" + std::to_string(++started_);
        launch.program = fs::path(FOG_PROGRAM_DIR) / "fogreal";
        launch.arguments = std::move(arguments);
        launch.arguments.insert(launch.arguments.end(), {"--work-dir", runs_.string()});
        launch.environment["FOGREAL_TEST"] = work_.path().filename().string();
        launch.keep_stdout = true;
        return launch;
    }

    static real::Task<> run_to_end(real::Supervisor* supervisor, Launch launch, Child** out) {
        *out = co_await supervisor->run(std::move(launch), 240s);
    }
    Child& run(std::vector<std::string> arguments) {
        Child* child = nullptr;
        loop_.run(run_to_end(&supervisor_, fogreal(std::move(arguments)), &child));
        return *child;
    }
    static std::string log_of(const Child& child) { return read_file(child.log()); }
    int code(const Child& child) {
        EXPECT_FALSE(child.exit()->by_signal()) << child.exit()->text();
        return child.exit()->by_signal() ? -1 : child.exit()->code();
    }

    void until(const std::string& what, std::function<bool()> holds, const Child* child = nullptr) {
        loop_.run(supervisor_.until(what, std::move(holds), loop_.now() + 120s, child, 20ms));
    }
    bool says(const Child& child, const std::string& word) {
        return log_of(child).find(word) != std::string::npos;
    }

    /// No process, no database directory; of the run's files those that were kept on purpose.
    void expect_nothing_left(const Child& child, bool kept) {
        until("the end of all its processes", [this] { return processes_with(marker_).empty(); });
        const std::string cluster = after(log_of(child), "started a private Postgres cluster in ");
        ASSERT_FALSE(cluster.empty()) << log_of(child);
        until("the end of the database server", [&] { return processes_with(cluster).empty(); });
        until("the end of the database", [&] { return !fs::exists(cluster); });
        const std::string directory = after(log_of(child), "work directory ");
        EXPECT_EQ(fs::exists(directory), kept) << directory;
        if (kept) {
            struct stat status {};
            ASSERT_EQ(::stat(directory.c_str(), &status), 0);
            EXPECT_EQ(status.st_mode & 0777, 0700U) << "private to the user";
            fs::remove_all(directory);
        }
        EXPECT_TRUE(fs::is_empty(runs_));
    }

    real::WorkDirectory work_;
    real::IoLoop loop_;
    real::Supervisor supervisor_;
    fs::path runs_;
    std::string marker_;
    int started_ = 0;
};

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

// ------------------------------------------------------------------- a database server that is there already

class ServerOfOthersTest : public FogrealTest {
protected:
    ServerOfOthersTest() : server_(real::postgres::Cluster::start(with_tcp())), before_(make_content()) {}

    static real::postgres::ClusterOptions with_tcp() {
        real::postgres::ClusterOptions options;
        options.tcp = true;
        return options;
    }
    std::string sql(const std::string& database, const std::string& text) {
        return real::postgres::run_sql(server_->url().with_database(database), text);
    }
    /// Everything somebody else has there.
    std::string content() {
        return sql("postgres", "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database") + "\n" +
               sql("postgres", "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles") + "\n" +
               sql("theirs", "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE "
                             "relnamespace = 'public'::regnamespace") +
               "\n" + sql("theirs", "SELECT string_agg(what, ' ') FROM t");
    }
    std::string make_content() {
        sql("postgres", "CREATE DATABASE theirs");
        sql("theirs", "CREATE TABLE t (what TEXT)");
        sql("theirs", "INSERT INTO t VALUES ('kept')");
        return content();
    }
    std::string url() { return server_->tcp_url().with("sslmode", "disable").with_password(); }
    bool has_database_of_ours() {
        return sql("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'fog\\_%'") != "0";
    }
    /// Starts a run and waits until it is in the middle of its story.
    Child& under_way(std::vector<std::string> arguments) {
        Child& child = supervisor_.add(fogreal(std::move(arguments)));
        child.start();
        until(
            "a run under way", [&] { return says(child, "step  3"); }, &child);
        EXPECT_TRUE(has_database_of_ours());
        return child;
    }
    void expect_as_before(const Child& child) {
        until("the end of all its processes", [this] { return processes_with(marker_).empty(); });
        until("the end of its database", [this] { return !has_database_of_ours(); });
        EXPECT_EQ(content(), before_);
        EXPECT_THAT(log_of(child), Not(HasSubstr("started a private Postgres cluster")));
        const std::string password = server_->tcp_url().setting("password");
        EXPECT_FALSE(password.empty());
        for (const auto& entry : fs::recursive_directory_iterator(runs_))
            if (entry.is_regular_file() && entry.path().filename() != "data.mdb") {
                EXPECT_THAT(read_file(entry.path()), Not(HasSubstr(password))) << entry.path();
            }
        EXPECT_THAT(log_of(child) + child.standard_output(), Not(HasSubstr(password)));
    }

    std::unique_ptr<real::postgres::Cluster> server_;
    std::string before_;
};

TEST_F(ServerOfOthersTest, ARunThatHoldsLeavesItAsItWas) {
    Child& child = run({"--postgres", url(), "--scenario", "commit_answer_lost", "--keep"});
    EXPECT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    expect_as_before(child);
}

TEST_F(ServerOfOthersTest, TheEnvironmentNamesItToo) {
    Launch launch = fogreal({"--scenario", "sandwich"});
    launch.environment["DATABASE_URL"] = url();
    Child* child = nullptr;
    loop_.run(run_to_end(&supervisor_, std::move(launch), &child));
    EXPECT_EQ(code(*child), 0) << log_of(*child) << child->standard_output();
    expect_as_before(*child);
}

TEST_F(ServerOfOthersTest, AFailedRunLeavesItAsItWas) {
    Child& child = under_way({"--postgres", url()});
    pid_t victim = 0;
    for (const std::string& line : processes_with(marker_))
        if (line.find("fog_ingest_server") != line.npos) victim = std::stoi(line);
    ASSERT_GT(victim, 0);
    ::kill(victim, SIGKILL);
    until("its end", [&] { return !child.is_running(); });
    EXPECT_EQ(code(child), 1);
    expect_as_before(child);
}

TEST_F(ServerOfOthersTest, CtrlCLeavesItAsItWas) {
    Child& child = under_way({"--postgres", url()});
    ::kill(child.pid(), SIGINT);
    until("its end", [&] { return !child.is_running(); });
    EXPECT_EQ(code(child), 6);
    expect_as_before(child);
}

TEST_F(ServerOfOthersTest, AKilledHarnessLeavesItAsItWas) {
    Child& child = under_way({"--postgres", url()});
    ::kill(child.pid(), SIGKILL);
    until("its end", [&] { return !child.is_running(); });
    expect_as_before(child);
}

// The database tells an ingest node that somebody else has stored its block, and nobody has.
TEST_F(ServerOfOthersTest, ANodeThatStopsScanningForNoReasonIsAVerdict) {
    const fs::path plan = work_.path() / "plan.json";
    std::ofstream(plan)
        << R"({"schema": 1, "topology": "accounts=1,ingest=1", "wallets_per_account": 1, "steps": [
 {"action": "activate"},
 {"action": "block", "credits": [{"account": 0, "amount": 1}]},
 {"action": "settle", "amount": 5000},
 {"action": "wait", "amount": 6000},
 {"action": "block", "credits": [{"account": 0, "amount": 2}]},
 {"action": "wait", "amount": 6000}]})";
    Child& child = supervisor_.add(fogreal({"--postgres", url(), "--plan", plan.string()}));
    child.start();
    const std::string names =
        "SELECT coalesce(min(datname), '') FROM pg_database WHERE datname LIKE 'fog\\_%'";
    const auto has_stored_a_block = [&] {
        const std::string ours = sql("postgres", names);
        return !ours.empty() &&
               sql(ours, "SELECT count(*) FROM pg_class WHERE relname = 'ingested_blocks'") == "1" &&
               sql(ours, "SELECT count(*) FROM ingested_blocks") == "1";
    };
    until("a block in the database", has_stored_a_block, &child);
    const std::string ours = sql("postgres", names);
    sql(ours, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
              "$$ BEGIN RAISE unique_violation; END $$");
    sql(ours, "CREATE TRIGGER refuse BEFORE INSERT ON ingested_blocks EXECUTE FUNCTION refuse()");
    until("its end", [&] { return !child.is_running(); });
    EXPECT_EQ(code(child), 3) << log_of(child);
    EXPECT_THAT(child.standard_output(), HasSubstr("ingest0 stops scanning at block 2"));
    EXPECT_THAT(child.standard_output(), HasSubstr("fogreal: FAIL check=liveness"));
    expect_as_before(child);
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
    Child& one = supervisor_.add(fogreal({"--scenario", "sandwich"}));
    Child& two = supervisor_.add(fogreal({"--scenario", "sandwich", "--seed", "2"}));
    one.start();
    two.start();
    until("both ends", [&] { return !one.is_running() && !two.is_running(); });
    EXPECT_EQ(code(one), 0) << log_of(one) << one.standard_output();
    EXPECT_EQ(code(two), 0) << log_of(two) << two.standard_output();
    until("the end of all processes", [this] { return processes_with(marker_).empty(); });
    EXPECT_TRUE(fs::is_empty(runs_));
}

TEST_F(FogrealTest, AKilledHarnessLeavesNoProcessNoDatabaseAndNoFile) {
    Child& child = supervisor_.add(fogreal({}));
    child.start();
    until(
        "a run under way", [&] { return says(child, "step  3"); }, &child);
    EXPECT_GT(processes_with(marker_).size(), 8U);
    ::kill(child.pid(), SIGKILL);
    until("its end", [&] { return !child.is_running(); });
    expect_nothing_left(child, false); // not even the work directory, with the keys in it
}

TEST_F(FogrealTest, CtrlCCleansUpAndIsInconclusive) {
    Child& child = supervisor_.add(fogreal({}));
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
    Child& child = supervisor_.add(fogreal({}));
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
    Launch launch = fogreal({"--scenario", "sandwich"});
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
    Child& nowhere = supervisor_.add(fogreal({}));
    nowhere.next_launch().arguments = {"--scenario", "sandwich", "--work-dir", "/proc/nowhere"};
    nowhere.start();
    until("its end", [&] { return !nowhere.is_running(); });
    EXPECT_EQ(code(nowhere), 2);
}

TEST_F(FogrealTest, ADatabaseServerThatSomebodyKillsOrStopsIsNoFinding) {
    for (const int signal : {SIGKILL, SIGSTOP}) {
        Child& child = supervisor_.add(fogreal({}));
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
    Child& first = supervisor_.add(fogreal({"--fixed-ports"}));
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
    Child& child = supervisor_.add(fogreal({}));
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

// Its table of users is too small for the first block that pays two accounts.
constexpr const char* plan_that_ends_ingest = R"({
 "schema": 1, "topology": "accounts=2,ingest=1,user-capacity=1", "wallets_per_account": 1, "steps": [
 {"action": "activate"},
 {"action": "block", "credits": [{"account": 0, "amount": 1}, {"account": 1, "amount": 2}]},
 {"action": "settle", "amount": 5000},
 {"action": "wait", "amount": 6000}]})";

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

// ---------------------------------------------------------------------------------------- known faults

class KnownFaultTest : public FogrealTest {
protected:
    /// A file with one fault, of this sign.
    std::string known(const std::string& sign) {
        const fs::path path = work_.path() / "known.json";
        std::ofstream(path)
            << R"({"schema": 1, "release": "R 1", "faults": [{"name": "F9", "says": "It gives up.",
 "why": "w", "since": "1", "source": "s.rs", "signs": [)" +
                   sign + "]}]}";
        return path.string();
    }
    Child& run_failing(const std::string& known_file, std::vector<std::string> more = {}) {
        const fs::path plan = work_.path() / "plan.json";
        std::ofstream(plan) << plan_that_ends_ingest;
        std::vector<std::string> arguments{"--plan", plan.string(),  "--known", known_file,
                                           "--json", json_.string(), "--junit", junit_.string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(std::move(arguments));
    }
    nlohmann::json json() { return nlohmann::json::parse(read_file(json_)); }

    const fs::path json_ = work_.path() / "result.json";
    const fs::path junit_ = work_.path() / "result.xml";
};

TEST_F(KnownFaultTest, OneThatIsKnownIsToldAndNoFailure) {
    Child& child = run_failing(
        known(R"({"scenario": "lag", "check": "crash", "words": "ingest0 has ended with exit code 13"})"),
        {"--runs", "2", "--known-must-show"});
    EXPECT_EQ(code(child), 0) << log_of(child) << child.standard_output();
    const std::string& text = child.standard_output();
    EXPECT_THAT(text, HasSubstr("fogreal: KNOWN fault=F9 check=crash scenario=lag seed=2"));
    EXPECT_THAT(text, HasSubstr("Known fault F9 of R 1: It gives up.\n  2 runs, first lag seed 1; since 1"));
    EXPECT_THAT(text, HasSubstr("    the operator activates ingest0\n")) << "its story";
    EXPECT_THAT(text,
                HasSubstr("fogreal: PASS scenario=lag seeds=1..2 runs=2 failed=0 skipped=0 known=1 new=0 "
                          "gone=0\n"));
    EXPECT_EQ(json()["exit_code"], 0);
    EXPECT_EQ(json()["runs"][1]["verdict"], "known");
    EXPECT_EQ(json()["runs"][1]["known"][0], "F9");
    EXPECT_EQ(json()["known_faults"]["known"][0]["runs"], 2);
    EXPECT_THAT(read_file(junit_), HasSubstr("tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\""));
    EXPECT_THAT(read_file(junit_), HasSubstr("name=\"known fault F9\"><system-out>It gives up."));
}

TEST_F(KnownFaultTest, OneThatNobodyKnowsIsAFailure) {
    Child& child = run_failing(known(R"({"scenario": "lag", "check": "crash", "words": "exit code 14"})"));
    EXPECT_EQ(code(child), 1) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("fogreal: FAIL check=crash scenario=lag seed=1"));
    EXPECT_THAT(child.standard_output(),
                HasSubstr("New, nobody knows it: lag seed 1: check crash: ingest0 has"));
    EXPECT_THAT(child.standard_output(), HasSubstr(" known=0 new=1 gone=0\n"));
    EXPECT_EQ(json()["exit_code"], 1);
    EXPECT_THAT(json()["known_faults"]["new"][0]["what"].get<std::string>(), HasSubstr("exit code 13"));
    EXPECT_THAT(read_file(junit_), HasSubstr("failures=\"1\""));
}

TEST_F(KnownFaultTest, OneThatHasGoneIsAFailureOnDemand) {
    const std::string file = known(R"({"scenario": "sandwich", "check": "balance"})");
    Child& told = run({"--scenario", "sandwich", "--known", file});
    EXPECT_EQ(code(told), 0) << log_of(told) << told.standard_output();
    EXPECT_THAT(told.standard_output(), HasSubstr("Known fault F9 did not show: It gives up."));
    EXPECT_THAT(told.standard_output(),
                HasSubstr("fogreal: PASS scenario=sandwich seeds=1..1 runs=1 failed=0 "
                          "skipped=0 known=0 new=0 gone=1\n"));
    Child& demanded = run({"--scenario", "sandwich", "--known", file, "--known-must-show", "--json",
                           json_.string(), "--junit", junit_.string()});
    EXPECT_EQ(code(demanded), 1) << log_of(demanded) << demanded.standard_output();
    EXPECT_THAT(demanded.standard_output(), HasSubstr("fogreal: FAIL scenario=sandwich seeds=1..1"));
    EXPECT_EQ(json()["exit_code"], 1);
    EXPECT_EQ(json()["runs"][0]["verdict"], "held");
    EXPECT_EQ(json()["known_faults"]["gone"][0], "F9");
    EXPECT_THAT(read_file(junit_), HasSubstr("<failure message=\"did not show: It gives up.\"/>"));
}

TEST_F(KnownFaultTest, ABadFileIsOneLineAndExitCode2) {
    const std::pair<std::string, const char*> cases[] = {
        {R"({"scenario": "sandwhich", "check": "balance"})",
         "known.json': fault F9: there is no story 'sandwhich'"},
        {R"({"scenario": "lag", "check": "charm"})", "known.json': fault 1: there is no check 'charm'"}};
    for (const auto& [sign, why] : cases) {
        Child& child = run({"--known", known(sign)});
        EXPECT_EQ(code(child), 2) << log_of(child);
        EXPECT_THAT(log_of(child), HasSubstr("fogreal: --known: '"));
        EXPECT_THAT(log_of(child), HasSubstr(why));
        EXPECT_EQ(child.standard_output(), "");
    }
    EXPECT_TRUE(fs::is_empty(runs_)) << "nothing was started";
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

// --------------------------------------------------------------------------------------------- other wallets

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

TEST_F(OutsideWalletTest, AWalletThatContactsNobodyIsToldSo) {
    Child& child = run({"--override-remote-wallet-fog-uri", "insecure-fog://localhost:1/"});
    EXPECT_EQ(code(child), 6) << log_of(child) << child.standard_output();
    EXPECT_THAT(child.standard_output(), HasSubstr("the wallet contacted nobody"));
    EXPECT_THAT(child.standard_output(), HasSubstr("it was told insecure-fog://localhost:1/"));
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
    Launch simulated = fogreal({"--plan", plan.string()});
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
