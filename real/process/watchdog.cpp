#include "real/process/watchdog.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace real {
namespace {

// The watchdog is a fork without exec: from there on only calls that are safe between fork and exec, no
// memory from the heap.
struct Message {
    char verb = 0; // + group, - group, d directory, f forget directory
    pid_t leader = 0;
    char path[480] = {};
};

struct Group {
    pid_t leader = 0;
    std::uint64_t started = 0; // ticks after boot; 0 unknown
};

constexpr std::size_t groups_max = 512;
constexpr std::size_t directories_max = 16;

// When a process was started, from field 22 of /proc/PID/stat.  0: there is none.
std::uint64_t start_of(pid_t pid) {
    char name[32] = "/proc/";
    char digits[16];
    std::size_t n = 0;
    for (pid_t rest = pid; rest > 0; rest /= 10) digits[n++] = static_cast<char>('0' + rest % 10);
    std::size_t at = 6;
    while (n > 0) name[at++] = digits[--n];
    std::memcpy(name + at, "/stat", 6);
    const int fd = ::open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    char text[1024];
    const ssize_t size = ::read(fd, text, sizeof text - 1);
    ::close(fd);
    if (size <= 0) return 0;
    text[size] = '\0';
    const char* p = std::strrchr(text, ')'); // the name may hold anything, also blanks and brackets
    if (p == nullptr) return 0;
    for (int field = 2; field < 22 && p != nullptr; ++field) p = std::strchr(p + 1, ' ');
    if (p == nullptr) return 0;
    std::uint64_t ticks = 0;
    for (++p; *p >= '0' && *p <= '9'; ++p) ticks = ticks * 10 + static_cast<std::uint64_t>(*p - '0');
    return ticks;
}

void remove_tree(char* path) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        char name[] = "rm", flags[] = "-rf", end[] = "--";
        char* arguments[] = {name, flags, end, path, nullptr};
        char* environment[] = {nullptr};
        ::execve("/bin/rm", arguments, environment);
        ::_exit(127);
    }
    if (pid > 0) ::waitpid(pid, nullptr, 0);
}

[[noreturn]] void guard(int socket) {
    static Group groups[groups_max]; // of this process alone, untouched so far
    static char directories[directories_max][sizeof(Message::path)];
    for (;;) {
        Message message;
        const ssize_t size = ::read(socket, &message, sizeof message);
        if (size < 0 && errno == EINTR) continue;
        if (size != static_cast<ssize_t>(sizeof message)) break;
        if (message.verb == '+') {
            for (Group& group : groups) {
                if (group.leader != 0) continue;
                group = {message.leader, start_of(message.leader)};
                break;
            }
        } else if (message.verb == '-') {
            for (Group& group : groups)
                if (group.leader == message.leader) group = {};
        } else if (message.verb == 'd') {
            for (auto& directory : directories) {
                if (directory[0] != '\0') continue;
                std::memcpy(directory, message.path, sizeof message.path);
                break;
            }
        } else if (message.verb == 'f') {
            for (auto& directory : directories)
                if (std::strcmp(directory, message.path) == 0) directory[0] = '\0';
        }
    }
    for (const Group& group : groups) {
        if (group.leader == 0) continue;
        // While a group has members its number is given to no new process; so a process with that number and
        // another age means that our group is gone.
        const std::uint64_t now = start_of(group.leader);
        if (now == 0 || group.started == 0 || now == group.started) ::kill(-group.leader, SIGKILL);
    }
    for (auto& directory : directories)
        if (directory[0] != '\0') remove_tree(directory);
    ::_exit(0);
}

} // namespace

Watchdog::Watchdog() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(), "socketpair");
    pid_ = ::fork();
    if (pid_ < 0) {
        const int error = errno;
        ::close(ends[0]);
        ::close(ends[1]);
        throw std::system_error(error, std::generic_category(), "starting the watchdog");
    }
    if (pid_ == 0) {
        ::setsid();
        ::prctl(PR_SET_NAME, "fog-watchdog");
        for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
        ::dup2(ends[0], 3);
        ::close_range(4, ~0U, 0);
        const int null = ::open("/dev/null", O_RDWR); // nobody waits for the end of our output because of it
        for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
        ::close(null);
        guard(3);
    }
    ::close(ends[0]);
    socket_ = ends[1];
}

Watchdog::~Watchdog() {
    ::close(socket_);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void Watchdog::tell(char verb, pid_t leader, const std::filesystem::path& path) {
    Message message;
    message.verb = verb;
    message.leader = leader;
    const std::string& text = path.native();
    if (text.size() >= sizeof message.path)
        throw std::system_error(ENAMETOOLONG, std::generic_category(), "watchdog: " + text);
    std::memcpy(message.path, text.data(), text.size());
    while (::send(socket_, &message, sizeof message, MSG_NOSIGNAL) < 0) {
        if (errno == EINTR) continue;
        throw std::system_error(errno, std::generic_category(), "the watchdog has died");
    }
}

void Watchdog::add_group(pid_t leader) { tell('+', leader, {}); }
void Watchdog::remove_group(pid_t leader) { tell('-', leader, {}); }
void Watchdog::add_directory(const std::filesystem::path& path) { tell('d', 0, path); }
void Watchdog::forget_directory(const std::filesystem::path& path) { tell('f', 0, path); }

} // namespace real
