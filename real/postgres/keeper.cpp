#include "real/postgres/keeper.hpp"

#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "engine/ensure.hpp"
#include "real/process/interruption.hpp"

namespace real::postgres {
namespace {

std::vector<char*> as_argv(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
}

} // namespace

Keeper::Keeper(const std::string& script, const std::vector<std::string>& arguments,
               const std::vector<std::string>& environment) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        throw engine::BrokenSurroundings(std::string("no socket pair: ") + std::strerror(errno));
    std::vector<std::string> command{"/bin/sh", "-c", script, "fog-keeper"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3); // nobody's port is held open by this child
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    // A session of its own: what is sent to our process group, Ctrl-C or a kill, does not reach it.
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const std::vector<char*> argv = as_argv(command);
    const std::vector<char*> envp = as_argv(environment);
    const int failed = ::posix_spawn(&pid_, "/bin/sh", &actions, &attributes, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    ::close(ends[1]);
    if (failed != 0) {
        ::close(ends[0]);
        throw engine::BrokenSurroundings(std::string("cannot start /bin/sh: ") + std::strerror(failed));
    }
    socket_ = ends[0];
}

Keeper::~Keeper() {
    ::close(socket_);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void Keeper::say(const std::string& word) {
    const std::string line = word + "\n";
    std::size_t sent = 0;
    while (sent < line.size()) {
        const ssize_t n = ::send(socket_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw engine::BrokenSurroundings("the database's keeper is gone");
        sent += static_cast<std::size_t>(n);
    }
}

std::string Keeper::hear(std::chrono::milliseconds limit, bool until_signal) {
    const auto due = std::chrono::steady_clock::now() + limit;
    for (;;) {
        if (const std::size_t end = heard_.find('\n'); end != std::string::npos) {
            const std::string line = heard_.substr(0, end);
            heard_.erase(0, end + 1);
            return line;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(due - std::chrono::steady_clock::now());
        if (Interruption::requested() && until_signal)
            throw engine::BrokenSurroundings("interrupted while the database was being made");
        constexpr std::int64_t longest_ms = 50; // between two looks at a signal
        pollfd watched{socket_, POLLIN, 0};
        const int ready =
            left.count() <= 0 ? 0 : ::poll(&watched, 1, static_cast<int>(std::min(left.count(), longest_ms)));
        if (left.count() > 0 && (ready == 0 || (ready < 0 && errno == EINTR))) continue;
        char buffer[256];
        const ssize_t n = ready <= 0 ? -1 : ::read(socket_, buffer, sizeof buffer);
        if (n <= 0) throw engine::BrokenSurroundings("the database's keeper does not answer");
        heard_.append(buffer, static_cast<std::size_t>(n));
    }
}

} // namespace real::postgres
