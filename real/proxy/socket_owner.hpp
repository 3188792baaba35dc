#pragma once

#include <cstdint>
#include <span>

#include <sys/types.h>

namespace real {

/// Which of our process groups holds the client's end of a loopback connection.
/// @param client_port, server_port  of the connection
/// @param groups  leaders of process groups
/// @return the leader; 0 when none of them has it
/// @source proc(5): /proc/net/tcp, /proc/net/tcp6, /proc/PID/fd
pid_t owner_of_connection(std::uint16_t client_port, std::uint16_t server_port,
                          std::span<const pid_t> groups);

/// Whether it is one of these process groups that listens on a port of this machine, and not somebody else.
/// @source proc(5)
bool is_listened_on_by(std::uint16_t port, pid_t group);

} // namespace real
