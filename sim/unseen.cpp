#include "sim/unseen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/hash.hpp"

namespace sim {
namespace {

// At least the 95 % upper limit of a Poisson mean of which `seen` were counted: 3.00 for none, 4.74 for 1,
// 16.96 for 10, 118 for 100.
std::uint64_t upper_limit(std::uint64_t seen) {
    std::uint64_t root = 0;
    while (root * root < seen) ++root;
    return seen + 2 * root + 3;
}

// At least ln(20 m).
std::uint64_t log_of_twenty_times(std::uint64_t m) {
    std::uint64_t log = 3; // ln(20)
    // Times 2.718 or less each time: rounded up.
    for (std::uint64_t reached = 1000; reached < m * 1000; reached = reached * 2718 / 1000) ++log;
    return log;
}

} // namespace

std::uint64_t shape_of(const engine::MarkCounts& marks) {
    std::uint64_t shape = 0x6a09e667f3bcc908ULL;
    for (std::size_t i = 0; i < engine::mark_count; ++i)
        if (marks.of(static_cast<engine::Mark>(i)) != 0) shape = engine::chain64(shape, i);
    return engine::mix64(shape);
}

Unseen unseen_shapes(std::span<const std::uint64_t> shapes) {
    Unseen out;
    out.runs = shapes.size();
    const std::size_t half = shapes.size() / 2;
    std::vector<std::uint64_t> first(shapes.begin(), shapes.begin() + static_cast<std::ptrdiff_t>(half));
    std::sort(first.begin(), first.end());
    std::uint64_t new_in_second = 0;
    for (const std::uint64_t shape : shapes.subspan(half))
        new_in_second += std::binary_search(first.begin(), first.end(), shape) ? 0 : 1;
    std::vector<std::uint64_t> all(shapes.begin(), shapes.end());
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < all.size();) {
        std::size_t end = i;
        while (end < all.size() && all[end] == all[i]) ++end;
        out.once += end - i == 1 ? 1 : 0;
        i = end;
    }
    out.of = std::max<std::uint64_t>(1, shapes.size() - half);
    out.at_most = std::min(out.of, upper_limit(new_in_second));
    return out;
}

Unseen unseen_marks(const engine::MarkCounts& runs_with_mark, std::uint64_t runs,
                    std::span<const engine::Mark> listed) {
    Unseen out;
    out.runs = runs;
    std::uint64_t never = 0;
    for (const engine::Mark mark : listed) {
        out.once += runs_with_mark.of(mark) == 1 ? 1 : 0;
        never += runs_with_mark.of(mark) == 0 ? 1 : 0;
    }
    if (never == 0) return out;
    out.of = std::max<std::uint64_t>(1, runs);
    out.at_most = std::min(out.of, never * log_of_twenty_times(listed.size()));
    return out;
}

std::string in_words(const Unseen& unseen) {
    if (unseen.at_most == 0) return "none is left";
    const std::string bound = fmt::format("at most 1 in {}", unseen.of / unseen.at_most);
    if (unseen.once == 0) return bound;
    return fmt::format("about {} in {}, {}", unseen.once, unseen.runs, bound);
}

} // namespace sim
