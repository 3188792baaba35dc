#include "real/service/uri.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

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

template <class Number>
bool parse_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

/// Why the grammar refuses an address whose scheme is right.
std::string fault_of(std::string_view address) {
    std::string_view authority = address.substr(address.find("://") + 3);
    authority = authority.substr(0, authority.find_first_of("/?#"));
    authority = authority.substr(authority.rfind('@') + 1); // npos + 1 is 0
    const std::size_t bracket = authority.find(']');
    if (authority.starts_with('[') && bracket == std::string_view::npos)
        return "the bracket of an IPv6 address is not closed";
    const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view port = colon == std::string_view::npos ? "" : authority.substr(colon + 1);
    if (std::uint16_t number = 0; !port.empty() && !parse_number(port, number))
        return fmt::format("'{}' is no port, they go from 0 to 65535", port);
    return "holds a character that an address writes as % and two hexadecimal digits";
}

} // namespace

std::string percent_decoded(std::string_view text, bool plus_is_blank) {
    boost::urls::encoding_opts options;
    options.space_as_plus = plus_is_blank;
    const auto encoded = boost::urls::make_pct_string_view({text.data(), text.size()});
    if (!encoded) return std::string(text);
    std::string out;
    encoded->decode(options, boost::urls::string_token::assign_to(out));
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
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    const auto port = parsed ? parsed->port() : boost::core::string_view();
    // Boost 1.81 takes what follows the digits of a port for a path, which begins with a slash in truth.
    const auto path = parsed ? parsed->encoded_path() : boost::urls::pct_string_view();
    const bool is_cut_off = !path.empty() && path.front() != '/';
    uri.port_ = uri.scheme_ == kind.secure ? kind.secure_port : kind.insecure_port;
    if (!parsed || is_cut_off || (!port.empty() && !parse_number({port.data(), port.size()}, uri.port_))) {
        why = fault_of(text);
        return std::nullopt;
    }
    uri.text_ = text;
    uri.secure_ = uri.scheme_ == kind.secure;
    uri.user_ = parsed->user();
    uri.password_ = parsed->password();
    uri.host_ = lower(parsed->host_address());
    if (uri.host_.empty()) {
        why = "has no host";
        return std::nullopt;
    }
    boost::urls::encoding_opts as_form;
    as_form.space_as_plus = true;
    for (const auto& parameter : parsed->params(as_form))
        if (!parameter.key.empty()) uri.parameters_.emplace_back(parameter.key, parameter.value);
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
