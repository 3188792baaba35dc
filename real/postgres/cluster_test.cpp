#include "real/postgres/cluster.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/ensure.hpp"
#include "real/postgres/temporary_database.hpp"
#include "real/postgres/test_database.hpp"

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using real::postgres::Cluster;
using real::postgres::ConnectUrl;
using real::postgres::run_sql;
using real::postgres::TemporaryDatabase;

bool is_alive(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/stat", process));
    std::string stat;
    std::getline(file, stat);
    return !stat.empty() && stat.substr(stat.rfind(')') + 2, 1) != "Z";
}

/// Waits for a condition, for half a minute at most.
template <class Condition>
bool comes_true(Condition condition) {
    const auto due = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > due) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

/// How many processes of the machine have `word` in their command line.
int processes_with(const std::string& word) {
    int count = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "cmdline");
        std::stringstream text;
        text << file.rdbuf();
        if (text.str().find(word) != std::string::npos) ++count;
    }
    return count;
}

TEST(Cluster, ComesAndGoesWithoutATrace) {
    fs::path directory;
    pid_t server = 0;
    {
        const auto cluster = Cluster::start();
        directory = cluster->directory();
        server = cluster->pid();
        EXPECT_EQ(run_sql(cluster->url(), "SELECT 1 + 1"), "2");
        EXPECT_TRUE(cluster->is_running());
        EXPECT_EQ(fs::status(directory).permissions(), fs::perms::owner_all) << "private";
        EXPECT_EQ(run_sql(cluster->url(), "SHOW fsync"), "off");
        EXPECT_EQ(run_sql(cluster->url(), "SHOW synchronous_commit"), "on") << "a kill loses nothing";
        EXPECT_EQ(run_sql(cluster->url(), "SHOW full_page_writes"), "on") << "nor does it tear a page";
    }
    EXPECT_FALSE(fs::exists(directory));
    EXPECT_FALSE(is_alive(server));
    EXPECT_EQ(processes_with(directory.string()), 0);
}

TEST(Cluster, ServerIsNotRoot) {
    const auto cluster = Cluster::start();
    std::ifstream status(fmt::format("/proc/{}/status", cluster->pid()));
    std::string line, uids, groups;
    while (std::getline(status, line)) {
        if (line.rfind("Uid:", 0) == 0) uids = line;
        if (line.rfind("Groups:", 0) == 0) groups = line;
    }
    EXPECT_EQ(uids.find("\t0"), std::string::npos) << uids;
    EXPECT_EQ(groups.find("\t0 "), std::string::npos) << groups;
}

TEST(Cluster, WithoutTheCacheToo) {
    Cluster::Options options;
    options.use_cache = false;
    const auto cluster = Cluster::start(std::move(options));
    EXPECT_EQ(run_sql(cluster->url(), "SHOW server_encoding"), "UTF8");
}

TEST(Cluster, TwoAtOnceDoNotMeet) {
    Cluster::Options options;
    options.tcp = true;
    const auto one = Cluster::start(options);
    const auto two = Cluster::start(options);
    run_sql(one->tcp_url(), "CREATE DATABASE mine");
    EXPECT_EQ(run_sql(two->tcp_url(), "SELECT count(*) FROM pg_database WHERE datname = 'mine'"), "0");
}

TEST(Cluster, OverTcpOnlyWithThePassword) {
    Cluster::Options options;
    options.tcp = true;
    const auto cluster = Cluster::start(std::move(options));
    EXPECT_EQ(run_sql(cluster->tcp_url(), "SELECT 1"), "1");
    EXPECT_THROW(run_sql(cluster->tcp_url().with("password", "wrong"), "SELECT 1"),
                 engine::BrokenSurroundings);
    EXPECT_EQ(run_sql(cluster->tcp_url(), "SHOW listen_addresses"), "127.0.0.1");
}

TEST(Cluster, WhatWasAcknowledgedSurvivesRestartAndKill) {
    const auto cluster = Cluster::start();
    const ConnectUrl url = cluster->url();
    run_sql(url, "CREATE TABLE t (n INT)");
    run_sql(url, "INSERT INTO t VALUES (1)");
    cluster->restart();
    EXPECT_EQ(run_sql(url, "SELECT sum(n) FROM t"), "1");
    run_sql(url, "INSERT INTO t VALUES (2)");
    cluster->kill();
    EXPECT_FALSE(cluster->is_running());
    EXPECT_THROW(run_sql(url, "SELECT 1"), engine::BrokenSurroundings);
    cluster->start_again();
    cluster->wait_ready();
    EXPECT_EQ(run_sql(url, "SELECT sum(n) FROM t"), "3");
    cluster->stop();
    cluster->stop(); // a second time changes nothing
    cluster->start_again();
    cluster->wait_ready();
    EXPECT_EQ(run_sql(url, "SELECT sum(n) FROM t"), "3");
}

engine::Task<> bounce(real::IoLoop& loop, Cluster& cluster) {
    co_await cluster.restart(loop);
    co_await cluster.kill(loop);
    cluster.start_again();
    co_await cluster.until_ready(loop);
}

TEST(Cluster, RestartsWithoutBlockingTheLoop) {
    const auto cluster = Cluster::start();
    real::IoLoop loop;
    loop.run(bounce(loop, *cluster));
    EXPECT_EQ(run_sql(cluster->url(), "SELECT 1"), "1");
}

TEST(Cluster, PausedServerAnswersOnceItGoesOn) {
    const auto cluster = Cluster::start();
    cluster->pause();
    std::string answer;
    std::thread asker([&] { answer = run_sql(cluster->url(), "SELECT 42"); });
    std::ifstream stat(fmt::format("/proc/{}/stat", cluster->pid()));
    std::string line;
    std::getline(stat, line);
    EXPECT_EQ(line.substr(line.rfind(')') + 2, 1), "T");
    cluster->resume();
    asker.join();
    EXPECT_EQ(answer, "42");
}

TEST(Cluster, LogGoesWhereItWasAskedTo) {
    std::string pattern = (fs::temp_directory_path() / "fog-log-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    Cluster::Options options;
    options.log = fs::path(pattern) / "server.log";
    {
        const auto cluster = Cluster::start(options);
        EXPECT_THROW(run_sql(cluster->url(), "SELECT nonsense"), engine::BrokenSurroundings);
        EXPECT_NE(cluster->log_tail().find("nonsense"), std::string::npos) << cluster->log_tail();
        EXPECT_EQ(cluster->log_tail(1).find("\n"), cluster->log_tail(1).size() - 1) << "one line";
    }
    EXPECT_TRUE(fs::exists(options.log)) << "and stays there";
    fs::remove_all(pattern);
}

TEST(Cluster, StartThatFailsSaysWhy) {
    Cluster::Options options;
    options.connections_max = 0; // the server refuses that
    try {
        Cluster::start(std::move(options));
        ADD_FAILURE();
    } catch (const engine::BrokenSurroundings& error) {
        EXPECT_NE(std::string(error.what()).find("max_connections"), std::string::npos) << error.what();
    }
}

/// A process that starts a cluster and a temporary database, says where, and waits to be killed.
struct Owner {
    Owner() {
        int ends[2];
        ENSURE(::pipe(ends) == 0);
        pid = ::fork();
        if (pid == 0) {
            const auto cluster = Cluster::start();
            const TemporaryDatabase temporary(real::postgres::test_cluster().tcp_url());
            const std::string line = fmt::format("{} {} {}\n", cluster->directory().string(), cluster->pid(),
                                                 temporary.url().database());
            ENSURE(::write(ends[1], line.data(), line.size()) == static_cast<ssize_t>(line.size()));
            for (;;) ::pause();
        }
        ::close(ends[1]);
        std::string line;
        for (char c; ::read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
        ::close(ends[0]);
        std::stringstream words(line);
        words >> directory >> server >> database;
    }
    ~Owner() {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    pid_t pid = 0;
    pid_t server = 0;
    std::string directory;
    std::string database;
};

std::string databases_named(const std::string& name) {
    return run_sql(real::postgres::test_cluster().url(),
                   fmt::format("SELECT count(*) FROM pg_database WHERE datname = '{}'", name));
}

TEST(Cluster, NothingIsLeftWhenTheOwnerIsKilled) {
    real::postgres::test_cluster();
    fs::path directory;
    std::string database;
    pid_t server = 0;
    {
        const Owner owner;
        directory = owner.directory;
        database = owner.database;
        server = owner.server;
        ASSERT_TRUE(is_alive(server));
        ASSERT_EQ(databases_named(database), "1");
    }
    EXPECT_TRUE(comes_true([&] { return !fs::exists(directory); }));
    EXPECT_TRUE(comes_true([&] { return !is_alive(server); }));
    EXPECT_TRUE(comes_true([&] { return processes_with(directory.string()) == 0; }));
    EXPECT_TRUE(comes_true([&] { return databases_named(database) == "0"; }));
}

TEST(Cluster, ServerEndsWithItsKeeper) {
    pid_t server = 0, keeper = 0;
    {
        const auto cluster = Cluster::start();
        server = cluster->pid();
        std::ifstream stat(fmt::format("/proc/{}/stat", server));
        std::string line;
        std::getline(stat, line);
        std::stringstream rest(line.substr(line.rfind(')') + 4));
        rest >> keeper;
        ASSERT_GT(keeper, 1);
        ::kill(keeper, SIGKILL);
        EXPECT_TRUE(comes_true([&] { return !is_alive(server); }));
    }
}

TEST(TemporaryDatabase, ComesAndGoes) {
    std::string name;
    {
        const TemporaryDatabase database(real::postgres::test_cluster().tcp_url());
        name = database.url().database();
        EXPECT_EQ(run_sql(database.url(), "SELECT current_database()"), name);
        EXPECT_EQ(processes_with(database.url().setting("password")), 0) << "nobody shows the password";
        EXPECT_GE(processes_with(name), 1) << "and the keeper was among those looked at";
    }
    EXPECT_EQ(databases_named(name), "0");
}

TEST(TemporaryDatabase, ServerThatCannotBeReachedIsNamedWithoutPassword) {
    const ConnectUrl url = ConnectUrl::parse("postgres://u:geheim@127.0.0.1:1/x");
    try {
        const TemporaryDatabase database(url);
        ADD_FAILURE();
    } catch (const engine::BrokenSurroundings& error) {
        const std::string what = error.what();
        EXPECT_NE(what.find("127.0.0.1"), std::string::npos) << what;
        EXPECT_EQ(what.find("geheim"), std::string::npos) << what;
    }
}

} // namespace
