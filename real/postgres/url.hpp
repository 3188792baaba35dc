#pragma once

#include <map>
#include <string>
#include <string_view>

namespace real::postgres {

/// Where a database is and who logs in: a libpq URL or a line of key=value pairs, taken apart.
///
/// Rules
/// 1. Only settings() and with_password() show the password; print printable().
/// 2. What is not said is libpq's business (PGHOST and so on).
class ConnectUrl {
public:
    ConnectUrl() = default;
    /// @param what  named in the error: a flag or an environment variable
    /// @throws engine::UsageError  one line, without the password
    static ConnectUrl parse(std::string_view text, std::string_view what = "DATABASE_URL");

    /// The same server, another database.
    ConnectUrl with_database(std::string_view name) const;
    /// One setting changed; an empty value takes it out.
    ConnectUrl with(std::string_view key, std::string_view value) const;
    /// Empty when not said.
    std::string database() const { return setting("dbname"); }
    std::string setting(const std::string& key) const;
    const std::map<std::string, std::string>& settings() const { return settings_; }

    /// A URL to show to people: a password reads `***`.
    std::string printable() const { return url("***"); }
    /// The whole URL, for the environment of a child process and for nothing else.
    std::string with_password() const { return url(setting("password")); }
    /// @return `text` without the password, and without those of other connection strings in it
    std::string redact(std::string_view text) const;

private:
    std::string url(const std::string& password) const;

    std::map<std::string, std::string> settings_; // libpq keyword: value
};

} // namespace real::postgres
