#include "real/proxy/socket_owner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace real {
namespace {

// "0100007F:1F90" -> 0x1F90
std::optional<std::uint16_t> port_of(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == address.npos) return std::nullopt;
    std::uint16_t port = 0;
    const char* begin = address.data() + colon + 1;
    const auto parsed = std::from_chars(begin, address.data() + address.size(), port, 16);
    if (parsed.ec != std::errc()) return std::nullopt;
    return port;
}

// The number of the socket whose local port is the client's and whose remote port is the server's.
std::string inode_of(const char* table, std::uint16_t client_port, std::uint16_t server_port) {
    std::ifstream in(table);
    std::string line;
    std::getline(in, line); // headings
    while (std::getline(in, line)) {
        std::istringstream fields(line);
        std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
        fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >>
            inode;
        if (port_of(local) == client_port && port_of(remote) == server_port && inode != "0") return inode;
    }
    return {};
}

// The numbers of the sockets that listen on a port.
void add_listeners(const char* table, std::uint16_t port, std::vector<std::string>& inodes) {
    std::ifstream in(table);
    std::string line;
    std::getline(in, line); // headings
    while (std::getline(in, line)) {
        std::istringstream fields(line);
        std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
        fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >>
            inode;
        if (state == "0A" && port_of(local) == port) inodes.push_back(inode);
    }
}

bool holds(pid_t pid, const std::string& link) {
    std::error_code ended; // a process may go while we look
    for (std::filesystem::directory_iterator it(fmt::format("/proc/{}/fd", pid), ended), end;
         !ended && it != end; it.increment(ended)) {
        char target[64];
        const ssize_t size = ::readlink(it->path().c_str(), target, sizeof target);
        if (size > 0 && std::string_view(target, static_cast<std::size_t>(size)) == link) return true;
    }
    return false;
}

} // namespace

namespace {

pid_t holder_of(const std::string& inode, std::span<const pid_t> groups) {
    const std::string link = fmt::format("socket:[{}]", inode);
    for (const pid_t leader : groups)
        if (holds(leader, link)) return leader;
    // Workers: the other members of the groups.
    std::error_code ended;
    for (std::filesystem::directory_iterator it("/proc", ended), end; !ended && it != end;
         it.increment(ended)) {
        const std::string name = it->path().filename().string();
        pid_t pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
        const pid_t group = ::getpgid(pid);
        if (group != pid && std::find(groups.begin(), groups.end(), group) != groups.end() &&
            holds(pid, link))
            return group;
    }
    return 0;
}

} // namespace

pid_t owner_of_connection(std::uint16_t client_port, std::uint16_t server_port,
                          std::span<const pid_t> groups) {
    std::string inode = inode_of("/proc/net/tcp", client_port, server_port);
    if (inode.empty()) inode = inode_of("/proc/net/tcp6", client_port, server_port);
    return inode.empty() ? 0 : holder_of(inode, groups);
}

bool is_listened_on_by(std::uint16_t port, pid_t group) {
    std::vector<std::string> inodes;
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) add_listeners(table, port, inodes);
    return std::any_of(inodes.begin(), inodes.end(), [group](const std::string& inode) {
        return holder_of(inode, std::span(&group, 1)) == group;
    });
}

} // namespace real
