#pragma once

#include <cstdint>
#include <functional>
#include <thread>

#include "sim/sweep.hpp"

namespace tools::fogsim {

/// Rate, seeds done, failures and time left on stderr, where that is a terminal; nothing else.
class ProgressLine {
public:
    /// @param progress  must outlive this
    ProgressLine(const sim::SweepProgress& progress, std::uint64_t runs);

private:
    std::jthread thread_;
};

/// While this lives, Ctrl-C and the other signals of `ending_signals` set `progress.stop`.  A second signal
/// ends the program on the spot, with exit code 6.
class Interruption {
public:
    explicit Interruption(sim::SweepProgress& progress);
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    /// Somebody asked the program to end.
    static bool was_signalled();
};

/// What a sweep may use up.
struct Limits {
    std::uint64_t seconds = 0;      ///< 0: no limit
    std::uint64_t memory_bytes = 0; ///< of the whole program; 0: no limit
    bool is_single = false;         ///< one run, not many
};

/// Half of what the machine, or the control group, has free now.
std::uint64_t usual_memory_bytes();

/// Keeps a sweep within its limits, from a thread of its own.
///
/// Rules
/// 1. When the time is over no seed more begins.  A single run is ended then, as a failure; the last runs of
///    a sweep, which take a fraction of a second, have ten seconds more.
/// 2. When the memory is used up, the run that began first is ended, as a failure.
/// 3. A second after a signal what still runs is ended, without a verdict.
/// 4. A run that does not end within three seconds of that, for its present step has no end, is handed to
///    `hopeless`.
class Watchdog {
public:
    using Hopeless = std::function<void(const sim::RunWatch&)>;

    /// @param progress  outlives this
    /// @param hopeless  ends the program; called on the watchdog's thread
    Watchdog(sim::SweepProgress& progress, Limits limits, Hopeless hopeless);

private:
    std::jthread thread_;
};

} // namespace tools::fogsim
