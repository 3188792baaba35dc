#include "real/process/interruption.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>

#include "engine/ensure.hpp"

namespace real {
namespace {

constexpr int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1};
constexpr std::size_t count = sizeof endings / sizeof endings[0];

struct Ending {
    std::string text;
    int code = 6; // nothing is known yet: inconclusive
};

std::atomic<unsigned> requests{0};
std::atomic<const Ending*> ending{nullptr};
struct sigaction before[count];
bool is_installed = false;

constexpr unsigned longest_orderly_end_s = 30;

// What follows is only what is safe in a signal handler.

void write_all(int descriptor, const char* text, std::size_t left) {
    while (left > 0) {
        const ssize_t n = ::write(descriptor, text, left);
        if (n <= 0) break;
        text += n;
        left -= static_cast<std::size_t>(n);
    }
}

[[noreturn]] void end_on_the_spot() {
    int code = 6;
    if (const Ending* known = ending.load()) {
        code = known->code;
        write_all(STDOUT_FILENO, known->text.data(), known->text.size());
    }
    ::_exit(code);
}

void note(int) {
    const int error = errno;
    if (requests.fetch_add(1) > 0) end_on_the_spot();
    ::alarm(longest_orderly_end_s);
    errno = error;
}

void time_is_over(int) {
    constexpr char text[] = "the end hangs in something that does not end; the process ends without it\n";
    write_all(STDERR_FILENO, text, sizeof text - 1);
    end_on_the_spot();
}

} // namespace

Interruption::Interruption() {
    ENSURE(!is_installed);
    is_installed = true;
    struct sigaction last {};
    last.sa_handler = time_is_over;
    ::sigaction(SIGALRM, &last, nullptr); // for good
    struct sigaction action {};
    action.sa_handler = note;
    ::sigemptyset(&action.sa_mask); // calls that block are to return
    for (std::size_t i = 0; i < count; ++i) {
        ::sigaction(endings[i], nullptr, &before[i]);
        if (before[i].sa_handler != SIG_IGN) ::sigaction(endings[i], &action, nullptr);
    }
}

Interruption::~Interruption() {
    for (std::size_t i = 0; i < count; ++i) ::sigaction(endings[i], &before[i], nullptr);
    is_installed = false;
}

bool Interruption::requested() noexcept { return requests != 0; }

void Interruption::result_is(std::string text, int code) {
    static std::list<Ending> kept; // the handler may be reading the one before
    Ending& known = kept.emplace_back();
    known.text = std::move(text);
    known.code = code;
    ending = &known;
}

void Interruption::end_at_last_in(unsigned seconds) noexcept { ::alarm(seconds); }

} // namespace real
