#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include <random>

#include "real/grpc/health.hpp"
#include "real/grpc/testing/test_bed.hpp"

// Beginnings and ends of servers, channels, calls and streams, in every order.

namespace real::grpc {
namespace {

using namespace testing;
using engine::Code;

constexpr const char* echo_path = "/test.Service/Echo";
constexpr const char* wait_path = "/test.Service/Wait";
constexpr const char* guarded_path = "/test.Service/Guarded";
constexpr const char* stream_path = "/test.Service/Stream";

/// Counts handlers alive, by their frames.
struct Alive {
    int& count;
    explicit Alive(int& c) : count(c) { ++count; }
    ~Alive() { --count; }
};

/// A server whose calls wait until the test opens a gate.
struct Gated {
    explicit Gated(IoLoop& l, ServerOptions options = {})
        : loop(l), changed(l), server(l, {}, std::move(options)) {
        server.handle(echo_path, {},
                      [](const Call&, std::string request) { return echo(std::move(request)); });
        server.handle(wait_path, {},
                      [this](const Call&, std::string request) { return wait(this, std::move(request)); });
        server.handle(guarded_path, {.chain_id = true, .token = true},
                      [](const Call&, std::string request) { return echo(std::move(request)); });
        server.handle_stream(stream_path, {},
                             [this](const Call&, ServerStream& s) { return repeat(this, s); });
        serve_health(server);
        server.start();
    }

    static Task<Outcome<std::string>> echo(std::string request) { co_return request; }
    static Task<Outcome<std::string>> wait(Gated* self, std::string request) {
        const Alive alive(self->handlers);
        self->changed.notify_all();
        while (!self->open) co_await self->changed.wait("the gate");
        co_return request;
    }
    /// Sends every message back twice.
    static Task<std::optional<Status>> repeat(Gated* self, ServerStream& stream) {
        const Alive alive(self->handlers);
        self->changed.notify_all();
        for (;;) {
            const std::optional<std::string> message = co_await stream.read();
            if (!message) co_return std::nullopt;
            if (*message == "fail") co_return Status(StatusCode::failed_precondition, "as asked", Code::lost);
            for (int i = 0; i < 2; ++i) {
                const bool reached = co_await stream.write(*message);
                if (!reached) co_return std::nullopt;
            }
        }
    }
    /// Calls that were killed may arrive late, and end by themselves.
    Task<> until_idle() {
        while (server.running() != 0 || handlers != 0) co_await look_again();
    }
    Task<> until_handlers(int count) {
        while (handlers != count) co_await look_again();
    }
    Task<> until_some_handlers(int count) {
        while (handlers < count) co_await look_again();
    }
    /// With a pause: gRPC's threads, which it waits for, need the processor.
    Task<> look_again() { co_await engine::sleep_until(loop.now() + 100us, "gRPC"); }
    void open_gate() {
        open = true;
        changed.notify_all();
    }

    IoLoop& loop;
    engine::Signal changed;
    bool open = false;
    int handlers = 0;
    Server server;
};

struct LifecycleTest : Bed {};

Task<> call_into(Channel& channel, const char* path, std::string request,
                 std::optional<Outcome<std::string>>* out) {
    Outcome<std::string> reply = co_await channel.exchange(path, std::move(request), {});
    out->emplace(std::move(reply));
}

struct Calls {
    std::vector<std::optional<Outcome<std::string>>> ends;
    explicit Calls(std::size_t count) : ends(count) {}
    void start(engine::Nursery& nursery, Channel& channel, const char* path) {
        for (std::size_t i = 0; i < ends.size(); ++i)
            nursery.spawn("caller", call_into(channel, path, std::to_string(i), &ends[i]));
    }
};

Task<> server_dies(IoLoop& loop, Channel& channel, std::unique_ptr<Gated>& server, Calls& calls) {
    engine::Nursery nursery(loop, {});
    calls.start(nursery, channel, wait_path);
    co_await server->until_handlers(static_cast<int>(calls.ends.size()));
    server.reset();
    co_await nursery.join();
}

TEST_F(LifecycleTest, ServerDestroyedWithCallsInFlightEndsThemAll) {
    auto server = std::make_unique<Gated>(loop);
    Channel channel(runtime, to(server->server));
    Calls calls(50);
    run(server_dies(loop, channel, server, calls));
    for (const auto& end : calls.ends) {
        ASSERT_TRUE(end);
        ASSERT_FALSE(*end);
        EXPECT_EQ(end->error().reason, Code::unknown) << end->error().text;
    }
}

Task<> drain(IoLoop& loop, Gated& gated, Channel& channel, Calls& calls, Calls& late) {
    engine::Nursery nursery(loop, {});
    calls.start(nursery, channel, wait_path);
    co_await gated.until_handlers(static_cast<int>(calls.ends.size()));
    nursery.spawn("stop", gated.server.stop(patience));
    co_await engine::yield(); // the stop has begun
    {
        engine::Nursery latecomers(loop, {});
        late.start(latecomers, channel, echo_path);
        co_await latecomers.join();
    }
    gated.open_gate();
    co_await nursery.join();
}

TEST_F(LifecycleTest, StopLetsCallsEndAndTakesNoNewOnes) {
    Gated gated(loop);
    Channel channel(runtime, to(gated.server));
    Calls calls(5);
    Calls late(30); // more than the server accepts at a time
    run(drain(loop, gated, channel, calls, late));
    for (std::size_t i = 0; i < calls.ends.size(); ++i) {
        ASSERT_TRUE(calls.ends[i] && *calls.ends[i]) << calls.ends[i]->error().text;
        EXPECT_EQ(**calls.ends[i], std::to_string(i));
    }
    for (const auto& end : late.ends) {
        ASSERT_TRUE(end && !*end);
        EXPECT_EQ(end->error().code, StatusCode::unavailable) << end->error().text;
        EXPECT_EQ(end->error().reason, Code::unavailable);
    }
    EXPECT_EQ(gated.handlers, 0);
}

Task<> outlast(IoLoop& loop, Gated& gated, Channel& channel, Calls& calls) {
    engine::Nursery nursery(loop, {});
    calls.start(nursery, channel, wait_path);
    co_await gated.until_handlers(static_cast<int>(calls.ends.size()));
    co_await gated.server.stop(10ms); // the gate stays shut
    co_await nursery.join();
}

TEST_F(LifecycleTest, StopKillsTheCallsThatOutlastTheDrain) {
    Gated gated(loop);
    Channel channel(runtime, to(gated.server));
    Calls calls(5);
    run(outlast(loop, gated, channel, calls));
    for (const auto& end : calls.ends) {
        ASSERT_TRUE(end && !*end);
        EXPECT_EQ(end->error().reason, Code::unknown) << end->error().text;
    }
    EXPECT_EQ(gated.handlers, 0);
}

Task<> abandon(IoLoop& loop, ClientRuntime& runtime, Gated& gated) {
    Channel channel(runtime, to(gated.server));
    Calls calls(20);
    engine::Nursery nursery(loop, {});
    calls.start(nursery, channel, wait_path);
    co_await gated.until_handlers(20);
}

TEST_F(LifecycleTest, ClientDestroyedWithCallsInFlightCancelsThem) {
    Gated gated(loop);
    {
        ClientRuntime own(loop);
        run(abandon(loop, own, gated)); // the callers die, then the channel, then the runtime
    }
    run(gated.until_idle());
}

#if defined(__SANITIZE_THREAD__)
constexpr int churn_rounds = 15; // a call takes twenty times as long there, more on a loaded machine
#else
constexpr int churn_rounds = 40;
#endif

// Calls of every kind, killed at any moment.
Task<> churn(IoLoop& loop, Channel& channel, Gated& gated) {
    std::mt19937 random(7);
    for (int round = 0; round < churn_rounds; ++round) {
        engine::Nursery nursery(loop, {});
        Calls waiting(5);
        Calls answered(5);
        waiting.start(nursery, channel, wait_path);
        answered.start(nursery, channel, echo_path);
        // Some of them have reached the server, in one round more than in another.
        const int reached = static_cast<int>(random() % 6);
        co_await gated.until_some_handlers(reached);
        for (auto steps = random() % 40; steps > 0; --steps) co_await engine::yield();
    }
    co_await gated.until_idle();
}

TEST_F(LifecycleTest, CallsMayBeKilledAtAnyMoment) {
    Gated gated(loop);
    Channel channel(runtime, to(gated.server));
    run(churn(loop, channel, gated));
}

Task<> restart(Channel& channel, std::unique_ptr<Gated>& server, IoLoop& loop) {
    for (int i = 0; i < 3; ++i) {
        // A call may still go out on the connection to the server that is gone.
        for (int attempt = 0;; ++attempt) {
            std::optional<Outcome<std::string>> end;
            co_await call_into(channel, echo_path, "hello", &end);
            if (*end) break;
            EXPECT_TRUE(end->error().reason == Code::unavailable || end->error().reason == Code::unknown)
                << end->error().text;
            if (attempt == 5) {
                ADD_FAILURE() << "it does not find it: " << end->error().text;
                break;
            }
        }
        ServerOptions same;
        same.port = server->server.port();
        server.reset();
        server = std::make_unique<Gated>(loop, same);
    }
}

TEST_F(LifecycleTest, AChannelFindsARestartedServer) {
    auto server = std::make_unique<Gated>(loop);
    ChannelOptions options = to(server->server);
    options.wait_for_ready = true;
    options.reconnect_min = 1ms;
    options.reconnect_max = 10ms;
    Channel channel(runtime, options);
    run(restart(channel, server, loop));
}

Task<> early_call(IoLoop& loop, Channel& channel, std::uint16_t port, std::unique_ptr<Gated>& server,
                  std::optional<Outcome<std::string>>* end) {
    engine::Nursery nursery(loop, {});
    nursery.spawn("caller", call_into(channel, echo_path, "early", end));
    co_await engine::yield();
    ServerOptions options;
    options.port = port;
    server = std::make_unique<Gated>(loop, options);
    co_await nursery.join();
}

TEST_F(LifecycleTest, WaitForReadyOutlastsAServerThatIsNotThereYet) {
    auto server = std::make_unique<Gated>(loop);
    ChannelOptions options = to(server->server);
    const std::uint16_t port = server->server.port();
    server.reset();
    options.wait_for_ready = true;
    options.reconnect_min = 1ms;
    options.reconnect_max = 10ms;
    Channel channel(runtime, options);
    std::optional<Outcome<std::string>> end;
    run(early_call(loop, channel, port, server, &end));
    ASSERT_TRUE(end && *end) << end->error().text;
    EXPECT_EQ(**end, "early");
}

// The connection stands, but nobody speaks HTTP/2 there: the call never left.
TEST_F(LifecycleTest, ACallThatNeverLeftIsUnavailable) {
    boost::asio::ip::tcp::acceptor silent(loop.context(), {boost::asio::ip::address_v4::loopback(), 0});
    ChannelOptions options("127.0.0.1:" + std::to_string(silent.local_endpoint().port()));
    options.deadline = 100ms;
    Channel channel(runtime, options);
    std::optional<Outcome<std::string>> end;
    run(call_into(channel, echo_path, "", &end));
    ASSERT_TRUE(end && !*end);
    EXPECT_EQ(end->error().code, StatusCode::deadline_exceeded);
    EXPECT_EQ(end->error().reason, Code::unavailable);
}

TEST_F(LifecycleTest, AnAnswerOverTheLimitIsResourceExhausted) {
    constexpr std::size_t limit = 64 * 1024; // megabytes take minutes under the thread sanitizer
    ServerOptions unlimited;
    unlimited.largest_message = largest_peer_message;
    Gated gated(loop, unlimited);
    ChannelOptions options = to(gated.server);
    options.largest_message = limit;
    Channel small(runtime, options);
    options.largest_message = largest_peer_message;
    Channel large(runtime, options);
    std::optional<Outcome<std::string>> end;
    run(call_into(small, echo_path, std::string(limit + 1, 'x'), &end));
    ASSERT_TRUE(end && !*end);
    EXPECT_EQ(end->error().code, StatusCode::resource_exhausted);
    EXPECT_EQ(end->error().reason, Code::invalid_argument);
    run(call_into(large, echo_path, std::string(3 * limit, 'x'), &end));
    ASSERT_TRUE(end && *end) << end->error().text;
    EXPECT_EQ((*end)->size(), 3 * limit);
}

TEST_F(LifecycleTest, AConnectionBeyondTheLimitIsTurnedAwayUntilOneIsGone) {
    std::vector<std::string> refused;
    ServerOptions options;
    options.connections_max = 2;
    options.on_refused = [&refused](const char* why) { refused.emplace_back(why); };
    Gated gated(loop, std::move(options));
    std::optional<Outcome<std::string>> end;
    auto first = std::make_unique<Channel>(runtime, to(gated.server));
    Channel second(runtime, to(gated.server));
    for (Channel* channel : {first.get(), &second}) {
        run(call_into(*channel, echo_path, "x", &end));
        ASSERT_TRUE(end && *end) << end->error().text;
    }
    {
        Channel third(runtime, to(gated.server)); // gone before there is room, which it would take for itself
        run(call_into(third, echo_path, "x", &end));
        ASSERT_TRUE(end && !*end);
        EXPECT_EQ(end->error().code, StatusCode::unavailable);
    }
    ASSERT_FALSE(refused.empty());
    EXPECT_EQ(refused.front(), "too many connections");
    first.reset();
    Channel fourth(runtime, to(gated.server));
    const engine::Instant due = loop.now() + 10s;
    do {
        run(call_into(fourth, echo_path, "x", &end));
    } while (!*end && loop.now() < due);
    EXPECT_TRUE(*end) << "there is room again";
}

TEST_F(LifecycleTest, ACallBeyondTheLimitIsResourceExhausted) {
    ServerOptions options;
    options.calls_max = 0;
    Gated gated(loop, std::move(options));
    Channel channel(runtime, to(gated.server));
    std::optional<Outcome<std::string>> end;
    run(call_into(channel, echo_path, "x", &end));
    ASSERT_TRUE(end && !*end);
    EXPECT_EQ(end->error().code, StatusCode::resource_exhausted);
    EXPECT_EQ(end->error().text, "too many calls");
}

TEST_F(LifecycleTest, TokensAreAskedForWhereTheServiceSaysSo) {
    const TokenSecret secret{1, 2, 3};
    ServerOptions options;
    options.tokens.emplace(secret);
    Gated gated(loop, std::move(options));
    ChannelOptions none = to(gated.server);
    ChannelOptions good = none;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto now_s = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    good.authorization = basic_authorization("alice", make_token(secret, "alice", now_s));
    Channel stranger(runtime, none);
    Channel friendly(runtime, good);
    std::optional<Outcome<std::string>> end;
    run(call_into(stranger, guarded_path, "", &end));
    ASSERT_TRUE(end && !*end);
    EXPECT_EQ(end->error().code, StatusCode::unauthenticated);
    EXPECT_EQ(end->error().reason, Code::permission_denied);
    run(call_into(stranger, echo_path, "", &end));
    EXPECT_TRUE(*end);
    run(call_into(friendly, guarded_path, "", &end));
    EXPECT_TRUE(*end) << end->error().text;
}

TEST_F(LifecycleTest, EveryEndIsTold) {
    std::vector<std::pair<std::string, StatusCode>> told;
    ServerOptions options;
    options.on_end = [&](const std::string& method, StatusCode status, Duration took) {
        EXPECT_GE(took, Duration(0));
        told.emplace_back(method, status);
    };
    options.chain_id = "local";
    Gated gated(loop, std::move(options));
    ChannelOptions other = to(gated.server);
    other.chain_id = "main";
    Channel channel(runtime, other);
    std::optional<Outcome<std::string>> end;
    run(call_into(channel, echo_path, "", &end));
    run(call_into(channel, guarded_path, "", &end));
    run(call_into(channel, "/no.Such/Method", "", &end));
    const std::vector<std::pair<std::string, StatusCode>> expected{
        {echo_path, StatusCode::ok},
        {guarded_path, StatusCode::failed_precondition},
        {"/no.Such/Method", StatusCode::unimplemented}};
    EXPECT_EQ(told, expected);
}

// ------------------------------------------------------------------------------------------------ streams

Task<> repeat_twice(Channel& channel, std::vector<std::string>* heard, Status* end, std::string last) {
    const auto stream = channel.open(stream_path);
    for (const char* message : {"a", "b"}) {
        const bool written = co_await stream->write(message);
        EXPECT_TRUE(written);
        for (int i = 0; i < 2; ++i) {
            const std::optional<std::string> reply = co_await stream->read();
            heard->push_back(reply.value_or("nothing"));
        }
    }
    if (!last.empty()) {
        const bool written = co_await stream->write(std::move(last));
        EXPECT_TRUE(written);
    }
    co_await stream->writes_done();
    const std::optional<std::string> rest = co_await stream->read();
    EXPECT_FALSE(rest);
    *end = co_await stream->finish();
}

TEST_F(LifecycleTest, AStreamGoesBothWaysAndEndsWithItsStatus) {
    Gated gated(loop);
    Channel channel(runtime, to(gated.server));
    std::vector<std::string> heard;
    Status end;
    run(repeat_twice(channel, &heard, &end, ""));
    EXPECT_EQ(heard, (std::vector<std::string>{"a", "a", "b", "b"}));
    EXPECT_EQ(end.code, StatusCode::ok);
    run(repeat_twice(channel, &heard, &end, "fail"));
    EXPECT_EQ(end.code, StatusCode::failed_precondition);
    EXPECT_EQ(end.text, "as asked");
    EXPECT_EQ(end.reason, Code::lost);
    EXPECT_EQ(gated.handlers, 0);
}

Task<> keep_reading(Channel& channel) {
    const auto stream = channel.open(stream_path);
    co_await stream->write("a");
    while (co_await stream->read()) {
    }
}

Task<> leave_streams(IoLoop& loop, Channel& channel, Gated& gated) {
    {
        engine::Nursery nursery(loop, {});
        for (int i = 0; i < 10; ++i) nursery.spawn("stream", keep_reading(channel));
        co_await gated.until_handlers(10);
    }
    co_await gated.until_handlers(0);
}

TEST_F(LifecycleTest, AStreamThatIsLeftEndsItsHandler) {
    Gated gated(loop);
    Channel channel(runtime, to(gated.server));
    run(leave_streams(loop, channel, gated));
    EXPECT_EQ(gated.server.running(), 0u);
}

Task<> lose_streams(IoLoop& loop, Channel& channel, std::unique_ptr<Gated>& gated) {
    engine::Nursery nursery(loop, {});
    for (int i = 0; i < 10; ++i) nursery.spawn("stream", keep_reading(channel));
    co_await gated->until_handlers(10);
    gated.reset();
    co_await nursery.join();
}

TEST_F(LifecycleTest, AServerThatGoesEndsItsStreams) {
    auto gated = std::make_unique<Gated>(loop);
    Channel channel(runtime, to(gated->server));
    run(lose_streams(loop, channel, gated));
}

} // namespace
} // namespace real::grpc
