// A run on a database server that somebody else has: everything of theirs is left as it was.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "real/postgres/cluster.hpp"
#include "real/postgres/test_database.hpp"
#include "tools/fogreal/testing/fogreal_bed.hpp"

namespace tools::fogreal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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
        Child& child = supervisor_.add(launch_of(std::move(arguments)));
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
    Launch launch = launch_of({"--scenario", "sandwich"});
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
    Child& child = supervisor_.add(launch_of({"--postgres", url(), "--plan", plan.string()}));
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

} // namespace
} // namespace tools::fogreal
