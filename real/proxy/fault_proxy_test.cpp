#include "real/proxy/fault_proxy.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "real/process/ports.hpp"
#include "real/process/supervisor.hpp"
#include "real/process/work_directory.hpp"
#include "real/proxy/socket_owner.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// One end of a connection that notes what it hears.
struct End : std::enable_shared_from_this<End> {
    explicit End(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    std::string heard;
    bool ended = false;
    bool reset = false;
    std::array<char, 4096> buffer{};

    void listen() {
        socket.async_read_some(asio::buffer(buffer),
                               [self = shared_from_this()](const error_code& error, std::size_t size) {
                                   self->heard.append(self->buffer.data(), size);
                                   if (error == asio::error::eof)
                                       self->ended = true;
                                   else if (error)
                                       self->reset = true;
                                   else
                                       self->listen();
                               });
    }
    void say(const std::string& text) {
        error_code ignored;
        asio::write(socket, asio::buffer(text), ignored);
    }
};

class FaultProxyTest : public ::testing::Test {
protected:
    FaultProxyTest()
        : work_("fog-proxy-test-"), supervisor_(loop_, work_.path()),
          acceptor_(loop_.context(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        accept();
        FaultProxy::Rules rules;
        rules.weather = [this](FaultProxy::Source) { return weather_; };
        rules.chance = [this](std::uint32_t) { return strikes_ > 0 && --strikes_ == 0; };
        rules.who = [this](std::uint16_t port, std::uint16_t mine) {
            EXPECT_EQ(mine, proxy_->port());
            asked_.push_back(port);
            return FaultProxy::Source{7};
        };
        rules.on_commit = [this](FaultProxy::Source source) {
            EXPECT_EQ(source.value, 7U);
            return fate_;
        };
        rules.patience = 100ms;
        proxy_.emplace(loop_, 0, acceptor_.local_endpoint().port(), std::move(rules));
    }

    void accept() {
        acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
            if (error) return;
            servers_.push_back(std::make_shared<End>(std::move(socket)));
            servers_.back()->listen();
            accept();
        });
    }
    std::shared_ptr<End> connect() {
        tcp::socket socket(loop_.context());
        socket.connect({asio::ip::address_v4::loopback(), proxy_->port()});
        auto end = std::make_shared<End>(std::move(socket));
        end->listen();
        return end;
    }
    /// Connected through to the server.
    std::pair<std::shared_ptr<End>, std::shared_ptr<End>> pair() {
        const std::size_t before = servers_.size();
        auto client = connect();
        until([&] { return servers_.size() > before; });
        return {client, servers_.back()};
    }
    void until(std::function<bool()> holds) {
        loop_.run(supervisor_.until("it", std::move(holds), loop_.now() + 20s, nullptr, 1ms));
    }
    static Task<> pause_for(IoLoop* loop, engine::Duration d) {
        co_await engine::sleep_until(loop->now() + d);
    }
    void wait(engine::Duration d) { loop_.run(pause_for(&loop_, d)); }

    WorkDirectory work_;
    IoLoop loop_;
    Supervisor supervisor_;
    tcp::acceptor acceptor_;
    std::vector<std::shared_ptr<End>> servers_;
    LinkWeather weather_;
    int strikes_ = 0; // the how-manieth chance strikes
    CommitFate fate_ = CommitFate::normal;
    std::vector<std::uint16_t> asked_;
    std::optional<FaultProxy> proxy_;
};

TEST_F(FaultProxyTest, InFairWeatherBytesAndEndsGoThroughBothWays) {
    auto [client, server] = pair();
    client->say("there");
    server->say("back");
    until([&, c = client, s = server] { return s->heard == "there" && c->heard == "back"; });
    client->socket.shutdown(tcp::socket::shutdown_send);
    until([s = server] { return s->ended; });
    server->say(" again"); // the other direction is still open
    until([c = client] { return c->heard == "back again"; });
    server->socket.shutdown(tcp::socket::shutdown_send);
    until([c = client] { return c->ended; });
    until([&] { return proxy_->connections() == 0; });
    EXPECT_EQ(proxy_->counts().bytes_there, 5U);
    EXPECT_EQ(proxy_->counts().bytes_back, 10U);
    EXPECT_EQ(proxy_->counts().resets, 0U);
}

TEST_F(FaultProxyTest, MuchDataArrivesWholeAndInOrder) {
    auto [client, server] = pair();
    std::string text;
    for (int i = 0; i < 1000000; ++i) text += static_cast<char>('a' + i % 23);
    asio::async_write(client->socket, asio::buffer(text), [](const error_code&, std::size_t) {});
    until([&, s = server] { return s->heard.size() >= text.size(); });
    EXPECT_TRUE(server->heard == text);
}

TEST_F(FaultProxyTest, DelayIsOneWayAndKeepsTheOrder) {
    auto [client, server] = pair();
    weather_.delay_there = 60ms;
    proxy_->weather_changed();
    const engine::Instant begun = loop_.now();
    client->say("1");
    server->say("at once");
    until([c = client] { return c->heard == "at once"; });
    client->say("2");
    EXPECT_EQ(server->heard, "");
    until([s = server] { return s->heard == "12"; });
    EXPECT_GE((loop_.now() - begun), engine::Duration(60ms));
}

TEST_F(FaultProxyTest, WhatIsHeldBackArrivesWhenTheWeatherClears) {
    auto [client, server] = pair();
    weather_.hold_there = true;
    proxy_->weather_changed();
    client->say("held");
    server->say("passes");
    until([c = client] { return c->heard == "passes"; });
    EXPECT_EQ(server->heard, "");
    weather_ = {};
    proxy_->weather_changed();
    until([s = server] { return s->heard == "held"; });
    // The clock of patience was stopped, too.
    wait(150ms);
    EXPECT_FALSE(client->reset);
}

TEST_F(FaultProxyTest, WhoIsHeldTooLongIsCutOff) {
    auto [client, server] = pair();
    weather_.hold_back = true;
    proxy_->weather_changed();
    server->say("never arrives");
    until([c = client, s = server] { return c->reset && s->reset; });
    EXPECT_EQ(client->heard, "");
}

TEST_F(FaultProxyTest, ACutBreaksTheOldAndRefusesTheNewUntilItIsHealed) {
    auto [client, server] = pair();
    weather_.refuse = true;
    proxy_->weather_changed();
    until([c = client, s = server] { return c->reset && s->reset; });
    auto refused = connect();
    until([refused] { return refused->reset; });
    EXPECT_EQ(servers_.size(), 1U) << "nobody came through";
    weather_ = {};
    auto [again, server2] = pair();
    again->say("hello");
    until([s = server2] { return s->heard == "hello"; });
}

TEST_F(FaultProxyTest, AStrikeResetsBeforeTheDataArrives) {
    auto [client, server] = pair();
    weather_.reset_of_256 = 128;
    proxy_->weather_changed();
    strikes_ = 2;
    client->say("one");
    until([s = server] { return s->heard == "one"; });
    client->say("two");
    until([c = client, s = server] { return c->reset && s->reset; });
    EXPECT_EQ(server->heard, "one");
}

TEST_F(FaultProxyTest, ALostAnswerLeavesItsConnectionSilentUntilItBreaks) {
    auto [client, server] = pair();
    weather_.lose_back_of_256 = 128;
    proxy_->weather_changed();
    strikes_ = 1;
    server->say("lost");
    client->say("arrives");
    until([s = server] { return s->heard == "arrives"; });
    weather_ = {}; // too late for this one
    proxy_->weather_changed();
    until([c = client] { return c->reset; });
    EXPECT_EQ(client->heard, "");
}

TEST_F(FaultProxyTest, ACommitCanLoseItsAnswerOrNeverArrive) {
    const std::string nul(1, '\0');
    const std::string start =
        nul + nul + nul + std::string("\x09") + nul + std::string("\x03") + nul + nul + nul;
    const std::string commit = "Q" + nul + nul + nul + "\x0b" + "COMMIT" + nul;
    const std::string done = "C" + nul + nul + nul + "\x0b" + "COMMIT" + nul;
    {
        fate_ = CommitFate::lost_answer;
        auto [client, server] = pair();
        client->say(start + commit);
        until([&, s = server] { return s->heard == start + commit; });
        server->say(done);
        until([c = client] { return c->reset; });
        EXPECT_EQ(client->heard, "");
    }
    {
        fate_ = CommitFate::rolled_back;
        auto [client, server] = pair();
        client->say(start);
        until([&, s = server] { return s->heard == start; });
        client->say(commit);
        until([c = client, s = server] { return c->reset && s->reset; });
        EXPECT_EQ(server->heard, start);
    }
    {
        fate_ = CommitFate::normal;
        auto [client, server] = pair();
        client->say(start + commit);
        until([&, s = server] { return s->heard == start + commit; });
        server->say(done);
        until([&, c = client] { return c->heard == done; });
    }
}

TEST_F(FaultProxyTest, AServerThatIsDownLooksDown) {
    acceptor_.close();
    auto client = connect();
    until([client] { return client->reset || client->ended; });
    EXPECT_EQ(client->heard, "");
}

TEST_F(FaultProxyTest, ItTellsWhoseAConnectionIs) {
    auto [client, server] = pair();
    const std::uint16_t port = client->socket.local_endpoint().port();
    EXPECT_EQ(asked_, std::vector<std::uint16_t>{port});
    // The client is this very process; a group whose leader we name by its own group number.
    const std::array<pid_t, 1> groups{::getpid()};
    EXPECT_EQ(owner_of_connection(port, proxy_->port(), groups), ::getpid());
    const std::array<pid_t, 1> others{1};
    EXPECT_EQ(owner_of_connection(port, proxy_->port(), others), 0);
    EXPECT_EQ(owner_of_connection(port, 1, groups), 0);
}

TEST_F(FaultProxyTest, NothingIsLeftWhenItGoes) {
    auto [client, server] = pair();
    const std::uint16_t port = proxy_->port();
    proxy_.reset();
    until([c = client, s = server] { return (c->ended || c->reset) && (s->ended || s->reset); });
    EXPECT_FALSE(is_listening(port));
}

} // namespace
} // namespace real
