#include "real/service/http_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <optional>

namespace real::service {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t most_connections = 64;
constexpr engine::Duration patience = std::chrono::seconds(10);
constexpr engine::Duration patience_when_full = std::chrono::milliseconds(300);

/// A place among those that wait for a client's words.
class Waiting {
public:
    Waiting(std::list<HttpServer::Silent>& all, tcp::socket& socket, engine::Instant since)
        : all_(all), place_(all.insert(all.end(), {&socket, since})) {}
    ~Waiting() { all_.erase(place_); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

private:
    std::list<HttpServer::Silent>& all_;
    std::list<HttpServer::Silent>::iterator place_;
};

struct Counted {
    explicit Counted(std::size_t& n) : count(n) { ++count; }
    ~Counted() { --count; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    std::size_t& count;
};

tcp::endpoint resolve(IoLoop& loop, const std::string& host, std::uint16_t port) {
    tcp::resolver resolver(loop.context());
    return *resolver.resolve(host, std::to_string(port), tcp::resolver::passive).begin();
}

} // namespace

HttpServer::HttpServer(IoLoop& loop, const std::string& host, std::uint16_t port, Handler handler)
    : loop_(loop), handler_(std::move(handler)), acceptor_(loop.context(), resolve(loop, host, port)) {}

Task<> HttpServer::run() {
    engine::Nursery nursery(loop_, {});
    for (;;) {
        while (open_ >= most_connections) {
            // Whoever has waited longest without a request makes room: idle clients keep nobody else out.
            error_code ignored;
            if (!waiting_.empty() && loop_.now() - waiting_.front().since >= patience_when_full)
                waiting_.front().socket->close(ignored);
            co_await engine::sleep_until(loop_.now() + std::chrono::milliseconds(10),
                                         "room for a connection");
        }
        Pending<error_code, tcp::socket> accepted(loop_);
        acceptor_.async_accept(loop_.context(), accepted.handler());
        auto [error, socket] = co_await accepted.result("an HTTP connection");
        if (error) { // for instance too many open files
            co_await engine::sleep_until(loop_.now() + std::chrono::milliseconds(100), "a free descriptor");
            continue;
        }
        nursery.spawn("HTTP connection", serve(std::move(socket)));
    }
}

Task<> HttpServer::serve(tcp::socket socket) {
    const Counted counted(open_);
    const engine::Instant begun = loop_.now();
    std::string received;
    std::array<char, 4096> buffer{};
    HttpParsed parsed = HttpIncomplete{};
    std::optional<Waiting> waiting(std::in_place, waiting_, socket, begun);
    while (std::holds_alternative<HttpIncomplete>(parsed)) {
        Pending<error_code, std::size_t> read(loop_);
        socket.async_read_some(asio::buffer(buffer), read.handler());
        const auto got = co_await read.result_until(begun + patience, "an HTTP request");
        if (!got) {
            parsed = HttpRefused{408, "no complete request in ten seconds"};
            break;
        }
        if (std::get<0>(*got)) co_return; // gone
        received.append(buffer.data(), std::get<1>(*got));
        parsed = parse_http_request(received);
    }
    waiting.reset();
    HttpResponse response;
    bool with_body = true;
    if (const auto* refused = std::get_if<HttpRefused>(&parsed)) {
        response.status = refused->status;
        response.body = std::string(refused->why) + "\n";
    } else {
        HttpRequest request = std::get<HttpRequest>(std::move(parsed));
        if (request.method == "HEAD") {
            request.method = "GET";
            with_body = false;
        }
        response = co_await answer(std::move(request));
    }
    const std::string text = encode(response, with_body);
    Pending<error_code, std::size_t> written(loop_);
    asio::async_write(socket, asio::buffer(text), written.handler());
    (void)co_await written.result_until(loop_.now() + patience, "an HTTP answer to be taken");
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
}

Task<HttpResponse> HttpServer::answer(HttpRequest request) {
    HttpResponse failed;
    failed.status = 500;
    failed.body = "internal error\n";
    try {
        HttpResponse response = co_await handler_(std::move(request));
        co_return response;
    } catch (const std::exception&) {
        co_return failed;
    }
}

} // namespace real::service
