#include "real/service/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "real/service/percent.hpp"

namespace real::service {
namespace {

bool is_blank_or_control(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string_view cut(std::string_view& rest, std::string_view separators) {
    const std::size_t end = std::min(rest.find_first_of(separators), rest.size());
    const std::string_view front = rest.substr(0, end);
    rest.remove_prefix(end);
    return front;
}

} // namespace

std::string percent_decoded(std::string_view text, bool plus_is_blank) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high >= 0 && low >= 0) {
                out.push_back(static_cast<char>(high * 16 + low));
                i += 2;
                continue;
            }
        }
        out.push_back(text[i] == '+' && plus_is_blank ? ' ' : text[i]);
    }
    return out;
}

std::optional<Uri> Uri::parse(const UriKind& kind, std::string_view text, std::string& why) {
    if (std::any_of(text.begin(), text.end(), is_blank_or_control)) {
        why = "an address has neither blanks nor control characters";
        return std::nullopt;
    }
    const std::size_t scheme_end = text.find("://");
    Uri uri;
    uri.scheme_ = lower(text.substr(0, std::min(scheme_end, text.size())));
    if (scheme_end == std::string_view::npos ||
        (uri.scheme_ != kind.secure && uri.scheme_ != kind.insecure)) {
        why = fmt::format("needs {}:// or {}://, followed by host and port", kind.insecure, kind.secure);
        return std::nullopt;
    }
    uri.text_ = text;
    uri.secure_ = uri.scheme_ == kind.secure;
    uri.port_ = kind.insecure_port;
    if (uri.secure_) uri.port_ = kind.secure_port;

    std::string_view rest = text.substr(scheme_end + 3);
    std::string_view authority = cut(rest, "/?#");
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        std::string_view secret = authority.substr(0, at);
        authority.remove_prefix(at + 1);
        uri.user_ = percent_decoded(cut(secret, ":"), false);
        if (!secret.empty()) uri.password_ = percent_decoded(secret.substr(1), false);
    }
    std::string_view host;
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        if (end == std::string_view::npos) {
            why = "the bracket of an IPv6 address is not closed";
            return std::nullopt;
        }
        host = authority.substr(1, end - 1);
        authority.remove_prefix(end + 1);
    } else {
        host = cut(authority, ":");
    }
    if (host.empty()) {
        why = "has no host";
        return std::nullopt;
    }
    uri.host_ = lower(host);
    if (!authority.empty() && authority != ":") {
        std::uint16_t port = 0;
        if (!authority.starts_with(':') || !parse_number(authority.substr(1), port)) {
            why = fmt::format("'{}' is no port, they go from 0 to 65535", authority.substr(1));
            return std::nullopt;
        }
        uri.port_ = port;
    }

    cut(rest, "?#"); // the path says nothing
    if (rest.starts_with('?')) {
        rest.remove_prefix(1);
        std::string_view query = cut(rest, "#");
        while (!query.empty()) {
            std::string_view pair = cut(query, "&");
            if (!query.empty()) query.remove_prefix(1);
            if (pair.empty()) continue;
            const std::string name = percent_decoded(cut(pair, "="), true);
            if (!pair.empty()) pair.remove_prefix(1);
            uri.parameters_.emplace_back(name, percent_decoded(pair, true));
        }
    }
    if (uri.responder_id().find(':') == std::string::npos) {
        why = "parameter responder-id needs the form host:port";
        return std::nullopt;
    }
    return uri;
}

std::string Uri::address() const {
    if (host_.find(':') != std::string::npos) return fmt::format("[{}]:{}", host_, port_);
    return fmt::format("{}:{}", host_, port_);
}

std::optional<std::string> Uri::parameter(std::string_view name) const {
    for (auto it = parameters_.rbegin(); it != parameters_.rend(); ++it)
        if (it->first == name) return it->second;
    return std::nullopt;
}

std::string Uri::responder_id() const { return parameter("responder-id").value_or(address()); }

std::string Uri::display() const { return fmt::format("{}://{}/", scheme_, address()); }

std::optional<engine::BlockRange> parse_sharding_strategy(std::string_view text) {
    if (text == "default") return engine::BlockRange::all();
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    engine::BlockRange range;
    if (!parse_number(text.substr(0, dash), range.start.value)) return std::nullopt;
    if (!parse_number(text.substr(dash + 1), range.end.value)) return std::nullopt;
    if (range.empty()) return std::nullopt;
    return range;
}

std::string to_text(const engine::BlockRange& strategy) {
    if (strategy == engine::BlockRange::all()) return "default";
    return fmt::format("{}-{}", strategy.start.value, strategy.end.value);
}

} // namespace real::service
