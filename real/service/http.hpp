#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

// As much of HTTP/1.1 as an operator's browser, curl and a metrics scraper need.  Pure: bytes in, values out.

namespace real::service {

struct HttpRequest {
    std::string method;                         ///< upper case as sent
    std::string path;                           ///< without query, as sent
    std::map<std::string, std::string> headers; ///< names in lower case; of a repeated name the last
    std::string body;
};

struct HttpResponse {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
};

struct HttpLimits {
    std::size_t head_bytes = 16 * 1024;
    std::size_t body_bytes = 64 * 1024;
};

/// What the bytes of a connection are so far.
struct HttpIncomplete {};
/// The status that refuses them; the connection is of no more use.
struct HttpRefused {
    unsigned status = 400;
    const char* why = "";
};
using HttpParsed = std::variant<HttpIncomplete, HttpRefused, HttpRequest>;

/// @param bytes  everything received on the connection
HttpParsed parse_http_request(std::string_view bytes, const HttpLimits& limits = {});

/// A complete answer after which the connection is closed.  @param with_body  false for HEAD
std::string encode(const HttpResponse& response, bool with_body = true);

/// The value of a field in an application/x-www-form-urlencoded body; the first one when repeated.
std::optional<std::string> form_field(std::string_view body, std::string_view name);

} // namespace real::service
