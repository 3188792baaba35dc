#include "real/secret/redactor.hpp"

#include <libpq-fe.h>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace real::secret {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view scheme_end = "://";
constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view token_ends = " \t\r\n\"'<>";
constexpr std::size_t worth_hiding = 4;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with_word(std::string_view text, std::string_view word) {
    return text.size() >= word.size() &&
           std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

std::size_t end_of(std::string_view text, std::string_view ends, std::size_t from) {
    return std::min(text.find_first_of(ends, from), text.size());
}

/// Every place of a known secret, the longest first, once from left to right.  @pre longest first
std::string without(std::string_view text, const std::vector<std::string>& secrets) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto found = std::find_if(secrets.begin(), secrets.end(), [&](const std::string& secret) {
            return text.substr(at).starts_with(secret);
        });
        if (found == secrets.end()) {
            out += text[at++];
        } else {
            out += mask;
            at += found->size();
        }
    }
    return out;
}

/// What libpq reads as secret in a connection string: libpq marks such keywords itself.
/// @return nothing when libpq does not take `text` for a connection string
std::optional<std::vector<std::string>> secrets_of(const std::string& text) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        PQconninfoParse(text.c_str(), &message), &PQconninfoFree);
    if (message != nullptr) PQfreemem(message); // it quotes the password
    if (!options) return std::nullopt;
    std::vector<std::string> out;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr && *option->val != '\0' && std::string_view(option->dispchar) == "*")
            out.emplace_back(option->val);
    return out;
}

/// @pre text begins behind "://"; appends the login and host of a URL.  @return where they end
std::size_t append_authority(std::string& out, std::string_view text) {
    const std::string_view token = text.substr(0, end_of(text, token_ends, 0));
    const std::size_t end = end_of(token, "/?#", 0);
    const std::string_view authority = token.substr(0, end);
    const std::size_t colon = authority.find(':');
    if (colon == npos) {
        out += authority;
        return end;
    }
    std::size_t login_end = authority.rfind('@'); // a password may hold '@': the last one counts
    if (login_end == npos) {
        // A '/' or '?' in a password that was not encoded?  A port is followed by a path.
        const std::string_view port = authority.substr(colon + 1);
        const bool is_port = !port.empty() && port.find_first_not_of("0123456789") == npos;
        const std::size_t farthest = is_port ? std::min(token.find('?'), token.find(scheme_end)) : npos;
        login_end = token.substr(0, farthest).find('@', end);
    }
    if (login_end == npos || login_end < colon) {
        out += authority;
        return end;
    }
    out += authority.substr(0, colon + 1);
    out += mask;
    if (login_end > end) return login_end;
    out += authority.substr(login_end);
    return end;
}

/// @pre text begins behind "password"; appends "=" and the mask.  @return what was used up, 0 when no value
/// stands here
std::size_t append_value(std::string& out, std::string_view text) {
    std::size_t at = text.find_first_not_of(blanks);
    if (at == npos || text[at] != '=') return 0;
    const std::size_t value = text.find_first_not_of(blanks, at + 1);
    if (value == npos) return 0;
    std::size_t end = value;
    if (text[value] == '\'') {
        for (++end; end < text.size() && text[end] != '\''; ++end)
            if (text[end] == '\\') ++end;
        end = std::min(end + 1, text.size());
    } else {
        for (; end < text.size() && text[end] != '&' && token_ends.find(text[end]) == npos; ++end)
            if (text[end] == '\\') ++end;
        end = std::min(end, text.size());
    }
    out += text.substr(0, value);
    out += mask;
    return end;
}

/// Blots out what looks like a password by its place.
std::string without_places(std::string_view text) {
    constexpr std::string_view word = "password";
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with(scheme_end)) {
            out += scheme_end;
            at += scheme_end.size();
            at += append_authority(out, text.substr(at));
        } else if (starts_with_word(rest, word)) {
            out += rest.substr(0, word.size());
            at += word.size();
            at += append_value(out, text.substr(at));
        } else {
            out += text[at++];
        }
    }
    return out;
}

/// One connection string, or what might be one.
std::string without_password(std::string_view text) {
    std::string clean = without_places(text);
    const auto before = secrets_of(std::string(text));
    if (!before || before->empty()) return clean;
    // The places are right when libpq finds nothing else there any more.
    const auto after = secrets_of(clean);
    const bool hidden = after && std::all_of(after->begin(), after->end(),
                                             [](const std::string& secret) { return secret == mask; });
    return hidden ? clean : std::string(mask);
}

} // namespace

bool speaks_of_secret(std::string_view name) {
    std::string plain(name);
    std::transform(plain.begin(), plain.end(), plain.begin(), lower);
    if (plain.find("lifetime") != npos) return false;
    for (const char* word : {"secret", "password", "passwd", "token", "private", "credential", "mnemonic"})
        if (plain.find(word) != npos) return true;
    return false;
}

std::string redacted(std::string_view text) {
    if (text.find('=') == npos && text.find(scheme_end) == npos) return std::string(text);
    if (text.find('\0') != npos) return without_places(text); // libpq would see its beginning only
    if (secrets_of(std::string(text))) return without_password(text);
    // Connection strings inside a sentence.
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t scheme = std::min(text.find("postgres://", at), text.find("postgresql://", at));
        if (scheme == npos) {
            out += text.substr(at);
            break;
        }
        const std::size_t end = end_of(text, token_ends, scheme);
        out += text.substr(at, scheme - at);
        out += without_password(text.substr(scheme, end - scheme));
        at = end;
    }
    return without_places(out);
}

void Redactor::hide(std::string_view secret) {
    if (secret.size() < worth_hiding) return;
    secrets_.emplace_back(secret);
    if (std::string encoded = percent_encoded(secret); encoded != secret)
        secrets_.push_back(std::move(encoded));
    std::stable_sort(secrets_.begin(), secrets_.end(),
                     [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string Redactor::operator()(std::string_view text) const { return redacted(without(text, secrets_)); }

std::string percent_encoded(std::string_view text) {
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

} // namespace real::secret
