#include "real/service/http.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <sstream>

#include "real/service/percent.hpp"

namespace real::service {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

constexpr std::string_view head_end = "\r\n\r\n";
constexpr unsigned http_1_1 = 11;

/// Which status says what is wrong with a request.
HttpRefused refusal(http::error error) {
    switch (error) {
    case http::error::bad_method:
    case http::error::bad_target:
    case http::error::bad_line_ending:
        return {400, "no request line"};
    case http::error::bad_version:
        return {505, "speaks HTTP/1.0 and HTTP/1.1"};
    case http::error::header_limit:
        return {431, "too many header bytes"};
    case http::error::body_limit:
        return {413, "too long a body"};
    case http::error::bad_content_length:
        return {400, "no length"};
    case http::error::multiple_content_length: // how requests are smuggled through proxies
        return {400, "two lengths"};
    default:
        return {400, "malformed header"};
    }
}

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// What is read of the head says whether its body can be had at all.
std::optional<HttpRefused> fault_of(const Parser& parser) {
    const auto& message = parser.get();
    if (!message.target().starts_with('/')) return HttpRefused{400, "no request line"};
    if (message.find(http::field::transfer_encoding) != message.end())
        return HttpRefused{501, "bodies need Content-Length"};
    const bool needs_length = message.method() == http::verb::post || message.method() == http::verb::put;
    if (needs_length && message.find(http::field::content_length) == message.end())
        return HttpRefused{411, "bodies need Content-Length"};
    return std::nullopt;
}

} // namespace

HttpParsed parse_http_request(std::string_view bytes, const HttpLimits& limits) {
    const std::size_t head_size = bytes.find(head_end);
    if (std::min(head_size, bytes.size()) > limits.head_bytes)
        return HttpRefused{431, "too many header bytes"};
    if (head_size == std::string_view::npos) return HttpIncomplete{};

    Parser parser;
    parser.eager(false); // the head first: some bodies are not to be waited for
    parser.header_limit(static_cast<std::uint32_t>(limits.head_bytes + head_end.size() + 1));
    parser.body_limit(limits.body_bytes);
    boost::beast::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(bytes), error);
    if (!parser.is_header_done()) {
        if (!error) return HttpIncomplete{};
        for (const http::error known :
             {http::error::bad_method, http::error::bad_target, http::error::bad_line_ending,
              http::error::bad_version, http::error::header_limit, http::error::body_limit,
              http::error::bad_content_length, http::error::multiple_content_length})
            if (error == known) return refusal(known);
        return refusal(http::error::bad_field);
    }
    if (const auto fault = fault_of(parser)) return *fault;
    const auto& message = parser.get();

    HttpRequest request;
    request.method = text_of(message.method_string());
    request.path = text_of(message.target());
    request.path = request.path.substr(0, request.path.find_first_of("?#"));
    for (const auto& field : message) {
        std::string name = text_of(field.name_string());
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        request.headers[name] = text_of(field.value());
    }
    const std::uint64_t body_size = parser.content_length().value_or(0);
    const std::string_view rest = bytes.substr(used);
    if (rest.size() < body_size) return HttpIncomplete{};
    request.body = rest.substr(0, body_size);
    return request;
}

std::string encode(const HttpResponse& response, bool with_body) {
    http::response<http::empty_body> head;
    head.version(http_1_1);
    head.result(response.status);
    head.set(http::field::content_type, response.content_type);
    head.set(http::field::content_length, std::to_string(response.body.size()));
    head.set("X-Content-Type-Options", "nosniff");
    head.set(http::field::connection, "close");
    std::ostringstream out;
    out << head.base();
    return with_body ? out.str() + response.body : out.str();
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
