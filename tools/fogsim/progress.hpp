#pragma once

#include <cstdint>
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

/// While this lives, Ctrl-C and the other signals of `ending_signals` set `progress.stop`, and so does the
/// end of the time limit.  A second signal ends the program on the spot, with exit code 6.
class Interruption {
public:
    /// @param limit_s  0: no limit
    Interruption(sim::SweepProgress& progress, std::uint64_t limit_s);
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    /// Somebody asked the program to end.
    static bool was_signalled();

private:
    std::jthread alarm_;
};

} // namespace tools::fogsim
