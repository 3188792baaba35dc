#include "real/postgres/url.hpp"

#include <gtest/gtest.h>

#include "engine/ensure.hpp"

namespace {

using real::postgres::ConnectUrl;

TEST(PostgresUrl, KnowsBothFormsOfLibpq) {
    const ConnectUrl url = ConnectUrl::parse("postgres://alice:p%40ss@db.example:5433/fog?sslmode=disable");
    EXPECT_EQ(url.setting("user"), "alice");
    EXPECT_EQ(url.setting("password"), "p@ss");
    EXPECT_EQ(url.setting("host"), "db.example");
    EXPECT_EQ(url.setting("port"), "5433");
    EXPECT_EQ(url.database(), "fog");
    EXPECT_EQ(
        ConnectUrl::parse("host=db.example port=5433 user=alice password='p@ss' dbname=fog sslmode=disable")
            .settings(),
        url.settings());
}

TEST(PostgresUrl, WritingAndReadingGivesTheSame) {
    for (const char* text :
         {"postgres://alice:p%40ss%2F%3F@db.example:5433/fog?sslmode=disable", "postgres:///fog",
          "host=/tmp/a%20b user=x dbname=y", "host=h1,h2 port=1,2 user=u password=p",
          "postgresql://[::1]:5432/fog", "user=x password='a b\\'c' host=h", "postgres://h/"}) {
        const ConnectUrl url = ConnectUrl::parse(text);
        EXPECT_EQ(ConnectUrl::parse(url.with_password()).settings(), url.settings()) << url.with_password();
    }
}

TEST(PostgresUrl, ShowsNoPassword) {
    for (const char* text : {"postgres://alice:geheim@db/fog", "postgres://db/fog?user=a&password=geheim",
                             "host=/tmp user=a password=geheim", "password=geheim"}) {
        const std::string shown = ConnectUrl::parse(text).printable();
        EXPECT_EQ(shown.find("geheim"), std::string::npos) << shown;
        EXPECT_NE(shown.find("***"), std::string::npos) << shown;
    }
    EXPECT_EQ(ConnectUrl::parse("postgres://alice:a%20bc@db/fog").redact("no 'a bc' or a%20bc here"),
              "no '***' or *** here");
}

TEST(PostgresUrl, AnotherDatabaseOfTheSameServer) {
    const ConnectUrl url = ConnectUrl::parse("postgres://alice:x@db/fog").with_database("other");
    EXPECT_EQ(url.printable(), "postgres://alice:***@db/other");
    EXPECT_EQ(url.with("password", "").printable(), "postgres://alice@db/other");
}

TEST(PostgresUrl, BadOnesAreNamedWithoutTheirPassword) {
    for (const char* text :
         {"", "postgres://alice:geheim@db:12:13/x", "postgres://alice:geheim@db/x?nonsense=1",
          "postgres://alice:geheim", "mysql://alice:geheim@db/x", "host=db password=geheim nonsense=1",
          "postgres://alice:ge%zzheim@db/x"}) {
        try {
            ConnectUrl::parse(text, "--postgres");
            ADD_FAILURE() << text;
        } catch (const engine::UsageError& error) {
            const std::string what = error.what();
            EXPECT_EQ(what.rfind("--postgres: ", 0), 0u) << what;
            if (std::string_view(text) != "postgres://alice:geheim") {
                EXPECT_EQ(what.find("geheim"), std::string::npos) << what;
            }
            EXPECT_EQ(what.find("heim@"), std::string::npos) << what;
            EXPECT_EQ(what.find('\n'), std::string::npos) << what;
        }
    }
}

TEST(PostgresUrl, APasswordIsNeverTakenForAHost) {
    // To libpq this is the password p and the host ss@h.
    try {
        ConnectUrl::parse("postgres://u:p@ss@h:1/d", "--postgres");
        ADD_FAILURE() << "accepted";
    } catch (const engine::UsageError& error) {
        EXPECT_STREQ(error.what(), "--postgres: a host holds no '@'; in a password it is written %40: "
                                   "'postgres://u:***@h:1/d'");
    }
}

} // namespace
