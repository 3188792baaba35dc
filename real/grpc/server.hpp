#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "real/grpc/auth_token.hpp"
#include "real/grpc/completions.hpp"
#include "real/grpc/status.hpp"

namespace real::grpc {

using engine::Duration;

/// What a service asks of every call before it looks at it.
struct Guard {
    bool chain_id = false; ///< a `chain-id` header, if there is one, names our chain
    bool token =
        false; ///< an `authorization` header with a valid client token, where the server has a secret
};

inline constexpr std::size_t default_largest_message = std::size_t{4} << 20;
/// Upstream sets no limit between ingest nodes; this is far above anything they say.
inline constexpr std::size_t largest_peer_message = std::size_t{64} << 20;

struct ServerOptions {
    std::string address = "127.0.0.1";                     ///< or a name, or an IPv6 address without brackets
    std::uint16_t port = 0;                                ///< 0: any free one
    std::string chain_id;                                  ///< empty: any is accepted
    std::optional<TokenVerifier> tokens;                   ///< none: any client is accepted
    std::size_t largest_message = default_largest_message; ///< bytes, in both directions
    std::size_t connections_max = 512;                     ///< open at a time; more are turned away
    unsigned streams_max = 128;                            ///< calls at a time on one connection; more wait
    std::size_t calls_max = 2048;                          ///< at a time in all; more are RESOURCE_EXHAUSTED
    bool share_port = false;                               ///< let another process listen on the port, too
    /// Told why a connection was turned away, or a call for want of room.  On the loop's thread.
    std::function<void(const char* why)> on_refused;
    /// Told of every call that ended, those that the server's destructor ends included.  On the loop's
    /// thread.
    std::function<void(const std::string& method, StatusCode status, Duration took)> on_end;
    /// Whether a call that would end so ends with its connection instead, and with whatever else is under way
    /// on that.  Empty: never.
    std::function<bool(const Status& status)> resets;

    ServerOptions() = default;
};

/// A call being served.  Valid while its handler runs.
class Call {
public:
    virtual const std::string& method() const = 0;
    /// "ipv4:127.0.0.1:54321"
    virtual std::string peer() const = 0;
    /// @return nothing when the client did not send the header
    virtual std::optional<std::string> header(const std::string& name) const = 0;
    /// Asks to be told when the answer of a unary call may not have reached its client.  Told once, on the
    /// loop's thread, when the call is over.
    virtual void if_undelivered(std::function<void()>) const {}

protected:
    ~Call() = default;
};

/// The messages of a streaming call.  Valid while its handler runs.
class ServerStream {
public:
    /// Suspends.  @return nothing when the client sends no more
    virtual Task<std::optional<std::string>> read() = 0;
    /// Suspends.  @return whether the client can still be reached
    virtual Task<bool> write(std::string message) = 0;

protected:
    ~ServerStream() = default;
};

using UnaryHandler = std::function<Task<Outcome<std::string>>(const Call& call, std::string request)>;
/// Returns how the call ends; none: well.
using StreamHandler = std::function<Task<std::optional<Status>>(const Call& call, ServerStream& stream)>;

/// A gRPC server for any number of services, whose handlers are tasks of the loop.
///
/// Rules
/// 1. Each call runs its handler as a task of the server's node.  A call that the client cancels, or
///    whose deadline passes, kills the task.
/// 2. An exception that leaves a handler ends its call INTERNAL and nothing else.
/// 3. A method nobody handles is UNIMPLEMENTED; a message over the limit RESOURCE_EXHAUSTED.
/// 4. The destructor kills what still runs.  It is not called by a handler.
/// 5. Clear text only: no TLS.
/// 6. No client takes more than its share: messages, calls on a connection, calls and connections are
/// bounded.
class Server {
public:
    /// @param loop  outlives the server
    Server(IoLoop& loop, NodeId node, ServerOptions options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// @param path  "/package.Service/Method", @pre not handled yet, not started
    void handle(std::string path, Guard guard, UnaryHandler handler);
    void handle_stream(std::string path, Guard guard, StreamHandler handler);

    /// Every path handled, sorted.
    std::vector<std::string> paths() const;
    /// What serves a path: for tests that call it without a network.  @return null when it is no such method
    const UnaryHandler* unary_handler(const std::string& path) const;
    const StreamHandler* stream_handler(const std::string& path) const;

    /// Listens.  @throws BrokenSurroundings when the address cannot be bound
    void start();
    /// The one listened on.  @pre started
    std::uint16_t port() const { return port_; }
    /// "host:port"
    std::string target() const;
    /// Calls whose handler runs.
    std::size_t running() const;

    /// Lets the calls that run end for at most `drain`, then kills them; new ones are answered UNAVAILABLE,
    /// the last, which meet the closing of the port, UNAVAILABLE or CANCELLED.  Suspends until all is over.
    Task<> stop(Duration drain);

private:
    class Connection; // one call
    struct Method {
        Guard guard;
        UnaryHandler unary;
        StreamHandler stream;
    };
    struct Machinery;

    void accept_one();
    bool has_open_calls() const;
    std::optional<Status> refusal(const Guard& guard, const Connection& call) const;
    void shut_down(Duration drain);

    IoLoop& loop_;
    NodeId node_;
    ServerOptions options_;
    std::map<std::string, Method> methods_; // by path
    std::uint16_t port_ = 0;
    std::unique_ptr<Machinery> machinery_; // once started
};

} // namespace real::grpc
