#include "real/service/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "real/service/percent.hpp"

namespace real::service {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

bool is_token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}
bool is_visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}
bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; });
}

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find(line_end);
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + line_end.size());
    return line;
}

const char* reason(unsigned status) {
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 411:
        return "Length Required";
    case 413:
        return "Payload Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Status";
    }
}

} // namespace

HttpParsed parse_http_request(std::string_view bytes, const HttpLimits& limits) {
    const std::size_t head_size = bytes.find(head_end);
    if (std::min(head_size, bytes.size()) > limits.head_bytes)
        return HttpRefused{431, "too many header bytes"};
    if (head_size == std::string_view::npos) return HttpIncomplete{};
    std::string_view head = bytes.substr(0, head_size + line_end.size());
    const std::string_view rest = bytes.substr(head_size + head_end.size());

    HttpRequest request;
    const std::string_view first = take_line(head);
    const std::size_t method_end = first.find(' ');
    const std::size_t target_end = first.rfind(' ');
    if (method_end == std::string_view::npos || target_end == method_end)
        return HttpRefused{400, "no request line"};
    request.method = first.substr(0, method_end);
    const std::string_view target = first.substr(method_end + 1, target_end - method_end - 1);
    const std::string_view version = first.substr(target_end + 1);
    if (!is_token(request.method) || !is_visible(target) || !target.starts_with('/'))
        return HttpRefused{400, "no request line"};
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return HttpRefused{505, "speaks HTTP/1.0 and HTTP/1.1"};
    request.path = target.substr(0, target.find_first_of("?#"));

    while (!head.empty()) {
        const std::string_view line = take_line(head);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_control(line))
            return HttpRefused{400, "malformed header"};
        std::string name(line.substr(0, colon));
        for (char& c : name)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const std::string value(trimmed(line.substr(colon + 1)));
        // Two lengths are how requests are smuggled through proxies.
        if (name == "content-length" && request.headers.contains(name) && request.headers[name] != value)
            return HttpRefused{400, "two lengths"};
        request.headers[name] = value;
    }
    if (request.headers.contains("transfer-encoding")) return HttpRefused{501, "bodies need Content-Length"};
    std::size_t body_size = 0;
    if (const auto length = request.headers.find("content-length"); length != request.headers.end()) {
        const std::string& text = length->second;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), body_size);
        if (error == std::errc::result_out_of_range) return HttpRefused{413, "too long a body"};
        if (error != std::errc{} || end != text.data() + text.size()) return HttpRefused{400, "no length"};
    } else if (request.method == "POST" || request.method == "PUT") {
        return HttpRefused{411, "bodies need Content-Length"};
    }
    if (body_size > limits.body_bytes) return HttpRefused{413, "too long a body"};
    if (rest.size() < body_size) return HttpIncomplete{};
    request.body = rest.substr(0, body_size);
    return request;
}

std::string encode(const HttpResponse& response, bool with_body) {
    std::string out =
        fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
                    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
                    response.status, reason(response.status), response.content_type, response.body.size());
    if (with_body) out += response.body;
    return out;
}

std::optional<std::string> form_field(std::string_view body, std::string_view name) {
    while (!body.empty()) {
        const std::size_t end = std::min(body.find('&'), body.size());
        const std::string_view pair = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (percent_decoded(pair.substr(0, equals), true) != name) continue;
        return percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    }
    return std::nullopt;
}

} // namespace real::service
