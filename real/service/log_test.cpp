#include "real/service/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace real::service {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;

bool passes(std::string_view filter, LogLevel level, std::string_view target) {
    const auto parsed = LogFilter::parse(filter);
    EXPECT_TRUE(parsed) << filter;
    return parsed && parsed->passes(level, target);
}

TEST(LogFilterTest, ALevelHoldsForEveryTarget) {
    EXPECT_TRUE(passes("info", LogLevel::info, "x"));
    EXPECT_FALSE(passes("info", LogLevel::debug, "x"));
    EXPECT_TRUE(passes("", LogLevel::info, "x"));
    EXPECT_TRUE(passes("TRACE", LogLevel::trace, "x"));
    EXPECT_FALSE(passes("off", LogLevel::critical, "x"));
}

TEST(LogFilterTest, TheLongestTargetThatFitsWins) {
    const char* filter = "warn, fog_view=debug,fog_view_router=error";
    EXPECT_TRUE(passes(filter, LogLevel::debug, "fog_view_server"));
    EXPECT_FALSE(passes(filter, LogLevel::warn, "fog_view_router"));
    EXPECT_FALSE(passes(filter, LogLevel::info, "key_image_store"));
}

TEST(LogFilterTest, RefusesWhatIsNoLevel) {
    for (const char* text : {"loud", "a=loud", "a=", "info,b", "=x"})
        EXPECT_FALSE(LogFilter::parse(text)) << text;
}

std::string written(Log& log, LogLevel level, std::string_view text) {
    CaptureStdout();
    log.line(level, text);
    return GetCapturedStdout();
}

TEST(LogTest, ALineHasTimeLevelTargetAndText) {
    Log log("fog_view_server");
    EXPECT_THAT(written(log, LogLevel::warn, "three blocks behind"),
                testing::ContainsRegex("^20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9:]+\\.[0-9][0-9][0-9]Z WARN  "
                                       "fog_view_server: three blocks behind\n$"));
}

TEST(LogTest, FormattedLinesBelowTheFilterAreNotWritten) {
    Log log("x");
    CaptureStdout();
    log.debug("{} sheep", 1);
    log.info("{} sheep", 2);
    EXPECT_TRUE(log.set_filter("debug"));
    log.debug("{} sheep", 3);
    EXPECT_FALSE(log.set_filter("loud"));
    EXPECT_EQ(log.filter_text(), "debug");
    const std::string out = GetCapturedStdout();
    EXPECT_EQ(out.find("1 sheep"), std::string::npos);
    EXPECT_NE(out.find("2 sheep"), std::string::npos);
    EXPECT_NE(out.find("3 sheep"), std::string::npos);
}

TEST(LogTest, AMessageCannotLookLikeTwo) {
    Log log("x");
    const std::string out = written(log, LogLevel::info, "first\n2026 INFO  x: second\x1b[31m");
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
    EXPECT_EQ(out.find('\x1b'), std::string::npos);
}

TEST(LogTest, ASecretAppearsInNoLine) {
    Log log("x");
    log.hide("correct horse");
    log.hide("pw"); // too short to be hidden
    const std::string out =
        written(log, LogLevel::error, "cannot reach postgres://bob:correct horse@db (pw, correct horse)");
    EXPECT_EQ(out.find("correct horse"), std::string::npos) << out;
    EXPECT_NE(out.find("bob:***@db (pw, ***)"), std::string::npos) << out;
}

TEST(LogTest, ASecretThatIsPartOfItsReplacementEndsNoLine) {
    for (const char* secret : {"redacted", "acted", "****"}) {
        Log log("x");
        log.hide(secret);
        const std::string out = written(log, LogLevel::error, std::string("the secret is ") + secret);
        EXPECT_NE(out.find("the secret is ***\n"), std::string::npos) << out;
    }
}

/// The log's variables, put back afterwards.
class LogEnvironmentTest : public testing::Test {
protected:
    ~LogEnvironmentTest() override {
        for (const char* variable : variables) ::unsetenv(variable);
    }
    static constexpr const char* variables[] = {"RUST_LOG", "MC_LOG", "MC_LOG_STDERR", "MC_LOG_JSON",
                                                "MC_LOG_EXTRA_CONTEXT"};
};

TEST_F(LogEnvironmentTest, RustLogWinsOverMcLog) {
    ::setenv("MC_LOG", "debug", 1);
    EXPECT_EQ(LogSettings::from_environment().filter.text(), "debug");
    ::setenv("RUST_LOG", "error", 1);
    EXPECT_EQ(LogSettings::from_environment().filter.text(), "error");
}

TEST_F(LogEnvironmentTest, WhatIsNotUnderstoodIsSaidAndLeftOut) {
    ::setenv("MC_LOG", "loud", 1);
    ::setenv("MC_LOG_EXTRA_CONTEXT", "pod=a,nothing", 1);
    const LogSettings settings = LogSettings::from_environment();
    EXPECT_EQ(settings.filter.text(), "info");
    EXPECT_EQ(settings.context.size(), 1u);
    CaptureStdout();
    Log log("x", settings);
    const std::string out = GetCapturedStdout();
    EXPECT_NE(out.find("MC_LOG: 'loud' is no log filter, using info, pod: a\n"), std::string::npos) << out;
    EXPECT_NE(out.find("MC_LOG_EXTRA_CONTEXT: 'nothing' is not name=value"), std::string::npos) << out;
}

TEST_F(LogEnvironmentTest, StderrAndJsonAreOptions) {
    ::setenv("MC_LOG_STDERR", "1", 1);
    ::setenv("MC_LOG_JSON", "1", 1);
    Log log("x", LogSettings::from_environment());
    CaptureStdout();
    CaptureStderr();
    log.info("say \"hi\"");
    EXPECT_EQ(GetCapturedStdout(), "");
    EXPECT_NE(GetCapturedStderr().find(R"("level":"info","target":"x","msg":"say \"hi\""})"),
              std::string::npos);
}

TEST(PanicTest, SaysWhyWaitsASecondAndEndsWithCode13) {
    int out[2];
    ASSERT_EQ(::pipe(out), 0);
    const auto begun = std::chrono::steady_clock::now();
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(out[1], STDOUT_FILENO);
        Log log("x");
        log.hide("sesame");
        panic(log, "the door says sesame");
    }
    ::close(out[1]);
    std::string text;
    char buffer[256];
    for (ssize_t got; (got = ::read(out[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(got));
    ::close(out[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 13);
    EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
    EXPECT_NE(text.find("CRIT  x: the door says ***\n"), std::string::npos) << text;
    EXPECT_NE(text.find("WE CRASHED"), std::string::npos) << text;
}

} // namespace
} // namespace real::service
