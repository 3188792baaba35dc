#include "real/process/room.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace real {
namespace {

namespace fs = std::filesystem;

/// The number in a file of the kernel's; none: "max", or no such file.
std::optional<std::uint64_t> number_in(const fs::path& path) {
    std::ifstream in(path);
    std::uint64_t number = 0;
    return in >> number ? std::optional(number) : std::nullopt;
}

/// Threads of all processes of a user.
std::uint64_t threads_of(::uid_t user) {
    std::uint64_t sum = 0;
    std::error_code ignored;
    for (const auto& process : fs::directory_iterator("/proc", ignored)) {
        if (process.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
        std::ifstream status(process.path() / "status");
        std::string field;
        std::uint64_t owner = 0;
        std::uint64_t threads = 0;
        while (status >> field) {
            if (field == "Uid:") status >> owner;
            if (field == "Threads:") status >> threads;
        }
        if (owner == user) sum += threads;
    }
    return sum;
}

/// Of this process, as seen from inside a container or outside.
fs::path control_group() {
    std::ifstream in("/proc/self/cgroup");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("0::/")) {
            fs::path path = "/sys/fs/cgroup" + line.substr(3);
            if (fs::exists(path / "pids.max")) return path;
        }
    return "/sys/fs/cgroup";
}

std::string too_few_threads(std::uint64_t needed) {
    const fs::path group = control_group();
    const auto most = number_in(group / "pids.max");
    const auto there = number_in(group / "pids.current");
    if (most && there && *there + needed > *most)
        return fmt::format(
            "the control group may have {} processes and threads, {} are there, and a run needs "
            "about {}",
            *most, *there, needed);
    struct rlimit limit {};
    // Root is not held to it.
    if (::getuid() == 0 || ::getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return {};
    const std::uint64_t own = threads_of(::getuid());
    if (own + needed <= limit.rlim_cur) return {};
    return fmt::format(
        "this user may have {} processes and threads (ulimit -u), {} are there, and a run needs "
        "about {}",
        limit.rlim_cur, own, needed);
}

} // namespace

std::string too_little_room(const RoomNeeded& needed) {
    if (std::string why = too_few_threads(needed.threads); !why.empty()) return why;
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur >= needed.address_space_bytes)
        return {};
    return fmt::format("a process may have {} MiB of address space (ulimit -v), and a run needs {}",
                       limit.rlim_cur >> 20, needed.address_space_bytes >> 20);
}

} // namespace real
