#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace engine {

/// A rare situation that a search must have been through to be worth anything.  Code says so where it
/// happens: `host_.mark(Mark::...)`.  What each means stands in sim/mark_catalogue.cpp.
enum class Mark : std::uint16_t {
    wallet_limited_by_missed_block,
    count_,
};
inline constexpr std::size_t mark_count = static_cast<std::size_t>(Mark::count_);

/// How often each was hit.
class MarkCounts {
public:
    void hit(Mark mark) { ++hits_[static_cast<std::size_t>(mark)]; }
    std::uint64_t of(Mark mark) const { return hits_[static_cast<std::size_t>(mark)]; }
    void add(const MarkCounts& other) {
        for (std::size_t i = 0; i < mark_count; ++i) hits_[i] += other.hits_[i];
    }
    friend bool operator==(const MarkCounts&, const MarkCounts&) = default;

private:
    std::array<std::uint64_t, mark_count> hits_{};
};

} // namespace engine
