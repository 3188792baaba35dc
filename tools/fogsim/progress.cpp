#include "tools/fogsim/progress.hpp"
#include "tools/program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

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

// Of this program, in bytes; 0 when it cannot be told.
std::uint64_t memory_in_use() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    statm >> all >> resident;
    return statm ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

std::uint64_t number_in(const char* path, const char* field) {
    std::ifstream in(path);
    std::string word;
    std::uint64_t value = 0;
    while (*field != '\0' && in >> word && word != field) {
    }
    return in >> value ? value : 0;
}

class Watching {
public:
    Watching(sim::SweepProgress& progress, const Limits& limits, const Watchdog::Hopeless& hopeless)
        : progress_(progress), limits_(limits), hopeless_(hopeless) {}

    void look() {
        const Clock::time_point now = Clock::now();
        if (limits_.seconds != 0 && now >= begun_ + std::chrono::seconds(limits_.seconds)) {
            progress_.stop = true;
            const auto more = limits_.is_single ? std::chrono::seconds(0) : std::chrono::seconds(10);
            if (now >= begun_ + std::chrono::seconds(limits_.seconds) + more)
                end_all(sim::CutShort::time_limit);
        }
        if (signalled) {
            if (!signalled_at_) signalled_at_ = now;
            if (now >= *signalled_at_ + std::chrono::seconds(1)) end_all(sim::CutShort::interrupted);
        }
        if (limits_.memory_bytes != 0 && memory_in_use() > limits_.memory_bytes) end_oldest();
        give_up(now);
    }

private:
    void end_all(sim::CutShort why) {
        progress_.watches.each([why](sim::RunWatch& watch) {
            if (watch.runs && watch.wish == sim::CutShort::no) watch.wish = why;
        });
    }

    void end_oldest() {
        sim::RunWatch* oldest = nullptr;
        progress_.watches.each([&oldest](sim::RunWatch& watch) {
            if (watch.runs && (oldest == nullptr || watch.begun < oldest->begun)) oldest = &watch;
        });
        if (oldest != nullptr && oldest->wish == sim::CutShort::no) oldest->wish = sim::CutShort::memory;
    }

    void give_up(Clock::time_point now) {
        const sim::RunWatch* deaf = nullptr;
        progress_.watches.each([&deaf](sim::RunWatch& watch) {
            if (watch.runs && watch.wish != sim::CutShort::no) deaf = &watch;
        });
        if (deaf == nullptr || deaf->begun != deaf_run_) {
            deaf_run_ = deaf == nullptr ? 0 : deaf->begun.load();
            deaf_since_ = now;
        } else if (now >= deaf_since_ + std::chrono::seconds(3)) {
            hopeless_(*deaf);
        }
    }

    sim::SweepProgress& progress_;
    const Limits& limits_;
    const Watchdog::Hopeless& hopeless_;
    Clock::time_point begun_ = Clock::now();
    std::optional<Clock::time_point> signalled_at_;
    std::uint64_t deaf_run_ = 0;
    Clock::time_point deaf_since_;
};

} // namespace

std::uint64_t usual_memory_bytes() {
    std::uint64_t free = number_in("/proc/meminfo", "MemAvailable:") * 1024;
    const std::uint64_t group = number_in("/sys/fs/cgroup/memory.max", "");
    const std::uint64_t used = number_in("/sys/fs/cgroup/memory.current", "");
    if (group > used && (free == 0 || group - used < free)) free = group - used;
    return free / 2;
}

Watchdog::Watchdog(sim::SweepProgress& progress, Limits limits, Hopeless hopeless)
    : thread_([&progress, limits, hopeless = std::move(hopeless)](std::stop_token stop) {
          Watching watching(progress, limits, hopeless);
          while (wait_until(Clock::now() + std::chrono::milliseconds(100), stop)) watching.look();
      }) {}

ProgressLine::ProgressLine(const sim::SweepProgress& progress, std::uint64_t runs) {
    if (runs > 1 && isatty(STDERR_FILENO))
        thread_ = std::jthread([&progress, runs](std::stop_token stop) { show(progress, runs, stop); });
}

Interruption::Interruption(sim::SweepProgress& progress) {
    interrupted_sweep = &progress;
    for (const int number : ending_signals()) std::signal(number, on_interrupt);
}

Interruption::~Interruption() { interrupted_sweep = nullptr; }

bool Interruption::was_signalled() { return signalled; }

} // namespace tools::fogsim
