#include "tools/fogsim/crash.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <string_view>

#include "sim/run.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {
namespace {

constexpr std::size_t stack_bytes = 64 * 1024; // a story without end may have used up the thread's own

// What a thread is at.  A handler of signals reads it, so that it is plain memory.
struct Whereabouts {
    const sim::RunWatch* watch = nullptr;
    std::array<char, 256> story{};
    std::array<char, 4096> command{};
};
thread_local Whereabouts whereabouts;

class SignalStack {
public:
    SignalStack() : memory_(std::make_unique<char[]>(stack_bytes)) {
        stack_t stack{};
        stack.ss_sp = memory_.get();
        stack.ss_size = stack_bytes;
        ::sigaltstack(&stack, nullptr);
    }
    ~SignalStack() {
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        ::sigaltstack(&none, nullptr);
    }
    SignalStack(const SignalStack&) = delete;
    SignalStack& operator=(const SignalStack&) = delete;

private:
    std::unique_ptr<char[]> memory_;
};

const char* name_of(int number) {
    switch (number) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    case SIGABRT:
        return "SIGABRT";
    default:
        return "a signal";
    }
}

void on_crash(int number) {
    const Whereabouts& at = whereabouts;
    std::array<char, 6000> text{}; // nothing here may allocate
    if (at.watch != nullptr && at.watch->runs) {
        const auto end = fmt::format_to_n(text.data(), text.size(),
                                          "fogsim: internal error: story {}, seed {}, in step {}: crashed "
                                          "with {}\nfogsim: repeat with: {}\n",
                                          at.story.data(), at.watch->seed.load(), at.watch->story_step.load(),
                                          name_of(number), at.command.data());
        tools::tell_text({text.data(), std::min(end.size, text.size())});
    } else {
        const auto end = fmt::format_to_n(text.data(), text.size(),
                                          "fogsim: internal error: crashed with {}\n", name_of(number));
        tools::tell_text({text.data(), std::min(end.size, text.size())});
    }
    ::_exit(static_cast<int>(sim::Verdict::internal_error));
}

template <std::size_t size>
void keep(std::array<char, size>& place, std::string_view text) {
    const std::size_t length = std::min(text.size(), size - 1);
    std::copy_n(text.begin(), length, place.begin());
    place[length] = '\0';
}

void install() {
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
        struct sigaction present {};
        if (::sigaction(number, nullptr, &present) != 0 || present.sa_handler != SIG_DFL) continue;
        struct sigaction ours {};
        ours.sa_handler = on_crash;
        ours.sa_flags = SA_ONSTACK;
        ::sigaction(number, &ours, nullptr);
    }
}

} // namespace

void name_run_at_crash(const sim::RunWatch& watch, const std::string& story, const std::string& command) {
    static std::once_flag installed;
    std::call_once(installed, install);
    thread_local const SignalStack stack;
    keep(whereabouts.story, story);
    keep(whereabouts.command, command);
    whereabouts.watch = &watch;
}

} // namespace tools::fogsim
