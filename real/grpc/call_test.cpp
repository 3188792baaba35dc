#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "engine/chain/secret.hpp"
#include "real/grpc/health.hpp"
#include "real/grpc/remote_wallet.hpp"
#include "real/grpc/testing/test_bed.hpp"

namespace real::grpc {
namespace {

namespace asio = boost::asio;
using testing::Bed;
using testing::Flag;
using testing::patience;
using testing::to;

constexpr const char* echo_path = "/test.Service/Echo";

Task<Outcome<std::string>> echo(std::string request) { co_return request; }

Task<Outcome<std::string>> hang(bool* begun, bool* destroyed, engine::Signal* signal) {
    const Flag flag(*destroyed);
    *begun = true;
    signal->notify_all();
    co_await engine::park("nothing", engine::Instant::never());
    co_return std::string("never");
}

Task<Outcome<std::string>> throw_something() {
    co_await engine::yield();
    throw std::runtime_error("on purpose");
}

/// A server with the methods that these tests call.
struct TestServer {
    explicit TestServer(IoLoop& loop, ServerOptions options = {})
        : signal(loop), server(loop, {}, std::move(options)) {
        server.handle(echo_path, {.chain_id = true, .token = true},
                      [](const Call&, std::string request) { return echo(std::move(request)); });
        server.handle("/test.Service/Hang", {},
                      [this](const Call&, std::string) { return hang(&begun, &destroyed, &signal); });
        server.handle("/test.Service/Throw", {}, [](const Call&, std::string) { return throw_something(); });
        serve_health(server);
        server.start();
    }

    engine::Signal signal;
    bool begun = false;
    bool destroyed = false;
    Server server;

    Task<> until_begun() {
        while (!begun) co_await signal.wait("a call");
    }
};

struct CallTest : Bed {};

Task<> expect_echo(Channel& channel, std::string text) {
    const std::string sent = text;
    const Outcome<std::string> reply = co_await channel.exchange(echo_path, std::move(text), {});
    if (reply)
        EXPECT_EQ(*reply, sent);
    else
        ADD_FAILURE() << name(reply.error().code) << ": " << reply.error().text;
}

Task<> expect_status(Channel& channel, const char* method, std::string request, StatusCode code,
                     engine::Code reason, std::string text = {}) {
    const Outcome<std::string> reply = co_await channel.exchange(method, std::move(request), {});
    if (reply) {
        ADD_FAILURE() << "an answer";
        co_return;
    }
    EXPECT_EQ(reply.error().code, code) << name(reply.error().code) << ": " << reply.error().text;
    EXPECT_EQ(reply.error().reason, reason) << engine::name(reply.error().reason);
    EXPECT_NE(reply.error().text.find(text), std::string::npos) << reply.error().text;
}

TEST_F(CallTest, AnswersWhatWasAsked) {
    TestServer server(loop);
    Channel channel(runtime, to(server.server));
    run(expect_echo(channel, "hello"));
    run(expect_echo(channel, std::string("\0\xff\n", 3)));
    run(expect_echo(channel, ""));
    run(expect_echo(channel, std::string(1'000'000, 'x')));
}

TEST_F(CallTest, UnknownMethodIsUnimplemented) {
    TestServer server(loop);
    Channel channel(runtime, to(server.server));
    run(expect_status(channel, "/test.Service/echo", "", StatusCode::unimplemented,
                      engine::Code::invalid_argument));
    run(expect_status(channel, "/grpc.health.v1.Health/Watch", "", StatusCode::unimplemented,
                      engine::Code::invalid_argument));
}

TEST_F(CallTest, ExceptionOfAHandlerEndsItsCallOnly) {
    TestServer server(loop);
    Channel channel(runtime, to(server.server));
    run(expect_status(channel, "/test.Service/Throw", "", StatusCode::internal, engine::Code::internal,
                      "on purpose"));
    run(expect_echo(channel, "still there"));
}

Task<> pause(IoLoop& loop) { co_await engine::sleep_until(loop.now() + 100us, "gRPC"); }

/// A call's status may come before its channel has noticed that the connection is gone.
Task<> until_disconnected(IoLoop& loop, const Channel& channel) {
    while (channel.is_connected()) co_await pause(loop);
}

// Only the call's own connection ends, and its client makes another.
TEST_F(CallTest, CallThatIsResetEndsWithItsConnection) {
    ServerOptions options;
    options.resets = [](const Status& status) { return status.text.find("on purpose") != std::string::npos; };
    TestServer server(loop, std::move(options));
    Channel channel(runtime, to(server.server));
    Channel other(runtime, to(server.server));
    run(expect_echo(other, "before"));
    for (int times = 0; times < 3; ++times) {
        run(expect_status(channel, "/test.Service/Throw", "", StatusCode::unavailable,
                          engine::Code::unknown));
        run(until_disconnected(loop, channel));
        run(expect_echo(channel, "connected anew"));
        EXPECT_TRUE(other.is_connected());
    }
    run(expect_echo(other, "after"));
}

TEST_F(CallTest, GarbageIsInternal) {
    TestServer server(loop);
    Channel channel(runtime, to(server.server));
    run(expect_status(channel, "/grpc.health.v1.Health/Check", "\xff\xff\xff", StatusCode::internal,
                      engine::Code::invalid_argument));
}

TEST_F(CallTest, RequestOverTheLimitIsResourceExhausted) {
    TestServer server(loop);
    Channel channel(runtime, to(server.server));
    run(expect_status(channel, echo_path, std::string(4 * 1024 * 1024 + 1, 'x'),
                      StatusCode::resource_exhausted, engine::Code::invalid_argument));
    run(expect_echo(channel, std::string(4 * 1024 * 1024 - 100, 'x')));
}

TEST_F(CallTest, NobodyListeningIsUnavailable) {
    std::string target;
    {
        TestServer server(loop);
        target = server.server.target();
    }
    ChannelOptions options(target);
    Channel channel(runtime, options);
    run(expect_status(channel, echo_path, "", StatusCode::unavailable, engine::Code::unavailable));
}

/// Takes connections as an HTTP/2 server does, and from then on reads nothing.
class DeafServer {
public:
    explicit DeafServer(bool says_settings)
        : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}), says_settings_(says_settings) {
        acceptor_.set_option(asio::socket_base::receive_buffer_size(4096));
        accept();
        thread_ = std::thread([this] { context_.run(); });
    }
    ~DeafServer() {
        asio::post(context_, [this] { acceptor_.close(); });
        thread_.join();
    }
    std::string target() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

private:
    void accept() {
        acceptor_.async_accept([this](const boost::system::error_code& error, asio::ip::tcp::socket socket) {
            if (error) return;
            // SETTINGS that allow a stream 8 MiB, and a WINDOW_UPDATE that allows the connection as much.
            static constexpr unsigned char frames[] = {0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0,    0x80, 0,
                                                       0, 0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0x7f, 0,    0};
            if (says_settings_) asio::write(socket, asio::buffer(frames));
            sockets_.push_back(std::move(socket));
            accept();
        });
    }

    asio::io_context context_;
    asio::ip::tcp::acceptor acceptor_;
    bool says_settings_;
    std::vector<asio::ip::tcp::socket> sockets_;
    std::thread thread_;
};

Task<> call_hanging(Channel& channel, CallOptions options, std::optional<Status>* end) {
    const Outcome<std::string> reply = co_await channel.exchange("/test.Service/Hang", "", options);
    if (!reply) end->emplace(reply.error());
}

Task<> connect(IoLoop& loop, Channel& channel) {
    std::optional<Status> end;
    engine::Nursery nursery(loop, {});
    nursery.spawn("caller", call_hanging(channel, {}, &end));
    while (!channel.is_connected()) co_await pause(loop);
}

Task<> expect_end_of_large_call(Channel& channel, engine::Code reason) {
    CallOptions options;
    options.deadline = 500ms;
    options.wait_for_ready = true;
    const auto reply = co_await channel.exchange(echo_path, std::string(4'000'000, 'x'), options);
    if (reply) {
        ADD_FAILURE() << "an answer";
        co_return;
    }
    EXPECT_EQ(reply.error().code, StatusCode::deadline_exceeded) << reply.error().text;
    EXPECT_EQ(reply.error().reason, reason) << engine::name(reply.error().reason);
}

// The write of the first never ends, and yet most of it has left.
TEST_F(CallTest, WhatWasHandedToAConnectionMayHaveHappened) {
    const DeafServer hears_nothing(true);
    ChannelOptions there(hears_nothing.target());
    Channel connected(runtime, std::move(there));
    run(connect(loop, connected));
    const Instant begun = loop.now();
    run(expect_end_of_large_call(connected, engine::Code::unknown));
    EXPECT_LT(loop.now() - begun, 15s) << "not when the connection is given up";
    const DeafServer never_ready(false);
    ChannelOptions nowhere(never_ready.target());
    Channel unconnected(runtime, std::move(nowhere));
    run(expect_end_of_large_call(unconnected, engine::Code::unavailable));
}

Task<> until(IoLoop& loop, const bool* condition) {
    while (!*condition) co_await pause(loop);
}

/// An earlier call may have arrived late, too.
Task<> until_idle(IoLoop& loop, const Server& server) {
    while (server.running() != 0) co_await pause(loop);
}

TEST_F(CallTest, DeadlineEndsBothSidesAndTheOutcomeIsUnknown) {
    TestServer server(loop);
    Channel channel(runtime, to(server.server));
    std::optional<Status> end;
    CallOptions options;
    // On a busy machine a short deadline may pass before the call arrives.
    for (options.deadline = 50ms; !server.begun; *options.deadline *= 2)
        run(call_hanging(channel, options, &end));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, StatusCode::deadline_exceeded);
    EXPECT_EQ(end->reason, engine::Code::unknown);
    run(until_idle(loop, server.server));
    EXPECT_TRUE(server.destroyed);
}

Task<> kill_a_caller(IoLoop& loop, Channel& channel, TestServer& server) {
    std::optional<Status> end;
    {
        engine::Nursery nursery(loop, {});
        nursery.spawn("caller", call_hanging(channel, {}, &end));
        co_await server.until_begun();
    }
    co_await until(loop, &server.destroyed);
    EXPECT_FALSE(end);
}

TEST_F(CallTest, KillingTheCallerKillsTheHandler) {
    TestServer server(loop);
    Channel channel(runtime, to(server.server));
    run(kill_a_caller(loop, channel, server));
    run(expect_echo(channel, "the channel goes on"));
}

Task<> lose_the_server(IoLoop& loop, Channel& channel, std::unique_ptr<TestServer>& server,
                       std::optional<Status>* end) {
    engine::Nursery nursery(loop, {});
    nursery.spawn("caller", call_hanging(channel, {}, end));
    co_await server->until_begun();
    server.reset();
    co_await nursery.join();
}

TEST_F(CallTest, ServerGoneInMidCallIsUnknown) {
    auto server = std::make_unique<TestServer>(loop);
    Channel channel(runtime, to(server->server));
    std::optional<Status> end;
    run(lose_the_server(loop, channel, server, &end));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->reason, engine::Code::unknown) << name(end->code) << ": " << end->text;
}

Task<> thousand(IoLoop& loop, Channel& channel) {
    engine::Nursery nursery(loop, {});
    for (int i = 0; i < 1000; ++i) nursery.spawn("caller", expect_echo(channel, std::to_string(i)));
    co_await nursery.join();
}

TEST_F(CallTest, ThousandCallsAtOnce) {
    TestServer server(loop);
    Channel channel(runtime, to(server.server));
    run(thousand(loop, channel));
    EXPECT_EQ(server.server.running(), 0u);
}

TEST_F(CallTest, AnotherChainIsRefusedByItsHeader) {
    ServerOptions options;
    options.chain_id = "local";
    TestServer server(loop, std::move(options));
    ChannelOptions same = to(server.server);
    same.chain_id = "local";
    ChannelOptions other = to(server.server);
    other.chain_id = "main";
    Channel none(runtime, to(server.server));
    Channel good(runtime, same);
    Channel bad(runtime, other);
    run(expect_echo(none, "no header"));
    run(expect_echo(good, "ours"));
    run(expect_status(bad, echo_path, "", StatusCode::failed_precondition, engine::Code::failed_precondition,
                      "chain-id mismatch: 'local'"));
}

Task<> drain(IoLoop& loop, Channel& channel, TestServer& server) {
    std::optional<Status> end;
    engine::Nursery nursery(loop, {});
    nursery.spawn("caller", call_hanging(channel, {}, &end));
    co_await server.until_begun();
    const engine::Instant begun = loop.now();
    co_await server.server.stop(100ms);
    EXPECT_GE(loop.now() - begun, Duration(100ms));
    co_await nursery.join();
    EXPECT_TRUE(server.destroyed);
    EXPECT_TRUE(end);
}

TEST_F(CallTest, StopLetsCallsEndForAWhileThenKillsThem) {
    TestServer server(loop);
    Channel channel(runtime, to(server.server));
    run(drain(loop, channel, server));
}

TEST_F(CallTest, APortIsTakenOnce) {
    TestServer first(loop);
    ServerOptions options;
    options.port = first.server.port();
    Server second(loop, {}, options);
    EXPECT_THROW(second.start(), engine::BrokenSurroundings);
}

Task<> check_health(Channel& channel, Serving* seen, std::string* echoed) {
    HealthClient health(channel);
    const Outcome<Serving> status = co_await health.check();
    if (status) *seen = *status;
    std::string data = "ping";
    const Outcome<std::string> reply = co_await health.ping(std::move(data));
    if (reply) *echoed = *reply;
}

TEST_F(CallTest, HealthIsAskedEachTime) {
    Serving now = Serving::not_serving;
    Server server(loop, {}, {});
    serve_health(server, [&now] { return now; });
    server.start();
    Channel channel(runtime, to(server));
    for (const Serving status : {Serving::not_serving, Serving::serving, Serving::unknown}) {
        now = status;
        Serving seen{};
        std::string echoed;
        run(check_health(channel, &seen, &echoed));
        EXPECT_EQ(seen, status);
        EXPECT_EQ(echoed, "ping");
    }
}

} // namespace
} // namespace real::grpc
