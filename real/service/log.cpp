#include "real/service/log.hpp"

#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace real::service {
namespace {

constexpr std::array<std::string_view, 7> level_names = {"trace", "debug",    "info", "warn",
                                                         "error", "critical", "off"};
constexpr std::array<const char*, 7> level_labels = {"TRACE", "DEBG", "INFO", "WARN", "ERRO", "CRIT", "OFF"};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::optional<LogLevel> parse_level(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (lower == "warning") lower = "warn";
    const auto found = std::find(level_names.begin(), level_names.end(), lower);
    if (found == level_names.end()) return std::nullopt;
    return static_cast<LogLevel>(found - level_names.begin());
}

template <class OnPart>
void split(std::string_view text, OnPart on_part) {
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view part = trimmed(text.substr(0, comma));
        if (!part.empty()) on_part(part);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
}

std::string_view environment(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr ? std::string_view(value) : std::string_view();
}

bool is_on(std::string_view value) { return value == "1" || value == "true"; }

std::string now_text() {
    using namespace std::chrono;
    const auto now = time_point_cast<milliseconds>(system_clock::now());
    const auto seconds_part = time_point_cast<seconds>(now);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(seconds_part)),
                       (now - seconds_part).count());
}

std::string escaped(std::string_view text, bool json) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (json && (c == '"' || c == '\\')) {
            out += {'\\', c};
        } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
            if (c == '\n')
                out += "\\n";
            else
                out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
            out.push_back(c);
        }
    }
    return out;
}

void write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return; // nobody can be told that nobody listens
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

} // namespace

const char* name(LogLevel level) { return level_names[static_cast<std::size_t>(level)].data(); }

std::optional<LogFilter> LogFilter::parse(std::string_view text) {
    LogFilter filter;
    filter.text_ = text;
    bool understood = true;
    split(text, [&](std::string_view part) {
        const std::size_t equals = part.find('=');
        const auto level =
            parse_level(trimmed(part.substr(equals == std::string_view::npos ? 0 : equals + 1)));
        if (!level)
            understood = false;
        else if (equals == std::string_view::npos)
            filter.level_ = *level;
        else
            filter.targets_.insert_or_assign(std::string(trimmed(part.substr(0, equals))), *level);
    });
    if (!understood) return std::nullopt;
    return filter;
}

bool LogFilter::passes(LogLevel level, std::string_view target) const {
    LogLevel least = level_;
    std::size_t longest = 0;
    for (const auto& [begin, target_level] : targets_)
        if (target.starts_with(begin) && begin.size() >= longest) {
            longest = begin.size();
            least = target_level;
        }
    return level >= least && level != LogLevel::off;
}

LogSettings LogSettings::from_environment() {
    LogSettings settings;
    const char* variable = "RUST_LOG";
    std::string_view filter = environment(variable);
    if (filter.empty()) filter = environment(variable = "MC_LOG");
    if (const auto parsed = LogFilter::parse(filter)) {
        if (!filter.empty()) settings.filter = *parsed;
    } else {
        settings.complaints.push_back(fmt::format("{}: '{}' is no log filter, using info", variable, filter));
    }
    settings.to_stderr = is_on(environment("MC_LOG_STDERR"));
    settings.json = is_on(environment("MC_LOG_JSON"));
    split(environment("MC_LOG_EXTRA_CONTEXT"), [&](std::string_view part) {
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos || equals == 0)
            settings.complaints.push_back(fmt::format("MC_LOG_EXTRA_CONTEXT: '{}' is not name=value", part));
        else
            settings.context.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    });
    return settings;
}

Log::Log(std::string target, LogSettings settings)
    : target_(std::move(target)), settings_(std::move(settings)), filter_(settings_.filter) {
    for (const std::string& complaint : settings_.complaints) line(LogLevel::warn, complaint);
}

bool Log::passes(LogLevel level) const {
    const std::lock_guard lock(mutex_);
    return filter_.passes(level, target_);
}

void Log::line(LogLevel level, std::string_view text) {
    const std::string clean = escaped(redacted(text), settings_.json);
    std::string out;
    if (settings_.json) {
        out = fmt::format(R"({{"ts":"{}","level":"{}","target":"{}","msg":"{}")", now_text(), name(level),
                          target_, clean);
        for (const auto& [key, value] : settings_.context)
            out += fmt::format(R"(,"{}":"{}")", escaped(key, true), escaped(value, true));
        out += "}\n";
    } else {
        out = fmt::format("{} {:5} {}: {}", now_text(), level_labels[static_cast<std::size_t>(level)],
                          target_, clean);
        for (const auto& [key, value] : settings_.context)
            out += fmt::format(", {}: {}", key, escaped(value, false));
        out.push_back('\n');
    }
    const std::lock_guard lock(mutex_);
    write_all(settings_.to_stderr ? STDERR_FILENO : STDOUT_FILENO, out);
}

void Log::hide(std::string_view secret) {
    const std::lock_guard lock(mutex_);
    redactor_.hide(secret);
}

std::string Log::redacted(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    return redactor_(text);
}

bool Log::set_filter(std::string_view text) {
    const auto filter = LogFilter::parse(text);
    if (!filter) return false;
    const std::lock_guard lock(mutex_);
    filter_ = *filter;
    return true;
}

std::string Log::filter_text() const {
    const std::lock_guard lock(mutex_);
    return filter_.text();
}

void panic(Log& log, std::string_view why) {
    log.line(LogLevel::critical, why);
    log.line(LogLevel::critical,
             "********** WE CRASHED: this process ends in one second, with code 13 **********");
    std::this_thread::sleep_for(std::chrono::seconds(1));
    ::_exit(exit_panic);
}

} // namespace real::service
