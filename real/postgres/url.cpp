#include "real/postgres/url.hpp"

#include <libpq-fe.h>

#include <fmt/format.h>

#include <memory>

#include "engine/ensure.hpp"
#include "real/secret/redactor.hpp"

namespace real::postgres {

using secret::percent_encoded;
using secret::redacted;

ConnectUrl ConnectUrl::parse(std::string_view text, std::string_view what) {
    const std::string zero_ended(text);
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        PQconninfoParse(zero_ended.c_str(), &message), &PQconninfoFree);
    // libpq's message quotes the whole text, password included.
    if (message != nullptr) PQfreemem(message);
    if (text.empty() || zero_ended.size() != text.size() || !options)
        throw engine::UsageError(fmt::format("{}: not a Postgres URL: '{}'", what, redacted(text)));
    ConnectUrl parsed;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr && *option->val != '\0') parsed.settings_[option->keyword] = option->val;
    // libpq looks at it only when it connects.
    if (parsed.setting("port").find_first_not_of("0123456789,") != std::string::npos)
        throw engine::UsageError(fmt::format("{}: the port is no number: '{}'", what, redacted(text)));
    // libpq takes the first '@' for the end of a password, so that the rest of it would go about as a host.
    if (parsed.setting("host").find('@') != std::string::npos)
        throw engine::UsageError(fmt::format("{}: a host holds no '@'; in a password it is written %40: '{}'",
                                             what, redacted(text)));
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
            text += percent_encoded(user);
            if (settings_.contains("password")) text += ":" + percent_encoded(password);
            text += '@';
        }
        text += host;
        if (settings_.contains("port")) text += ":" + setting("port");
    }
    text += '/' + percent_encoded(database());
    char separator = '?';
    for (const auto& [key, value] : settings_) {
        if (key == "dbname") continue;
        if (by_name && (key == "host" || key == "port")) continue;
        if (by_name && !user.empty() && (key == "user" || key == "password")) continue;
        text += separator + key + '=' + percent_encoded(key == "password" ? password : value);
        separator = '&';
    }
    return text;
}

std::string ConnectUrl::redact(std::string_view text) const {
    secret::Redactor redactor;
    redactor.hide(setting("password"));
    return redactor(text);
}

} // namespace real::postgres
