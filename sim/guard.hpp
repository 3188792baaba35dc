#pragma once

namespace sim {

/// While one lives on this thread, a read of a real clock or of real entropy is remembered: such a run would
/// not repeat.  The functions themselves are replaced in guard.cpp, in every program that links this library.
/// (They do not throw: the standard clocks promise not to.)
class Guard {
public:
    Guard() noexcept;
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    /// @throws engine::InternalError  naming what was read since the outermost guard of this thread began
    void check() const;
};

} // namespace sim
