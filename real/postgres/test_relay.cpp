#include "real/postgres/test_relay.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <vector>

namespace real::postgres {

using boost::asio::ip::tcp;
using boost::system::error_code;

struct TestRelay::State : std::enable_shared_from_this<State> {
    struct Pair : std::enable_shared_from_this<Pair> {
        explicit Pair(IoLoop& loop) : client(loop.context()), server(loop.context()) {}
        void close() {
            error_code ignored;
            client.close(ignored);
            server.close(ignored);
        }
        tcp::socket client;
        tcp::socket server;
        std::array<char, 65536> from_client;
        std::array<char, 65536> from_server;
    };

    State(IoLoop& l, ConnectUrl s)
        : loop(l), server(std::move(s)),
          acceptor(l.context(), {boost::asio::ip::make_address("127.0.0.1"), 0}) {}

    void accept() {
        auto pair = std::make_shared<Pair>(loop);
        acceptor.async_accept(pair->client, [self = shared_from_this(), pair](const error_code& error) {
            if (error) return;
            const tcp::endpoint target(boost::asio::ip::make_address(self->server.setting("host")),
                                       static_cast<std::uint16_t>(std::stoi(self->server.setting("port"))));
            error_code failed;
            pair->server.connect(target, failed);
            if (failed) {
                pair->close();
            } else {
                self->pairs.push_back(pair);
                self->read_client(pair);
                self->read_server(pair);
            }
            self->accept();
        });
    }

    void read_client(const std::shared_ptr<Pair>& pair) {
        pair->client.async_read_some(boost::asio::buffer(pair->from_client), [self = shared_from_this(),
                                                                              pair](const error_code& error,
                                                                                    std::size_t size) {
            if (error) return pair->close();
            const auto sent = [self, pair](const error_code& failed, std::size_t) {
                if (failed) return pair->close();
                self->read_client(pair);
            };
            boost::asio::async_write(pair->server, boost::asio::buffer(pair->from_client.data(), size), sent);
        });
    }

    void read_server(const std::shared_ptr<Pair>& pair) {
        pair->server.async_read_some(boost::asio::buffer(pair->from_server), [self = shared_from_this(),
                                                                              pair](const error_code& error,
                                                                                    std::size_t size) {
            if (error) return pair->close();
            if (self->swallows) {
                self->swallowed += size;
                return self->read_server(pair);
            }
            const auto sent = [self, pair](const error_code& failed, std::size_t) {
                if (failed) return pair->close();
                self->read_server(pair);
            };
            boost::asio::async_write(pair->client, boost::asio::buffer(pair->from_server.data(), size), sent);
        });
    }

    IoLoop& loop;
    ConnectUrl server;
    tcp::acceptor acceptor;
    std::vector<std::shared_ptr<Pair>> pairs;
    bool swallows = false;
    std::size_t swallowed = 0;
};

TestRelay::TestRelay(IoLoop& loop, ConnectUrl server)
    : state_(std::make_shared<State>(loop, std::move(server))) {
    state_->accept();
}

TestRelay::~TestRelay() {
    error_code ignored;
    state_->acceptor.close(ignored);
    cut();
}

ConnectUrl TestRelay::url() const {
    return state_->server.with("port", std::to_string(state_->acceptor.local_endpoint().port()));
}

void TestRelay::swallow_answers() {
    state_->swallows = true;
    state_->swallowed = 0;
}

void TestRelay::cut() {
    for (const auto& pair : state_->pairs) pair->close();
    state_->pairs.clear();
    state_->swallows = false;
}

std::size_t TestRelay::swallowed() const { return state_->swallowed; }

} // namespace real::postgres
