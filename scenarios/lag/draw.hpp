#pragma once

#include <cstdint>

#include "engine/choice.hpp"

namespace scenarios::lag {

/// Where the generator's numbers come from: a seed's stream of choices, or a property test, which shrinks
/// them.
///
/// 0 is always the tame value: lowering numbers makes a plan simpler.
class Draw {
public:
    virtual ~Draw() = default;
    /// Uniform in 0..bound-1.  @pre bound > 0
    virtual std::uint32_t below(std::uint32_t bound) = 0;

    /// Uniform in low..high, both included.
    std::uint32_t between(std::uint32_t low, std::uint32_t high) { return low + below(high - low + 1); }
    /// True in `of` out of `out_of` cases.
    bool chance(std::uint32_t of, std::uint32_t out_of) { return below(out_of) + of >= out_of; }
};

/// Takes its numbers from one source, and after a while from another.
class SwitchedDraw final : public Draw {
public:
    explicit SwitchedDraw(Draw& first) : source_(&first) {}
    void take_from(Draw& source) { source_ = &source; } ///< outlives this
    std::uint32_t below(std::uint32_t bound) override { return source_->below(bound); }

private:
    Draw* source_;
};

class StreamDraw final : public Draw {
public:
    explicit StreamDraw(engine::Stream stream) : stream_(stream) {}
    std::uint32_t below(std::uint32_t bound) override { return stream_.below(bound); }

private:
    engine::Stream stream_;
};

} // namespace scenarios::lag
