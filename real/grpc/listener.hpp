#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "real/loop/io_loop.hpp"

namespace real::grpc {

/// Takes the connections of a port and hands them on, a bounded number at a time: gRPC 1.51 would take any
/// number, and a process without descriptors accepts nobody, not even its operator.
///
/// Rules
/// 1. While `most` connections are open, a new one is accepted and closed at once, so that its client hears
/// of it.
/// 2. Without a free descriptor it waits and tries again.  It never ends by itself.
class Listener {
public:
    /// Told of a socket, which belongs to the receiver from then on.  On the loop's thread, outside every
    /// task.
    using Accepted = std::function<void(int socket)>;
    /// Told why a connection was turned away or could not be accepted.
    using Refused = std::function<void(const char* why)>;

    struct Options {
        std::string address; ///< or a name, or an IPv6 address without brackets
        std::uint16_t port = 0;
        std::size_t most = 0;
        bool share_port = false;
    };

    /// Binds and listens.  @param loop  outlives the listener
    /// @throws BrokenSurroundings  when the address cannot be used
    Listener(IoLoop& loop, const Options& options, Accepted accepted, Refused refused);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    std::uint16_t port() const;
    /// Connections that were handed on and are still open.
    std::size_t open() const;
    /// Ends a connection that was handed on, at both ends.
    void reset(int socket);
    void close();

private:
    struct State;
    std::shared_ptr<State> state_; // shared with what the loop has not called yet
};

} // namespace real::grpc
