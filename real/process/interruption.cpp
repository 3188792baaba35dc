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

// Only what is safe in a signal handler.
void note(int) {
    const int error = errno;
    if (requests.fetch_add(1) > 0) {
        int code = 6;
        if (const Ending* known = ending.load()) {
            code = known->code;
            const char* text = known->text.data();
            for (std::size_t left = known->text.size(); left > 0;) {
                const ssize_t n = ::write(STDOUT_FILENO, text, left);
                if (n <= 0) break;
                text += n;
                left -= static_cast<std::size_t>(n);
            }
        }
        ::_exit(code);
    }
    errno = error;
}

} // namespace

Interruption::Interruption() {
    ENSURE(!is_installed);
    is_installed = true;
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

} // namespace real
