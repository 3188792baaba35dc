#include "real/service/http.hpp"

#include <gtest/gtest.h>

#include <random>

namespace real::service {
namespace {

HttpRequest request(std::string_view bytes) {
    const HttpParsed parsed = parse_http_request(bytes);
    const auto* found = std::get_if<HttpRequest>(&parsed);
    EXPECT_NE(found, nullptr) << bytes;
    return found != nullptr ? *found : HttpRequest{};
}
unsigned refusal(std::string_view bytes, const HttpLimits& limits = {}) {
    const HttpParsed parsed = parse_http_request(bytes, limits);
    const auto* refused = std::get_if<HttpRefused>(&parsed);
    return refused != nullptr ? refused->status : 0;
}
bool is_incomplete(std::string_view bytes) {
    const HttpParsed parsed = parse_http_request(bytes);
    return std::holds_alternative<HttpIncomplete>(parsed);
}

constexpr std::string_view post = "POST /set-rust-log?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n"
                                  "X-Thing:  two words \r\n\r\nrust_log=debug";

TEST(HttpTest, ReadsMethodPathHeadersAndBody) {
    const HttpRequest found = request(post);
    EXPECT_EQ(found.method, "POST");
    EXPECT_EQ(found.path, "/set-rust-log");
    EXPECT_EQ(found.headers.at("host"), "a");
    EXPECT_EQ(found.headers.at("x-thing"), "two words");
    EXPECT_EQ(found.body, "rust_log=debug");
    EXPECT_EQ(request("GET / HTTP/1.0\r\n\r\n").path, "/");
}

TEST(HttpTest, EveryPrefixIsIncomplete) {
    for (std::size_t size = 0; size < post.size(); ++size)
        EXPECT_TRUE(is_incomplete(post.substr(0, size))) << size;
}

TEST(HttpTest, RefusesWhatIsNoRequest) {
    EXPECT_EQ(refusal("hello\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("GET /\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("GET http://x/ HTTP/1.1\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("G(T / HTTP/1.1\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("GET / HTTP/2.0\r\n\r\n"), 505u);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\n : b\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\n\r\n"), 411u);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 501u);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"), 400u);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n"), 413u);
}

TEST(HttpTest, AnEndlessHeadIsRefusedBeforeItEnds) {
    const std::string endless = "GET / HTTP/1.1\r\nA: " + std::string(16 * 1024, 'x');
    EXPECT_EQ(refusal(endless), 431u);
    EXPECT_EQ(refusal(endless.substr(0, 100), HttpLimits{99, 0}), 431u);
    EXPECT_EQ(refusal(endless.substr(0, 99), HttpLimits{99, 0}), 0u);
}

TEST(HttpTest, AnswersSayTheirLengthAndThatTheyAreTheLast) {
    HttpResponse response;
    response.status = 404;
    response.body = "no\n";
    EXPECT_EQ(encode(response),
              "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 3\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
              "no\n");
    EXPECT_EQ(encode(response, false).find("no\n"), std::string::npos);
}

TEST(HttpTest, FormFieldsAreDecoded) {
    EXPECT_EQ(form_field("a=1&rust_log=info%2Cx%3Ddebug+y&rust_log=z", "rust_log"), "info,x=debug y");
    EXPECT_EQ(form_field("rust_log", "rust_log"), "");
    EXPECT_EQ(form_field("", "rust_log"), std::nullopt);
    EXPECT_EQ(form_field("xrust_log=1", "rust_log"), std::nullopt);
}

TEST(HttpTest, HostileBytesNeverCrash) {
    std::mt19937 random(1);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(post);
        const unsigned changes = 1 + random() % 8;
        for (unsigned i = 0; i < changes; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
        bytes.resize(random() % (bytes.size() + 1));
        const HttpParsed parsed = parse_http_request(bytes);
        if (const auto* found = std::get_if<HttpRequest>(&parsed)) (void)form_field(found->body, "rust_log");
    }
}

} // namespace
} // namespace real::service
