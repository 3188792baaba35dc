#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace real {

/// Ports of the loopback interface that are this run's own.
///
/// A reserved port is bound by a socket that never listens.  A server with SO_REUSEADDR (gRPC, nginx,
/// Postgres, Asio acceptors) can listen beside it, but the kernel gives the port to nobody who asks for any
/// free one: not to another run, not to an outgoing connection.  So a port stays ours through every restart
/// of its server.
class PortPool {
public:
    PortPool() = default;
    PortPool(const PortPool&) = delete;
    PortPool& operator=(const PortPool&) = delete;
    ~PortPool();

    /// A port that nobody uses.  @throws std::system_error
    std::uint16_t reserve();
    /// This very port.
    /// @throws engine::BrokenSurroundings  somebody listens there, or another pool has reserved it as fixed
    void reserve_fixed(std::uint16_t port);
    void give_back(std::uint16_t port);

private:
    std::uint16_t bind(std::uint16_t port);
    std::map<std::uint16_t, int> sockets_; // by port
    std::vector<int> claims_;              // of fixed ports
};

/// Whether a TCP server listens on a port of 127.0.0.1.  Does not suspend: loopback answers at once.
bool is_listening(std::uint16_t port);

} // namespace real
