#include "real/service/http_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace real::service {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

Task<HttpResponse> echo(HttpRequest request) {
    if (request.path == "/fails") throw std::runtime_error("the reason is nobody's business");
    HttpResponse response;
    response.body = request.method + " " + request.path + " " + request.body;
    co_await engine::yield();
    co_return response;
}

/// What a client of its own thread gets for its bytes.
std::string talk(std::uint16_t port, const std::string& bytes, bool half_close = false) {
    asio::io_context context;
    tcp::socket socket(context);
    socket.connect({asio::ip::address_v4::loopback(), port});
    asio::write(socket, asio::buffer(bytes));
    if (half_close) socket.shutdown(tcp::socket::shutdown_send);
    std::string answer;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(answer), error);
    return answer;
}

Task<> wait_for(IoLoop& loop, std::shared_ptr<bool> done) {
    while (!*done) co_await engine::sleep_until(loop.now() + std::chrono::milliseconds(1), "the client");
}

/// Runs a server while `client` talks to it from another thread.
void serve(const std::function<void(std::uint16_t)>& client) {
    IoLoop loop;
    HttpServer server(loop, "127.0.0.1", 0, echo);
    engine::spawn(loop, {}, "server", server.run());
    const auto done = std::make_shared<bool>(false);
    std::thread thread([&] {
        client(server.port());
        loop.hand_over([done] { *done = true; });
    });
    loop.run(wait_for(loop, done));
    thread.join();
    loop.kill_all();
}

TEST(HttpServerTest, AnswersEachConnectionOnce) {
    serve([](std::uint16_t port) {
        for (int i = 0; i < 100; ++i) {
            const std::string answer = talk(port, "POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
            EXPECT_NE(answer.find("200 OK"), std::string::npos);
            EXPECT_TRUE(answer.ends_with("\r\n\r\nPOST /x hi")) << answer;
        }
        EXPECT_TRUE(talk(port, "HEAD /x HTTP/1.1\r\n\r\n").ends_with("\r\n\r\n"));
    });
}

TEST(HttpServerTest, RefusalsAndFailuresLeaveItServing) {
    serve([](std::uint16_t port) {
        EXPECT_TRUE(talk(port, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
        EXPECT_TRUE(
            talk(port, "GET / HTTP/1.1\r\nA: " + std::string(20'000, 'x')).starts_with("HTTP/1.1 431 "));
        EXPECT_EQ(talk(port, "GET / HT", true), "") << "gone before the end of its request";
        const std::string failed = talk(port, "GET /fails HTTP/1.1\r\n\r\n");
        EXPECT_TRUE(failed.starts_with("HTTP/1.1 500 "));
        EXPECT_EQ(failed.find("business"), std::string::npos);
        EXPECT_TRUE(talk(port, "GET /y HTTP/1.1\r\n\r\n").ends_with("GET /y "));
    });
}

TEST(HttpServerTest, ManyAtOnce) {
    serve([](std::uint16_t port) {
        std::vector<std::thread> clients;
        std::atomic<int> good = 0;
        for (int i = 0; i < 100; ++i)
            clients.emplace_back([port, &good] {
                if (talk(port, "GET /z HTTP/1.1\r\n\r\n").ends_with("GET /z ")) ++good;
            });
        for (std::thread& client : clients) client.join();
        EXPECT_EQ(good, 100);
    });
}

TEST(HttpServerTest, IdleClientsKeepNobodyOut) {
    serve([](std::uint16_t port) {
        asio::io_context context;
        std::vector<std::unique_ptr<tcp::socket>> idle;
        for (int i = 0; i < 64; ++i) {
            idle.push_back(std::make_unique<tcp::socket>(context));
            idle.back()->connect({asio::ip::address_v4::loopback(), port});
        }
        const auto begun = std::chrono::steady_clock::now();
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(talk(port, "GET /z HTTP/1.1\r\n\r\n").ends_with("GET /z "));
        EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8)) << "they have ten";
    });
}

TEST(HttpServerTest, ATakenPortIsRefused) {
    IoLoop loop;
    HttpServer first(loop, "127.0.0.1", 0, echo);
    EXPECT_THROW(HttpServer(loop, "127.0.0.1", first.port(), echo), boost::system::system_error);
}

} // namespace
} // namespace real::service
