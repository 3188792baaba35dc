#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "real/secret/redactor.hpp"

// What a service tells people: one line an event, on stdout or stderr.
// @source mobilecoin a2229c005 common/src/logger, common/src/panic_handler.rs

namespace real::service {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, critical, off };
const char* name(LogLevel level);

/// What RUST_LOG says: `info`, or `warn,fog_view_server=debug`.  The longest target that begins a line's own
/// wins.
class LogFilter {
public:
    LogFilter() = default; ///< info
    /// @return nothing when a part is neither a level nor `target=level`
    static std::optional<LogFilter> parse(std::string_view text);

    bool passes(LogLevel level, std::string_view target) const;
    const std::string& text() const { return text_; }

private:
    std::string text_ = "info";
    LogLevel level_ = LogLevel::info;
    std::map<std::string, LogLevel, std::less<>> targets_;
};

/// How the process environment wants the log.
struct LogSettings {
    LogFilter filter;
    bool to_stderr = false;
    bool json = false;
    /// Added to every line: `MC_LOG_EXTRA_CONTEXT=k=v,k=v`.
    std::vector<std::pair<std::string, std::string>> context;
    /// Parts of the environment that were not understood, for the first log line.
    std::vector<std::string> complaints;

    /// Reads MC_LOG, RUST_LOG, MC_LOG_STDERR, MC_LOG_JSON and MC_LOG_EXTRA_CONTEXT.
    static LogSettings from_environment();
};

/// Writes lines of the form
///
///     2026-11-26T10:54:12.345Z INFO  fog_view_server: loaded block 7
///
/// Rules
/// 1. One write a line: lines of several threads and processes do not mix.
/// 2. A registered secret or the password of a URL never leaves the process: every line is searched for them.
/// 3. Control characters of a text are escaped, so that a message cannot look like two lines.
class Log {
public:
    /// @param target  name of the program
    explicit Log(std::string target, LogSettings settings = {});

    template <class... Args>
    void trace(fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::trace, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void debug(fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::debug, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::info, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warn(fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::warn, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void error(fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::error, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void critical(fmt::format_string<Args...> text, Args&&... args) {
        write(LogLevel::critical, text, std::forward<Args>(args)...);
    }

    bool passes(LogLevel level) const;
    void line(LogLevel level, std::string_view text);

    /// From now on `secret` appears as `***`, if it has four bytes or more.
    void hide(std::string_view secret);
    /// `text` without the registered secrets and the passwords of URLs.
    std::string redacted(std::string_view text) const;

    /// @return whether the text was understood; otherwise nothing changes
    bool set_filter(std::string_view text);
    std::string filter_text() const;
    const std::string& target() const { return target_; }

private:
    template <class... Args>
    void write(LogLevel level, fmt::format_string<Args...> text, Args&&... args) {
        if (passes(level)) line(level, fmt::format(text, std::forward<Args>(args)...));
    }

    const std::string target_;
    const LogSettings settings_;
    mutable std::mutex mutex_; ///< guards what follows: the gRPC thread may log
    LogFilter filter_;
    secret::Redactor redactor_;
};

/// What upstream's servers do when something cannot go on: says so, waits a second so that a supervisor does
/// not spin, and ends the process with code 13 without running destructors.
[[noreturn]] void panic(Log& log, std::string_view why);
inline constexpr int exit_panic = 13;

} // namespace real::service
