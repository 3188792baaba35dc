#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

namespace sim {

/// Why a run was ended before its story was.
enum class CutShort : std::uint8_t {
    no,
    blocks,      ///< its chain has more than the run's budget of blocks
    time_limit,  ///< it went on when the user's time was over
    memory,      ///< the program has used up its memory
    interrupted, ///< the user does not want to wait for it
};

/// A run as other threads, and a handler of signals, see it and end it.
struct RunWatch {
    std::atomic<bool> runs{false};
    std::atomic<std::uint64_t> seed{0};
    std::atomic<std::uint64_t> begun{0};      ///< 1 for the first run of the sweep that began, 2, ...
    std::atomic<std::uint64_t> story_step{0}; ///< number of the step that the story is in
    std::atomic<CutShort> wish{CutShort::no}; ///< end it after its present step
};

/// The runs that are under way, one a thread.
class RunWatches {
public:
    /// For one thread more.  It lives as long as this.
    RunWatch& add() {
        const std::lock_guard lock(mutex_);
        return all_.emplace_back();
    }
    /// @param visit  called with each
    template <class Visit>
    void each(Visit visit) {
        const std::lock_guard lock(mutex_);
        for (RunWatch& watch : all_) visit(watch);
    }

private:
    std::mutex mutex_;
    std::deque<RunWatch> all_;
};

} // namespace sim
