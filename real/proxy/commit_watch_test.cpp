#include "real/proxy/commit_watch.hpp"

#include <gtest/gtest.h>

namespace real {
namespace {

std::string length(std::size_t n) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift & 0xff);
    return out;
}
std::string message(char type, const std::string& body) { return type + length(body.size() + 4) + body; }
const std::string zero(1, '\0');

std::string startup() {
    return length(4 + 4 + 10) + length(196608) + "user" + zero + "me" + zero + zero + zero;
}
std::string query(const std::string& sql) { return message('Q', sql + zero); }
std::string parse(const std::string& name, const std::string& sql) {
    return message('P', name + zero + sql + zero + zero + zero);
}
std::string bind(const std::string& name) { return message('B', zero + name + zero + std::string(6, '\0')); }
std::string complete(const std::string& tag) { return message('C', tag + zero); }

TEST(CommitWatchTest, APlainCommitIsFoundWithWhatStandsBeforeIt) {
    CommitWatch watch;
    EXPECT_FALSE(watch.from_client(startup()).commit);
    EXPECT_FALSE(watch.from_client(query("BEGIN")).commit);
    const std::string before = query("INSERT INTO t VALUES ('COMMIT')");
    const auto seen = watch.from_client(before + query("COMMIT") + query("BEGIN"));
    EXPECT_TRUE(seen.commit);
    EXPECT_EQ(seen.before, before.size());
    EXPECT_TRUE(watch.from_client(query(" commit ; ")).commit);
    EXPECT_FALSE(watch.from_client(query("ROLLBACK")).commit);
    EXPECT_FALSE(watch.from_client(query("COMMIT PREPARED 'x'")).commit);
}

TEST(CommitWatchTest, APreparedCommitIsOneWhenItIsBoundNotWhenItIsParsed) {
    CommitWatch watch;
    watch.from_client(startup());
    EXPECT_FALSE(watch.from_client(parse("s1", "COMMIT") + parse("s2", "SELECT 1")).commit);
    EXPECT_FALSE(watch.from_client(bind("s2")).commit);
    EXPECT_TRUE(watch.from_client(bind("s1")).commit);
    // The unnamed statement is replaced by the next.
    EXPECT_TRUE(watch.from_client(parse("", "COMMIT") + bind("")).commit);
    EXPECT_FALSE(watch.from_client(parse("", "SELECT 1") + bind("")).commit);
}

TEST(CommitWatchTest, ItDoesNotMatterHowTheStreamIsCut) {
    const std::string stream = startup() + query("BEGIN") + query(std::string(1000, 'x')) + query("COMMIT");
    for (std::size_t piece = 1; piece < 60; ++piece) {
        CommitWatch watch;
        int commits = 0;
        for (std::size_t at = 0; at < stream.size(); at += piece)
            if (watch.from_client(std::string_view(stream).substr(at, piece)).commit) ++commits;
        EXPECT_EQ(commits, 1) << "pieces of " << piece;
    }
}

TEST(CommitWatchTest, TheAcknowledgementIsFoundAlsoAfterARefusalOfTls) {
    CommitWatch plain;
    plain.from_client(startup());
    EXPECT_FALSE(plain.from_server(message('R', length(0)) + complete("INSERT 0 1")).commit);
    EXPECT_TRUE(plain.from_server(complete("COMMIT")).commit);
    EXPECT_FALSE(plain.from_server(complete("ROLLBACK")).commit);

    CommitWatch watch;
    watch.from_client(length(8) + length(80877103));
    EXPECT_FALSE(watch.from_server("N").commit);
    watch.from_client(startup());
    EXPECT_FALSE(watch.from_server(message('R', length(0))).commit);
    EXPECT_TRUE(watch.from_client(query("COMMIT")).commit);
    EXPECT_TRUE(watch.from_server(complete("COMMIT")).commit);
}

TEST(CommitWatchTest, NonsenseDoesNoHarm) {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        CommitWatch watch;
        std::string bytes;
        std::uint64_t state = seed;
        for (int i = 0; i < 200; ++i) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            bytes += static_cast<char>(state >> 56);
        }
        watch.from_client(bytes);
        watch.from_server(bytes);
    }
}

} // namespace
} // namespace real
