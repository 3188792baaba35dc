#include "tools/program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace tools {
namespace {

std::atomic<int> stdout_error{0};
std::atomic<bool> stdout_is_a_file{false};

// Whole, but for what cannot be written.  @return 0 or the reason
int write_all(int descriptor, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

} // namespace

void begin_program() {
    for (int descriptor = 0; descriptor < 3; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
        // The lowest free number is this one.  The wrong way round, so that its use is an error and no
        // silence.
        const int opened = ::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
        if (opened < 0) ::_exit(70); // without it nothing that follows is safe
    }
    std::signal(SIGXFSZ, SIG_IGN);
    std::signal(SIGCHLD, SIG_DFL);
}

std::vector<int> ending_signals() {
    std::vector<int> out;
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1}) {
        struct sigaction present {};
        if (::sigaction(number, nullptr, &present) == 0 && present.sa_handler != SIG_IGN)
            out.push_back(number);
    }
    return out;
}

void tell_text(std::string_view text) noexcept {
    const int before = errno;
    (void)write_all(STDERR_FILENO, text);
    errno = before;
}

void say_on_stderr() noexcept { stdout_is_a_file = true; }

void say_text(std::string_view text) noexcept {
    if (stdout_is_a_file) return tell_text(text);
    if (stdout_error != 0) return;
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) stdout_error = errno;
}

std::string lost_output() noexcept {
    if (std::fflush(stdout) != 0 && stdout_error == 0) stdout_error = errno;
    return stdout_error == 0 ? std::string() : std::strerror(stdout_error);
}

int end_program(const char* name, int code, int otherwise) {
    const std::string why = lost_output();
    if (why.empty() || code != 0) return code;
    tell("{}: stdout cannot be written: {}\n", name, why);
    return otherwise;
}

} // namespace tools
