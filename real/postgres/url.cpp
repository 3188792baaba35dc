#include "real/postgres/url.hpp"

#include <libpq-fe.h>

#include <fmt/format.h>

#include <memory>

#include "engine/ensure.hpp"

namespace real::postgres {
namespace {

std::string percent_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || c == '.' || c == '~' || c == '*';
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

} // namespace

ConnectUrl ConnectUrl::parse(std::string_view text, std::string_view what) {
    const std::string zero_ended(text);
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        PQconninfoParse(zero_ended.c_str(), &message), &PQconninfoFree);
    // libpq's message quotes the whole text, password included.
    if (message != nullptr) PQfreemem(message);
    if (text.empty() || zero_ended.size() != text.size() || !options)
        throw engine::UsageError(fmt::format("{}: not a Postgres URL: '{}'", what, redact_urls(text)));
    ConnectUrl parsed;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr && *option->val != '\0') parsed.settings_[option->keyword] = option->val;
    // libpq looks at it only when it connects.
    if (parsed.setting("port").find_first_not_of("0123456789,") != std::string::npos)
        throw engine::UsageError(fmt::format("{}: the port is no number: '{}'", what, redact_urls(text)));
    return parsed;
}

ConnectUrl ConnectUrl::with(std::string_view key, std::string_view value) const {
    ConnectUrl changed = *this;
    changed.settings_.erase(std::string(key));
    if (!value.empty()) changed.settings_.emplace(key, value);
    return changed;
}

ConnectUrl ConnectUrl::with_database(std::string_view name) const { return with("dbname", name); }

std::string ConnectUrl::setting(const std::string& key) const {
    const auto found = settings_.find(key);
    return found == settings_.end() ? std::string() : found->second;
}

std::string ConnectUrl::url(const std::string& password) const {
    std::string text = "postgres://";
    const std::string user = setting("user");
    const std::string host = setting("host");
    const bool by_name =
        !host.empty() && host.front() != '/' && host.find_first_of(",@:") == std::string::npos;
    // Without a host the authority stays empty: "postgres://user@/db" is no URL to libpq.
    if (by_name) {
        if (!user.empty()) {
            text += percent_encode(user);
            if (settings_.contains("password")) text += ":" + percent_encode(password);
            text += '@';
        }
        text += host;
        if (settings_.contains("port")) text += ":" + setting("port");
    }
    text += '/' + percent_encode(database());
    char separator = '?';
    for (const auto& [key, value] : settings_) {
        if (key == "dbname") continue;
        if (by_name && (key == "host" || key == "port")) continue;
        if (by_name && !user.empty() && (key == "user" || key == "password")) continue;
        text += separator + key + '=' + percent_encode(key == "password" ? password : value);
        separator = '&';
    }
    return text;
}

std::string ConnectUrl::redact(std::string text) const {
    const std::string password = setting("password");
    if (password.empty()) return text;
    replace_all(text, password, "***");
    replace_all(text, percent_encode(password), "***");
    return text;
}

std::string redact_urls(std::string_view text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        constexpr std::string_view scheme = "://";
        constexpr std::string_view key = "password=";
        if (text.substr(at, scheme.size()) == scheme) {
            out += scheme;
            at += scheme.size();
            // The authority ends at the first of these; a password may hold '@', so the last one counts.
            const std::size_t end = std::min(text.find_first_of("/?# \t\n\"'", at), text.size());
            const std::string_view authority = text.substr(at, end - at);
            const std::size_t login_end = authority.rfind('@');
            const std::size_t colon = authority.find(':');
            if (login_end != std::string_view::npos && colon < login_end) {
                out += authority.substr(0, colon + 1);
                out += "***";
                out += authority.substr(login_end);
            } else if (login_end == std::string_view::npos && colon != std::string_view::npos &&
                       text.substr(end).find('@') != std::string_view::npos) {
                // An unquoted '/' or '?' in the password: everything up to the '@' goes.
                const std::size_t stop = text.find('@', end);
                out += authority.substr(0, colon + 1);
                out += "***";
                at = stop;
                continue;
            } else {
                out += authority;
            }
            at = end;
        } else if (text.substr(at, key.size()) == key) {
            out += key;
            at += key.size();
            std::size_t end = at;
            if (end < text.size() && text[end] == '\'') {
                for (++end; end < text.size() && text[end] != '\''; ++end)
                    if (text[end] == '\\') ++end;
                end = std::min(end + 1, text.size());
            } else {
                end = std::min(text.find_first_of("& \t\n\"", at), text.size());
            }
            out += "***";
            at = end;
        } else {
            out += text[at++];
        }
    }
    return out;
}

} // namespace real::postgres
