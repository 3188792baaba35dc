#include "tools/fogsim/progress.hpp"
#include "tools/program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>

namespace tools::fogsim {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<sim::SweepProgress*> interrupted_sweep{nullptr};
std::atomic<bool> signalled{false};

void on_interrupt(int) { // lock-free atomics only: allowed in a signal handler
    // Whoever asks twice does not want to wait for the end of a run.  Files that were begun have no name yet.
    if (signalled.exchange(true)) ::_exit(static_cast<int>(sim::Verdict::inconclusive));
    if (sim::SweepProgress* progress = interrupted_sweep.load()) progress->stop = true;
}

// Waits without missing the request to stop.  @return false when it came
bool wait_until(Clock::time_point due, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_until(lock, stop, due, [] { return false; });
    return !stop.stop_requested();
}

void show(const sim::SweepProgress& progress, std::uint64_t runs, const std::stop_token& stop) {
    const Clock::time_point begun = Clock::now();
    while (wait_until(Clock::now() + std::chrono::milliseconds(200), stop)) {
        const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
        const std::uint64_t done = progress.done;
        const double rate = static_cast<double>(done) / seconds;
        const double left = rate > 0 ? static_cast<double>(runs - done) / rate : 0;
        tools::tell("\r\033[K{} of {} seeds, {:.0f}/s, {} failed, {:.0f} s left", done, runs, rate,
                    progress.failed.load(), left);
    }
    tools::tell("\r\033[K");
}

} // namespace

ProgressLine::ProgressLine(const sim::SweepProgress& progress, std::uint64_t runs) {
    if (runs > 1 && isatty(STDERR_FILENO))
        thread_ = std::jthread([&progress, runs](std::stop_token stop) { show(progress, runs, stop); });
}

Interruption::Interruption(sim::SweepProgress& progress, std::uint64_t limit_s) {
    interrupted_sweep = &progress;
    for (const int number : ending_signals()) std::signal(number, on_interrupt);
    if (limit_s == 0) return;
    const Clock::time_point due = Clock::now() + std::chrono::seconds(limit_s);
    alarm_ = std::jthread([&progress, due](std::stop_token stop) {
        if (wait_until(due, stop)) progress.stop = true;
    });
}

Interruption::~Interruption() { interrupted_sweep = nullptr; }

bool Interruption::was_signalled() { return signalled; }

} // namespace tools::fogsim
