#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <string>

#include "real/loop/io_loop.hpp"
#include "real/service/http.hpp"

namespace real::service {

/// Answers HTTP requests, one on each connection.
///
/// Rules
/// 1. A connection has ten seconds for its request and ten for the answer to be taken.
/// 2. Beyond 64 open connections a new one takes the place of that which has waited longest without a
/// request; where all
///    are being answered it waits in the system's queue.
/// 3. A handler that throws is answered with 500; its text stays in the process.
class HttpServer {
public:
    using Handler = std::function<Task<HttpResponse>(HttpRequest)>;

    /// Binds and listens.  @param port  0: any free one
    /// @throws boost::system::system_error when the address cannot be used
    HttpServer(IoLoop& loop, const std::string& host, std::uint16_t port, Handler handler);

    /// A client whose request has not come yet.
    struct Silent {
        boost::asio::ip::tcp::socket* socket;
        engine::Instant since;
    };

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    /// Serves until killed.
    Task<> run();

private:
    Task<> serve(boost::asio::ip::tcp::socket socket);
    Task<HttpResponse> answer(HttpRequest request);

    IoLoop& loop_;
    Handler handler_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::size_t open_ = 0;
    std::list<Silent> waiting_; // the longest first
};

} // namespace real::service
