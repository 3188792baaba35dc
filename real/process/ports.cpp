#include "real/process/ports.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>

#include "engine/ensure.hpp"

namespace real {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

} // namespace

PortPool::~PortPool() {
    for (const auto& [port, fd] : sockets_) ::close(fd);
    for (const int claim : claims_) ::close(claim);
}

std::uint16_t PortPool::bind(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto fail = [&](const char* what) {
        const int error = errno;
        if (fd >= 0) ::close(fd);
        throw std::system_error(error, std::generic_category(),
                                fmt::format("reserving port {} of 127.0.0.1: {}", port, what));
    };
    if (fd < 0) fail("socket");
    const int on = 1;
    if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) fail("SO_REUSEADDR");
    sockaddr_in address = loopback(port);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
    const std::uint16_t bound = ntohs(address.sin_port);
    sockets_.emplace(bound, fd);
    return bound;
}

std::uint16_t PortPool::reserve() { return bind(0); }

// Two runs could both bind a port on which nobody listens yet.  A name of this kind belongs to one socket of
// the same network namespace as the port, and goes away with it.
void PortPool::reserve_fixed(std::uint16_t port) {
    const std::string name = fmt::format("fogsim-port-{}", port);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path + 1, name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const int claim = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_ours = claim >= 0 && ::bind(claim, reinterpret_cast<const sockaddr*>(&address), size) == 0;
    if (!is_ours) {
        const int error = errno;
        if (claim >= 0) ::close(claim);
        throw engine::BrokenSurroundings(
            error == EADDRINUSE ? fmt::format("port {} of 127.0.0.1 is taken: by another run", port)
                                : fmt::format("port {} of 127.0.0.1: {}", port, std::strerror(error)));
    }
    try {
        bind(port);
        claims_.push_back(claim);
    } catch (const std::system_error& error) {
        ::close(claim);
        throw engine::BrokenSurroundings(
            fmt::format("port {} of 127.0.0.1 is taken: {}", port, error.code().message()));
    }
}

void PortPool::give_back(std::uint16_t port) {
    const auto it = sockets_.find(port);
    if (it == sockets_.end()) return;
    ::close(it->second);
    sockets_.erase(it);
}

bool is_listening(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const sockaddr_in address = loopback(port);
    const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return connected;
}

} // namespace real
