#include <gtest/gtest.h>

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <memory>

#include "real/postgres/test_database.hpp"

// fog-sql-recovery-db-migrations and mc-fog-sql-recovery-db-cleanup as their users run them.

namespace {

using namespace real::postgres;

/// Runs a program with a database.  @return all it wrote, and its exit code behind "exit="
std::string run_tool(const std::string& command, const std::string& url) {
    const std::string line =
        fmt::format("env DATABASE_URL='{}' {}/{} 2>&1; printf 'exit=%d' $?", url, FOG_PROGRAM_DIR, command);
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(line.c_str(), "r"), &::pclose);
    std::string out;
    std::array<char, 4096> buffer;
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
        out.append(buffer.data(), n);
    return out;
}

TEST(MigrationsTool, MigratesOnceAndSaysDoneEachTime) {
    const TestDatabase database(false);
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(run_tool("fog-sql-recovery-db-migrations", database.url().with_password()),
                  "Done migrating Fog recovery DB!\nexit=0");
    EXPECT_EQ(database.sql("SELECT count(*) FROM __diesel_schema_migrations"), "2");
    EXPECT_EQ(database.sql("SELECT count(*) FROM ingested_blocks"), "0");
}

TEST(MigrationsTool, FailureIsOneLineWithoutThePassword) {
    const ConnectUrl url = test_cluster().tcp_url();
    const std::string wrong =
        run_tool("fog-sql-recovery-db-migrations", url.with("password", "geheim").with_password());
    EXPECT_NE(wrong.find("password authentication failed"), std::string::npos) << wrong;
    for (const std::string& out :
         {wrong, run_tool("fog-sql-recovery-db-migrations", ""),
          run_tool("fog-sql-recovery-db-migrations", "postgres://u:geheim@h:port/x"),
          run_tool("mc-fog-sql-recovery-db-cleanup --egress-keys", "mysql://u:geheim@h/x"),
          run_tool("mc-fog-sql-recovery-db-cleanup", "")}) {
        EXPECT_EQ(out.find("geheim"), std::string::npos) << out;
        EXPECT_TRUE(out.ends_with("\nexit=101")) << out;
        EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1) << out;
    }
    const std::string usage = run_tool("fog-sql-recovery-db-migrations --nonsense", url.with_password());
    EXPECT_TRUE(usage.ends_with("\nexit=2")) << usage;
}

struct CleanupTool : ::testing::Test {
    CleanupTool() {
        database.sql("INSERT INTO ingress_keys VALUES ('\\x01', 1)");
        // Open and old, open and young, closed and old.
        const char* add =
            "INSERT INTO ingest_invocations VALUES ({}, '\\x01', '\\x0{}', (now() AT TIME ZONE 'UTC') - "
            "interval '{}', 1, {}, 0)";
        database.sql(fmt::format(fmt::runtime(add), 1, 1, "48 hours 1 minute", false));
        database.sql(fmt::format(fmt::runtime(add), 2, 2, "47 hours 59 minutes", false));
        database.sql(fmt::format(fmt::runtime(add), 3, 3, "30 days", true));
    }
    std::string open() const {
        return database.sql("SELECT string_agg(id::text, ' ' ORDER BY id) FROM ingest_invocations WHERE NOT "
                            "decommissioned");
    }
    std::string run(const std::string& flags) const {
        return run_tool("mc-fog-sql-recovery-db-cleanup " + flags, database.url().with_password());
    }
    TestDatabase database;
};

TEST_F(CleanupTool, ClosesWhatIsOlderThanTwoDays) {
    EXPECT_EQ(run(""), "nothing to do: --egress-keys was not given\nexit=0");
    EXPECT_EQ(run("--dry-run"), "nothing to do: --egress-keys was not given\nexit=0");
    EXPECT_EQ(run("--egress-keys --dry-run"),
              "would decommission ingest invocation 1\n1 expired, 0 decommissioned\nexit=0");
    EXPECT_EQ(open(), "1 2");
    EXPECT_EQ(run("--egress-keys"),
              "decommissioned ingest invocation 1\n1 expired, 1 decommissioned\nexit=0");
    EXPECT_EQ(open(), "2");
    EXPECT_EQ(
        database.sql("SELECT string_agg(decommission_ingest_invocation_id::text, ' ') FROM user_events"),
        "1");
    EXPECT_EQ(run("--egress-keys"), "0 expired, 0 decommissioned\nexit=0");
    EXPECT_TRUE(run("--egress").ends_with("exit=2"));
}

TEST_F(CleanupTool, HasItsOtherNameToo) {
    EXPECT_EQ(run_tool("fog-sql-recovery-db-cleanup --egress-keys --dry-run", database.url().with_password()),
              "would decommission ingest invocation 1\n1 expired, 0 decommissioned\nexit=0");
}

} // namespace
