#include "real/grpc/listener.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <deque>
#include <vector>

#include "engine/ensure.hpp"

namespace real::grpc {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr auto pause_without_descriptors = std::chrono::milliseconds(100);

/// A socket that somebody else closes: the number may be another's by then, the inode is not.
struct Handed {
    int socket;
    ino_t inode;
    bool is_open() const {
        struct stat found {};
        return ::fstat(socket, &found) == 0 && S_ISSOCK(found.st_mode) && found.st_ino == inode;
    }
};

} // namespace

struct Listener::State : std::enable_shared_from_this<State> {
    State(IoLoop& loop, std::size_t m, Accepted a, Refused r)
        : context(loop.context()), most(m), accepted(std::move(a)), refused(std::move(r)) {}

    void listen(const Options& options) {
        tcp::resolver resolver(context);
        std::uint16_t port = options.port;
        error_code missing = asio::error::host_not_found;
        // A name may stand for several addresses: "localhost" for those of both versions.
        for (const auto& found :
             resolver.resolve(options.address, std::to_string(port), tcp::resolver::passive)) {
            const tcp::endpoint at(found.endpoint().address(), port);
            try {
                tcp::acceptor acceptor(context, at.protocol());
                acceptor.set_option(asio::socket_base::reuse_address(true));
                acceptor.set_option(ReusePort(options.share_port));
                if (at.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(true));
                acceptor.bind(at);
                acceptor.listen(asio::socket_base::max_listen_connections);
                port = acceptor.local_endpoint().port();
                acceptors.push_back(std::move(acceptor));
            } catch (const boost::system::system_error& error) {
                missing = error.code();
                if (missing == asio::error::address_in_use) throw;
            }
        }
        if (acceptors.empty()) throw boost::system::system_error(missing);
    }

    void accept(tcp::acceptor& acceptor) {
        acceptor.async_accept([self = shared_from_this(), &acceptor](error_code error, tcp::socket socket) {
            if (!acceptor.is_open()) return;
            if (!error)
                self->take(std::move(socket));
            else if (error != asio::error::connection_aborted)
                return self->rest(acceptor, error);
            self->accept(acceptor);
        });
    }
    /// No descriptor or no memory: the connection stays in the system's queue.
    void rest(tcp::acceptor& acceptor, error_code error) {
        refused(error.message().c_str());
        auto pause = std::make_shared<asio::steady_timer>(context, pause_without_descriptors);
        pause->async_wait([self = shared_from_this(), &acceptor, pause](error_code) {
            if (acceptor.is_open()) self->accept(acceptor);
        });
    }
    void take(tcp::socket socket) {
        forget_closed();
        if (handed.size() >= most) return refused("too many connections");
        struct stat found {};
        const int number = socket.native_handle();
        if (::fstat(number, &found) != 0) return;
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        socket.native_non_blocking(true, ignored);
        handed.push_back({number, found.st_ino});
        accepted(socket.release());
    }
    void forget_closed() {
        std::erase_if(handed, [](const Handed& one) { return !one.is_open(); });
    }

    asio::io_context& context;
    std::deque<tcp::acceptor> acceptors; // one an address; none moves
    std::size_t most;
    Accepted accepted;
    Refused refused;
    std::vector<Handed> handed;
};

Listener::Listener(IoLoop& loop, const Options& options, Accepted accepted, Refused refused)
    : state_(std::make_shared<State>(loop, options.most, std::move(accepted), std::move(refused))) {
    try {
        state_->listen(options);
    } catch (const boost::system::system_error& error) {
        const bool ipv6 = options.address.find(':') != std::string::npos;
        throw engine::BrokenSurroundings(fmt::format("cannot listen on {}{}{}:{}: {}", ipv6 ? "[" : "",
                                                     options.address, ipv6 ? "]" : "", options.port,
                                                     error.code().message()));
    }
    for (tcp::acceptor& acceptor : state_->acceptors) state_->accept(acceptor);
}

Listener::~Listener() { close(); }

std::uint16_t Listener::port() const { return state_->acceptors.front().local_endpoint().port(); }

std::size_t Listener::open() const {
    state_->forget_closed();
    return state_->handed.size();
}

void Listener::reset(int socket) {
    state_->forget_closed();
    for (const Handed& one : state_->handed)
        if (one.socket == socket) ::shutdown(socket, SHUT_RDWR);
}

void Listener::close() {
    error_code ignored;
    for (tcp::acceptor& acceptor : state_->acceptors) acceptor.close(ignored);
}

} // namespace real::grpc
