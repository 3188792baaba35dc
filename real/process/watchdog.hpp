#pragma once

#include <filesystem>

#include <sys/types.h>

namespace real {

/// A tiny process that outlives ours by a moment: when we die in any way, it kills every process group that
/// was still ours and removes what we asked it to.
///
/// Rules
/// 1. It learns of our death by the end of a connection that only we hold, so SIGKILL of ours does not
///    escape it.
/// 2. It notes when each group's leader was started and does not touch a group whose leader is somebody else.
/// 3. It is in a session of its own: Ctrl-C and a closed terminal do not reach it.
class Watchdog {
public:
    /// Forks.  @throws std::system_error
    Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    /// Ends it: groups that are still registered are killed.
    ~Watchdog();

    /// @param leader  a child of ours that leads its process group and has not been reaped
    void add_group(pid_t leader);
    /// @pre the group has ended
    void remove_group(pid_t leader);
    /// Removed, with all in it, when we die without having called forget_directory().
    void add_directory(const std::filesystem::path& path);
    void forget_directory(const std::filesystem::path& path);

    pid_t pid() const { return pid_; }

private:
    void tell(char verb, pid_t leader, const std::filesystem::path& path);
    pid_t pid_ = -1;
    int socket_ = -1;
};

} // namespace real
